"""Feeds that will be refused, or that give secrets away."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from pipeline.config.checks.languages import language_problem
from pipeline.config.loading import Config
from pipeline.config.problems import Problem
from pipeline.model import Feed
from pipeline.urls import public_url

_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization", "x-api-key"}


def feed_problems(config: Config) -> Iterator[Problem]:
    """All about the feeds, in their order."""
    for feed in config.feeds:
        where = _place(feed, config)
        is_secret = any(name.lower() in _SECRET_HEADERS for name, _ in feed.headers)
        if is_secret and feed.url.startswith("http:"):
            yield Problem(where, "its credentials are sent over plain http, readable on the way", "use https")
        if not feed.verify_tls:
            what = "its certificate is not checked (verify_tls = false): its entries may be anybody's"
            yield Problem(where, what, "name its authority in ca_file of [fetch]")
        if public_url(feed.url) != feed.url:
            what = "key 'url' holds what looks like a secret, and a feed's address stands in the database as it is"
            yield Problem(where, what, "if the site takes it in a header, give it in headers")
        if feed.language and (problem := language_problem(feed.language)):
            yield Problem(where, f"key 'language': {problem[0]}", problem[1])
        if feed.fulltext and not config.fulltext.enabled:
            what = "key 'fulltext' is true, and nothing is read while [fulltext] is not enabled"
            yield Problem(where, what, f"set enabled = true in [fulltext] of {config.file}, or leave the key out")
        yield from _unreachable(feed, config, where)


def _place(feed: Feed, config: Config) -> str:
    """Where the feed stands; one of many that a source stands for is told by its name."""
    where = config.place("feed", feed.url)
    return where if feed.source == "config" else f"{where}: {feed.title or urlsplit(feed.url).hostname}"


def _unreachable(feed: Feed, config: Config, where: str) -> Iterator[Problem]:
    """A feed whose address is no public one, while none but public ones may be polled."""
    host = urlsplit(feed.url).hostname or ""
    if config.fetch.allow_private or config.fetch.allow_networks or not _is_private(host):
        return
    remedy = "to poll it, set allow_private = true or allow_networks in [fetch]"
    yield Problem(where, f"host {host!r} is not public: it will be refused", remedy)


def _is_private(host: str) -> bool:
    """Does the host, as it is written, lead to this machine or a network that is not public?"""
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False
