"""A simulated stretch of days under the daemon, by a clock of its own: feeds that publish, fail, come back and end.

python -m tests.soak.month DIR --days 30 --feeds 200 --step 15 --seed 1

The world is a function of seed and moment, so that it needs no memory: what grows is the daemon's. Every tick is
checked while it happens; what is left to judge comes out as one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import resource
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path

from pipeline.config import load
from pipeline.daemon import Daemon
from pipeline.dedup.sketch import word_parts
from pipeline.dedup.wording import packed_wordings, word_terms
from pipeline.observe import configure_logging
from pipeline.store import Store
from pipeline.text import from_iso, to_iso

_Cached = type(lru_cache(len))
START = datetime(2026, 3, 2, tzinfo=UTC)
RHYTHM = timedelta(minutes=30)
SHOWN = 10  # entries in a document
COMPANIES = ("Siemens", "Xiaomi", "Toyota", "Nestlé", "Maersk")
OTHERS = ("the port", "a grid operator", "the ministry", "a start-up", "the university", "a wholesaler", "the city")
VERBS = ("opens", "sells", "buys", "closes", "tests", "recalls", "postpones", "expands", "leases", "audits", "insures")
THINGS = (
    "plant",
    "ferry",
    "warehouse",
    "reactor",
    "battery line",
    "call centre",
    "tunnel",
    "harbour crane",
    "data hall",
)
TOWNS = ("Gdynia", "Porto", "Lahti", "Kochi", "Durban", "Arica", "Bergen", "Cork", "Izmir", "Osaka", "Tampico", "Varna")


def trouble(feed: int) -> int | None:
    """The day on which a feed fails, counted from 0: one feed in twenty has one."""
    return 1 + feed // 20 * 3 % 28 if feed % 20 == 7 else None


@dataclass
class World:
    """What the feeds say at a moment, and what the receiver of alerts was told."""

    seed: int
    now: datetime = START
    port: int = 0
    taken: Counter[str] = field(default_factory=Counter)  # alerts by id
    asked: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)

    def url(self, feed: int) -> str:
        return f"http://127.1.{feed // 200}.{feed % 200 + 1}:{self.port}/feed/{feed}"

    def answer(self, feed: int, etag: str) -> tuple[int, str, bytes]:
        """Status, validator and body."""
        day = (self.now - START).days
        if feed == 3 and day >= 1:
            return 410, "", b""
        if day == trouble(feed):
            return 503, "", b""
        newest = int((self.now - START) / self._pace(feed)) + SHOWN
        tag = "" if feed % 10 == 9 else f'"{newest}"'  # some servers know no validators
        if tag and tag == etag:
            return 304, tag, b""
        items = "".join(self._item(feed, number) for number in range(newest - SHOWN, newest))
        return 200, tag, f"<rss version='2.0'><channel><title>Feed {feed}</title>{items}</channel></rss>".encode()

    def take(self, alert: str) -> int:
        """The first of each twenty is refused at first."""
        if alert not in self.asked:
            self.asked.add(alert)
            if len(self.asked) % 20 == 1:
                self.refused.add(alert)
                return 500
        self.taken[alert] += 1
        return 204

    def _pace(self, feed: int) -> timedelta:
        """Between one entry and the next; one feed in eight is quiet for longer than any simulation."""
        return timedelta(days=999) if feed % 8 == 5 else timedelta(hours=1 + feed * 7 % 12, minutes=feed % 60)

    def _item(self, feed: int, number: int) -> str:
        chance = random.Random(f"{self.seed}-{feed}-{number}")
        who = chance.choice(COMPANIES) if chance.random() < 0.12 else chance.choice(OTHERS)
        what = f"{who} {chance.choice(VERBS)} {chance.choice(THINGS)} in {chance.choice(TOWNS)}"
        other = f"{chance.choice(OTHERS)} {chance.choice(VERBS)} {chance.choice(THINGS)} near {chance.choice(TOWNS)}"
        at = format_datetime(START + (number - SHOWN + 1) * min(self._pace(feed), timedelta(hours=13)))
        title = f"{what[0].upper()}{what[1:]}, {chance.randrange(10, 990)} jobs"
        link = f"https://outlet{feed}.example/{number}"
        text = f"It was told that {other}; the figure is {chance.randrange(10**6)}."
        return (
            f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid><pubDate>{at}</pubDate>"
            f"<description>{text}</description></item>"
        )


class Site(asyncio.Protocol):
    """One connection to the world: feeds by GET, alerts by POST."""

    def __init__(self, world: World) -> None:
        self.world, self.data = world, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, rest = self.data.partition(b"\r\n\r\n")
        if not found:
            return
        request, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self.data = rest[length:]
        self._answer(request.split()[1], headers)

    def _answer(self, path: str, headers: dict[str, str]) -> None:
        if path == "/hook":
            status, tag, body = self.world.take(headers["idempotency-key"]), "", b""
        else:
            status, tag, body = self.world.answer(int(path.rpartition("/")[2]), headers.get("if-none-match", ""))
        fields = [f"HTTP/1.1 {status} Word", "Content-Type: application/rss+xml"]
        fields += [f"ETag: {tag}"] if tag else []
        fields += [] if status in (204, 304) else [f"Content-Length: {len(body)}"]
        self.transport.write("\r\n".join([*fields, "", ""]).encode() + body)
        if headers.get("connection") == "close":
            self.transport.close()


@contextmanager
def served(world: World) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: Site(world), "0.0.0.0", 0, backlog=512))
    world.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()


def configure(directory: Path, world: World, feeds: int) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    companies = "".join(f'[[company]]\nname = "{name}"\n' for name in COMPANIES)
    (directory / "companies.toml").write_text(companies, encoding="utf-8")
    tables = "".join(f'[[feed]]\nurl = "{world.url(feed)}"\npublisher = "Outlet {feed}"\n' for feed in range(feeds))
    (directory / "feeds.toml").write_text(tables, encoding="utf-8")
    (directory / "newsward.toml").write_text(
        '[store]\nretention = "7 days"\nhistory = "7 days"\n'
        '[polling]\nmin_interval = "30 minutes"\ndefault_interval = "30 minutes"\nmax_interval = "30 minutes"\n'
        'hint_cap = "30 minutes"\n[fetch]\nallow_private = true\nspacing = 0\n'  # days pass in moments here
        f'[[channel]]\nid = "desk"\nkind = "webhook"\nurl = "http://127.0.0.1:{world.port}/hook"\n'
        '[[rule]]\nname = "all"\nchannels = ["desk"]\n',
        encoding="utf-8",
    )
    return directory


@dataclass(frozen=True)
class Day:
    """What there is at the end of a day."""

    objects: int  # that Python's collector knows, without what caches of a fixed size hold
    resident: int  # bytes of the process
    database: int  # bytes of the file and its log
    idle: int  # entries about nobody
    oldest_fetch: float  # days since the oldest poll in the history


@dataclass
class Life:
    """The daemon's ticks, each held against what the database said before it."""

    world: World
    daemon: Daemon
    step: timedelta
    turns: dict[str, datetime | None] = field(default_factory=dict)  # of each feed in turn
    ticks: int = 0
    runs: int = 0
    polls: int = 0
    by_feed: Counter[str] = field(default_factory=Counter)
    days: list[Day] = field(default_factory=list)

    def live(self, days: int) -> None:
        for day in range(1, days + 1):
            while self.world.now < START + timedelta(days=day):
                self._tick()
                self.world.now += self.step
            self.days.append(self._day())

    @property
    def store(self) -> Store:
        return self.daemon.open().store

    def _tick(self) -> None:
        """One tick polls exactly the feeds whose turn it is, each once, and one without work leaves no run."""
        now, store = self.world.now, self.store
        due = sorted(url for url, turn in self.turns.items() if turn is None or turn <= now)
        has_work = store.has_work(now)
        self.daemon.tick()
        self.ticks += 1
        rows = store.database.execute(
            "SELECT id, due FROM runs WHERE id > ? AND ended_at IS NOT NULL", [self.runs]
        ).fetchall()
        assert len(rows) == has_work, (now, has_work, len(rows))
        self.runs += len(rows)
        if not due:
            return
        polled = [
            row[0]
            for row in store.database.execute(
                "SELECT feed_url FROM fetches WHERE fetched_at = ? AND run_id = ? ORDER BY feed_url",
                [to_iso(now), self.runs],
            )
        ]
        assert polled == due, (now, len(polled), len(due))
        self.polls += len(polled)
        self.by_feed.update(polled)
        self._note_turns()

    def _note_turns(self) -> None:
        self.turns = {due.feed.url: due.state.next_poll_at for due in self.store.all_dues(self.world.now)}

    def _day(self) -> Day:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        _empty_bounded_caches()
        gc.collect()
        database = self.daemon.config.database
        files = (database, database.with_name(f"{database.name}-wal"))
        sizes = sum(file.stat().st_size for file in files)
        ask = self.store.database.execute
        (idle,) = ask("SELECT count(*) FROM entries WHERE story_id IS NULL").fetchone()
        (oldest,) = ask("SELECT min(fetched_at) FROM fetches").fetchone()
        past = (self.world.now - from_iso(oldest)) / timedelta(days=1)
        return Day(len(gc.get_objects()), pages * resource.getpagesize(), sizes, idle, round(past, 1))


