from datetime import timedelta
from functools import partial
from threading import Barrier, Event, get_ident

import pytest
from pydantic import ValidationError

from pipeline.alert import AlertOptions, Outcome, Rhythm, backoff, deliver
from pipeline.alert.delivery import after
from pipeline.alert.digest import gathered_over
from pipeline.errors import DatabaseBusy
from pipeline.model import Circuit, SendFailed, Sent, Tally
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


# --------------------------------------------------------------------------- several at once


class Meeting:
    """A channel whose sends but the first wait for each other: as many are under way at once, or the barrier breaks."""

    in_flight = 4

    def __init__(self) -> None:
        self.barrier = Barrier(4, timeout=20)
        self.threads = set()

    def send(self, alert):
        self.threads.add(get_ident())
        if alert.id != "a0":
            self.barrier.wait()
        return Sent()

    def close(self) -> None:
        """Nothing is open."""


def test_as_many_sends_are_under_way_as_the_channel_allows_and_all_are_noted_by_one_thread():
    outbox = Outbox.of(*(alert(f"a{number}") for number in range(9)))
    desk = Meeting()

    assert send(outbox, {"desk": desk}, batch_size=3) == Outcome(sent=9)
    assert get_ident() not in desk.threads


def test_a_channel_that_has_taken_nothing_yet_is_not_sent_all_it_could_take_at_once():
    outbox = Outbox.of(*(alert(f"a{number}") for number in range(40)))
    desk = ScriptedChannel([DOWN] * 40, in_flight=16)

    assert send(outbox, {"desk": desk}) == Outcome(waiting=40)
    assert len(desk.seen) == 3


def test_a_story_is_told_in_its_order_however_many_sends_are_under_way():
    told = [alert(f"{story}{number}", story=story) for number in range(6) for story in "abc"]
    outbox = Outbox.of(*told)
    desk = ScriptedChannel(in_flight=8)

    assert send(outbox, {"desk": desk}, batch_size=2) == Outcome(sent=18)
    for story in "abc":
        assert [one for one in desk.seen if one[0] == story] == [f"{story}{number}" for number in range(6)]


def test_a_channel_that_hangs_does_not_hold_up_the_others():
    outbox = Outbox.of(alert("slow", "slow"), *(alert(f"a{number}") for number in range(30)))
    last_is_sent = Event()
    quick = ScriptedChannel([*[Sent()] * 29, lambda alert: last_is_sent.set() or Sent()])
    slow = ScriptedChannel([lambda alert: Sent() if last_is_sent.wait(20) else SendFailed("was waited for")])

    assert send(outbox, {"desk": quick, "slow": slow}, batch_size=5) == Outcome(sent=31)


def test_after_a_wish_to_stop_nothing_more_is_begun_and_all_is_given_back():
    outbox = Outbox.of(*(alert(f"a{number}") for number in range(5)))
    desk = ScriptedChannel()
    asked = {"now": NOW, "options": OPTIONS, "clock": still(NOW)}

    assert deliver(outbox, {"desk": desk}, stop=lambda: len(desk.seen) > 1, **asked) == Outcome(sent=2, waiting=3)
    assert set(outbox.column("leased_until").values()) == {None}
    assert deliver(outbox, {"desk": desk}, **asked) == Outcome(sent=3)


# --------------------------------------------------------------------------- circuits


def test_a_dead_channel_is_asked_less_and_less_also_by_later_passes():
    outbox = Outbox.of(*(alert(f"a{number}") for number in range(40)))
    desk = ScriptedChannel([DOWN] * 999)
    asked = []
    for minute in range(60):
        before = len(desk.seen)
        send(outbox, {"desk": desk}, now=NOW + timedelta(minutes=minute))
        asked.append(len(desk.seen) - before)

    assert asked[0] == 3
    assert asked[1:9] == [1, 1, 0, 1, 0, 0, 0, 1]  # the rests double from half a minute ...
    assert sum(asked[9:]) == 4  # ... to fifteen minutes
    assert outbox.circuits()["desk"].reason == "answered 500"


