from datetime import timedelta
from functools import partial

import pytest
from pydantic import ValidationError

from pipeline.alert import AlertOptions, Outcome, backoff, deliver
from pipeline.errors import DatabaseBusy
from pipeline.model import SendFailed, Sent, Tally
from tests.builders_alert import NOW, Outbox, ScriptedChannel, alert, entry, still

OPTIONS = AlertOptions()
DOWN = SendFailed("answered 500")


class Clock:
    """A clock that a test moves; each look costs ``tick``."""

    def __init__(self, tick=timedelta()):
        self.at, self.tick = NOW, tick

    def __call__(self):
        self.at += self.tick
        return self.at


def send(outbox, channels, *, now=NOW, clock=None, **options):
    chosen = AlertOptions(**options)
    return deliver(outbox, channels, now=now, options=chosen, clock=clock or still(now))


def test_what_is_due_is_sent_in_order_and_noted():
    outbox = Outbox.of(*(alert(f"a{number}") for number in range(5)))
    desk = ScriptedChannel()

    assert send(outbox, {"desk": desk}, batch_size=2) == Outcome(sent=5)
    assert desk.seen == ["a0", "a1", "a2", "a3", "a4"]
    assert [(one.attempt, one.result, one.dead) for one in outbox.deliveries] == [(1, Sent(), False)] * 5
    assert send(outbox, {"desk": desk}) == Outcome()


def test_what_is_not_yet_due_stays():
    outbox = Outbox.of(alert(not_before=NOW + timedelta(seconds=1)))

    assert send(outbox, {"desk": ScriptedChannel()}) == Outcome()


def test_a_failure_waits_and_is_tried_again_when_its_time_has_come():
    outbox = Outbox.of(alert("a1"))
    desk = ScriptedChannel([DOWN])

    assert send(outbox, {"desk": desk}) == Outcome(waiting=1)
    (failed,) = outbox.deliveries
    assert failed.next_attempt_at == NOW + backoff("a1", 1, OPTIONS)
    assert send(outbox, {"desk": desk}, now=NOW + timedelta(seconds=23)) == Outcome(waiting=1)
    assert send(outbox, {"desk": desk}, now=failed.next_attempt_at) == Outcome(sent=1)
    assert [one.attempt for one in outbox.deliveries] == [1, 2]


def test_an_alert_is_tried_once_in_a_pass_however_long_that_takes():
    outbox = Outbox.of(alert("a1"), alert("b1", "other"), alert("b2", "other"))
    desk = ScriptedChannel([DOWN] * 9)

    send(outbox, {"desk": desk, "other": ScriptedChannel()}, clock=Clock(timedelta(minutes=1)), batch_size=1)

    assert desk.seen == ["a1"]


def test_a_refusal_for_good_is_dead_with_its_reason():
    outbox = Outbox.of(alert("a1"), alert("a2"))

    outcome = send(outbox, {"desk": ScriptedChannel([SendFailed("answered 410", permanent=True)])})

    assert outcome == Outcome(sent=1, dead=1)
    assert outbox.states() == {"a1": "dead", "a2": "sent"}
    assert (outbox.deliveries[0].result.reason, outbox.deliveries[0].next_attempt_at) == ("answered 410", None)


def test_attempts_are_counted_by_channel_and_by_what_came_of_them():
    outbox = Outbox.of(alert("a1"), alert("a2"), alert("a3"), alert("b1", "mail"))
    desk = ScriptedChannel([SendFailed("down"), SendFailed("answered 410", permanent=True)])

    outcome = send(outbox, {"desk": desk, "mail": ScriptedChannel()})

    assert outcome.deliveries == (
        Tally("desk", "dead", 1),
        Tally("desk", "failed", 1),
        Tally("desk", "sent", 1),
        Tally("mail", "sent", 2),  # one of them the warning of what desk gave up
    )


