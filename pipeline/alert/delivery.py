"""Sending what the outbox owes: at least once, each message under one id, until it is sent or given up."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from math import inf
from types import MappingProxyType
from typing import Any, Protocol, Self

import structlog
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.alert.digest import folded, gathered_over
from pipeline.alert.notices import warning
from pipeline.alert.payload import in_zone, with_tellings
from pipeline.alert.rhythm import Rhythm
from pipeline.errors import NewswardError
from pipeline.keys import digest
from pipeline.model import Alert, Circuit, Claim, Delivery, OwedAlert, SendFailed, SendResult, Sent, Tally, Telling

log = structlog.get_logger()
_MOST_THREADS = 64
_ASK_EVERY = 0.5  # seconds between two questions whether to stop, while nothing comes back
_LAST_SECONDS = 3.0  # for sends under way when a pass is told to stop


class AlertOptions(BaseModel):
    """How alerts are owed and delivered. Durations are seconds or ISO 8601 (``PT24H``)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_age: timedelta = Field(
        timedelta(hours=24), gt=timedelta(), description="Entries published longer ago than this never alert."
    )
    max_updates: int = Field(
        5, ge=0, le=1000, description="Updates of one story that a channel gets, at most; 0 = none."
    )
    outlets: int = Field(
        0,
        ge=0,
        le=10_000,
        description="So many outlets that tell a story are news of their own, and again each time their number has "
        "doubled; 0 = never.",
        examples=[10],
    )
    batch_size: int = Field(100, ge=1, le=10_000, description="Alerts taken from the outbox at a time.")
    lease: timedelta = Field(
        timedelta(minutes=5),
        ge=timedelta(minutes=2),  # a send may take a minute, and none is begun in the second half of a lease
        le=timedelta(days=1),
        description="How long taken alerts belong to one sender; after a crash they are free again when it ends.",
    )
    max_attempts: int = Field(
        24, ge=1, description="Attempts before an alert is given up; with the default waits some three days."
    )
    backoff_base: timedelta = Field(
        timedelta(seconds=30),
        ge=timedelta(seconds=2),  # the store keeps whole seconds; shorter waits could end before they began
        description="The wait after the first failed attempt; doubles each time.",
    )
    backoff_cap: timedelta = Field(
        timedelta(hours=6),
        gt=timedelta(),
        le=timedelta(days=30),
        description="The longest wait between two attempts, also when the receiver asks for more.",
    )
    stop_after: int = Field(
        3, ge=1, description="Failures in a row after which a channel is left alone for a while; then one is tried."
    )
    rest_cap: timedelta = Field(
        timedelta(minutes=15),
        gt=timedelta(),
        le=timedelta(days=1),
        description="The longest that a failing channel is left alone at a time; it begins with backoff_base and "
        "doubles.",
    )
    digest_size: int = Field(50, ge=2, le=500, description="Alerts in one digest; the others go into a further one.")

    @model_validator(mode="after")
    def _waits_grow(self) -> AlertOptions:
        if self.backoff_base > self.backoff_cap:
            raise ValueError("backoff_base must not be longer than backoff_cap")
        return self


class Channel(Protocol):
    """A way out for alerts: what ``channels/<kind>.py`` offers as a pydantic model named ``Channel``.

    A class attribute ``in_flight`` (default 1) says how many sends may run at once: ``send`` is then called from
    several threads, never for two alerts of one story. Four further methods are optional, the first three for
    ``newsward check``; none of their words may hold secrets: ``concerns() -> Iterable[tuple[str, str]]``, what is valid
    and unwise about the options, each with its remedy; ``receiver() -> object``, what two channels of this kind that
    lead to one place have in common, never shown; ``probe() -> str | None``, why the receiver cannot be reached now, ""
    when it can, None when that cannot be told: nothing is sent to it; ``files() -> Iterable[Path]``, what it has read,
    so that a change of it is noticed.
    """

    def send(self, alert: Alert) -> SendResult:
        """One attempt, within a minute. What the receiver refuses is returned, not raised.

        Reasons are kept and shown: they must not hold secrets, nor addresses that are ones.
        """

    def close(self) -> None:
        """Frees connections; a later ``send`` may open them again."""


Fix = Callable[[Alert, Sequence[Telling]], Mapping[str, Any]]
Fold = Callable[[Sequence[Alert]], Alert]
Coverage = Callable[[datetime, timedelta], Mapping[str, Any] | None]  # of so long a time, until then


