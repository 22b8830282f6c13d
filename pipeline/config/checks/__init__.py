"""What is valid and yet useless or harmful: the faults that nobody would notice until an alert is missed."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.config.checks.alerts import alert_problems
from pipeline.config.checks.companies import company_problems
from pipeline.config.checks.feeds import feed_problems
from pipeline.config.checks.folder import folder_problems
from pipeline.config.checks.online import Reached, probe
from pipeline.config.checks.rhythm import rhythm_problems
from pipeline.config.loading import Config
from pipeline.config.problems import Problem

__all__ = ["Reached", "check", "probe"]


def check(config: Config) -> tuple[Problem, ...]:
    """All that its author would want to know; empty for a configuration that does what it seems to do.

    Looks at the configuration's folder and the database's, writes nothing and asks no network.
    """
    return (
        *config.problems,
        *_missing(config),
        *company_problems(config),
        *alert_problems(config),
        *feed_problems(config),
        *rhythm_problems(config),
        *folder_problems(config),
    )


def _missing(config: Config) -> Iterator[Problem]:
    if not config.watchlist.companies:
        yield Problem("companies", "no company is tracked: there will be no hits", "add [[company]] tables")
    if not config.feeds:
        yield Problem("feeds", "no feed is configured", "add [[feed]] tables, or run: newsward feeds poll URL")
    if not config.rules:
        yield Problem(
            config.file, "there is no rule: hits are stored, nobody is told", "add a [[rule]] that names a channel"
        )
