"""Redirects, step by step; the numbers are rows of the behaviour catalogue."""

from __future__ import annotations

import pytest

from pipeline.model import ErrorKind
from tests.builders_fetch import BODY, due, failed, fetched
from tests.feed_server import FeedServer, Reply, raw, redirect


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_is_followed_and_told(status: int) -> None:
    """Row 44."""
    with FeedServer() as server:
        target = server.serve("/new", Reply(BODY))
        answer = fetched(server.serve("/old", redirect("/new", status))).answer

    assert (answer.url, answer.moved_to) == (target, target)


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_temporary_redirect_is_followed_and_no_move(status: int) -> None:
    """Row 46."""
    with FeedServer() as server:
        target = server.serve("/elsewhere", Reply(BODY))
        answer = fetched(server.serve("/feed", redirect("/elsewhere", status))).answer

    assert (answer.url, answer.moved_to) == (target, "")


@pytest.mark.parametrize(
    ("statuses", "moved_to"), [((302, 301), ""), ((301, 302), "/1"), ((301, 308), "/2"), ((301, 302, 301), "/1")]
)
def test_only_an_unbroken_permanent_chain_is_a_move(statuses: tuple[int, ...], moved_to: str) -> None:
    """Row 47."""
    with FeedServer() as server:
        for step, status in enumerate(statuses):
            server.serve(f"/{step}", redirect(f"/{step + 1}", status))
        server.serve(f"/{len(statuses)}", Reply(BODY))
        answer = fetched(server.url("/0")).answer
        expected = server.url(moved_to) if moved_to else ""

    assert answer.moved_to == expected


def test_a_loop_ends_after_five_redirects() -> None:
    """Row 49."""
    with FeedServer() as server:
        result = failed(server.serve("/feed", redirect("/feed", 301)))
        asked = len(server.requests())

    assert result.kind is ErrorKind.REDIRECT
    assert asked == 6


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/", "data:text/xml,<rss/>", "about:blank"])
def test_a_redirect_off_the_web_is_refused(target: str) -> None:
    """Row 51."""
    with FeedServer() as server:
        result = failed(server.serve("/feed", redirect(target, 301)))

    assert result.kind is ErrorKind.REDIRECT
    assert "it must begin with http:// or https://" in result.reason


def test_another_site_sees_no_credentials() -> None:
    """Row 52."""
    with FeedServer() as server, FeedServer("127.0.0.2") as other:
        target = other.serve("/feed", Reply(BODY))
        url = server.serve("/feed", redirect(target)).replace("//", "//ann:s3cret@")
        fetched(due(url, headers=(("X-Key", "s3cret"), ("Cookie", "id=s3cret"))))
        [first], [second] = server.requests(), other.requests()

    assert first.headers["authorization"] == "Basic YW5uOnMzY3JldA=="
    assert first.headers["x-key"] == "s3cret"
    assert "s3cret" not in str(second.headers)
    assert "authorization" not in second.headers


def test_the_same_site_keeps_seeing_the_credentials() -> None:
    """Row 52."""
    with FeedServer() as server:
        server.serve("/new", Reply(BODY))
        url = server.serve("/old", redirect("/new"))
        fetched(due(url, headers=(("Authorization", "Bearer abc"),)))

        assert [seen.headers["authorization"] for seen in server.requests()] == ["Bearer abc", "Bearer abc"]


def test_a_cookie_is_not_carried_along() -> None:
    """Row 60."""
    with FeedServer() as server:
        server.serve("/new", Reply(BODY))
        fetched(server.serve("/old", redirect("/new", **{"Set-Cookie": "id=1"})))

        assert all("cookie" not in seen.headers for seen in server.requests())


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("new", "/dir/new"),
        ("../new", "/new"),
        ("//{host}/new", "/new"),
        ("/new#top", "/new"),
        ("/new one", "/new%20one"),
        ("?page=1", "/dir/feed?page=1"),
    ],
)
def test_any_form_of_location_is_understood(location: str, path: str) -> None:
    """Row 53."""
    with FeedServer() as server:
        server.serve(path, Reply(BODY))
        target = location.replace("{host}", f"127.0.0.1:{server.port}")
        fetched(server.serve("/dir/feed", redirect(target)))

        assert server.requests()[1].path == path


def test_a_location_in_raw_utf8_is_encoded() -> None:
    """Row 53."""
    with FeedServer() as server:
        server.serve("/m%C3%BChle", Reply(BODY))
        head = "HTTP/1.1 302 Found\r\nLocation: /mühle\r\nContent-Length: 0\r\n\r\n"

        assert fetched(server.serve("/feed", raw(head.encode()))).body == BODY


@pytest.mark.parametrize("location", ["", "http://", "http://[::1", "http://a:b:c/", "/\x01"])
def test_a_location_that_is_none_is_a_failure(location: str) -> None:
    """Row 53."""
    with FeedServer() as server:
        result = failed(server.serve("/feed", redirect(location) if location else Reply(status=301)))

    assert result.kind is ErrorKind.REDIRECT


def test_a_redirect_into_the_private_network_is_refused() -> None:
    """Row 112: the guard stands at every hop."""
    with FeedServer() as server, FeedServer("127.0.0.9") as inside:
        secret = inside.serve("/admin", Reply(b"secret"))
        url = server.serve("/feed", redirect(secret))
        result = failed(url, allow_private=False, allow_networks=("127.0.0.1/32",))
        reached = inside.requests()

    assert result.kind is ErrorKind.BLOCKED_ADDRESS
    assert reached == []
