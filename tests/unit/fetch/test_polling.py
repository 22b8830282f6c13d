"""What a poll leaves behind and when the next one is due; the numbers are rows of the behaviour catalogue."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch import PollingOptions, next_state
from pipeline.fetch.polling import FINISHED, GONE, overlap_of, rested, squeezed
from pipeline.model import Document, Due, ErrorKind, Feed, FeedState, FetchFailed, FetchResult, Hints
from tests.builders_fetch import NOW, answer, document, due, ok, same

URL = "https://mill.example/feed"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPTIONS = PollingOptions()


def _after(
    result: FetchResult,
    doc: Document | None = None,
    *,
    now: datetime = NOW,
    new: int = 0,
    url: str = URL,
    **state: Any,
) -> FeedState:
    state.setdefault("last_ok_at", NOW - HOUR)
    return next_state(due(url, **state), result, doc, now=now, new=new, options=OPTIONS)


def _wait(state: FeedState, now: datetime = NOW) -> timedelta:
    assert state.next_poll_at
    return state.next_poll_at - now


def _failed(kind: ErrorKind, **head: Any) -> FetchFailed:
    return FetchFailed(kind, "words", answer(**head) if head else None)


# --------------------------------------------------------------------------- what is remembered


def test_a_full_answer_replaces_each_validator_by_itself() -> None:
    """Rows 1 and 8."""
    state = _after(ok(last_modified="today"), document(), etag='"old"', last_modified="yesterday")

    assert (state.etag, state.last_modified) == ("", "today")
    assert (state.last_full_at, state.last_ok_at, state.last_polled_at) == (NOW, NOW, NOW)
    assert (state.body_hash, state.status) == ("hash", 200)


def test_a_304_replaces_only_what_it_brings() -> None:
    """Rows 6 and 7."""
    before = {"etag": '"old"', "last_modified": "yesterday", "last_full_at": NOW - HOUR, "body_hash": "h"}
    state = _after(same(last_modified="today"), **before)

    assert (state.etag, state.last_modified) == ('"old"', "today")
    assert (state.last_full_at, state.last_ok_at, state.body_hash) == (NOW - HOUR, NOW, "h")


@pytest.mark.parametrize("kind", [ErrorKind.HTTP, ErrorKind.NOT_A_FEED, ErrorKind.TRUNCATED, ErrorKind.EMPTY])
def test_a_failure_leaves_the_good_copy_alone(kind: ErrorKind) -> None:
    """Rows 9, 10 and 11."""
    before = {"etag": '"good"', "answered_url": URL, "body_hash": "h", "last_full_at": NOW - DAY}
    state = _after(_failed(kind, etag='"bad"', url="https://elsewhere.example/"), **before)

    assert (state.etag, state.answered_url, state.body_hash) == ('"good"', URL, "h")
    assert (state.last_full_at, state.last_ok_at, state.last_polled_at) == (NOW - DAY, NOW - HOUR, NOW)


def test_failures_are_counted_and_told() -> None:
    """Row 38."""
    first = _after(_failed(ErrorKind.NOT_FOUND, status=404))
    second = _after(
        FetchFailed(ErrorKind.DNS, "no such name"), now=NOW + HOUR, failures=1, failing_since=first.failing_since
    )

    assert (first.failures, first.failing_since, first.error_kind, first.status) == (1, NOW, ErrorKind.NOT_FOUND, 404)
    assert (second.failures, second.failing_since) == (2, NOW)
    assert (second.error_kind, second.error, second.status) == (ErrorKind.DNS, "no such name", None)


@pytest.mark.parametrize("result", [ok(), same()])
def test_one_success_ends_all_failing(result: FetchResult) -> None:
    """Row 38."""
    state = _after(result, failures=9, failing_since=NOW - DAY, error_kind=ErrorKind.DNS, error="no such name")

    assert (state.failures, state.failing_since, state.error_kind, state.error) == (0, None, None, "")


def test_the_address_that_answered_is_remembered() -> None:
    """Row 16."""
    state = _after(ok(url="https://mill.example/new", asked_as="0af3"), document())

    assert (state.answered_url, state.asked_as, state.current_url) == ("https://mill.example/new", "0af3", "")


def test_after_a_week_of_304_a_full_answer_is_asked_for() -> None:
    """Row 13: at a day of its own for each feed, so that they do not all come at once."""
    asked = []
    for index in range(50):
        url = f"https://mill.example/{index}"
        for day in (6, 7.5, 8):
            state = _after(same(etag='"1"'), url=url, etag='"1"', last_full_at=NOW - day * DAY)
            asked.append((day, state.etag == ""))

    assert (6, True) not in asked
    assert (8, False) not in asked
    assert {(7.5, True), (7.5, False)} <= set(asked)


def test_a_feed_that_wishes_to_be_asked_daily_is_not_trusted_for_ever() -> None:
    """Row 13: its interval says nothing of its pace."""
    state = _after(same(etag='"1"'), etag='"1"', interval=DAY, last_full_at=NOW - 29 * DAY)

    assert state.etag == ""


# --------------------------------------------------------------------------- the next poll of a healthy feed


def test_the_wish_of_the_server_is_a_floor_between_15_minutes_and_a_day() -> None:
    """Rows 22 and 23."""
    for result in (ok, same):
        busy = {"interval": 10 * MINUTE, "last_full_at": NOW - HOUR}

        assert 2 * HOUR <= _wait(_after(result(fresh_for=2 * HOUR), **busy)) <= 2.2 * HOUR
        assert 15 * MINUTE <= _wait(_after(result(fresh_for=MINUTE), **busy)) <= 70 * MINUTE
        assert _wait(_after(result(fresh_for=DAY), **busy)) == DAY


def test_ttl_is_a_floor_also_after_later_304s() -> None:
    """Row 31."""
    busy = document(every=10 * MINUTE, hints=Hints(ttl=3 * HOUR))
    state = _after(ok(), busy)
    later = _after(same(), now=NOW + 4 * HOUR, interval=state.interval, last_full_at=NOW)

    assert 3 * HOUR <= _wait(state) <= 3.3 * HOUR
    assert 3 * HOUR <= _wait(later, NOW + 4 * HOUR) <= 3.3 * HOUR
    assert _wait(_after(ok(), document(every=10 * MINUTE, hints=Hints(ttl=30 * DAY)))) == DAY


def test_update_period_is_a_floor_unless_the_feed_outpaces_it() -> None:
    """Row 32."""
    daily = Hints(update_every=DAY)

    assert _wait(_after(ok(), document(every=6 * HOUR, hints=daily))) == DAY
    assert _wait(_after(ok(), document(every=HOUR, hints=daily))) < HOUR
    assert 15 * MINUTE <= _wait(_after(ok(), document(every=3 * MINUTE, hints=Hints(update_every=MINUTE)))) < HOUR


def test_quiet_hours_and_days_are_kept() -> None:
    """Row 33: NOW is noon of a Wednesday, UTC."""
    hours = _after(ok(), document(every=HOUR, hints=Hints(skip_hours=(12, 13, 14))))
    midnight = _after(ok(), document(every=HOUR, hints=Hints(skip_hours=(*range(12, 25),))))
    days = _after(ok(), document(every=HOUR, hints=Hints(skip_days=(2, 3, 5, 6))))
    night = _after(ok(), document(every=HOUR, hints=Hints(skip_hours=(0, 1, 2))))

    assert 3 * HOUR <= _wait(hours) <= 3.25 * HOUR
    assert 13 * HOUR <= _wait(midnight) <= 13.25 * HOUR
    assert 36 * HOUR <= _wait(days) <= 36.25 * HOUR
    assert _wait(night) < HOUR


@pytest.mark.parametrize(
    "hints",
    [
        Hints(skip_hours=tuple(range(24))),
        Hints(skip_days=tuple(range(7))),
        Hints(skip_days=(2, 3, 4)),
        Hints(skip_days=(5, 6, 0, 2)),
    ],
)
def test_a_list_of_all_hours_or_of_more_than_two_days_in_a_row_is_a_mistake(hints: Hints) -> None:
    """Row 33."""
    assert _wait(_after(ok(), document(every=HOUR, hints=hints))) < HOUR


def test_a_finished_feed_is_not_polled_again() -> None:
    """Row 34."""
    state = _after(ok(), document(hints=Hints(expired=True)))

    assert "finished" in state.disabled
    assert state.next_poll_at is None


def test_feeds_that_start_together_do_not_stay_together() -> None:
    """Row 37."""
    waits = [
        _wait(next_state(due(f"{URL}/{index}"), ok(), document(every=HOUR), now=NOW, new=0, options=OPTIONS))
        for index in range(500)
    ]

    assert min(waits) >= OPTIONS.min_interval
    assert max(sum(start <= wait < start + MINUTE for wait in waits) for start in waits) < 60
    assert max(waits) - min(waits) > 20 * MINUTE


def test_an_unchanged_body_that_was_not_parsed_again_counts_as_silence() -> None:
    state = _after(ok(etag='"2"'), None, interval=40 * MINUTE, last_full_at=NOW - HOUR, etag='"1"')

    unchanged = _after(same(), interval=40 * MINUTE, last_full_at=NOW - HOUR)

    assert (state.interval, state.etag, state.last_full_at) == (unchanged.interval, '"2"', NOW)


# --------------------------------------------------------------------------- the next poll of a failing feed


def test_each_failure_doubles_the_wait_up_to_a_day() -> None:
    """Row 38."""
    waits = [
        _wait(_after(_failed(ErrorKind.CONNECT), interval=HOUR, failures=failures, failing_since=NOW - DAY))
        for failures in range(7)
    ]

    for expected, wait in zip((1, 2, 4, 8, 16, 24, 24), waits, strict=True):
        assert expected * HOUR <= wait <= min(expected * 1.1 * HOUR, DAY) + timedelta(seconds=1)


def test_a_feed_that_fails_for_a_month_is_looked_in_on_weekly() -> None:
    """Row 38: never dropped in silence."""
    state = _after(_failed(ErrorKind.DNS), failures=40, failing_since=NOW - 31 * DAY)

    assert _wait(state) == 7 * DAY
    assert state.disabled == ""


def test_a_plea_to_stay_away_outweighs_the_back_off() -> None:
    """Rows 26 to 28."""
    plea = _failed(ErrorKind.HTTP, status=503, retry_after=30 * HOUR)

    assert _wait(_after(plea, interval=HOUR)) == 30 * HOUR
    assert _wait(_after(plea, failures=40, failing_since=NOW - 31 * DAY)) == 7 * DAY


def test_429_without_a_time_waits_an_hour_and_more() -> None:
    """Row 29."""
    limited = _failed(ErrorKind.RATE_LIMITED, status=429)

    assert HOUR <= _wait(_after(limited, interval=10 * MINUTE)) <= 2.2 * HOUR
    assert 6 * HOUR <= _wait(_after(limited, interval=3 * HOUR)) <= 7.7 * HOUR


def test_429_with_a_short_time_is_not_made_worse() -> None:
    """Row 26."""
    limited = _failed(ErrorKind.RATE_LIMITED, status=429, retry_after=2 * MINUTE)

    assert _wait(_after(limited, interval=20 * MINUTE)) <= 22 * MINUTE + timedelta(seconds=1)


def test_a_site_that_refuses_us_is_left_alone_for_hours() -> None:
    """Row 54."""
    assert _wait(_after(_failed(ErrorKind.BLOCKED, status=403), interval=10 * MINUTE)) >= 2 * HOUR


def test_a_name_that_is_not_known_is_asked_for_less_often_than_one_that_nobody_answered_for() -> None:
    """Row 117."""
    assert 2 * HOUR <= _wait(_after(_failed(ErrorKind.DNS), interval=10 * MINUTE)) <= 3.3 * HOUR
    assert _wait(_after(_failed(ErrorKind.TIMEOUT), interval=10 * MINUTE)) <= 11 * MINUTE


def test_a_feed_that_is_gone_is_retired_aloud() -> None:
    """Row 39."""
    state = _after(_failed(ErrorKind.GONE, status=410))

    assert "410" in state.disabled
    assert state.failures == 1


def test_a_feed_that_is_gone_is_looked_in_on_once() -> None:
    """Row 39."""
    gone = _failed(ErrorKind.GONE, status=410)
    first = _after(gone)
    forced = next_state(Due(Feed(URL), first), gone, None, now=NOW + DAY, new=0, options=OPTIONS)
    last = next_state(Due(Feed(URL), first), gone, None, now=NOW + 30 * DAY, new=0, options=OPTIONS)

    assert _wait(first) == 30 * DAY
    assert forced.next_poll_at == first.next_poll_at
    assert (last.disabled, last.next_poll_at) == (GONE, None)


def test_a_feed_that_was_paused_by_hand_stays_paused() -> None:
    """Row 39: only a person undoes what a person did."""
    assert _after(ok(), document(), disabled="paused by ann").disabled == "paused by ann"
    assert _after(_failed(ErrorKind.GONE, status=410), disabled="paused by ann").disabled == "paused by ann"


@pytest.mark.parametrize("words", [GONE, FINISHED])
def test_a_feed_that_was_retired_is_back_with_a_good_answer(words: str) -> None:
    """Row 39: a poll forced by a person finds it alive."""
    state = _after(ok(), document(every=HOUR), disabled=words)

    assert state.disabled == ""
    assert state.next_poll_at


def test_an_unchanged_answer_brings_back_what_was_gone_and_not_what_is_finished() -> None:
    """Row 34: the document that said so is the one that did not change."""
    gone, finished = _after(same(), disabled=GONE), _after(same(), disabled=FINISHED)

    assert gone.disabled == ""
    assert gone.next_poll_at
    assert (finished.disabled, finished.next_poll_at) == (FINISHED, None)


def test_a_feed_that_still_says_that_it_is_finished_stays_retired() -> None:
    state = _after(ok(), document(hints=Hints(expired=True)), disabled=FINISHED)

    assert (state.disabled, state.next_poll_at) == (FINISHED, None)


@pytest.mark.parametrize(
    "name", ["hourly_interval", "max_interval", "default_interval", "hint_cap", "max_backoff", "dead_interval"]
)
def test_no_wait_can_be_set_that_looks_like_a_fault_of_the_clock(name: str) -> None:
    assert getattr(PollingOptions.model_validate({"max_interval": 7 * DAY, name: 7 * DAY}), name) == 7 * DAY
    with pytest.raises(ValueError, match=rf"{name}\n  Input should be less than or equal"):
        PollingOptions.model_validate({"max_interval": 7 * DAY, name: 7 * DAY + timedelta(seconds=1)})


def test_quiet_days_make_no_wait_longer_than_a_week() -> None:
    """A weekend after the longest interval: the database takes more than 8 days for a fault of the clock."""
    slow = PollingOptions(max_interval=7 * DAY, hint_cap=7 * DAY)
    turn, doc = due(URL, last_ok_at=NOW - HOUR), document(hints=Hints(ttl=7 * DAY, skip_days=(2, 3)))

    state = next_state(turn, ok(), doc, now=NOW, new=0, options=slow)

    assert _wait(state) == 7 * DAY


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="max_interval"):
        PollingOptions(min_interval=DAY)
    with pytest.raises(ValueError, match="hint_cap"):
        PollingOptions(hint_floor=2 * DAY)


# --------------------------------------------------------------------------- always


RESULTS = st.one_of(
    st.builds(ok, fresh_for=st.none() | st.timedeltas(timedelta(0), DAY)),
    st.builds(same, fresh_for=st.none() | st.timedeltas(timedelta(0), DAY)),
    st.sampled_from([_failed(kind) for kind in ErrorKind if kind is not ErrorKind.GONE]),
)


@given(
    result=RESULTS,
    every=st.none() | st.timedeltas(timedelta(seconds=1), 1000 * DAY),
    hints=st.builds(
        Hints,
        ttl=st.none() | st.timedeltas(timedelta(0), 1000 * DAY),
        update_every=st.none() | st.timedeltas(timedelta(0), 1000 * DAY),
        skip_hours=st.lists(st.integers(0, 24), max_size=26).map(tuple),
        skip_days=st.lists(st.integers(0, 6), max_size=8).map(tuple),
    ),
    failures=st.integers(0, 10_000),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=NOW.tzinfo)),
    new=st.integers(0, 500),
)
def test_the_next_poll_is_never_at_once_and_never_far_away(
    result: FetchResult, every: timedelta | None, hints: Hints, failures: int, now: datetime, new: int
) -> None:
    before = {"failures": failures, "failing_since": now - DAY if failures else None, "last_polled_at": now - HOUR}
    turn = due(URL, interval=HOUR, last_full_at=now - DAY, **before)
    doc = document(every=every, newest=now, hints=hints)
    states = [next_state(turn, result, doc, now=now, new=new, options=OPTIONS) for _ in range(2)]

    assert states[0] == states[1]
    assert OPTIONS.min_interval <= _wait(states[0], now) <= 7 * DAY + timedelta(seconds=1)


def test_quiet_hours_hold_after_a_304_too() -> None:
    quiet = _after(ok(), document(every=HOUR, hints=Hints(skip_hours=(12, 13, 14))))

    unchanged = next_state(Due(Feed(URL), quiet), same(), None, now=NOW, new=0, options=OPTIONS)

    assert unchanged.next_poll_at is not None
    assert unchanged.next_poll_at.hour >= 15


def test_the_validators_of_a_document_that_breaks_off_are_not_kept() -> None:
    whole = document(every=HOUR)

    state = _after(ok(etag='"new"', last_modified="today"), replace(whole, is_cut=True), etag='"old"')

    assert (state.etag, state.last_modified) == ("", "")


# --------------------------------------------------------------------------- moves, overlap, rest


def _moves(*results: FetchResult, every: timedelta = 13 * HOUR, start: FeedState | None = None) -> FeedState:
    """The state after polls with these results, so far apart."""
    state = start or FeedState(URL)
    for number, result in enumerate(results):
        now = NOW + number * every
        state = next_state(Due(Feed(URL), state), result, None, now=now, new=0, options=OPTIONS)
    return state


NEW_HOME = "https://new.example/feed"
MOVED = ok(url=NEW_HOME, moved_to=NEW_HOME)


def test_a_failure_in_between_does_not_end_a_row_of_moves() -> None:
    """Row 44: a network that was down says nothing of the redirect."""
    assert _moves(MOVED, MOVED, _failed(ErrorKind.CONNECT), MOVED).current_url == NEW_HOME


def test_another_target_begins_a_row_of_its_own() -> None:
    """Row 44."""
    state = _moves(MOVED, MOVED, ok(moved_to="https://other.example/feed"))

    assert (state.current_url, state.moved_to, state.moved_polls) == ("", "https://other.example/feed", 1)


def test_a_move_back_to_the_configured_address_is_none() -> None:
    """Row 44."""
    away = FeedState(URL, current_url=NEW_HOME)

    assert _moves(*[ok(moved_to=URL)] * 3, start=away).current_url == ""


@pytest.mark.parametrize(
    ("asked", "target", "at_once"),
    [
        ("http://a.example/f?x=1", "https://a.example/f?x=1", True),
        ("http://a.example", "https://a.example/", True),
        ("http://a.example/f", "https://www.a.example/f", False),
        ("http://a.example/f", "https://a.example/f/", False),
        ("https://a.example/f", "https://a.example/g", False),
    ],
)
def test_only_https_for_http_is_believed_at_once(asked: str, target: str, at_once: bool) -> None:
    """Row 44."""
    turn = Due(Feed(asked), FeedState(asked))
    state = next_state(turn, ok(url=target, moved_to=target), None, now=NOW, new=0, options=OPTIONS)

    assert (state.current_url == target) is at_once


def test_an_old_address_whose_name_is_gone_gives_way_at_once() -> None:
    """Row 45."""
    state = _moves(MOVED, _failed(ErrorKind.DNS))

    assert (state.current_url, state.failures) == (NEW_HOME, 1)
    assert state.next_poll_at == NOW + 13 * HOUR + MINUTE


@pytest.mark.parametrize(
    ("known", "total", "overlap"), [(0, 10, 0.0), (5, 10, 0.5), (10, 10, 1.0), (0, 1, None), (0, 0, None)]
)
def test_overlap_is_told_of_documents_that_can_tell_it(known: int, total: int, overlap: float | None) -> None:
    """Row 36: in a feed of one entry each new one has pushed out its only neighbour."""
    assert overlap_of(known=known, total=total) == overlap


def test_little_overlap_halves_down_to_an_eighth_and_much_goes_back_to_the_whole() -> None:
    """Row 36."""
    state = FeedState(URL)
    down, up = [], []
    for _ in range(5):
        state = replace(state, squeeze=squeezed(state, 0.1, NOW))
        down.append(state.squeeze)
    between = squeezed(state, 0.5, NOW)
    for _ in range(12):
        state = replace(state, squeeze=squeezed(state, 0.9, NOW))
        up.append(state.squeeze)

    assert down == [0.5, 0.25, 0.125, 0.125, 0.125]
    assert between == 0.125
    assert up == sorted(up)
    assert up[-1] == 1.0


def test_a_poll_that_came_far_too_late_squeezes_nothing() -> None:
    """Row 36: after a stop, little overlap is no wonder."""
    state = FeedState(URL, interval=HOUR, last_polled_at=NOW - DAY)

    assert squeezed(state, 0.0, NOW) == 1.0


def test_a_squeezed_interval_keeps_to_the_shortest_and_to_what_the_document_asks_for() -> None:
    """Row 36."""
    flood = document(every=timedelta(seconds=20))
    polite = document(every=MINUTE, hints=Hints(ttl=2 * HOUR))
    turn = due(URL, last_ok_at=NOW - MINUTE)
    states = [next_state(turn, ok(), doc, now=NOW, new=0, options=OPTIONS, overlap=0.0) for doc in (flood, polite)]

    assert [state.interval for state in states] == [10 * MINUTE, 2 * HOUR]
    assert [state.last_gap_at for state in states] == [NOW, NOW]


def test_a_feed_whose_host_rests_keeps_its_failures_and_a_later_turn() -> None:
    """Row 26."""
    soon, late = FeedState(URL, next_poll_at=NOW), FeedState(URL, next_poll_at=NOW + DAY)

    assert 2 * HOUR <= _wait(rested(soon, NOW + 2 * HOUR, OPTIONS)) <= 3 * HOUR
    assert rested(late, NOW + 2 * HOUR, OPTIONS) == late


def test_the_feed_that_was_asked_to_wait_is_polled_when_it_was_said() -> None:
    told = FeedState(URL, next_poll_at=NOW + 2 * HOUR + MINUTE, interval=HOUR)

    assert rested(told, NOW + 2 * HOUR, OPTIONS) == told
