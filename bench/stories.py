"""Entries streamed end to end into one SQLite file: how fast at the start and at the end, and how fast it opens.

    python -m bench.stories [--entries 200000] [--hits 0.1] [--companies 500] [--batch 200] [--day 20000]

Made-up entries, ``--hits`` of them about one of the companies and placed into stories (of four tellings each, some of
them copies); all are looked up by their keys, sorted, placed and committed as a run does, a batch a feed's turn. The
figures are a tenth of the stream each, so that the first and the last can be compared in one run: entries a second of
all that, and hits a second of placing alone, which reads the file and writes nothing.
"""

from __future__ import annotations

import argparse
import gc
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.dedup import Arrival, StoryIndex, StoryOptions, recall, sort_entries
from pipeline.keys import content_hash, entry_keys
from pipeline.model import (
    Batch,
    Company,
    Entry,
    EntryField,
    Feed,
    FeedState,
    FetchRecord,
    Hit,
    Mention,
    Method,
    Watchlist,
)
from pipeline.store import Store

START = datetime(2026, 1, 1, tzinfo=UTC)
FEED = Feed("https://bench.example/rss")
TELLINGS = 4


def vocabulary(dice: random.Random, size: int = 30_000) -> list[str]:
    """Made-up words."""
    return ["".join(dice.choices("abcdefghiklmnoprstuvw", k=dice.randint(4, 10))) for _ in range(size)]


def stream(count: int, share: float, companies: int, day: int, dice: random.Random) -> Iterator[tuple[Entry, str]]:
    """Entries in the order of time, each with its company or ""."""
    words = vocabulary(dice)
    common = words[:400]
    live: list[tuple[str, list[str], list[str]]] = []
    for number in range(count):
        company = ""
        if dice.random() < share:
            if not live or dice.random() < 1 / TELLINGS:
                company = f"company{dice.randrange(companies)}"
                live = [*live[-400:], (company, dice.choices(words, k=9), dice.choices(words, k=30))]
            company, title, text = dice.choice(live[-200:])
            title = [company.title(), *dice.sample(title, 6), *dice.choices(common, k=2)]
            text = text if dice.random() < 0.4 else dice.sample(text, 15) + dice.choices(common, k=15)
        else:
            title, text = dice.choices(words, k=8), dice.choices(words, k=25)
        at = START + timedelta(days=number / day)
        yield entry_of(number, " ".join(title), " ".join(text), at), company


def entry_of(number: int, title: str, text: str, at: datetime) -> Entry:
    """As a parser would make it."""
    url = f"https://bench.example/{number}"
    keys = entry_keys(feed_url=FEED.url, guid=str(number), canonical_url=url, title=title, text=text)
    return Entry(
        keys[0], FEED.url, title, text, url, url, str(number), keys,
        publisher=f"Outlet {number % 90}", language="en", published_at=at, content_hash=content_hash(title, text),
    )  # fmt: skip


def hit_of(entry: Entry, company: str) -> Hit:
    mention = Mention(company, EntryField.TITLE, 0, len(company), company.title(), company.title(), Method.EXACT, 100.0)
    return Hit(entry.id, company, 100.0, 100.0, (mention,))


def take(store: Store, index: StoryIndex, chunk: list[tuple[Entry, str]]) -> float:
    """One feed's turn; the seconds of it that placing took."""
    entries = [entry for entry, _ in chunk]
    now = entries[-1].published_at
    assert now is not None
    found = sort_entries(entries, FEED, recall(entries, store))
    company = {entry.id: name for entry, name in chunk if name}
    arrivals = [
        Arrival(entry, frozenset({company[entry.id]}), frozenset({company[entry.id]}))
        for entry in found.new
        if entry.id in company
    ]
    began = time.process_time()
    placements = index.place(arrivals, store)
    placing = time.process_time() - began
    record = FetchRecord(feed_url=FEED.url, fetched_at=now, outcome="fetched")
    hits = tuple(hit_of(arrival.entry, company[arrival.entry.id]) for arrival in arrivals)
    batch = Batch(FEED, FeedState(FEED.url), record, new=found.new, hits=hits, placements=placements)
    store.commit(batch, run_id=None, now=now)
    for placement in placements:
        if merge := index.repair(placement, store):
            store.merge(merge, rule="merged_late")
    return placing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--hits", type=float, default=0.1)
    parser.add_argument("--companies", type=int, default=500)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--day", type=int, default=20_000, help="entries a day; stories live for three")
    arguments = parser.parse_args()
    gc.freeze()  # as the command line does
    gc.set_threshold(100_000, 20, 20)
    dice = random.Random(1)
    watchlist = Watchlist(tuple(Company(f"company{n}", f"Company{n}") for n in range(arguments.companies)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "newsward.db"
        with Store.open(path) as store:
            store.remember(watchlist, [FEED], START)
            entries = stream(arguments.entries, arguments.hits, arguments.companies, arguments.day, dice)
            speeds = run(store, entries, arguments)
        began = time.perf_counter()
        with Store.open(path) as store:
            opened = time.perf_counter() - began
            stories = store.database.execute("SELECT count(*) FROM stories").fetchone()[0]
        print(f"{arguments.entries} entries, {stories} stories, {path.stat().st_size / 2**20:.0f} MiB")
        whole, placing = (tenths[-1] / tenths[0] for tenths in zip(*speeds, strict=True))
        print(f"the last tenth against the first: {whole:.2f}, placing alone {placing:.2f}")
        print(f"open: {opened * 1000:.0f} ms")


def run(store: Store, entries: Iterator[tuple[Entry, str]], arguments: argparse.Namespace) -> list[tuple[float, float]]:
    """Entries a second of processor time, and hits a second of what placing alone took, by tenths."""
    index, speeds, chunk = StoryIndex(StoryOptions()), [], []
    done, tenth, spent, placing, hits = 0, arguments.entries // 10, 0.0, 0.0, 0
    for one in entries:
        chunk.append(one)
        if len(chunk) < arguments.batch:
            continue
        began = time.process_time()
        placing += take(store, index, chunk)
        spent += time.process_time() - began
        hits += sum(bool(company) for _, company in chunk)
        done, chunk = done + len(chunk), []
        if done >= tenth * (len(speeds) + 1):
            speeds.append((tenth / spent, hits / placing))
            whole, alone = speeds[-1]
            print(f"{done}: {whole:.0f} entries a second of processor time; {alone:.0f} hits placed", flush=True)
            spent, placing, hits = 0.0, 0.0, 0
    return speeds


if __name__ == "__main__":
    main()
