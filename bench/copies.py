"""Copies of real newswire texts at many outlets: eleven kinds of edits, found or not by the index and the exact check.

    NEWSWARD_DATA=DATA_DIR python -m bench.copies [--documents 1500] [--seed 1]

Each text is told once, then once more in one edited form of each kind, by other outlets; all go through the copy index
as a run uses it (sketch, postings, exact check). The other texts are the look-alikes: earnings and dividend reports of
one desk, re-sent and corrected items (of two originals with the same headline, neither is counted as a false copy).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.dedup import Arrival, MemoryLookups, StoryIndex, StoryOptions
from pipeline.model import Entry, Relation

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
FILLER = ("according to people close to the matter", "the report added", "it was said on the day", "as was expected")
Edit = Callable[[str, str, random.Random], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Text:
    """A document of the wire."""

    id: str
    title: str
    body: str


def read(folder: Path, count: int, dice: random.Random) -> list[Text]:
    """Documents with a body worth the name, drawn by chance."""
    file = folder / "dedup" / "reuters21578.jsonl.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    texts = [Text(str(row["id"]), row["title"], " ".join(row["body"].split())) for row in rows]
    whole = [text for text in texts if len(text.body.split()) >= 40]
    return dice.sample(whole, min(count, len(whole)))


def _words_changed(share: float) -> Edit:
    def edit(title: str, body: str, dice: random.Random) -> tuple[str, str]:
        words = body.split()
        for place in dice.sample(range(len(words)), int(share * len(words))):
            words[place] = dice.choice(("", "also", "the", f"{words[place]} now", "reportedly"))
        return title, " ".join(words)

    return edit


def _sentences(body: str) -> list[str]:
    return re.split(r"(?<=[.!?]) ", body)


EDITS: Mapping[str, Edit] = {
    "unchanged": lambda title, body, dice: (title, body),
    "outlet's name in the headline": lambda title, body, dice: (f"{title} - Harbour Courier", body),
    "headline in capitals": lambda title, body, dice: (title.upper(), body),
    "dateline and byline": lambda title, body, dice: (title, f"LONDON, March 2 (Harbour Wire) - {body}"),
    "boilerplate behind": lambda title, body, dice: (
        title, f"{body} Sign up for our newsletter. All rights reserved. The post {title} appeared first on Courier."
    ),
    "first 40 words": lambda title, body, dice: (title, " ".join(body.split()[:40]) + " ..."),
    "first half": lambda title, body, dice: (title, " ".join(body.split()[: max(40, len(body.split()) // 2)])),
    "sentences put in": lambda title, body, dice: (
        title, " ".join(f"{one} {dice.choice(FILLER).capitalize()}." for one in _sentences(body))
    ),
    "a sentence in four left out": lambda title, body, dice: (
        title, " ".join(one for one in _sentences(body) if dice.random() > 0.25) or body
    ),
    "10 % of the words changed": _words_changed(0.1),
    "20 % of the words changed": _words_changed(0.2),
}  # fmt: skip


def told(texts: list[Text], dice: random.Random) -> Iterator[tuple[Entry, str, str]]:
    """Entries in the order of time, each with its document and its kind of edit."""
    tellings = []
    for text in texts:
        at = START + timedelta(minutes=dice.randint(0, 7 * 24 * 60))
        tellings.append((at, text, "", text.title, text.body))
        for kind, edit in EDITS.items():
            tellings.append(
                (at + timedelta(minutes=dice.randint(1, 600)), text, kind, *edit(text.title, text.body, dice))
            )
    tellings.sort(key=lambda one: one[0])
    for number, (at, text, kind, title, body) in enumerate(tellings):
        yield Entry(f"{number}", "", title, body, published_at=at, publisher=f"Outlet {number % 40}"), text.id, kind


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if not os.environ.get("NEWSWARD_DATA"):
        sys.exit("NEWSWARD_DATA names no folder; the Reuters texts are not part of Newsward")
    dice = random.Random(arguments.seed)
    texts = read(Path(os.environ["NEWSWARD_DATA"]), arguments.documents, dice)
    title_of = {text.id: text.title for text in texts}
    index, memory = StoryIndex(StoryOptions()), MemoryLookups()
    document: dict[str, str] = {}
    found: defaultdict[str, list[bool]] = defaultdict(list)
    claimed = right = rows = 0
    for entry, source, kind in told(texts, dice):
        # No company: what is no copy opens a story at once, so only the copy layer is measured.
        (placed,) = index.place([Arrival(entry, frozenset())], memory)
        memory.add(entry, placed)
        document[entry.id] = source
        rows += len(placed.sketch)
        if placed.relation is Relation.COPY:
            original = document[placed.partner]
            claimed += 1
            right += original == source or title_of[original] == title_of[source]
        if kind:
            found[kind].append(placed.relation is Relation.COPY and document[placed.partner] == source)
    every = [one for kind in found.values() for one in kind]
    print(f"{len(texts)} texts, {len(document)} entries, {rows / len(document):.1f} index rows an entry")
    print(f"precision {right / max(1, claimed):.4f} recall {sum(every) / len(every):.4f}")
    for kind, hits in found.items():
        print(f"  {kind}: {sum(hits) / len(hits):.4f}")


if __name__ == "__main__":
    main()
