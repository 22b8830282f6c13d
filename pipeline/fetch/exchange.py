"""One feed's turn on the wire: a conditional request, redirects step by step, and what the answer means."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from dataclasses import replace
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
from pipeline.keys import digest
from pipeline.model import Answer, Due, ErrorKind, Feed, Fetched, FetchFailed, FetchResult, NotModified
from pipeline.urls import public_url

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
_FAILURES = {
    401: (ErrorKind.BLOCKED, "the server wants a login"),
    403: (ErrorKind.BLOCKED, "the server refuses us"),
    404: (ErrorKind.NOT_FOUND, "nothing is there now"),
    410: (ErrorKind.GONE, "the feed is gone for good"),
    429: (ErrorKind.RATE_LIMITED, "the server asks for fewer requests"),
}


class Exchange:
    """The conversation with one feed; ``answer`` is the head of its last answer, also when the rest failed."""

    def __init__(self, transport: httpx.AsyncBaseTransport, due: Due, options: FetchOptions, *, is_last: bool) -> None:
        self.answer: Answer | None = None
        self._transport, self._due, self._options = transport, due, options
        self._is_last = is_last
        self._started = time.monotonic()
        self._asked_as = ""  # until the address is known to be one
        self._asked_to_wait: timedelta | None = None  # by redirects
        self._is_downgraded = False
        self._moved_to = ""
        self._is_permanent = True  # so far, only permanent redirects were followed

    async def outcome(self) -> FetchResult:
        """What the feed answered. PollError for what the network or the server spoiled."""
        home = _address(self._due.feed.url, ErrorKind.INVALID_URL)
        self._asked_as = mark_of(self._due.feed, self._options.user_agent)
        start = url = _address(self._due.url, ErrorKind.INVALID_URL) if self._due.state.current_url else home
        for _ in range(self._options.max_redirects + 1):
            validators = self._validators(start, url)
            response = await self._ask(url, [*self._own_headers(home, url), *validators])
            try:
                head = Head(response.headers.raw)
                if response.status_code not in _REDIRECTS:
                    return await self._judge(response, head, url, is_conditional=bool(validators))
                url = self._next(url, response.status_code, head)
            finally:
                await response.aclose()
        limit = self._options.max_redirects
        raise PollError(ErrorKind.REDIRECT, f"more than {limit} redirects, the last to {public_url(str(url))}")

    async def _ask(self, url: httpx.URL, headers: Headers) -> httpx.Response:
        """One request. The transport is asked without httpx's client: its redirects, cookies and log line (which
        shows the whole URL) are not wanted, and they are a quarter of the cost of an unchanged poll.
        """
        fields = {
            b"user-agent": self._options.user_agent.encode(),
            b"accept": _ACCEPT,
            b"accept-encoding": ACCEPT_ENCODING.encode(),
            # The last feed of its domain frees the connection at once.
            b"connection": b"close" if self._is_last else b"keep-alive",
        }
        fields.update((name.lower(), value) for name, value in headers)
        timeout = {"connect": self._options.connect_timeout.total_seconds()}
        request = httpx.Request("GET", url, headers=list(fields.items()), extensions={"timeout": timeout})
        return await self._transport.handle_async_request(request)

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

    def _own_headers(self, home: httpx.URL, url: httpx.URL) -> Headers:
        """The feed's credentials and headers, which no other site may see."""
        if not _is_same_site(home, url):
            return []
        feed = self._due.feed
        headers = [_header(name, value) for name, value in feed.headers]
        user, password = _credentials(feed.url)
        if user or password:
            headers.append((b"Authorization", b"Basic " + b64encode(f"{user}:{password}".encode())))
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

    async def _judge(
        self, response: httpx.Response, head: Head, url: httpx.URL, *, is_conditional: bool
    ) -> FetchResult:
        status = response.status_code
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
            # Reading to the end, even of nothing, is what frees the connection for the next feed of the domain.
            await self._read(response)
            return NotModified(self.answer)
        if status in _WITH_BODY:
            return await self._with_body(response, head)
        if status in _WITHOUT_BODY:
            return self._failed(ErrorKind.EMPTY, f"{_status_words(status)}: an answer without a body")
        kind, words = _FAILURES.get(status, (ErrorKind.HTTP, ""))
        return self._failed(kind, f"{_status_words(status)}: {words}" if words else _status_words(status))

    async def _with_body(self, response: httpx.Response, head: Head) -> FetchResult:
        raw = await self._read(response)
        body = decode_body(raw, head.get("content-encoding"), self._options.max_decoded)
        if not body.strip():
            return self._failed(ErrorKind.EMPTY, "an empty body")
        assert self.answer
        self.answer = replace(self.answer, elapsed=self._elapsed(), size=len(body))
        return Fetched(self.answer, body, blake2b(body, digest_size=16).hexdigest())

    async def _read(self, response: httpx.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_raw():
            size += len(part)
            if size > self._options.max_raw:
                raise PollError(ErrorKind.TOO_LARGE, f"the body is larger than {self._options.max_raw:,} bytes as sent")
            parts.append(part)
        return b"".join(parts)

    def _failed(self, kind: ErrorKind, reason: str) -> FetchFailed:
        return FetchFailed(kind, reason, self.answer)

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._started)


def mark_of(feed: Feed, user_agent: str) -> str:
    """A mark that changes with what a server may answer by: login, own headers, User-Agent, what we accept.

    Four digits: one change in 65,536 goes unnoticed, and nobody can find a password out by trying marks.
    """
    login = urlsplit(feed.url).netloc.rpartition("@")[0] if "@" in feed.url else ""
    return _mark(login, user_agent, feed.headers)


@lru_cache(maxsize=1024)
def _mark(login: str, user_agent: str, headers: tuple[tuple[str, str], ...]) -> str:
    said = (part for header in headers for part in header)
    return digest(login, user_agent, _ACCEPT.decode(), ACCEPT_ENCODING, *said)[:4]


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


def _credentials(url: str) -> tuple[str, str]:
    user, _, password = httpx.URL(url).userinfo.decode("ascii").partition(":")
    return unquote(user), unquote(password)


def _status_words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"status {status}"
