"""What a report finds in a database: feeds, companies, alerts, polls."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.model import ErrorKind, FeedState, FetchRecord, RunReport, Sighting
from pipeline.observe.coverage import CompanyTold, verdict
from pipeline.report import coverage, coverage_of, report, told, watch
from pipeline.store import Store
from pipeline.text import to_iso
from tests.builders_large import Size, large_database
from tests.builders_store import (
    FEED,
    FEEDS,
    NOW,
    OTHER_FEED,
    WATCHLIST,
    make_alert,
    make_batch,
    make_entry,
    make_hit,
    make_placement,
)

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
FAR = NOW + timedelta(days=36500)  # no clock ever finds a feed overdue


@pytest.fixture
def store() -> Iterator[Store]:
    """A month of runs, every six hours: both feeds answered, one with news each time, the other once."""
    with Store.open(":memory:") as store:
        store.remember(WATCHLIST, FEEDS, NOW - 5 * WEEK)
        for step in range(4 * 28, -1, -1):
            at = NOW - step * 6 * HOUR
            run = store.open_run(at)
            for feed in (FEED, OTHER_FEED):
                answer(store, feed, at, new=int(feed == FEED))
            if step in (0, 50):
                feed = FEED if step == 0 else OTHER_FEED
                batch = make_batch(make_entry(f"{step}", feed=feed), feed=feed, at=at, state=well(feed, at))
                store.commit(batch, run_id=run, now=at)
            store.close_run(run, RunReport(at, timedelta(seconds=2)))
        yield store


def well(feed: str, at: datetime) -> FeedState:
    return FeedState(feed, status=200, last_polled_at=at, last_ok_at=at, last_full_at=at, next_poll_at=FAR)


def answer(store: Store, feed: str, at: datetime, *, new: int = 0, **changes: object) -> None:
    """A poll that went well."""
    record = FetchRecord(feed, at, "fetched", 200, entries=9, new=new, is_conditional=True)
    store.commit(
        make_batch(feed=feed, at=at, state=well(feed, at), fetch=replace(record, **changes)), run_id=None, now=at
    )


def fail(store: Store, feed: str, at: datetime, since: datetime) -> None:
    """A poll that failed, the last of some."""
    state = replace(
        well(feed, at),
        last_ok_at=since,
        failures=3,
        failing_since=since,
        error_kind=ErrorKind.DNS,
        error="no such host",
    )
    record = FetchRecord(feed, at, "failed", None, ErrorKind.DNS, "no such host")
    store.commit(make_batch(feed=feed, at=at, state=state, fetch=record), run_id=None, now=at)


def news(store: Store, company: str, at: datetime, count: int, feed: str = FEED) -> None:
    """New stories about the company."""
    for number in range(count):
        entry = make_entry(f"{company} {at} {number}", feed=feed, published_at=at)
        batch = make_batch(
            entry,
            feed=feed,
            at=at,
            state=well(feed, at),
            hits=(make_hit(entry, company),),
            placements=(make_placement(entry, companies=(company,)),),
        )
        store.commit(replace(batch, fetch=replace(batch.fetch, new=0)), run_id=None, now=at)


def test_a_watch_in_which_all_went_well(store: Store) -> None:
    found = report(store, NOW)

    assert verdict(found) == (
        "Nothing of the last 24 hours is known to be missed: all 2 feeds work, and no alert waits."
    )
    assert (found.runs, found.polls.polls, found.polls.conditional_feeds) == (4, 10, 2)


def test_a_feed_that_fails_is_told_with_its_reason_and_since_when(store: Store) -> None:
    fail(store, FEED, NOW, since=NOW - 9 * HOUR)

    [trouble] = report(store, NOW).troubles

    assert (trouble.problem, trouble.since, trouble.title) == ("failing", NOW - 9 * HOUR, "The Wire")
    assert trouble.reason == "no such host"


def test_a_feed_that_failed_and_is_well_again_is_no_trouble(store: Store) -> None:
    fail(store, FEED, NOW - 3 * HOUR, since=NOW - 6 * HOUR)
    answer(store, FEED, NOW - HOUR, new=1)

    found = report(store, NOW)

    assert found.is_whole
    assert [(one.title, one.failed_polls, one.reason) for one in found.recovered] == [("The Wire", 1, "no such host")]


def test_a_feed_that_was_excused_for_its_failure_is_not_well_before_it_has_answered(store: Store) -> None:
    at = NOW - HOUR / 2
    state = replace(well(FEED, at), last_ok_at=NOW - 9 * HOUR)  # nothing counts against it
    record = FetchRecord(FEED, at, "failed", None, ErrorKind.DNS, "no such host (the network here seems to be down)")
    store.commit(make_batch(feed=FEED, at=at, state=state, fetch=record), run_id=None, now=at)

    found = report(store, NOW)

    assert verdict(found).startswith("News of the last 24 hours may have been missed: 1 of 2 feeds fails;")
    assert [(one.problem, one.since, one.reason) for one in found.troubles] == [
        ("failing", NOW - 9 * HOUR, "no such host (the network here seems to be down)")
    ]
    assert found.recovered == ()


def test_a_feed_falls_silent_against_its_own_rhythm(store: Store) -> None:
    later = NOW + 3 * DAY
    for feed in (FEED, OTHER_FEED):
        answer(store, feed, later)

    found = report(store, later)

    assert [(one.problem, one.title, one.since) for one in found.troubles] == [("silent", "The Wire", NOW)]


def test_news_that_another_feed_told_first_break_the_silence(store: Store) -> None:
    later = NOW + 3 * DAY
    entry = make_entry("elsewhere", feed=OTHER_FEED)
    store.commit(make_batch(entry, feed=OTHER_FEED, at=later), run_id=None, now=later)
    seen = Sighting(entry.id, FEED, "guid", "https://wire.example/again")
    batch = make_batch(at=later, state=well(FEED, later), sightings=(seen,))
    store.commit(batch, run_id=None, now=later)

    assert [one for one in report(store, later).troubles if one.problem == "silent"] == []


def test_a_feed_that_publishes_seldom_is_judged_by_the_dates_of_its_entries(store: Store) -> None:
    """Twelve weekly issues, known from its first document; then a month without one."""
    letters = [make_entry(f"{n}", feed=OTHER_FEED, published_at=NOW - (16 - n) * WEEK) for n in range(12)]
    store.commit(make_batch(*letters, feed=OTHER_FEED, at=NOW, state=well(OTHER_FEED, NOW)), run_id=None, now=NOW)
    store.database.execute("UPDATE fetches SET new = 0 WHERE feed_url = ?", (OTHER_FEED,))

    silent = [one for one in report(store, NOW).troubles if one.problem == "silent"]

    assert [(one.title, one.since) for one in silent] == [("Daily Example", NOW - 5 * WEEK)]


def test_a_gap_between_two_polls_is_told_within_the_window_only(store: Store) -> None:
    at = NOW - 2 * DAY
    state = replace(well(FEED, NOW), last_gap_at=at)
    record = FetchRecord(FEED, at + timedelta(minutes=1), "fetched", 200, new=9, gap=True)
    store.commit(make_batch(at=NOW, state=state, fetch=record), run_id=None, now=NOW)

    assert report(store, NOW).troubles == ()
    assert [(one.problem, one.since) for one in report(store, NOW, WEEK).troubles] == [("gap", at)]


def test_a_company_is_quiet_where_its_feeds_worked(store: Store) -> None:
    for week in range(1, 5):
        news(store, "xiaomi", NOW - week * WEEK - HOUR, 24)

    [found] = report(store, NOW).companies

    assert (found.kind, found.name, found.stories, found.usual) == ("quiet", "Xiaomi", 0, 24.0)


def test_a_company_whose_usual_feed_failed_is_of_unknown_coverage(store: Store) -> None:
    for week in range(1, 5):
        news(store, "xiaomi", NOW - week * WEEK - HOUR, 24)
    fail(store, FEED, NOW, since=NOW - 9 * HOUR)

    found = report(store, NOW)

    reason = "of its usual feeds: The Wire (failing)"
    assert found.companies == (CompanyTold("unknown", "xiaomi", "Xiaomi", 0, 24.0, reason),)
    assert "Companies: 1 of unknown coverage." in verdict(found)


def test_a_company_is_loud(store: Store) -> None:
    for week in range(1, 5):
        news(store, "microsoft", NOW - week * WEEK - HOUR, 3)
    news(store, "microsoft", NOW - HOUR, 30)

    [found] = report(store, NOW).companies

    assert (found.kind, found.stories, found.usual) == ("loud", 30, 3.0)


def test_a_week_in_which_nothing_ran_is_no_past_to_compare_with(store: Store) -> None:
    """Three weeks of twenty stories, and one in which the watch was off."""
    for week in (1, 2, 4):
        news(store, "xiaomi", NOW - week * WEEK - HOUR, 24)
    store.database.execute(
        "DELETE FROM runs WHERE started_at BETWEEN ? AND ?",
        ((NOW - 4 * WEEK).isoformat()[:19] + "Z", (NOW - 2 * WEEK - 2 * DAY).isoformat()[:19] + "Z"),
    )

    [found] = report(store, NOW).companies

    assert (found.kind, found.usual) == ("quiet", 24.0)


def test_alerts_that_wait_are_told_by_channel(store: Store) -> None:
    alerts = (
        make_alert("a", created_at=NOW - 5 * HOUR),
        make_alert("b", created_at=NOW - 2 * HOUR),
        make_alert("c", not_before=NOW + 9 * HOUR),
        make_alert("d", channel="pager", created_at=NOW - 3 * HOUR),
    )
    store.commit(make_batch(at=NOW, state=well(FEED, NOW), alerts=alerts), run_id=None, now=NOW)
    store.database.execute("UPDATE alerts SET state = 'dead', error = '403 Forbidden' WHERE id = 'd'")
    store.database.execute(
        "INSERT INTO deliveries VALUES ('d', 1, ?, 'pager', 'failed', '403 Forbidden')", (to_iso(NOW - HOUR),)
    )

    found = report(store, NOW)

    desk, pager = found.channels
    assert (desk.channel, desk.waiting, desk.oldest_at, desk.later) == ("desk", 2, NOW - 5 * HOUR, 1)
    assert (pager.channel, pager.waiting, pager.dead, pager.dead_lately, pager.error) == (
        "pager",
        0,
        1,
        1,
        "403 Forbidden",
    )
    assert verdict(found).startswith(
        "Nothing of the last 24 hours is known to be missed, but 2 alerts wait and 1 alert was given up;"
    )


def test_an_alert_that_came_due_a_moment_ago_is_not_late_unless_it_was_refused(store: Store) -> None:
    alerts = (make_alert("a", created_at=NOW), make_alert("b", created_at=NOW))
    store.commit(make_batch(at=NOW, state=well(FEED, NOW), alerts=alerts), run_id=None, now=NOW)
    store.database.execute("UPDATE alerts SET attempts = 1 WHERE id = 'b'")

    [desk] = report(store, NOW).channels

    assert (desk.waiting, desk.tried, desk.later) == (1, 1, 1)


def test_a_feed_is_overdue_by_the_clock_that_is_given(store: Store) -> None:
    """The view itself asks SQLite's, by which these turns came months ago."""
    state = replace(well(FEED, NOW), next_poll_at=NOW)
    store.commit(make_batch(at=NOW, state=state), run_id=None, now=NOW)

    assert report(store, NOW + 20 * HOUR).count("overdue") == 0
    assert report(store, NOW + 30 * HOUR).count("overdue") == 1


