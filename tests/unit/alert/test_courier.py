import sqlite3
from contextlib import closing
from datetime import timedelta
from threading import Event

import pytest

from pipeline.alert import AlertOptions, Courier, Outcome, Rhythm, deliver
from pipeline.alert import delivery as sending
from pipeline.errors import DatabaseBusy
from pipeline.model import SendFailed, Sent, Tally
from tests.builders_alert import NOW, Outbox, ScriptedChannel, alert, still

PATIENCE = timedelta(seconds=2)


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.at = NOW

    def __call__(self):
        return self.at

    def go_on(self, **duration):
        self.at += timedelta(**duration)


def courier(outbox, *, clock, stop=lambda: False, rhythm=None, patience=PATIENCE, **channels):
    rhythms = {"desk": rhythm} if rhythm else {}
    return Courier(outbox, channels, AlertOptions(), rhythms, lambda now, window: None, clock, patience, stop)


def taken(alert, may_answer, *hanging):
    """The answer of a receiver that hangs over some alerts."""
    if alert.id in hanging and not may_answer.wait(20):
        return SendFailed("was waited for")
    return Sent()


def go_on_until(one, is_so):
    """As a run does while it waits for a host."""
    for _ in range(60_000):
        one.go_on()
        if is_so():
            return
        Event().wait(0.001)


def test_alerts_are_begun_when_they_have_waited_and_not_before():
    outbox, clock, desk = Outbox.of(), Clock(), ScriptedChannel()
    with courier(outbox, clock=clock, desk=desk) as one:
        clock.go_on(seconds=2)
        one.go_on()  # nothing was owed
        clock.go_on(seconds=1)
        outbox.owe(alert("a1"))
        one.owe()
        clock.go_on(seconds=1)
        one.go_on()
        soon = list(desk.seen)
        clock.go_on(seconds=1)
        go_on_until(one, lambda: outbox.states() == {"a1": "sent"})
        outbox.owe(alert("a2"))
        one.owe()
        one.finish()

    assert soon == []
    assert desk.seen == ["a1", "a2"]
    assert one.outcome == Outcome(sent=2)
    assert one.outcome.deliveries == (Tally("desk", "sent", 2),)


def test_what_falls_due_during_a_long_run_does_not_wait_for_its_end():
    outbox, clock, desk = Outbox.of(alert("a1")), Clock(), ScriptedChannel([SendFailed("answered 500")])
    with courier(outbox, clock=clock, desk=desk) as one:
        clock.go_on(seconds=2)
        go_on_until(one, lambda: bool(outbox.deliveries))
        clock.go_on(seconds=30)
        go_on_until(one, lambda: outbox.states() == {"a1": "sent"})

        assert [delivery.attempt for delivery in outbox.deliveries] == [1, 2]


def test_a_channel_that_hangs_holds_up_neither_the_run_nor_the_others():
    outbox, clock, may_answer = Outbox.of(alert("s1", "slow")), Clock(), Event()
    slow = ScriptedChannel([lambda alert: Sent() if may_answer.wait(20) else SendFailed("was waited for")])
    desk = ScriptedChannel()
    with courier(outbox, clock=clock, desk=desk, slow=slow) as one:
        clock.go_on(seconds=2)
        one.go_on()
        outbox.owe(alert("a1"))
        one.owe()
        clock.go_on(seconds=2)
        go_on_until(one, lambda: outbox.states()["a1"] == "sent")
        meanwhile = outbox.states()
        may_answer.set()
        one.finish()

    assert meanwhile == {"s1": "pending", "a1": "sent"}
    assert one.outcome == Outcome(sent=2)


def test_what_falls_due_waits_for_half_a_minute_however_patient_the_run_is():
    outbox, clock, desk = Outbox.of(alert("a1")), Clock(), ScriptedChannel()
    with courier(outbox, clock=clock, patience=timedelta(hours=1), desk=desk) as one:
        clock.go_on(seconds=29)
        one.go_on()
        soon = one.is_under_way
        clock.go_on(seconds=1)
        go_on_until(one, lambda: outbox.states() == {"a1": "sent"})

    assert not soon
    assert desk.seen == ["a1"]


def test_a_send_that_hangs_beyond_its_lease_is_begun_once_and_its_outcome_noted():
    outbox, clock, may_answer = Outbox.of(alert("a1"), alert("a2")), Clock(), Event()
    desk = ScriptedChannel([lambda alert: taken(alert, may_answer, "a2")] * 3, in_flight=4)
    with courier(outbox, clock=clock, desk=desk) as one:
        clock.go_on(seconds=2)
        go_on_until(one, lambda: outbox.states()["a1"] == "sent" and len(desk.seen) == 2)
        for _ in range(12):  # in six minutes, a lease of five has ended and a look found it
            clock.go_on(seconds=30)
            one.go_on()
        begun = sorted(desk.seen)
        may_answer.set()
        one.finish()

    assert begun == ["a1", "a2"]
    assert sorted(desk.seen) == begun
    assert one.outcome == Outcome(sent=2)
    assert [(delivery.alert_id, delivery.attempt) for delivery in outbox.deliveries] == [("a1", 1), ("a2", 1)]
    assert outbox.column("leased_until") == {"a1": None, "a2": None}


