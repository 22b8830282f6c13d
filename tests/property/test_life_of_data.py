"""Whatever is told and in whatever order it is pruned, backed up and restored: no hit, story or alert is lost."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.model import Company, Delivery, Entry, Feed, Sent, Sighting, Watchlist
from pipeline.store import Store, StoreOptions, backup, restore
from tests.builders_run import ask
from tests.builders_store import (
    FEED,
    NOW,
    OTHER_FEED,
    WATCHLIST,
    claim,
    make_alert,
    make_entry,
    make_hit,
    make_placement,
)
from tests.unit.store.test_store_pruning import poll

FEEDS = (FEED, OTHER_FEED)
OPTIONS = StoreOptions(retention=timedelta(days=7), history=timedelta(days=2))
PRECIOUS = ("hits", "stories", "placements", "story_companies", "alerts", "deliveries")
Memory = dict[str, list[tuple[object, ...]]]


def precious(path: Path) -> Memory:
    """All that must never be lost, the entries of hits and places with their words included."""
    told = {name: sorted(ask(path, f"SELECT * FROM {name}"), key=repr) for name in PRECIOUS}
    entries = (
        "SELECT id, feed_url, title, text, story_id, article_id, relation, published_at FROM entries "
        "WHERE id IN (SELECT entry_id FROM hits UNION SELECT entry_id FROM placements) "
        "OR id IN (SELECT entry_id FROM alerts)"
    )
    return {**told, "entries": sorted(ask(path, entries), key=repr)}


class Life:
    """A database, what it must hold, and the backups with what they must hold."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.dice = folder, random.Random(seed)
        self.path = folder / "newsward.db"
        self.now = NOW
        self.backups: list[tuple[Path, Memory]] = []
        self.documents: dict[str, list[Entry]] = {feed: [] for feed in FEEDS}
        self.number = self.pruned = 0
        with Store.open(self.path) as store:
            store.remember(WATCHLIST, tuple(map(Feed, FEEDS)), NOW)

    def news(self) -> None:
        """A feed's document: some entries drop out of it, some are new, some of these are hits that alert."""
        self.now += timedelta(hours=self.dice.randint(1, 60))
        feed = self.dice.choice(FEEDS)
        document = [entry for entry in self.documents[feed] if self.dice.random() < 0.7]
        new = [self._entry(feed) for _ in range(self.dice.randint(0, 4))]
        hits = [entry for entry in new if self.dice.random() < 0.3]
        with Store.open(self.path) as store:
            known = {row[0] for row in store.database.execute("SELECT id FROM entries")}
            seen = [entry for entry in document if entry.id in known]
            other = OTHER_FEED if feed == FEED else FEED
            again = [entry for entry in self.documents[other] if entry.id in known and self.dice.random() < 0.3]
            poll(
                store,
                self.now,
                *new,
                seen=[*seen, *again],
                feed=feed,
                sightings=tuple(Sighting(entry.id, feed, entry.guid, entry.url) for entry in again),
                hits=tuple(make_hit(entry) for entry in hits),
                placements=tuple(make_placement(entry) for entry in hits),
                alerts=tuple(make_alert(entry.id, story=entry.id, created_at=self.now) for entry in hits),
            )
            for owed in claim(store, self.now, self.dice.randint(0, 3)):
                store.record([Delivery(owed.alert.id, "desk", self.now, 1, Sent("200"))])
            if self.dice.random() < 0.2:
                store.database.execute("UPDATE hits SET state = 'rejected' WHERE rowid % 3 = 0")
        self.documents[feed] = [*seen, *new]

    def quiet_days(self) -> None:
        """Runs whose feeds all said that nothing had changed."""
        with Store.open(self.path) as store:
            for _ in range(self.dice.randint(3, 12)):
                self.now += timedelta(days=1)
                store.open_run(self.now)

    def _entry(self, feed: str) -> Entry:
        self.number += 1
        return make_entry(f"news {self.number}", feed=feed, published_at=self.now)

    def prune(self) -> None:
        before = precious(self.path)
        with Store.open(self.path) as store:
            steps = iter(range(self.dice.choice((3, 4, 1000))))
            now = self.now + self.dice.choice((timedelta(), timedelta(days=365), timedelta(days=-2)))
            told = {entry.id for document in self.documents.values() for entry in document}
            here = {row[0] for row in store.database.execute("SELECT id FROM entries")} & told
            self.pruned += store.prune(OPTIONS, now, stop=lambda: next(steps, None) is None).entries
            left = {row[0] for row in store.database.execute("SELECT id FROM entries")}
            assert here <= left, "an entry that its feed still tells was forgotten"
            if self.dice.random() < 0.3:
                store.vacuum()
        assert precious(self.path) == before

    def back_up(self) -> None:
        before = precious(self.path)
        target = self.folder / f"backup{len(self.backups)}.db"
        made = backup(
            self.path, target, busy_timeout=timedelta(seconds=5), now=self.now, watch=lambda done, total: None
        )
        assert {name: made.counts[name] for name in ("hits", "stories", "alerts")} == {
            name: len(before[name]) for name in ("hits", "stories", "alerts")
        }
        self.backups.append((target, before))
        assert precious(self.path) == before

    def restore(self) -> None:
        if not self.backups:
            return
        target, held = self.dice.choice(self.backups)
        before = precious(self.path)
        self.now += timedelta(seconds=1)  # what is kept is named by the second
        with Store.open(self.path) as other:
            other.remember(Watchlist((*WATCHLIST.companies, Company("new", "New"))), tuple(map(Feed, FEEDS)), self.now)
            done = restore(
                target, self.path, busy_timeout=timedelta(seconds=5), now=self.now, watch=lambda done, total: None
            )
            other.remember(WATCHLIST, tuple(map(Feed, FEEDS)), self.now)
        assert precious(self.path) == held
        assert done.kept is not None
        assert precious(done.kept) == before
        self.documents = {feed: [] for feed in FEEDS}

    def open_again(self) -> None:
        before = precious(self.path)
        Store.open(self.path).close()
        assert precious(self.path) == before

    def live(self, steps: int) -> None:
        acts: list[Callable[[], None]] = [self.quiet_days, self.prune, self.back_up, self.restore, self.open_again]
        for _ in range(steps):
            self.dice.choice([self.news, self.news, self.news, *acts])()
        with Store.open(self.path) as store:
            assert store.faults() == ()
            assert store.unindexed() == (0, 0)


def lives(count: int, *, steps: int, seed: int) -> int:
    """How many entries were forgotten in them."""
    pruned = 0
    for number in range(count):
        with tempfile.TemporaryDirectory() as folder:
            life = Life(Path(folder), seed + number)
            life.live(steps)
            pruned += life.pruned
    return pruned


def test_some_lives_lose_no_hit_story_or_alert() -> None:
    assert lives(6, steps=40, seed=1) > 5


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_lives_lose_no_hit_story_or_alert() -> None:
    assert lives(300, steps=120, seed=int(time.time())) > 1000
