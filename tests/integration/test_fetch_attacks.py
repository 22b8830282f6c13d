"""Servers that mean harm or are broken; the numbers are rows of the behaviour catalogue."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import ssl
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from pipeline.fetch import FetchOptions, fetch_many
from pipeline.model import ErrorKind
from tests.builders_fetch import BODY, QUICK, due, failed, fetched
from tests.feed_server import FeedServer, Raw, Reply, raw

CERTIFICATE = Path(__file__).with_name("fetch_localhost.pem")
BOMB = 50_000_000


def _encoded(coding: str, body: bytes = BODY) -> bytes:
    raw_deflate = zlib.compressobj(wbits=-15)
    return {
        "gzip": lambda: gzip.compress(body),
        "x-gzip": lambda: gzip.compress(body),
        "br": lambda: brotli.compress(body, quality=5),
        "zstd": lambda: zstandard.compress(body),
        "deflate": lambda: zlib.compress(body),
        "raw deflate": lambda: raw_deflate.compress(body) + raw_deflate.flush(),
        "identity": lambda: body,
        "": lambda: body,
    }[coding]()


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "br", "zstd", "deflate", "raw deflate", "identity", ""])
def test_every_coding_is_undone(coding: str) -> None:
    """Row 70."""
    with FeedServer() as server:
        reply = Reply(_encoded(coding), headers={"Content-Encoding": coding.removeprefix("raw ")})

        assert fetched(server.serve("/feed", reply)).body == BODY


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_a_broken_coding_is_told(coding: str) -> None:
    """Row 71."""
    with FeedServer() as server:
        broken = Reply(b"\x1f\x8b\xff nonsense that decodes to nothing", headers={"Content-Encoding": coding})

        assert failed(server.serve("/feed", broken)).kind is ErrorKind.ENCODING


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_a_label_on_a_plain_body_is_ignored(coding: str) -> None:
    """Row 71."""
    with FeedServer() as server:
        assert fetched(server.serve("/feed", Reply(BODY, headers={"Content-Encoding": coding}))).body == BODY


@pytest.mark.parametrize("label", ["gzip", "gzip, gzip", ""])
def test_a_body_that_is_gzip_twice_is_decoded_twice(label: str) -> None:
    """Row 71."""
    body = gzip.compress(BODY) if not label else gzip.compress(gzip.compress(BODY))
    with FeedServer() as server:
        assert fetched(server.serve("/feed", Reply(body, headers={"Content-Encoding": label}))).body == BODY


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_a_compressed_body_that_ends_early_is_incomplete(coding: str) -> None:
    """Row 11."""
    with FeedServer() as server:
        short = Reply(_encoded(coding, BODY * 50)[:-4], headers={"Content-Encoding": coding})

        assert failed(server.serve("/feed", short)).kind is ErrorKind.TRUNCATED


def test_an_unknown_coding_is_told() -> None:
    """Row 71."""
    with FeedServer() as server:
        assert failed(server.serve("/feed", Reply(b"??", headers={"Content-Encoding": "lzma"}))).kind is (
            ErrorKind.ENCODING
        )


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_a_bomb_costs_little_and_is_told(coding: str) -> None:
    """Row 105."""
    with FeedServer() as server:
        url = server.serve("/feed", Reply(_encoded(coding, bytes(BOMB)), headers={"Content-Encoding": coding}))
        tracemalloc.start()
        result = failed(url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert result.kind is ErrorKind.TOO_LARGE
    assert peak < 40_000_000


def test_a_bomb_in_a_bomb_is_told() -> None:
    """Row 105."""
    nested = gzip.compress(gzip.compress(bytes(BOMB)))
    with FeedServer() as server:
        assert failed(server.serve("/feed", Reply(nested, headers={"Content-Encoding": "gzip"}))).kind is (
            ErrorKind.TOO_LARGE
        )


def test_a_small_body_that_shrank_a_thousandfold_is_told() -> None:
    """Row 105: within the cap, but no feed shrinks like that."""
    with FeedServer() as server:
        reply = Reply(gzip.compress(bytes(2_000_000)), headers={"Content-Encoding": "gzip"})
        result = failed(server.serve("/feed", reply))

    assert result.kind is ErrorKind.TOO_LARGE
    assert "bomb" in result.reason


@pytest.mark.parametrize("is_chunked", [True, False])
def test_an_endless_body_is_cut(is_chunked: bool) -> None:
    """Row 106."""
    with FeedServer() as server:
        endless = Reply(lambda: itertools.repeat(b"<item/>" * 1000), is_chunked=is_chunked)
        result = failed(server.serve("/feed", endless), max_raw=500_000)

    assert result.kind is ErrorKind.TOO_LARGE
    assert result.answer
    assert result.answer.status == 200


def _drops(pause: float = 0.05) -> Iterator[bytes]:
    while True:
        yield b"x"
        time.sleep(pause)


def _slow_head() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Slow: "
    yield from _drops()


@pytest.mark.parametrize("slow", [Reply(_drops, is_chunked=True), Raw(_slow_head)], ids=["body", "head"])
def test_an_answer_that_trickles_is_given_up(slow: Reply | Raw) -> None:
    """Row 107: the slowest rate."""
    with FeedServer() as server:
        began = time.monotonic()
        result = failed(server.serve("/feed", slow), min_rate=200)
        took = time.monotonic() - began

    assert result.kind is ErrorKind.TIMEOUT
    assert "trickled" in result.reason
    assert took < 1


def test_an_answer_that_stops_is_given_up() -> None:
    """Row 107: nothing at all after the head."""

    def stops() -> Iterator[bytes]:
        yield BODY
        for _ in range(20):
            time.sleep(0.05)
            yield b""

    with FeedServer() as server:
        result = failed(server.serve("/feed", Reply(stops, announced=10_000)))

    assert result.kind is ErrorKind.TIMEOUT


@pytest.mark.parametrize("slow", [Reply(_drops, is_chunked=True), Raw(_slow_head)], ids=["body", "head"])
def test_the_deadline_holds_for_the_whole_poll(slow: Reply | Raw) -> None:
    """Row 107: an answer fast enough for the rate, but without an end."""
    with FeedServer() as server:
        result = failed(server.serve("/feed", slow), min_rate=0, deadline=timedelta(seconds=0.3))

    assert result.kind is ErrorKind.TIMEOUT
    assert "0.3 s" in result.reason


def test_a_server_may_think_for_longer_than_the_rate_is_measured() -> None:
    """Row 107: the floor begins with the first byte."""

    def thinks() -> Iterator[bytes]:
        for _ in range(8):
            time.sleep(0.05)
            yield b""
        yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY

    with FeedServer() as server:
        assert fetched(server.serve("/feed", Raw(thinks))).body == BODY


@pytest.mark.parametrize(
    "fields", [b"X-Big: " + b"x" * 200_000 + b"\r\n", b"X: y\r\n" * 10_000, b"X-Many: y\r\n" * 400]
)
def test_a_huge_head_is_refused(fields: bytes) -> None:
    """Row 108."""
    with FeedServer() as server:
        result = failed(server.serve("/feed", raw(b"HTTP/1.1 200 OK\r\n", fields, b"Content-Length: 0\r\n\r\n")))

    assert result.kind is ErrorKind.TOO_LARGE


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "localhost.", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"]
)
def test_no_spelling_of_a_private_address_passes(host: str) -> None:
    """Rows 112 and 114."""
    with FeedServer() as server:
        result = failed(server.serve("/feed", Reply(BODY), host=host), allow_private=False)
        reached = server.requests()

    assert result.kind in (ErrorKind.BLOCKED_ADDRESS, ErrorKind.DNS)
    assert result.kind is ErrorKind.DNS or "[fetch] allow_private = true, or allow_networks = [" in result.reason
    assert reached == []


def test_a_network_of_ones_own_can_be_allowed() -> None:
    """Row 112."""
    with FeedServer("127.0.0.5") as server:
        url = server.serve("/feed", Reply(BODY))
        options: dict[str, Any] = {"allow_private": False, "allow_networks": ("127.0.0.4/31",)}

        assert fetched(url, **options).body == BODY


def _https() -> FeedServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return FeedServer("0.0.0.0", tls=context)


def test_a_trusted_certificate_is_good() -> None:
    """Row 116."""
    with _https() as server:
        url = server.serve("/feed", Reply(BODY, etag='"1"'))
        again = server.url("/feed")

        assert fetched(url, ca_file=str(CERTIFICATE)).body == BODY
        assert fetched(again, ca_file=str(CERTIFICATE)).answer.etag == '"1"'


@pytest.mark.parametrize(
    ("host", "ca_file", "words"),
    [
        ("127.0.0.1", "", "self-signed"),
        ("127.0.0.6", str(CERTIFICATE), "not valid for '127.0.0.6'"),
        ("127.0.0.1", "no/such/file", "no/such/file"),
    ],
)
def test_a_certificate_that_does_not_hold_is_told_with_its_reason(host: str, ca_file: str, words: str) -> None:
    """Row 116."""
    with _https() as server:
        result = failed(server.serve("/feed", Reply(BODY), host=host), ca_file=ca_file)

    assert result.kind is ErrorKind.TLS
    assert words in result.reason


def test_a_server_without_tls_is_told() -> None:
    """Row 116."""
    with FeedServer() as server:
        url = server.serve("/feed", Reply(BODY)).replace("http:", "https:")

        assert failed(url).kind is ErrorKind.TLS


def test_a_body_cut_under_tls_is_incomplete() -> None:
    """Row 11."""
    with _https() as server:
        url = server.serve("/feed", Reply(BODY, announced=10_000))

        assert failed(url, ca_file=str(CERTIFICATE)).kind is ErrorKind.TRUNCATED


def test_a_name_that_does_not_exist_is_told() -> None:
    """Row 117."""
    result = failed("http://no-such-host.invalid/feed")

    assert result.kind is ErrorKind.DNS
    assert "no-such-host.invalid" in result.reason


def test_a_closed_port_is_told() -> None:
    with FeedServer() as server:
        url = server.url("/feed")
    result = failed(url)

    assert result.kind is ErrorKind.CONNECT
    assert "refused" in result.reason


def test_a_reset_connection_is_told() -> None:
    """Row 56."""
    with FeedServer() as server:
        cut = raw(b"HTTP/1.1 200 OK\r\nContent-")

        assert failed(server.serve("/feed", cut)).kind is ErrorKind.CONNECT


def test_whoever_stops_listening_ends_the_requests() -> None:
    async def first_only(urls: list[str]) -> int:
        stream = fetch_many([due(url) for url in urls], FetchOptions(**QUICK))
        async for _ in stream:
            break
        began = time.monotonic()
        await stream.aclose()  # type: ignore[attr-defined]
        assert time.monotonic() - began < 0.5
        return len(asyncio.all_tasks()) - 1

    with FeedServer("0.0.0.0") as server:
        server.serve("/fast", Reply(BODY))
        server.serve("/slow", Reply(lambda: _drops(), is_chunked=True))
        urls = [server.url("/fast"), *(server.url("/slow", host=f"127.0.0.{index}") for index in range(2, 6))]

        assert asyncio.run(first_only(urls)) == 0