class Outbox(Protocol):
    """The alerts not yet delivered, as the store keeps them. Each call is one short transaction."""

    def owed_channels(self, now: datetime) -> Sequence[str]:
        """The channels of which something is due, those left alone after failures not among them."""

    def digests_owed(self, channel: str, now: datetime) -> Sequence[str]:
        """The rhythms of which a claim of this moment makes a digest of what the channel is owed."""

    def claim(self, claim: Claim, *, fix: Fix, fold: Fold) -> Sequence[OwedAlert]:
        """Takes up to ``claim.limit`` alerts of the channel that are due, for this caller alone.

        Due: neither sent nor dead, the next attempt not after ``claim.now``, under no lease that lasts beyond it, and
        no earlier undelivered alert of the same story. A moment so far ahead that only a wrong clock can have set it
        counts as past. What quiet hours or the cap hold is put off; what waits for a digest that is due comes folded.
        The payloads of the alerts are those of every attempt.
        """

    def record(
        self, deliveries: Sequence[Delivery], *, circuits: Collection[Circuit] = (), warnings: Sequence[Alert] = ()
    ) -> None:
        """Notes attempts, sets their alerts sent, dead or due at ``next_attempt_at``, and ends their leases."""

    def release(self, owed: Sequence[OwedAlert]) -> None:
        """Gives back alerts that were claimed and not tried: the lease ends, no attempt counts, and they stay due."""

    def circuits(self) -> Mapping[str, Circuit]:
        """The channels that have failed since they last took something, by id."""

    def undelivered(self, now: datetime, channels: Collection[str] | None = None) -> int:
        """How many alerts should have gone out by now, by these channels, and have not; those given up do not count."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass over the outbox came to, in messages."""

    sent: int = 0
    waiting: int = 0  # they should have gone out by now, and stay in the outbox
    dead: int = 0  # given up
    deliveries: tuple[Tally, ...] = field(default=(), compare=False)  # the attempts behind these counts


def deliver(
    outbox: Outbox,
    channels: Mapping[str, Channel],
    *,
    now: datetime,
    options: AlertOptions,
    rhythms: Mapping[str, Rhythm] = MappingProxyType({}),
    clock: Callable[[], datetime] | None = None,
    coverage: Coverage = lambda now, window: None,
    only: Collection[str] | None = None,
    stop: Callable[[], bool] = lambda: False,
    watch: Callable[[int], object] = lambda attempts: None,
) -> Outcome:
    """One pass: sends every alert that is due at ``now``, each at most once, and notes what came of it.

    ``clock`` tells the moment during the pass (default: runs on from ``now``); ``coverage`` what a digest says of it;
    ``only`` names the channels to send by (default: all); after a yes of ``stop`` no further send begins, and those
    under way are waited for a few seconds only; ``watch`` is told how many attempts were noted. Before its
    first attempt an alert is told who else tells its story by now, and then its payload is fixed. Of each channel so
    many alerts are under way at once as it allows, never two of one story; the channels do not wait for each other. An
    alert is sent and then noted, so that a crash between the two repeats it under the same id and never loses it.
    Noted it is by the calling thread, to which the outbox belongs.

    A channel that asks to wait, or fails ``stop_after`` times in a row, is left alone for a while that grows, also by
    later passes; then one alert is tried. An alert that failed is overtaken by those of other stories, so that one
    message which a receiver cannot digest does not hold up the rest. When one is given up, another channel is told.
    Raises what the outbox raises.
    """
    at = clock or _running_from(now)
    with Pass(outbox, channels, now, options, rhythms, at, coverage, only, stop, watch) as sending:
        sending.look()
        sending.end()
    return Outcome(sending.sent, outbox.undelivered(now, only), sending.dead, tallies(sending.attempts))


def backoff(alert_id: str, attempt: int, options: AlertOptions) -> timedelta:
    """The wait after the ``attempt``-th failure (from 1): doubling up to the cap, then shortened by up to a fifth.

    The share is drawn from the alert's id and the attempt, so that messages which failed together do not all come
    back together, and yet the same history always gives the same schedule.
    """
    return _doubled(options.backoff_base, attempt, options.backoff_cap) * (1 - _share(alert_id, attempt) / 5)


