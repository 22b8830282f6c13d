"""Replay real feeds by the dates of their entries, and say what each rule for the next poll costs and how late it is.

    NEWSWARD_DATA=DATA_DIR python -m bench.rhythm [--warm-up 0.34] [--seed 1] [--hourly 30 50] [--newsward-only]

DATA_DIR/feeds/real holds captured feeds, one a file. Those with 12 dated entries over 6 hours or more are replayed
(entries of one moment count once). What a feed published before the oldest and after the newest entry of its capture
is not known: a replay begins with the oldest entry and ends with the poll that finds the newest. Polls find nothing
(304), or a document of the newest entries up to then, as many as the capture holds. An entry is taken to be there at
the moment of its date.

- polls: mean over the feeds of polls a day of the replay, at most 50,000 a feed;
- delay: from an entry's date to the poll that finds it, in minutes. Captures are of one length whatever the pace of
  the feed, so entries are weighted: those of a feed weigh together what it publishes in a day;
- ``--warm-up`` lets a first poll find this share of the entries, which are then not counted;
- the halves are drawn by the file's name and the seed.

"newsward" is ``next_state`` with the options of today, offset and jitter included; "its hints" honours ttl,
updatePeriod, skipHours and skipDays of the captured document, the fewer polls being those that hints forbid.
"""

from __future__ import annotations

import argparse
import os
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import fmean

from pipeline.fetch import PollingOptions, next_state
from pipeline.model import (
    Answer,
    DateKind,
    Document,
    Due,
    Entry,
    Feed,
    FeedInfo,
    FeedState,
    Fetched,
    FetchFailed,
    Hints,
    NotModified,
)
from pipeline.parse import parse

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LEAST_ENTRIES, LEAST_SPAN = 12, timedelta(hours=6)
MOST_POLLS = 50_000
WEEK_COUNT_MIN, WEEK_COUNT_MAX = timedelta(minutes=5), DAY  # Miniflux's own bounds


@dataclass(frozen=True, slots=True)
class Capture:
    """What one captured feed tells of its past."""

    name: str
    dates: tuple[datetime, ...]  # oldest first, no two alike
    length: int  # entries that a document holds
    hints: Hints

    @property
    def pace(self) -> float:
        """Entries a day."""
        return len(self.dates) * DAY / (self.dates[-1] - self.dates[0])


@dataclass(frozen=True, slots=True)
class Seen:
    """A poll: when it was, and how many entries had been published by then."""

    now: datetime
    published: int
    new: int


# A rule is told of each poll and says when the next one is.
Rule = Callable[[Seen], datetime]


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of replaying one feed."""

    capture: Capture
    polls_a_day: float
    delays: tuple[timedelta, ...]


def main() -> None:
    options = _options()
    captures = list(read(options.data / "feeds" / "real"))
    print(f"{len(captures)} feeds, warm-up {options.warm_up:g}, seed {options.seed}")
    print(f"{'':28}{'all: polls  mean  median  p90':>32}{'one half':>32}{'the other half':>32}")
    for name, start in policies(options).items():
        replays = [replay(capture, start, warm_up=options.warm_up, seed=options.seed) for capture in captures]
        halves = [[each for each in replays if _half(each.capture, options.seed) == side] for side in (0, 1)]
        print(f"{name:28}" + "".join(f"{_figures(part):>32}" for part in (replays, *halves)), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("NEWSWARD_DATA"), help="default: $NEWSWARD_DATA")
    parser.add_argument("--warm-up", type=float, default=0.0, help="share of the entries found by a first poll")
    parser.add_argument("--seed", type=int, default=1, help="of offsets, of jitter and of the split")
    parser.add_argument("--hourly", type=float, nargs="*", help="further values of hourly_interval, in minutes")
    parser.add_argument("--newsward-only", action="store_true", help="leave out what it is compared with")
    options = parser.parse_args()
    if options.data is None:
        sys.exit("say where the captured feeds are: --data DIR, or NEWSWARD_DATA")
    return options


# --------------------------------------------------------------------------- captured feeds


def read(folder: Path) -> Iterable[Capture]:
    """The feeds below the folder that have enough dates to be replayed."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (capture := _capture(path, str(path.relative_to(folder)))):
            yield capture


def _capture(path: Path, name: str) -> Capture | None:
    url = "https://feed.example/" + name
    document = parse(path.read_bytes(), feed=Feed(url), url=url)
    if isinstance(document, FetchFailed):
        return None
    given = {entry.published_at for entry in document.entries if entry.date_kind is DateKind.GIVEN}
    dates = sorted(date for date in given if date)
    if len(dates) < LEAST_ENTRIES or dates[-1] - dates[0] < LEAST_SPAN:
        return None
    return Capture(name, tuple(dates), len(document.entries), document.info.hints)


