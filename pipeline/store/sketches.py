"""Sketches: the entries by the hashes that they hold; the newest wait in rows of their own until there are many."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping

from pipeline.store.columns import to_json
from pipeline.store.entries import insert_rows
from pipeline.store.queries import QUERIES

# Entries. Reading as many takes some 10 ms; posting them at once changes each page of the index once, and not once for
# each turn.
FRESH_SKETCHES = 2048


def write(connection: sqlite3.Connection, sketches: Mapping[int, Collection[int]]) -> bool:
    """Puts entries, each with its hashes, among the fresh ones; true when all of these were posted at that."""
    rows = [(entry, to_json(sorted(set(hashes)))) for entry, hashes in sorted(sketches.items()) if hashes]
    insert_rows(connection, "sketch_write", rows)
    (count,) = connection.execute("SELECT count(*) FROM sketches_fresh").fetchone()
    if count < FRESH_SKETCHES:
        return False
    post(connection)
    return True


def post(connection: sqlite3.Connection) -> None:
    """Puts the fresh sketches into the index, in its order."""
    connection.execute(QUERIES["sketches_post"])
    connection.execute("DELETE FROM sketches_fresh")


def clear(connection: sqlite3.Connection) -> None:
    """Forgets all sketches."""
    connection.execute("DELETE FROM sketches")
    connection.execute("DELETE FROM sketches_fresh")


class FreshSketches:
    """The fresh ones at hand."""

    def __init__(self) -> None:
        self._entries: defaultdict[int, list[int]] | None = None  # by hash; None = to be read

    def forget(self) -> None:
        """They are to be read anew."""
        self._entries = None

    def add(self, sketches: Mapping[int, Collection[int]]) -> None:
        """What was written."""
        if self._entries is not None:
            for entry, hashes in sketches.items():
                for value in hashes:
                    self._entries[value].append(entry)

    def by_hash(self, connection: sqlite3.Connection) -> Mapping[int, Collection[int]]:
        """The entries of each hash; one may be there twice."""
        if self._entries is None:
            self._entries = defaultdict(list)
            for entry, hashes in connection.execute(QUERIES["sketches_unposted"]):
                self.add({entry: json.loads(hashes)})
        return self._entries
