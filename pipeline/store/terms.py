"""The terms of stories: by how many entries of a story each is told, and by how many stories."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from pipeline.store.columns import clean, texts, to_json
from pipeline.store.queries import QUERIES


class StoryTerms:
    """The terms of some stories, read once, changed in memory, and written back together."""

    def __init__(self, connection: sqlite3.Connection, story_ids: Collection[str]) -> None:
        self._connection = connection
        self._numbers: dict[str, int] = {}
        self._changed: set[str] = set()
        self.told: dict[str, dict[str, int]] = {}  # by story, in how many of its entries each term stands
        self.counted: Counter[str] = Counter()  # by how many stories more each term is told
        for row in connection.execute(QUERIES["story_terms_of"], {"texts": texts(story_ids)}):
            self._numbers[row["id"]], self.told[row["id"]] = row["seq"], json.loads(row["terms"])

    def add(self, story: str, terms: Iterable[str]) -> None:
        """One entry more tells these terms."""
        told = self.told[story]
        for term in map(clean, terms):
            if term in told:
                told[term] += 1
            elif term:
                told[term] = 1
                self.counted[term] += 1
        self._changed.add(story)

    def take(self, story: str, terms: Iterable[str]) -> None:
        """One entry less tells these terms."""
        told = self.told[story]
        for term in map(clean, terms):
            if term in told:
                told[term] -= 1
        for term in [term for term, entries in told.items() if entries < 1]:
            del told[term]
            self.counted[term] -= 1
        self._changed.add(story)

    def pour(self, story: str, other: str) -> None:
        """One story takes over what another one tells."""
        told, further = self.told[story], self.told[other]
        self.counted.update(dict.fromkeys(told.keys() & further.keys(), -1))
        self.told[story] = dict(Counter(told) + Counter(further))
        self.told[other] = {}
        self._changed.update((story, other))

    def retell(self, story: str, entries: Iterable[Iterable[str]]) -> None:
        """The terms of a story anew from those of its entries."""
        before = self.told[story]
        self.counted.update(dict.fromkeys(before, -1))
        self.told[story] = {}
        for terms in entries:
            self.add(story, terms)

    def write(self) -> None:
        """Writes back what was changed."""
        rows = [(self._numbers[story], to_json(self.told[story])) for story in sorted(self._changed)]
        self._connection.executemany(QUERIES["story_terms_write"], rows)
        counted = [(term, change) for term, change in sorted(self.counted.items()) if change]
        self._connection.executemany(QUERIES["terms_count"], counted)


def told_by(connection: sqlite3.Connection, story_id: str) -> Mapping[str, int]:
    """The terms of one story, each with the number of its entries that tell it."""
    return StoryTerms(connection, (story_id,)).told.get(clean(story_id), {})
