"""Servers that mean harm, through the whole product; the numbers are rows of the behaviour catalogue.

No test sends a request to any address but loopback: the guard refuses before it connects, names are answered by a
stub at the resolver, and what answers is a server on loopback.
"""

from __future__ import annotations

import gzip
import itertools
import socket
import ssl
import time
import tracemalloc
import warnings
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
import trustme
import zstandard

from pipeline import poll as shard
from pipeline.fetch import FetchOptions
from tests.builders_cli import newsward
from tests.builders_fetch import QUICK as IN_PYTHON
from tests.builders_fetch import due, poll_whole
from tests.builders_wire import FEED, QUICK, Product, feed, resolve_as
from tests.feed_server import FeedServer, Raw, Reply, raw, redirect

MILLION = 1_000_000


@pytest.fixture
def product(tmp_path: Path) -> Product:
    return Product(tmp_path)


# --------------------------------------------------------------------------- bodies


def _deflated(pieces: Iterator[bytes], wbits: int) -> bytes:
    packer = zlib.compressobj(9, wbits=wbits)
    return b"".join([*(packer.compress(piece) for piece in pieces), packer.flush()])


def _bomb(coding: str) -> bytes:
    """A hundred megabytes of zeros, small."""
    zeros = (bytes(MILLION) for _ in range(100))
    match coding:
        case "gzip":
            return _deflated(zeros, 31)
        case "deflate":
            return _deflated(zeros, 15)
        case "br":
            packer = brotli.Compressor(quality=5)
            return b"".join([*(packer.process(piece) for piece in zeros), packer.finish()])
        case _:
            return zstandard.compress(bytes(100 * MILLION))


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_row_105_a_bomb_is_told_and_takes_less_than_15_megabytes(product: Product, coding: str) -> None:
    with FeedServer() as server:
        url = server.serve("/feed", Reply(_bomb(coding), headers={"Content-Encoding": coding}))
        line = product.line(url)
        # Without the rest of the product, whose vocabularies are larger than any bomb.
        tracemalloc.start()
        poll_whole([due(url)], FetchOptions(**IN_PYTHON))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert line["error_kind"] == "too_large"
    assert line["next_poll_in"] > 0
    assert peak < 15 * MILLION


def test_row_105_a_bomb_in_a_bomb_is_told(product: Product) -> None:
    nested = gzip.compress(_bomb("gzip"))
    with FeedServer() as server:
        line = product.line(server.serve("/feed", Reply(nested, headers={"Content-Encoding": "gzip"})))

    assert line["error_kind"] == "too_large"


def test_row_105_what_shrank_more_than_a_hundredfold_is_a_bomb_within_the_cap_too(product: Product) -> None:
    with FeedServer() as server:
        reply = Reply(gzip.compress(bytes(2 * MILLION)), headers={"Content-Encoding": "gzip"})
        line = product.line(server.serve("/feed", reply))

    assert line["error_kind"] == "too_large"
    assert "bomb" in line["error"]


@pytest.mark.parametrize("is_chunked", [True, False])
def test_row_106_a_body_without_end_is_cut_and_told(product: Product, is_chunked: bool) -> None:
    with FeedServer() as server:
        endless = Reply(lambda: itertools.repeat(b"<item/>" * 1000), is_chunked=is_chunked)
        line = product.line(server.serve("/feed", endless), fetch=QUICK + "max_raw = 500000")

    assert line["error_kind"] == "too_large"
    assert line["status"] == 200
    assert line["next_poll_in"] > 0


def test_row_106_a_body_that_is_announced_as_too_large_is_not_read(product: Product) -> None:
    sent: list[int] = []

    def body() -> Iterator[bytes]:
        for number in range(1000):
            sent.append(number)
            yield bytes(100_000)

    with FeedServer() as server:
        line = product.line(server.serve("/feed", Reply(body, announced=100 * MILLION)))

    assert line["error_kind"] == "too_large"
    assert len(sent) < 1000