def after(circuit: Circuit, result: SendResult, at: datetime, options: AlertOptions) -> Circuit:
    """How the channel fares after an attempt: closed by a success; opened by a wish to wait, by the ``stop_after``-th
    failure in a row, and by one that was to decide, each time for twice as long."""
    if isinstance(result, Sent):
        return Circuit(circuit.channel)
    failures = circuit.failures + 1
    failed = replace(circuit, failures=failures, reason=result.reason)
    if circuit.open_until and at < circuit.open_until:
        # One of several that were under way when it opened: it says nothing new but how long to wait.
        return replace(failed, open_until=max(circuit.open_until, at + _asked(result, options)))
    if result.retry_after is None and failures < options.stop_after and not circuit.openings:
        return failed
    openings = circuit.openings + 1
    rest = _doubled(options.backoff_base, openings, max(options.rest_cap, options.backoff_base))
    share = _share(circuit.channel, openings)
    until = at + max(rest * (1 - share / 5), options.backoff_base, _asked(result, options))
    return replace(failed, openings=openings, opened_at=circuit.opened_at or at, open_until=until)


def _doubled(base: timedelta, times: int, cap: timedelta) -> timedelta:
    # 2 ** 40 times a positive wait exceeds any cap; the limit keeps the product within what timedelta holds.
    return timedelta(seconds=min(base.total_seconds() * 2 ** min(times - 1, 40), cap.total_seconds()))


def _share(id: str, number: int) -> float:
    return int(digest("backoff", id, str(number)), 16) / 2**64


def _asked(result: SendFailed, options: AlertOptions) -> timedelta:
    return min(result.retry_after or timedelta(), options.backoff_cap)


def _running_from(now: datetime) -> Callable[[], datetime]:
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)


def _width(channel: Channel | None) -> int:
    return max(1, int(getattr(channel, "in_flight", 1)))


@dataclass(slots=True)
class _Lane:
    """One channel's part of a pass."""

    channel: str
    width: int  # sends at once
    waiting: deque[OwedAlert] = field(default_factory=deque)  # claimed, and not yet under way
    flying: int = 0
    is_proven: bool = False  # the channel has taken something in this pass
    tired_at: datetime | None = None  # when the lease of those that wait is half over
    is_dry: bool = False  # the last claim brought nothing, and nothing has changed since


