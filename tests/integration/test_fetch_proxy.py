"""Feeds that are asked by way of a proxy."""

from __future__ import annotations

import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from pipeline.model import ErrorKind
from tests.builders_cli import newsward
from tests.builders_fetch import BODY, failed, fetched
from tests.builders_wire import Product
from tests.feed_server import FeedServer, Reply, redirect
from tests.proxy_server import ProxyServer

CERTIFICATE = Path(__file__).with_name("fetch_localhost.pem")
LOGIN = f"Basic {b64encode(b'desk:p w').decode()}"


def https() -> FeedServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return FeedServer(tls=context)


def guarded(proxy: ProxyServer, login: str = "") -> dict[str, Any]:
    return {"proxy": f"http://{login}{proxy.address}", "allow_private": False}


def test_a_plain_feed_is_asked_of_the_proxy_by_all_of_its_address() -> None:
    with FeedServer() as server, ProxyServer(server.port) as proxy:
        server.serve("/feed", Reply(BODY))

        assert fetched("http://news.example/feed", **guarded(proxy)).body == BODY

    assert proxy.asked == ["GET http://news.example/feed HTTP/1.1"]
    assert server.requests("/feed")[0].headers["host"] == "news.example"


def test_an_encrypted_feed_is_asked_through_a_tunnel_and_its_certificate_is_checked() -> None:
    with https() as server, ProxyServer(server.port) as proxy:
        server.serve("/feed", Reply(BODY))

        assert fetched("https://localhost/feed", ca_file=str(CERTIFICATE), **guarded(proxy)).body == BODY
        assert failed("https://news.example/feed", ca_file=str(CERTIFICATE), **guarded(proxy)).kind is ErrorKind.TLS

    assert proxy.asked == ["CONNECT localhost:443 HTTP/1.1", "CONNECT news.example:443 HTTP/1.1"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_login_is_for_the_proxy_alone(scheme: str) -> None:
    with FeedServer() if scheme == "http" else https() as server, ProxyServer(server.port, login=LOGIN) as proxy:
        server.serve("/feed", Reply(BODY))
        options = {"ca_file": str(CERTIFICATE), **guarded(proxy, "desk:p%20w@")}

        assert fetched(f"{scheme}://localhost/feed", **options).body == BODY

    assert proxy.heads[0]["proxy-authorization"] == LOGIN
    assert "proxy-authorization" not in server.requests("/feed")[0].headers


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_login_is_told_as_such(scheme: str) -> None:
    with FeedServer() as server, ProxyServer(server.port, login=LOGIN) as proxy:
        result = failed(f"{scheme}://news.example/feed", **guarded(proxy))

    assert result.kind is ErrorKind.CONNECT
    assert result.reason == f'the proxy {proxy.address} wants a login: proxy = "http://user:password@..."'


def test_a_proxy_that_refuses_a_tunnel_is_told_as_such() -> None:
    with FeedServer() as server, ProxyServer(server.port, refuses=403) as proxy:
        result = failed("https://news.example/feed", **guarded(proxy))

    assert result.kind is ErrorKind.CONNECT
    assert result.reason == f"the proxy {proxy.address} refuses a tunnel to news.example:443: it answers 403"


def test_a_proxy_that_is_not_there_is_told_as_such() -> None:
    with ProxyServer(9) as proxy:
        pass
    result = failed("https://news.example/feed", **guarded(proxy))

    assert result.kind is ErrorKind.CONNECT
    assert result.reason.startswith(f"the proxy {proxy.address} is not reached: no connection to {proxy.address}")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/feed", "https://10.0.0.1/feed", "http://[::1]/feed", "http://news.example:25/feed"]
)
def test_addresses_and_ports_that_are_not_polled_are_not_asked_of_a_proxy_either(url: str) -> None:
    with FeedServer() as server, ProxyServer(server.port) as proxy:
        assert failed(url, **guarded(proxy)).kind is ErrorKind.BLOCKED_ADDRESS

    assert proxy.asked == []


def test_a_redirect_to_a_private_address_is_not_followed_by_a_proxy_either() -> None:
    with FeedServer() as server, ProxyServer(server.port) as proxy:
        server.serve("/feed", redirect("http://169.254.1.1/secret"))

        assert failed("http://news.example/feed", **guarded(proxy)).kind is ErrorKind.BLOCKED_ADDRESS

    assert proxy.asked == ["GET http://news.example/feed HTTP/1.1"]


def test_a_feed_may_have_a_proxy_of_its_own_or_none(tmp_path: Path) -> None:
    product = Product(tmp_path)
    with FeedServer() as server, ProxyServer(server.port) as ours, ProxyServer(server.port) as its_own:
        server.serve("/feed", Reply(BODY))
        by_all = f'proxy = "http://{ours.address}"\nspacing = 0\n'

        def line(url: str, more: str = "") -> dict[str, Any]:
            return product.line(url, fetch=by_all, more=more)

        assert line("http://one.example/feed")["status"] == 200
        assert line("http://two.example/feed", f'proxy = "http://{its_own.address}"\n')["status"] == 200
        assert line(server.url("/feed"), 'proxy = "none"\n')["status"] == 200

    assert ours.asked == ["GET http://one.example/feed HTTP/1.1"]
    assert its_own.asked == ["GET http://two.example/feed HTTP/1.1"]


@pytest.mark.parametrize(
    ("proxy", "problem"),
    [
        ("socks5://127.0.0.1:1080", "must begin with http://; other kinds of proxies (https, socks) are not supported"),
        ("http://", "names no host"),
        ("http://proxy:99999", "is not a valid address"),
        ("http://proxy:3128/way", "must have nothing after the port"),
    ],
)
def test_what_can_be_no_proxy_is_refused(tmp_path: Path, proxy: str, problem: str) -> None:
    product = Product(tmp_path)
    product.configure("https://news.example/feed", fetch=f'proxy = "{proxy}"')
    in_fetch = newsward("--config", tmp_path, "check")
    product.configure("https://news.example/feed", more=f'proxy = "{proxy}"\n')
    in_feed = newsward("--config", tmp_path, "check")

    assert (in_fetch.code, in_feed.code) == (2, 2)
    assert problem in " ".join(in_fetch.err.split())
    assert problem in " ".join(in_feed.err.split())


def test_the_password_of_a_proxy_is_shown_nowhere(tmp_path: Path) -> None:
    product = Product(tmp_path)
    with ProxyServer(9, refuses=502) as proxy:
        product.configure("http://news.example/feed", fetch=f'proxy = "http://desk:hunter2hunter2@{proxy.address}"')
        outcome = newsward("--config", tmp_path, "feeds", "poll", "--force", "--json")

    assert outcome.code == 0
    assert "hunter2hunter2" not in outcome.out + outcome.err
    assert not any(b"hunter2hunter2" in path.read_bytes() for path in tmp_path.glob("newsward.db*"))