def test_the_last_attempt_gives_up_and_says_so():
    outbox = Outbox.of(alert("a1"))
    desk = ScriptedChannel([DOWN] * 3)
    now, outcomes = NOW, []
    for _ in range(4):
        outcomes.append(send(outbox, {"desk": desk}, now=now, max_attempts=3))
        now += timedelta(hours=1)

    assert outcomes == [Outcome(waiting=1), Outcome(waiting=1), Outcome(dead=1), Outcome()]
    assert outbox.deliveries[-1].result.reason == "given up after 3 attempts: answered 500"
    assert outbox.states() == {"a1": "dead"}


def test_waits_double_up_to_the_cap_and_are_shortened_by_a_fifth_at_most():
    for attempt, seconds in ((1, 30), (2, 60), (3, 120), (10, 15_360), (11, 21_600), (24, 21_600), (5_000, 21_600)):
        wait = backoff("a1", attempt, OPTIONS).total_seconds()
        assert seconds * 0.8 <= wait <= seconds


def test_alerts_that_failed_together_come_back_apart():
    assert len({backoff(f"a{number}", 1, OPTIONS) for number in range(50)}) == 50


def test_the_default_options_try_for_nearly_three_days():
    total = sum((backoff("a1", attempt, OPTIONS) for attempt in range(1, OPTIONS.max_attempts)), timedelta())

    assert timedelta(hours=69) < total < timedelta(hours=87)


def test_the_receivers_wish_to_wait_is_honoured_up_to_the_cap():
    outbox = Outbox.of(alert("a1"), alert("b1", "other"))
    desk = ScriptedChannel([SendFailed("429", timedelta(minutes=7))])
    other = ScriptedChannel([SendFailed("503", timedelta(days=900))])

    send(outbox, {"desk": desk, "other": other})

    assert [one.next_attempt_at - NOW for one in outbox.deliveries] == [timedelta(minutes=7), OPTIONS.backoff_cap]


def test_a_wish_shorter_than_the_backoff_does_not_shorten_it():
    outbox = Outbox.of(alert("a1"))

    send(outbox, {"desk": ScriptedChannel([SendFailed("429", timedelta())])})

    assert outbox.deliveries[0].next_attempt_at == NOW + backoff("a1", 1, OPTIONS)


def test_a_receiver_that_asks_to_wait_gets_nothing_more_in_this_pass():
    outbox = Outbox.of(*(alert(f"a{number}") for number in range(4)))
    desk = ScriptedChannel([Sent(), SendFailed("429", timedelta(minutes=2))])

    assert send(outbox, {"desk": desk}) == Outcome(sent=1, waiting=3)
    assert desk.seen == ["a0", "a1"]
    assert outbox.released == [("a2", "a3")]
    assert outbox.column("attempts") == {"a0": 1, "a1": 1, "a2": 0, "a3": 0}
    soon, late = NOW + timedelta(seconds=119), NOW + timedelta(seconds=120)
    assert send(outbox, {"desk": desk}, now=soon) == Outcome(waiting=3)
    assert send(outbox, {"desk": desk}, now=late) == Outcome(sent=3)


def test_a_channel_that_fails_on_and_on_is_stopped_and_the_others_go_on():
    mixed = [alert(f"{channel}{number}", channel) for number in range(6) for channel in ("desk", "other")]
    outbox = Outbox.of(*mixed)
    desk, other = ScriptedChannel([DOWN] * 99), ScriptedChannel()

    assert send(outbox, {"desk": desk, "other": other}, batch_size=5) == Outcome(sent=6, waiting=6)
    assert desk.seen == ["desk0", "desk1", "desk2"]
    assert len(other.seen) == 6


def test_failures_between_successes_stop_nothing():
    outbox = Outbox.of(*(alert(f"a{number}") for number in range(6)))
    desk = ScriptedChannel([DOWN, DOWN, Sent(), DOWN, DOWN, Sent()])

    assert send(outbox, {"desk": desk}) == Outcome(sent=2, waiting=4)
    assert len(desk.seen) == 6


