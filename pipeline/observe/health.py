"""Whether the watch is well: a judgement over a few facts, with its reasons in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

_REBUILD = "sqlite3 DATABASE \"INSERT INTO entries_fts (entries_fts) VALUES ('rebuild')\""
_TELLING = 20  # feeds: the failures of fewer count against themselves
_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))


class HealthOptions(BaseModel):
    """What counts as trouble."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_age: timedelta = Field(
        timedelta(hours=1),
        ge=timedelta(minutes=2),  # the daemon's sign of life is up to a minute old
        description="A run must have been completed within this time; longer than from one run to the next",
    )
    max_failing: float = Field(50, ge=0, le=100, description="Percent of the feeds that may be failing at a time")
    max_wait: timedelta = Field(
        timedelta(hours=1), gt=timedelta(), description="How long an alert may wait beyond the moment it was meant for"
    )
    dead_window: timedelta = Field(
        timedelta(days=1), gt=timedelta(), description="How long an alert that was given up counts as trouble"
    )

    min_free: int = Field(
        200, ge=0, description="Megabytes of disk that must be free where the database lies; `health --deep` looks"
    )


@dataclass(frozen=True, slots=True)
class DeepFacts:
    """What a thorough look at the file and its disk tells."""

    faults: tuple[str, ...]  # of the file, in words
    unindexed: int  # entries that full-text search does not find
    left_over: int  # rows of the full-text index that are no entries
    free_mb: int  # of the disk


@dataclass(frozen=True, slots=True)
class HealthFacts:
    """What the database tells."""

    beat_at: datetime | None  # when a run, or a look that found nothing to do, was last completed
    first_run_at: datetime | None  # when the first run ever began
    feeds: int  # that take turns
    failing: int  # of these
    overdue: int  # alerts that wait for longer than max_wait
    dead: int  # alerts given up within dead_window
    answered_at: datetime | None = None  # when one of these last did
    unreached: int = 0  # feeds that the last run asked, where none of them answered
    stuck: tuple[str, ...] = ()  # channels that have taken nothing for longer than max_wait, and should have


def judge(facts: HealthFacts, options: HealthOptions, now: datetime) -> tuple[str, ...]:
    """The reasons why the watch is not well, the gravest first; none = it is."""
    return tuple(_reasons(facts, options, now))


def judge_deep(facts: DeepFacts, options: HealthOptions) -> tuple[str, ...]:
    """The same for a thorough look, each reason with its remedy."""
    return tuple(_deep_reasons(facts, options))


def _deep_reasons(facts: DeepFacts, options: HealthOptions) -> Iterator[str]:
    for fault in facts.faults:
        yield f"the database is damaged: {fault} (newsward restore BACKUP)"
    if facts.unindexed or facts.left_over:
        yield (
            f"full-text search is out of step: {_count(facts.unindexed, 'entry', 'entries')} missing, "
            f"{facts.left_over} left over ({_REBUILD})"
        )
    if facts.free_mb < options.min_free:
        yield (
            f"the disk has {facts.free_mb} MB free, fewer than {options.min_free} "
            "(free some, or newsward prune --vacuum while there is still room)"
        )


def _reasons(facts: HealthFacts, options: HealthOptions, now: datetime) -> Iterator[str]:
    if silence := _silence(facts, options.max_age, now):
        yield silence
    if not facts.feeds:
        yield "no feed is polled: none is configured, or all are disabled (newsward feeds list)"
    elif facts.failing * 100 > facts.feeds * options.max_failing:
        yield (
            f"{facts.failing} of {facts.feeds} feeds fail, more than {options.max_failing:g} percent "
            "(newsward feeds list)"
        )
    if unreached := _unreached(facts, options.max_age, now):
        yield unreached
    if facts.overdue:
        waits = f"{_count(facts.overdue, 'alert')} not sent for longer than {_duration(options.max_wait)}"
        fail = f"; nothing goes out by {' and '.join(facts.stuck)}" if facts.stuck else ""
        yield f"{waits}{fail} (newsward alerts list)"
    if facts.dead:
        given_up = f"{_count(facts.dead, 'alert')} given up in the last {_duration(options.dead_window)}"
        yield f"{given_up} (newsward alerts list)"


def _silence(facts: HealthFacts, max_age: timedelta, now: datetime) -> str:
    """Why the last sign of life is not good enough; "" = it is."""
    if facts.beat_at is None and facts.first_run_at is None:
        return "no run has begun yet (newsward run, or newsward daemon)"
    if facts.beat_at is None:
        # A first run takes its time; one that is cut off again and again must not look like it for ever.
        assert facts.first_run_at is not None
        age = now - facts.first_run_at
        return f"no run has been completed since the first began, {_duration(age)} ago" if age > max_age else ""
    age = now - facts.beat_at
    if age < -max_age:
        return f"the last run is {_duration(-age)} in the future: the clock has been set back"
    if age > max_age:
        return f"the last run was completed {_duration(age)} ago; more than {_duration(max_age)} is too long"
    return ""


def _unreached(facts: HealthFacts, max_age: timedelta, now: datetime) -> str:
    """What the last run was in vain for; "" = it was not. Where the network here is down no feed counts as failing."""
    if facts.unreached < _TELLING:
        return ""
    told = f"the last run reached none of {facts.unreached} feeds, and none has"
    look = "(look at this machine's network, name server, proxy)"
    if facts.answered_at is None:
        return f"{told} ever answered {look}"
    age = now - facts.answered_at
    return f"{told} answered for {_duration(age)} {look}" if age > max_age else ""


def _count(number: int, what: str, many: str = "") -> str:
    return f"{number} {what if number == 1 else many or f'{what}s'}"


def _duration(duration: timedelta) -> str:
    """In the largest unit of which there are two, or one exactly; else in seconds."""
    for name, unit in _UNITS:
        if duration >= 2 * unit or duration == unit:
            return _count(duration // unit, name)
    return _count(int(duration.total_seconds()), "second")