def test_one_alert_decides_whether_a_channel_is_well_again():
    outbox = Outbox.of(*(alert(f"a{number}") for number in range(9)))
    desk = ScriptedChannel([DOWN] * 3)
    send(outbox, {"desk": desk})
    assert outbox.circuits()["desk"] == Circuit("desk", 3, 1, NOW, NOW + timedelta(seconds=30), "answered 500")

    desk.seen.clear()
    desk.script = [DOWN]
    assert send(outbox, {"desk": desk}, now=NOW + timedelta(seconds=31)) == Outcome(waiting=9)
    assert desk.seen == ["a0"]
    desk.in_flight = 8
    assert send(outbox, {"desk": desk}, now=NOW + timedelta(minutes=3)) == Outcome(sent=9)
    assert outbox.circuits() == {}


def test_failures_in_a_row_are_counted_over_passes():
    outbox = Outbox.of(alert("a0"))
    for hour in range(2):
        outbox.owe(alert(f"b{hour}"))
        send(outbox, {"desk": ScriptedChannel([Sent(), DOWN])}, now=NOW + timedelta(hours=hour))
    desk = ScriptedChannel([DOWN] * 9)
    outbox.owe(*(alert(f"c{number}") for number in range(5)))

    send(outbox, {"desk": desk}, now=NOW + timedelta(hours=2))

    assert len(desk.seen) == 2


@pytest.mark.parametrize(
    ("circuit", "result", "expected"),
    [
        (Circuit("d"), Sent(), Circuit("d")),
        (Circuit("d"), DOWN, Circuit("d", 1, reason="answered 500")),
        (Circuit("d", 2), Sent(), Circuit("d")),
        (Circuit("d", 9, 4, NOW, NOW, "x"), Sent(), Circuit("d")),
        (  # another that was under way when it opened
            Circuit("d", 3, 1, NOW, NOW + timedelta(minutes=1), "x"),
            DOWN,
            Circuit("d", 4, 1, NOW, NOW + timedelta(minutes=1), "answered 500"),
        ),
        (  # which may know better how long to wait
            Circuit("d", 3, 1, NOW, NOW + timedelta(minutes=1), "x"),
            SendFailed("429", timedelta(minutes=9)),
            Circuit("d", 4, 1, NOW, NOW + timedelta(minutes=9), "429"),
        ),
    ],
)
def test_how_a_channel_fares_after_an_attempt(circuit, result, expected):
    assert after(circuit, result, NOW, OPTIONS) == expected


def test_the_rest_of_a_channel_grows_to_its_cap_and_not_beyond():
    circuit, at = Circuit("desk", 2), NOW
    rests = []
    for _ in range(9):
        circuit = after(circuit, DOWN, at, OPTIONS)
        rests.append((circuit.open_until - at).total_seconds())
        at = circuit.open_until

    assert rests == sorted(rests[:5]) + rests[5:]
    for rest, whole in zip(rests, [30, 60, 120, 240, 480, 900, 900, 900, 900], strict=True):
        assert whole * 0.8 <= rest <= whole
    assert circuit.opened_at == NOW


# --------------------------------------------------------------------------- digests, quiet hours, caps


@pytest.mark.parametrize(("digest", "days"), [("hourly", 1), ("daily", 1), ("weekly", 7), ("quiet", 1)])
def test_a_digest_tells_of_the_coverage_of_its_time(digest, days):
    assert gathered_over(digest) == timedelta(days=days)