def test_a_stopped_channel_is_tried_again_in_order_and_nothing_is_lost():
    ids = [f"a{number}" for number in range(9)]
    outbox = Outbox.of(*map(alert, ids))
    desk = ScriptedChannel([DOWN] * 3)
    send(outbox, {"desk": desk})

    desk.seen.clear()
    outcome = send(outbox, {"desk": desk}, now=NOW + timedelta(seconds=30))

    assert outcome == Outcome(sent=9)
    assert desk.seen == ids


def test_a_message_that_nobody_can_digest_does_not_hold_up_the_rest():
    outbox = Outbox.of(alert("poison"), alert("a1"), alert("a2"))

    assert send(outbox, {"desk": ScriptedChannel([DOWN])}) == Outcome(sent=2, waiting=1)


def test_an_update_waits_for_the_alert_before_it_of_the_same_story():
    outbox = Outbox.of(alert("first", story="s"), alert("second", story="s"))
    desk = ScriptedChannel([DOWN])

    send(outbox, {"desk": desk})
    assert desk.seen == ["first"]
    send(outbox, {"desk": desk}, now=NOW + timedelta(minutes=1))
    assert desk.seen == ["first", "first", "second"]


def test_a_channel_that_left_the_configuration_makes_its_alerts_wait_and_in_the_end_die():
    outbox = Outbox.of(*(alert(f"a{number}", "gone") for number in range(5)))

    assert send(outbox, {}, max_attempts=2) == Outcome(waiting=5)
    assert all("no channel 'gone' is configured" in one.result.reason for one in outbox.deliveries)
    assert send(outbox, {}, now=NOW + timedelta(hours=1), max_attempts=2) == Outcome(dead=5)


def test_a_channel_that_came_back_sends_what_waited():
    outbox = Outbox.of(alert("a1"))
    send(outbox, {})

    assert send(outbox, {"desk": ScriptedChannel()}, now=NOW + timedelta(minutes=1)) == Outcome(sent=1)


def test_a_fault_in_a_channel_is_a_failed_attempt_without_its_secrets():
    def broken(alert):
        raise RuntimeError("https://user:word@hooks.example/")

    outbox = Outbox.of(alert("a1"), alert("b1", "other"))

    outcome = send(outbox, {"desk": ScriptedChannel([broken]), "other": ScriptedChannel()})

    assert outcome == Outcome(sent=1, waiting=1)
    results = {delivery.alert_id: delivery.result for delivery in outbox.deliveries}
    assert results == {"a1": SendFailed("a fault in the channel: RuntimeError"), "b1": Sent()}


def test_a_crash_between_sending_and_noting_repeats_the_alert_under_the_same_id():
    class Torn(Outbox):
        def record(self, deliveries, **rest):
            raise DatabaseBusy("locked")

    torn = Torn.of(alert("a1"))
    desk = ScriptedChannel()
    with pytest.raises(DatabaseBusy):
        send(torn, {"desk": desk})

    torn.record = partial(Outbox.record, torn)
    assert send(torn, {"desk": desk}, now=NOW + OPTIONS.lease - timedelta(seconds=1)) == Outcome(waiting=1)
    assert send(torn, {"desk": desk}, now=NOW + OPTIONS.lease) == Outcome(sent=1)
    assert desk.seen == ["a1", "a1"]


def test_a_lease_that_runs_low_is_given_back_and_taken_anew():
    outbox = Outbox.of(*(alert(f"a{number}") for number in range(6)))
    clock = Clock()
    slow = ScriptedChannel()
    slow.script = [lambda alert: _take(clock, timedelta(minutes=2))] * 6

    assert send(outbox, {"desk": slow}, clock=clock) == Outcome(sent=6)
    assert slow.seen == [f"a{number}" for number in range(6)]
    assert outbox.released == [("a2", "a3", "a4", "a5"), ("a4", "a5")]


def _take(clock, duration):
    clock.at += duration
    return Sent()


