"""Stories: where entries were placed and why, and the postings by which later entries find them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipeline.model import Hit, Member, Merge, Placement
from pipeline.store import sketches
from pipeline.store.columns import clean, stamp, texts, to_json
from pipeline.store.lookups import member_of
from pipeline.store.queries import QUERIES
from pipeline.store.terms import StoryTerms

Look = Callable[[Member], tuple[Sequence[int], Sequence[str]]]  # an entry's sketch and terms
CHUNK = 2000  # entries read at a time


@dataclass(frozen=True, slots=True)
class Placed:
    """What was written: how many stories were opened, the terms of all that changed, and how rare terms are now."""

    opened: int = 0
    told: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    counted: Mapping[str, int] = field(default_factory=dict)  # by how many stories more each term is told
    sketches: Mapping[int, Sequence[int]] = field(default_factory=dict)  # by entry, those written
    has_posted: bool = False  # none of the sketches are fresh any more


def place(connection: sqlite3.Connection, placements: Sequence[Placement], now: datetime) -> Placed:
    """What came of it. An entry that was placed before moves, and the story that it leaves shrinks."""
    if not placements:
        return Placed()
    rows = [_placement_row(placement, now) for placement in placements]
    before = _stories_of(connection, rows)
    touched = sorted({row["story_id"] for row in rows}.union(before.values()))
    known = connection.execute(QUERIES["stories_by_id"], {"texts": texts(touched)}).fetchall()
    there = {row["id"] for row in known}
    opened = connection.executemany(
        QUERIES["story_insert"], [row for row in rows if row["story_id"] not in there]
    ).rowcount
    for name in ("placement_upsert", "entry_place", "hits_place"):
        connection.executemany(QUERIES[name], rows)
    connection.executemany(QUERIES["story_refresh"], zip(touched))
    terms = StoryTerms(connection, touched)
    fresh = _post(connection, placements, before, terms)
    terms.write()
    connection.executemany(QUERIES["story_companies_refresh"], zip(touched))
    return Placed(opened, terms.told, terms.counted, fresh, sketches.write(connection, fresh))


def extend(connection: sqlite3.Connection, hits: Sequence[Hit], placements: Sequence[Placement]) -> None:
    """Companies that an edit brought into entries placed before: their stories are about them too."""
    just_placed = {placement.entry_id for placement in placements}
    rows = [(clean(entry),) for entry in sorted({hit.entry_id for hit in hits} - just_placed)]
    connection.executemany(QUERIES["story_companies_extend"], rows)
    connection.executemany(QUERIES["placement_companies_extend"], rows)


def merge(connection: sqlite3.Connection, merge: Merge, rule: str) -> Placed:
    """Moves all that hangs on the other story, and the other story goes."""
    asked = {"story_id": clean(merge.story_id), "other_id": clean(merge.other_id), "score": merge.score, "rule": rule}
    known = connection.execute(QUERIES["stories_by_id"], {"texts": texts((merge.story_id, merge.other_id))})
    if len(known.fetchall()) < 2:
        return Placed()
    steps = (
        "merge_companies", "merge_opener", "merge_placements", "merge_relations", "merge_alerts_bring",
        "merge_alerts_owed",
    )  # fmt: skip
    terms = StoryTerms(connection, (merge.story_id, merge.other_id))
    terms.pour(clean(merge.story_id), clean(merge.other_id))
    terms.write()
    for name in steps:
        connection.execute(QUERIES[name], _named(name, asked))
    for table in ("entries", "hits", "alerts"):
        connection.execute(f"UPDATE {table} SET story_id = :story_id WHERE story_id = :other_id", asked)  # noqa: S608
    connection.execute(
        "UPDATE hits SET relation = 'same_story' WHERE entry_id = ? AND relation = 'new'", (asked["other_id"],)
    )
    for table, column in (("story_companies", "story_id"), ("stories", "id")):
        connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (asked["other_id"],))  # noqa: S608
    _refresh(connection, clean(merge.story_id))
    return Placed(told=terms.told, counted=terms.counted)


def split(
    connection: sqlite3.Connection, story_id: str, entry_ids: Collection[str], look: Look, rule: str, now: datetime
) -> str:
    """A story of these entries, or of those that came by the last merge; "" when all or none would go."""
    rows = connection.execute(QUERIES["story_entries"], {"story_id": clean(story_id)}).fetchall()
    wanted = set(map(clean, entry_ids)) or _merged_last(rows)
    articles = {row["article_id"] for row in rows if row["id"] in wanted}
    moved = [row["id"] for row in rows if row["article_id"] in articles]
    if rows and clean(story_id) in moved:  # the story keeps the entry that it is named by
        moved = [row["id"] for row in rows if row["id"] not in moved]
    if not moved or len(moved) == len(rows):
        return ""
    fresh = next((row["merged_from"] for row in rows if row["merged_from"] in moved), moved[0])
    asked = {
        "story_id": fresh, "from_id": clean(story_id), "texts": texts(moved), "rule": rule, "now": stamp(now),
    }  # fmt: skip
    connection.execute(QUERIES["story_insert"], {"story_id": fresh, "entry_id": fresh})
    for name in ("split_placements", "split_opener", "split_entries", "split_hits", "split_alerts"):
        connection.execute(QUERIES[name], _named(name, asked))
    for table, column in (("entries", "id"), ("hits", "entry_id")):
        connection.execute(f"UPDATE {table} SET relation = 'new' WHERE {column} = ?", (fresh,))  # noqa: S608
    for story in (clean(story_id), fresh):
        connection.execute("DELETE FROM story_companies WHERE story_id = ?", (story,))
        _refresh(connection, story)
        connection.execute(QUERIES["split_companies"], {"story_id": story})
        _retell(connection, story, look)
    return str(fresh)


def reindex(connection: sqlite3.Connection, look: Look, since: datetime, watch: Callable[[int], object]) -> int:
    """Sketches, terms and how rare they are, from the entries as they are stored."""
    sketches.clear(connection)
    connection.execute("DELETE FROM story_terms")
    connection.execute("DELETE FROM terms WHERE term <> ''")
    connection.execute("UPDATE terms SET stories = (SELECT count(*) FROM stories) WHERE term = ''")
    done, after = 0, 0
    while rows := connection.execute(QUERIES["placed_entries"], {"after": after, "limit": CHUNK}).fetchall():
        told = StoryTerms(connection, {row["story_id"] for row in rows})
        for row in rows:
            hashes, terms = look(member_of(row))
            told.add(row["story_id"], terms)
            if row["published_at"] >= stamp(since):
                _post_sketch(connection, row["seq"], hashes)
        told.write()
        done, after = done + len(rows), rows[-1]["seq"]
        watch(done)
    return done


def _merged_last(rows: Sequence[sqlite3.Row]) -> set[str]:
    """The entries of the story that was taken in last, as far as dates tell: the one that began last."""
    merged = [row["merged_from"] for row in rows if row["merged_from"]]
    last = max(
        merged, key=lambda story: min(row["published_at"] for row in rows if row["merged_from"] == story), default=""
    )
    return {row["id"] for row in rows if last and row["merged_from"] == last}


def _refresh(connection: sqlite3.Connection, story: str) -> None:
    connection.execute(QUERIES["story_refresh"], (story,))
    connection.execute(QUERIES["story_companies_refresh"], (story,))


def _retell(connection: sqlite3.Connection, story: str, look: Look) -> None:
    """The terms of a story anew from its entries."""
    rows = connection.execute(QUERIES["story_entries"], {"story_id": story}).fetchall()
    found = connection.execute(QUERIES["members"], {"texts": texts(row["id"] for row in rows)}).fetchall()
    terms = StoryTerms(connection, (story,))
    terms.retell(story, (look(member_of(row))[1] for row in found))
    terms.write()


def _named(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that the statement names: sqlite3 refuses others."""
    return {key: value for key, value in values.items() if f":{key}" in QUERIES[name]}


