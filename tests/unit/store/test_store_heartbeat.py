"""The sign of life, and whether there is work."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from pipeline.errors import StoreError
from pipeline.model import Delivery, FeedState, RunReport, SendFailed
from pipeline.store import Store
from pipeline.store.migrations import migrations
from pipeline.text import to_iso
from tests.builders_store import (
    FEED,
    FEEDS,
    NOW,
    OTHER_FEED,
    WATCHLIST,
    claim,
    dump,
    make_alert,
    make_batch,
    open_store,
)

RESTED = {"last_polled_at": NOW, "last_ok_at": NOW, "next_poll_at": NOW + timedelta(hours=1)}


def rested_store() -> Store:
    """All feeds have been polled and rest for an hour."""
    store = open_store()
    for url in (FEED, OTHER_FEED):
        store.commit(make_batch(feed=url, state=FeedState(url, **RESTED)), run_id=None, now=NOW)
    return store


def beats(store: Store) -> list[str]:
    return [row[0] for row in store.database.execute("SELECT beat_at FROM heartbeat")]


def test_a_feed_that_is_due_is_work_and_one_that_rests_is_none() -> None:
    with open_store() as fresh, rested_store() as rested:
        assert fresh.has_work(NOW)
        assert not rested.has_work(NOW + timedelta(minutes=59))
        assert rested.has_work(NOW + timedelta(hours=1))


def test_an_alert_is_work_when_it_may_be_sent() -> None:
    with rested_store() as store:
        alert = make_alert("a1", not_before=NOW + timedelta(minutes=5))
        store.commit(make_batch(state=FeedState(FEED, **RESTED), alerts=(alert,)), run_id=None, now=NOW)

        before, then = store.has_work(NOW), store.has_work(NOW + timedelta(minutes=5))

        assert (before, then) == (False, True)


def test_an_alert_that_waits_for_its_next_attempt_or_for_the_one_before_it_is_no_work() -> None:
    with rested_store() as store:
        alerts = make_alert("a1", story="s"), make_alert("a2", story="s", kind="update")
        store.commit(make_batch(state=FeedState(FEED, **RESTED), alerts=alerts), run_id=None, now=NOW)
        claim(store, limit=1)
        failed = SendFailed("refused")
        store.record([Delivery("a1", "desk", NOW, 1, failed, next_attempt_at=NOW + timedelta(minutes=30))])

        waiting, due = store.has_work(NOW + timedelta(minutes=29)), store.has_work(NOW + timedelta(minutes=30))

        assert (waiting, due) == (False, True)


def test_asking_for_work_changes_nothing() -> None:
    with open_store() as store:
        store.commit(make_batch(alerts=(make_alert(),)), run_id=None, now=NOW)
        before = dump(store)

        store.has_work(NOW)

        assert dump(store) == before


def test_there_is_one_heartbeat_the_last() -> None:
    with open_store() as store:
        store.beat(NOW)
        store.beat(NOW + timedelta(minutes=1))

        assert beats(store) == [to_iso(NOW + timedelta(minutes=1))]


def test_a_completed_run_is_a_sign_of_life_of_its_end() -> None:
    with open_store() as store:
        store.close_run(store.open_run(NOW), RunReport(NOW, timedelta(seconds=40)))

        assert beats(store) == [to_iso(NOW + timedelta(seconds=40))]


def test_a_run_that_only_began_is_none() -> None:
    with open_store() as store:
        store.open_run(NOW)

        assert beats(store) == []


def test_a_database_made_before_heartbeats_has_that_of_its_last_completed_run(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    old = Database(path)
    migrations.apply(old, stop_before="m004_heartbeat")
    for run in (("2026-03-01T08:00:00Z", "2026-03-01T08:01:00Z"), ("2026-03-01T09:00:00Z", None)):
        old.execute("INSERT INTO runs (started_at, ended_at) VALUES (?, ?)", run)
    old.conn.commit()
    old.close()

    with Store.open(path) as store:
        assert beats(store) == ["2026-03-01T08:01:00Z"]


def test_the_facts_of_health_are_counted_within_their_bounds() -> None:
    with rested_store() as store:
        given_up, gone = make_alert("dead now"), make_alert("dead long")
        overdue, young = make_alert("overdue", created_at=NOW - timedelta(hours=2)), make_alert("young")
        failing = FeedState(OTHER_FEED, failures=2, **RESTED)
        alerts = (given_up, gone, overdue, young)
        store.commit(make_batch(feed=OTHER_FEED, state=failing, alerts=alerts), run_id=None, now=NOW)
        for alert, at in ((given_up, NOW), (gone, NOW - timedelta(days=2))):
            store.record([Delivery(alert.id, "desk", at, 1, SendFailed("no such page", permanent=True), dead=True)])
        store.open_run(NOW)

        bounds = {"now": NOW, "overdue_since": NOW - timedelta(hours=1), "dead_since": NOW - timedelta(days=1)}
        (facts,) = store.rows("health_facts", **{name: to_iso(moment) for name, moment in bounds.items()})

    assert facts == {
        "beat_at": None,
        "first_run_at": to_iso(NOW),
        "answered_at": to_iso(NOW),
        "feeds": 2,
        "failing": 1,
        "unreached": 0,
        "stuck": "[]",
        "overdue": 1,
        "dead": 1,
    }


def test_a_paused_feed_counts_neither_as_polled_nor_as_failing() -> None:
    with open_store() as store:
        store.commit(make_batch(state=FeedState(FEED, failures=3)), run_id=None, now=NOW)
        store.pause_feeds([FEED], "paused by ann", until=NOW + timedelta(hours=1))

        def facts(now: datetime) -> tuple[int, int]:
            (row,) = store.rows("health_facts", now=to_iso(now), overdue_since=to_iso(NOW), dead_since=to_iso(NOW))
            return row["feeds"], row["failing"]

        assert facts(NOW) == (1, 0)
        assert facts(NOW + timedelta(hours=1)) == (2, 1)


def test_a_disabled_or_dropped_feed_counts_neither_as_polled_nor_as_failing() -> None:
    with open_store() as store:
        state = FeedState(FEED, failures=3, disabled="gone (410)")
        store.commit(make_batch(state=state), run_id=None, now=NOW)
        store.remember(WATCHLIST, FEEDS[:1], NOW)

        (facts,) = store.rows("health_facts", now=to_iso(NOW), overdue_since=to_iso(NOW), dead_since=to_iso(NOW))

    assert (facts["feeds"], facts["failing"]) == (0, 0)


def times(store: Store, query: str) -> list[object]:
    return [row[0] for row in store.database.execute(query)]


def test_a_clock_set_back_makes_due_what_was_put_off_by_the_wrong_time() -> None:
    right = NOW - timedelta(hours=3)
    earlier = {"last_polled_at": right, "next_poll_at": right + timedelta(hours=9)}
    with rested_store() as store:
        alerts = make_alert("a1", story="s1"), make_alert("a2", story="s2", created_at=right, not_before=right)
        store.commit(make_batch(state=FeedState(FEED, **RESTED), alerts=alerts), run_id=None, now=NOW)
        store.commit(make_batch(feed=OTHER_FEED, state=FeedState(OTHER_FEED, **earlier)), run_id=None, now=right)
        put_off = to_iso(NOW + timedelta(hours=1))
        store.database.execute("UPDATE alerts SET next_attempt_at = ?", [put_off])
        store.beat(NOW)

        first, second = store.mind_the_clock(right), store.mind_the_clock(right)

        due = [one.feed.url for one in store.due(right)]
        attempts = dict(map(tuple, store.database.execute("SELECT id, next_attempt_at FROM alerts")))
        assert (first, second) == (timedelta(hours=3), timedelta())
        assert due == [FEED]  # the other was polled while the clock was right
        assert attempts == {"a1": to_iso(right), "a2": put_off}
        assert beats(store) == [to_iso(right)]


def test_a_clock_set_back_ends_what_a_sender_took_and_left_behind_before() -> None:
    right = NOW - timedelta(hours=3)
    with rested_store() as store:
        store.commit(make_batch(alerts=(make_alert("a1", created_at=right, not_before=right),)), run_id=None, now=right)
        assert [one.alert.id for one in claim(store, NOW)] == ["a1"]  # ... and its sender was killed
        store.beat(NOW)

        store.mind_the_clock(right)

        assert [one.alert.id for one in claim(store, right + timedelta(minutes=6))] == ["a1"]


def test_a_clock_that_goes_on_or_is_corrected_a_little_changes_nothing() -> None:
    with rested_store() as store:
        store.beat(NOW)
        before = dump(store)

        set_back = [store.mind_the_clock(NOW + timedelta(seconds=seconds)) for seconds in (0, 10**7, -299)]

        assert set_back == [timedelta()] * 3
        assert dump(store) == before


def test_looking_reads_and_neither_makes_migrates_nor_writes(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    with pytest.raises(StoreError, match="there is no database yet"):
        Store.look(path)
    assert not path.exists()
    with Store.open(path) as store:
        store.beat(NOW)

    with Store.look(path) as look:
        assert look.rows("figures", now=to_iso(NOW)) == [
            {"waiting": 0, "held": 0, "dead": 0, "circuits": 0, "last_run_at": None}
        ]
        with pytest.raises(StoreError, match="cannot be written"):
            look.beat(NOW)

    assert [one.name for one in tmp_path.iterdir()] == ["newsward.db"]


def test_looking_at_an_older_database_says_how_it_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    database = Database(path)
    migrations.apply(database, stop_before="m004_heartbeat")
    database.close()

    with pytest.raises(StoreError, match="of an older version of Newsward"):
        Store.look(path)


def test_looking_at_a_file_that_was_never_filled_says_so(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    path.touch()

    with pytest.raises(StoreError, match="holds nothing yet"):
        Store.look(path)


def test_looking_waits_for_no_writer(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    with Store.open(path) as store:
        store.beat(NOW)
        store.database.execute("BEGIN IMMEDIATE")
        with Store.look(path, busy_timeout=timedelta()) as look:
            seen = look.rows("health_facts", now="", overdue_since="", dead_since="")[0]["beat_at"]
        store.database.execute("ROLLBACK")

    assert seen == to_iso(NOW)
