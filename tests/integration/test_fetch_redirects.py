"""What is not carried along a redirect, and where none may lead; the numbers are rows of the behaviour catalogue."""

from __future__ import annotations

from pipeline.model import ErrorKind
from tests.builders_fetch import BODY, failed, fetched
from tests.feed_server import FeedServer, Reply, redirect


def test_a_cookie_is_not_carried_along() -> None:
    """Row 60."""
    with FeedServer() as server:
        server.serve("/new", Reply(BODY))
        fetched(server.serve("/old", redirect("/new", **{"Set-Cookie": "id=1"})))

        assert all("cookie" not in seen.headers for seen in server.requests())


def test_a_redirect_into_the_private_network_is_refused() -> None:
    """Row 112: the guard stands at every hop."""
    with FeedServer() as server, FeedServer("127.0.0.9") as inside:
        secret = inside.serve("/admin", Reply(b"secret"))
        url = server.serve("/feed", redirect(secret))
        result = failed(url, allow_private=False, allow_networks=("127.0.0.1/32",))
        reached = inside.requests()

    assert result.kind is ErrorKind.BLOCKED_ADDRESS
    assert reached == []
