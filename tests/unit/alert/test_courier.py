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


def courier(outbox, *, clock, stop=lambda: False, rhythm=None, **channels):
    rhythms = {"desk": rhythm} if rhythm else {}
    return Courier(outbox, channels, AlertOptions(), rhythms, lambda now, window: None, clock, PATIENCE, stop)


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