def test_the_coverage_of_a_digest(store: Store) -> None:
    fail(store, FEED, NOW, since=NOW - 9 * HOUR)

    assert coverage(store, NOW) == {
        "line": "Coverage of the last 24 hours: 1 of 2 feeds failed.",
        "feeds_failed": 1,
        "feeds_silent": 0,
        "gaps": 0,
        "undelivered": 0,
        "since": "2026-03-01T09:00:00Z",
    }


def test_a_digest_goes_out_without_its_coverage_when_that_cannot_be_had(tmp_path: Path) -> None:
    with Store.open(tmp_path / "newsward.db") as store:
        assert coverage(store, NOW) is None
        store.remember(WATCHLIST, FEEDS, NOW)
        store.database.execute("DROP VIEW feed_health")
        assert coverage(store, NOW) is None


def test_the_digests_of_one_pass_say_the_same(store: Store) -> None:
    ask = coverage_of(store)

    first = ask(NOW, DAY)
    fail(store, FEED, NOW, since=NOW)
    again, later = ask(NOW + timedelta(seconds=50), DAY), ask(NOW + timedelta(seconds=70), DAY)

    assert first == again != later


def test_a_weekly_digest_tells_of_the_week(store: Store) -> None:
    ask = coverage_of(store)

    day, week = ask(NOW, DAY), ask(NOW, 7 * DAY)

    assert (day and day["since"], week and week["since"]) == ("2026-03-01T09:00:00Z", "2026-02-23T09:00:00Z")
    assert "of the last 7 days" in str(week)