def _drops() -> Iterator[bytes]:
    while True:
        yield b"x"
        time.sleep(0.05)


def _slow_head() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Slow: "
    yield from _drops()


SLOW = [Reply(_drops, is_chunked=True), Raw(_slow_head)]


@pytest.mark.parametrize("slow", SLOW, ids=["body", "head"])
def test_row_107_an_answer_that_trickles_is_given_up(product: Product, slow: Reply | Raw) -> None:
    with FeedServer() as server:
        line = product.line(server.serve("/feed", slow), fetch=QUICK + "min_rate = 200")

    assert line["error_kind"] == "timeout"
    assert "trickled" in line["error"]


@pytest.mark.parametrize("slow", SLOW, ids=["body", "head"])
def test_row_107_the_deadline_holds_for_the_whole_poll(product: Product, slow: Reply | Raw) -> None:
    with FeedServer() as server:
        line = product.line(server.serve("/feed", slow), fetch="spacing = 0\nmin_rate = 0\ndeadline = 0.4")

    assert line["error_kind"] == "timeout"
    assert "no complete answer within 0.4 s" in line["error"]


@pytest.mark.parametrize(
    "fields", [b"X-Big: " + b"x" * 200_000 + b"\r\n", b"X: y\r\n" * 10_000, b"X-Many: y\r\n" * 400]
)
def test_row_108_a_huge_head_is_refused(product: Product, fields: bytes) -> None:
    with FeedServer() as server:
        huge = raw(b"HTTP/1.1 200 OK\r\n", fields, b"Content-Length: 0\r\n\r\n")
        line = product.line(server.serve("/feed", huge))

    assert line["error_kind"] == "too_large"


# --------------------------------------------------------------------------- addresses and ports

PRIVATE = [
    *("0.0.0.0", "127.0.0.1", "127.255.255.254", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "239.255.255.250", "255.255.255.255"),
    *("[::]", "[::1]", "[fc00::1]", "[fd12:3456::1]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[100::1]"),
    *("[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", "[2002:7f00:1::1]", "[2002:808:808::1]"),
    *("[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2001::1]", "[2001:db8::1]", "[3fff::1]"),
]


def test_row_112_no_address_that_is_not_public_is_polled(product: Product) -> None:
    lines = product.poll(*(f"http://{host}/feed" for host in PRIVATE), is_guarded=True)

    assert {line["error_kind"] for line in lines} == {"blocked_address"}
    assert all("is not polled: " in line["error"] for line in lines)
    assert all("[fetch] allow_private = true, or allow_networks = [" in line["error"] for line in lines)


def test_row_112_a_redirect_to_an_address_that_is_not_public_is_refused(product: Product) -> None:
    with FeedServer() as server, FeedServer("127.0.0.9") as inside:
        secret = inside.serve("/admin", feed())
        url = server.serve("/feed", redirect(secret))
        line = product.line(url, is_guarded=True, fetch=QUICK + 'allow_networks = ["127.0.0.1/32"]')
        reached = inside.requests()

    assert line["error_kind"] == "blocked_address"
    assert reached == []


