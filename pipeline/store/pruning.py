"""Forgetting: entries about nobody, and the history of fetches and runs, once they are old; in short transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.store.columns import instant, stamp, texts
from pipeline.store.entries import SEEN_STEP
from pipeline.store.options import StoreOptions
from pipeline.store.queries import QUERIES
from pipeline.text import to_iso

# What a transaction takes on: some 50 ms of work, so that no other writer waits for long.
CHUNK = 500  # entries
HISTORY_CHUNK = 2000  # fetches, or runs
KEYS_CHUNK = 5000
UPKEEP_EVERY = timedelta(days=1)
# A feed's document still holds an entry unless a whole one came so long after the entry was last seen that its mark
# would have been renewed; a day more for documents that were cut off or served from an old copy.
GONE_AFTER = SEEN_STEP + timedelta(days=1)
# How far beyond the last run of an earlier day the clock is believed: two days in a row must agree (decision 0004).
BELIEVED_STEP = timedelta(days=2)
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)

_INDEXES = (  # how far each was pruned, what is next, and what forgets it
    ("terms_to", "indexed_stories_old", ("story_terms_forget",)),
    ("sketches_to", "indexed_entries_old", ("sketches_forget", "sketches_forget_fresh")),
)

Transact = Callable[[], AbstractContextManager[sqlite3.Connection]]


@dataclass(slots=True)
class Pruned:
    """What went, or would go. ``bytes`` are those of the entries' words; ``is_whole`` is false when it was stopped."""

    as_of: datetime  # the moment from which ages are counted
    entries: int = 0
    sightings: int = 0
    fetches: int = 0
    runs: int = 0
    bytes: int = 0
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Pruning:
    """One pruning. ``reading`` and ``writing`` give transactions; ``stop`` is asked between them.

    ``watch`` is told of every entry looked at. Every step is complete in itself, so one that was stopped goes on
    where it was when it is begun again.
    """

    reading: Transact
    writing: Transact
    options: StoreOptions
    stop: Callable[[], bool]
    watch: Callable[[int], object]

    def prune(self, now: datetime, *, dry_run: bool) -> Pruned:
        """Does it, or with ``dry_run`` only counts it."""
        with self.reading() as connection:
            done = Pruned(believed(connection, now))
        counting = (self._count_history, self._count_entries)
        forgetting = (
            self._forget_history,
            self._forget_entries,
            self._sweep_keys,
            self._forget_indexes,
            self._forget_clues,
        )
        for step in counting if dry_run else forgetting:
            for _ in step(done):
                if self.stop():
                    return done
        done.is_whole = True
        return done

    # ---------------------------------------------------------------- entries

    def _forget_entries(self, done: Pruned) -> Iterator[None]:
        place = _Place()
        while not place.is_end:
            yield
            with self.writing() as connection:
                done.sightings += _forget(connection, self._idle(connection, place, done))

    def _count_entries(self, done: Pruned) -> Iterator[None]:
        place = _Place()
        while not place.is_end:
            yield
            with self.reading() as connection:
                asked = {"texts": texts(self._idle(connection, place, done))}
                done.sightings += connection.execute(QUERIES["sightings_count"], asked).fetchone()[0]

    def _idle(self, connection: sqlite3.Connection, place: _Place, done: Pruned) -> list[str]:
        """Those that may go of the next entries that are old enough, counted."""
        asked = {"cutoff": stamp(done.as_of - self.options.retention), "seen_at": place.seen_at, "seq": place.seq}
        days = {"gone_after": f"+{GONE_AFTER.days} days", "seen_step": f"+{SEEN_STEP.days} days"}
        rows = connection.execute(QUERIES["entries_old"], {**asked, **days, "limit": CHUNK}).fetchall()
        place.is_end = len(rows) < CHUNK
        if rows:
            place.seen_at, place.seq = rows[-1]["last_seen_at"], rows[-1]["seq"]
        idle = [row for row in rows if row["is_idle"]]
        done.entries += len(idle)
        done.bytes += sum(row["bytes"] for row in idle)
        self.watch(len(rows))
        return [row["id"] for row in idle]

    # ---------------------------------------------------------------- history, keys

    def _forget_history(self, done: Pruned) -> Iterator[None]:
        bounds = {"cutoff": stamp(done.as_of - self.options.history), "limit": HISTORY_CHUNK}
        for name in ("fetches", "runs"):
            count = HISTORY_CHUNK
            while count == HISTORY_CHUNK:
                yield
                with self.writing() as connection:
                    count = connection.execute(QUERIES[f"{name}_forget"], bounds).rowcount
                setattr(done, name, getattr(done, name) + count)

    def _count_history(self, done: Pruned) -> Iterator[None]:
        yield
        with self.reading() as connection:
            asked = {"cutoff": stamp(done.as_of - self.options.history)}
            done.fetches, done.runs = connection.execute(QUERIES["history_count"], asked).fetchone()

    def _forget_indexes(self, done: Pruned) -> Iterator[None]:
        """What finds old stories and copies goes; how rare terms are stays. An entry that is dated long ago and comes
        late is passed over: `stories rebuild` finds it."""
        cutoff = to_iso(done.as_of - self.options.indexes)
        for mark, old, forget in _INDEXES:
            while self._is_there(mark, old, cutoff):
                yield
                with self.writing() as connection:
                    _forget_indexed(connection, (mark, old, forget), cutoff)

    def _forget_clues(self, done: Pruned) -> Iterator[None]:
        asked = {"cutoff": stamp(done.as_of - self.options.retention)}
        with self.reading() as connection:
            if not connection.execute(QUERIES["parameters_old"], asked).fetchone():
                return
        yield
        with self.writing() as connection:
            connection.execute(QUERIES["parameters_forget"], asked)

    def _is_there(self, mark: str, old: str, cutoff: str) -> bool:
        with self.reading() as connection:
            return bool(_next_indexed(connection, mark, old, cutoff))

    def _sweep_keys(self, done: Pruned) -> Iterator[None]:
        """Keys of forgotten entries: found by walking all keys once after entries were forgotten, from where it ended
        the last time. They are never answered and fall to whoever needs them, so there is no hurry."""
        while True:
            yield
            with self.writing() as connection:
                start, rounds = connection.execute("SELECT sweep_from, sweeps FROM upkeep").fetchone()
                if not rounds:
                    return
                _sweep(connection, start, rounds)