def _half(capture: Capture, seed: int) -> int:
    return Random(f"{seed} {capture.name}").getrandbits(1)


# --------------------------------------------------------------------------- rules


def policies(options: argparse.Namespace) -> dict[str, Callable[[Capture, Random], Rule]]:
    """What is compared, by name."""
    today = PollingOptions()
    rules = {
        "every 15 minutes": _fixed(timedelta(minutes=15)),
        "every hour": _fixed(timedelta(hours=1)),
        "every 6 hours": _fixed(timedelta(hours=6)),
        "Miniflux, entry_frequency": _entry_frequency,
        "newsward": _newsward(today, with_hints=False),
        "newsward, its hints": _newsward(today, with_hints=True),
    }
    for minutes in options.hourly or ():
        other = today.model_copy(update={"hourly_interval": minutes * MINUTE})
        rules[f"newsward, hourly {minutes:g}"] = _newsward(other, with_hints=False)
    return {name: rule for name, rule in rules.items() if "newsward" in name or not options.newsward_only}


def _fixed(interval: timedelta) -> Callable[[Capture, Random], Rule]:
    return lambda capture, dice: lambda seen: seen.now + interval * dice.uniform(1, 1.1)


def _entry_frequency(capture: Capture, dice: Random) -> Rule:
    """A week divided by the entries of the last week, as Miniflux does."""

    def rule(seen: Seen) -> datetime:
        count = seen.published - bisect_right(capture.dates, seen.now - 7 * DAY, hi=seen.published)
        return seen.now + min(max(7 * DAY / max(count, 1), WEEK_COUNT_MIN), WEEK_COUNT_MAX) * dice.uniform(1, 1.1)

    return rule


def _newsward(options: PollingOptions, *, with_hints: bool) -> Callable[[Capture, Random], Rule]:
    """The code that polls: a document when there is something new, else a 304."""

    def start(capture: Capture, dice: Random) -> Rule:
        # Offset and jitter are made from the URL.
        feed = Feed(f"https://feed.example/{dice.random()}/{capture.name}")
        entries = [
            Entry(str(date), feed.url, "", published_at=date, date_kind=DateKind.GIVEN) for date in capture.dates
        ]
        info = FeedInfo(hints=capture.hints if with_hints else Hints())
        state = FeedState(feed.url)

        def rule(seen: Seen) -> datetime:
            nonlocal state
            shown = tuple(reversed(entries[max(0, seen.published - capture.length) : seen.published]))
            document = Document(info, shown) if seen.new else None
            full, unchanged = Fetched(Answer(200, feed.url), b"", ""), NotModified(Answer(304, feed.url))
            result = full if document else unchanged
            state = next_state(Due(feed, state), result, document, now=seen.now, new=seen.new, options=options)
            assert state.next_poll_at
            return state.next_poll_at

        return rule

    return start


# --------------------------------------------------------------------------- the replay


def replay(capture: Capture, start: Callable[[Capture, Random], Rule], *, warm_up: float, seed: int) -> Replay:
    """Poll the feed from its oldest entry, or from the end of the warm-up, until its newest entry is found."""
    dice = Random(f"{capture.name} {seed}")
    rule, dates = start(capture, dice), capture.dates
    known = int(len(dates) * warm_up)
    begin = dates[known - 1] if known else dates[0]
    # The first poll after the warm-up finds what it brought; without one, feeds start at any minute of half an hour.
    now = rule(Seen(begin, known, known)) if known else begin + dice.random() * 30 * MINUTE
    delays: list[timedelta] = []
    polls = 0
    while known < len(dates) and polls < MOST_POLLS:
        polls += 1
        published = bisect_right(dates, now)
        delays += [now - date for date in dates[known:published]]
        seen = Seen(now, published, published - known)
        known, now = published, rule(seen)
    return Replay(capture, polls * DAY / (dates[-1] - begin), tuple(delays))


def _figures(replays: Sequence[Replay]) -> str:
    weighted = sorted(
        (delay / MINUTE, each.capture.pace / len(each.delays)) for each in replays for delay in each.delays
    )
    total = sum(weight for _, weight in weighted)
    mean = sum(delay * weight for delay, weight in weighted) / total
    polls = fmean(each.polls_a_day for each in replays)
    return f"{polls:.1f} {mean:6.1f} {_quantile(weighted, total / 2):7.1f} {_quantile(weighted, 0.9 * total):6.0f}"


def _quantile(weighted: Sequence[tuple[float, float]], upto: float) -> float:
    for delay, weight in weighted:
        upto -= weight
        if upto <= 0:
            return delay
    return weighted[-1][0]


if __name__ == "__main__":
    main()
