"""One request, one answer: guarded connections, reused within a host, failures in our words."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Protocol

import httpx

from pipeline.fetch.failures import PollError
from pipeline.fetch.head import Head
from pipeline.fetch.http1 import Fields, Reply
from pipeline.fetch.proxy import PROXY_WANTS_LOGIN, Proxy, open_tunnel, refused
from pipeline.fetch.streams import PacedStream, PlainStream
from pipeline.fetch.wire import Wire
from pipeline.model import ErrorKind

Origin = tuple[str, str, int, bool, Proxy | None]  # scheme, host, port, whether its certificate was checked, the way

_PORTS = {"http": 80, "https": 443}
_MAX_IDLE = 64
_KEEP_ALIVE_SECONDS = 15.0


class Response(Protocol):
    """An answer whose head was read. PollError while its body is read."""

    @property
    def status(self) -> int:
        """Of HTTP."""

    @property
    def head(self) -> Head:
        """Its fields."""

    @property
    def length(self) -> int | None:
        """The size of the body as announced; None = not announced."""

    def parts(self) -> AsyncIterator[bytes]:
        """The body as sent."""

    def rest(self) -> None:
        """What follows in the body was kept waiting by us: the server is not to blame for that time."""

    def close(self) -> None:
        """Frees the connection: for the next request if the body was read to its end."""


class Transport(Protocol):
    """How requests travel: the seam between what is asked and how bytes move."""

    async def ask(
        self,
        url: httpx.URL,
        fields: Fields,
        connect_timeout: float,
        *,
        is_verified: bool = True,
        proxy: Proxy | None = None,
    ) -> Response:
        """The answer to a GET, its body still to be read; not ``is_verified`` = any certificate will do. PollError."""

    def close(self) -> None:
        """Ends what lies idle."""


class GuardedTransport:
    """HTTP/1.1 over ``Wire``. Every failure of a server or of the network is a ``PollError``.

    A client of httpx does not let the address that is connected to be judged, nor a head and a rate be bounded, and
    its pool has nothing to do: politeness gives a domain one request at a time.
    """

    def __init__(self, wire: Wire, ca_file: str = "") -> None:
        self._wire, self._ca_file = wire, ca_file
        self._idle: dict[Origin, tuple[PacedStream, float]] = {}

    @cached_property
    def _ssl_context(self) -> ssl.SSLContext:
        try:
            return _trust(self._ca_file, os.stat(self._ca_file).st_mtime_ns if self._ca_file else 0)
        except OSError as error:
            reason = f"the certificates in {self._ca_file} (ca_file) cannot be read: {error.strerror or error}"
            raise PollError(ErrorKind.TLS, reason) from error

    async def ask(
        self,
        url: httpx.URL,
        fields: Fields,
        connect_timeout: float,
        *,
        is_verified: bool = True,
        proxy: Proxy | None = None,
    ) -> Response:
        """The answer to a GET, its body still to be read. PollError; ValueError for what cannot be sent."""
        origin = (url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme], is_verified, proxy)
        target, asked = url.raw_path, [(b"host", url.netloc), *fields]
        if proxy and url.scheme == "http":
            # Proxies read plain requests, and must be told all of the address (RFC 9112, 3.2.2).
            target, asked = str(url).encode("ascii"), [*asked, *proxy.fields]
        if (idle := self._take_idle(origin)) is not None:
            try:
                return await self._converse(idle, origin, target, asked)
            except PollError as error:
                # A server may close a connection that lay idle: asking once more is then no second attempt.
                if error.kind is not ErrorKind.CONNECT:
                    raise
        return await self._converse(await self._connect(origin, connect_timeout), origin, target, asked)

    def close(self) -> None:
        """Ends what lies idle; a connection in use belongs to its response."""
        for stream, _ in self._idle.values():
            stream.close()
        self._idle.clear()
        self._wire.close()

    async def _connect(self, origin: Origin, timeout: float) -> PacedStream:
        scheme, host, port, is_verified, proxy = origin
        context = None if scheme != "https" else self._ssl_context if is_verified else _no_trust()
        plain = await (self._approach(proxy, host, port, timeout) if proxy else self._wire.connect(host, port, timeout))
        if context is None:
            return plain
        try:
            if proxy:
                async with asyncio.timeout(timeout):
                    await open_tunnel(plain, proxy, host, port)
            return await plain.encrypted(context, host, timeout)
        except TimeoutError as error:
            plain.close()
            raise PollError(ErrorKind.TIMEOUT, f"no tunnel to {host}:{port} by the proxy {proxy} in time") from error
        except BaseException:
            plain.close()
            raise

    async def _approach(self, proxy: Proxy, host: str, port: int, timeout: float) -> PlainStream:
        self._wire.judge(host, port)
        try:
            return await self._wire.connect(proxy.host, proxy.port, timeout, is_trusted=True)
        except PollError as error:
            # Without the proxy nothing is known of the feed's server, whatever the matter with the proxy is.
            raise PollError(ErrorKind.CONNECT, f"the proxy {proxy} is not reached: {error.reason}") from error

    async def _converse(self, stream: PacedStream, origin: Origin, target: bytes, fields: Fields) -> Response:
        reply = Reply(stream)
        proxy = origin[-1]
        try:
            await reply.ask(target, fields)
            if proxy and reply.status == PROXY_WANTS_LOGIN:
                raise refused(proxy, reply.status)
        except BaseException:
            stream.close()
            raise
        return _Response(self, origin, stream, reply)

    def _take_idle(self, origin: Origin) -> PacedStream | None:
        stream, since = self._idle.pop(origin, (None, 0.0))
        if stream is None:
            return None
        if _now() - since < _KEEP_ALIVE_SECONDS and not stream.is_dead():
            return stream
        stream.close()
        return None

    def keep(self, origin: Origin, stream: PacedStream) -> None:
        """A connection whose answer was read to its end waits here for the next request to its host."""
        if origin in self._idle:
            stream.close()
            return
        if len(self._idle) >= _MAX_IDLE:
            self._idle.pop(next(iter(self._idle)))[0].close()
        self._idle[origin] = (stream, _now())


@dataclass(slots=True)
class _Response:
    """An answer, and what is to become of its connection."""

    _transport: GuardedTransport
    _origin: Origin
    _stream: PacedStream
    _reply: Reply

    @property
    def status(self) -> int:
        return self._reply.status

    @property
    def head(self) -> Head:
        return self._reply.head

    @property
    def length(self) -> int | None:
        return self._reply.length

    def parts(self) -> AsyncIterator[bytes]:
        return self._reply.parts()

    def rest(self) -> None:
        self._stream.rest()

    def close(self) -> None:
        if self._reply.is_whole:
            self._transport.keep(self._origin, self._stream)
        else:
            self._stream.close()


@lru_cache(maxsize=4)
def _trust(ca_file: str, written_at: int) -> ssl.SSLContext:
    """The certificates that are trusted: reading them takes longer than a poll, so each state of them is read once."""
    context = httpx.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


@cache
def _no_trust() -> ssl.SSLContext:
    context = httpx.create_ssl_context(verify=False, trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _now() -> float:
    return asyncio.get_running_loop().time()