@dataclass(slots=True)
class Pass:
    """One pass under way. Claims ask for what was due at ``now``, so that nothing comes round twice; who goes on with a
    pass may move that on. What is under way is not begun again, however long it takes. Used as a context, in the thread
    to which the outbox belongs.
    """

    outbox: Outbox
    channels: Mapping[str, Channel]
    now: datetime
    options: AlertOptions
    rhythms: Mapping[str, Rhythm]
    clock: Callable[[], datetime]
    coverage: Coverage
    only: Collection[str] | None
    stop: Callable[[], bool]
    watch: Callable[[int], object] = lambda attempts: None
    circuits: dict[str, Circuit] = field(init=False)
    pool: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, _MOST_THREADS, "send"))
    is_ending: bool = False  # nothing further is begun
    sent: int = 0
    dead: int = 0
    attempts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by channel and outcome
    resting: set[str] = field(default_factory=set)  # whose circuit an attempt of this pass has opened
    lanes: dict[str, _Lane] = field(default_factory=dict)  # by channel
    flights: dict[Future[SendResult], tuple[_Lane, OwedAlert]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.circuits = dict(self.outbox.circuits())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind and issubclass(kind, Exception):
            self.is_ending = True
            with suppress(NewswardError):  # then what was taken is sent again, under the same id
                self.end()
        self._give_back()
        self.pool.shutdown(wait=not self.flights, cancel_futures=True)

    def moment(self) -> datetime:
        """The time, never before the pass began, whatever becomes of the clock."""
        return max(self.clock(), self.now)

    def look(self) -> None:
        """Looks for what is owed, once more by those channels too of which nothing was left, or whose rest is over."""
        self.resting = {channel for channel in self.resting if self._rests(channel)}
        for channel in self.outbox.owed_channels(self.now):
            self._open(channel)

    def go_on(self, seconds: float = 0) -> bool:
        """Keeps as many sends under way as the channels allow, and notes those that are done, waiting so long for one;
        False when nothing is under way any more."""
        for lane in self.lanes.values():
            self._fill(lane)
        done, _ = wait(self.flights, seconds, FIRST_COMPLETED)
        if done:
            self._note(done)
        return bool(self.flights) or bool(done)

    def end(self) -> None:
        """Goes on until nothing is left that was due. Told to stop, it leaves sends behind that hang: they are repeated
        under the same id when their lease has ended."""
        ends = inf
        while self.go_on(_ASK_EVERY):
            if ends == inf and (self.is_ending or self.stop()):
                ends = time.monotonic() + _LAST_SECONDS
            if time.monotonic() >= ends:
                log.warning("sends_cut_off", count=len(self.flights), after=_LAST_SECONDS)
                return

    # ----------------------------------------------------------------------- under way

    def _rests(self, channel: str) -> bool:
        until = self.circuits[channel].open_until
        return until is not None and until > self.now

    def _open(self, channel: str) -> None:
        """Looks for what the channel is owed, again if nothing was left."""
        if self.only is None or channel in self.only:
            self.lanes.setdefault(channel, _Lane(channel, _width(self.channels.get(channel)))).is_dry = False

    def _fill(self, lane: _Lane) -> None:
        # A dead receiver must not cost an attempt of as many alerts as a living one takes at once.
        width = lane.width if lane.is_proven else min(lane.width, self.options.stop_after)
        while lane.flying < width and (owed := self._next(lane)):
            lane.flying += 1
            self.flights[self.pool.submit(_send, self.channels.get(lane.channel), owed.alert)] = lane, owed

    def _next(self, lane: _Lane) -> OwedAlert | None:
        """The alert whose turn it is; what the lease has no time for, or a resting channel, goes back before."""
        if lane.channel in self.resting or self.is_ending or self.stop():
            self._release(lane)
            return None
        if lane.waiting and lane.tired_at and self.moment() > lane.tired_at:
            self._release(lane)
        if not lane.waiting and not lane.is_dry:
            lane.waiting.extend(self._without_those_in_hand(self._claim(lane)))
            lane.is_dry = not lane.waiting
            lane.tired_at = None
        if not lane.waiting:
            return None
        if lane.tired_at is None:  # the first of a claim goes out however slow the database was
            lane.tired_at = self.moment() + self.options.lease / 2
        return lane.waiting.popleft()

    def _claim(self, lane: _Lane) -> Sequence[OwedAlert]:
        at, options = self.moment(), self.options
        rhythm = self.rhythms.get(lane.channel, _AT_ONCE)
        claim = Claim(
            channel=lane.channel,
            now=self.now,
            at=at,
            until=at + options.lease,
            limit=options.batch_size,
            held_until=rhythm.quiet_until(at),
            urgent_passes=rhythm.urgent_passes,
            per_hour=rhythm.max_per_hour,
            per_digest=options.digest_size,
        )
        coverage = cache(self.coverage)
        for word in self.outbox.digests_owed(lane.channel, self.now):
            coverage(at, gathered_over(word))  # it takes a second, in which nobody could write if the claim asked
        return self.outbox.claim(
            claim,
            fix=partial(_fixed, zone=rhythm.zone),
            fold=lambda members: folded(members, coverage(at, gathered_over(members[0].digest)), at, rhythm.zone),
        )

    def _without_those_in_hand(self, claimed: Sequence[OwedAlert]) -> Iterator[OwedAlert]:
        """A send that hangs beyond its lease is claimed with the others: that is but a new lease for it."""
        in_hand = {owed.alert.id: flight for flight, (_, owed) in self.flights.items()}
        for owed in claimed:
            if flight := in_hand.get(owed.alert.id):
                self.flights[flight] = self.flights[flight][0], owed
            else:
                yield owed

    def _release(self, lane: _Lane) -> None:
        if lane.waiting:
            self.outbox.release(tuple(lane.waiting))
            lane.waiting.clear()

    def _give_back(self) -> None:
        """What was claimed and is not under way, when a pass is broken off."""
        for lane in self.lanes.values():
            with suppress(NewswardError):  # then the leases end by themselves
                self._release(lane)

    # ----------------------------------------------------------------------- what came of it

    def _note(self, done: Collection[Future[SendResult]]) -> None:
        """Writes down what came of attempts, all that are there in one transaction; when that fails, nothing has
        changed, and they can be noted again."""
        attempts = [(self.flights[flight][1], flight.result()) for flight in done]
        deliveries = [self._judge(owed, result) for owed, result in attempts]
        circuits = self._changed_by(deliveries)
        warnings = self._warnings([(owed, delivery) for (owed, _), delivery in zip(attempts, deliveries, strict=True)])
        self.outbox.record(deliveries, circuits=circuits, warnings=warnings)
        for flight in done:
            self._land(flight)
        for delivery in deliveries:
            self._count(delivery)
        for circuit in circuits:
            self._heed(circuit)
        for told in warnings:
            self._open(told.channel)
        self.watch(len(deliveries))

    def _land(self, flight: Future[SendResult]) -> None:
        lane, _ = self.flights.pop(flight)
        lane.flying -= 1
        lane.is_proven = lane.is_proven or isinstance(flight.result(), Sent)
        lane.is_dry = lane.is_dry and lane.flying > 0  # what waited behind the last of them may be due now

    def _warnings(self, settled: Sequence[tuple[OwedAlert, Delivery]]) -> list[Alert]:
        """What other channels are told of those given up."""
        return [
            warning(delivery, channel, self.now)
            for owed, delivery in settled
            if delivery.dead and owed.alert.kind != "warning"
            for channel in self._warned(delivery.channel)
        ]

    def _judge(self, owed: OwedAlert, result: SendResult) -> Delivery:
        """The attempt and what follows from it."""
        at, attempt, options = self.moment(), owed.attempts + 1, self.options
        delivery = Delivery(owed.alert.id, owed.alert.channel, at, attempt, result, leased_until=owed.leased_until)
        if isinstance(result, Sent):
            return delivery
        if result.permanent:
            return replace(delivery, dead=True)
        if attempt >= options.max_attempts:
            given_up = replace(result, reason=f"given up after {attempt} attempts: {result.reason}")
            return replace(delivery, result=given_up, dead=True)
        again_at = at + max(backoff(owed.alert.id, attempt, options), _asked(result, options))
        rhythm = self.rhythms.get(delivery.channel, _AT_ONCE)
        return replace(delivery, next_attempt_at=rhythm.awake(again_at, owed.alert.severity))

    def _count(self, delivery: Delivery) -> None:
        is_sent = isinstance(delivery.result, Sent)
        self.sent += is_sent
        self.dead += delivery.dead
        self.attempts[delivery.channel, "sent" if is_sent else "dead" if delivery.dead else "failed"] += 1
        if not is_sent:
            _tell(delivery)

    def _circuit(self, channel: str) -> Circuit:
        return self.circuits.get(channel, Circuit(channel))

    def _changed_by(self, deliveries: Sequence[Delivery]) -> Sequence[Circuit]:
        """The circuits that these attempts change, as they are then."""
        circuits: dict[str, Circuit] = {}
        for delivery in deliveries:
            if (channel := delivery.channel) in self.channels:
                before = circuits.get(channel) or self._circuit(channel)
                circuits[channel] = after(before, delivery.result, delivery.attempted_at, self.options)
        return [circuit for channel, circuit in circuits.items() if circuit != self._circuit(channel)]

    def _heed(self, circuit: Circuit) -> None:
        """Leaves the channel alone from now on, or no longer."""
        before, self.circuits[circuit.channel] = self._circuit(circuit.channel), circuit
        if circuit.openings > before.openings:
            self.resting.add(circuit.channel)
            log.warning("channel_rests", channel=circuit.channel, until=circuit.open_until, reason=circuit.reason)
        elif before.openings and not circuit.openings:
            self.resting.discard(circuit.channel)
            log.info("channel_recovered", channel=circuit.channel, since=before.opened_at)

    def _warned(self, about: str) -> Sequence[str]:
        """The channels that are told when this one gives up."""
        others = [channel for channel in self.channels if channel != about]
        chosen = [channel for channel in others if self.rhythms.get(channel, _AT_ONCE).warns]
        return chosen or others[:1]


_AT_ONCE = Rhythm()


def tallies(attempts: Mapping[tuple[str, str], int]) -> tuple[Tally, ...]:
    """What was attempted, by channel and outcome."""
    return tuple(Tally(*which, count) for which, count in sorted(attempts.items()))


def _fixed(alert: Alert, tellings: Sequence[Telling], zone: str) -> Mapping[str, Any]:
    """The payload as every attempt must carry it: receivers know a repetition by its id and its body."""
    return in_zone(with_tellings(alert.payload, tellings), zone)


def _send(channel: Channel | None, alert: Alert) -> SendResult:
    if channel is None:
        return _no_channel(alert.channel)
    try:
        return channel.send(alert)
    except Exception as error:  # behind this door is code of others: a fault in it must not hold up the rest
        log.exception("channel_raised", channel=alert.channel, alert=alert.id)
        return SendFailed(f"a fault in the channel: {type(error).__name__}")


def _no_channel(channel: str) -> SendFailed:
    return SendFailed(f"no channel {channel!r} is configured: name it in the configuration again or drop the alert")


def _tell(delivery: Delivery) -> None:
    assert isinstance(delivery.result, SendFailed)
    say = log.error if delivery.dead else log.warning
    say(
        "alert_given_up" if delivery.dead else "alert_not_sent",
        channel=delivery.channel,
        alert=delivery.alert_id,
        attempt=delivery.attempt,
        reason=delivery.result.reason,
        next_attempt_at=delivery.next_attempt_at,
    )
