"""The sign of life, and whether there is work."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlite_utils import Database

from pipeline.model import Delivery, FeedState, RunReport, SendFailed
from pipeline.store import Store
from pipeline.store.migrations import migrations
from pipeline.text import to_iso
from tests.builders_store import FEED, FEEDS, NOW, OTHER_FEED, WATCHLIST, dump, make_alert, make_batch, open_store

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
        store.claim(NOW, lease=timedelta(minutes=5), limit=1)
        failed = SendFailed("refused")
        store.record(Delivery("a1", "desk", NOW, 1, failed, next_attempt_at=NOW + timedelta(minutes=30)))

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
            store.record(Delivery(alert.id, "desk", at, 1, SendFailed("no such page", permanent=True), dead=True))
        store.open_run(NOW)

        bounds = {"overdue_since": NOW - timedelta(hours=1), "dead_since": NOW - timedelta(days=1)}
        (facts,) = store.rows("health_facts", **{name: to_iso(moment) for name, moment in bounds.items()})

    assert facts == {
        "beat_at": None,
        "first_run_at": to_iso(NOW),
        "feeds": 2,
        "failing": 1,
        "overdue": 1,
        "dead": 1,
    }


def test_a_disabled_or_dropped_feed_counts_neither_as_polled_nor_as_failing() -> None:
    with open_store() as store:
        state = FeedState(FEED, failures=3, disabled="gone (410)")
        store.commit(make_batch(state=state), run_id=None, now=NOW)
        store.remember(WATCHLIST, FEEDS[:1], NOW)

        (facts,) = store.rows("health_facts", overdue_since=to_iso(NOW), dead_since=to_iso(NOW))

    assert (facts["feeds"], facts["failing"]) == (0, 0)
