"""Servers that mean harm or are broken; the numbers are rows of the behaviour catalogue."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from pipeline.fetch import FetchOptions, fetch_many
from pipeline.model import ErrorKind
from tests.builders_fetch import BODY, QUICK, due, failed, fetched
from tests.feed_server import FeedServer, Raw, Reply, raw

CERTIFICATE = Path(__file__).with_name("fetch_localhost.pem")
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "deflate": zlib.compress,
}


@pytest.mark.parametrize("coding", CODINGS)
def test_a_compressed_body_that_ends_early_is_incomplete(coding: str) -> None:
    """Row 11."""
    with FeedServer() as server:
        short = Reply(CODINGS[coding](BODY * 50)[:-4], headers={"Content-Encoding": coding})

        assert failed(server.serve("/feed", short)).kind is ErrorKind.TRUNCATED


def _drops(pause: float = 0.05) -> Iterator[bytes]:
    while True:
        yield b"x"
        time.sleep(pause)


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


def test_a_server_may_think_for_longer_than_the_rate_is_measured() -> None:
    """Row 107: the floor begins with the first byte."""

    def thinks() -> Iterator[bytes]:
        for _ in range(8):
            time.sleep(0.05)
            yield b""
        yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY

    with FeedServer() as server:
        assert fetched(server.serve("/feed", Raw(thinks))).body == BODY


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


def test_a_body_cut_under_tls_is_incomplete() -> None:
    """Row 11."""
    with _https() as server:
        url = server.serve("/feed", Reply(BODY, announced=10_000))

        assert failed(url, ca_file=str(CERTIFICATE)).kind is ErrorKind.TRUNCATED


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
