"""Connections, plain and encrypted, which give up on answers that trickle."""

from __future__ import annotations

import asyncio
import socket
import ssl
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pipeline.fetch.failures import PollError, network_words
from pipeline.model import ErrorKind


@dataclass(frozen=True, slots=True)
class Pace:
    """The slowest answer that is waited for: ``rate`` bytes a second over each ``window``, once it has begun."""

    rate: int
    window: timedelta


class PacedStream(ABC):
    """What plain and encrypted connections share: the floor under the answer's speed."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._window = pace.window.total_seconds()
        self._since: float | None = None  # None = the answer has not begun
        self._got = 0

    async def read(self, max_bytes: int) -> bytes:
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

    async def write(self, data: bytes) -> None:
        """Sends all of it; a new answer begins. PollError: CONNECT."""
        self._since = None
        try:
            await self._send(data)
        except OSError as error:
            raise PollError(ErrorKind.CONNECT, f"the connection broke: {network_words(error)}") from error

    def rest(self) -> None:
        """The reader is busy with something else: that time is not the server's."""
        self._since = None

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
    async def _send(self, data: bytes) -> None:
        """Sends all of it."""

    @abstractmethod
    def close(self) -> None:
        """Ends the connection at once: the answer is read, a farewell would only cost a round trip."""

    @abstractmethod
    def is_dead(self) -> bool:
        """Whether a connection that lay idle was closed by the server, or has words that nobody asked for."""


class PlainStream(PacedStream):
    """A connected socket, without TLS."""

    def __init__(self, connection: socket.socket, pace: Pace) -> None:
        super().__init__(pace)
        self._socket = connection

    async def _receive(self, max_bytes: int) -> bytes:
        if self._since is None:
            # Nothing can be there yet, so looking first would be a system call in vain.
            await can_read(self._socket)
        return await asyncio.get_running_loop().sock_recv(self._socket, max_bytes)

    async def _send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    def close(self) -> None:
        self._socket.close()

    def is_dead(self) -> bool:
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def peer(self) -> Any:
        """The address at the other end."""
        return self._socket.getpeername()

    async def encrypted(self, context: ssl.SSLContext, name: str, timeout: float) -> TlsStream:
        """The same connection, encrypted, the certificate checked. PollError: TLS or TIMEOUT."""
        try:
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_connection(sock=self._socket, ssl=context, server_hostname=name)
        except TimeoutError as error:
            raise PollError(ErrorKind.TIMEOUT, f"no TLS handshake with {name} in time") from error
        except (OSError, ValueError) as error:
            raise PollError(ErrorKind.TLS, f"no trusted connection to {name}: {network_words(error)}") from error
        return TlsStream(reader, writer, self._pace)


async def can_read(connection: socket.socket) -> None:
    """Returns when something came. By number: of a socket, asyncio would make a printed form each time."""
    loop, number = asyncio.get_running_loop(), connection.fileno()
    happened = loop.create_future()
    loop.add_reader(number, _settle, happened)
    try:
        await happened
    finally:
        loop.remove_reader(number)


async def can_write(connection: socket.socket) -> None:
    """Returns when the connection is made, or failed."""
    loop, number = asyncio.get_running_loop(), connection.fileno()
    happened = loop.create_future()
    loop.add_writer(number, _settle, happened)
    try:
        await happened
    finally:
        loop.remove_writer(number)


def _settle(happened: asyncio.Future[None]) -> None:
    if not happened.done():
        happened.set_result(None)


class TlsStream(PacedStream):
    """An encrypted connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pace: Pace) -> None:
        super().__init__(pace)
        self._reader, self._writer = reader, writer

    async def _receive(self, max_bytes: int) -> bytes:
        return await self._reader.read(max_bytes)

    async def _send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        self._writer.transport.abort()

    def is_dead(self) -> bool:
        return self._reader.at_eof() or self._writer.transport.is_closing()
