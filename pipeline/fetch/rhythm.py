"""How often a feed is worth asking: by the pace at which it publishes, and by what its document asks for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.model import DateKind, Document, Entry, FeedState, Hints

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# No wait is longer: the database takes a turn that lies more than 8 days ahead for a fault of the clock.
LONGEST = timedelta(days=7)
# A weekend. News of a longer silence would be too old to alert when it is over.
_QUIET_DAYS = 2

# The wait goes with the gap between entries to this power: see interval_of.
_POWER = 2 / 3
# Each gap between entries counts a fifth less than the next newer one, and beyond the newest 20 none does.
_MEMORY = 5
_FADING: float = 1 - 1 / _MEMORY
_GAPS = 20
# With fewer gaps than this, nothing tells a pinned entry from a publisher who was away.
_ENOUGH_GAPS = 4
# Evidence that a publisher outpaces its own "updated daily".
_OVERRULING = 10
# Without dates, a poll that brought nothing makes the next a tenth rarer.
_SLACKEN = 1.1


class PollingOptions(BaseModel):
    """When feeds are asked again. Durations are seconds where text is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hourly_interval: timedelta = Field(
        timedelta(minutes=40),
        ge=timedelta(seconds=1),
        le=LONGEST,
        description="Time between polls of a feed that publishes once an hour; at eight times the pace a quarter.",
    )
    min_interval: timedelta = Field(
        timedelta(minutes=10), gt=timedelta(0), description="No feed is polled more often than this."
    )
    max_interval: timedelta = Field(
        timedelta(hours=12),
        gt=timedelta(0),
        le=LONGEST,
        description="Longest time between polls that a feed's own slow pace leads to; a wish for rest (hint_cap) and "
        "quiet hours and days can make it longer.",
    )
    default_interval: timedelta = Field(
        timedelta(minutes=30), gt=timedelta(0), le=LONGEST, description="For a feed whose pace is not known yet."
    )
    hint_floor: timedelta = Field(
        timedelta(minutes=15),
        ge=timedelta(0),
        description="What a server's or document's shorter wish (max-age, ttl, updatePeriod) is raised to.",
    )
    hint_cap: timedelta = Field(
        timedelta(hours=24), gt=timedelta(0), le=LONGEST, description="What a longer wish is cut to."
    )
    max_backoff: timedelta = Field(
        timedelta(hours=24), gt=timedelta(0), le=LONGEST, description="Longest wait after repeated failures."
    )
    dead_after: timedelta = Field(
        timedelta(days=30), gt=timedelta(0), description="Failing for so long, a feed is only looked in on."
    )
    dead_interval: timedelta = Field(
        timedelta(days=7),
        gt=timedelta(0),
        le=LONGEST,
        description="How often a feed is polled that failed for so long.",
    )

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if not self.min_interval <= self.default_interval <= self.max_interval:
            raise ValueError("min_interval, default_interval and max_interval must not decrease in this order")
        if self.hint_floor > self.hint_cap:
            raise ValueError("hint_floor is longer than hint_cap")
        return self


def interval_of(
    state: FeedState, document: Document | None, *, now: datetime, new: int, options: PollingOptions
) -> timedelta:
    """The interval that fits the feed's pace. ``document`` None = the answer brought no new document (304).

    It grows with the gap between entries, slower than the gap does: busy feeds are polled more often, and yet each of
    their polls brings more. For a given number of requests the mean delay would be least with the square root of the
    gap. A minute more matters less the later an entry already is, so what is made least is the mean root of the delay:
    the sum of sqrt(interval) / gap, while that of 1 / interval is fixed. That gives the power of two thirds.
    """
    if document is None:
        before = state.interval or options.default_interval
        return max(before, _clamp(_of_gap(_gap_after_silence(state, before, now, options), options), options))
    gap = _gap(document.entries, now)
    interval = _without_dates(state, now=now, new=new, options=options) if gap is None else _of_gap(gap, options)
    return max(_clamp(interval, options), wish_of(document, now, options))


def gap_behind(interval: timedelta, options: PollingOptions) -> timedelta:
    """The gap between entries that leads to this interval: the rule read backwards."""
    return HOUR * math.pow(interval / options.hourly_interval, 1 / _POWER)


