"""The history: runs, and the fetches made in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pipeline.model import FetchRecord, RunReport
from pipeline.store.columns import clean, instant, seconds, stamp
from pipeline.store.queries import QUERIES

# Clocks are corrected by seconds all the time, and two machines differ by as much: not worth polling everything.
_LEEWAY = timedelta(minutes=5)


def open_run(connection: sqlite3.Connection, now: datetime) -> int:
    """The number of the run that begins."""
    number: int = connection.execute(QUERIES["run_open"], {"now": stamp(now)}).fetchone()[0]
    return number


def close_run(connection: sqlite3.Connection, run_id: int, report: RunReport) -> None:
    """What the run did; a run without an end was cut off, also one that was told to stop."""
    counts = ("feeds", "due", "fetched", "not_modified", "sent", "undelivered", "dead")
    added = ("new", "edited", "sightings", "hits", "stories", "alerts")
    row: dict[str, Any] = {
        **{name: getattr(report, name) for name in counts},
        **{name: getattr(report.committed, name) for name in added},
        "id": run_id,
        "ended_at": None if report.is_cut_off else stamp(report.started_at + report.took),
        "took_s": seconds(report.took),
        "failed": len(report.failed),
    }
    connection.execute(QUERIES["run_close"], row)
    if not report.is_cut_off:
        beat(connection, report.started_at + report.took)


def beat(connection: sqlite3.Connection, now: datetime) -> None:
    """A sign of life: now a pass was completed, also one that found nothing to do."""
    connection.execute(QUERIES["beat"], {"now": stamp(now)})


def set_back(connection: sqlite3.Connection, now: datetime) -> timedelta:
    """How far the clock was set back since the last sign of life."""
    beat = connection.execute(QUERIES["beat_ahead"], (stamp(now + _LEEWAY),)).fetchone()
    return instant(beat["beat_at"]) - now if beat else timedelta()


def wake(connection: sqlite3.Connection, now: datetime) -> None:
    """What was put off by a clock that was ahead is due."""
    for name in ("feeds_wake", "alerts_wake", "leases_wake", "circuits_wake"):
        connection.execute(QUERIES[name], {"now": stamp(now), "ahead": stamp(now + _LEEWAY)})
    beat(connection, now)


def note_fetches(connection: sqlite3.Connection, fetches: Iterable[FetchRecord], run_id: int | None) -> None:
    """Lines of the fetch history, one for each feed and moment."""
    connection.executemany(QUERIES["fetch_insert"], (_fetch_row(fetch, run_id) for fetch in fetches))


def _fetch_row(fetch: FetchRecord, run_id: int | None) -> dict[str, Any]:
    return {
        **{name: getattr(fetch, name) for name in ("outcome", "status", "entries", "new", "edited", "bytes")},
        **{name: clean(getattr(fetch, name)) for name in ("feed_url", "error", "damage")},
        "fetched_at": stamp(fetch.fetched_at),
        "gap": int(fetch.gap),
        "conditional": None if fetch.is_conditional is None else int(fetch.is_conditional),
        "error_kind": fetch.error_kind,
        "elapsed_s": seconds(fetch.elapsed),
        "run_id": run_id,
    }
