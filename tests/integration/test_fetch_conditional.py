"""Conditional requests against a real server; the numbers are rows of the behaviour catalogue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.fetch import PollingOptions, next_state
from pipeline.model import ErrorKind, FetchFailed, NotModified
from tests.builders_fetch import BODY, NOW, due, failed, fetched, poll, poll_often
from tests.feed_server import FeedServer, Raw, Reply, Seen, raw, redirect

DATE = "Tue, 03 Mar 2026 08:00:00 GMT"


def test_both_validators_go_back_byte_for_byte() -> None:
    """Row 1."""
    with FeedServer() as server:
        url = server.serve("/feed", Reply(BODY, etag='"a-1"', last_modified=DATE))
        state = poll_often(url, 2)
        first, second = server.requests("/feed")

    assert "if-none-match" not in first.headers
    assert "if-modified-since" not in first.headers
    assert second.headers["if-none-match"] == '"a-1"'
    assert second.headers["if-modified-since"] == DATE
    assert state.status == 304


@pytest.mark.parametrize(
    ("reply", "sent"),
    [
        (Reply(BODY, etag='"a"'), {"if-none-match"}),
        (Reply(BODY, last_modified=DATE), {"if-modified-since"}),
        (Reply(BODY), set()),
    ],
)
def test_only_what_was_given_is_sent(reply: Reply, sent: set[str]) -> None:
    """Row 2."""
    with FeedServer() as server:
        poll_often(server.serve("/feed", reply), 2)
        second = server.requests("/feed")[1]

    assert {"if-none-match", "if-modified-since"} & second.headers.keys() == sent


@pytest.mark.parametrize("etag", ['W/"x"', "unquoted", '"x-gzip"', '"x;br"', '"caf\xe9"'])
def test_an_odd_tag_goes_back_as_it_came(etag: str) -> None:
    """Row 3."""
    with FeedServer() as server:
        poll_often(server.serve("/feed", Reply(BODY, etag=etag)), 2)
        second = server.requests("/feed")[1]

    assert second.headers["if-none-match"] == etag


@pytest.mark.parametrize("date", ["yesterday, around noon", "2026-03-03T08:00:00", "Fri, 01 Jan 2094 00:00:00 GMT"])
def test_an_odd_or_future_date_goes_back_as_it_came(date: str) -> None:
    """Rows 4 and 14."""
    with FeedServer() as server:
        poll_often(server.serve("/feed", Reply(BODY, last_modified=date)), 2)
        second = server.requests("/feed")[1]

    assert second.headers["if-modified-since"] == date


def test_new_validators_of_the_same_body_are_taken() -> None:
    """Row 5."""
    with FeedServer() as server:
        url = server.serve("/feed", [Reply(BODY, etag='"1"'), Reply(BODY, etag='"2"', last_modified=DATE)])
        state = poll_often(url, 2)

    assert (state.etag, state.last_modified) == ('"2"', DATE)


def test_a_304_may_bring_newer_validators() -> None:
    """Row 6."""
    with FeedServer() as server:
        newer = Reply(status=304, etag='"2"', last_modified=DATE)
        state = poll_often(server.serve("/feed", [Reply(BODY, etag='"1"'), newer]), 2)

    assert (state.etag, state.last_modified) == ('"2"', DATE)


def test_a_bare_304_keeps_the_old_validators() -> None:
    """Row 7."""
    with FeedServer() as server:
        state = poll_often(server.serve("/feed", [Reply(BODY, etag='"1"'), Reply(status=304)]), 2)

    assert (state.status, state.etag) == (304, '"1"')


def test_a_full_answer_without_validators_clears_them() -> None:
    """Row 8."""
    with FeedServer() as server:
        replies = [Reply(BODY, etag='"1"', last_modified=DATE), Reply(BODY, last_modified="later")]
        state = poll_often(server.serve("/feed", replies), 2)

    assert (state.etag, state.last_modified) == ("", "later")


def test_validators_of_an_error_are_ignored() -> None:
    """Row 9."""
    with FeedServer() as server:
        replies = [Reply(BODY, etag='"good"'), Reply(b"sorry", 500, etag='"error"')]
        state = poll_often(server.serve("/feed", replies), 2)

    assert (state.status, state.etag) == (500, '"good"')


def test_validators_of_a_page_that_is_no_feed_are_ignored() -> None:
    """Row 10: the caller turns the unreadable body into a failure."""
    with FeedServer() as server:
        page = fetched(server.serve("/feed", Reply(b"<html>Welcome</html>", etag='"page"')))
    before = due(page.answer.url, etag='"good"')
    no_feed = FetchFailed(ErrorKind.NOT_A_FEED, "an HTML page", page.answer)
    state = next_state(before, no_feed, None, now=NOW, new=0, options=PollingOptions())

    assert state.etag == '"good"'
    assert state.error_kind is ErrorKind.NOT_A_FEED


@pytest.mark.parametrize(
    "cut",
    [
        Reply(BODY, etag='"2"', announced=10_000),
        raw(b'HTTP/1.1 200 OK\r\nETag: "2"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n'),
    ],
    ids=["by length", "by chunks"],
)
def test_a_body_that_was_cut_is_incomplete_and_its_validators_are_not_taken(cut: Reply | Raw) -> None:
    """Row 11."""
    with FeedServer() as server:
        state = poll_often(server.serve("/feed", [Reply(BODY, etag='"1"'), cut]), 2)

    assert state.error_kind is ErrorKind.TRUNCATED
    assert state.etag == '"1"'


def test_validators_are_sent_although_nothing_may_be_stored() -> None:
    """Row 15."""
    with FeedServer() as server:
        headers = {"Expires": "0", "Cache-Control": "no-store, no-cache"}
        state = poll_often(server.serve("/feed", Reply(BODY, etag='"1"', headers=headers)), 2)

    assert state.status == 304


def test_validators_belong_to_the_address_that_gave_them() -> None:
    """Row 16."""
    with FeedServer() as server:
        server.serve("/target", Reply(BODY, etag='"t"'))
        url = server.serve("/feed", redirect("/target", ETag='"hop"'))
        state = poll_often(url, 2)
        hops = [(seen.path, seen.headers.get("if-none-match")) for seen in server.requests()[2:]]

    assert hops == [("/feed", None), ("/target", '"t"')]
    assert state.status == 304
    assert state.current_url.endswith("/target")


def test_a_redirect_that_leads_elsewhere_gets_no_validators() -> None:
    """Row 16."""
    with FeedServer() as server:
        server.serve("/one", Reply(BODY, etag='"one"'))
        server.serve("/two", Reply(BODY, etag='"two"'))
        state = poll_often(server.serve("/feed", [redirect("/one"), redirect("/two")]), 2)
        [asked] = server.requests("/two")

    assert "if-none-match" not in asked.headers
    assert state.etag == '"two"'


def test_a_304_that_was_not_asked_for_is_a_failure() -> None:
    """Row 13: a frozen server shows when it is asked without validators."""
    with FeedServer() as server:
        result = failed(server.serve("/feed", Reply(status=304)))

    assert result.kind is ErrorKind.HTTP


def test_a_frozen_server_is_asked_in_full_within_eight_days() -> None:
    """Row 13."""

    def frozen(seen: Seen) -> Reply:
        return Reply(status=304) if "if-none-match" in seen.headers else Reply(BODY, etag='"2"')

    with FeedServer() as server:
        url = server.serve("/feed", frozen)
        turn = due(url, etag='"1"', current_url=url, last_full_at=NOW - timedelta(days=8))
        state = next_state(turn, poll(turn), None, now=NOW, new=0, options=PollingOptions())
        again = poll(due(url, etag=state.etag, current_url=url))

    assert state.etag == ""
    assert not isinstance(again, NotModified)
