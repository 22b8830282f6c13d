"""A thorough look at the file: is it sound, does it refer to what is there, is everything in the full-text index."""

from __future__ import annotations

import sqlite3

from pipeline.store import fulltext
from pipeline.store.queries import QUERIES

_TOLD = 5  # of the faults that SQLite finds


def faults(connection: sqlite3.Connection) -> tuple[str, ...]:
    """What is wrong with the file, in words; none = it is sound. Reads only, and reads everything."""
    found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_TOLD})")]
    if found != ["ok"]:
        return tuple(" ".join(str(one).split()) for one in found)
    broken = connection.execute("PRAGMA foreign_key_check").fetchmany(_TOLD)
    return tuple(f"a row of {row[0]} refers to one of {row[2]} that is not there" for row in broken)


def unindexed(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many entries the full-text index does not have, and how many it has that are no entries; 0 where there is
    none."""
    if not fulltext.is_on(connection):
        return 0, 0
    missing, left_over = connection.execute(QUERIES["index_in_step"]).fetchone()
    return missing, left_over