def _stories_of(connection: sqlite3.Connection, rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The stories that the entries are in so far, by entry."""
    asked = texts(row["entry_id"] for row in rows)
    sql = "SELECT entry_id, story_id FROM placements WHERE entry_id IN (SELECT value FROM json_each(?))"
    return dict(map(tuple, connection.execute(sql, (asked,))))


def _post(
    connection: sqlite3.Connection, placements: Sequence[Placement], before: Mapping[str, str], terms: StoryTerms
) -> dict[int, Sequence[int]]:
    """The companies and terms by which the look-ups find the stories; the sketches by which they find the entries."""
    numbers = _numbers_of(connection, placements)
    companies: list[dict[str, str]] = []
    fresh: dict[int, Sequence[int]] = {}
    for placement in placements:
        story, entry = clean(placement.story_id), clean(placement.entry_id)
        companies.extend({"story_id": story, "company_id": clean(one)} for one in sorted(placement.companies))
        fresh[numbers[entry]] = placement.sketch
        if before.get(entry, story) != story:
            terms.take(before[entry], placement.terms)
        if before.get(entry) != story:
            terms.add(story, placement.terms)
    connection.executemany(QUERIES["story_company_insert"], companies)
    return fresh


def _numbers_of(connection: sqlite3.Connection, placements: Sequence[Placement]) -> dict[str, int]:
    asked = texts(placement.entry_id for placement in placements)
    sql = "SELECT id, seq FROM entries WHERE id IN (SELECT value FROM json_each(?))"
    return dict(map(tuple, connection.execute(sql, (asked,))))


def _post_sketch(connection: sqlite3.Connection, number: int, sketch: Iterable[int]) -> None:
    connection.executemany(QUERIES["sketch_insert"], ((value, number) for value in sketch))


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
