"""The composition root: a configuration becomes the stages of a run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from pipeline.alert import Outcome, deliver
from pipeline.config import Config
from pipeline.decide import Stages
from pipeline.dedup import StoryIndex
from pipeline.engine import open_engine
from pipeline.match import MatchEngine
from pipeline.report import coverage_of
from pipeline.store import Shelf, Store

log = structlog.get_logger()


@contextmanager
def open_stages(config: Config, now: datetime) -> Iterator[Stages]:
    """The stages for one or many runs; the database is opened, migrated and told of companies and feeds.

    Raises StoreError when the database cannot be used.
    """
    with (
        Store.open(config.database, busy_timeout=config.store.busy_timeout) as store,
        open_engine(config.engine, config.database.parent) as engine,
    ):
        store.remember(config.watchlist, config.feeds, now)
        store.keep_search(on=config.store.search)
        mind_the_clock(store, now)
        try:
            yield Stages(
                store=store,
                engine=engine,
                matching=MatchEngine.build(config.watchlist, config.matchers, Shelf.beside(config.database)),
                stories=StoryIndex(config.stories),
                routing=config.routing(),
                channels=config.channels,
                rhythms=config.rhythms,
                coverage=coverage_of(store),
                company_names={company.id: company.name for company in config.watchlist.companies},
                feeds={feed.url: feed for feed in config.feeds},
                fetch=config.fetch,
                polling=config.polling,
                alert=config.alert,
                engine_options=config.engine,
                fulltext=config.fulltext,
            )
        finally:
            for channel in config.channels.values():
                channel.close()


def send_owed(
    store: Store,
    config: Config,
    now: datetime,
    only: Collection[str] | None = None,
    watch: Callable[[int], object] = lambda attempts: None,
) -> Outcome:
    """Sends what is owed by now, as a run does, by these channels (default: all); ``watch`` is told how many attempts
    were noted."""
    try:
        return deliver(
            store,
            config.channels,
            now=now,
            options=config.alert,
            rhythms=config.rhythms,
            coverage=coverage_of(store),
            only=only,
            watch=watch,
        )
    finally:
        for channel in config.channels.values():
            channel.close()


def mind_the_clock(store: Store, now: datetime) -> None:
    """A clock that was set back since the last run puts off nothing; it is told."""
    set_back = store.mind_the_clock(now)
    if set_back:
        log.warning("clock_set_back", by=str(set_back))
