"""Dates: certain, guessed or none; never wrong and certain."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.model import DateKind, Entry
from pipeline.parse.dates import Dated, parse_date, settle

NOW = datetime(2025, 1, 10, 12, 0, tzinfo=UTC)
TEN = datetime(2025, 1, 6, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        "Mon, 06 Jan 2025 10:00:00 GMT",
        "Mon, 6 Jan 2025 11:00 +0100",
        "06 Jan 2025 10:00:00 UT",
        "Mon, 06 Jan 2025 10:00:00 +0000 (UTC)",
        "2025-01-06T10:00:00Z",
        "2025-01-06T05:00:00.123-05:00",
        "2025-01-06 11:00:00 +0100",
        "20250106T100000Z",
        "Seg, 06 Jan 2025 07:00:00 -0300",
        "  2025-01-06T10:00Z\n",
    ],
)
def test_a_date_with_an_unmistakable_zone_is_given(raw: str) -> None:
    assert parse_date(raw) == Dated(TEN, DateKind.GIVEN)


@pytest.mark.parametrize(
    "raw",
    [
        "06 Jan 25 10:00 GMT",
        "Mon, 06 Jan 2025 10:00:00",
        "Mon, 06 Jan 2025 05:00:00 EST",
        "Mon, 06 Jan 2025 11:00:00 CET",
        "Mon, 06 Jan 2025 13:00:00 MSK",
        "Mon, 06 Jan 2025 15:30:00 IST",
        "Mon, 06 Jan 2025 12:00:00 GMT+2",
        "Mon, 06 Jan 2025 10:00:00 +9999",
        "Mon, 06-Jan-2025 10:00:00 GMT",
        "2025-01-06 10:00",
        "2025/01/06 10:00:00",
        "06.01.2025 10:00",
        "1/6/2025 10:00 AM",
        "January 6, 2025 10:00 AM",
        "Mon Jan  6 10:00:00 2025",
        "Mon Jan 6 02:00:00 PST 2025",
        "Mo, 06 Jan 2025 11:00:00 +0100",
        "6. Januar 2025, 10:00 Uhr",
        "lun., 06 janv. 2025 11:00:00 +0100",
        "6 janvier 2025 10h00",
        "lunes, 6 de enero de 2025 10:00",
        "6 января 2025 г. 13:00 MSK",
        "2025年1月6日 10:00",
        "1736157600",
        "1736157600000",
    ],
)
def test_a_date_to_which_something_must_be_added_is_guessed(raw: str) -> None:
    assert parse_date(raw) == Dated(TEN, DateKind.GUESSED)


def test_a_weekday_that_looks_like_a_month_is_none() -> None:
    dated = parse_date("mar. 7 janvier 2025 10:00")

    assert dated is not None
    assert dated.moment == datetime(2025, 1, 7, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2025-01-06", datetime(2025, 1, 6, tzinfo=UTC)),
        ("20250106", datetime(2025, 1, 6, tzinfo=UTC)),
        ("13/1/2025", datetime(2025, 1, 13, tzinfo=UTC)),
        ("1/13/2025 12:15 am", datetime(2025, 1, 13, 0, 15, tzinfo=UTC)),
        ("Mon, 06 Jan 2025 24:00:00 GMT", datetime(2025, 1, 7, tzinfo=UTC)),
        ("Tue, 31 Dec 2024 23:59:60 GMT", datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_odd_days_and_hours_are_read(raw: str, moment: datetime) -> None:
    dated = parse_date(raw)

    assert dated is not None
    assert dated.moment == moment


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "yesterday-ish",
        "1/6/2025",  # January or June
        "Sun, 30 Feb 2025 10:00:00 GMT",
        "2025-13-45T10:00:00Z",
        "1/1/1970",
        "0000-00-00 00:00:00",
        "9999-12-31T23:59:59-05:00",
        "10:00",
        "2025",
        "0",
        "9" * 5000,
        "Mon, 06 Jan 2025 10:00:00 GMT" + " " * 20 + "x" * 100,
    ],
)
def test_what_cannot_be_known_is_none(raw: str) -> None:
    assert parse_date(raw) is None


@pytest.mark.parametrize("raw", ["Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 +0000"])
def test_a_date_before_the_web_is_told_and_not_believed(raw: str) -> None:
    dated = parse_date(raw)

    assert dated is not None
    assert (dated.moment.year, dated.kind) == (int(raw[12:16]), DateKind.GUESSED)
    stored = settle(entry(dated.moment, dated.kind), now=NOW, first_poll=True)
    assert (stored.published_at, stored.date_kind) == (NOW, DateKind.SEEN)


def test_feedparsers_reading_serves_as_a_guess_where_it_can_be_right() -> None:
    korean = time.struct_time((2025, 1, 6, 1, 0, 0, 0, 6, 0))
    half_a_year = time.struct_time((1995, 6, 6, 0, 0, 0, 0, 157, 0))

    assert parse_date("2025 Idus Januariae", korean) == Dated(datetime(2025, 1, 6, 1, tzinfo=UTC), DateKind.GUESSED)
    assert parse_date("Idus 157", half_a_year) is None


def entry(published: datetime | None, kind: DateKind = DateKind.GIVEN, updated: datetime | None = None) -> Entry:
    return Entry("id", "https://a.example/feed", "t", published_at=published, date_kind=kind, updated_at=updated)


def test_an_entry_without_a_title_is_stored_under_the_first_words_of_its_text() -> None:
    untitled = replace(entry(TEN), title="", text="Only this.")

    assert settle(untitled, now=NOW, first_poll=True).title == "Only this."


def test_a_date_that_may_be_is_stored_as_it_is() -> None:
    told = entry(TEN, updated=TEN + timedelta(hours=1))
    ahead = entry(NOW + timedelta(minutes=9))

    assert settle(told, now=NOW, first_poll=False) == told
    assert settle(ahead, now=NOW, first_poll=False) == ahead


@pytest.mark.parametrize("absent", [None, datetime(1970, 1, 1, tzinfo=UTC), datetime(1989, 12, 31, tzinfo=UTC)])
@pytest.mark.parametrize("first_poll", [True, False])
def test_an_entry_without_a_date_has_the_time_it_was_seen(absent: datetime | None, first_poll: bool) -> None:
    settled = settle(entry(absent), now=NOW, first_poll=first_poll)

    assert (settled.published_at, settled.date_kind) == (NOW, DateKind.SEEN)


def test_a_future_date_is_clamped_and_guessed() -> None:
    settled = settle(entry(NOW + timedelta(days=40), updated=NOW + timedelta(days=40)), now=NOW, first_poll=False)

    assert (settled.published_at, settled.date_kind) == (NOW, DateKind.GUESSED)
    assert settled.updated_at == NOW


def test_on_a_first_poll_a_calendar_of_coming_events_is_undated_but_a_wrong_zone_is_not() -> None:
    event = settle(entry(NOW + timedelta(days=40)), now=NOW, first_poll=True)
    wrong_zone = settle(entry(NOW + timedelta(hours=5)), now=NOW, first_poll=True)

    assert (event.published_at, event.date_kind) == (NOW, DateKind.SEEN)
    assert (wrong_zone.published_at, wrong_zone.date_kind) == (NOW, DateKind.GUESSED)
