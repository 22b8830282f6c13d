"""Hits: one row for each entry and company, with all its evidence and one line of it for the eye."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pipeline.model import Entry, Hit, Mention
from pipeline.store.columns import clean, stamp, texts, to_json
from pipeline.store.queries import QUERIES

_SHOWN = 60  # characters of the words found that the line of evidence shows


def upsert(connection: sqlite3.Connection, hits: Sequence[Hit], now: datetime) -> int:
    """How many hits are new; a known one takes the newer evidence, and a rejected one stays rejected."""
    rows = [_hit_row(hit, now) for hit in hits]
    added = connection.executemany(QUERIES["hit_insert"], rows).rowcount
    if added < len(rows):
        connection.executemany(QUERIES["hit_update"], rows)
    return added


def withdraw(connection: sqlite3.Connection, edited: Sequence[Entry], hits: Sequence[Hit]) -> None:
    """Hits of edited entries whose company is no longer named go; those that a person rejected stay.

    So do those of companies that are no longer tracked: nobody looked for them.
    """
    found: dict[str, set[str]] = {}
    for hit in hits:
        found.setdefault(hit.entry_id, set()).add(hit.company_id)
    rows = ({"entry_id": clean(entry.id), "texts": texts(found.get(entry.id, ()))} for entry in edited)
    connection.executemany(QUERIES["hits_withdraw"], rows)


def evidence(hit: Hit) -> str:
    """The best mention in a line: ``title: “Xiamio” ~ Xiaomi (fuzzy 88)``."""
    best = hit.best
    found = " ".join(best.found.split())
    shown = found if len(found) <= _SHOWN else found[: _SHOWN - 1] + "…"
    taken_for = "" if found == best.name else f" ~ {best.name}"
    return f"{best.field.value}: “{shown}”{taken_for} ({best.method.value} {best.score:.0f})"


def _hit_row(hit: Hit, now: datetime) -> dict[str, Any]:
    best = hit.best
    return {
        "entry_id": clean(hit.entry_id),
        "company_id": clean(hit.company_id),
        "score": hit.score,
        "salience": hit.salience,
        "method": best.method,
        "name": clean(best.name),
        "found": clean(best.found),
        "field": best.field,
        "start": best.start,
        "end": best.end,
        "rule_version": clean(hit.rule_version),
        "evidence": clean(evidence(hit)),
        "mentions": to_json([_mention(mention) for mention in hit.mentions]),
        "runner_up": hit.runner_up and to_json({"company": hit.runner_up.company_id, **_mention(hit.runner_up)}),
        "now": stamp(now),
    }


def _mention(mention: Mention) -> dict[str, Any]:
    return {
        "field": mention.field,
        "start": mention.start,
        "end": mention.end,
        "found": mention.found,
        "name": mention.name,
        "method": mention.method,
        "score": mention.score,
        "reasons": [{"signal": reason.signal, "points": reason.points} for reason in mention.reasons],
    }
