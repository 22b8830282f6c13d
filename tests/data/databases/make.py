"""Makes the kept database of the present schema: ``python tests/data/databases/make.py``, before a step is added to it.

A kept file is never made anew: it is what the versions of its time have left behind. Given the names of older steps, it
shows how the first of them were made: by the steps up to there, and the same rows.
"""

from __future__ import annotations

import gzip
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlite_utils import Database, Migrations

from pipeline.model import Delivery, Feed, FeedState, SendFailed, Sent
from pipeline.store import Store
from pipeline.store.migrations import STEPS
from tests.builders_store import (
    FEED,
    NOW,
    OTHER_FEED,
    claim,
    example_database,
    make_alert,
    make_batch,
    make_entry,
    make_hit,
    make_placement,
)

FOLDER = Path(__file__).parent
_NOT_THEIRS = ("sqlite_", "_sqlite", "entries_fts")
# Before the terms of a story were one row.
_TERM_BY_TERM = """(
    SELECT told.story, each.key AS term, each.value AS entries FROM full.story_terms AS told, json_each(terms) AS each
)"""


def filled(path: Path) -> None:
    """The example's morning, and alerts in every state, a rejected hit, feeds disabled and taken out."""
    example_database(path)
    with Store.open(path) as store:
        for number in range(12):
            entry = make_entry(f"kept {number}", title=f"Xiaomi, notice {number}", text="Kept through all versions.")
            plain = make_entry(f"plain {number}", feed=OTHER_FEED, title=f"Weather {number}", text="About nobody.")
            at = NOW + timedelta(minutes=number)
            store.commit(
                make_batch(
                    entry,
                    at=at,
                    state=FeedState(FEED, etag='"v1"', last_polled_at=at, last_ok_at=at, last_full_at=at),
                    hits=(make_hit(entry),),
                    placements=(make_placement(entry, terms=("notice", f"number{number}")),),
                    alerts=(make_alert(f"kept-{number}", story=entry.id, created_at=at),),
                ),
                run_id=1,
                now=at,
            )
            store.commit(make_batch(plain, feed=OTHER_FEED, at=at), run_id=1, now=at)
        claim(store, NOW + timedelta(hours=1), 20)
        for number in range(9):
            tried = Delivery(f"kept-{number}", "desk", NOW + timedelta(hours=1), 1, Sent("200"))
            if number >= 4:
                failed = replace(tried, result=SendFailed("the receiver answered 500"))
                again = replace(failed, next_attempt_at=NOW + timedelta(hours=2))
                tried = replace(failed, dead=True) if number >= 7 else again
            store.record([tried])
        store.add_feeds([Feed("https://added.example/rss", title="Added", source="cli")], NOW)
        store.database.execute("UPDATE feeds SET disabled = 'by a person' WHERE url LIKE 'https://gone%'")
        store.database.execute("UPDATE hits SET state = 'rejected' WHERE evidence LIKE '%typo%' OR method = 'fuzzy'")
        store.beat(NOW + timedelta(hours=1))


def made_by(number: int, path: Path, full: Path) -> None:
    """A database of the first ``number`` steps, with those rows of the full one that its tables take."""
    database = Database(path)
    database.execute("PRAGMA journal_mode = WAL")
    migrations = Migrations("newsward")
    for step in STEPS[:number]:
        migrations()(step)
    migrations.apply(database)
    database.execute("ATTACH ? AS full", [str(full)])
    database.execute("UPDATE _sqlite_migrations SET applied_at = '2026-03-02 09:00:00+00:00'")
    # A step may have put a row of its own into its table.
    for table in database.tables:
        if not table.name.startswith(_NOT_THEIRS):
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            source = (
                _TERM_BY_TERM if "term" in table.columns_dict and table.name == "story_terms" else f"full.{table.name}"
            )
            database.execute(f"DELETE FROM {table.name}")
            database.execute(f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {source}")
    database.conn.commit()
    database.execute("DETACH full")
    database.close()


def make(number: int) -> Path:
    """The kept file of the first ``number`` steps."""
    kept = FOLDER / f"{STEPS[number - 1].__name__}.db.gz"
    with tempfile.TemporaryDirectory() as folder:
        full, path = Path(folder) / "full.db", Path(folder) / "kept.db"
        filled(full)
        made_by(number, path, full)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("VACUUM")
        kept.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    return kept


if __name__ == "__main__":
    names = [step.__name__ for step in STEPS]
    for name in sys.argv[1:] or names[-1:]:
        if (FOLDER / f"{name}.db.gz").exists():
            sys.exit(f"{name}.db.gz is kept and not made anew")
        print(make(names.index(name) + 1))
