"""What is valid and yet useless or harmful: the faults that nobody would notice until an alert is missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pipeline.config.loading import Config
from pipeline.config.problems import Problem
from pipeline.match.forms import core_of
from pipeline.match.kinds import KIND_OF, WHY, flavour_of
from pipeline.model import Company, Name, NameKind
from pipeline.text import fold
from pipeline.urls import registrable_domain

_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization", "x-api-key"}


def check(config: Config) -> tuple[Problem, ...]:
    """All that its author would want to know; empty for a configuration that does what it seems to do."""
    return (
        *config.problems,
        *_missing(config),
        *_companies(config),
        *_rules(config),
        *_feeds(config),
        *_rhythm(config),
    )


def _missing(config: Config) -> Iterator[Problem]:
    if not config.watchlist.companies:
        yield Problem("companies", "no company is tracked: there will be no hits", "add [[company]] tables")
    if not config.feeds:
        yield Problem("feeds", "no feed is configured", "add [[feed]] tables, or feeds to the database by the CLI")
    if not config.rules:
        yield Problem("newsward.toml", "there is no rule: hits are stored, nobody is told", "add a [[rule]]")


def _companies(config: Config) -> Iterator[Problem]:
    for company in config.watchlist.companies:
        where = f"company {company.id}"
        if not company.context and not company.tickers:
            for name in (Name(company.name), *company.aliases):
                if why := _ambiguity(name):
                    remedy = "add context (words that stand beside it: products, people, trade) or a ticker"
                    yield Problem(where, f"{name.text!r}: {why}", remedy)
        for exclusion in company.exclude:
            if all(_holds(name, exclusion) for name in _names(company)):
                what = f"every name holds the exclusion {exclusion!r}: there can be no hit"
                yield Problem(where, what, "remove it from exclude", severity="error")


def _ambiguity(name: Name) -> str:
    """What else the name is, in words; an empty string when nothing else is called so."""
    flavour = flavour_of(core_of(name.text), name.text, name.kind)
    return "" if KIND_OF[flavour] is NameKind.UNIQUE else WHY[flavour]


def _names(company: Company) -> tuple[str, ...]:
    return (company.name, *(alias.text for alias in company.aliases))


def _holds(name: str, words: str) -> bool:
    return f" {fold(words)} " in f" {fold(name)} "


def _rules(config: Config) -> Iterator[Problem]:
    tags = {tag for company in config.watchlist.companies for tag in company.tags}
    used: set[str] = set()
    for rule in config.rules:
        where = f"rule {rule.name}"
        used.update(rule.channels)
        for tag in rule.tags:
            if tag not in tags:
                yield Problem(where, f"no company has the tag {tag!r}", "correct it, or give it to a company")
    for channel in config.channels:
        if channel not in used:
            yield Problem(f"channel {channel}", "no rule uses it", "name it in a rule's channels, or remove it")


def _feeds(config: Config) -> Iterator[Problem]:
    for feed in config.feeds:
        secret = any(name.lower() in _SECRET_HEADERS for name, _ in feed.headers)
        if secret and feed.url.startswith("http:"):
            where = f"feed {feed.title or registrable_domain(feed.url)}"
            yield Problem(where, "its credentials are sent over plain http, readable on the way", "use https")


def _rhythm(config: Config) -> Iterator[Problem]:
    """What the clock makes impossible."""
    polling, spacing = config.polling, config.fetch.spacing
    if polling.max_interval > config.alert.max_age:
        what = "max_interval is longer than [alert] max_age: entries of rarely polled feeds are too old to alert"
        yield Problem("newsward.toml: [polling]", what, "shorten the one or lengthen the other")
    domains = Counter(registrable_domain(feed.url) for feed in config.feeds)
    for domain, feeds in domains.items():
        if feeds * spacing > polling.min_interval:
            minutes = feeds * spacing.total_seconds() / 60
            what = f"{feeds} feeds, one request each {spacing.total_seconds():g} s: a round takes {minutes:.0f} minutes"
            yield Problem(f"feeds of {domain}", what, "fewer feeds of it, or a longer min_interval in [polling]")
