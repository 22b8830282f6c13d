"""Where shards run: feeds dealt out so that a domain stays in one shard, results back in the order of the due list, as
far as nobody has to wait long for it.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from functools import partial
from math import ceil
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.fetch import GATE
from pipeline.model import Due, Polled
from pipeline.urls import registrable_domain

Shard = tuple[Due, ...]
Give = Callable[[Sequence[Polled]], None]
PollShard = Callable[[Shard, Give], object]  # gives what came of each feed, some at a time
_ASK_EVERY = 0.2  # seconds between two questions whether to stop, while something is waited for
_UNREAD = 4  # shards' worth of results for each shard ahead: how much may wait behind a slow shard
_UNREAD_ENTRIES = 9_000  # the same, in entries of parsed documents
_ENTRIES = 30  # of a usual document, when one must come because nobody can say that nothing is new
_LONGEST_QUEUE = timedelta(minutes=5)  # of the feeds of one domain in a run
_OPEN_FILES = 4096  # each feed that is being asked has a connection


class EngineOptions(BaseModel):
    """Where polling runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["inline"] = Field("inline", description="inline = threads of this process")
    workers: int = Field(12, ge=1, le=64, description="shards polled at the same time")
    shard_size: int = Field(50, ge=1, le=5000, description="feeds in a shard; a domain is never divided")
    patience: timedelta = Field(
        timedelta(seconds=2),
        ge=timedelta(),
        le=timedelta(hours=1),
        description="how long feeds that have come wait for slower ones before them, to be stored in their order; and "
        "alerts, while hosts are still waited for, until they are sent (half a minute at most)",
    )
    processes: int = Field(
        2,
        ge=1,
        le=2,
        description="2 = where much is new, a second process fetches and reads too, if there is a core for it",
    )


class DaemonOptions(BaseModel):
    """The rhythm of ``newsward daemon``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tick: timedelta = Field(
        timedelta(seconds=15),
        ge=timedelta(seconds=1),
        le=timedelta(minutes=10),  # feeds may be due as often as that
        description="How often the daemon looks for feeds that are due and alerts that are owed",
    )


@contextmanager
def open_engine(options: EngineOptions, directory: Path | None = None, *, is_run: bool = True) -> Iterator[Executor]:
    """The executor that the options ask for; other processes that poll with this data directory are minded, and one
    that is no run leaves nothing there.

    At the end it is not waited for: what still polls was given up."""
    _allow_open_files(_OPEN_FILES)
    engine = ThreadPoolExecutor(max_workers=options.workers, thread_name_prefix="poll")
    try:
        with GATE.shared(directory, create=is_run) if directory else nullcontext():
            yield engine
    finally:
        engine.shutdown(wait=False, cancel_futures=True)


def _allow_open_files(wanted: int) -> None:
    """Raises this process's own limit, as far as the system lets it: many start with 256 or 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def never() -> bool:
    """The answer to "stop?" of one who goes on to the end."""
    return False


def nothing() -> None:
    """What is to be done before waiting by one who has nothing to do."""


def in_one_run(dues: Sequence[Due], spacing: timedelta) -> tuple[Due, ...]:
    """The due feeds that one run takes: of one registrable domain no more than can be asked in five minutes.

    A domain is asked one feed after the other, and what is due meanwhile waits for the next run. Those left over stay
    due.
    """
    most = ceil(_LONGEST_QUEUE / spacing) if spacing else len(dues)
    taken: Counter[str] = Counter()
    chosen = []
    for due in dues:
        domain = registrable_domain(due.url) or due.url
        taken[domain] += 1
        if taken[domain] <= most:
            chosen.append(due)
    return tuple(chosen)


def shards(dues: Sequence[Due], size: int) -> tuple[Shard, ...]:
    """The due feeds in groups of about ``size``, ordered by their first feed.

    Feeds of one registrable domain are always in one group, since politeness is kept inside a shard; as there, that
    of the address counts where the poll begins.
    """
    by_domain: dict[str, list[Due]] = {}
    for due in dues:
        by_domain.setdefault(registrable_domain(due.url) or due.url, []).append(due)
    groups: list[list[Due]] = []
    for domain in by_domain.values():
        if groups and len(groups[-1]) + len(domain) <= size:
            groups[-1].extend(domain)
        else:
            groups.append(list(domain))
    return tuple(map(tuple, groups))


def poll_in_order(
    engine: Executor,
    dues: Sequence[Due],
    poll: PollShard,
    *,
    size: int,
    ahead: int,
    patience: timedelta = timedelta.max,
    stop: Callable[[], bool] = never,
    before_wait: Callable[[], None] = nothing,
) -> Iterator[Polled]:
    """Polls all due feeds on the engine and yields what came of each, in the order of ``dues``.

    After every ``patience`` of waiting, all that is there is yielded, and those that it was waited for come later.
    Beyond the shard waited for, ``ahead`` shards are begun, and further ones while fewer than four times ``ahead``
    shards' worth of feeds are under way or not yet yielded: a slow shard does not stall the rest. Nothing but the shard
    waited for is begun while 9,000 entries are expected or wait; none are expected of a feed with validators, of which
    so many shards may be under way. So memory does not grow with the due list.
    Closing the iterator early cancels what has not begun. So does ``stop``, which is asked before each feed and while
    one is waited for; what is under way then is left to itself. ``before_wait`` is called when something has to be
    waited for, with all before it yielded.
    """
    dealt = _Dealt(engine, shards(dues, size), poll, ahead=ahead, unread=_UNREAD * ahead * size)
    try:
        yield from _as_it_comes(dealt, dues, patience.total_seconds(), stop, before_wait)
    finally:
        dealt.end()


