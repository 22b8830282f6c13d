"""The outbox: an alert is owed until it is sent or given up, and one sender at a time has it."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.model import Alert, Delivery, Feed, OwedAlert, SendFailed, Sent, Telling
from pipeline.store import Store
from pipeline.store.queries import QUERIES
from tests.builders_store import (
    FEED,
    NOW,
    OTHER_FEED,
    WATCHLIST,
    make_alert,
    make_batch,
    make_entry,
    make_placement,
    open_store,
)

MINUTE = timedelta(minutes=1)


def owe(store: Store, *alerts: Alert) -> None:
    store.commit(make_batch(alerts=alerts), run_id=None, now=NOW)


def claim(store: Store, now: datetime = NOW, limit: int = 10) -> list[str]:
    return [owed.alert.id for owed in store.claim(now, lease=5 * MINUTE, limit=limit)]


def failed(alert: str, attempt: int, again_at: datetime | None) -> Delivery:
    return Delivery(alert, "desk", NOW, attempt, SendFailed("busy (503)"), again_at, dead=again_at is None)


def state(store: Store, alert: str) -> tuple[object, ...]:
    sql = "SELECT state, attempts, next_attempt_at, leased_until, sent_at, error FROM alerts WHERE id = ?"
    return tuple(store.database.execute(sql, (alert,)).fetchone())


def test_an_alert_comes_out_as_it_went_in() -> None:
    alert = make_alert()
    with open_store() as store:
        owe(store, alert)

        assert store.claim(NOW, lease=MINUTE, limit=1) == (OwedAlert(alert, 0),)


def test_alerts_come_in_their_order_and_only_when_due() -> None:
    with open_store() as store:
        owe(store, make_alert("later", created_at=NOW, not_before=NOW + MINUTE))
        owe(
            store,
            make_alert("b", created_at=NOW),
            make_alert("a", created_at=NOW),
            make_alert("first", created_at=NOW - MINUTE),
        )

        assert claim(store, limit=2) == ["first", "b"]
        assert claim(store) == ["a"]
        assert claim(store, NOW + MINUTE) == ["later"]


def test_a_leased_alert_is_nobody_elses_until_the_lease_ends(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    with open_store(path) as store, Store.open(path) as other:
        owe(store, make_alert("a"))

        assert claim(store) == ["a"]
        assert claim(other) == []
        assert claim(other, NOW + 4 * MINUTE) == []
        assert claim(other, NOW + 5 * MINUTE) == ["a"]


def test_a_sent_alert_is_done() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        claim(store)

        store.record(Delivery("a", "desk", NOW, 1, Sent("200")))

        assert state(store, "a") == ("sent", 1, None, None, "2026-03-02T09:00:00Z", "")
        assert claim(store, NOW + 99 * MINUTE) == []
        assert store.undelivered(NOW) == 0


def test_a_failed_alert_waits_for_its_next_attempt() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        claim(store)

        store.record(failed("a", 1, NOW + 2 * MINUTE))

        assert store.undelivered(NOW) == 1
        assert claim(store, NOW + MINUTE) == []
        assert [owed.attempts for owed in store.claim(NOW + 2 * MINUTE, lease=MINUTE, limit=1)] == [1]


def test_a_dead_alert_is_given_up_and_says_why() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        claim(store)

        store.record(failed("a", 3, None))

        assert state(store, "a") == ("dead", 3, None, None, None, "busy (503)")
        assert claim(store, NOW + 99 * MINUTE) == []
        assert store.undelivered(NOW) == 0


def test_what_was_sent_stays_sent_when_a_late_attempt_fails() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        store.record(Delivery("a", "desk", NOW, 1, Sent("200")))

        store.record(failed("a", 1, NOW + MINUTE))

        assert state(store, "a")[0] == "sent"
        outcomes = [row["outcome"] for row in store.database.table("deliveries").rows]
        assert outcomes == ["sent"]


def test_every_attempt_is_on_record() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        store.record(failed("a", 1, NOW + MINUTE))
        store.record(Delivery("a", "desk", NOW + MINUTE, 2, Sent("200")))

        rows = [(row["attempt"], row["outcome"], row["detail"]) for row in store.database.table("deliveries").rows]
        assert rows == [(1, "failed", "busy (503)"), (2, "sent", "200")]


def test_a_released_alert_is_due_again_and_no_attempt_counts() -> None:
    with open_store() as store:
        owe(store, make_alert("a"), make_alert("b"))
        claim(store)

        store.release(["a"], until=NOW)
        store.release(["b"], until=NOW + MINUTE)

        assert claim(store) == ["a"]
        assert [owed.attempts for owed in store.claim(NOW + MINUTE, lease=MINUTE, limit=9)] == [0]


def test_a_storys_alerts_go_out_one_after_the_other_on_each_channel() -> None:
    with open_store() as store:
        owe(
            store,
            make_alert("told", story="s", created_at=NOW - MINUTE),
            make_alert("update", story="s"),
            make_alert("elsewhere", story="s", channel="mail"),
            replace(make_alert("digest one", channel="digest"), story_id=""),
            replace(make_alert("digest two", channel="digest"), story_id=""),
        )

        assert claim(store) == ["told", "elsewhere", "digest one", "digest two"]
        store.record(failed("told", 1, NOW + 9 * MINUTE))
        assert claim(store) == []
        store.record(failed("told", 2, None))
        assert claim(store) == ["update"]


def test_the_same_alert_decided_again_is_not_owed_again() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        store.record(Delivery("a", "desk", NOW, 1, Sent()))

        owe(store, make_alert("a", payload={"title": "decided again"}))

        assert claim(store) == []
        assert state(store, "a")[0] == "sent"


def test_an_alert_for_later_is_not_yet_undelivered() -> None:
    with open_store() as store:
        owe(store, make_alert("a", not_before=NOW + MINUTE))

        assert (store.undelivered(NOW), store.undelivered(NOW + MINUTE)) == (0, 1)


def test_what_a_wrong_clock_put_off_is_due_at_once() -> None:
    with open_store() as store:
        owe(
            store,
            make_alert("put off"),
            make_alert("leased"),
            make_alert("later", not_before=NOW + timedelta(days=365)),
        )
        store.record(failed("put off", 1, NOW + timedelta(days=400)))
        store.database.execute("UPDATE alerts SET leased_until = '2036-01-01T00:00:00Z' WHERE id = 'leased'")

        assert store.has_work(NOW)
        assert store.undelivered(NOW) == 3
        assert claim(store) == ["put off", "leased", "later"]
        store.release(["later"], until=NOW)
        assert claim(store) == ["later"]


def test_an_alert_put_off_as_long_as_a_receiver_may_ask_is_not_due() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        store.record(failed("a", 1, NOW + timedelta(days=30)))

        assert claim(store) == []


def test_what_waits_is_not_walked_to_know_whether_there_is_work() -> None:
    with open_store() as store:
        bounds = dict.fromkeys(("now", "absurd", "absurd_lease"), "2026")
        plan = [row[3] for row in store.database.execute(f"EXPLAIN QUERY PLAN {QUERIES['alert_is_owed']}", bounds)]

        walked = [step for step in plan if "alerts" in step and not step.startswith("SEARCH b ")]
        assert walked == [f"SEARCH alerts USING INDEX alerts_due (next_attempt_at{sign}?)" for sign in "<>"]


def test_of_other_tellings_the_most_authoritative_comes_first() -> None:
    lead, early = make_entry("lead"), make_entry("early", feed=OTHER_FEED)
    late = make_entry("late", published_at=NOW + MINUTE)
    with open_store() as store:
        store.remember(WATCHLIST, (Feed(FEED, title="The Wire", tier=1), Feed(OTHER_FEED, title="Daily", tier=4)), NOW)
        placements = (make_placement(lead), make_placement(early, lead), make_placement(late, lead))
        store.commit(make_batch(lead, early, late, placements=placements), run_id=None, now=NOW)
        owe(store, make_alert("a", story=lead.id))

        (owed,) = store.claim(NOW + MINUTE, lease=MINUTE, limit=1)

        assert [telling.title for telling in owed.tellings] == [late.title, early.title]


def test_an_alert_comes_with_the_other_tellings_of_its_story_until_its_payload_is_fixed() -> None:
    lead, early, late = (
        make_entry("lead"),
        make_entry("early", feed=OTHER_FEED),
        make_entry("late", publisher="Gazette"),
    )
    early = replace(early, published_at=NOW - 3 * MINUTE)
    late = replace(late, published_at=NOW - MINUTE)
    with open_store() as store:
        store.commit(make_batch(lead, placements=(make_placement(lead),)), run_id=None, now=NOW)
        owe(store, make_alert("a", story=lead.id), make_alert("elsewhere", story="another"))
        later = make_batch(late, early, placements=(make_placement(late, lead), make_placement(early, lead)))
        store.commit(later, run_id=None, now=NOW)

        first, other = store.claim(NOW, lease=MINUTE, limit=2)
        store.fix("a", {"title": "fixed"})
        store.fix("a", {"title": "too late"})
        again = store.claim(NOW + MINUTE, lease=MINUTE, limit=1)[0]

        assert first.tellings == (
            Telling("Daily Example", early.title, early.url),
            Telling("Gazette", late.title, late.url),
        )
        assert (first.is_fixed, other.tellings) == (False, ())
        assert again == OwedAlert(replace(first.alert, payload={"title": "fixed"}), is_fixed=True)
