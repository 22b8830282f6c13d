"""What is unusual against one's own past: a feed that fell silent, a company with fewer or more stories than ever."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean, median, variance
from typing import Literal

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
SOON = timedelta(hours=3)  # no feed is called silent sooner
_LEAST_PAUSES = 8
_LEAST_WEEKS = 2  # of a feed's past: before that, no weekend need have been seen
_LEAST_STRETCHES = 3
_LEAST_USUAL = 3.0  # stories: fewer are easily none
_LEAST_LOUD = 5


@dataclass(frozen=True, slots=True)
class Silence:
    """Since when a feed is silent, and why that is unusual for it."""

    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Unusual:
    """A company with unusually few ("quiet") or many ("loud") new stories, and how many are usual for it."""

    kind: str
    stories: int
    usual: float


def judged_silence(
    moments: Sequence[datetime], known_since: datetime, until: datetime
) -> Silence | Literal["usual", "unknown"]:
    """Whether a feed that last brought something at the last of ``moments`` had fallen silent by ``until``, the last
    moment at which it was seen to have nothing new; "unknown" = too short a past.

    Moments are in order, and all there were since ``known_since``. Two tests, either is enough: the pause is twice as
    long as those that the feed usually makes, or the same stretch of the week brought so much in the weeks before that
    chance does not explain that it brings nothing.
    """
    if len(moments) <= _LEAST_PAUSES or moments[-1] - moments[0] < _LEAST_WEEKS * _WEEK:
        return "unknown"
    since, pause = moments[-1], until - moments[-1]
    if pause < SOON:
        return "usual"
    longest = _longest_usual(moments)
    if pause > 2 * longest:
        return Silence(since, f"nothing new for {_duration(pause)}; its usual pauses end within {_duration(longest)}")
    usual, enough = _usual_in_stretch(moments, known_since, until), _enough(moments)
    if usual >= enough and usual / _unevenness(moments) >= enough:
        often = f"in the same hours of the weeks before, {usual:.0f} polls brought something"
        return Silence(since, f"nothing new for {_duration(pause)}; {often}")
    return "usual"


def judged_company(present: int, past: Sequence[int], tests: int) -> Unusual | None:
    """Whether this number of new stories is unusual for a company that had ``past`` in stretches of the same length.

    As if stories came by chance at a steady rate that the past tells, coarser where the past was uneven. ``tests`` is
    how many companies are judged at once: of twenty such judgements of all of them, about one names a company wrongly.
    """
    if len(past) < _LEAST_STRETCHES:
        return None
    usual = fmean(past)
    clumps = max(1.0, variance(past) / usual) if usual else 1.0
    chance = min(1e-3, 0.05 / max(tests, 1))
    if usual >= _LEAST_USUAL and present <= usual / 2 and _at_most(present, past, clumps) < chance:
        return Unusual("quiet", present, usual)
    if present >= max(_LEAST_LOUD, 2 * usual) and 1 - _at_most(present - 1, past, clumps) < chance:
        return Unusual("loud", present, usual)
    return None


def _longest_usual(moments: Sequence[datetime]) -> timedelta:
    """The longest pause, leaving out one in four weeks: a time in which nobody polled, or a feed that was mended."""
    pauses = sorted(later - sooner for sooner, later in pairwise(moments))
    weeks = (moments[-1] - moments[0]) // _WEEK
    return pauses[-1 - min(weeks // 4, len(pauses) // 20)]


def _usual_in_stretch(moments: Sequence[datetime], known_since: datetime, until: datetime) -> float:
    """How many polls brought something in the same stretch of the weeks before; 0 when too few weeks are known, or in
    too many of them the stretch was empty too."""
    since = moments[-1]
    counts = []
    back = -(-(until - since) // _WEEK) * _WEEK
    while since - back >= known_since:
        counts.append(bisect_right(moments, until - back) - bisect_right(moments, since - back))
        back += _WEEK
    if len(counts) < _LEAST_STRETCHES or counts.count(0) > len(counts) // 4:
        return 0.0
    return median(counts)


def _unevenness(moments: Sequence[datetime]) -> float:
    """How much more the days differ from their weekday's mean than by chance (Pearson's chi squared by its degrees of
    freedom); 1 = not at all."""
    counts = Counter((moment - moments[0]) // _DAY for moment in moments)
    days = (moments[-1] - moments[0]) // _DAY
    chi, freedom = 0.0, 0
    for weekday in range(7):
        column = [counts[day] for day in range(weekday, days, 7)]
        mean = fmean(column) if column else 0.0
        if mean:
            chi += sum((count - mean) ** 2 for count in column) / mean
            freedom += len(column) - 1
    return max(1.0, chi / freedom) if freedom else 1.0


def _enough(moments: Sequence[datetime]) -> float:
    """How many must be missing: who brings more has more pauses, and each is a chance to be taken for silence."""
    a_day = len(moments) / ((moments[-1] - moments[0]) / _DAY)
    return min(14.0, max(4.0, math.log(1e4 * a_day)))


def _at_most(count: int, past: Sequence[int], clumps: float) -> float:
    """The chance of so few, from what the past tells of the rate and how well it tells it (negative binomial)."""
    seen, share = sum(past) / clumps + 0.5, len(past) / (len(past) + 1)
    total = 0.0
    for number in range(math.floor(count / clumps) + 1):
        ways = math.lgamma(seen + number) - math.lgamma(seen) - math.lgamma(number + 1)
        total += math.exp(ways + seen * math.log(share) + number * math.log1p(-share))
    return min(total, 1.0)


def _duration(duration: timedelta) -> str:
    hours = max(1, round(duration / timedelta(hours=1)))
    return f"{hours} hour{'s' * (hours != 1)}" if hours < 72 else f"{hours / 24:.0f} days"
