"""What a site lets us read: its robots.txt by RFC 9309, which is asked for pages and never for feeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pipeline.model import ErrorKind, Fetched, FetchFailed, FetchResult

if TYPE_CHECKING:
    from protego import Protego

Allows = Literal["as it says", "everything", "nothing"]

_LARGEST = 500 * 1024  # bytes that are read; RFC 9309 2.5 asks for at least so many
_GOOD_FOR = timedelta(hours=24)  # RFC 9309 2.4
_ASK_AGAIN = timedelta(hours=1)  # where it could not be had
_LONGEST_DELAY = timedelta(minutes=10)  # a longer Crawl-delay is a wish not to be read at all


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one origin (scheme, host and port). Known until ``expires_at``."""

    origin: str
    allows: Allows
    expires_at: datetime
    rules: str = ""
    next_page_at: datetime | None = None  # no page before that

    def allow(self, url: str, user_agent: str) -> bool:
        """Whether the page may be read by the program of this User-Agent, of which the name counts."""
        if self.allows != "as it says":
            return self.allows == "everything"
        rules, name = _parsed(self.rules), _name(user_agent)
        return (rules.crawl_delay(name) or 0) <= _LONGEST_DELAY.total_seconds() and rules.can_fetch(url, name)

    def delay(self, user_agent: str) -> timedelta:
        """The Crawl-delay that it asks for; none = zero."""
        seconds = _parsed(self.rules).crawl_delay(_name(user_agent)) if self.allows == "as it says" else None
        return timedelta(seconds=min(max(seconds or 0, 0), _LONGEST_DELAY.total_seconds()))


def origin_of(url: str) -> str:
    """``https://news.example.com:8443``, whose robots.txt speaks for the page."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


def robots_of(origin: str, result: FetchResult, now: datetime) -> Robots:
    """The rules that follow from asking for ``/robots.txt``.

    RFC 9309 2.3.1: where there is none (4xx, or redirects without end) everything may be read; where the server
    fails or cannot be reached, or asks for fewer requests, nothing, until it answers.
    """
    if isinstance(result, Fetched):
        rules = result.body[:_LARGEST].decode("utf-8", "replace")
        return Robots(origin, "as it says", now + _GOOD_FOR, rules.removeprefix("\ufeff").replace("\0", ""))
    assert isinstance(result, FetchFailed)
    status = result.answer.status if result.answer else None
    is_absent = (
        status is not None
        and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        and status != HTTPStatus.TOO_MANY_REQUESTS
    )
    if is_absent or result.kind in (ErrorKind.EMPTY, ErrorKind.REDIRECT):
        return Robots(origin, "everything", now + _GOOD_FOR)
    return Robots(origin, "nothing", now + _ASK_AGAIN)


@lru_cache(maxsize=32)
def _parsed(rules: str) -> Protego:
    from protego import Protego  # of the extra fulltext

    return Protego.parse(rules)


def _name(user_agent: str) -> str:
    """``newsward`` of ``newsward/1.0 (+https://...)``: RFC 9309 2.2.1, the product token."""
    return user_agent.split()[0].partition("/")[0]
