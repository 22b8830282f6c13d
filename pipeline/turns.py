"""The turns of a run, one after the other: judged together, written several in one transaction, and told of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from math import inf
from typing import Self

import structlog

from pipeline.decide import Stages, decide, lost_turn, met_by
from pipeline.errors import DataRefused, NewswardError, StoreError
from pipeline.fetch import Judged, Jury, Rests, public_url, rested
from pipeline.model import Batch, Committed, Document, Entry, Merge, PageBatch, Polled

log = structlog.get_logger()
Watcher = Callable[[Batch, Committed], None]
_TOGETHER = 50  # feeds in one transaction
_TOGETHER_PLAIN = 100  # of those that are written table by table
_HOLD_SECONDS = 0.25  # how long a transaction may last
_TOLD = 20  # addresses in one line of the log


class Manners:
    """What one run learns beyond its single feeds: hosts that want rest, a network that is down or lies."""

    def __init__(self, stages: Stages, due: int) -> None:
        self._store, self._options, self._jury, self._rests = stages.store, stages.polling, Jury(due), Rests()
        self._resting: dict[str, timedelta] = {}
        self._excuses: Counter[str] = Counter()

    def judge(self, results: Iterable[Polled], stop: Callable[[], bool]) -> Iterator[Judged]:
        """The turns as they can be written; what waited for the end of a run that was stopped is polled again."""
        for polled in results:
            if plea := self._rests.note(polled.result):
                self._resting[plea.host] = max(plea.rest, self._resting.get(plea.host, plea.rest))
            yield from self._jury.hear(polled)
        if not stop():
            for judged in self._jury.close():
                self._excuses.update([judged.excuse] if judged.excuse else [])
                yield judged

    def remember(self, now: datetime) -> None:
        """Has the hosts' other feeds wait, in later runs too, and forgets moves that nobody should believe; tells of
        failures that count against no feed."""
        for excuse, feeds in self._excuses.items():
            log.warning("feeds_excused", feeds=feeds, reason=excuse)
        for host, rest in self._resting.items():
            log.warning("host_rests", host=host, seconds=rest.total_seconds())
        if self._resting:
            hosts = {host: now + rest for host, rest in self._resting.items()}
            self._store.rest_hosts(hosts, partial(rested, options=self._options), now)
        if led := self._jury.led_by_portal:
            log.warning("redirects_not_believed", feeds=len(led))
            self._store.forget_moves(led)


def _bare(entry: Entry) -> str:
    return entry.canonical_url.partition("?")[0] or entry.id


class Writer:
    """Writes turns in their order, several in one transaction; what a turn came to is told once it is committed.

    A transaction costs more than most of what it holds. It ends before anything is waited for, and after a quarter of
    a second: others may want to write. Turns that bring nothing but new entries about nobody, or nothing at all, are
    put off as long, and written all at once before a later turn could tell. Used as a context: turns that an exception
    cuts off, or that a full disk takes back, are told, and polled again.
    """

    def __init__(self, stages: Stages, run_id: int, now: datetime, tell: Watcher) -> None:
        self._stages, self._run_id, self._now, self._tell = stages, run_id, now, tell
        self._plain: list[tuple[Judged, Batch]] = []  # decided and put off
        self._keys: set[str] = set()  # of the entries that they bring, and their addresses without parameters
        self._written: list[tuple[Batch, Committed]] = []
        self._open: dict[str, None] = {}  # the feeds whose turns were taken, and not yet committed
        self._merged: list[Merge] = []
        self._ends = inf  # by the monotonic clock; what brought no document takes no time

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.settle()
            else:
                with suppress(StoreError):  # what was written before is whole, and stays if it can
                    self._commit()
        finally:
            if self._open:
                urls = list(self._open)
                log.warning("turns_undone", feeds=[public_url(url) for url in urls[:_TOLD]], count=len(urls))

    def take(self, judged: Judged) -> None:
        """One turn, decided on what was written before it."""
        self._open[judged.polled.due.feed.url] = None
        document = judged.polled.document
        if document and not self._stages.matching.is_ready:
            self.settle()  # names may be compiled for this turn, which takes long: nobody shall wait for that
        if document and self._has_met(document):
            self._write_plain()
        batch = decide(judged, self._stages, self._now)
        if document and self._ends == inf:
            self._ends = self._stages.monotonic() + _HOLD_SECONDS
        if batch.is_plain:
            self._plain.append((judged, batch))
            self._keys.update(key for entry in batch.new for key in (*entry.keys, _bare(entry)))
        else:
            self._write_plain()
            self._begin()
            batch, committed = _commit(batch, judged, self._stages, self._run_id, self._now)
            self._merged += repair(batch, self._stages, self._now)  # before the next turn, which shall see one story
            self._written.append((batch, committed))
        if (
            self._stages.monotonic() >= self._ends
            or len(self._written) >= _TOGETHER
            or len(self._plain) >= _TOGETHER_PLAIN
        ):
            self.settle()

    def _has_met(self, document: Document) -> bool:
        """Whether a turn that was put off brings an entry of this document: other feeds know it by its address only,
        perhaps with other parameters."""
        return not all(
            self._keys.isdisjoint(entry.keys) and _bare(entry) not in self._keys for entry in document.entries
        )

    def settle(self) -> None:
        """Commits what was taken, and tells of it."""
        self._write_plain()
        self._commit()

    def _commit(self) -> None:
        """Commits what was written."""
        self._ends = inf
        written, self._written = self._written, []
        merged, self._merged = self._merged, []
        if not self._stages.store.commit_group():
            return  # nothing was written, or a full disk has taken it back
        tell_merged(merged)
        for batch, committed in written:
            self._open.pop(batch.feed.url, None)
            self._tell(batch, committed)

    def _begin(self) -> None:
        if not self._written:
            self._stages.store.begin_group()

    def _write_plain(self) -> None:
        plain, self._plain, self._keys = self._plain, [], set()
        if not plain:
            return
        self._begin()
        batches = [batch for _, batch in plain]
        try:
            committed = self._stages.store.commit_plain(batches, run_id=self._run_id, now=self._now)
        except DataRefused:
            # One of them cannot be stored: each by itself finds out which.
            self._written += [_commit(batch, judged, self._stages, self._run_id, self._now) for judged, batch in plain]
        else:
            self._written += zip(batches, committed, strict=True)


def _commit(batch: Batch, judged: Judged, stages: Stages, run_id: int, now: datetime) -> tuple[Batch, Committed]:
    """One feed's turn committed; what the database refuses costs this feed its turn and nobody else."""
    try:
        return batch, stages.store.commit(batch, run_id=run_id, now=now)
    except DataRefused as error:
        log.exception("feed_refused_by_database", feed=public_url(batch.feed.url))
        batch = lost_turn(judged.polled, f"{error}; please report it with the log", stages, now)
        return batch, stages.store.commit(batch, run_id=run_id, now=now)


def repair(batch: Batch | PageBatch, stages: Stages, now: datetime) -> list[Merge]:
    """Makes one story of two that an entry placed just now has shown to be one, and owes what follows. Where that fails
    by a fault of ours they stay two, which a person can merge; nobody's turn is lost for it.
    """
    merges = []
    for placement in batch.placements:
        try:
            merge = stages.stories.repair(placement, stages.store)
            if merge:
                stages.store.merge(merge, rule="merged_late")
                stages.store.owe(met_by(merge, batch, placement, stages, now))
                merges.append(merge)
        except DataRefused:
            log.exception("merge_failed_unexpectedly", story=placement.story_id, other=placement.rival)
        except NewswardError:
            raise
        except Exception:
            log.exception("merge_failed_unexpectedly", story=placement.story_id, other=placement.rival)
    return merges


def tell_merged(merges: Iterable[Merge]) -> None:
    """For when they are written for good."""
    for merge in merges:
        log.info("stories_merged", story=merge.story_id, other=merge.other_id, score=merge.score)
