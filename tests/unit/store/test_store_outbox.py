"""The outbox: an alert is owed until it is sent or given up, and one sender at a time has it."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.model import Alert, Circuit, Delivery, Feed, OwedAlert, SendFailed, Sent
from pipeline.store import Store
from pipeline.store.queries import QUERIES
from tests.builders_store import (
    FEED,
    NOW,
    OTHER_FEED,
    WATCHLIST,
    claim,
    make_alert,
    make_batch,
    make_entry,
    make_placement,
    open_store,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
AT = {"run_id": None, "now": NOW}


def owe(store: Store, *alerts: Alert) -> None:
    store.commit(make_batch(alerts=alerts), run_id=None, now=NOW)


def claimed(store: Store, *args: object, **more: object) -> list[str]:
    return [owed.alert.id for owed in claim(store, *args, **more)]


def failed(alert: str, attempt: int, again_at: object) -> list[Delivery]:
    return [Delivery(alert, "desk", NOW, attempt, SendFailed("busy (503)"), again_at, dead=again_at is None)]


def sent(alert: str, attempt: int = 1, at: object = NOW) -> list[Delivery]:
    return [Delivery(alert, "desk", at, attempt, Sent("200"))]


def state(store: Store, alert: str) -> tuple[object, ...]:
    sql = "SELECT state, attempts, next_attempt_at, leased_until, sent_at, error FROM alerts WHERE id = ?"
    return tuple(store.database.execute(sql, (alert,)).fetchone())


def column(store: Store, name: str) -> dict[str, object]:
    return dict(map(tuple, store.database.execute(f"SELECT id, {name} FROM alerts ORDER BY seq")))


def test_an_alert_comes_out_as_it_went_in() -> None:
    alert = make_alert()
    with open_store() as store:
        owe(store, alert)

        assert claim(store) == [OwedAlert(alert, 0, is_fresh=True)]


def test_alerts_come_in_their_order_and_only_when_due() -> None:
    with open_store() as store:
        owe(store, make_alert("later", created_at=NOW, not_before=NOW + MINUTE))
        owe(
            store,
            make_alert("b", created_at=NOW),
            make_alert("a", created_at=NOW),
            make_alert("first", created_at=NOW - MINUTE),
        )

        assert claimed(store, limit=2) == ["first", "b"]
        assert claimed(store) == ["a"]
        assert claimed(store, NOW + MINUTE) == ["later"]


def test_a_leased_alert_is_nobody_elses_until_the_lease_ends(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    with open_store(path) as store, Store.open(path) as other:
        owe(store, make_alert("a"))

        assert claimed(store) == ["a"]
        assert claimed(other) == []
        assert claimed(other, NOW + 4 * MINUTE) == []
        assert claimed(other, NOW + 5 * MINUTE) == ["a"]


def test_a_sent_alert_is_done() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        claim(store)

        store.record(sent("a"))

        assert state(store, "a") == ("sent", 1, None, None, "2026-03-02T09:00:00Z", "")
        assert claimed(store, NOW + 99 * MINUTE) == []
        assert store.undelivered(NOW) == 0


def test_a_failed_alert_waits_for_its_next_attempt() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        claim(store)

        store.record(failed("a", 1, NOW + 2 * MINUTE))

        assert store.undelivered(NOW) == 1
        assert claimed(store, NOW + MINUTE) == []
        assert [owed.attempts for owed in claim(store, NOW + 2 * MINUTE)] == [1]


def test_a_dead_alert_is_given_up_and_says_why() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        claim(store)

        store.record(failed("a", 3, None))

        assert state(store, "a") == ("dead", 3, None, None, None, "busy (503)")
        assert claimed(store, NOW + 99 * MINUTE) == []
        assert store.undelivered(NOW) == 0


def test_what_was_sent_stays_sent_when_a_late_attempt_fails() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        store.record(sent("a"))

        store.record(failed("a", 1, NOW + MINUTE))

        assert state(store, "a")[0] == "sent"
        outcomes = [row["outcome"] for row in store.database.table("deliveries").rows]
        assert outcomes == ["sent"]


def test_every_attempt_is_on_record() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        store.record(failed("a", 1, NOW + MINUTE))
        store.record(sent("a", 2, NOW + MINUTE))

        rows = [(row["attempt"], row["outcome"], row["detail"]) for row in store.database.table("deliveries").rows]
        assert rows == [(1, "failed", "busy (503)"), (2, "sent", "200")]


def test_a_released_alert_is_due_again_and_no_attempt_counts() -> None:
    with open_store() as store:
        owe(store, make_alert("a"), make_alert("b"))
        owed_a, _ = claim(store)

        store.release([owed_a])

        assert [(owed.alert.id, owed.attempts) for owed in claim(store)] == [("a", 0)]


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

        assert claimed(store) == ["told"]
        assert claimed(store, channel="mail") == ["elsewhere"]
        assert claimed(store, channel="digest") == ["digest one", "digest two"]
        store.record(failed("told", 1, NOW + 9 * MINUTE))
        assert claimed(store) == []
        store.record(failed("told", 2, None))
        assert claimed(store) == ["update"]


def test_the_same_alert_decided_again_is_not_owed_again() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        store.record(sent("a"))

        owe(store, make_alert("a", payload={"title": "decided again"}))

        assert claimed(store) == []
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
        owed = claim(store)
        assert [one.alert.id for one in owed] == ["put off", "leased", "later"]
        store.release(owed[2:])
        assert claimed(store) == ["later"]


def test_an_alert_put_off_as_long_as_a_receiver_may_ask_is_not_due() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        store.record(failed("a", 1, NOW + timedelta(days=30)))

        assert claimed(store) == []


def test_of_other_tellings_the_most_authoritative_comes_first() -> None:
    lead, early = make_entry("lead"), make_entry("early", feed=OTHER_FEED)
    late = make_entry("late", published_at=NOW + MINUTE)
    with open_store() as store:
        store.remember(WATCHLIST, (Feed(FEED, title="The Wire", tier=1), Feed(OTHER_FEED, title="Daily", tier=4)), NOW)
        placements = (make_placement(lead), make_placement(early, lead), make_placement(late, lead))
        store.commit(make_batch(lead, early, late, placements=placements), run_id=None, now=NOW)
        owe(store, make_alert("a", story=lead.id))

        (owed,) = claim(store, NOW + MINUTE)

        assert owed.alert.payload["told"] == [late.title, early.title]


def test_what_else_tells_its_story_is_told_to_an_alert_when_its_payload_is_fixed_and_not_afterwards() -> None:
    lead, early, late = make_entry("lead"), make_entry("early", feed=OTHER_FEED), make_entry("late")
    with open_store() as store:
        store.commit(make_batch(lead, early, placements=(make_placement(lead), make_placement(early, lead))), **AT)
        owe(store, make_alert("a", story=lead.id, payload={}), make_alert("elsewhere", story="another", payload={}))

        told, alone = claim(store)
        store.commit(make_batch(late, placements=(make_placement(late, lead),)), **AT)
        again = claim(store, NOW + 5 * MINUTE)[0]

        assert (told.alert.payload, alone.alert.payload) == ({"told": [early.title]}, {})
        assert again == replace(told, is_fresh=False)


def test_what_was_given_back_untried_is_fixed_anew() -> None:
    lead, late = make_entry("lead"), make_entry("late")
    with open_store() as store:
        store.commit(make_batch(lead, placements=(make_placement(lead),)), **AT)
        owe(store, make_alert("a", story=lead.id, payload={}))
        store.release(claim(store))
        store.commit(make_batch(late, placements=(make_placement(late, lead),)), **AT)

        (again,) = claim(store)

        assert again.alert.payload == {"told": [late.title]}


def test_what_a_sender_that_died_may_have_sent_says_the_same_whoever_gives_it_back() -> None:
    lead, late = make_entry("lead"), make_entry("late")
    with open_store() as store:
        store.commit(make_batch(lead, placements=(make_placement(lead),)), **AT)
        owe(store, make_alert("a", story=lead.id, payload={}))
        claim(store)
        store.release(claim(store, NOW + 5 * MINUTE))
        store.commit(make_batch(late, placements=(make_placement(late, lead),)), **AT)

        (again,) = claim(store, NOW + 5 * MINUTE)

        assert again.alert.payload == {}


# --------------------------------------------------------------------------- digests


def waits(label: str, *, digest: str = "daily", **changes: object) -> Alert:
    return make_alert(label, **{"digest": digest, "not_before": NOW + HOUR, "payload": {"title": label}, **changes})


def test_what_waits_for_a_digest_is_sent_in_one_and_settled_with_it() -> None:
    with open_store() as store:
        owe(store, waits("a"), waits("b"), waits("c", digest="hourly"), make_alert("alone"))

        assert claimed(store) == ["alone"]
        store.record(sent("alone"))
        assert store.owed_channels(NOW + 59 * MINUTE) == ()
        digests = claim(store, NOW + HOUR)
        assert [owed.alert.payload for owed in digests] == [
            {"rhythm": "daily", "items": ["a", "b"]},
            {"rhythm": "hourly", "items": ["c"]},
        ]
        assert column(store, "folded_into") == {
            "a": "digest of a",
            "b": "digest of a",
            "c": "digest of c",
            "alone": None,
            "digest of a": None,
            "digest of c": None,
        }
        assert claimed(store, NOW + HOUR) == []
        store.record(failed("digest of a", 1, NOW + 2 * HOUR))
        assert (state(store, "a")[0], store.undelivered(NOW + HOUR)) == ("pending", 2)
        store.record([*sent("digest of a", 2, NOW + 2 * HOUR), *failed("digest of c", 1, None)])
        assert state(store, "b") == ("sent", 2, None, None, "2026-03-02T11:00:00Z", "")
        assert state(store, "c") == ("dead", 1, None, None, None, "busy (503)")


def test_a_digest_that_a_crash_cut_off_is_sent_again_under_the_same_id_with_the_same_members() -> None:
    with open_store() as store:
        owe(store, waits("a"), waits("b"))
        (first,) = claim(store, NOW + HOUR)
        owe(store, waits("late"))

        again = claim(store, NOW + HOUR + 5 * MINUTE)

        assert [owed.alert.id for owed in again] == ["digest of a", "digest of late"]
        assert again[0] == first


def test_a_digest_holds_so_many_and_the_rest_goes_into_a_further_one() -> None:
    with open_store() as store:
        owe(store, *(waits(f"a{number}") for number in range(5)))

        digests = claim(store, NOW + HOUR, per_digest=2)

        assert [owed.alert.payload["items"] for owed in digests] == [["a0", "a1"], ["a2", "a3"], ["a4"]]


def test_what_its_storys_digest_has_no_room_for_waits_until_that_is_sent() -> None:
    with open_store() as store:
        owe(store, waits("a"), waits("told", story="s"), waits("update", story="s", kind="update"), waits("b"))

        first, second = claim(store, NOW + HOUR, per_digest=2)

        assert first.alert.payload["items"] == ["a", "told"]
        assert second.alert.payload["items"] == ["b"]
        store.record([*sent("digest of a"), *sent("digest of b")])
        assert claimed(store, NOW + HOUR, per_digest=2) == ["digest of update"]


def test_what_waits_for_digests_is_looked_through_once_a_claim_and_not_once_a_digest() -> None:
    asked = []
    with open_store() as store:
        owe(store, *(waits(f"a{number:03}") for number in range(100)))
        store.database.conn.set_trace_callback(asked.append)

        assert len(claim(store, NOW + HOUR, limit=100, per_digest=4)) == 20
        assert len([sql for sql in asked if "b.digest <> a.digest" in sql]) == 1
        assert len(claim(store, NOW + HOUR, limit=100, per_digest=4)) == 5


def test_the_alerts_of_a_story_share_a_digest_in_their_order() -> None:
    with open_store() as store:
        owe(store, waits("told", story="s", created_at=NOW - MINUTE), waits("update", story="s", kind="update"))

        (digest,) = claim(store, NOW + HOUR)

        assert digest.alert.payload["items"] == ["told", "update"]


def test_an_update_waits_for_the_digest_that_told_its_story() -> None:
    with open_store() as store:
        owe(store, waits("told", story="s"))
        claim(store, NOW + HOUR)
        owe(store, make_alert("update", story="s", kind="update", created_at=NOW + HOUR))

        assert claimed(store, NOW + HOUR) == []
        store.record(sent("digest of told"))
        assert claimed(store, NOW + HOUR) == ["update"]


def test_an_update_at_once_takes_along_what_its_story_owed_to_a_later_digest() -> None:
    with open_store() as store:
        owe(store, waits("told", story="s"), waits("other"))
        owe(store, make_alert("update", story="s", kind="update"))

        assert claimed(store) == ["told"]
        store.record(sent("told"))
        assert claimed(store) == ["update"]
        assert column(store, "digest")["other"] == "daily"


def test_a_story_that_is_made_one_with_another_loses_nothing_that_is_in_a_digest() -> None:
    with open_store() as store:
        owe(store, waits("told", story="s"))
        claim(store, NOW + HOUR)
        asked = {"story_id": "t", "other_id": "s"}
        owe(store, make_alert("other", story="t"))
        store.database.execute(QUERIES["merge_alerts_owed"], asked)

        assert state(store, "told")[0] == "pending"


# --------------------------------------------------------------------------- quiet hours and the cap


def test_quiet_hours_hold_what_is_due_and_let_it_out_together() -> None:
    until = NOW + 3 * HOUR
    with open_store() as store:
        owe(
            store,
            make_alert("a"),
            make_alert("b"),
            make_alert("retried"),
            make_alert("urgent", severity="urgent"),
            waits("daily", not_before=NOW),
        )
        store.database.execute("UPDATE alerts SET is_fixed = 1, attempts = 1 WHERE id = 'retried'")

        assert claimed(store, held_until=until) == ["urgent"]
        assert store.undelivered(NOW) == 1
        store.record(sent("urgent"))
        assert store.owed_channels(until - MINUTE) == ()
        assert claimed(store, until) == ["retried", "digest of daily", "digest of a"]
        assert column(store, "digest")["a"] == "quiet"


def test_an_urgent_update_takes_along_through_quiet_hours_what_its_story_owed_before() -> None:
    until = NOW + 3 * HOUR
    with open_store() as store:
        owe(store, make_alert("told", story="s"), make_alert("other"))
        assert claimed(store, held_until=until) == []
        owe(store, make_alert("update", story="s", kind="update", severity="urgent"))

        assert claimed(store, held_until=until) == ["told"]
        store.record(sent("told"))
        assert claimed(store, held_until=until) == ["update"]
        assert column(store, "digest")["other"] == "quiet"


def test_an_urgent_update_takes_along_through_a_cap_what_its_story_owed_before() -> None:
    with open_store() as store:
        owe(store, make_alert("first"))
        store.record(sent("first"))
        owe(store, make_alert("told", story="s"), make_alert("other"))
        owe(store, make_alert("update", story="s", kind="update", severity="urgent"))

        assert claimed(store, per_hour=1) == ["told"]
        store.record(sent("told"))
        assert claimed(store, per_hour=1) == ["update"]
        assert column(store, "digest")["other"] == "cap"


def test_quiet_hours_hold_what_is_urgent_too_where_it_does_not_pass() -> None:
    with open_store() as store:
        owe(store, make_alert("urgent", severity="urgent"))

        assert claimed(store, held_until=NOW + HOUR, urgent_passes=False) == []
        assert claimed(store, NOW + HOUR) == ["urgent"]


def test_one_alert_that_was_held_goes_out_by_itself() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))

        assert claimed(store, held_until=NOW + HOUR) == []
        assert claimed(store, NOW + HOUR) == ["a"]


def test_a_cap_lets_so_many_out_and_the_rest_goes_together_when_the_hour_is_over() -> None:
    with open_store() as store:
        owe(store, *(make_alert(f"a{number}") for number in range(5)), make_alert("late", severity="urgent"))

        assert claimed(store, per_hour=2) == ["a0", "a1"]
        assert claimed(store, per_hour=2) == ["late"]  # what is urgent is not capped
        store.record([*sent("a0"), *sent("a1", at=NOW + MINUTE), *sent("late")])
        owe(store, make_alert("a5", created_at=NOW + MINUTE))
        assert claimed(store, NOW + MINUTE, per_hour=2) == []
        assert store.owed_channels(NOW + 59 * MINUTE) == ()
        (digest,) = claim(store, NOW + 2 * HOUR, per_hour=2)
        assert digest.alert.payload == {"rhythm": "cap", "items": ["a2", "a3", "a4", "a5"]}


def test_what_was_sent_while_the_clock_was_ahead_takes_no_room_of_a_cap() -> None:
    with open_store() as store:
        owe(store, make_alert("ahead"))
        store.record(sent("ahead", at=NOW + 365 * 24 * HOUR))
        owe(store, make_alert("a"))

        assert claimed(store, per_hour=1) == ["a"]


def test_a_warning_is_not_capped() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        store.record(sent("a"))
        store.record([], warnings=[make_alert("warned", kind="warning", payload={"count": 1})])

        assert claimed(store, per_hour=1) == ["warned"]


# --------------------------------------------------------------------------- circuits and warnings


def test_a_channel_whose_circuit_is_open_is_no_work_and_afterwards_one_alert_decides() -> None:
    circuit = Circuit("desk", 3, 1, NOW, NOW + MINUTE, "answered 500")
    with open_store() as store:
        owe(store, make_alert("a"), make_alert("b"), make_alert("elsewhere", channel="mail"))
        store.record([], circuits=[circuit])

        assert store.circuits() == {"desk": circuit}
        assert store.owed_channels(NOW) == ("mail",)
        assert claimed(store) == []
        assert store.owed_channels(NOW + MINUTE) == ("desk", "mail")
        assert claimed(store, NOW + MINUTE) == ["a"]
        assert claimed(store, NOW + MINUTE) == []  # until it is known what became of the first
        store.record(sent("a"), circuits=[Circuit("desk")])
        assert claimed(store, NOW + MINUTE) == ["b"]
        assert store.circuits() == {}


def test_a_circuit_that_only_a_wrong_clock_can_have_opened_so_long_is_over() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        store.record([], circuits=[Circuit("desk", 3, 1, NOW, NOW + timedelta(days=4000))])

        assert store.has_work(NOW)
        assert claimed(store) == ["a"]


def test_a_warning_is_owed_once_and_counts_until_it_is_fixed() -> None:
    warning = make_alert("w", kind="warning", payload={"count": 1})
    with open_store() as store:
        store.record([], warnings=[warning, warning])
        store.record([], warnings=[warning])

        assert claim(store)[0].alert.payload == {"count": 3}
        store.record(sent("w"), warnings=[warning])
        assert claimed(store) == []


# --------------------------------------------------------------------------- how much is looked at


def test_what_waits_is_not_walked_to_know_what_can_be_sent() -> None:
    bounds = ("now", "absurd", "absurd_lease", "channel", "limit", "page", "digest", "until", "urgent_passes", "spared")
    asked = dict.fromkeys((*bounds, "since", "at"), "2026")
    names = ("owed_channels", "alerts_claimable", "alerts_hold", "alerts_believe", "digests_due", "digest_members")
    with open_store() as store:
        for name in (*names, "alerts_passed"):
            wanted = {key: value for key, value in asked.items() if f":{key}" in QUERIES[name]}
            plan = [row[3] for row in store.database.execute(f"EXPLAIN QUERY PLAN {QUERIES[name]}", wanted)]

            assert [step for step in plan if step.startswith("SCAN") and "alerts" in step] == [], name
            by_channel = [step for step in plan if "INDEX alerts_" in step and "(" in step]
            assert by_channel, name
            assert all("(channel=" in step or "story_id=" in step or "(channel>" in step for step in by_channel), plan


def test_what_a_story_owes_is_found_by_the_story_however_much_its_channel_waits_for() -> None:
    with open_store() as store:
        tables = [("merge_alerts_bring", "alerts"), ("merge_alerts_bring", "o"), ("alerts_hold", "b")]
        for name, table in [("alerts_bring", "alerts"), *tables]:
            names = re.findall(r":(\w+)", QUERIES[name])
            plan = store.database.execute(f"EXPLAIN QUERY PLAN {QUERIES[name]}", dict.fromkeys(names, "2026"))

            assert [row[3] for row in plan if row[3].startswith(f"SEARCH {table} USING INDEX alerts_by_story")], name


# --------------------------------------------------------------------------- whose lease it is


@pytest.mark.parametrize("late", ["gives back", "has failed"])
def test_a_sender_that_slept_beyond_its_lease_leaves_the_next_ones_alone(tmp_path: Path, late: str) -> None:
    path = tmp_path / "newsward.db"
    with open_store(path) as store, Store.open(path) as other:
        owe(store, make_alert("a"))
        slept = claim(store)
        assert claimed(other, NOW + 6 * MINUTE) == ["a"]

        if late == "gives back":
            store.release(slept)
        else:
            store.record([replace(failed("a", 1, NOW + 7 * MINUTE)[0], leased_until=slept[0].leased_until)])

        assert claimed(store, NOW + 8 * MINUTE) == []
        assert state(store, "a")[3] == "2026-03-02T09:11:00Z"


def test_ones_own_lease_ends_with_what_came_of_it() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))
        (owed,) = claim(store)

        store.record([replace(failed("a", 1, NOW + MINUTE)[0], leased_until=owed.leased_until)])

        assert claimed(store, NOW + MINUTE) == ["a"]


def test_whom_a_mail_did_not_reach_is_told_of_the_alert_that_was_sent() -> None:
    with open_store() as store:
        owe(store, make_alert("a"))

        store.record([Delivery("a", "desk", NOW, 1, Sent("refused for a@b.example", is_partial=True))])

        (row,) = store.rows("alert_list", channel="", state="", limit=5)
        assert (row["state"], row["error"]) == ("sent", "refused for a@b.example")