def test_a_digest_goes_out_as_one_message_with_what_is_said_of_coverage():
    waits = {"digest": "daily", "not_before": NOW + timedelta(hours=1)}
    outbox = Outbox.of(
        alert("a1", payload={"title": "one"}, severity="low", **waits),
        alert("a2", payload={"title": "two"}, severity="high", **waits),
    )
    got = []
    desk = ScriptedChannel([lambda alert: got.append(alert) or Sent()])
    later = NOW + timedelta(hours=1)
    coverage = {"line": "2 feeds failed", "feeds_failed": 2}

    assert send(outbox, {"desk": desk}) == Outcome()
    outcome = deliver(
        outbox, {"desk": desk}, now=later, options=OPTIONS, clock=still(later), coverage=lambda now, window: coverage
    )

    assert outcome == Outcome(sent=1)
    (digest,) = got
    assert (digest.kind, digest.story_id, digest.severity) == ("digest", "", "high")
    assert digest.payload == {
        "version": 1,
        "type": "digest",
        "id": digest.id,
        "created_at": "2026-03-02T10:30:00Z",
        "severity": "high",
        "rhythm": "daily",
        "channel": "desk",
        "count": 2,
        "items": [{"title": "one"}, {"title": "two"}],
        "coverage": coverage,
    }
    assert outbox.states() == {"a1": "sent", "a2": "sent"}


def test_messages_know_the_zone_of_their_channel():
    outbox = Outbox.of(alert("a1"), alert("a2", story="other", digest="daily"), alert("a3", "log"))
    zones = []
    note = lambda alert: zones.append((alert.channel, alert.kind, alert.payload.get("zone"))) or Sent()  # noqa: E731
    desk, other = ScriptedChannel([note, note]), ScriptedChannel([note])

    said = {"options": OPTIONS, "clock": still(NOW), "rhythms": {"desk": Rhythm(zone="Asia/Tokyo")}}
    deliver(outbox, {"desk": desk, "log": other}, now=NOW, **said)

    assert sorted(zones) == [("desk", "digest", "Asia/Tokyo"), ("desk", "story", "Asia/Tokyo"), ("log", "story", None)]


def test_coverage_is_asked_before_the_outbox_is_locked_and_only_for_a_digest():
    outbox = Outbox.of(alert("a1"))
    asked = []

    def coverage(now, window):
        asked.append(outbox.database.conn.in_transaction)

    say = partial(deliver, outbox, {"desk": ScriptedChannel()}, options=OPTIONS, coverage=coverage)

    assert say(now=NOW) == Outcome(sent=1)
    assert asked == []
    outbox.owe(alert("a2", digest="daily"))
    assert say(now=NOW) == Outcome(sent=1)
    assert asked == [False]


def test_a_digest_that_fails_waits_however_late_in_the_pass_it_was_made():
    outbox = Outbox.of(alert("a1", digest="daily"))
    clock = Clock(tick=timedelta(seconds=5))

    assert send(outbox, {"desk": ScriptedChannel([DOWN])}, clock=clock) == Outcome(waiting=1)


def test_a_digest_that_fails_is_tried_again_as_it_was_and_given_up_with_its_members():
    waits = {"digest": "daily"}
    outbox = Outbox.of(alert("a1", **waits), alert("a2", **waits))
    desk = ScriptedChannel([DOWN, SendFailed("answered 410", permanent=True)])

    assert send(outbox, {"desk": desk}) == Outcome(waiting=1)
    outbox.owe(alert("a3", digest="daily"))
    assert send(outbox, {"desk": desk}, now=NOW + timedelta(minutes=1)) == Outcome(sent=1, dead=1)
    assert outbox.states() == {"a1": "dead", "a2": "dead", "a3": "sent"}


def test_a_retry_that_falls_into_quiet_hours_waits_for_their_end():
    outbox = Outbox.of(alert("a1"), alert("a2", severity="urgent"))
    desk = ScriptedChannel([DOWN, DOWN])
    rhythm = Rhythm(quiet="09:30-11:00")
    before = NOW - timedelta(seconds=10)

    deliver(outbox, {"desk": desk}, now=NOW, options=OPTIONS, clock=still(NOW), rhythms={"desk": Rhythm()})
    assert all(one.next_attempt_at < NOW + timedelta(minutes=1) for one in outbox.deliveries)
    again = Outbox.of(alert("a1", not_before=before), alert("a2", severity="urgent", not_before=before))
    desk.script = [DOWN, DOWN]
    deliver(again, {"desk": desk}, now=before, options=OPTIONS, clock=still(before), rhythms={"desk": rhythm})
    waits = {one.alert_id: one.next_attempt_at for one in again.deliveries}
    assert waits["a1"] == NOW + timedelta(minutes=90)
    assert waits["a2"] < NOW + timedelta(minutes=1)


