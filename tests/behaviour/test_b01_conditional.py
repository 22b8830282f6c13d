"""Rows 1 to 21 of docs/behaviour.md: conditional requests and what is remembered for them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from pipeline.model import ErrorKind
from tests.builders_behaviour import DAY, HOUR, NOW, Desk, entries, frozen, rss
from tests.feed_server import Raw, Reply, raw, redirect

DATE = "Tue, 03 Mar 2026 08:00:00 GMT"
ONE = rss("One")


def test_row_01_both_validators_go_back_byte_for_byte(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", rss("One", etag='"a-1"', last_modified=DATE)))
    desk.poll()
    report = desk.poll()

    assert desk.sent() == [(None, None), ('"a-1"', DATE)]
    assert report.not_modified == 1


@pytest.mark.parametrize(
    ("reply", "sent"),
    [
        (rss("One", etag='"a"'), ('"a"', None)),
        (rss("One", last_modified=DATE), (None, DATE)),
        (rss("One", channel=f"<lastBuildDate>{DATE}</lastBuildDate>"), (None, None)),
    ],
    ids=["tag", "date", "neither"],
)
def test_row_02_only_what_was_given_is_sent(desk: Desk, reply: Reply, sent: tuple[str | None, str | None]) -> None:
    desk.watch(desk.server.serve("/feed", reply))
    desk.poll()
    desk.poll()

    assert desk.sent()[1] == sent


@pytest.mark.parametrize("etag", ['W/"x"', "unquoted", '"x-gzip"', '"x;br"', '"caf\xe9"'])
def test_row_03_an_odd_tag_goes_back_as_it_came(desk: Desk, etag: str) -> None:
    desk.watch(desk.server.serve("/feed", rss("One", etag=etag)))
    desk.poll()
    desk.poll()

    assert desk.sent()[1] == (etag, None)


@pytest.mark.parametrize("date", ["yesterday, around noon", "2026-03-03T08:00:00", "Tuesday, 03-Mar-26 08:00:00 GMT"])
def test_row_04_an_odd_date_goes_back_as_it_came(desk: Desk, date: str) -> None:
    desk.watch(desk.server.serve("/feed", rss("One", last_modified=date)))
    desk.poll()
    desk.poll()

    assert desk.sent()[1] == (None, date)


def test_row_05_new_validators_with_the_same_body_are_taken(desk: Desk) -> None:
    replies = [rss("One", etag='"1"'), rss("One", etag='"2"', last_modified=DATE)]
    desk.watch(desk.server.serve("/feed", replies))
    for _ in range(3):
        desk.poll()

    assert desk.sent() == [(None, None), ('"1"', None), ('"2"', DATE)]


def test_row_06_newer_validators_of_a_304_are_taken(desk: Desk) -> None:
    replies = [rss("One", etag='"1"'), Reply(status=304, etag='"2"', last_modified=DATE)]
    desk.watch(desk.server.serve("/feed", replies))
    for _ in range(3):
        desk.poll()

    assert desk.sent()[2] == ('"2"', DATE)


def test_row_07_a_bare_304_keeps_the_old_validators(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", [rss("One", etag='"1"', last_modified=DATE), Reply(status=304)]))
    for _ in range(3):
        desk.poll()

    assert desk.sent()[2] == ('"1"', DATE)


def test_row_08_a_validator_that_is_gone_from_a_full_answer_is_dropped(desk: Desk) -> None:
    replies = [rss("One", etag='"1"', last_modified=DATE), rss("Two", last_modified="later"), rss("Three")]
    desk.watch(desk.server.serve("/feed", replies))
    for _ in range(4):
        desk.poll()

    assert desk.sent()[1:] == [('"1"', DATE), (None, "later"), (None, None)]


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_row_09_validators_of_an_error_are_ignored(desk: Desk, status: int) -> None:
    replies = [rss("One", etag='"good"'), Reply(b"sorry", status, etag='"bad"', last_modified=DATE)]
    desk.watch(desk.server.serve("/feed", replies))
    for _ in range(3):
        desk.poll()

    assert desk.sent()[2] == ('"good"', None)


@pytest.mark.parametrize(
    "body",
    [b"<html><h1>Welcome</h1></html>", b"\x00\x01garbage", b"", b" \r\n"],
    ids=["page", "garbage", "empty", "blank"],
)
def test_row_10_validators_of_what_is_no_feed_are_ignored(desk: Desk, body: bytes) -> None:
    replies = [rss("One", etag='"good"'), Reply(body, etag='"bad"', last_modified=DATE)]
    desk.watch(desk.server.serve("/feed", replies))
    for _ in range(3):
        desk.poll()

    assert desk.sent()[2] == ('"good"', None)


def test_row_10_a_document_that_breaks_off_gives_its_entries_and_no_validators(desk: Desk) -> None:
    whole = rss("Two", "One").body
    assert isinstance(whole, bytes)
    desk.watch(desk.server.serve("/feed", Reply(whole[: whole.index(b"<title>One")], etag='"cut"')))
    desk.poll()
    desk.poll()

    assert desk.titles() == {"Two"}
    assert desk.sent()[1] == (None, None)


@pytest.mark.parametrize(
    "cut",
    [
        Reply(ONE.body, etag='"2"', announced=10_000),
        raw(b'HTTP/1.1 200 OK\r\nETag: "2"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n'),
    ],
    ids=["by length", "by chunks"],
)
def test_row_11_a_body_cut_on_the_way_is_incomplete_and_its_validators_are_not_taken(
    desk: Desk, cut: Reply | Raw
) -> None:
    desk.watch(desk.server.serve("/feed", [rss("One", etag='"1"'), cut]))
    desk.poll()
    desk.poll()

    assert desk.state().error_kind is ErrorKind.TRUNCATED
    assert desk.state().etag == '"1"'


def test_row_12_another_body_under_the_same_tag_is_read(desk: Desk) -> None:
    same_tag = {"ETag": '"same"'}
    desk.watch(desk.server.serve("/feed", [rss("One", headers=same_tag), rss("Two", "One", headers=same_tag)]))
    desk.poll()
    desk.poll()

    assert desk.sent()[1] == ('"same"', None)
    assert desk.titles() == {"One", "Two"}


def test_row_13_a_server_frozen_on_304_is_asked_in_full_once_in_a_week(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", frozen(rss(*entries(1, 20), etag='"1"'))))
    desk.poll()
    for _ in range(4 * 13):
        desk.poll(after=6 * HOUR)

    in_full = [number / 4 for number, validators in enumerate(desk.sent()) if validators == (None, None)]
    assert len(in_full) == 2
    assert 7 <= in_full[1] <= 8.5


def test_row_13_a_feed_of_few_entries_is_trusted_for_longer(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", frozen(rss(*entries(1, 12), every=14 * DAY, etag='"1"'))))
    desk.poll()
    for _ in range(20):
        desk.poll(after=DAY)

    assert desk.sent()[1:] == [('"1"', None)] * 20


def test_row_14_a_date_in_the_future_goes_back_as_it_came_and_blocks_for_a_week_at_most(desk: Desk) -> None:
    future = "Fri, 01 Jan 2094 00:00:00 GMT"
    desk.watch(desk.server.serve("/feed", frozen(rss(*entries(1, 20), last_modified=future))))
    for _ in range(12):
        desk.poll(after=DAY)

    assert desk.sent()[1] == (None, future)
    assert desk.sent().count((None, None)) == 2


def test_row_15_validators_are_sent_although_nothing_may_be_stored(desk: Desk) -> None:
    headers = {"Expires": "0", "Cache-Control": "no-store, no-cache"}
    desk.watch(desk.server.serve("/feed", rss("One", etag='"1"', headers=headers)))
    desk.poll()

    assert desk.poll().not_modified == 1


def test_row_16_validators_belong_to_the_address_that_gave_them(desk: Desk) -> None:
    desk.server.serve("/target", rss("One", etag='"t"'))
    desk.watch(desk.server.serve("/feed", redirect("/target", ETag='"hop"')))
    desk.poll()
    report = desk.poll()

    assert desk.sent("/feed") == [(None, None)] * 2
    assert desk.sent("/target") == [(None, None), ('"t"', None)]
    assert report.not_modified == 1


def test_row_16_a_redirect_that_leads_elsewhere_gets_no_validators(desk: Desk) -> None:
    desk.server.serve("/one", rss("One", etag='"one"'))
    desk.server.serve("/two", rss("Two", etag='"two"'))
    desk.watch(desk.server.serve("/feed", [redirect("/one"), redirect("/two")]))
    desk.poll()
    desk.poll()

    assert desk.sent("/two") == [(None, None)]
    assert desk.state().etag == '"two"'


@pytest.mark.parametrize(
    "changed",
    [
        {"headers": {"Authorization": "Bearer two"}},
        {"headers": {"Accept-Language": "de"}},
        {"fetch": 'user_agent = "mill-reader/2 (+https://mill.example/)"'},
    ],
    ids=["credentials", "header", "user agent"],
)
def test_row_17_validators_are_dropped_when_the_feed_is_asked_otherwise(desk: Desk, changed: dict[str, Any]) -> None:
    url = desk.server.serve("/feed", rss("One", etag='"1"'))
    desk.watch(url, headers={"Authorization": "Bearer one"})
    desk.poll()
    desk.poll()
    desk.watch(url, **changed)
    desk.poll()
    desk.poll()

    assert desk.sent() == [(None, None), ('"1"', None), (None, None), ('"1"', None)]


def test_row_17_the_database_holds_nothing_of_the_credentials(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", ONE), headers={"Authorization": "Bearer s3cret"})
    desk.poll()

    assert len(desk.state().asked_as) == 4
    assert b"s3cret" not in (desk.directory / "newsward.db").read_bytes()


def test_row_18_what_a_poll_that_could_not_be_written_brought_comes_with_the_next(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", [rss("One", etag='"1"'), rss("Two", "One", etag='"2"')]))
    desk.poll()
    with closing(sqlite3.connect(desk.directory / "newsward.db")) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
        desk.poll()
        kept = desk.state().etag
        connection.execute("DROP TRIGGER full")
    desk.poll()

    assert kept == '"1"'
    assert desk.titles() == {"One", "Two"}


def test_row_19_a_poll_forced_by_hand_is_conditional_too(desk: Desk) -> None:
    url = desk.server.serve("/feed", rss("One", etag='"1"'))
    desk.watch(url)
    first, second = desk.line(url), desk.line(url)

    assert [(line["status"], line["not_modified"]) for line in (first, second)] == [(200, False), (304, True)]
    assert desk.sent() == [(None, None), ('"1"', None)]


def test_row_20_a_delta_adds_and_removes_nothing(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", [rss("Two", "One", etag='"1"'), rss("Three", status=226, etag='"2"')]))
    desk.poll()
    desk.poll()

    assert desk.titles() == {"One", "Two", "Three"}
    assert desk.state().etag == '"2"'


def test_row_21_unconditional_requests_are_counted_and_at_most_one_a_day(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", frozen(rss(*entries(1, 20), etag='"1"'))))
    for _ in range(4 * 10):
        desk.poll(after=6 * HOUR)

    counted = desk.ask("SELECT date(fetched_at), count(*) FROM fetches WHERE conditional = 0 GROUP BY 1 ORDER BY 1")
    assert [number for _, number in counted] == [1, 1]
    assert str(counted[0][0]) == f"{NOW + timedelta(hours=6):%Y-%m-%d}"
    assert desk.ask("SELECT count(*) FROM fetches WHERE conditional = 1") == [(38,)]