def _next_indexed(connection: sqlite3.Connection, mark: str, old: str, cutoff: str) -> list[sqlite3.Row]:
    """What an index holds that is next to be forgotten."""
    after = connection.execute(f"SELECT {mark} FROM upkeep").fetchone()[0]  # noqa: S608
    return connection.execute(QUERIES[old], {"after": after, "cutoff": cutoff, "limit": CHUNK}).fetchall()


def _forget_indexed(connection: sqlite3.Connection, names: tuple[str, str, tuple[str, ...]], cutoff: str) -> None:
    mark, old, forget = names
    rows = _next_indexed(connection, mark, old, cutoff)
    if rows:
        after = connection.execute(f"SELECT {mark} FROM upkeep").fetchone()[0]  # noqa: S608
        for name in forget:
            connection.execute(QUERIES[name], {"after": after, "until": rows[-1]["at"]})
        connection.execute(f"UPDATE upkeep SET {mark} = ?", (rows[-1]["at"],))  # noqa: S608


@dataclass(slots=True)
class _Place:
    """How far the walk over the old entries has come."""

    seen_at: str = ""
    seq: int = 0
    is_end: bool = False


def _forget(connection: sqlite3.Connection, entry_ids: Sequence[str]) -> int:
    """Forgets these entries and what hangs on them; says how many sightings went."""
    if not entry_ids:
        return 0
    asked = {"texts": texts(entry_ids)}
    # A feed that is not polled now may be one day, with the same document: its next poll is a first one again, which
    # alerts for nothing that is not dated.
    connection.execute(QUERIES["feeds_forget"], asked)
    sightings = connection.execute(QUERIES["sightings_forget"], asked).rowcount
    connection.execute(QUERIES["entries_forget"], asked)
    connection.execute(QUERIES["sweep_ask"])
    return sightings


def _sweep(connection: sqlite3.Connection, start: str, rounds: int) -> None:
    last = connection.execute(QUERIES["keys_last"], {"start": start, "limit": KEYS_CHUNK}).fetchone()[0]
    if last is None:
        connection.execute("UPDATE upkeep SET sweep_from = '', sweeps = ?", (rounds - 1,))
        return
    connection.execute(QUERIES["keys_forget"], {"start": start, "last": last})
    connection.execute("UPDATE upkeep SET sweep_from = ?", (last,))


def believed(connection: sqlite3.Connection, now: datetime) -> datetime:
    """The moment from which ages are counted: a clock that jumps ahead must not make everything old at once."""
    row = connection.execute(QUERIES["run_before"], {"until": stamp(now - UPKEEP_EVERY)}).fetchone()
    if row:
        return min(now, instant(row[0]) + BELIEVED_STEP)
    # Without a run of an earlier day nothing is known of the clock, and nothing here is older than the first run.
    first = connection.execute("SELECT started_at FROM runs ORDER BY id LIMIT 1").fetchone()
    return min(now, instant(first[0])) if first else BEGINNING


def is_due(connection: sqlite3.Connection, now: datetime) -> bool:
    """Whether a day has passed since pruning was last done; a mark from the future was set by a clock gone wrong."""
    done_at = connection.execute("SELECT done_at FROM upkeep").fetchone()[0]
    return done_at is None or not timedelta() <= now - instant(done_at) < UPKEEP_EVERY


def note(connection: sqlite3.Connection, now: datetime) -> None:
    """Pruning is done for today."""
    connection.execute("UPDATE upkeep SET done_at = ?", (stamp(now),))


def candidates(connection: sqlite3.Connection, options: StoreOptions, now: datetime) -> int:
    """How many entries a pruning would look at."""
    asked: dict[str, Any] = {"cutoff": stamp(believed(connection, now) - options.retention)}
    count: int = connection.execute(QUERIES["entries_old_count"], asked).fetchone()[0]
    return count
