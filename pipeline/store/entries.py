"""Entries, their keys, their former wordings, and the further feeds that they were seen in."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any

from pipeline.model import DateKind, Entry, Sighting
from pipeline.store.columns import cjk_pairs, clean, stamp, texts
from pipeline.store.queries import QUERIES, with_rows
from pipeline.text import to_iso

KEPT_REVISIONS = 20  # of one entry: a headline that swings between two wordings must not fill the file
SEEN_STEP = timedelta(days=1)  # how finely last_seen_at is kept: a poll every half hour need not rewrite its rows
# Rows in one statement. While it runs, the threads that read feeds have the use of Python; and the full-text index is
# brought up to date once for each statement.
_ROWS = (256, 32, 1)
_words = attrgetter(
    *("id", "feed_url", "content_hash", "language", "publisher", "author", "guid", "url", "canonical_url", "title"),
    "text",
)
_KINDS = {kind: kind.value for kind in DateKind}


def insert(connection: sqlite3.Connection, entries: Sequence[Entry], now: datetime) -> int:
    """How many of the entries were not yet stored; each key leads to the entry that had it first."""
    if not entries:
        return 0
    at = to_iso(now)
    added = insert_rows(connection, "entry_insert", [_entry_values(entry, at) for entry in entries])
    _insert_keys(connection, entries)
    return added


def insert_all(connection: sqlite3.Connection, entries: Sequence[Entry], now: datetime) -> frozenset[str]:
    """``insert``; returns the ids of those that were not yet stored."""
    if not entries:
        return frozenset()
    (before,) = connection.execute("SELECT coalesce(max(seq), 0) FROM entries").fetchone()
    if insert(connection, entries, now) == len(entries):
        return frozenset(entry.id for entry in entries)
    return frozenset(row["id"] for row in connection.execute("SELECT id FROM entries WHERE seq > ?", (before,)))


def _insert_keys(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """In their order, in which they lie in the file; of two that are alike the first stays the first."""
    rows = sorted(((key, entry.id) for entry in entries for key in entry.keys), key=itemgetter(0))
    insert_rows(connection, "entry_key_insert", rows)


def insert_rows(connection: sqlite3.Connection, name: str, rows: Sequence[Sequence[str | int | None]]) -> int:
    """Inserts the rows, cleaned, by as few statements as there can be; returns how many were added or changed."""
    count = start = 0
    for size in _ROWS:
        while len(rows) - start >= size:
            count += _execute(connection, with_rows(name, size), tuple(chain.from_iterable(rows[start : start + size])))
            start += size
    return count


def _execute(connection: sqlite3.Connection, statement: str, values: Sequence[str | int | None]) -> int:
    try:
        return connection.execute(statement, values).rowcount
    except UnicodeEncodeError:  # a half surrogate, which is rare: looking for it in each text takes longer
        values = [clean(value) if isinstance(value, str) else value for value in values]
        return connection.execute(statement, values).rowcount


def edit(connection: sqlite3.Connection, entries: Sequence[Entry], now: datetime) -> int:
    """How many stored entries read differently now; the former wording is kept."""
    rows = [_edit_row(entry, now) for entry in entries]
    connection.executemany(QUERIES["revision_insert"], rows)
    edited = connection.executemany(QUERIES["entry_edit"], rows).rowcount
    _insert_keys(connection, entries)
    connection.executemany(QUERIES["revisions_trim"], ({"id": row["id"], "kept": KEPT_REVISIONS} for row in rows))
    return edited


def sight(connection: sqlite3.Connection, sightings: Sequence[Sighting], now: datetime) -> int:
    """How many (entry, further feed) pairs are new; in its own feed an entry is no sighting."""
    rows = [_sighting_row(sighting, now) for sighting in sightings]
    added = connection.executemany(QUERIES["sighting_insert"], rows).rowcount
    see(connection, [sighting.entry_id for sighting in sightings], now)
    keys = ((clean(key), clean(one.entry_id)) for one in sightings for key in one.keys)
    connection.executemany(QUERIES["entry_key_insert"], keys)
    return added


def see(connection: sqlite3.Connection, entry_ids: Sequence[str], now: datetime) -> None:
    """Marks stored entries as still told by a feed's document, to the day; a mark from a clock gone wrong is set right.

    Pruning counts on it: what is still in a document would come back as new if it were forgotten.
    """
    if entry_ids:
        step = {"day_ago": stamp(now - SEEN_STEP), "day_ahead": stamp(now + SEEN_STEP)}
        connection.execute(QUERIES["entries_seen"], {"texts": texts(entry_ids), "now": stamp(now), **step})


def _entry_values(entry: Entry, at: str) -> tuple[str | None, ...]:
    """In the order of ``entry_insert``. An entry without a date counts from when it was first seen."""
    entry_id, feed_url, *others = _words(entry)
    return (
        entry_id,
        feed_url,
        stamp(entry.published_at) or at,
        _KINDS[entry.date_kind],
        stamp(entry.updated_at),
        at,
        at,
        *others,
        _html(entry),
        cjk_pairs(entry.title, entry.text),
    )


def _edit_row(entry: Entry, now: datetime) -> dict[str, Any]:
    """What an edit may change."""
    words = ("id", "url", "canonical_url", "author", "title", "text", "content_hash")
    return {
        **{name: clean(getattr(entry, name)) for name in words},
        "html": clean(_html(entry)),
        "cjk": cjk_pairs(entry.title, entry.text),
        "updated_at": stamp(entry.updated_at),
        "now": stamp(now),
    }


def _html(entry: Entry) -> str:
    """The markup, kept only where it says more than the text."""
    html = entry.content or entry.summary
    return "" if html == entry.text else html


def _sighting_row(sighting: Sighting, now: datetime) -> dict[str, Any]:
    words = {name: clean(getattr(sighting, name)) for name in ("entry_id", "feed_url", "guid", "url")}
    return {**words, "now": stamp(now)}
