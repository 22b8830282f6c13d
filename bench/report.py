"""How long a report takes on a large database.

    python -m bench.report [--feeds 20000] [--fetches 1000000] [--entries 200000] [--companies 5000]

A made-up month of news; each feed was polled as often as the fetches allow, and six polls of ten brought something.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from pipeline.report import DAY, WEEK, coverage, report
from pipeline.store import Store
from pipeline.store.connection import transaction
from pipeline.text import to_iso
from tests.builders_large import Size, large_database
from tests.builders_store import NOW

_MONTH = timedelta(days=30)


def polls(urls: list[str], count: int) -> Iterator[tuple[Any, ...]]:
    """The history, feed by feed."""
    dice = random.Random(1)
    each = count // len(urls)
    for url in sorted(urls):
        late = dice.random()
        for number in range(each):
            at = to_iso(NOW - _MONTH * (late + number) / each)
            new = dice.random() < 0.6
            outcome = "fetched" if new or dice.random() < 0.2 else "not_modified"
            outcome = "failed" if dice.random() < 0.01 else outcome
            yield url, at, outcome, 20, int(new and outcome == "fetched"), 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=20_000)
    parser.add_argument("--fetches", type=int, default=1_000_000)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--companies", type=int, default=5_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "newsward.db"
        large_database(path, Size(arguments.entries, 30, arguments.feeds, arguments.companies))
        with Store.open(path) as store:
            fill(store, arguments.fetches)
            timed("report, 24 hours", lambda: report(store, NOW, DAY))
            timed("report, 7 days", lambda: report(store, NOW, WEEK))
            timed("a digest's coverage", lambda: coverage(store, NOW))


def fill(store: Store, count: int) -> None:
    connection = store.database.conn
    urls = [url for (url,) in connection.execute("SELECT url FROM feeds")]
    with transaction(connection):
        connection.execute("DELETE FROM fetches")
        connection.executemany(
            "INSERT INTO fetches (feed_url, fetched_at, outcome, entries, new, conditional) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            polls(urls, count),
        )
    print(f"{len(urls)} feeds, {connection.execute('SELECT count(*) FROM fetches').fetchone()[0]} fetches")


def timed(name: str, ask: Callable[[], object]) -> None:
    ask()
    began = time.process_time()
    ask()
    print(f"{name}: {time.process_time() - began:.2f} s of processor time", flush=True)


if __name__ == "__main__":
    main()
