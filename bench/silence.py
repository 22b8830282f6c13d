"""How well silence is judged: made-up feeds that go on as ever, and that die.

    python -m bench.silence [--feeds 60]

Each feed has a past (thirty days, as the history of polls; for rare ones four hundred, as the dates of entries) and is
looked at every three hours for four weeks: how often is it called silent although it goes on? Then it dies at a
random moment: after how many days is that told? Polls are hourly.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from pipeline.observe.silence import Silence, judged_silence

START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOOK = 3 * HOUR
WATCHED = 28 * DAY
Pause = Callable[[random.Random], float]  # hours to the next entry

KINDS: dict[str, tuple[Pause, bool, int]] = {  # the pause, whether only in office hours, days of its past
    "every two hours, by chance": (lambda dice: dice.expovariate(1 / 2), False, 30),
    "office hours, every 40 minutes": (lambda dice: dice.expovariate(60 / 40), True, 30),
    "office hours, every 4 hours": (lambda dice: dice.expovariate(1 / 4), True, 30),
    "one a day, by chance": (lambda dice: dice.expovariate(1 / 24), False, 30),
    "in bursts": (lambda dice: dice.choice([0.5] * 8 + [20, 40, 60]), False, 30),
    "weekly": (lambda dice: 24 * (7 + dice.gauss(0, 0.5)), False, 400),
    "monthly": (lambda dice: 24 * max(1.0, 30 + dice.gauss(0, 3)), False, 400),
}


def moments(pause: Pause, days: int, dice: random.Random, *, is_office: bool) -> list[datetime]:
    """The polls that found something new."""
    at, found = START, set()
    while at < START + days * DAY + WATCHED:
        at += pause(dice) * HOUR
        if not is_office or (at.weekday() < 5 and 8 <= at.hour < 18):
            found.add(at.replace(minute=0, second=0, microsecond=0) + HOUR)
    return sorted(found)


def is_silent(known: Sequence[datetime], now: datetime, days: int) -> bool:
    past = [moment for moment in known if now - days * DAY < moment <= now]
    return bool(past) and isinstance(judged_silence(past, now - days * DAY, now), Silence)


def alarms(known: Sequence[datetime], days: int) -> int:
    """How often a feed that goes on is called silent."""
    looks = [START + days * DAY + step * LOOK for step in range(WATCHED // LOOK)]
    states = [False, *(is_silent(known, now, days) for now in looks)]
    return sum(now and not before for before, now in pairwise(states))


def days_to_tell(known: Sequence[datetime], days: int, dice: random.Random) -> float:
    """How long the death of a feed goes unnoticed."""
    died_at = START + days * DAY + dice.uniform(0, 14) * DAY
    lived = [moment for moment in known if moment <= died_at]
    for step in range(150 * DAY // LOOK):
        if is_silent(lived, died_at + step * LOOK, days):
            return step * LOOK / DAY
    return float("inf")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=60, help="of each kind")
    arguments = parser.parse_args()
    print("| feed | false alarms in 1,000 days | told after days (median, nine of ten) |\n|---|--:|--:|")
    for name, (pause, is_office, days) in KINDS.items():
        dice = random.Random(3)
        feeds = [moments(pause, days, dice, is_office=is_office) for _ in range(arguments.feeds)]
        false = sum(alarms(known, days) for known in feeds) / (len(feeds) * WATCHED / DAY)
        waits = sorted(days_to_tell(known, days, dice) for known in feeds)
        print(
            f"| {name} | {1000 * false:.1f} | {waits[len(waits) // 2]:.1f}, {waits[len(waits) * 9 // 10]:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
