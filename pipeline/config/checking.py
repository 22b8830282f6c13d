"""What is valid and yet useless or harmful: the faults that nobody would notice until an alert is missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from pipeline.config.loading import Config
from pipeline.config.problems import Problem
from pipeline.match import classify
from pipeline.model import Company, Feed
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
        yield Problem("feeds", "no feed is configured", "add [[feed]] tables, or run: newsward feeds poll URL")
    if not config.rules:
        yield Problem("newsward.toml", "there is no rule: hits are stored, nobody is told", "add a [[rule]]")


def _companies(config: Config) -> Iterator[Problem]:
    for name in classify(config.watchlist):
        if name.warning:
            yield Problem(f"company {name.company_id}", name.warning, name.remedy)
    for company in config.watchlist.companies:
        for exclusion in company.exclude:
            if all(_holds(name, exclusion) for name in _names(company)):
                what = f"every name holds the exclusion {exclusion!r}: there can be no hit"
                yield Problem(f"company {company.id}", what, "remove it from exclude", severity="error")


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
        yield from _unreachable(feed, config)


def _unreachable(feed: Feed, config: Config) -> Iterator[Problem]:
    """A feed whose address is no public one, while none but public ones may be polled."""
    host = urlsplit(feed.url).hostname or ""
    if config.fetch.allow_private or config.fetch.allow_networks or not _is_private(host):
        return
    remedy = "to poll it, set allow_private = true or allow_networks in [fetch]"
    yield Problem(f"feed {feed.title or host}", f"{host} is not public: it will be refused", remedy)


def _is_private(host: str) -> bool:
    """Does the host, as it is written, lead to this machine or a network that is not public?"""
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False


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