def test_what_was_due_when_quiet_hours_began_goes_out_together_when_they_end():
    outbox = Outbox.of(alert("a1"), alert("a2"))
    desk, rhythms = ScriptedChannel(), {"desk": Rhythm(quiet="09:00-11:00")}
    end = NOW + timedelta(minutes=90)

    held = deliver(outbox, {"desk": desk}, now=NOW, options=OPTIONS, clock=still(NOW), rhythms=rhythms)
    sent = deliver(outbox, {"desk": desk}, now=end, options=OPTIONS, clock=still(end), rhythms=rhythms)

    assert (held, sent) == (Outcome(), Outcome(sent=1))
    assert outbox.alerts("digest")[0]["rhythm"] == "quiet"


def test_a_cap_holds_with_several_sends_under_way_and_drops_nothing():
    outbox = Outbox.of(*(alert(f"a{number}") for number in range(40)))
    desk, rhythms = ScriptedChannel(in_flight=8), {"desk": Rhythm(max_per_hour=5)}
    sent = []
    for minute in range(0, 200, 20):
        now = NOW + timedelta(minutes=minute)
        outcome = deliver(
            outbox, {"desk": desk}, now=now, options=AlertOptions(digest_size=10), clock=still(now), rhythms=rhythms
        )
        sent.append(outcome.sent)

    assert sent == [5, 0, 0, 4, 0, 0, 0, 0, 0, 0]
    assert [digest["count"] for digest in outbox.alerts("digest")] == [10, 10, 10, 5]
    assert set(outbox.states().values()) == {"sent"}


# --------------------------------------------------------------------------- warnings


def refused(count):
    return ScriptedChannel([SendFailed("answered 410", permanent=True)] * count)


def test_of_what_is_given_up_another_channel_is_told_once_a_day():
    outbox = Outbox.of(*(alert(f"a{number}") for number in range(2)))
    mail, pager = ScriptedChannel(), ScriptedChannel()
    channels = {"desk": refused(9), "mail": mail, "pager": pager}

    assert send(outbox, channels) == Outcome(sent=1, dead=2)
    outbox.owe(alert("a2"))
    assert send(outbox, channels, now=NOW + timedelta(hours=1)) == Outcome(dead=1)
    outbox.owe(alert("a3"))
    assert send(outbox, channels, now=NOW + timedelta(days=1)) == Outcome(sent=1, dead=1)

    first, second = outbox.alerts("warning")
    assert (len(mail.seen), pager.seen) == (2, [])
    assert (first["type"], first["severity"], first["channel"]) == ("warning", "high", "desk")
    assert first["title"] == "Alerts for channel 'desk' were given up"
    assert "answered 410" in first["text"]
    assert "newsward alerts retry --channel desk --all-dead" in first["text"]
    assert second["id"] != first["id"]


def test_channels_that_are_there_to_be_warned_are_warned_and_no_others():
    outbox = Outbox.of(alert("a1"))
    channels = {"mail": ScriptedChannel(), "desk": refused(1), "pager": ScriptedChannel(), "ops": ScriptedChannel()}
    rhythms = {"pager": Rhythm(warns=True), "ops": Rhythm(warns=True), "desk": Rhythm(warns=True)}

    deliver(outbox, channels, now=NOW, options=OPTIONS, clock=still(NOW), rhythms=rhythms)

    assert sorted(outbox.column("channel", "warning").values()) == ["ops", "pager"]


def test_of_a_warning_that_is_given_up_nobody_is_warned():
    outbox = Outbox.of(alert("a1"))
    channels = {"desk": refused(9), "mail": refused(9)}

    assert send(outbox, channels) == Outcome(dead=2)
    assert send(outbox, channels) == Outcome()
    assert len(outbox.alerts("warning")) == 1


def test_with_one_channel_alone_there_is_nobody_to_warn():
    outbox = Outbox.of(alert("a1"))

    assert send(outbox, {"desk": refused(1)}) == Outcome(dead=1)
    assert outbox.alerts("warning") == []
