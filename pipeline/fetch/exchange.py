"""One feed's turn on the wire: a conditional request, redirects step by step, and what the answer means."""

from __future__ import annotations

import asyncio
import re
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from hashlib import blake2b
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

import httpx

from pipeline.fetch.body import ACCEPT_ENCODING, decode_body
from pipeline.fetch.failures import PollError
from pipeline.fetch.head import Head
from pipeline.fetch.options import FetchOptions
from pipeline.fetch.politeness import GATE, HOLD
from pipeline.fetch.proxy import route
from pipeline.fetch.transport import Response, Transport
from pipeline.keys import digest
from pipeline.model import Answer, Due, ErrorKind, Feed, Fetched, FetchFailed, FetchResult, NotModified
from pipeline.urls import public_url, registrable_domain

Headers = list[tuple[bytes, bytes]]

_ACCEPT = (
    b"application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    b"application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
# 203: changed by a proxy. 226: a feed delta (RFC 3229); entries that it leaves out are not taken for removed.
_WITH_BODY = frozenset({200, 203, 226})
_WITHOUT_BODY = frozenset({204, 205})
_SMALL = 64 * 1024  # bytes of a body that are always held
_ASK_AGAIN = 0.05  # seconds between two questions whether there is room
_FAILURES = {
    401: (ErrorKind.BLOCKED, "the server wants a login"),
    403: (ErrorKind.BLOCKED, "the server refuses us"),
    404: (ErrorKind.NOT_FOUND, "nothing is there now"),
    410: (ErrorKind.GONE, "the feed is gone for good"),
    429: (ErrorKind.RATE_LIMITED, "the server asks for fewer requests"),
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """A body as it was sent, still to be opened; ``held`` = the room that it takes in ``HOLD``."""

    answer: Answer
    raw: bytes
    coding: str
    held: int = 0


class Exchange:
    """The conversation with one feed; ``answer`` is the head of its last answer, also when the rest failed."""

    def __init__(
        self, transport: Transport, due: Due, options: FetchOptions, deadline: asyncio.Timeout, *, is_last: bool
    ) -> None:
        self.answer: Answer | None = None
        self._transport, self._due, self._options = transport, due, options
        self._deadline, self._is_last = deadline, is_last
        self._domain = ""  # that we are in
        self._held = 0
        self._asked_as = ""  # until the address is known to be one
        self._asked_to_wait: timedelta | None = None  # by redirects
        self._is_downgraded = False
        self._moved_to = ""
        self._is_permanent = True  # so far, only permanent redirects were followed

    async def outcome(self) -> FetchResult | Parcel:
        """What the feed answered. PollError for what the network or the server spoiled."""
        result: FetchResult | Parcel | None = None
        try:
            result = await self._follow()
        finally:
            if self._domain:
                GATE.leave(self._domain)
            if not isinstance(result, Parcel):
                HOLD.give_back(self._held)
        return result

    async def _follow(self) -> FetchResult | Parcel:
        home, credentials = _home(self._due.feed.url)
        self._asked_as = mark_of(self._due.feed, self._options.user_agent)
        start = url = _address(self._due.url, ErrorKind.INVALID_URL) if self._due.state.current_url else home
        self._started = time.monotonic()
        for _ in range(self._options.max_redirects + 1):
            await self._enter(url)
            validators = self._validators(start, url)
            is_verified = self._due.feed.verify_tls or url.scheme != "https" or url.host != home.host
            headers = [*self._own_headers(home, url, credentials), *validators]
            response = await self._ask(url, headers, is_verified=is_verified)
            try:
                if response.status not in _REDIRECTS:
                    return await self._judge(response, url, is_conditional=bool(validators))
                url = self._next(url, response.status, response.head)
            finally:
                response.close()
        limit = self._options.max_redirects
        raise PollError(ErrorKind.REDIRECT, f"more than {limit} redirects, the last to {public_url(str(url))}")

    async def _enter(self, url: httpx.URL) -> None:
        """Waits until the domain may be asked; steps within a domain are one visit."""
        domain = registrable_domain(str(url)) or url.host
        if domain == self._domain:
            return
        if self._domain:
            GATE.leave(self._domain)
            self._domain = ""
        spacing = self._options.spacing.total_seconds()
        if wait := GATE.enter(domain, time.monotonic(), spacing):
            async with self._unhurried():
                while wait:
                    await asyncio.sleep(wait)
                    wait = GATE.enter(domain, time.monotonic(), spacing)
        self._domain = domain

    @asynccontextmanager
    async def _unhurried(self) -> AsyncIterator[None]:
        """The time inside is our own politeness or thrift: it does not count against the server."""
        began, ends = time.monotonic(), self._deadline.when()
        self._deadline.reschedule(None)
        try:
            yield
        finally:
            waited = time.monotonic() - began
            self._started += waited
            if ends is not None:
                self._deadline.reschedule(ends + waited)

    async def _ask(self, url: httpx.URL, headers: Headers, *, is_verified: bool) -> Response:
        fields = {
            b"user-agent": self._options.user_agent.encode(),
            b"accept": _ACCEPT,
            b"accept-encoding": ACCEPT_ENCODING.encode(),
            # The last feed of its domain frees the connection at once.
            b"connection": b"close" if self._is_last else b"keep-alive",
        }
        fields.update((name.lower(), value) for name, value in headers)
        patience = self._options.connect_timeout.total_seconds()
        proxy = route(self._due.feed.proxy, self._options.proxy.get_secret_value())
        return await self._transport.ask(url, fields.items(), patience, is_verified=is_verified, proxy=proxy)

    def _validators(self, start: httpx.URL, url: httpx.URL) -> Headers:
        """Both validators byte for byte, but only for the address that gave them (RFC 9110, 13.1), and only while
        it is asked as it was then: other headers, another login or name may be answered otherwise.
        """
        state = self._due.state
        if str(url) != (state.answered_url or str(start)):
            return []
        if state.asked_as and state.asked_as != self._asked_as:
            return []
        fields = ((b"If-None-Match", state.etag), (b"If-Modified-Since", state.last_modified))
        return [(name, value.encode("latin-1", "ignore")) for name, value in fields if value]

    def _own_headers(self, home: httpx.URL, url: httpx.URL, credentials: str) -> Headers:
        """The feed's credentials and headers, which no other site may see."""
        if not _is_same_site(home, url):
            return []
        headers = [_header(name, value) for name, value in self._due.feed.headers]
        if credentials:
            headers.append((b"authorization", b"Basic " + b64encode(credentials.encode())))
        return headers

    def _next(self, url: httpx.URL, status: int, head: Head) -> httpx.URL:
        """Where a redirect leads; remembers how far an unbroken chain of permanent ones went."""
        self._asked_to_wait = _longer(self._asked_to_wait, head.retry_after())
        location = head.location
        if not location:
            raise PollError(ErrorKind.REDIRECT, f"{status} without a Location")
        try:
            target = _address(str(url.join(location)), ErrorKind.REDIRECT)
        except httpx.InvalidURL as error:
            raise PollError(ErrorKind.REDIRECT, "a redirect to an address that cannot be read") from error
        is_downgrade = url.scheme == "https" and target.scheme == "http"
        self._is_downgraded = self._is_downgraded or is_downgrade
        self._is_permanent = self._is_permanent and status in _PERMANENT and not is_downgrade
        if self._is_permanent:
            self._moved_to = str(target)
        return target

    async def _judge(self, response: Response, url: httpx.URL, *, is_conditional: bool) -> FetchResult | Parcel:
        status, head = response.status, response.head
        answer = head.answer(status=status, url=str(url), moved_to=self._moved_to, elapsed=self._elapsed())
        self.answer = replace(
            answer,
            retry_after=_longer(answer.retry_after, self._asked_to_wait),
            asked_as=self._asked_as,
            is_conditional=is_conditional,
            is_downgraded=self._is_downgraded,
        )
        if head.get("cf-mitigated") == "challenge":
            return self._failed(ErrorKind.BLOCKED, f"{status}: a challenge page for browsers")
        if status == HTTPStatus.NOT_MODIFIED and is_conditional:
            return NotModified(self.answer)
        if status in _WITH_BODY:
            raw = await self._read(response)
            self.answer = replace(self.answer, elapsed=self._elapsed())
            return Parcel(self.answer, raw, head.get("content-encoding"), self._held)
        if status in _WITHOUT_BODY:
            return self._failed(ErrorKind.EMPTY, f"{_status_words(status)}: an answer without a body")
        kind, words = _FAILURES.get(status, (ErrorKind.HTTP, ""))
        return self._failed(kind, f"{_status_words(status)}: {words}" if words else _status_words(status))

    async def _read(self, response: Response) -> bytes:
        parts: list[bytes] = []
        size, limit = 0, self._options.max_raw
        if (response.length or 0) > limit:
            raise _too_large(limit)
        async for part in response.parts():
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            if size > _SMALL and not self._held:
                await self._make_room(response)
            parts.append(part)
        return b"".join(parts)

    async def _make_room(self, response: Response) -> None:
        """Waits until the whole of a large body may be held."""
        size, room = response.length or self._options.max_raw, self._options.max_in_flight
        if not HOLD.take(size, room):
            async with self._unhurried():
                while not HOLD.take(size, room):
                    await asyncio.sleep(_ASK_AGAIN)
            response.rest()
        self._held = size

    def _failed(self, kind: ErrorKind, reason: str) -> FetchFailed:
        return FetchFailed(kind, reason, self.answer)

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._started)


def opened(parcel: Parcel, max_decoded: int) -> Fetched | FetchFailed:
    """The body as it was before its codings. PollError: ENCODING, TRUNCATED, TOO_LARGE."""
    body = decode_body(parcel.raw, parcel.coding, max_decoded)
    if not body.strip():
        return FetchFailed(ErrorKind.EMPTY, "an empty body", parcel.answer)
    return Fetched(replace(parcel.answer, size=len(body)), body, blake2b(body, digest_size=16).hexdigest())


def _too_large(limit: int) -> PollError:
    return PollError(ErrorKind.TOO_LARGE, f"the body is larger than {limit:,} bytes as sent")


def _home(text: str) -> tuple[httpx.URL, str]:
    """Where a poll begins, and "user:password" if the feed's address holds them. PollError."""
    url = _address(text, ErrorKind.INVALID_URL)
    if "@" not in text:
        return url, ""
    return url, unquote(httpx.URL(text).userinfo.decode("ascii"))


def mark_of(feed: Feed, user_agent: str) -> str:
    """A mark that changes with what a server may answer by: login, own headers, User-Agent, what we accept.

    Four digits: one change in 65,536 goes unnoticed, and nobody can find a password out by trying marks.
    """
    login = urlsplit(feed.url).netloc.rpartition("@")[0] if "@" in feed.url else ""
    return _mark(login, user_agent, feed.headers)


@lru_cache(maxsize=1024)  # nearly all feeds have neither login nor headers
def _mark(login: str, user_agent: str, headers: tuple[tuple[str, str], ...]) -> str:
    fields = (part for header in headers for part in header)
    return digest(login, user_agent, _ACCEPT.decode(), ACCEPT_ENCODING, *fields)[:4]


def _longer(one: timedelta | None, other: timedelta | None) -> timedelta | None:
    """The longer of two times that may not be given."""
    return max(one, other) if one and other else one or other


def _address(text: str, kind: ErrorKind) -> httpx.URL:
    """The address without credentials and fragment. PollError of ``kind`` when it is none that can be polled."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise PollError(kind, f"{public_url(text)} is not a web address: {error}") from error
    if url.scheme not in ("http", "https"):
        raise PollError(kind, f"{public_url(text)} is not a web address: it must begin with http:// or https://")
    if not url.host:
        raise PollError(kind, f"{public_url(text)} is not a web address: it names no host")
    return url.copy_with(userinfo=b"", fragment=None) if url.userinfo or url.fragment else url


def _is_same_site(home: httpx.URL, url: httpx.URL) -> bool:
    """Same scheme, host and port, or the same host on plain HTTP's way to HTTPS."""
    if url.host != home.host:
        return False
    return (url.scheme, url.port) == (home.scheme, home.port) or (home.scheme, url.scheme) == ("http", "https")


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    """A configured header as bytes. PollError without its value, which may be a secret, when it cannot be sent."""
    if not _HEADER_NAME.fullmatch(name) or _CONTROL.search(value.strip()):
        reason = f"the feed's header {name[:40]!r} cannot be sent: a bad name, or a control character in its value"
        raise PollError(ErrorKind.UNEXPECTED, reason)
    return name.encode("ascii"), value.strip().encode("utf-8")


def _status_words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"status {status}"