def _empty_bounded_caches() -> None:
    """They fill for weeks and then stay as they are: that would hide what grows for ever."""
    for one in gc.get_objects():
        if isinstance(one, _Cached) and one.cache_parameters()["maxsize"] is not None:
            one.cache_clear()
    for table in (packed_wordings, word_terms, word_parts):
        table.clear()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    for name, default in (("days", 30), ("feeds", 200), ("step", 15), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    world = World(options.seed)
    began = time.process_time()
    with served(world), open(os.devnull, "w", encoding="utf-8") as nowhere:
        directory = configure(options.directory, world, options.feeds)
        configure_logging(format="json", level="debug", stream=nowhere)
        daemon = Daemon(load(directory, {}), lambda files: load(directory, {}, files), lambda: world.now)
        life = Life(world, daemon, timedelta(seconds=options.step))
        life._note_turns()
        life.live(options.days)
        store = life.store
        alerts = dict(map(tuple, store.database.execute("SELECT state, count(*) FROM alerts GROUP BY state")))
        report = {
            "ticks": life.ticks,
            "runs": life.runs,
            "polls": life.polls,
            "by_feed": [life.by_feed[world.url(feed)] for feed in range(options.feeds)],
            "alerts": alerts,
            "taken": len(world.taken),
            "taken_twice": [one for one, times in world.taken.items() if times > 1],
            "refused": len(world.refused),
            "days": [asdict(day) for day in life.days],
            "seconds": round(time.process_time() - began, 1),
        }
        daemon.close()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