def test_secrets_in_addresses_are_not_told(store: Store) -> None:
    url = "https://wire.example/rss?token=s3cret-value"
    store.add_feeds([replace(FEEDS[0], url=url, title="", source="cli")], NOW)
    fail(store, url, NOW, since=NOW)

    assert "s3cret-value" not in str(told(report(store, NOW)))


def test_a_report_on_a_large_database_reads_no_table_of_entries_from_end_to_end(tmp_path: Path) -> None:
    """What grows with every entry is looked up; only feeds, fetches and the stories of the time are walked."""
    path = tmp_path / "large.db"
    large_database(path, Size(entries=2_000, days=60, feeds=40, companies=30))
    with Store.look(path) as store:
        statements: list[str] = []
        store.database.conn.set_trace_callback(statements.append)
        watch(store, NOW)
        found = report(store, NOW, WEEK)
        store.database.conn.set_trace_callback(None)
        plans = {step for sql in statements if sql.startswith(("SELECT", "WITH")) for step in _plan(store, sql)}

    assert found.polls.polls > 0
    assert any("USING" in step for step in plans)
    assert [step for step in plans if step.split()[:2] in (["SCAN", "e"], ["SCAN", "entries"], ["SCAN", "hits"])] == []


def _plan(store: Store, sql: str) -> list[str]:
    try:
        return [row[3] for row in store.database.execute(f"EXPLAIN QUERY PLAN {sql}")]
    except sqlite3.OperationalError:
        return []
