"""Connections as the HTTP library wants them, which give up on answers that trickle."""

from __future__ import annotations

import asyncio
import socket
import ssl
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpcore

from pipeline.fetch.failures import PollError, network_words
from pipeline.model import ErrorKind


@dataclass(frozen=True, slots=True)
class Pace:
    """The slowest answer that is waited for: ``rate`` bytes a second over each ``window``, once it has begun."""

    rate: int
    window: timedelta


class _PacedStream(httpcore.AsyncNetworkStream, ABC):
    """What plain and encrypted connections share: the floor under the answer's speed."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._window = pace.window.total_seconds()
        self._since: float | None = None  # None = the answer has not begun
        self._got = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Up to ``max_bytes``, b"" at the end. PollError: CONNECT if it breaks, TIMEOUT if it trickles."""
        try:
            if self._since is None:
                # A server may take its time to think, within the deadline of the whole poll.
                data = await self._receive(max_bytes)
            else:
                async with asyncio.timeout(self._window):
                    data = await self._receive(max_bytes)
        except TimeoutError as error:
            raise self._too_slow() from error
        except OSError as error:
            raise PollError(ErrorKind.CONNECT, f"the connection broke: {network_words(error)}") from error
        self._measure(len(data))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends all of it; a new answer begins. PollError: CONNECT."""
        self._since = None
        try:
            await self._send(buffer)
        except OSError as error:
            raise PollError(ErrorKind.CONNECT, f"the connection broke: {network_words(error)}") from error

    def _measure(self, size: int) -> None:
        now = asyncio.get_running_loop().time()
        if self._since is None:
            self._since, self._got = now, 0
            return
        self._got += size
        lasted = now - self._since
        if lasted < self._window:
            return
        if size and self._got < self._pace.rate * lasted:
            raise self._too_slow()
        self._since, self._got = now, 0

    def _too_slow(self) -> PollError:
        return PollError(
            ErrorKind.TIMEOUT, f"the answer trickled: under {self._pace.rate} bytes a second for {self._window:g} s"
        )

    @abstractmethod
    async def _receive(self, max_bytes: int) -> bytes:
        """Up to ``max_bytes`` as they come, b"" at the end."""

    @abstractmethod
    async def _send(self, buffer: bytes) -> None:
        """Sends all of it."""


class PlainStream(_PacedStream):
    """A connected socket, without TLS."""

    def __init__(self, connection: socket.socket, pace: Pace) -> None:
        super().__init__(pace)
        self._socket = connection

    async def _receive(self, max_bytes: int) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self._socket, max_bytes)

    async def _send(self, buffer: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, buffer)

    async def aclose(self) -> None:
        """Ends the connection at once."""
        self._socket.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """The same connection, encrypted, the certificate checked. PollError: TLS or TIMEOUT."""
        try:
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_connection(
                    sock=self._socket, ssl=ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            raise PollError(ErrorKind.TIMEOUT, f"no TLS handshake with {server_hostname} in time") from error
        except (OSError, ValueError) as error:
            raise PollError(
                ErrorKind.TLS, f"no trusted connection to {server_hostname}: {network_words(error)}"
            ) from error
        return TlsStream(reader, writer, self._pace)

    def get_extra_info(self, info: str) -> Any:
        """httpcore asks an idle connection whether it ``is_readable``, that is: was closed by the server."""
        if info == "peername":
            return self._socket.getpeername()
        return self._is_readable() if info == "is_readable" else None

    def _is_readable(self) -> bool:
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


class TlsStream(_PacedStream):
    """An encrypted connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pace: Pace) -> None:
        super().__init__(pace)
        self._reader, self._writer = reader, writer

    async def _receive(self, max_bytes: int) -> bytes:
        return await self._reader.read(max_bytes)

    async def _send(self, buffer: bytes) -> None:
        self._writer.write(buffer)
        await self._writer.drain()

    async def aclose(self) -> None:
        """Ends the connection at once: the answer is read, a farewell would only cost a round trip."""
        self._writer.transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """As of ``PlainStream``; also the ``ssl_object``, whose protocol httpcore reads."""
        if info == "is_readable":
            return self._reader.at_eof() or self._writer.transport.is_closing()
        return self._writer.get_extra_info(info)
