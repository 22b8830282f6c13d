"""The daily upkeep: what is too old is forgotten, once a day by the clock, after a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from pipeline.engine import never
from pipeline.errors import DatabaseBusy
from pipeline.store import Pruned, Store, StoreOptions

LONGEST = timedelta(seconds=20)  # at a time: a first pruning of a large database is spread over several runs

log = structlog.get_logger()


def keep_house(
    store: Store,
    options: StoreOptions,
    now: datetime,
    *,
    stop: Callable[[], bool] = never,
    monotonic: Callable[[], float] = time.monotonic,
) -> Pruned | None:
    """Prunes when a day has passed since it was last done, for at most ``LONGEST``; None when it was not its time.

    For whoever holds the run lock, after the run. When it was last done stands in the database; what ``stop`` or the
    time cut off goes on after the next run. A database that another program holds costs the pruning and not the run.
    Raises StoreError when it cannot be written.
    """
    until = monotonic() + LONGEST.total_seconds()
    try:
        if stop() or not store.is_upkeep_due(now):
            return None
        pruned = store.prune(options, now, stop=lambda: stop() or monotonic() > until)
        if pruned.is_whole:
            store.note_upkeep(now)
        store.checkpoint()
    except DatabaseBusy as error:
        log.warning("upkeep_put_off", reason=str(error))
        return None
    entries, fetches, runs = pruned.entries, pruned.fetches, pruned.runs
    if pruned.is_whole:
        say = log.info if entries or fetches or runs else log.debug
        say("upkeep_done", entries=entries, fetches=fetches, runs=runs)
    else:
        log.info("upkeep_goes_on_later", entries=entries, fetches=fetches, runs=runs)
    return pruned