def wish_of(document: Document, now: datetime, options: PollingOptions) -> timedelta:
    """What the document asks for (ttl, updatePeriod), within bounds; none when it asks for nothing.

    Many a blog says "daily" and publishes every hour: what it does outweighs what it says.
    """
    hints = document.info.hints
    if not hints.update_every:
        return wish_floor(hints.ttl, options)
    every = wish_floor(hints.update_every, options)
    lately = sum(date >= now - every for date in _dates(document.entries, now))
    return max(wish_floor(hints.ttl, options), timedelta() if lately >= _OVERRULING else every)


def wish_floor(wish: timedelta | None, options: PollingOptions) -> timedelta:
    """How long a wish not to be asked counts for: none for none, else between ``hint_floor`` and ``hint_cap``."""
    return min(max(wish, options.hint_floor), options.hint_cap) if wish else timedelta()


def past_quiet_hours(moment: datetime, hints: Hints, *, spread: timedelta) -> datetime:
    """The moment, or when the quiet hours and days (UTC) around it are over, plus ``spread`` (under an hour).

    A list of all hours, or of more than two days in a row, is a mistake and is ignored.
    """
    hours = {hour % 24 for hour in hints.skip_hours}
    days = {day % 7 for day in hints.skip_days}
    if len(hours) == 24:
        hours = set()
    if any(all((first + later) % 7 in days for later in range(_QUIET_DAYS + 1)) for first in days):
        days = set()
    if moment.hour not in hours and moment.weekday() not in days:
        return moment
    full_hour = moment.replace(minute=0, second=0, microsecond=0)
    while full_hour.hour in hours or full_hour.weekday() in days:
        full_hour += HOUR
    return full_hour + spread


def _clamp(interval: timedelta, options: PollingOptions) -> timedelta:
    return max(options.min_interval, min(interval, options.max_interval))


def _of_gap(gap: timedelta, options: PollingOptions) -> timedelta:
    return options.hourly_interval * math.pow(gap / HOUR, _POWER)


def _gap(entries: Sequence[Entry], now: datetime) -> timedelta | None:
    """The gap between entries by the dates given; None when there are none, or only one (that of a build, say).

    A mean in which newer gaps count for more. The one that is still open is there too, as half a gap: what has not
    come yet is news of the pace as well.
    """
    dates = sorted(set(_dates(entries, now)), reverse=True)
    if len(dates) < 2:
        return None
    gaps = _without_pinned([newer - older for newer, older in pairwise(dates)][:_GAPS])
    weights: list[float] = [_FADING**place for place in range(1, len(gaps) + 1)]
    weighted = sum((gap * weight for gap, weight in zip(gaps, weights, strict=True)), now - dates[0])
    return weighted / (sum(weights) + 0.5)


def _without_pinned(gaps: list[timedelta]) -> list[timedelta]:
    """Newest first, without what lies before entries kept from long ago: gaps longer than all newer ones together."""
    while len(gaps) > _ENOUGH_GAPS and gaps[-1] > sum(gaps[:-1], timedelta()):
        gaps = gaps[:-1]
    return gaps


def _dates(entries: Sequence[Entry], now: datetime) -> list[datetime]:
    """When entries were published, as far as the feed says so and it can be true."""
    return [
        entry.published_at
        for entry in entries
        if entry.published_at and entry.date_kind is DateKind.GIVEN and entry.published_at < now
    ]


def _gap_after_silence(state: FeedState, before: timedelta, now: datetime, options: PollingOptions) -> timedelta:
    """What the gap that led to the interval ``before`` has become since, while nothing came."""
    gap = gap_behind(before, options)
    if state.last_ok_at and state.last_ok_at < now:
        gap += (now - state.last_ok_at) / _MEMORY
    if state.last_full_at and state.last_full_at < now:
        # Nothing seen in a time t: the gap is above t / 3 with 95 % confidence.
        gap = max(gap, (now - state.last_full_at) / 3)
    return gap


def _without_dates(state: FeedState, *, now: datetime, new: int, options: PollingOptions) -> timedelta:
    """Feeling the way: rarer while nothing comes, half way to the pace seen since the last poll when something does."""
    before = state.interval or options.default_interval
    if state.last_polled_at is None or now <= state.last_polled_at:
        return before
    if not new:
        return before * _SLACKEN
    return (before + _of_gap((now - state.last_polled_at) / new, options)) / 2
