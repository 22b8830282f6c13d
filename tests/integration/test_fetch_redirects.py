"""What is not carried along a redirect, and where none may lead; the numbers are rows of the behaviour catalogue."""

from __future__ import annotations

from tests.builders_fetch import BODY, fetched
from tests.feed_server import FeedServer, Reply, redirect


def test_a_cookie_is_not_carried_along() -> None:
    """Row 60."""
    with FeedServer() as server:
        server.serve("/new", Reply(BODY))
        fetched(server.serve("/old", redirect("/new", **{"Set-Cookie": "id=1"})))

        assert all("cookie" not in seen.headers for seen in server.requests())
