"""Names resolved, their addresses judged, and connections made to judged addresses only."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Any

from pipeline.fetch.failures import PollError, network_words
from pipeline.fetch.guard import Guard
from pipeline.fetch.streams import Pace, PlainStream, can_write
from pipeline.model import ErrorKind

SockAddress = tuple[Any, ...]
Resolved = tuple[socket.AddressFamily, SockAddress]
Resolver = Callable[[str, int], Awaitable[list[Resolved]]]

# RFC 8305, 5 and 8: the next address gets its chance after 250 ms; six are plenty.
_HEAD_START = 0.25
_MAX_ADDRESSES = 6
# getaddrinfo blocks a thread until the name server answers or its own timeout ends.
_RESOLVER_THREADS = 32


class Wire:
    """Resolves a name once, has all its addresses judged, and connects to one of those judged.

    Because the address connected to is the one that was judged, a name whose address changes in between
    (DNS rebinding) gains nothing; the name itself still goes into the Host header and the TLS handshake.
    """

    def __init__(self, guard: Guard, pace: Pace, resolver: Resolver | None = None) -> None:
        self._guard, self._pace = guard, pace
        self._resolver = resolver or self._ask_system
        self._threads = ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="resolve")

    def close(self) -> None:
        """Lets the resolver's threads go without waiting for those that hang."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def judge(self, host: str, port: int) -> None:
        """What can be judged of a server that is reached by a proxy, which alone resolves its name.

        PollError: BLOCKED_ADDRESS for ports of other services, and for hosts that are written as an address.
        """
        if objection := self._guard.port_objection(port):
            raise PollError(ErrorKind.BLOCKED_ADDRESS, f"{host}:{port} is not polled: {objection}")
        if literal := _literal(host, port):
            self._object(host, literal)

    async def connect(self, host: str, port: int, timeout: float, *, is_trusted: bool = False) -> PlainStream:
        """A connection to ``host`` within ``timeout`` seconds; ``is_trusted`` = configured by name, not judged.

        PollError: DNS, BLOCKED_ADDRESS, CONNECT or TIMEOUT.
        """
        if not is_trusted:
            self.judge(host, port)
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
                if not is_trusted:
                    self._object(host, addresses)
                connection = await _first_to_connect(addresses)
        except TimeoutError as error:
            raise PollError(ErrorKind.TIMEOUT, f"no connection to {host}:{port} in time") from error
        except OSError as error:
            raise PollError(ErrorKind.CONNECT, f"no connection to {host}:{port}: {network_words(error)}") from error
        return PlainStream(connection, self._pace)

    def _object(self, host: str, addresses: list[Resolved]) -> None:
        for _, address in addresses:
            objection = self._guard.objection(address[0])
            if objection:
                place = host if host == address[0] else f"{host} at {address[0]}"
                remedy = f'[fetch] allow_private = true, or allow_networks = ["{self._guard.exception(address[0])}"]'
                reason = f"{place} is not polled: {objection}; to allow it: {remedy}"
                raise PollError(ErrorKind.BLOCKED_ADDRESS, reason)

    async def _resolve(self, host: str, port: int) -> list[Resolved]:
        return _literal(host, port) or await self._resolver(host, port)

    async def _ask_system(self, host: str, port: int) -> list[Resolved]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            )
        except socket.gaierror as error:
            raise _unresolved(host, error) from error
        except UnicodeError as error:
            raise PollError(ErrorKind.DNS, f"{host[:80]} cannot be the name of a host") from error
        return [(family, address) for family, _, _, _, address in found]


def _literal(host: str, port: int) -> list[Resolved]:
    """The address that a host is written as; none when it is a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return []
    return [(socket.AF_INET if address.version == 4 else socket.AF_INET6, (host, port))]


def _unresolved(host: str, error: socket.gaierror) -> PollError:
    """A name that is not there is another matter than a name server that does not answer: that passes soon."""
    if error.errno == socket.EAI_AGAIN:
        return PollError(ErrorKind.TIMEOUT, f"no name server answered for {host}: {network_words(error)}")
    return PollError(ErrorKind.DNS, f"the name {host} cannot be resolved: {network_words(error)}")


async def _first_to_connect(addresses: list[Resolved]) -> socket.socket:
    """Happy eyeballs (RFC 8305): addresses in turn, each a head start before the next. OSError if none answers."""
    if len(addresses) == 1:
        return await _connect(*addresses[0])
    waiting = deque(_interleaved(addresses)[:_MAX_ADDRESSES])
    trying: set[asyncio.Task[socket.socket]] = set()
    failure = OSError("no address")
    try:
        while waiting or trying:
            if waiting:
                trying.add(asyncio.create_task(_connect(*waiting.popleft())))
            done, trying = await asyncio.wait(
                trying, timeout=_HEAD_START if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            connected = [task.result() for task in done if task.exception() is None]
            for surplus in connected[1:]:
                surplus.close()
            if connected:
                return connected[0]
            failure = next((error for task in done if isinstance(error := task.exception(), OSError)), failure)
        raise failure
    finally:
        for task in trying:
            task.cancel()


def _interleaved(addresses: list[Resolved]) -> list[Resolved]:
    """The system's order, with the families taking turns, so that one broken family costs one head start."""
    first = [each for each in addresses if each[0] == addresses[0][0]]
    other = [each for each in addresses if each[0] != addresses[0][0]]
    mixed: list[Resolved] = []
    for index in range(max(len(first), len(other))):
        mixed += first[index : index + 1] + other[index : index + 1]
    return mixed


async def _connect(family: socket.AddressFamily, address: SockAddress) -> socket.socket:
    """asyncio's own ``sock_connect`` would look at the address once more."""
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        error = connection.connect_ex(address)
        if error == errno.EINPROGRESS:
            await can_write(connection)
            error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
    except BaseException:
        connection.close()
        raise
    return connection
