"""robots.txt by RFC 9309."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.article import Robots, origin_of, robots_of
from pipeline.model import Answer, ErrorKind, Fetched, FetchFailed

NOW = datetime(2026, 3, 5, tzinfo=UTC)
ORIGIN = "https://mill.example"
AGENT = "newsward/1.0 (+https://pypi.org/project/newsward/)"


def said(text: str) -> Robots:
    return robots_of(ORIGIN, Fetched(Answer(200, f"{ORIGIN}/robots.txt"), text.encode(), ""), NOW)


def test_the_rules_for_our_name_count_before_those_for_all() -> None:
    robots = said("User-agent: *\nDisallow: /\n\nUser-agent: NewsWard\nDisallow: /private/\nAllow: /private/open\n")

    assert robots.allow(f"{ORIGIN}/news/a", AGENT)
    assert not robots.allow(f"{ORIGIN}/private/a", AGENT)
    assert robots.allow(f"{ORIGIN}/private/open", AGENT)
    assert not robots.allow(f"{ORIGIN}/news/a", "other/1.0")


def test_rules_are_good_for_a_day() -> None:
    assert said("User-agent: *\nDisallow:\n").expires_at == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "kind", "allows"),
    [
        (404, ErrorKind.NOT_FOUND, "everything"),
        (403, ErrorKind.BLOCKED, "everything"),
        (410, ErrorKind.GONE, "everything"),
        (200, ErrorKind.EMPTY, "everything"),
        (301, ErrorKind.REDIRECT, "everything"),
        (429, ErrorKind.RATE_LIMITED, "nothing"),
        (503, ErrorKind.HTTP, "nothing"),
        (None, ErrorKind.CONNECT, "nothing"),
        (None, ErrorKind.TIMEOUT, "nothing"),
    ],
)
def test_what_a_missing_file_allows(status: int | None, kind: ErrorKind, allows: str) -> None:
    answer = Answer(status, f"{ORIGIN}/robots.txt") if status else None

    robots = robots_of(ORIGIN, FetchFailed(kind, "", answer), NOW)

    assert robots.allows == allows
    assert robots.allow(f"{ORIGIN}/a", AGENT) is (allows == "everything")
    assert robots.expires_at == NOW + (timedelta(days=1) if allows == "everything" else timedelta(hours=1))


def test_a_crawl_delay_is_kept_and_an_absurd_one_is_a_refusal() -> None:
    assert said("User-agent: *\nCrawl-delay: 7\n").delay(AGENT) == timedelta(seconds=7)
    assert said("User-agent: *\nCrawl-delay: 86400\n").allow(f"{ORIGIN}/a", AGENT) is False
    assert said("User-agent: *\nCrawl-delay: -3\n").delay(AGENT) == timedelta(0)


@pytest.mark.parametrize("text", ["<html><body>Not found</body></html>", "\ufeff\0\0", "Disallow", "a" * 600_000])
def test_a_file_that_holds_no_rules_forbids_nothing(text: str) -> None:
    assert said(text).allow(f"{ORIGIN}/a", AGENT)


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin_of("https://User:pw@News.Example:8443/a?b#c") == "https://news.example:8443"
