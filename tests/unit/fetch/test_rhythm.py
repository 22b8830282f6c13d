"""The interval that fits a feed's pace; the numbers are rows of the behaviour catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch import PollingOptions, next_state
from pipeline.fetch.rhythm import interval_of
from pipeline.model import DateKind, Document, Due, Entry, Feed, FeedState
from tests.builders_fetch import NOW, document, ok, same

URL = "https://mill.example/feed"
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPTIONS = PollingOptions()


def _interval(
    doc: Document | None, *, now: datetime = NOW, new: int = 0, options: PollingOptions = OPTIONS, **state: Any
) -> timedelta:
    return interval_of(FeedState(URL, **state), doc, now=now, new=new, options=options)


def _of_ages(ages: Sequence[timedelta]) -> Document:
    """A document whose entries are so old."""
    entries = [
        Entry(str(place), URL, "", published_at=NOW - age, date_kind=DateKind.GIVEN) for place, age in enumerate(ages)
    ]
    return Document(document().info, tuple(entries))


# --------------------------------------------------------------------------- from the dates of a document


@pytest.mark.parametrize(
    ("every", "minutes"),
    [(7.5 * MINUTE, 10.7), (15 * MINUTE, 17), (HOUR, 43), (8 * HOUR, 172), (DAY, 357), (30 * DAY, 720), (SECOND, 10)],
)
def test_eight_times_the_pace_is_asked_four_times_as_often(every: timedelta, minutes: int) -> None:
    """Row 35: here the gap that is still open is a whole one, and counts as half: hence 43 for 40."""
    assert _interval(document(every=every)) / MINUTE == pytest.approx(minutes, abs=1)


def test_the_interval_of_an_hourly_feed_is_an_option() -> None:
    hourly = document(every=HOUR)

    doubled = _interval(hourly, options=PollingOptions(hourly_interval=80 * MINUTE))

    assert doubled / _interval(hourly) == pytest.approx(2)


def test_a_burst_is_noticed_in_a_long_document() -> None:
    """Row 35."""
    daily = [HOUR + day * DAY for day in range(1, 20)]
    burst = [10 * MINUTE * place for place in range(1, 6)]

    assert _interval(_of_ages([*burst, *daily])) < 0.5 * _interval(_of_ages(daily))


def test_new_gaps_count_for_more_than_old_ones() -> None:
    """Row 35: ten entries an hour apart and ten a day apart, either way round."""
    slower = [HOUR * place for place in range(1, 11)] + [10 * HOUR + DAY * place for place in range(1, 11)]
    faster = [HOUR + DAY * place for place in range(10)] + [10 * DAY + HOUR * place for place in range(1, 11)]

    assert _interval(_of_ages(slower)) < 0.8 * _interval(_of_ages(faster))


def test_what_does_not_come_is_noticed_in_an_unchanged_document() -> None:
    """Row 35: a site that answers 200 whether or not there is something new."""
    waits = [_interval(document(every=HOUR, newest=NOW - quiet)) for quiet in (0 * HOUR, 12 * HOUR, 5 * DAY)]

    assert waits == sorted(waits)
    assert waits[2] > 2 * waits[0]


def test_entries_that_are_pinned_from_long_ago_are_left_out() -> None:
    """Row 35."""
    hourly = [HOUR * place for place in range(1, 15)]

    assert _interval(_of_ages([*hourly, 400 * DAY, 2000 * DAY])) == _interval(_of_ages(hourly))


def test_entries_beyond_the_newest_twenty_one_tell_nothing() -> None:
    """Row 35: the length of the document must not matter."""
    assert _interval(document(every=HOUR, count=21)) == _interval(document(every=HOUR, count=500))


def test_dates_that_cannot_tell_a_pace_are_not_used() -> None:
    """Row 35: one date for all (that of the build), dates in the future, guessed dates, no dates."""
    future = document(every=HOUR, count=5, newest=NOW + 10 * DAY)
    guessed = tuple(replace(entry, date_kind=DateKind.GUESSED) for entry in document(every=HOUR).entries)

    assert _interval(_of_ages([HOUR] * 20)) == OPTIONS.default_interval
    assert _interval(future) == OPTIONS.default_interval
    assert _interval(Document(future.info, guessed)) == OPTIONS.default_interval
    assert _interval(document()) == OPTIONS.default_interval


def test_the_longest_gaps_and_the_shortest_options_go_together() -> None:
    """No arithmetic overflows."""
    tiny = PollingOptions(hourly_interval=SECOND, max_interval=7 * DAY)

    assert _interval(None, interval=7 * DAY, last_ok_at=NOW - 9000 * DAY, options=tiny) == 7 * DAY
    assert _interval(_of_ages([SECOND, 200_000 * DAY])) == OPTIONS.max_interval


# --------------------------------------------------------------------------- without dates, without a document


def test_an_undated_feed_is_felt_out() -> None:
    """Row 35."""
    before = {"interval": HOUR, "last_polled_at": NOW - HOUR}

    assert _interval(document(), **before) == 66 * MINUTE
    assert _interval(document(), new=8, **before) == 35 * MINUTE


def test_a_silent_feed_is_asked_ever_less() -> None:
    """Row 35."""
    state = FeedState(URL, interval=40 * MINUTE, last_full_at=NOW, last_ok_at=NOW)
    now, intervals = NOW, []
    for _ in range(200):
        now += state.interval or HOUR
        state = next_state(Due(Feed(URL), state), same(), None, now=now, new=0, options=OPTIONS)
        intervals.append(state.interval or HOUR)

    assert intervals == sorted(intervals)
    assert intervals[0] / MINUTE == pytest.approx(43.5, abs=0.1)
    assert OPTIONS.max_interval / 2 < intervals[-1] <= OPTIONS.max_interval


def test_a_304_tells_about_as_much_as_the_same_document_would() -> None:
    """Row 35: nothing but the last interval is remembered of the document."""
    then, now = document(every=HOUR, newest=NOW), NOW + 6 * HOUR
    state = FeedState(URL, last_full_at=NOW, last_ok_at=NOW, interval=_interval(then))

    unchanged = interval_of(state, None, now=now, new=0, options=OPTIONS)

    assert unchanged / _interval(then, now=now) == pytest.approx(1, abs=0.1)
    assert unchanged > 1.3 * _interval(then)


# --------------------------------------------------------------------------- always


AGES = st.lists(st.timedeltas(SECOND, 4000 * DAY), max_size=40)


@given(ages=AGES, interval=st.none() | st.timedeltas(SECOND, 7 * DAY), quiet=st.timedeltas(SECOND, 4000 * DAY))
def test_the_interval_is_within_its_bounds(ages: list[timedelta], interval: timedelta | None, quiet: timedelta) -> None:
    state: dict[str, Any] = {"interval": interval, "last_ok_at": NOW - quiet, "last_polled_at": NOW - quiet}
    state["last_full_at"] = NOW - quiet

    assert OPTIONS.min_interval <= _interval(_of_ages(ages), new=len(ages), **state) <= OPTIONS.max_interval
    assert OPTIONS.min_interval <= _interval(None, **state) <= max(OPTIONS.max_interval, interval or SECOND)


@given(ages=AGES, slower=st.integers(1, 50))
def test_a_slower_feed_is_never_asked_more_often(ages: list[timedelta], slower: int) -> None:
    assert _interval(_of_ages(ages)) <= _interval(_of_ages([age * slower for age in ages]))


@given(ages=AGES, data=st.data())
def test_the_interval_depends_on_dates_and_not_on_their_order(ages: list[timedelta], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(ages))

    assert _interval(_of_ages(ages)) == _interval(_of_ages(shuffled))


@given(
    ages=st.lists(st.timedeltas(SECOND, 4000 * DAY), min_size=2, max_size=40, unique=True), silence=st.integers(0, 99)
)
def test_a_long_silence_is_forgotten_with_the_first_new_document(ages: list[timedelta], silence: int) -> None:
    asleep = {"interval": OPTIONS.max_interval, "last_full_at": NOW - silence * DAY, "last_ok_at": NOW - HOUR}

    assert _interval(_of_ages(ages), new=1, **asleep) == _interval(_of_ages(ages), new=1)


@given(gaps=st.lists(st.timedeltas(MINUTE, 3 * DAY), min_size=1, max_size=12), url=st.integers(0, 1000))
def test_no_entry_waits_longer_than_the_longest_interval(gaps: list[timedelta], url: int) -> None:
    """A feed replayed: each poll finds what is new, or a 304; nobody starves, however the feed publishes."""
    dates = [NOW]
    for gap in gaps:
        dates.append(dates[-1] + gap)
    feed = Feed(f"{URL}/{url}")
    state, now, known = FeedState(feed.url), NOW + SECOND, 0
    while known < len(dates):
        shown = [date for date in dates if date < now]
        new, known = len(shown) - known, len(shown)
        entries = [Entry(str(date), feed.url, "", published_at=date, date_kind=DateKind.GIVEN) for date in shown]
        result, doc = (ok(), Document(document().info, tuple(entries))) if new else (same(), None)
        state = next_state(Due(feed, state), result, doc, now=now, new=new, options=OPTIONS)
        assert state.next_poll_at
        assert OPTIONS.min_interval <= state.next_poll_at - now <= 1.1 * OPTIONS.max_interval + SECOND
        now = state.next_poll_at