def test_row_112_a_name_for_an_address_that_is_not_public_is_refused(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_as(monkeypatch, {"mill.test": ["127.0.0.1"]})
    with FeedServer() as server:
        line = product.line(server.serve("/feed", feed(), host="mill.test"), is_guarded=True)
        reached = server.requests()

    assert line["error"].startswith("mill.test at 127.0.0.1 is not polled: this machine itself")
    assert reached == []


def test_row_112_a_network_of_ones_own_can_be_allowed(product: Product) -> None:
    with FeedServer("127.0.0.5") as server:
        url = server.serve("/feed", feed())
        line = product.line(url, is_guarded=True, fetch=QUICK + 'allow_networks = ["127.0.0.4/31"]')

    assert line["error"] is None


def test_row_113_a_name_is_asked_for_once_and_the_judged_address_is_used(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers otherwise the second time is not asked a second time."""
    asked = resolve_as(monkeypatch, {"mill.test": ["127.0.0.64"]})
    with FeedServer("127.0.0.64") as server:
        url = server.serve("/feed", feed(), host="mill.test")
        line = product.line(url, is_guarded=True, fetch=QUICK + 'allow_networks = ["127.0.0.64/32"]')

    assert line["error"] is None
    assert asked == ["mill.test"]


def test_row_113_one_private_address_among_others_is_enough_to_refuse(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_as(monkeypatch, {"mill.test": ["127.0.0.64", "10.0.0.1"]})
    with FeedServer("127.0.0.64") as server:
        url = server.serve("/feed", feed(), host="mill.test")
        line = product.line(url, is_guarded=True, fetch=QUICK + 'allow_networks = ["127.0.0.64/32"]')
        reached = server.requests()

    assert line["error"].startswith("mill.test at 10.0.0.1 is not polled: a private network")
    assert reached == []


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "localhost", "localhost.", "①②⑦.⓪.⓪.①"],
)
def test_row_114_no_spelling_of_a_private_address_passes(product: Product, host: str) -> None:
    with FeedServer() as server:
        line = product.line(server.serve("/feed", feed(), host=host), is_guarded=True)
        reached = server.requests()

    # Spellings that this system does not read as an address are names that nobody has.
    assert line["error_kind"] in ("blocked_address", "dns", "invalid_url")
    assert reached == []


@pytest.mark.parametrize("port", [22, 25, 1023, 6379, 11211])
def test_row_115_other_services_than_the_web_are_not_asked(product: Product, port: int) -> None:
    line = product.line(f"http://127.0.0.1:{port}/feed", is_guarded=True)

    assert line["error_kind"] == "blocked_address"
    assert line["error"].endswith(
        f"port {port} is for other services than the web; to allow it: [fetch] allow_ports = [{port}]"
    )


def test_row_115_a_port_can_be_allowed(product: Product) -> None:
    allowed = 'allow_networks = ["127.0.0.1/32"]\nallow_ports = [1]'
    line = product.line("http://127.0.0.1:1/feed", is_guarded=True, fetch=QUICK + allowed)

    assert line["error_kind"] == "connect"


# --------------------------------------------------------------------------- TLS and names


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _https(certificate: trustme.LeafCert, change: Callable[[ssl.SSLContext], None] | None = None) -> FeedServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if change:
        change(context)
    return FeedServer("127.0.0.1", tls=context)


def _trusting(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return QUICK + f'ca_file = "{tmp_path / "ca.pem"}"'


def test_row_116_a_certificate_of_ones_own_authority_is_good(
    product: Product, authority: trustme.CA, tmp_path: Path
) -> None:
    with _https(authority.issue_cert("127.0.0.1")) as server:
        line = product.line(server.serve("/feed", feed()), fetch=_trusting(authority, tmp_path))

    assert (line["error"], line["entries"]) == (None, 1)


def test_row_116_an_expired_certificate_is_told(product: Product, authority: trustme.CA, tmp_path: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with _https(authority.issue_cert("127.0.0.1", not_after=yesterday)) as server:
        line = product.line(server.serve("/feed", feed()), fetch=_trusting(authority, tmp_path))

    assert line["error_kind"] == "tls"
    assert line["error"] == "no trusted connection to 127.0.0.1: certificate has expired"


def test_row_116_a_certificate_for_another_name_is_told(
    product: Product, authority: trustme.CA, tmp_path: Path
) -> None:
    with _https(authority.issue_cert("mill.example")) as server:
        line = product.line(server.serve("/feed", feed()), fetch=_trusting(authority, tmp_path))

    assert line["error_kind"] == "tls"
    assert "certificate is not valid for '127.0.0.1'" in line["error"]


def test_row_116_a_certificate_that_nobody_vouches_for_is_told(product: Product, authority: trustme.CA) -> None:
    with _https(authority.issue_cert("127.0.0.1")) as server:
        line = product.line(server.serve("/feed", feed()))

    assert line["error_kind"] == "tls"
    assert "unable to get local issuer certificate" in line["error"]


def test_row_116_a_feed_may_be_excused_from_it_and_that_is_shown(product: Product, authority: trustme.CA) -> None:
    with _https(authority.issue_cert("mill.example")) as server:
        url = server.serve("/feed", feed())
        line = product.line(url, more="verify_tls = false\n")
        warned = newsward("--config", product.directory, "check").out

    assert (line["error"], line["entries"]) == (None, 1)
    assert "its certificate is not checked (verify_tls = false)" in warned


def test_row_116_what_is_excused_is_one_host_and_no_other(product: Product, authority: trustme.CA) -> None:
    with _https(authority.issue_cert("mill.example")) as server:
        other = server.serve("/feed", feed()).replace("127.0.0.1", "localhost")
        moved = server.serve("/moved", redirect(other))
        line, strict = product.poll(moved, more="verify_tls = false\n"), product.line(moved)

    assert line[0]["error_kind"] == strict["error_kind"] == "tls"
    assert "localhost" in line[0]["error"]
    assert "127.0.0.1" in strict["error"]


def test_row_116_an_outdated_protocol_is_told(product: Product, authority: trustme.CA, tmp_path: Path) -> None:
    def outdated(context: ssl.SSLContext) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    with _https(authority.issue_cert("127.0.0.1"), outdated) as server:
        line = product.line(server.serve("/feed", feed()), fetch=_trusting(authority, tmp_path))

    assert line["error_kind"] == "tls"
    assert line["error"].endswith("the server speaks an outdated version of TLS only")


def test_row_116_a_server_without_tls_is_told(product: Product) -> None:
    with FeedServer() as server:
        line = product.line(server.serve("/feed", feed()).replace("http:", "https:"))

    assert line["error_kind"] == "tls"
    assert line["error"].endswith("what answers there does not speak TLS")


def test_row_117_a_name_that_does_not_exist_is_told(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_as(monkeypatch, {"mill.test": socket.EAI_NONAME})
    line = product.line("http://mill.test/feed")

    assert line["error_kind"] == "dns"
    assert line["error"] == "the name mill.test cannot be resolved: the name server says no"


def test_row_117_a_name_server_that_does_not_answer_is_another_matter(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_as(monkeypatch, {"mill.test": socket.EAI_AGAIN})
    line = product.line("http://mill.test/feed")

    assert line["error_kind"] == "timeout"
    assert line["error"] == "no name server answered for mill.test: the name server says no"


# --------------------------------------------------------------------------- accidents of ours


def crashing(parse: Callable[..., object], accident: Exception, body: bytes, **about: object) -> object:
    if b"poison" in body:
        raise accident
    return parse(body, **about)


@pytest.mark.parametrize("accident", [RecursionError("too deep"), MemoryError(), ValueError("odd")])
def test_row_119_a_parser_that_crashes_costs_its_feed_a_turn_and_nobody_else(
    product: Product, monkeypatch: pytest.MonkeyPatch, accident: Exception
) -> None:
    for name in ("parse", "parse_at_once"):
        monkeypatch.setattr(shard, name, partial(crashing, getattr(shard, name), accident))
    with FeedServer() as server:
        bad = server.serve("/bad", Reply(FEED.replace(b"mill", b"poison"), etag='"1"'))
        good = server.serve("/good", feed())
        lines = product.poll(bad, good)
        again = product.line(bad)

        assert "if-none-match" not in server.requests("/bad")[1].headers

    assert [line["error_kind"] for line in (*lines, again)] == ["unexpected", None, "unexpected"]
    assert type(accident).__name__ in lines[0]["error"]
    assert lines[1]["entries"] == 1
