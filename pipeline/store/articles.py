"""Pages that are to be read, what sites allow, and which lines their pages have in common."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.model import DateKind, Entry, OwedPage, PageBatch
from pipeline.store.columns import cjk_pairs, clean, moment, stamp, texts
from pipeline.store.feeds import ABSURDLY_FAR
from pipeline.store.queries import QUERIES

LINES_KEPT = timedelta(days=30)
ROBOTS_KEPT = timedelta(days=7)


def owe(connection: sqlite3.Connection, entry_ids: Sequence[str], now: datetime) -> None:
    """Has the pages of these entries read, also once more where an edit made them worth it."""
    rows = ({"entry_id": clean(entry_id), "now": stamp(now)} for entry_id in entry_ids)
    connection.executemany(QUERIES["article_owe"], rows)


def owed(connection: sqlite3.Connection, now: datetime, limit: int) -> tuple[OwedPage, ...]:
    """The pages whose turn it is, those that wait longest first."""
    bounds = {"now": stamp(now), "absurd": stamp(now + ABSURDLY_FAR), "limit": limit}
    return tuple(_owed(row) for row in connection.execute(QUERIES["articles_owed"], bounds))


def is_owed(connection: sqlite3.Connection, now: datetime) -> bool:
    """Whether a page's turn has come."""
    return bool(owed(connection, now, 1))


def put_off(connection: sqlite3.Connection, entry_ids: Collection[str], until: datetime) -> None:
    """These pages wait until then."""
    connection.execute(QUERIES["articles_put_off"], {"texts": texts(entry_ids), "until": stamp(until)})


def settle(connection: sqlite3.Connection, batch: PageBatch, now: datetime) -> None:
    """What came of a page, and the entry's text with its article; the entry counts as the feed told it (its hash)."""
    entry = batch.entry
    row: dict[str, Any] = {
        "entry_id": clean(entry.id),
        "attempts": batch.attempts,
        "next_attempt_at": stamp(batch.next_attempt_at),
        "outcome": batch.outcome,
        "reason": clean(batch.reason),
        "characters": batch.characters,
        "now": stamp(now),
    }
    connection.execute(QUERIES["article_settle"], row)
    if batch.outcome == "read":
        text = {"id": clean(entry.id), "text": clean(entry.text), "cjk": cjk_pairs(entry.title, entry.text)}
        connection.execute(QUERIES["entry_read"], text)
    keys = ((clean(key), clean(entry.id)) for key in batch.keys)
    connection.executemany(QUERIES["entry_key_insert"], keys)
    marks = ({"site": clean(batch.site), "line": mark, "now": stamp(now)} for mark in batch.marks)
    connection.executemany(QUERIES["page_line_seen"], marks)


def line_counts(connection: sqlite3.Connection, site: str, marks: Collection[str]) -> Mapping[str, int]:
    """In how many pages of the site each of these lines was."""
    rows = connection.execute(QUERIES["page_lines"], {"site": clean(site), "texts": texts(marks)})
    return dict(map(tuple, rows))


def robots(connection: sqlite3.Connection, origins: Collection[str], now: datetime) -> tuple[Mapping[str, Any], ...]:
    """The rules of these origins that are still good."""
    rows = connection.execute(QUERIES["robots_known"], {"texts": texts(origins), "now": stamp(now)})
    moments = ("expires_at", "next_page_at")
    return tuple({**row, **{name: moment(row[name]) for name in moments}} for row in map(dict, rows))


def learn(connection: sqlite3.Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Keeps what origins say, and forgets what nobody has asked after for long."""
    connection.execute(QUERIES["robots_forget"], {"cutoff": stamp(now - ROBOTS_KEPT)})
    connection.execute(QUERIES["page_lines_forget"], {"cutoff": stamp(now - LINES_KEPT)})
    values = (
        {
            "origin": clean(row["origin"]),
            "allows": row["allows"],
            "rules": clean(row["rules"]),
            "expires_at": stamp(row["expires_at"]),
            "next_page_at": stamp(row["next_page_at"]),
            "now": stamp(now),
        }
        for row in rows
    )
    connection.executemany(QUERIES["robots_learn"], values)


def _owed(row: sqlite3.Row) -> OwedPage:
    owed_at = moment(row["owed_at"])
    assert owed_at
    entry = Entry(
        id=row["id"],
        feed_url=row["feed_url"],
        title=row["title"],
        text=row["text"],
        url=row["url"],
        canonical_url=row["canonical_url"],
        guid=row["guid"],
        author=row["author"],
        publisher=row["publisher"],
        language=row["language"],
        published_at=moment(row["published_at"]),
        updated_at=moment(row["updated_at"]),
        date_kind=DateKind(row["date_kind"]),
        content_hash=row["content_hash"],
    )
    return OwedPage(entry, owed_at, row["attempts"], bool(row["is_again"]))