def _as_it_comes(
    dealt: _Dealt, dues: Sequence[Due], patience: float, stop: Callable[[], bool], before_wait: Callable[[], None]
) -> Iterator[Polled]:
    passed: set[str] = set()  # those that were yielded before their turn
    waited = 0.0
    for due in dues:
        while due.feed.url not in passed:
            if stop():
                return
            if polled := dealt.take(due):
                yield polled
                break
            if waited >= patience:
                waited = 0.0
                for other in [other for other in dues if dealt.has(other)]:
                    if stop():
                        return
                    passed.add(other.feed.url)
                    yield dealt.taken(other)
            before_wait()
            waited += dealt.wait()


class _Dealt:
    """Shards begun in their order, as far as there is room for what they bring, and what has come of them."""

    def __init__(self, engine: Executor, dealt: Sequence[Shard], poll: PollShard, *, ahead: int, unread: int) -> None:
        self._engine, self._dealt, self._poll, self._ahead, self._most_unread = engine, dealt, poll, ahead, unread
        self._home = {due.feed.url: number for number, shard in enumerate(dealt) for due in shard}
        self._under_way: dict[int, Future[object]] = {}
        self._asked: dict[int, int] = {}  # feeds of these that have not come
        self._came: SimpleQueue[Sequence[Polled] | int] = SimpleQueue()  # from the threads; a number = the shard's end
        self._there: dict[str, Polled] = {}
        self._begun = self._unread = 0
        self._entries = 0  # that are expected, and of documents that are there

    def take(self, due: Due) -> Polled | None:
        """What came of a feed; None = nothing yet."""
        while not self._came.empty():
            self._note(self._came.get())
        self._begin(self._home[due.feed.url])
        return self.taken(due) if self.has(due) else None

    def has(self, due: Due) -> bool:
        """Whether something of this feed is there to be taken."""
        return due.feed.url in self._there

    def taken(self, due: Due) -> Polled:
        """The same, where it is there."""
        polled = self._there.pop(due.feed.url)
        self._unread -= 1
        self._entries -= _size(polled)
        return polled

    def wait(self) -> float:
        """Until something comes, or it is time to ask whether to stop; how many seconds that was."""
        began = time.monotonic()
        with suppress(Empty):
            self._note(self._came.get(timeout=_ASK_EVERY))
        return time.monotonic() - began

    def end(self) -> None:
        """Nothing further is begun."""
        for future in self._under_way.values():
            future.cancel()

    def _begin(self, number: int) -> None:
        """Begins shards up to this one, and as many further ones as there is room for."""
        while self._begun < len(self._dealt) and (self._begun <= number or self._has_room(number)):
            shard, begun = self._dealt[self._begun], self._begun
            self._begun += 1
            self._unread += len(shard)
            self._asked[begun] = len(shard)
            self._entries += sum(map(_expected, shard))
            self._under_way[begun] = self._engine.submit(self._poll, shard, self._came.put)
            self._under_way[begun].add_done_callback(partial(self._end_of, begun))

    def _end_of(self, number: int, shard: Future[object]) -> None:
        self._came.put(number)

    def _has_room(self, number: int) -> bool:
        is_near = self._begun <= number + self._ahead or self._unread < self._most_unread
        return is_near and self._entries < _UNREAD_ENTRIES

    def _note(self, came: Sequence[Polled] | int) -> None:
        if isinstance(came, int):
            self._under_way.pop(came).result()  # a fault of the shard is one of the run
            if self._asked.pop(came):
                raise RuntimeError("a shard ended without a word of some of its feeds")  # who waits would wait for ever
            return
        for polled in came:
            self._asked[self._home[polled.due.feed.url]] -= 1
            self._there[polled.due.feed.url] = polled
            self._entries += _size(polled) - _expected(polled.due)


def _size(polled: Polled) -> int:
    return len(polled.document.entries) if polled.document else 0


def _expected(due: Due) -> int:
    """Entries of a document that must come, because nobody can say that nothing is new."""
    return 0 if due.state.etag or due.state.last_modified else _ENTRIES


def is_done(shard: Future[Any], stop: Callable[[], bool], before_wait: Callable[[], None] = nothing) -> bool:
    """Waits for the shard; False when told to stop before it came. ``before_wait`` is called while it waits."""
    while not wait([shard], timeout=_ASK_EVERY).done:
        if stop():
            return False
        before_wait()
    return True
