"""Answers read from bytes, whole or in drops; RFC 9112."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch.failures import PollError
from pipeline.fetch.http1 import Reply
from pipeline.model import ErrorKind


class Line:
    """A connection on which these pieces arrive one by one, and then the end."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]
        self.written = b""

    async def read(self, max_bytes: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    async def write(self, data: bytes) -> None:
        self.written += data


ASKED = [(b"host", b"mill.example")]


def _read(*pieces: bytes) -> tuple[Reply, bytes]:
    """The reply in these pieces, and its body."""

    async def read() -> tuple[Reply, bytes]:
        reply = Reply(Line(list(pieces)))
        await reply.ask(b"/feed?a=1", ASKED)
        return reply, b"".join([part async for part in reply.parts()])

    return asyncio.run(read())


def _failure(*pieces: bytes) -> ErrorKind:
    with pytest.raises(PollError) as caught:
        _read(*pieces)
    return caught.value.kind


ANSWERS = [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", True),
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: v\r\n\r\n",
        b"hello",
        True,
    ),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", b"hello", False),
    (b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello", False),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", False),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"", True),
    (
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"hello",
        True,
    ),
    (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", b"hello", True),
    (b"HTTP/1.1 200\r\nContent-Length: 5, 5\r\n\r\nhello", b"hello", True),
    (b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n", b"", True),
    # Both: the chunks count (RFC 9112, 6.3), and a length that lies is not believed.
    (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"hello",
        True,
    ),
]


@pytest.mark.parametrize(("sent", "body", "is_whole"), ANSWERS)
def test_an_answer_is_read_and_its_connection_judged(sent: bytes, body: bytes, is_whole: bool) -> None:
    reply, read = _read(sent)

    assert (read, reply.is_whole) == (body, is_whole)


@given(st.sampled_from(ANSWERS), st.lists(st.integers(0, 120), max_size=12))
def test_where_the_network_cuts_makes_no_difference(case: tuple[bytes, bytes, bool], cuts: list[int]) -> None:
    sent, body, is_whole = case
    places = [0, *sorted(cuts), len(sent)]
    reply, read = _read(*(sent[start:end] for start, end in pairwise(places)))

    assert (read, reply.is_whole) == (body, is_whole)


@given(st.binary(max_size=400))
def test_whatever_comes_is_an_answer_or_a_failure_in_our_words(noise: bytes) -> None:
    for sent in (
        noise,
        b"HTTP/1.1 200 OK\r\n" + noise,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + noise,
    ):
        with suppress(PollError):
            _read(sent)


def test_what_comes_after_the_answer_spoils_the_connection() -> None:
    reply, _ = _read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi, and more")

    assert not reply.is_whole


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"", ErrorKind.CONNECT),
        (b"HTTP/1.1 200 OK\r\nContent-", ErrorKind.CONNECT),
        (b"SSH-2.0-OpenSSH_9\r\n", ErrorKind.HTTP),
        (b"HTTP/1.1 yes OK\r\n\r\n", ErrorKind.HTTP),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", ErrorKind.HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello", ErrorKind.HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", ErrorKind.HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", ErrorKind.TRUNCATED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ErrorKind.TRUNCATED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello5\r\n", ErrorKind.TRUNCATED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nhello\r\n0\r\n\r\n", ErrorKind.TRUNCATED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"T: v\r\n" * 20_000, ErrorKind.TOO_LARGE),
    ],
)
def test_an_answer_that_is_none_is_told_by_its_kind(sent: bytes, kind: ErrorKind) -> None:
    assert _failure(sent) is kind


def test_announcements_without_end_are_bounded() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"

    assert _failure(*[hints] * 5000) is ErrorKind.TOO_LARGE


def test_a_field_over_two_lines_is_one_and_no_field_holds_the_end_of_another() -> None:
    folded, _ = _read(b"HTTP/1.1 200 OK\r\nX-Long: one\r\n  two\r\nContent-Length: 0\r\n\r\n")

    assert folded.head.get("x-long") == "one two"
    assert _failure(b'HTTP/1.1 200 OK\r\nETag: "a\rX-Evil: 1"\r\nContent-Length: 0\r\n\r\n') is ErrorKind.HTTP


def test_a_request_is_one_and_only_one() -> None:
    async def sent(fields: list[tuple[bytes, bytes]]) -> bytes:
        line = Line([b"HTTP/1.1 304 Not Modified\r\n\r\n"])
        await Reply(line).ask(b"/feed?a=1", fields)
        return line.written

    assert asyncio.run(sent(ASKED)) == b"GET /feed?a=1 HTTP/1.1\r\nhost: mill.example\r\n\r\n"
    with pytest.raises(ValueError, match="holds what no field may hold"):
        asyncio.run(sent([*ASKED, (b"if-none-match", b'"1"\r\nX-Evil: 1')]))
