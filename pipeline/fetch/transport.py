"""The HTTP/1.1 transport under httpx: guarded connections, reused within a domain, failures in our words."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cached_property

import httpcore
import httpx

from pipeline.fetch.failures import PollError
from pipeline.fetch.wire import Wire
from pipeline.model import ErrorKind

Origin = tuple[bytes, bytes, int]

_PORTS = {b"http": 80, b"https": 443}
# Real heads have 10 to 40 fields; httpcore itself bounds a head to 100 kB.
_MAX_HEADER_FIELDS = 300
_MAX_IDLE = 64
_KEEP_ALIVE_SECONDS = 15.0


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends requests over ``Wire``. Every failure of a server or of the network is a ``PollError``.

    httpx's own transport does not let us judge the address that is connected to, and the pool under it walks over
    all its connections at each request; politeness (a domain gets one request at a time) leaves a pool nothing to do.
    """

    def __init__(self, wire: Wire, ca_file: str = "") -> None:
        self._wire, self._ca_file = wire, ca_file
        self._idle: dict[Origin, httpcore.AsyncHTTP11Connection] = {}

    @cached_property
    def _ssl_context(self) -> ssl.SSLContext:
        context = httpx.create_ssl_context(trust_env=False)
        context.set_alpn_protocols(["http/1.1"])
        if self._ca_file:
            try:
                context.load_verify_locations(self._ca_file)
            except OSError as error:
                reason = f"the certificates in {self._ca_file} (ca_file) cannot be read: {error.strerror or error}"
                raise PollError(ErrorKind.TLS, reason) from error
        return context

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer's head, its body still to be streamed. PollError."""
        scheme = request.url.raw_scheme
        origin = (scheme, request.url.raw_host, request.url.port or _PORTS[scheme])
        idle = self._idle.pop(origin, None)
        if idle and not idle.has_expired():
            try:
                return await self._ask(idle, origin, request)
            except PollError as error:
                # A server may close a connection that lay idle: asking once more is then no second attempt.
                if error.kind is not ErrorKind.CONNECT:
                    raise
        if idle:
            await idle.aclose()
        connection = await self._connect(origin, request.extensions["timeout"]["connect"])
        return await self._ask(connection, origin, request)

    async def _connect(self, origin: Origin, timeout: float | None) -> httpcore.AsyncHTTP11Connection:
        scheme, host, port = origin
        name = host.decode("ascii")
        context = self._ssl_context if scheme == b"https" else None
        plain = await self._wire.connect(name, port, timeout)
        stream = await plain.start_tls(context, name, timeout) if context else plain
        return httpcore.AsyncHTTP11Connection(httpcore.Origin(*origin), stream, _KEEP_ALIVE_SECONDS)

    async def _ask(
        self, connection: httpcore.AsyncHTTP11Connection, origin: Origin, request: httpx.Request
    ) -> httpx.Response:
        scheme, host, port = origin
        url = httpcore.URL(scheme=scheme, host=host, port=port, target=request.url.raw_path)
        asked = httpcore.Request(request.method, url, headers=request.headers.raw, extensions=request.extensions)
        try:
            answer = await connection.handle_async_request(asked)
        except httpcore.RemoteProtocolError as error:
            raise _in_head(error) from error
        if len(answer.headers) > _MAX_HEADER_FIELDS:
            await connection.aclose()
            raise PollError(ErrorKind.TOO_LARGE, f"an answer with {len(answer.headers)} header fields")
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer, lambda: self._release(origin, connection))
        )

    async def _release(self, origin: Origin, connection: httpcore.AsyncHTTP11Connection) -> None:
        """Keep a connection whose answer was read to its end; close any other."""
        if not connection.is_idle() or origin in self._idle:
            await connection.aclose()
            return
        if len(self._idle) >= _MAX_IDLE:
            await self._idle.pop(next(iter(self._idle))).aclose()
        self._idle[origin] = connection

    async def aclose(self) -> None:
        """Closes what is idle; a connection in use belongs to its response."""
        while self._idle:
            await self._idle.popitem()[1].aclose()
        self._wire.close()


class _Body(httpx.AsyncByteStream):
    """A response's raw body; closing it releases the connection."""

    def __init__(self, answer: httpcore.Response, release: Callable[[], Awaitable[None]]) -> None:
        self._answer, self._release = answer, release

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._answer.aiter_stream():
                yield part
        except httpcore.RemoteProtocolError as error:
            raise PollError(ErrorKind.TRUNCATED, f"the answer is incomplete: {error}") from error
        except PollError as error:
            if error.kind is ErrorKind.CONNECT:
                raise PollError(ErrorKind.TRUNCATED, f"the answer is incomplete: {error.reason}") from error
            raise

    async def aclose(self) -> None:
        await self._answer.aclose()
        await self._release()


def _in_head(error: httpcore.RemoteProtocolError) -> PollError:
    """What a fault before the end of the head means; h11 hints at the status that a server would answer."""
    if "without sending a response" in str(error):
        return PollError(ErrorKind.CONNECT, "the server closed the connection without an answer")
    if getattr(error.__cause__, "error_status_hint", 0) == 431:
        return PollError(ErrorKind.TOO_LARGE, "an answer whose head has no end within 100 kB")
    return PollError(ErrorKind.HTTP, f"an answer that is not HTTP: {error}")
