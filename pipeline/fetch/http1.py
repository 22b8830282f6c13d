"""HTTP/1.1 as a poll needs it: one request without a body, its reply, bounded. What is HTTP, h11 knows (RFC 9112)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Protocol

import h11

from pipeline.fetch.failures import PollError
from pipeline.fetch.head import Head
from pipeline.model import ErrorKind

Fields = Iterable[tuple[bytes, bytes]]

_PART = 64 * 1024
# Real heads have 10 to 40 fields and a few kB. The bytes also bound the line of a chunk, and a trailer.
_MAX_HEAD = 100_000
_MAX_FIELDS = 300
_MAX_HINTS = 20  # replies that only announce the reply (RFC 9110, 15.2)
_HEAD_TOO_LARGE = 431  # the status that h11 names for what is too long


class Stream(Protocol):
    """A connection; both ways raise PollError."""

    async def read(self, max_bytes: int) -> bytes:
        """What came, at most so much; b"" at the end."""

    async def write(self, data: bytes) -> None:
        """Sends all of it."""


class Reply:
    """What a request brings; ``status`` and ``head`` are there once it was asked."""

    def __init__(self, stream: Stream) -> None:
        self.status = 0
        self.head = Head(())
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)

    @property
    def is_whole(self) -> bool:
        """Whether all of it was read, and the connection can bear another request."""
        is_over = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        return is_over and not any(self._http.trailing_data)

    @property
    def length(self) -> int | None:
        """The size of the body as announced; None = not announced."""
        stated = self.head.get("content-length")
        return int(stated) if stated and not self.head.get("transfer-encoding") else None

    async def ask(self, target: bytes, fields: Fields, method: bytes = b"GET") -> None:
        """Sends the request and reads the head of the reply.

        PollError: CONNECT if none came, HTTP if it is none, TOO_LARGE; ValueError for fields that would be no fields.
        """
        await self._stream.write(self._request(method, target, fields))
        try:
            response = await self._response()
            if len(response.headers) > _MAX_FIELDS:
                raise PollError(ErrorKind.TOO_LARGE, f"an answer with {len(response.headers):,} header fields")
            self.status, self.head = response.status_code, Head(response.headers)
            if self.status in (204, 304) or self.length == 0:
                self._http.next_event()  # the end, for which nothing has to come
        except h11.RemoteProtocolError as error:
            raise _no_head(error) from error

    async def parts(self) -> AsyncIterator[bytes]:
        """The body as sent. PollError: TRUNCATED when it ends before its end."""
        try:
            while self._http.their_state is h11.SEND_BODY and isinstance(event := await self._event(), h11.Data):
                yield bytes(event.data)
        except h11.RemoteProtocolError as error:
            kind = ErrorKind.TOO_LARGE if error.error_status_hint == _HEAD_TOO_LARGE else ErrorKind.TRUNCATED
            raise PollError(kind, f"the answer is incomplete: {error}") from error
        except PollError as error:
            if error.kind is ErrorKind.CONNECT:
                raise PollError(ErrorKind.TRUNCATED, f"the answer is incomplete: {error.reason}") from error
            raise

    def _request(self, method: bytes, target: bytes, fields: Fields) -> bytes:
        try:
            asked = h11.Request(method=method, target=target, headers=list(fields))
        except h11.LocalProtocolError:
            # Without h11's words, which tell the value: it may be a secret.
            raise ValueError("a field of the request holds what no field may hold") from None
        return (self._http.send(asked) or b"") + (self._http.send(h11.EndOfMessage()) or b"")

    async def _response(self) -> h11.Response:
        for _ in range(_MAX_HINTS):
            event = await self._event()
            if isinstance(event, h11.Response):
                return event
            if isinstance(event, h11.InformationalResponse) and event.status_code == 101:
                raise PollError(ErrorKind.HTTP, "an answer in another protocol than was asked for")
        raise PollError(ErrorKind.TOO_LARGE, f"{_MAX_HINTS} announcements, and no answer")

    async def _event(self) -> h11.Event:
        while not isinstance(event := self._http.next_event(), h11.Event):
            part = await self._stream.read(_PART)
            if not self.status:
                self._look(part)
            self._http.receive_data(part)
        return event

    def _look(self, part: bytes) -> None:
        """h11 would wait for the end of a head before it looks at how it begins."""
        begun = self._http.trailing_data[0]
        if not part:
            how = "in the midst of an answer's head" if begun else "without an answer"
            raise PollError(ErrorKind.CONNECT, f"the server closed the connection {how}")
        if not begun and not b"HTTP/1.".startswith(part[:7]):
            raise PollError(ErrorKind.HTTP, f"an answer that is not HTTP: {part[:60].decode('latin-1')!r}")


def _no_head(error: h11.RemoteProtocolError) -> PollError:
    if error.error_status_hint == _HEAD_TOO_LARGE:
        return PollError(ErrorKind.TOO_LARGE, f"an answer whose head has no end within {_MAX_HEAD:,} bytes")
    return PollError(ErrorKind.HTTP, f"an answer that is not HTTP: {error}")
