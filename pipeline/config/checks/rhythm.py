"""What the clock makes impossible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from math import ceil

from pipeline.config.loading import Config
from pipeline.config.problems import Problem
from pipeline.plugins import in_words
from pipeline.urls import registrable_domain


def rhythm_problems(config: Config) -> Iterator[Problem]:
    """Waits that do not go together."""
    polling, health = config.polling, config.health
    if polling.max_interval > config.alert.max_age:
        what = "max_interval is longer than [alert] max_age: entries of rarely polled feeds are too old to alert"
        yield Problem(f"{config.file}: [polling]", what, "shorten the one or lengthen the other")
    # Longer than a tick, which may be late by as much again as a run takes.
    if health.max_age <= config.daemon.tick:
        what = f"max_age is not longer than [daemon] tick, {in_words(config.daemon.tick)}: never healthy for long"
        yield Problem(f"{config.file}: [health]", what, "lengthen max_age, or shorten the tick")
    elif health.max_age < polling.min_interval:
        what = f"max_age is shorter than [polling] min_interval, {in_words(polling.min_interval)}"
        remedy = "lengthen it beyond the time between two runs, or a run by cron will be unhealthy in between"
        yield Problem(f"{config.file}: [health]", what, remedy)
    yield from _politeness(config)


def _politeness(config: Config) -> Iterator[Problem]:
    """Feeds of one domain that cannot all be asked in the time in which they are due.

    By the addresses as configured: where a redirector leads to is known only after a poll.
    """
    spacing = config.fetch.spacing
    domains = Counter(registrable_domain(feed.url) for feed in config.feeds)
    for domain, feeds in domains.items():
        if feeds * spacing > config.polling.min_interval:
            minutes = ceil(feeds * spacing / timedelta(minutes=1))
            what = (
                f"{feeds} feeds, one request each {in_words(spacing)}: each can be polled every {minutes} minutes at "
                f"best, and [polling] min_interval is {in_words(config.polling.min_interval)}"
            )
            remedy = f'set min_interval to "{minutes} minutes", or poll fewer feeds of it'
            yield Problem(f"feeds of {domain}", what, remedy)
