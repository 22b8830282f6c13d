"""What deduplication and alerts ask of the memory; every answer is bounded, however much is stored."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import nsmallest
from itertools import chain
from math import log
from typing import Any

from pipeline.model import (
    EntryField,
    Hit,
    Known,
    Member,
    Mention,
    Method,
    Reason,
    StorySoFar,
    StoryView,
    Telling,
    Told,
)
from pipeline.store.columns import clean, instant, moment, stamp, texts, to_json
from pipeline.store.queries import QUERIES, with_rows
from pipeline.store.terms import told_by

# The bounds of the look-ups' contract in dedup/, which the store does not import; a test holds the two together.
SKETCH_POSTINGS = 50  # a hash in more entries is boilerplate
TERM_POSTINGS = 250  # of a term, where any company will do: the stories opened last
LIVE_STORIES = 500  # of all companies asked for, those with the newest members
SHARE_OF_BEST = 0.15  # of what the best candidate shares
CORE_TERMS = 256  # of a story with more members than are shown: those that most of them tell
SHOWN_MEMBERS = 16  # of a story: the entry that opened it, and the newest


def known(connection: sqlite3.Connection, keys: Collection[str]) -> Mapping[str, Known]:
    """The stored entry behind each key that is known."""
    return {row["key"]: _known(row) for row in connection.execute(QUERIES["known"], {"texts": texts(keys)})}


def twins(
    connection: sqlite3.Connection, feed_url: str, moments: Collection[datetime], hashes: Collection[str]
) -> Sequence[Known]:
    """The feed's own entries of these dates, and those of this content (for which all of the feed's are read)."""
    asked = {"feed_url": clean(feed_url)}
    rows: list[sqlite3.Row] = []
    if moments:
        dates = texts(str(stamp(one)) for one in moments)
        rows.extend(connection.execute(QUERIES["twins_by_date"], {**asked, "texts": dates}))
    if hashes:
        rows.extend(connection.execute(QUERIES["twins_by_content"], {**asked, "texts": texts(hashes)}))
    return list({row["id"]: _known(row) for row in rows}.values())


def sharing(
    connection: sqlite3.Connection, sketch: Collection[int], since: datetime, fresh: Mapping[int, Collection[int]]
) -> Mapping[str, int]:
    """Entries published since then, with how many of the sketch's telling hashes they share.

    ``fresh`` are the entries by hash that are not posted yet.
    """
    if not sketch:
        return {}
    hashes = sorted(set(sketch))
    most = SKETCH_POSTINGS * len(hashes)
    rows = connection.execute(with_rows("sharers", len(hashes)), (*hashes, most + 1)).fetchall()
    if len(rows) > most:
        few = ((value, SKETCH_POSTINGS + 1) for value in hashes)
        rows = list(chain.from_iterable(connection.execute(QUERIES["sharers_of"], one) for one in few))
    sharers: dict[int, set[int]] = {value: {*entries} for value in hashes if (entries := fresh.get(value))}
    for value, entry in rows:
        sharers.setdefault(value, set()).add(entry)
    shared = Counter(entry for entries in sharers.values() if len(entries) <= SKETCH_POSTINGS for entry in entries)
    if not shared:
        return {}
    asked = {"numbers": to_json(sorted(shared)), "since": stamp(since)}
    return {row["id"]: shared[row["seq"]] for row in connection.execute(QUERIES["entries_since"], asked)}


def members(connection: sqlite3.Connection, entry_ids: Collection[str]) -> Mapping[str, Member]:
    """Placed entries by id; others are left out."""
    if not entry_ids:
        return {}
    return {row["id"]: member_of(row) for row in connection.execute(QUERIES["members"], {"texts": texts(entry_ids)})}


def candidates_of_any(
    connection: sqlite3.Connection, terms: Collection[str], since: datetime, limit: int, least: float
) -> Sequence[StoryView]:
    """Live stories of any company that share a term: those that share the rarest first, then the newest. Reads all."""
    asked = {
        "weights": to_json(_weights(connection, terms)),
        "since": stamp(since),
        "postings": TERM_POSTINGS,
        "share": SHARE_OF_BEST,
        "least": least,
        "limit": limit,
    }
    return views(connection, [row["id"] for row in connection.execute(QUERIES["candidates_of_any"], asked)])


def _weights(connection: sqlite3.Connection, terms: Collection[str]) -> list[tuple[str, float]]:
    """How much each known term tells: the logarithm of how rare it is among the stories."""
    counts, total = frequencies(connection, terms)
    return [(term, log(1 + (total + 1) / (1 + counts[term]))) for term in sorted(counts) if counts[term]]


def frequencies(connection: sqlite3.Connection, terms: Collection[str]) -> tuple[Mapping[str, int], int]:
    """In how many stories each term occurs (0 = in none), and how many stories there are."""
    counts = dict(map(tuple, connection.execute(QUERIES["frequencies"], {"texts": texts(terms)})))
    total = counts.pop("")
    return {term: counts.get(clean(term), 0) for term in terms}, total


def views(connection: sqlite3.Connection, story_ids: Sequence[str]) -> tuple[StoryView, ...]:
    """The stories in the order of the ids."""
    asked = {"texts": texts(story_ids), "newest": SHOWN_MEMBERS - 1}
    shown: dict[str, list[Member]] = defaultdict(list)
    for row in connection.execute(QUERIES["story_members"], asked):
        shown[row["story_id"]].append(member_of(row))
    heads: dict[str, list[sqlite3.Row]] = defaultdict(list)
    for row in connection.execute(QUERIES["story_heads"], {"texts": asked["texts"]}):
        heads[row["id"]].append(row)
    found = (_view(heads[story_id], shown[story_id]) for story_id in story_ids)
    return tuple(_whole(connection, view, heads[view.id][0]["entries"]) for view in found)


def stories(connection: sqlite3.Connection, story_ids: Collection[str]) -> Sequence[StoryView]:
    """The stories of these ids, by date of their first entry."""
    rows = connection.execute(QUERIES["stories_by_id"], {"texts": texts(story_ids)})
    return views(connection, [row["id"] for row in rows])


def told(connection: sqlite3.Connection, story_ids: Collection[str]) -> Mapping[str, Mapping[str, Told]]:
    """What each channel was told, or is owed, of these stories; a story that nobody was told of is left out."""
    found: dict[str, dict[str, Told]] = defaultdict(dict)
    for row in connection.execute(QUERIES["told"], {"texts": texts(story_ids)}):
        before = found[row["story_id"]].get(row["channel"], Told())
        rules = before.rules.union(json.loads(row["rules"] or "[]"))
        updates = before.updates + (row["kind"] == "update")
        found[row["story_id"]][row["channel"]] = Told(updates, rules)
    return found


def so_far(connection: sqlite3.Connection, story_ids: Collection[str]) -> Mapping[str, StorySoFar]:
    """The stories of these ids as they are stored."""
    asked = {"texts": texts(story_ids)}
    firsts = connection.execute(QUERIES["story_firsts"], asked).fetchall()
    outlets: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(QUERIES["story_outlets"], asked):
        outlets[row["story_id"]].add(row["outlet"])
    hits: dict[str, list[Hit]] = defaultdict(list)
    for row in _best_hits(connection, asked):
        hits[row["story_id"]].append(_hit(row))
    return {
        row["story_id"]: StorySoFar(
            row["story_id"],
            Telling(row["publisher"], row["title"], row["url"], instant(row["published_at"])),
            tuple(hits[row["story_id"]]),
            frozenset(outlets[row["story_id"]]),
        )
        for row in firsts
    }


def heard_of(
    connection: sqlite3.Connection, companies: Collection[str], since: datetime, besides: Collection[str]
) -> frozenset[str]:
    """Those of the companies of which another entry since then is an accepted hit."""
    asked = {"companies": texts(companies), "since": stamp(since), "entries": texts(besides)}
    return frozenset(row["company_id"] for row in connection.execute(QUERIES["heard_of"], asked))


def _best_hits(connection: sqlite3.Connection, asked: Mapping[str, str]) -> list[sqlite3.Row]:
    """Of each story and company the hits that no other exceeds in both score and salience."""
    best: dict[tuple[str, str], float] = {}
    chosen = []
    for row in connection.execute(QUERIES["story_hits"], asked):  # the most salient first
        company = row["story_id"], row["company_id"]
        if row["score"] > best.get(company, -1.0):
            best[company] = row["score"]
            chosen.append((row["entry_id"], row["company_id"]))
    return connection.execute(QUERIES["hits_by_key"], {"keys": to_json(chosen)}).fetchall()


def _hit(row: sqlite3.Row) -> Hit:
    mentions = tuple(_mention(row["company_id"], one) for one in json.loads(row["mentions"]))
    return Hit(row["entry_id"], row["company_id"], row["score"], row["salience"], mentions, row["rule_version"])


def _mention(company_id: str, stored: Mapping[str, Any]) -> Mention:
    return Mention(
        company_id,
        EntryField(stored["field"]),
        stored["start"],
        stored["end"],
        stored["found"],
        stored["name"],
        Method(stored["method"]),
        stored["score"],
        tuple(Reason(reason["signal"], reason["points"]) for reason in stored["reasons"]),
    )


def _whole(connection: sqlite3.Connection, view: StoryView, entries: int) -> StoryView:
    """With what all its members tell, where not all are shown."""
    if entries <= len(view.members):
        return view
    return replace(view, entries=entries, told=commonest(told_by(connection, view.id)))


def commonest(told: Mapping[str, int]) -> dict[str, int]:
    """Of the terms of a story those that most of its entries tell; of equals the first in the alphabet."""
    return dict(nsmallest(CORE_TERMS, told.items(), key=lambda one: (-one[1], one[0])))


def _view(heads: Sequence[sqlite3.Row], shown: Sequence[Member]) -> StoryView:
    """One story; its head comes once for each of its companies."""
    return StoryView(
        id=heads[0]["id"],
        companies=frozenset(row["company_id"] for row in heads if row["company_id"]),
        first_at=instant(heads[0]["first_at"]),
        last_at=instant(heads[0]["last_at"]),
        members=tuple(shown),
    )


def _known(row: sqlite3.Row) -> Known:
    return Known(
        entry_id=row["id"],
        feed_url=row["feed_url"],
        canonical_url=row["canonical_url"],
        title=row["title"],
        content_hash=row["content_hash"],
        published_at=moment(row["published_at"]),
        story_id=row["story_id"] or "",
    )


def member_of(row: sqlite3.Row) -> Member:
    """A row of ``members`` and its like."""
    return Member(
        entry_id=row["id"],
        article_id=row["article_id"],
        story_id=row["story_id"],
        title=row["title"],
        text=row["text"],
        published_at=instant(row["published_at"]),
        publisher=row["publisher"],
        language=row["language"],
        companies=frozenset(json.loads(row["companies"])),
    )
