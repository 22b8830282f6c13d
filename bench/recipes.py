"""Ask a large made-up database every question of docs/recipes.md, and say what each costs and how it is answered.

    python -m bench.recipes [--entries 300000] [--feeds 2000] [--companies 500] [--days 90] [--plans] [--bare]
    python -m bench.recipes --indexes

The first prints a line a question: milliseconds (the best of three, in a warm file), rows, and SQLite's own steps, with
their growth: how many times those in a database of the same rate and a quarter of the past. About 1 means that the
past costs nothing. ``--bare`` asks without the indexes that are there for questions only.
The second prints what these indexes cost: bytes a row (needs a SQLite with dbstat), and the ratio of two processor
times in one run: of committing the same batches into a database with them, and into one without.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median

from pipeline.keys import content_hash
from pipeline.model import Batch, Delivery, Sent
from pipeline.store import Store
from tests.builders_large import Size, large_database
from tests.builders_store import NOW, make_alert, make_batch, make_entry, make_hit, make_placement, open_store
from tests.recipes import questions, statement, work

FOR_QUESTIONS = ("alerts_by_time", "revisions_by_time")


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        if options.indexes:
            _cost_of_indexes(Path(folder))
        else:
            _cost_of_questions(options, Path(folder))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    size = Size()
    for name in ("entries", "feeds", "companies", "days"):
        parser.add_argument(f"--{name}", type=int, default=getattr(size, name))
    parser.add_argument("--bare", action="store_true", help="drop the indexes that are there for questions only")
    parser.add_argument("--plans", action="store_true", help="print how SQLite finds the rows")
    parser.add_argument("--indexes", action="store_true", help="what the indexes cost instead")
    return parser.parse_args()


# --------------------------------------------------------------------------- questions


def _cost_of_questions(options: argparse.Namespace, folder: Path) -> None:
    size = Size(options.entries, options.days, options.feeds, options.companies)
    quarter = replace(size, entries=size.entries // 4, days=max(size.days // 4, 1))
    large = _made(folder / "large.db", size, bare=options.bare)
    small = _made(folder / "quarter.db", quarter, bare=options.bare)
    print(f"{'ms':>8} {'rows':>6} {'steps':>10} {'growth':>7}  question")
    for section in questions():
        asked = statement(section, folder / "large.db")
        took, rows = min(_timed(large, asked.sql, dict(asked.values)) for _ in range(3))
        steps, fewer = work(large, asked, every=100), work(small, asked, every=100)
        growth = (steps + 100) / (fewer + 100)
        mark = "  (reads all of something, and says so)" if section.reads_much else ""
        print(f"{took * 1000:8.1f} {rows:6} {steps:10} {growth:7.1f}  {section.title}{mark}")
        if options.plans:
            print(*(f"{'':35}{step}" for step in asked.plan(large)), sep="\n")


def _made(path: Path, size: Size, *, bare: bool) -> sqlite3.Connection:
    begun = time.perf_counter()
    large_database(path, size)
    connection = sqlite3.connect(path)
    for name in FOR_QUESTIONS if bare else ():
        connection.execute(f"DROP INDEX {name}")
    tables = ("entries", "hits", "stories", "alerts", "fetches")
    counts = [f"{connection.execute(f'SELECT count(*) FROM {name}').fetchone()[0]:,} {name}" for name in tables]
    megabytes = path.stat().st_size / 1e6
    print(f"{', '.join(counts)}; {megabytes:.0f} MB, made in {time.perf_counter() - begun:.0f} s")
    return connection


def _timed(connection: sqlite3.Connection, sql: str, values: dict[str, str]) -> tuple[float, int]:
    begun = time.perf_counter()
    rows = len(connection.execute(sql, values).fetchall())
    return time.perf_counter() - begun, rows


# --------------------------------------------------------------------------- indexes


def _cost_of_indexes(folder: Path, *, rounds: int = 21, batches: int = 60) -> None:
    """Each round writes the same batches into both databases, in turns, so that a busy moment hits both."""
    with open_store(folder / "with.db") as full, open_store(folder / "without.db") as bare:
        for name in FOR_QUESTIONS:
            bare.database.execute(f"DROP INDEX {name}")
        ratios = []
        for turn in range(rounds):
            ours = list(_batches(turn, batches))
            took = {store.path: _write(store, ours) for store in ((full, bare) if turn % 2 else (bare, full))}
            ratios.append(took[full.path] / took[bare.path])
        spread = f"median of {rounds}, from {min(ratios):.2f} to {max(ratios):.2f}"
        print(f"processor time of commits with the indexes : without = {median(ratios):.2f} ({spread})")
        print(f"{batches} batches a round, each of 12 entries, 4 hits, 2 alerts sent, 2 edits")
        for name in FOR_QUESTIONS:
            size, rows = _index_size(full.database.conn, name)
            print(f"{name}: {size / rows:.0f} bytes a row")


def _batches(turn: int, count: int) -> Iterator[Batch]:
    for number in range(count):
        at = NOW + timedelta(minutes=turn * count + number)
        entries = [make_entry(f"{turn} {number} {place}", published_at=at) for place in range(12)]
        told = entries[:4]
        first = told[:2]
        yield make_batch(
            *entries,
            at=at,
            hits=tuple(make_hit(one) for one in told),
            placements=tuple(
                make_placement(one, one if one in first else first[0], terms=(f"t{number}",), sketch=(number,))
                for one in told
            ),
            alerts=tuple(make_alert(f"a {one.id}", story=one.id, created_at=at) for one in first),
        )


def _write(store: Store, batches: list[Batch]) -> float:
    begun = time.process_time()
    for batch in batches:
        at = batch.fetch.fetched_at
        store.commit(batch, run_id=None, now=at)
        for alert in batch.alerts:
            store.record(Delivery(alert.id, alert.channel, at, 1, Sent("200")))
        edited = tuple(
            replace(one, title=f"{one.title} again", content_hash=content_hash(f"{one.title} again", one.text))
            for one in batch.new[-2:]
        )
        store.commit(make_batch(at=at + timedelta(seconds=1), edited=edited), run_id=None, now=at)
    return time.process_time() - begun


def _index_size(connection: sqlite3.Connection, name: str) -> tuple[int, int]:
    size = connection.execute("SELECT pgsize - unused FROM dbstat WHERE name = ? AND aggregate = 1", (name,)).fetchone()
    rows = connection.execute(f"SELECT count(*) FROM {name.split('_by_')[0]}").fetchone()
    return size[0], rows[0]


if __name__ == "__main__":
    main()
