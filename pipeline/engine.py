"""Where shards run: feeds dealt out so that a domain stays in one shard, results back in the order of the due list."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.fetch import GATE
from pipeline.model import Due, Polled
from pipeline.urls import registrable_domain

Shard = tuple[Due, ...]
PollShard = Callable[[Shard], Sequence[Polled]]
_ASK_EVERY = 0.2  # seconds between two questions whether to stop, while a shard is waited for
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

    A domain is asked one feed after the other, and alerts wait for the end of the run. Those left over stay due.
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
    stop: Callable[[], bool] = never,
    before_wait: Callable[[], None] = nothing,
) -> Iterator[Polled]:
    """Polls all due feeds on the engine and yields what came of each, in the order of ``dues``.

    Beyond the shard waited for, ``ahead`` shards are begun, and further ones while fewer than four times ``ahead``
    shards' worth of feeds are under way or not yet yielded: a slow shard does not stall the rest. Nothing but the shard
    waited for is begun while 9,000 entries are expected or wait, so memory does not grow with the due list.
    Closing the iterator early cancels what has not begun. So does ``stop``, which is asked before each feed and while
    a shard is waited for; what is under way then is left to itself. ``before_wait`` is called when a shard has to be
    waited for, with all before it yielded.
    """
    dealt = shards(dues, size)
    home = {due.feed.url: number for number, shard in enumerate(dealt) for due in shard}
    waiting: dict[int, Future[Sequence[Polled]]] = {}
    done: dict[str, Polled] = {}
    begun = unread = 0
    try:
        for due in dues:
            if stop():
                return
            number = home[due.feed.url]
            if due.feed.url not in done:
                # Groups are ordered by their first feed, so the group waited for has always been begun.
                while begun < len(dealt) and (
                    begun <= number
                    or (
                        (begun <= number + ahead or unread < _UNREAD * ahead * size)
                        and _entries(dealt, waiting) < _UNREAD_ENTRIES
                    )
                ):
                    waiting[begun] = engine.submit(poll, dealt[begun])
                    unread += len(dealt[begun])
                    begun += 1
                if not waiting[number].done():
                    before_wait()
                if not is_done(waiting[number], stop):
                    return
                done.update((polled.due.feed.url, polled) for polled in waiting.pop(number).result())
            unread -= 1
            yield done.pop(due.feed.url)
    finally:
        for future in waiting.values():
            future.cancel()


def _entries(dealt: Sequence[Shard], waiting: Mapping[int, Future[Sequence[Polled]]]) -> int:
    """Entries in the shards that are done, and those expected in the shards under way."""
    total = 0
    for number, shard in waiting.items():
        if shard.done() and not shard.exception():
            total += sum(len(polled.document.entries) for polled in shard.result() if polled.document)
        else:
            total += sum(_ENTRIES for due in dealt[number] if not (due.state.etag or due.state.last_modified))
    return total


def is_done(shard: Future[Any], stop: Callable[[], bool]) -> bool:
    """Waits for the shard; False when told to stop before it came."""
    while not wait([shard], timeout=_ASK_EVERY).done:
        if stop():
            return False
    return True