def test_leases_are_counted_from_the_moment_and_not_from_the_beginning_of_the_pass():
    clock = Clock()
    leases = []

    class Watched(Outbox):
        def claim(self, claim, **how):
            leases.append(claim.until - clock.at)
            return super().claim(claim, **how)

    outbox = Watched.of(alert("a1"), alert("a2"))
    slow = ScriptedChannel([lambda alert: _take(clock, timedelta(hours=1))] * 2)

    send(outbox, {"desk": slow}, clock=clock, batch_size=1)

    assert leases == [OPTIONS.lease] * 3


def test_a_clock_that_goes_back_does_not_make_the_pass_endless():
    outbox = Outbox.of(*(alert(f"a{number}") for number in range(9)))
    clock = Clock(tick=-timedelta(hours=1))

    assert send(outbox, {"desk": ScriptedChannel([DOWN] * 99)}, clock=clock) == Outcome(waiting=9)


def test_without_a_clock_time_runs_on_from_now():
    outbox = Outbox.of(alert("a1"))

    deliver(outbox, {"desk": ScriptedChannel()}, now=NOW, options=OPTIONS)

    assert NOW <= outbox.deliveries[0].attempted_at < NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    "options",
    [
        {"max_attempt": 3},
        {"max_attempts": 0},
        {"lease": 60},
        {"backoff_base": 1},
        {"max_age": -1},
        {"backoff_base": 7200, "backoff_cap": 3600},
    ],
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValidationError):
        AlertOptions(**options)


def test_an_alert_names_who_else_tells_its_story_and_says_the_same_at_every_attempt():
    outbox = Outbox.of(alert("a1", story="e1", payload={"url": "https://news.example/e1", "also_at": []}))
    first = entry("e2", publisher="Harbour Post", title="A plant", url="https://harbour.example/1")
    outbox.tell("e1", entry("e1"), first, entry("e3", title="Lead again", url="https://news.example/e1"))
    bodies = []

    def refuse(alert):
        bodies.append(alert.payload)
        return DOWN

    send(outbox, {"desk": ScriptedChannel([refuse])})
    outbox.tell("e1", entry("e4", publisher="Late", title="Late", url="https://late.example/"))
    send(outbox, {"desk": ScriptedChannel([refuse])}, now=NOW + timedelta(hours=1))

    assert bodies[0]["also_at"] == [
        {"publisher": "Harbour Post", "title": "A plant", "url": "https://harbour.example/1"}
    ]
    assert bodies == [bodies[0]] * 2


def test_what_was_claimed_and_not_tried_names_whom_it_then_knows():
    outbox = Outbox.of(alert("a0"), alert("a1", story="e1", payload={"url": "", "also_at": []}))
    outbox.tell("e1", entry("e1"))
    send(outbox, {"desk": ScriptedChannel([SendFailed("429", timedelta(minutes=2))])})
    outbox.tell("e1", entry("e2", publisher="Late", title="Late", url="https://late.example/"))
    bodies = []

    sent = ScriptedChannel([lambda alert: bodies.append(alert.payload) or Sent()] * 2)
    send(outbox, {"desk": sent}, now=NOW + timedelta(minutes=2))

    assert bodies[1]["also_at"] == [{"publisher": "Late", "title": "Late", "url": "https://late.example/"}]


def test_a_crash_after_sending_repeats_the_same_body():
    outbox = Outbox.of(alert("a1", story="e1", payload={"url": "", "also_at": []}))
    outbox.tell("e1", entry("e1"))
    bodies = []

    def crash(alert):
        bodies.append(alert.payload)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(outbox, {"desk": ScriptedChannel([crash])})
    outbox.tell("e1", entry("e2", publisher="Late", title="Late", url="https://late.example/"))
    later = NOW + OPTIONS.lease
    send(outbox, {"desk": ScriptedChannel([lambda alert: bodies.append(alert.payload) or Sent()])}, now=later)

    assert bodies == [{"url": "", "also_at": []}] * 2
