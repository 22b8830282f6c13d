"""What may have been missed, who is unusually quiet or loud, and what waits: the values of a report, and its sentences.

A feed that failed is unknown coverage: that nothing came of it never reads as "no news".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

# Problems of feeds, in words that follow a number of them; the gravest first.
PROBLEMS = {
    "failing": ("fails", "fail"),
    "disabled": ("is disabled", "are disabled"),
    "overdue": ("was not polled in its turn", "were not polled in their turn"),
    "silent": ("fell silent", "fell silent"),
    "gap": ("probably lost entries", "probably lost entries"),
    "damaged": ("came damaged", "came damaged"),
    "paused": ("is paused", "are paused"),
}
_UNANSWERED = ("failing", "disabled", "overdue")


@dataclass(frozen=True, slots=True)
class FeedTrouble:
    """A feed of which something may have been missed. ``problem`` is one of ``PROBLEMS``."""

    problem: str
    since: datetime
    title: str
    url: str
    reason: str
    publisher: str = ""
    tier: int = 3


@dataclass(frozen=True, slots=True)
class Recovered:
    """A feed that failed and is well again: by what it brought then, nothing was missed unless it is a trouble too."""

    title: str
    url: str
    failed_polls: int
    last_failed_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class CompanyTold:
    """A company with unusually few or many new stories. ``kind``: "quiet", "loud", or "unknown": it would be quiet, but
    of the feeds that usually tell of it not all worked."""

    kind: str
    company: str
    name: str
    stories: int
    usual: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChannelWaits:
    """What a channel owes: ``waiting`` should have gone out, ``later`` waits for its moment, ``dead`` was given up,
    ``dead_lately`` within the report's time; ``tried`` of those that wait were refused at least once."""

    channel: str
    waiting: int
    oldest_at: datetime | None
    later: int
    dead: int
    dead_lately: int = 0
    tried: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Polls:
    """How feeds were asked: ``conditional`` = for changes only, ``unchanged`` = answered that there were none."""

    feeds: int = 0
    polls: int = 0
    failed: int = 0
    unchanged: int = 0
    conditional: int = 0
    conditional_feeds: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of a stretch of the watch, from ``since`` to ``until``."""

    since: datetime
    until: datetime
    feeds: int  # configured
    runs: int  # completed in that time
    last_run_at: datetime | None
    beat_at: datetime | None = None  # the last sign of life, also of a look that found nothing due
    polls: Polls = Polls()
    troubles: tuple[FeedTrouble, ...] = ()
    recovered: tuple[Recovered, ...] = ()
    companies: tuple[CompanyTold, ...] = ()
    channels: tuple[ChannelWaits, ...] = ()

    def count(self, *problems: str) -> int:
        """How many feeds have one of these problems."""
        return len({trouble.url for trouble in self.troubles if trouble.problem in problems})

    @property
    def waiting(self) -> int:
        """Alerts that should have gone out by now."""
        return sum(channel.waiting for channel in self.channels)

    @property
    def dead_lately(self) -> int:
        """Alerts that were given up in that time."""
        return sum(channel.dead_lately for channel in self.channels)

    @property
    def is_watched(self) -> bool:
        """Somebody looked in that time: a run was completed, is under way, or nothing was due."""
        return bool(self.runs or self.polls.polls or (self.beat_at and self.beat_at >= self.since))

    @property
    def is_whole(self) -> bool:
        """Nothing is known to be missed, but by feeds that a person paused, and nothing waits."""
        troubled = any(trouble.problem != "paused" for trouble in self.troubles)
        return bool(self.feeds and self.is_watched) and not (troubled or self.waiting or self.dead_lately)


def verdict(report: Report) -> str:
    """The whole in one sentence, or two when companies are unusual."""
    unusual = _unusual(report)
    return f"{_coverage(report)}{f' {unusual}' if unusual else ''}"


def coverage_line(report: Report) -> str:
    """What may have been missed, in one sentence, for those who read the news itself."""
    if not report.is_watched:
        return f"Coverage: unknown, no run was completed in the {_window(report)}."
    failed, silent, gaps = report.count(*_UNANSWERED), report.count("silent"), report.count("gap")
    said = [f"{failed} of {_count(report.feeds, 'feed')} failed"] if failed else []
    said += [f"{silent} fell silent"] if silent else []
    lost = f"in {_count(gaps, 'feed')} entries were probably missed" if gaps else ""
    told = "; ".join(filter(None, (", ".join(said), lost))) or _well(report)
    return f"Coverage of the {_window(report)}: {told}."


def _coverage(report: Report) -> str:
    if not report.feeds:
        return "Nothing is watched: no feed is configured."
    owed = " and ".join(_owed(report))
    if not report.is_watched:
        last = (
            f"the last one ended at {report.last_run_at:%Y-%m-%d %H:%M} UTC" if report.last_run_at else "there was none"
        )
        unsent = f"; {owed}" if owed else ""
        return f"What happened in the {_window(report)} is unknown: no run was completed ({last}){unsent}."
    troubles = ", ".join(_troubles(report))
    if troubles:
        return f"News of the {_window(report)} may have been missed: {troubles}; {owed or 'no alert waits'}."
    if owed:
        return f"Nothing of the {_window(report)} is known to be missed, but {owed}; {_well(report)}."
    return f"Nothing of the {_window(report)} is known to be missed: {_well(report)}, and no alert waits."


def _well(report: Report) -> str:
    paused = report.count("paused")
    at_work = report.feeds - paused
    works = "the one feed works" if at_work == 1 else f"all {at_work} feeds work"
    return f"{works} ({paused} paused)" if paused else works


def _troubles(report: Report) -> Iterator[str]:
    counts = Counter(trouble.problem for trouble in report.troubles if trouble.problem != "paused")
    of_all = f" of {_count(report.feeds, 'feed')}"
    for problem, (one, many) in PROBLEMS.items():
        if count := counts[problem]:
            yield f"{count}{of_all} {one if count == 1 else many}"
            of_all = ""


def _owed(report: Report) -> Iterator[str]:
    if report.waiting:
        yield f"{_count(report.waiting, 'alert')} {'waits' if report.waiting == 1 else 'wait'}"
    if report.dead_lately:
        yield f"{_count(report.dead_lately, 'alert')} {'was' if report.dead_lately == 1 else 'were'} given up"


def _unusual(report: Report) -> str:
    counts = Counter(told.kind for told in report.companies)
    said = [f"{counts[kind]} unusually {kind}" for kind in ("quiet", "loud") if counts[kind]]
    said += [f"{counts['unknown']} of unknown coverage"] if counts["unknown"] else []
    return f"Companies: {', '.join(said)}." if said else ""


def _window(report: Report) -> str:
    hours = (report.until - report.since) / timedelta(hours=1)
    whole = f"{hours / 24:g} days" if hours > 24 and hours % 24 == 0 else _count(round(hours), "hour")
    return f"last {whole}"


def _count(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else f'{one}s'}"
