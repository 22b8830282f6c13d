"""What answers mean: status codes, freshness and pleas to stay away; numbers are rows of the behaviour catalogue."""

from __future__ import annotations

from datetime import timedelta
from email.utils import formatdate

import pytest

from pipeline.fetch import PollingOptions, next_state
from pipeline.model import ErrorKind
from tests.builders_fetch import BODY, NOW, due, failed, fetched, poll
from tests.feed_server import FeedServer, Reply, raw


def _wait(url: str) -> timedelta:
    turn = due(url)
    state = next_state(turn, poll(turn), None, now=NOW, new=0, options=PollingOptions())
    assert state.next_poll_at
    return state.next_poll_at - NOW


def test_a_body_comes_whole_with_its_head() -> None:
    with FeedServer() as server:
        result = fetched(server.serve("/feed", Reply(BODY, headers={"Content-Type": "text/xml"})))

    assert result.body == BODY
    assert result.answer.content_type == "text/xml"
    assert result.answer.size == len(BODY)
    assert result.answer.elapsed > timedelta(0)


@pytest.mark.parametrize(
    ("headers", "fresh_for"),
    [
        ({"Cache-Control": "max-age=3600"}, timedelta(hours=1)),
        ({"Cache-Control": "public, s-maxage=9000, max-age=3600", "Age": "600"}, timedelta(minutes=50)),
        ({"Cache-Control": "max-age=31536000"}, timedelta(hours=24)),
        ({"Cache-Control": "s-maxage=3600"}, None),
        ({"Cache-Control": "max-age=0"}, None),
        ({"Cache-Control": "max-age=-1"}, None),
        ({"Cache-Control": "no-cache, max-age=3600"}, None),
        ({"Cache-Control": "no-store"}, None),
        ({"Cache-Control": "max-age=3600", "Age": "7200"}, None),
        ({"Expires": formatdate(1_000_007_200, usegmt=True), "Date": formatdate(1_000_000_000, usegmt=True)}, 2),
        ({"Expires": formatdate(1_000_000_000, usegmt=True), "Date": formatdate(1_000_007_200, usegmt=True)}, None),
        ({"Expires": "0"}, None),
        ({"Expires": "-1"}, None),
    ],
)
def test_freshness_is_read_as_the_server_means_it(headers: dict[str, str], fresh_for: timedelta | int | None) -> None:
    """Rows 22, 24 and 25; Expires counts from the server's own Date, 25 years before ours."""
    with FeedServer() as server:
        answer = fetched(server.serve("/feed", Reply(BODY, headers=headers))).answer

    assert answer.fresh_for == (timedelta(hours=fresh_for) if isinstance(fresh_for, int) else fresh_for)


def test_the_next_poll_waits_for_max_age_also_after_a_304() -> None:
    """Rows 22 and 23."""
    with FeedServer() as server:
        url = server.serve("/feed", Reply(BODY, etag='"1"', headers={"Cache-Control": "max-age=7200"}))
        turn = due(url, etag='"1"', last_full_at=NOW - timedelta(hours=1))
        state = next_state(turn, poll(turn), None, now=NOW, new=0, options=PollingOptions())
        first = _wait(url)

    assert state.status == 304
    assert state.next_poll_at
    assert timedelta(hours=2) <= state.next_poll_at - NOW <= timedelta(hours=2.2)
    assert timedelta(hours=2) <= first <= timedelta(hours=2.2)


def test_a_year_of_max_age_is_a_day() -> None:
    """Row 22."""
    with FeedServer() as server:
        wait = _wait(server.serve("/feed", Reply(BODY, headers={"Cache-Control": "max-age=31536000"})))

    assert wait == timedelta(hours=24)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7200"},
        {
            "Retry-After": formatdate(1_000_007_200, usegmt=True),
            "Date": formatdate(1_000_000_000, usegmt=True),
        },
    ],
    ids=["seconds", "date"],
)
def test_retry_after_is_obeyed(status: int, headers: dict[str, str]) -> None:
    """Rows 26 and 27."""
    with FeedServer() as server:
        wait = _wait(server.serve("/feed", Reply(b"slow down", status, headers)))

    assert timedelta(hours=2) <= wait <= timedelta(hours=2.2)


def test_months_of_retry_after_are_a_week() -> None:
    """Row 28."""
    with FeedServer() as server:
        wait = _wait(server.serve("/feed", Reply(b"", 503, {"Retry-After": "99999999999999"})))

    assert wait == timedelta(days=7)


@pytest.mark.parametrize("value", ["-5", "0", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "1e9", "²"])
def test_a_senseless_retry_after_is_ignored(value: str) -> None:
    """Row 28."""
    with FeedServer() as server:
        answer = failed(server.serve("/feed", Reply(b"", 503, {"Retry-After": value}))).answer

    assert answer
    assert answer.retry_after is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (204, ErrorKind.EMPTY),
        (206, ErrorKind.HTTP),
        (300, ErrorKind.HTTP),
        (400, ErrorKind.HTTP),
        (401, ErrorKind.BLOCKED),
        (403, ErrorKind.BLOCKED),
        (404, ErrorKind.NOT_FOUND),
        (410, ErrorKind.GONE),
        (418, ErrorKind.HTTP),
        (429, ErrorKind.RATE_LIMITED),
        (500, ErrorKind.HTTP),
        (503, ErrorKind.HTTP),
        (599, ErrorKind.HTTP),
    ],
)
def test_every_status_has_its_class(status: int, kind: ErrorKind) -> None:
    """Rows 54, 55 and 57."""
    with FeedServer() as server:
        result = failed(server.serve("/feed", Reply(b"words", status)))

    assert result.kind is kind
    assert str(status) in result.reason
    assert result.answer
    assert result.answer.status == status


def test_a_challenge_page_is_a_block() -> None:
    """Row 54."""
    with FeedServer() as server:
        reply = Reply(b"<html>Just a moment</html>", 503, {"cf-mitigated": "challenge"})
        result = failed(server.serve("/feed", reply))

    assert result.kind is ErrorKind.BLOCKED


def test_a_delta_is_a_body() -> None:
    """Row 57 (226 IM Used)."""
    with FeedServer() as server:
        assert fetched(server.serve("/feed", Reply(BODY, 226))).body == BODY


def test_a_server_error_is_tried_once() -> None:
    """Row 56."""
    with FeedServer() as server:
        url = server.serve("/feed", [Reply(b"", 500), Reply(BODY)])
        failed(url)

        assert len(server.requests()) == 1


def test_a_connection_closed_without_an_answer_is_tried_once() -> None:
    """Row 56."""
    with FeedServer() as server:
        result = failed(server.serve("/feed", raw()))
        asked = len(server.requests())

    assert result.kind is ErrorKind.CONNECT
    assert asked == 1


def test_early_hints_are_skipped() -> None:
    """Row 58."""
    with FeedServer() as server:
        assert fetched(server.serve("/feed", Reply(BODY, early_hints=True))).body == BODY


@pytest.mark.parametrize("body", [b"", b" \r\n\t "])
def test_an_empty_body_is_a_failure(body: bytes) -> None:
    """Row 86."""
    with FeedServer() as server:
        assert failed(server.serve("/feed", Reply(body))).kind is ErrorKind.EMPTY


def test_an_answer_that_is_not_http_is_a_failure() -> None:
    """Row 57."""
    with FeedServer() as server:
        assert failed(server.serve("/feed", raw(b"220 mail.mill.example ESMTP\r\n\r\n"))).kind is ErrorKind.HTTP
