"""Stories: where entries were placed and why, and the postings by which later entries find them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pipeline.model import Hit, Placement
from pipeline.store.columns import clean, stamp, texts, to_json
from pipeline.store.queries import QUERIES


def place(connection: sqlite3.Connection, placements: Sequence[Placement], now: datetime) -> int:
    """How many stories were opened. An entry that was placed before moves, and the story that it leaves shrinks."""
    if not placements:
        return 0
    rows = [_placement_row(placement, now) for placement in placements]
    touched = sorted({row["story_id"] for row in rows} | _stories_of(connection, rows))
    opened = connection.executemany(QUERIES["story_insert"], rows).rowcount
    for name in ("placement_upsert", "entry_place", "hits_place"):
        connection.executemany(QUERIES[name], rows)
    connection.executemany(QUERIES["story_refresh"], zip(touched))
    _post(connection, placements)
    connection.executemany(QUERIES["story_companies_refresh"], zip(touched))
    return opened


def extend(connection: sqlite3.Connection, hits: Sequence[Hit], placements: Sequence[Placement]) -> None:
    """Companies that an edit brought into entries placed before: their stories are about them too."""
    just_placed = {placement.entry_id for placement in placements}
    rows = [(clean(entry),) for entry in sorted({hit.entry_id for hit in hits} - just_placed)]
    connection.executemany(QUERIES["story_companies_extend"], rows)
    connection.executemany(QUERIES["placement_companies_extend"], rows)


def _stories_of(connection: sqlite3.Connection, rows: Sequence[dict[str, Any]]) -> set[str]:
    """The stories that the entries are in so far."""
    asked = texts(row["entry_id"] for row in rows)
    sql = "SELECT story_id FROM placements WHERE entry_id IN (SELECT value FROM json_each(?))"
    return {row["story_id"] for row in connection.execute(sql, (asked,))}


def _post(connection: sqlite3.Connection, placements: Sequence[Placement]) -> None:
    """The companies, terms and sketches by which the look-ups find the stories and entries."""
    for placement in placements:
        story, entry = clean(placement.story_id), clean(placement.entry_id)
        companies = ({"story_id": story, "company_id": clean(one)} for one in sorted(placement.companies))
        terms = ({"story_id": story, "term": clean(term)} for term in placement.terms if term)
        sketch = ({"entry_id": entry, "hash": value} for value in placement.sketch)
        connection.executemany(QUERIES["story_company_insert"], companies)
        connection.executemany(QUERIES["story_term_insert"], terms)
        connection.executemany(QUERIES["sketch_insert"], sketch)


def _placement_row(placement: Placement, now: datetime) -> dict[str, Any]:
    words = ("entry_id", "article_id", "story_id", "rule", "partner")
    return {
        **{name: clean(getattr(placement, name)) for name in words},
        "relation": placement.relation,
        "score": placement.score,
        "features": to_json([list(pair) for pair in placement.features]),
        "companies": texts(placement.companies),
        "now": stamp(now),
    }