def test_a_send_that_hangs_beyond_its_lease_holds_up_nothing_else_of_a_channel_that_takes_several():
    outbox, clock, may_answer = Outbox.of(alert("a1"), alert("a2")), Clock(), Event()
    desk = ScriptedChannel([lambda alert: taken(alert, may_answer, "a2")] * 3, in_flight=4)
    with courier(outbox, clock=clock, desk=desk) as one:
        clock.go_on(seconds=2)
        go_on_until(one, lambda: outbox.states()["a1"] == "sent" and len(desk.seen) == 2)
        clock.go_on(minutes=6)
        outbox.owe(alert("a3", created_at=clock(), not_before=clock()))
        one.owe()
        clock.go_on(seconds=2)
        go_on_until(one, lambda: outbox.states()["a3"] == "sent")
        meanwhile = outbox.states()
        may_answer.set()
        one.finish()

    assert meanwhile == {"a1": "sent", "a2": "pending", "a3": "sent"}
    assert sorted(desk.seen) == ["a1", "a2", "a3"]
    assert one.outcome == Outcome(sent=3)


def test_a_channel_is_tried_again_when_its_rest_is_over_though_another_one_still_hangs():
    outbox, clock, may_answer = Outbox.of(alert("s1", "slow")), Clock(), Event()
    outbox.owe(*(alert(f"a{number}") for number in range(1, 5)))
    slow = ScriptedChannel([lambda alert: Sent() if may_answer.wait(20) else SendFailed("was waited for")])
    desk = ScriptedChannel([SendFailed("answered 500")] * 3)
    with courier(outbox, clock=clock, desk=desk, slow=slow) as one:
        clock.go_on(seconds=2)
        go_on_until(one, lambda: len(outbox.deliveries) == 3)
        clock.go_on(seconds=10)
        one.owe()
        clock.go_on(seconds=2)
        for _ in range(5):
            one.go_on()  # rests still
        resting = list(desk.seen)
        clock.go_on(seconds=30)
        go_on_until(one, lambda: set(outbox.states().values()) == {"sent", "pending"} and len(outbox.deliveries) == 7)
        meanwhile = outbox.states()
        may_answer.set()
        one.finish()

    assert len(resting) == 3
    assert meanwhile == {"s1": "pending", "a1": "sent", "a2": "sent", "a3": "sent", "a4": "sent"}
    assert one.outcome == Outcome(sent=5)


def test_what_could_not_be_noted_is_noted_when_the_run_breaks_off_over_it(tmp_path):
    with (
        Outbox.of(alert("a1"), path=tmp_path / "newsward.db", busy_timeout=timedelta(seconds=0.1)) as outbox,
        closing(sqlite3.connect(tmp_path / "newsward.db", isolation_level=None, check_same_thread=False)) as other,
    ):
        desk = ScriptedChannel([lambda alert: other.execute("BEGIN IMMEDIATE") and Sent()])
        clock = Clock()
        one = courier(outbox, clock=clock, desk=desk)

        def run():
            with one:
                clock.go_on(seconds=2)
                try:
                    go_on_until(one, lambda: False)
                finally:
                    other.execute("ROLLBACK")

        with pytest.raises(DatabaseBusy):
            run()

        assert desk.seen == ["a1"]
        assert outbox.states() == {"a1": "sent"}
        assert [delivery.attempt for delivery in outbox.deliveries] == [1]


def test_the_cap_of_a_channel_counts_all_that_the_run_has_sent():
    outbox, clock, desk = Outbox.of(alert("a1"), alert("a2")), Clock(), ScriptedChannel()
    with courier(outbox, clock=clock, rhythm=Rhythm(max_per_hour=3), desk=desk) as one:
        clock.go_on(seconds=2)
        go_on_until(one, lambda: set(outbox.states().values()) == {"sent"})
        outbox.owe(alert("a3"), alert("a4"), alert("a5"))
        one.finish()

    assert desk.seen == ["a1", "a2", "a3"]
    assert outbox.column("digest") == {"a1": "", "a2": "", "a3": "", "a4": "cap", "a5": "cap"}
    assert one.outcome == Outcome(sent=3)


def test_a_run_that_breaks_off_notes_what_was_taken_and_begins_nothing_more():
    outbox, clock, goes_on = Outbox.of(alert("a1"), alert("a2")), Clock(), Event()
    desk = ScriptedChannel([lambda alert: Sent() if goes_on.wait(20) else SendFailed("was waited for")])

    def run():
        with courier(outbox, clock=clock, desk=desk) as one:
            clock.go_on(seconds=2)
            one.go_on()
            goes_on.set()
            raise DatabaseBusy("another program is writing")

    with pytest.raises(DatabaseBusy):
        run()
    assert outbox.states() == {"a1": "sent", "a2": "pending"}
    assert outbox.column("leased_until") == {"a1": None, "a2": None}


def test_told_to_stop_nobody_waits_for_a_channel_that_hangs(monkeypatch):
    monkeypatch.setattr(sending, "_LAST_SECONDS", 0.01)
    outbox, is_asked, end = Outbox.of(alert("a1"), alert("a2")), Event(), Event()
    desk = ScriptedChannel([lambda alert: is_asked.set() or (end.wait(20) and Sent())])

    outcome = deliver(outbox, {"desk": desk}, now=NOW, options=AlertOptions(), clock=still(NOW), stop=is_asked.is_set)
    end.set()

    assert outcome == Outcome(waiting=2)
    assert desk.seen == ["a1"]
    # What may have been taken is nobody else's for a while; then it is sent again under its id.
    assert outbox.column("leased_until") == {"a1": "2026-03-02T09:35:00Z", "a2": None}
