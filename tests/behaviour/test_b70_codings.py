"""Content codings, undone or told, through the whole product; the numbers are rows of the behaviour catalogue."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from tests.builders_wire import FEED, Product
from tests.feed_server import FeedServer, Reply


@pytest.fixture
def product(tmp_path: Path) -> Product:
    return Product(tmp_path)


def _encoded(coding: str, body: bytes = FEED) -> bytes:
    raw_deflate = zlib.compressobj(wbits=-15)
    return {
        "gzip": lambda: gzip.compress(body),
        "x-gzip": lambda: gzip.compress(body),
        "br": lambda: brotli.compress(body),
        "zstd": lambda: zstandard.compress(body),
        "deflate": lambda: zlib.compress(body),
        "raw deflate": lambda: raw_deflate.compress(body) + raw_deflate.flush(),
        "identity": lambda: body,
    }[coding]()


def _entries(product: Product, body: bytes, label: str) -> int:
    """How many entries a feed brings that is sent so."""
    with FeedServer() as server:
        line = product.line(server.serve("/feed", Reply(body, headers={"Content-Encoding": label})))
    assert line["error"] is None
    return int(line["entries"])


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "br", "zstd", "deflate", "raw deflate", "identity"])
def test_row_70_every_coding_is_undone(product: Product, coding: str) -> None:
    assert _entries(product, _encoded(coding), coding.removeprefix("raw ")) == 1


def test_row_70_codings_one_upon_the_other_are_undone(product: Product) -> None:
    assert _entries(product, brotli.compress(gzip.compress(FEED)), "gzip, br") == 1


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_row_71_a_coding_that_does_not_decode_is_told(product: Product, coding: str) -> None:
    with FeedServer() as server:
        broken = Reply(b"\x1f\x8b\xff nonsense that decodes to nothing", headers={"Content-Encoding": coding})
        line = product.line(server.serve("/feed", broken))

    assert line["error_kind"] == "encoding"
    assert coding in line["error"]


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_row_71_a_label_on_a_plain_body_is_ignored(product: Product, coding: str) -> None:
    assert _entries(product, FEED, coding) == 1


@pytest.mark.parametrize("label", ["gzip", ""])
def test_row_71_a_body_that_is_still_gzip_is_decoded_once_more(product: Product, label: str) -> None:
    body = gzip.compress(FEED)

    assert _entries(product, gzip.compress(body) if label else body, label) == 1


def test_row_71_a_coding_that_was_not_asked_for_is_told(product: Product) -> None:
    with FeedServer() as server:
        line = product.line(server.serve("/feed", Reply(b"??", headers={"Content-Encoding": "lzma"})))

    assert line["error_kind"] == "encoding"
    assert "'lzma' was not asked for" in line["error"]
