"""What would the past of a feed tell the matcher? Streams of one feed each, read entry by entry.

    python -m bench.match_feeds                          # four small feeds of our own writing, in match_feeds.jsonl
    python -m bench.match_feeds $NEWSWARD_DATA/matching  # labelled sets, each taken for one feed

Four statistics, each of what the feed said before the entry and without labels, move the points of names that prove
little by themselves; told is what that makes of the verdicts. docs/decisions/0043 has the figures and what follows.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.match import MatchEngine, Matcher, read_companies_jsonl
from pipeline.match.kinds import NAME_ITSELF, Flavour
from pipeline.model import Company, Entry, Watchlist

SETS = ("agnews", "sentfin", "cluener", "stockmark", "smartdata", "wnut17")
OWN = (
    "Apple Orange Dove Shell Boots Square Sprint Target Next Compass Match Microsoft Ford Rogers Block Circle Affirm"
    " Ripple"
)
ACCEPTED, SURE, REFUSED = 60, 80, 35
LEAST, MOST_OF_THEM, MOVED = 8, 0.9, 24
FIRM = tuple(NAME_ITSELF[flavour] for flavour in (Flavour.DISTINCT, Flavour.PHRASE, Flavour.DOMAIN))
PERSONAL = ("first name before", "title before", "a person")


@dataclass(frozen=True)
class Seen:
    """The best candidate of a company in an entry."""

    company: str
    points: float
    found: str
    is_firm: bool
    is_personal: bool
    is_right: bool | None  # None = counts neither way


@dataclass(frozen=True)
class Stream:
    """What a feed brought: how many companies its entries are about, and who was found in each entry."""

    about: int
    entries: list[list[Seen]]


class Past:
    """What a feed has said so far."""

    def __init__(self) -> None:
        self.entries = 0
        self.sure: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()
        self.personal: Counter[str] = Counter()
        self.named: Counter[str] = Counter()
        self.lower: Counter[str] = Counter()
        self.written: Counter[str] = Counter()

    def add(self, candidates: list[Seen]) -> None:
        """One entry more."""
        self.entries += 1
        for seen in candidates:
            self.sure[seen.company] += seen.points >= SURE
            self.refused[seen.company] += seen.points < REFUSED
            self.accepted[seen.company] += seen.points >= ACCEPTED
            self.personal[seen.company] += seen.is_personal
            self.named[seen.company] += seen.found[:1].isupper()
            self.lower[seen.found.casefold()] += seen.found.islower()
            self.written[seen.found.casefold()] += 1


def verdicts(past: Past, seen: Seen) -> int:
    """For a company that was nearly always found beyond doubt, against one that was nearly always refused."""
    sure, refused = past.sure[seen.company], past.refused[seen.company]
    return _leaning(sure, refused)


def lower_case(past: Past, seen: Seen) -> int:
    """For a name that is never written in lower case, against one that nearly always is."""
    word = seen.found.casefold()
    return _leaning(past.written[word] - past.lower[word], past.lower[word]) if seen.found[:1].isupper() else 0


def one_company(past: Past, seen: Seen) -> int:
    """For a company that most entries name, mostly accepted: the feed is about it."""
    named = past.named[seen.company]
    is_about = past.entries >= LEAST and 2 * named >= past.entries and 2 * past.accepted[seen.company] >= named
    return MOVED if is_about and seen.found[:1].isupper() else 0


def persons(past: Past, seen: Seen) -> int:
    """Against a name that the feed gives to a person, with a first name or a title before it."""
    personal = past.personal[seen.company]
    return -MOVED if personal >= 2 and personal >= 2 * past.sure[seen.company] else 0


def _leaning(spoke_for: int, against: int) -> int:
    seen = spoke_for + against
    if seen < LEAST:
        return 0
    share = spoke_for / seen
    return MOVED if share >= MOST_OF_THEM else -MOVED if share <= 1 - MOST_OF_THEM else 0


def main() -> None:
    for name, stream in of_sets(Path(sys.argv[1])) if len(sys.argv) > 1 else own():
        print(f"{name:10} nothing of the past: {told(stream, lambda past, seen: 0)}")
        for statistic in (verdicts, lower_case, one_company, persons):
            print(f"{'':10} {statistic.__name__}: {told(stream, statistic)}")


def own() -> Iterator[tuple[str, Stream]]:
    """The feeds of our own writing."""
    engine = MatchEngine.build(Watchlist(tuple(Company(name.lower(), name) for name in OWN.split())), [Matcher()])
    lines = Path(__file__).with_name("match_feeds.jsonl").read_text(encoding="utf-8").splitlines()
    items = [{"id": str(i), "text": "", "lang": "en", **json.loads(line)} for i, line in enumerate(lines)]
    for feed in dict.fromkeys(item["feed"] for item in items):
        yield feed, stream_of([item for item in items if item["feed"] == feed], engine)


def of_sets(folder: Path) -> Iterator[tuple[str, Stream]]:
    """The labelled sets."""
    for name in SETS:
        companies, entries = (
            (folder / name / file).read_text(encoding="utf-8").splitlines() for file in ("companies.jsonl", "dev.jsonl")
        )
        engine = MatchEngine.build(read_companies_jsonl(companies), [Matcher()])
        yield name, stream_of([json.loads(line) for line in entries], engine)


def stream_of(items: list[dict[str, Any]], engine: MatchEngine) -> Stream:
    return Stream(sum(len(item["gold"]) for item in items), [list(found(item, engine)) for item in items])


def found(item: dict[str, Any], engine: MatchEngine) -> Iterator[Seen]:
    entry = Entry(item["id"], "", title=item["title"], text=item["text"], language=item["lang"])
    for told_of in engine.explain_all(entry):
        best = told_of.candidates[0].mention
        signals = [reason.signal for candidate in told_of.candidates for reason in candidate.mention.reasons]
        yield Seen(
            company=told_of.company_id,
            points=sum(reason.points for reason in best.reasons),
            found=best.found,
            is_firm=bool(best.reasons) and best.reasons[0].signal in FIRM,
            is_personal=any(signal.startswith(PERSONAL) for signal in signals),
            is_right=None if told_of.company_id in item.get("ignore", ()) else told_of.company_id in item["gold"],
        )


def told(stream: Stream, statistic: Callable[[Past, Seen], int]) -> str:
    """False and missed pairs when the statistic has its say, and how many verdicts it turned for better and worse."""
    past = Past()
    right = false = better = worse = 0
    for candidates in stream.entries:
        for seen in candidates:
            moved = 0 if seen.is_firm else statistic(past, seen)
            accepted = seen.points + moved >= ACCEPTED
            right += accepted and seen.is_right is True
            false += accepted and seen.is_right is False
            if accepted != (seen.points >= ACCEPTED) and seen.is_right is not None:
                better += accepted == seen.is_right
                worse += accepted != seen.is_right
        past.add(candidates)
    return f"false {false}, missed {stream.about - right}; turned for better {better}, for worse {worse}"


if __name__ == "__main__":
    main()
