"""Names, addresses and connections; rows 67 and 113 of the behaviour catalogue."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from pipeline.fetch.failures import PollError
from pipeline.fetch.guard import Guard
from pipeline.fetch.streams import Pace
from pipeline.fetch.wire import Resolved, Wire
from pipeline.model import ErrorKind
from tests.feed_server import FeedServer

PACE = Pace(200, timedelta(seconds=1))


def _address(host: str, port: int) -> Resolved:
    return (socket.AF_INET6 if ":" in host else socket.AF_INET, (host, port))


def _resolver(*answers: list[Resolved]) -> Callable[[str, int], Awaitable[list[Resolved]]]:
    """A name server that answers so, one time after the other."""
    left = list(answers)

    async def resolve(host: str, port: int) -> list[Resolved]:
        return left.pop(0)

    return resolve


def _peer(wire: Wire, port: int) -> Any:
    """Whom a connection to mill.example reaches."""

    async def connect() -> Any:
        stream = await wire.connect("mill.example", port, 1.0)
        peer = stream.peer()
        stream.close()
        wire.close()
        return peer

    return asyncio.run(connect())


def test_the_address_that_was_judged_is_the_one_connected_to() -> None:
    """Row 113: the second answer of a rebinding name server is never asked for."""
    guard = Guard(allow_networks=("127.0.0.1/32",))
    with FeedServer() as server, FeedServer("127.0.0.2"):
        rebinding = _resolver([_address("127.0.0.1", server.port)], [_address("127.0.0.2", server.port)])

        assert _peer(Wire(guard, PACE, rebinding), server.port) == ("127.0.0.1", server.port)


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    """Row 113."""
    with FeedServer() as server:
        mixed = _resolver([_address("127.0.0.1", server.port), _address("10.0.0.1", server.port)])
        with pytest.raises(PollError) as caught:
            _peer(Wire(Guard(allow_networks=("127.0.0.1/32",)), PACE, mixed), server.port)

    assert caught.value.kind is ErrorKind.BLOCKED_ADDRESS
    assert caught.value.reason == (
        "mill.example at 10.0.0.1 is not polled: a private network; "
        'to allow it: [fetch] allow_private = true, or allow_networks = ["10.0.0.1/32"]'
    )


def test_a_dead_address_does_not_hide_a_living_one() -> None:
    """Row 67."""
    with FeedServer("127.0.0.3") as server:
        port = server.port
        several = _resolver([_address("::1", port), _address("127.0.0.1", port), _address("127.0.0.3", port)])

        assert _peer(Wire(Guard(allow_private=True), PACE, several), port) == ("127.0.0.3", port)


def test_a_silent_address_costs_a_head_start_only() -> None:
    """Row 67."""
    with socket.socket() as full, FeedServer("127.0.0.4") as server:
        # A listener whose queue is full lets further connections wait, as a filtered address does.
        full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the port may rest from another test
        full.bind(("127.0.0.1", server.port))
        full.listen(0)
        crowd = [socket.socket() for _ in range(3)]
        for each in crowd:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", server.port))
        several = _resolver([_address("127.0.0.1", server.port), _address("127.0.0.4", server.port)])
        peer = _peer(Wire(Guard(allow_private=True), PACE, several), server.port)
        for each in crowd:
            each.close()

    assert peer == ("127.0.0.4", server.port)


def test_no_living_address_is_a_failure_to_connect() -> None:
    with FeedServer() as server:
        port = server.port
    with pytest.raises(PollError) as caught:
        _peer(Wire(Guard(allow_private=True), PACE, _resolver([_address("127.0.0.1", port)] * 2)), port)

    assert caught.value.kind is ErrorKind.CONNECT
    assert "refused" in caught.value.reason
