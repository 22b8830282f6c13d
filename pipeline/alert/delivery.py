"""Sending what the outbox owes: at least once, each message under one id, until it is sent or given up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.alert.payload import with_tellings
from pipeline.keys import digest
from pipeline.model import Alert, Delivery, OwedAlert, SendFailed, SendResult, Sent, Tally

log = structlog.get_logger()


class AlertOptions(BaseModel):
    """How alerts are owed and delivered. Durations are seconds or ISO 8601 (``PT24H``)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_age: timedelta = Field(
        timedelta(hours=24), gt=timedelta(), description="Entries published longer ago than this never alert."
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
        3, ge=1, description="Failures in a row after which a channel is left alone until the next pass."
    )

    @model_validator(mode="after")
    def _waits_grow(self) -> AlertOptions:
        if self.backoff_base > self.backoff_cap:
            raise ValueError("backoff_base must not be longer than backoff_cap")
        return self


class Channel(Protocol):
    """A way out for alerts: what ``channels/<kind>.py`` offers as a pydantic model named ``Channel``.

    ``in_flight`` (a class attribute, 1 where it is absent) says how many sends may go on at once, from as many threads.
    Four further methods are optional, the first three for ``newsward check``; none of their words may hold secrets:
    ``concerns() -> Iterable[tuple[str, str]]``, what is valid and unwise about the options, each with its remedy;
    ``receiver() -> object``, what two channels of this kind that lead to one place have in common, never shown;
    ``probe() -> str | None``, why the receiver cannot be reached now, "" when it can, None when that cannot be told:
    nothing is sent to it; ``files() -> Iterable[Path]``, what it has read, so that a change of it is noticed.
    """

    def send(self, alert: Alert) -> SendResult:
        """One attempt, within a minute. What the receiver refuses is returned, not raised.

        Reasons are kept and shown: they must not hold secrets, nor addresses that are ones.
        """

    def close(self) -> None:
        """Frees connections; a later ``send`` may open them again."""


