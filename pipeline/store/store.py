"""The memory: one SQLite file, opened, asked, and written in short transactions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlite_utils import Database

from pipeline.errors import StoreError
from pipeline.model import (
    LEFT,
    Alert,
    Batch,
    Circuit,
    Claim,
    Committed,
    Delivery,
    Due,
    Feed,
    FeedState,
    Known,
    Member,
    Merge,
    OwedAlert,
    OwedPage,
    PageBatch,
    RunReport,
    StorySoFar,
    StoryView,
    Told,
    Watchlist,
)
from pipeline.store import articles, checkup, entries, hits, lookups, outbox, parameters, runs, search, stories
from pipeline.store import feeds as turns
from pipeline.store.connection import (
    check_version,
    configure,
    connect,
    patience,
    refusing,
    said_in_words,
    transaction,
    vacuum,
)
from pipeline.store.live import LiveStories, new_members
from pipeline.store.migrations import is_current, migrate
from pipeline.store.options import StoreOptions
from pipeline.store.pruning import Pruned, Pruning, candidates, is_due, note
from pipeline.store.queries import READING
from pipeline.store.stories import Look
from pipeline.text import to_iso
from pipeline.urls import public_url

BUSY_TIMEOUT = timedelta(seconds=30)  # of one process that waits for another's transaction; ours take milliseconds

_LONGEST_PAUSE = 0.2  # seconds


class _Reading(said_in_words):
    """The connection, its errors said in words. Not a generator: a hit is placed by ten questions."""

    __slots__ = ("_connection",)

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        super().__init__(path)
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        return self._connection


class Store:
    """The database of one data directory. Fulfils the look-ups of deduplication and of alerts, and the outbox
    of delivery.

    Every method raises DatabaseBusy when another program holds the file for longer than the busy timeout, and
    StoreError when it cannot be read or written. A method that writes does all of it or nothing.
    """

    def __init__(self, database: Database, path: str) -> None:
        self.database = database
        self.path = path
        self._file = file_identity(path)
        self._live = LiveStories()

    @classmethod
    def open(cls, path: Path | str, *, busy_timeout: timedelta = BUSY_TIMEOUT, create: bool = True) -> Store:
        """The database at ``path``, brought to this version; ``:memory:`` lives as long as the store.

        Raises DatabaseNewer when a later version has written it, StoreError when it is missing (and ``create`` is
        false), another program's, not a database, or cannot be written.
        """
        check_version()
        shown = str(path)
        _make_room(shown, create=create)
        with said_in_words(shown):
            connection = connect(path, busy_timeout=busy_timeout, create=create)
            try:
                database = Database(connection, execute_plugins=False)
                is_up_to_date = is_current(database, shown)
                configure(connection, busy_timeout)
                if not is_up_to_date:
                    migrate(database, shown)
            except BaseException:
                connection.close()
                raise
        return cls(database, shown)

    @classmethod
    def look(cls, path: Path | str, *, busy_timeout: timedelta = BUSY_TIMEOUT) -> Store:
        """The database at ``path`` only to be read: it is neither made, nor brought to this version, nor written to.

        Raises as ``open`` does, and StoreError too when it is of an older version.
        """
        check_version()
        shown = str(path)
        _make_room(shown, create=False)
        with said_in_words(shown):
            # Not opened read-only: SQLite would leave its log and index behind when it is the only one, as our user.
            connection = connect(path, busy_timeout=busy_timeout, create=False)
            try:
                connection.execute("PRAGMA query_only = ON")
                database = Database(connection, execute_plugins=False)
                if not is_current(database, shown):
                    if not database.table_names():
                        raise StoreError(f"{shown}: holds nothing yet (`newsward run` fills it; was its disk full?)")
                    remedy = "`newsward run`, or a restart of the daemon, brings it up to date"
                    raise StoreError(f"{shown}: of an older version of Newsward ({remedy})")
            except BaseException:
                connection.close()
                raise
        return cls(database, shown)

    def close(self) -> None:
        """Ends the connection; the file is complete without it."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reading(self) -> _Reading:
        return _Reading(self.path, self.database.conn)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._check_place()
        try:
            with said_in_words(self.path), transaction(self.database.conn):
                yield self.database.conn
        except BaseException:
            self._live.clear()  # it may have seen what was taken back
            raise

    def _check_place(self) -> None:
        if self._file != file_identity(self.path):
            # SQLite would go on writing into the file that was moved away, and nobody would ever see it.
            raise StoreError(f"{self.path}: the database was moved or deleted while it was in use; put it back")

    @contextmanager
    def _giving_way(self) -> Iterator[sqlite3.Connection]:
        """A write of many in a row: others get as much time afterwards, since SQLite lets nobody queue for the lock."""
        began = time.monotonic()
        with self._writing() as connection:
            yield connection
        time.sleep(min(time.monotonic() - began, _LONGEST_PAUSE))

    # ---------------------------------------------------------------- companies and feeds

    def remember(self, watchlist: Watchlist, feeds: Sequence[Feed], now: datetime) -> None:
        """Companies and feeds as configured. What is no longer configured is marked and kept; feeds added by the
        CLI stay in turn. Headers are not stored."""
        with self._writing() as connection:
            turns.remember(connection, watchlist, feeds, now)

    def keep_search(self, *, on: bool) -> None:
        """Has every entry in the full-text index, or none; takes a while for many entries, and only when it changes."""
        if search.is_on(self.database.conn) != on:
            with self._writing() as connection:
                search.switch(connection, on=on)

    def add_feeds(self, feeds: Sequence[Feed], now: datetime) -> int:
        """Puts feeds in turn that are not; returns how many."""
        with self._writing() as connection:
            return turns.add(connection, feeds, now)

    def due(self, now: datetime, *, limit: int | None = None, urls: Collection[str] | None = None) -> tuple[Due, ...]:
        """The enabled feeds whose turn it is, by ``next_poll_at`` (never polled first), then URL; of ``urls`` only,
        if given."""
        with self._reading() as connection:
            return turns.due(connection, now, limit, urls)

    def all_dues(self, now: datetime) -> tuple[Due, ...]:
        """All enabled feeds that are not paused, due or not, in the order of ``due``."""
        with self._reading() as connection:
            return turns.polled(connection, now)

    def dues(self, urls: Sequence[str]) -> tuple[Due, ...]:
        """The feeds of these URLs in their order, whatever their state; unknown ones are left out."""
        with self._reading() as connection:
            return turns.named(connection, urls)

    def configured_feeds(self, urls: Collection[str]) -> frozenset[str]:
        """Those of these URLs under which a feed is configured, or was added by the CLI."""
        with self._reading() as connection:
            return turns.configured(connection, urls)

    def paused(self, urls: Collection[str], now: datetime) -> Mapping[str, datetime | None]:
        """Those of these feeds that a person paused, each with the end of it; None = until ``enable_feeds``."""
        with self._reading() as connection:
            return turns.paused(connection, urls, now)

    def pause_feeds(self, urls: Collection[str], words: str, *, until: datetime | None) -> None:
        """Takes feeds out of turn for a while; ``words`` say who wants it, since when and why."""
        with self._writing() as connection:
            turns.pause(connection, urls, words, until)

    def enable_feeds(self, urls: Collection[str], now: datetime) -> None:
        """Ends the pause or retirement of feeds that are configured, and has them polled at the next run."""
        with self._writing() as connection:
            turns.enable(connection, urls, now)

    def remove_feeds(self, urls: Collection[str]) -> None:
        """Marks feeds as not configured; their entries and hits stay. ``remember`` brings back what is configured."""
        with self._writing() as connection:
            turns.drop(connection, urls)

    def listed(self, url: str) -> tuple[str, ...]:
        """The feeds in turn that the list at this address has brought, by address."""
        with self._reading() as connection:
            return turns.listed(connection, url)

    def feed_entry_counts(self, urls: Collection[str]) -> Mapping[str, int]:
        """How many entries are stored for each feed, those first seen in another feed included."""
        with self._reading() as connection:
            return turns.entry_counts(connection, urls)

    def rest_hosts(
        self, hosts: Mapping[str, datetime], rested: Callable[[FeedState, datetime], FeedState], now: datetime
    ) -> None:
        """Leaves hosts alone until then: none of their feeds is due before, also one that is added meanwhile."""
        with self._writing() as connection:
            turns.rest(connection, hosts, rested, now)

    def forget_moves(self, urls: Collection[str]) -> None:
        """Takes back what was noted of permanent redirects of these feeds."""
        with self._writing() as connection:
            turns.forget_moves(connection, urls)

    # ---------------------------------------------------------------- what deduplication asks

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Inside, no answer changes by what others write: many questions in a row cost less. Nothing is written."""
        with self._reading() as connection, transaction(connection, "DEFERRED"), self._live.steady(connection):
            yield

    def known(self, keys: Collection[str]) -> Mapping[str, Known]:
        """The stored entry behind each identity key that is known."""
        with self._reading() as connection:
            return lookups.known(connection, keys)

    def twins(self, feed_url: str, moments: Collection[datetime], hashes: Collection[str]) -> Sequence[Known]:
        """The feed's own entries of these dates, and those of this content."""
        with self._reading() as connection:
            return lookups.twins(connection, feed_url, moments, hashes)

    def parameters(self, hosts: Collection[str]) -> Mapping[str, Mapping[str, bool]]:
        """What was learned, or said by a person, of the parameters in the addresses of these hosts: True = tracking,
        False = part of the identity. Undecided ones are left out."""
        with self._reading() as connection:
            return parameters.decided(connection, hosts)

    def judge_parameter(self, host: str, name: str, *, is_tracking: bool | None, now: datetime) -> None:
        """A person's word on a parameter, which counts before what was seen; None = forget what was said and seen."""
        with self._writing() as connection:
            parameters.judge(connection, host, name, is_tracking, now)

    def sharing(self, sketch: Collection[int], since: datetime) -> Mapping[str, int]:
        """Entries published since then that share hashes of the sketch, with how many; boilerplate does not count."""
        with self._reading() as connection:
            return self._live.sharing(connection, sketch, since)

    def members(self, entry_ids: Collection[str]) -> Mapping[str, Member]:
        """Placed entries by id; unknown ids are left out."""
        with self._reading() as connection:
            return lookups.members(connection, entry_ids)

    def candidates(
        self, companies: frozenset[str] | None, terms: Collection[str], since: datetime, limit: int, least: float = 0.0
    ) -> Sequence[StoryView]:
        """Stories with a member since then that share a company (None = any) and a term: those that share the rarest
        terms first, then the newest; at most ``limit``, each with its 16 newest members. What shares terms of less
        weight than ``least``, and no figure, is left out."""
        with self._reading() as connection:
            if companies is None:
                return lookups.candidates_of_any(connection, terms, since, limit, least)
            return self._live.candidates(connection, companies, terms, since, limit, least)

    def stories(self, story_ids: Collection[str]) -> Sequence[StoryView]:
        """The stories of these ids, by date of their first entry, then id; unknown ones are left out."""
        with self._reading() as connection:
            return lookups.stories(connection, story_ids)

    def told(self, story_ids: Collection[str]) -> Mapping[str, Mapping[str, Told]]:
        """By story and channel what a channel was told, or is owed; stories of which nobody was told are left out."""
        with self._reading() as connection:
            return lookups.told(connection, story_ids)

    def so_far(self, story_ids: Collection[str]) -> Mapping[str, StorySoFar]:
        """The stories of these ids as they are stored; unknown ones are left out."""
        with self._reading() as connection:
            return lookups.so_far(connection, story_ids)

    def heard_of(self, companies: Collection[str], since: datetime, besides: Collection[str]) -> Collection[str]:
        """Those of the companies of which an entry published since then is a hit, others than these entries."""
        with self._reading() as connection:
            return lookups.heard_of(connection, companies, since, besides)

    def frequencies(self, terms: Collection[str]) -> tuple[Mapping[str, int], int]:
        """In how many stories each term occurs, and how many stories there are."""
        with self._reading() as connection:
            return self._live.frequencies(connection, terms)

    # ---------------------------------------------------------------- what a feed's turn brings

    def commit(self, batch: Batch, *, run_id: int | None, now: datetime) -> Committed:
        """Writes all that one feed's turn wants written, in one transaction; says what was really added.

        The same batch again changes nothing and adds nothing. An edited entry carries its stored id, and all the
        hits that it has: others of tracked companies are withdrawn, unless a person rejected them.
        Raises DataRefused when the batch holds what cannot be stored: other batches can.
        """
        with refusing(self.path), self._writing() as connection:
            turns.write_states(connection, (batch,), now)
            runs.note_fetches(connection, (batch.fetch,), run_id)
            # In the order in which rows refer to each other, and arguments are evaluated as they stand.
            committed = Committed(
                new=entries.insert(connection, batch.new, now),
                edited=entries.edit(connection, batch.edited, now),
                sightings=entries.sight(connection, batch.sightings, now),
                stories=(placed := stories.place(connection, batch.placements, now)).opened,
                hits=hits.upsert(connection, batch.hits, now),
                alerts=outbox.insert(connection, batch.alerts),
                feeds=_follow(connection, batch, now),
            )
            entries.see(connection, batch.seen, now)
            parameters.note(connection, batch.clues, now)
            hits.withdraw(connection, batch.edited, batch.hits)
            articles.owe(connection, batch.pages, now)
            stories.extend(connection, batch.hits, batch.placements)
            # What was stored before may have been placed elsewhere, or read otherwise.
            known = committed.new < len(batch.new)
            before = {one.id for one in batch.edited}.union(hit.entry_id for hit in batch.hits)
            members = () if known else new_members(batch.new, batch.placements)
            self._live.wrote(connection, placed, members, before.difference(one.id for one in batch.new))
            return committed

    # ---------------------------------------------------------------- pages

    def owed_pages(self, now: datetime, *, limit: int) -> tuple[OwedPage, ...]:
        """The entries whose pages are to be read now, those that wait longest first."""
        with self._reading() as connection:
            return articles.owed(connection, now, limit)

    def put_off_pages(self, entry_ids: Collection[str], until: datetime) -> None:
        """None of these pages is to be read before then; no attempt counts."""
        with self._writing() as connection:
            articles.put_off(connection, entry_ids, until)

    def line_counts(self, site: str, marks: Collection[str]) -> Mapping[str, int]:
        """In how many pages of the site each of these lines was; one that is new is left out."""
        with self._reading() as connection:
            return articles.line_counts(connection, site, marks)

    def robots(self, origins: Collection[str], now: datetime) -> tuple[Mapping[str, Any], ...]:
        """What these origins let us read, as far as it is known and not too old, as ``learn_robots`` was told it."""
        with self._reading() as connection:
            return articles.robots(connection, origins, now)

    def learn_robots(self, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
        """Keeps what origins let us read: ``origin``, ``allows``, ``rules``, ``expires_at``, ``next_page_at``."""
        with self._writing() as connection:
            articles.learn(connection, rows, now)

    def resting_hosts(self, now: datetime) -> Mapping[str, datetime]:
        """The hosts that are left alone, each with the end of its rest."""
        with self._reading() as connection:
            return turns.resting(connection, now)

    def rest_host(self, host: str, until: datetime, now: datetime) -> None:
        """Leaves a host alone until then; its feeds are not due before."""
        with self._writing() as connection:
            turns.rest_host(connection, host, until, now)

    def commit_page(self, batch: PageBatch, now: datetime) -> Committed:
        """Writes all that one page wants written, in one transaction. The entry's text is its feed's and the article's;
        it still counts as unedited, and none of its hits is withdrawn. Raises DataRefused as ``commit`` does.
        """
        with refusing(self.path), self._writing() as connection:
            articles.settle(connection, batch, now)
            parameters.note(connection, batch.clues, now)
            committed = Committed(
                stories=(placed := stories.place(connection, batch.placements, now)).opened,
                hits=hits.upsert(connection, batch.hits, now),
                alerts=outbox.insert(connection, batch.alerts),
            )
            stories.extend(connection, batch.hits, batch.placements)
            self._live.wrote(connection, placed, entry_ids={batch.entry.id, *(hit.entry_id for hit in batch.hits)})
            return committed

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside is written whole or not at all; each write in it is still all or nothing by itself."""
        with self._writing():
            yield

    def begin_group(self) -> None:
        """Begins a transaction that the writes after it share, each of them still all or nothing."""
        self._check_place()
        if not self.database.conn.in_transaction:
            with said_in_words(self.path):
                self.database.conn.execute("BEGIN IMMEDIATE")

    def commit_group(self) -> bool:
        """Ends the group: all of it is written, or (StoreError) nothing. False when there is none: none was begun, or
        a failed write (of a full disk) has undone it."""
        if not self.database.conn.in_transaction:
            return False
        try:
            with said_in_words(self.path):
                self.database.conn.execute("COMMIT")
        except BaseException:
            if self.database.conn.in_transaction:
                self.database.conn.execute("ROLLBACK")
            self._live.clear()
            raise
        return True

    def commit_plain(self, batches: Sequence[Batch], *, run_id: int | None, now: datetime) -> tuple[Committed, ...]:
        """``commit`` for turns that are plain, all of them in one transaction, table by table. Raises DataRefused, with
        nothing written, when one of them cannot be stored."""
        with refusing(self.path), self._writing() as connection:
            turns.write_states(connection, batches, now)
            runs.note_fetches(connection, [batch.fetch for batch in batches], run_id)
            new = entries.insert_all(connection, [entry for batch in batches for entry in batch.new], now)
            entries.see(connection, [entry_id for batch in batches for entry_id in batch.seen], now)
            return tuple(Committed(new=sum(entry.id in new for entry in batch.new)) for batch in batches)

    def merge(self, merge: Merge, *, rule: str) -> None:
        """Makes one story of two; `split` without entries undoes it. What the other owes to a channel that knows of
        the one is not sent any more. Nothing happens when one of them is no story (any more)."""
        with self._writing() as connection:
            self._live.wrote(connection, stories.merge(connection, merge, rule))

    def owe(self, alerts: Sequence[Alert]) -> None:
        """Puts alerts into the outbox that no batch brings; those that are owed already stay as they are."""
        if alerts:
            with self._writing() as connection:
                outbox.insert(connection, alerts)

    def split(self, story_id: str, entry_ids: Collection[str], look: Look, *, rule: str, now: datetime) -> str:
        """Takes entries, with their copies, out of a story into one of their own, whose id is returned; "" = nothing
        to take out. Without entries: those that came by the last merge. ``look`` gives the terms of an entry. Alerts go
        with their entries; a channel that was told before knows of both stories."""
        self._live.clear()
        with self._writing() as connection:
            return stories.split(connection, story_id, entry_ids, look, rule, now)

    def reindex(self, look: Look, since: datetime, watch: Callable[[int], object] = lambda done: None) -> int:
        """Makes the indexes of stories and copies anew from the stored entries, in one transaction; how many entries
        were looked at. Copies are found among entries published since then."""
        self._live.clear()
        with self._writing() as connection:
            return stories.reindex(connection, look, since, watch)

    # ---------------------------------------------------------------- the outbox

    def owed_channels(self, now: datetime) -> tuple[str, ...]:
        """The channels of which something is due, those left alone after failures not among them."""
        with self._reading() as connection:
            return outbox.owed_channels(connection, now)

    def digests_owed(self, channel: str, now: datetime) -> tuple[str, ...]:
        """The rhythms of which a claim of this moment makes a digest of what the channel is owed."""
        with self._reading() as connection:
            return outbox.digests_owed(connection, channel, now)

    def claim(self, claim: Claim, *, fix: outbox.Fix, fold: outbox.Fold) -> tuple[OwedAlert, ...]:
        """Alerts of a channel that are due, for this caller alone until ``claim.until``, those due longest first and
        on the whole in the order in which they came; of one story only the first that is not settled.

        What the channel does not let pass is put off. What waited for a digest that is due comes as one alert, made
        by ``fold``. Payloads are fixed by ``fix``, which is told the other tellings of the story that are stored by
        now. Of a channel whose rest after failures is over, there is one alert: what becomes of it decides.
        """
        with self._writing() as connection:
            return outbox.claim(connection, claim, fix, fold)

    def release(self, owed: Sequence[OwedAlert]) -> None:
        """Gives back claimed alerts untried: no attempt counts, and they stay due."""
        with self._writing() as connection:
            outbox.release(connection, owed)

    def record(
        self, deliveries: Sequence[Delivery], *, circuits: Collection[Circuit] = (), warnings: Sequence[Alert] = ()
    ) -> None:
        """Notes attempts and ends their leases: each alert is sent, dead, or due at ``next_attempt_at``, and what was
        folded into it with it. Notes too how channels fare, and warnings: each once, with the count of its causes."""
        with self._writing() as connection:
            outbox.record(connection, deliveries, circuits, warnings)

    def circuits(self) -> Mapping[str, Circuit]:
        """The channels that have failed since they last took something, by id."""
        with self._reading() as connection:
            return outbox.circuits(connection)

    def retry_alerts(
        self, now: datetime, *, ids: Collection[str] = (), channel: str = "", state: str = ""
    ) -> Mapping[str, str]:
        """Makes alerts due now and ends the rest of their channels; the channel of each.

        Those of ``ids`` that are not sent; and, with a ``state`` ("pending" or "dead"), those that were tried and are
        in it, of the ``channel`` if one is named. A member of a digest means the digest. What was given up has all its
        attempts before it again.
        """
        with self._writing() as connection:
            return outbox.retry(connection, now, ids, channel, state)

    def replay_alerts(
        self, since: datetime, again: Callable[[Alert], Alert], *, channel: str = ""
    ) -> Mapping[str, str]:
        """Owes once more what was sent since then, each as ``again`` makes it; the channel of each. Neither warnings,
        nor what was itself a repetition."""
        with self._writing() as connection:
            return outbox.replay(connection, since, channel, again)

    def alert_states(self, ids: Collection[str], now: datetime) -> Mapping[str, str]:
        """How these alerts are: ``sent``, ``dead``, ``held`` (for later) or ``pending``; unknown ones are left out."""
        with self._reading() as connection:
            return outbox.states(connection, ids, now)

    def undelivered(self, now: datetime, channels: Collection[str] | None = None) -> int:
        """How many alerts should have gone out by now, by these channels, and have not; those given up do not count."""
        with self._reading() as connection:
            return outbox.undelivered(connection, now, channels)

    # ---------------------------------------------------------------- runs, and what people look at

    def has_work(self, now: datetime, *, pages: bool = False) -> bool:
        """Whether a feed is due, an alert can be sent or, if asked, a page is to be read: cheap, for those who ask
        every few seconds."""
        with self._reading() as connection:
            if turns.due(connection, now, 1) or outbox.owed_channels(connection, now):
                return True
            return pages and articles.is_owed(connection, now)

    def mind_the_clock(self, now: datetime) -> timedelta:
        """How far the clock was set back since the last sign of life; zero = it was not, or by less than five minutes.

        Feeds polled and alerts tried at moments that are now to come are due again: else all would wait until the
        clock has caught up.
        """
        with self._reading() as connection:
            set_back = runs.set_back(connection, now)
        if set_back:
            with self._writing() as connection:
                runs.wake(connection, now)
        return set_back

    def beat(self, now: datetime) -> None:
        """A sign of life, from a pass that is at work or found nothing to do; ``close_run`` gives one too."""
        with self._writing() as connection:
            runs.beat(connection, now)

    def open_run(self, now: datetime) -> int:
        """The number of the run that begins."""
        with self._writing() as connection:
            return runs.open_run(connection, now)

    def close_run(self, run_id: int, report: RunReport) -> None:
        """What the run did; a run without an end was cut off."""
        with self._writing() as connection:
            runs.close_run(connection, run_id, report)

    # ---------------------------------------------------------------- forgetting

    def prune(
        self,
        options: StoreOptions,
        now: datetime,
        *,
        dry_run: bool = False,
        stop: Callable[[], bool] = lambda: False,
        watch: Callable[[int], object] = lambda looked_at: None,
    ) -> Pruned:
        """Forgets what ``options`` say is too old, and what hangs on it; with ``dry_run`` only counts it.

        For whoever holds the run lock. Never forgotten: entries with hits (rejected ones too), placements or alerts,
        and entries that a polled feed's document still holds. Works in transactions of some 50 ms; ``stop`` is asked
        between them, and what is left is done by the next pruning. ``watch`` is told how many entries were looked at.
        """
        self._live.clear()
        pruning = Pruning(self._reading, self._giving_way, options, stop, watch)
        return pruning.prune(now, dry_run=dry_run)

    def prune_candidates(self, options: StoreOptions, now: datetime) -> int:
        """How many entries ``prune`` would look at."""
        with self._reading() as connection:
            return candidates(connection, options, now)

    def is_upkeep_due(self, now: datetime) -> bool:
        """Whether a day has passed since ``note_upkeep``."""
        with self._reading() as connection:
            return is_due(connection, now)

    def note_upkeep(self, now: datetime) -> None:
        """The day's upkeep is done."""
        with self._writing() as connection:
            note(connection, now)

    def checkpoint(self) -> None:
        """Brings what was written into the main file and gives the WAL's space back, if nobody reads it just now."""
        with self._reading() as connection, patience(connection, timedelta()):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def vacuum(self) -> None:
        """Gives the space of what was forgotten back to the disk; until it is done, nobody else can write.

        Needs room for a second copy on the disk, and says so before it begins.
        """
        with self._reading() as connection:
            vacuum(connection, self.path)

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the file, in words; reads all of it, and keeps nobody waiting."""
        with self._reading() as connection:
            return checkup.faults(connection)

    def unindexed(self) -> tuple[int, int]:
        """How many entries the full-text index does not have, and how many it has that are no entries."""
        with self._reading() as connection:
            return checkup.unindexed(connection)

    def rows(self, name: str, /, **values: Any) -> list[dict[str, Any]]:
        """The rows of a named block of ``queries.sql`` that only reads, values bound; KeyError for any other name.

        ``hit_list`` takes a ``company``, None = all.
        """
        if name == "hit_list" and values.get("company") is not None:
            name = "hit_list_of_company"
        sql = READING[name]
        with self._reading() as connection:
            return [dict(row) for row in connection.execute(sql, values)]


def _follow(connection: sqlite3.Connection, batch: Batch, now: datetime) -> int:
    if not batch.listed and not batch.unlisted:
        return 0
    words = f"{LEFT}{public_url(batch.feed.url)} on {to_iso(now)[:10]}" if batch.retires else ""
    return turns.follow(connection, batch.feed.url, batch.listed, batch.unlisted, words, now)


def file_identity(path: Path | str) -> tuple[int, int] | None:
    """What tells the file from another under its name; None when there is none (``:memory:``)."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _make_room(path: str, *, create: bool) -> None:
    """The directory of a new database; without one there is nothing to open."""
    if path == ":memory:":
        return
    if Path(path).is_dir():
        raise StoreError(f"{path}: is a directory (name the database file in it)")
    if not create and not Path(path).exists():
        raise StoreError(f"{path}: there is no database yet (`newsward run` makes one)")
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: its directory cannot be made: {error.strerror} (name another place)") from error