class Outbox(Protocol):
    """The alerts not yet delivered, as the store keeps them. Each call is one short transaction."""

    def claim(self, now: datetime, *, lease: timedelta, limit: int) -> Sequence[OwedAlert]:
        """Takes up to ``limit`` alerts that are due, for this caller alone, until ``now + lease``.

        Due: neither sent nor dead, ``not_before`` and the next attempt not after ``now``, under no lease that
        lasts beyond ``now``, and no earlier undelivered alert of the same channel and story. A moment so far ahead
        that only a wrong clock can have set it counts as past. In the order in which they came: by ``created_at``,
        then by insertion. Those whose payload is not fixed come with the other tellings of their story.
        """

    def fix(self, alert_id: str, payload: Mapping[str, Any]) -> None:
        """Makes this the payload of every attempt; asked once, before the first."""

    def record(self, delivery: Delivery) -> None:
        """Notes an attempt, sets the alert sent, dead or due at ``next_attempt_at``, and ends its lease."""

    def release(self, alert_ids: Sequence[str], *, until: datetime) -> None:
        """Gives back alerts that were claimed and not tried: the lease ends, no attempt counts, none is due before
        ``until``.
        """


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass over the outbox came to, in alerts."""

    sent: int = 0
    waiting: int = 0  # tried in vain or held back; they stay in the outbox
    dead: int = 0  # given up
    deliveries: tuple[Tally, ...] = field(default=(), compare=False)  # the attempts behind these counts


def deliver(
    outbox: Outbox,
    channels: Mapping[str, Channel],
    *,
    now: datetime,
    options: AlertOptions,
    clock: Callable[[], datetime] | None = None,
) -> Outcome:
    """One pass: sends every alert that is due at ``now``, each at most once, and notes what came of it.

    ``clock`` tells the moment during the pass (default: runs on from ``now``). Before its first attempt an alert is
    told who else tells its story by now, and then its payload is fixed. An alert is sent and then noted, so
    that a crash between the two repeats it under the same id and never loses it. A channel that asks to wait, or
    fails ``stop_after`` times in a row, gets nothing more in this pass; what was still meant for it goes back to
    the outbox untried, and the other channels go on. An alert that failed is overtaken by those of other stories,
    so that one message which a receiver cannot digest does not hold up the rest. Raises what the outbox raises.
    """
    sending = _Pass(outbox, channels, now, options, clock or _running_from(now))
    while batch := sending.claim():
        sending.work(batch)
    return Outcome(sending.sent, sending.waiting, sending.dead, sending.tallies())


def backoff(alert_id: str, attempt: int, options: AlertOptions) -> timedelta:
    """The wait after the ``attempt``-th failure (from 1): doubling up to the cap, then shortened by up to a fifth.

    The share is drawn from the alert's id and the attempt, so that messages which failed together do not all come
    back together, and yet the same history always gives the same schedule.
    """
    # 2 ** 40 times a positive wait exceeds any cap; the limit keeps the product within what timedelta holds.
    doubled = options.backoff_base.total_seconds() * 2 ** min(attempt - 1, 40)
    share = int(digest("backoff", alert_id, str(attempt)), 16) / 2**64
    return timedelta(seconds=min(doubled, options.backoff_cap.total_seconds()) * (1 - share / 5))


def _running_from(now: datetime) -> Callable[[], datetime]:
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)


@dataclass(slots=True)
class _Pass:
    """The state of one pass. Claims ask for what was due at its start, so that nothing comes round twice."""

    outbox: Outbox
    channels: Mapping[str, Channel]
    now: datetime
    options: AlertOptions
    clock: Callable[[], datetime]
    sent: int = 0
    waiting: int = 0
    dead: int = 0
    attempts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by channel and outcome
    failures: Counter[str] = field(default_factory=Counter)  # in a row, by channel
    resting: dict[str, datetime] = field(default_factory=dict)  # stopped channels, and until when

    def moment(self) -> datetime:
        """The time, never before the pass began, whatever becomes of the clock."""
        return max(self.clock(), self.now)

    def claim(self) -> Sequence[OwedAlert]:
        elapsed = self.moment() - self.now
        return self.outbox.claim(self.now, lease=elapsed + self.options.lease, limit=self.options.batch_size)

    def work(self, batch: Sequence[OwedAlert]) -> None:
        """Tries the batch in order; what the lease has no time for is given back, due as before."""
        tired_at = self.moment() + self.options.lease / 2
        held: dict[str, list[str]] = {}
        for position, owed in enumerate(batch):
            if owed.alert.channel in self.resting:
                held.setdefault(owed.alert.channel, []).append(owed.alert.id)
            elif position and self.moment() > tired_at:
                self.outbox.release(_ids(batch[position:]), until=self.now)
                break
            else:
                self._attempt(owed)
        for channel, alert_ids in held.items():
            self.outbox.release(alert_ids, until=self.resting[channel])
            self.waiting += len(alert_ids)

    def _attempt(self, owed: OwedAlert) -> None:
        alert = owed.alert
        channel = self.channels.get(alert.channel)
        result = _send(channel, self._fixed(owed)) if channel is not None else _no_channel(alert.channel)
        delivery = self._judge(owed, result)
        self.outbox.record(delivery)
        outcome = "sent" if isinstance(result, Sent) else "dead" if delivery.dead else "failed"
        self.attempts[alert.channel, outcome] += 1
        if isinstance(result, Sent):
            self.sent += 1
            self.failures[alert.channel] = 0
            return
        self.dead += delivery.dead
        self.waiting += not delivery.dead
        _tell(delivery)
        if channel is not None:
            self._note_failure(delivery, result)

    def tallies(self) -> tuple[Tally, ...]:
        """What was attempted so far."""
        return tuple(Tally(*which, count) for which, count in sorted(self.attempts.items()))

    def _fixed(self, owed: OwedAlert) -> Alert:
        """The alert as every attempt must carry it: receivers know a repetition by its id and its body."""
        if owed.is_fixed:
            return owed.alert
        payload = with_tellings(owed.alert.payload, owed.tellings)
        self.outbox.fix(owed.alert.id, payload)
        return replace(owed.alert, payload=payload)

    def _judge(self, owed: OwedAlert, result: SendResult) -> Delivery:
        """The attempt and what follows from it."""
        at, attempt, options = self.moment(), owed.attempts + 1, self.options
        delivery = Delivery(owed.alert.id, owed.alert.channel, at, attempt, result)
        if isinstance(result, Sent):
            return delivery
        if result.permanent:
            return replace(delivery, dead=True)
        if attempt >= options.max_attempts:
            given_up = replace(result, reason=f"given up after {attempt} attempts: {result.reason}")
            return replace(delivery, result=given_up, dead=True)
        wait = max(backoff(owed.alert.id, attempt, options), self._asked(result))
        return replace(delivery, next_attempt_at=at + wait)

    def _asked(self, result: SendFailed) -> timedelta:
        return min(result.retry_after or timedelta(), self.options.backoff_cap)

    def _note_failure(self, delivery: Delivery, result: SendFailed) -> None:
        """Stops the channel when it asked for a rest or has failed too often in a row."""
        channel = delivery.channel
        self.failures[channel] += 1
        if result.retry_after is None and self.failures[channel] < self.options.stop_after:
            return
        rest = max(self._asked(result), self.options.backoff_base)
        self.resting[channel] = delivery.attempted_at + rest
        log.warning("channel_rests", channel=channel, until=self.resting[channel], reason=result.reason)


def _send(channel: Channel, alert: Alert) -> SendResult:
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


def _ids(batch: Sequence[OwedAlert]) -> list[str]:
    return [owed.alert.id for owed in batch]
