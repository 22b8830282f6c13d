"""One shard of pages on the wire: entries' links in, the lines of their articles out, nothing remembered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from pipeline.article import (
    FulltextOptions,
    Robots,
    article_lines,
    line_mark,
    origin_of,
    own_address,
    own_lines,
    robots_of,
)
from pipeline.fetch import FetchOptions, fetch_many, public_url
from pipeline.model import Due, ErrorKind, Feed, FeedState, Fetched, FetchFailed, FetchResult, PageRead
from pipeline.parse import decode
from pipeline.text import fold, tokens
from pipeline.urls import registrable_domain

log = structlog.get_logger()

_ROBOTS_ACCEPT = (("Accept", "text/plain, */*;q=0.1"),)
_PAGE_ACCEPT = (("Accept", "text/html, application/xhtml+xml, */*;q=0.1"),)
_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_HEAD = 4096  # bytes in which a page tells its encoding (HTML, "determining the character encoding": 1024)
# A page that names fewer of the title's words is another one: a consent wall, a front page, a login.
_SHARE_OF_TITLE = 0.3
_TELLING = 4  # letters of a word of the title that counts
_SEVERAL = 2  # pages of a site that had a line before: it is the site's
# What may be otherwise in an hour; any other failure is the site's answer.
_PASSING = frozenset(
    {
        ErrorKind.DNS,
        ErrorKind.CONNECT,
        ErrorKind.TIMEOUT,
        ErrorKind.RATE_LIMITED,
        ErrorKind.HTTP,
        ErrorKind.TRUNCATED,
        ErrorKind.EMPTY,
        ErrorKind.UNEXPECTED,
    }
)


@dataclass(frozen=True, slots=True)
class Page:
    """An address to be read, and the title that its article should have."""

    entry_id: str
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of a shard: the pages that were asked for, or may not be; and what was learned of sites on the way."""

    pages: tuple[PageRead, ...]
    robots: tuple[Robots, ...]
    rests: tuple[FetchResult, ...] = ()  # answers that ask for fewer requests


def read_shard(
    pages: Sequence[Page],
    robots: Mapping[str, Robots],
    fetch: FetchOptions,
    options: FulltextOptions,
    now: datetime,
) -> Reading:
    """Asks for the pages as politely as for feeds, after what each site's robots.txt says; in the order they came.

    ``robots`` are those known by origin. Where one asks for more time between requests than our spacing, only the
    first page of its site is read now, and the others are not among the results.
    """
    return asyncio.run(_Reader(robots, fetch, options, now).read(pages))


class _Reader:
    def __init__(
        self, robots: Mapping[str, Robots], fetch: FetchOptions, options: FulltextOptions, now: datetime
    ) -> None:
        self._robots, self._options, self._now = dict(robots), options, now
        self._fetch = fetch.model_copy(
            update={
                "max_decoded": min(options.max_size, fetch.max_decoded),
                "max_raw": min(options.max_size, fetch.max_raw),
            }
        )
        self._agent = fetch.user_agent
        self._learned: dict[str, Robots] = {}
        self._answers: list[FetchResult] = []

    async def read(self, pages: Sequence[Page]) -> Reading:
        await self._learn(origin_of(page.url) for page in pages)
        allowed = [page for page in pages if self._allows(page.url)]
        done = [self._refused(page.entry_id, page.url) for page in pages if not self._allows(page.url)]
        asked = self._in_turn(allowed)
        results = await self._ask([page.url for page in asked], _PAGE_ACCEPT)
        await self._learn(origin_of(result.answer.url) for result in results.values() if result.answer)
        for page in asked:
            result = results[page.url]
            done.append(await self._read(page, result))
        return Reading(tuple(done), tuple(self._learned.values()), tuple(self._answers))

    async def _learn(self, origins: Iterable[str]) -> None:
        """Asks for the robots.txt of origins whose rules are not known."""
        unknown = [origin for origin in dict.fromkeys(origins) if origin not in self._robots]
        results = await self._ask([f"{origin}/robots.txt" for origin in unknown], _ROBOTS_ACCEPT)
        for origin in unknown:
            found = robots_of(origin, results[f"{origin}/robots.txt"], self._now)
            self._robots[origin] = self._learned[origin] = found

    async def _ask(self, urls: Sequence[str], headers: tuple[tuple[str, str], ...]) -> dict[str, FetchResult]:
        dues = [Due(Feed(url, headers=headers), FeedState(url)) for url in dict.fromkeys(urls)]
        results = {due.feed.url: result async for due, result in fetch_many(dues, self._fetch)}
        self._answers += [result for result in results.values() if isinstance(result, FetchFailed)]
        return results

    def _allows(self, url: str) -> bool:
        return self._robots[origin_of(url)].allow(url, self._agent)

    def _refused(self, entry_id: str, url: str) -> PageRead:
        if self._robots[origin_of(url)].allows == "nothing":
            return PageRead(entry_id, "failed", "the site's robots.txt cannot be had, so that nothing may be read")
        return PageRead(entry_id, "refused", "the site's robots.txt does not allow it")

    def _in_turn(self, pages: Sequence[Page]) -> list[Page]:
        """One page of each site that wants more time between requests than others."""
        taken: list[Page] = []
        waiting: set[str] = set()
        for page in pages:
            robots = self._robots[origin_of(page.url)]
            if robots.origin in waiting:
                continue
            if (delay := robots.delay(self._agent)) > self._fetch.spacing:
                waiting.add(robots.origin)
                self._put_off(robots, delay)
            taken.append(page)
        return taken

    def _put_off(self, robots: Robots, delay: timedelta) -> None:
        after = Robots(robots.origin, robots.allows, robots.expires_at, robots.rules, self._now + delay)
        self._robots[robots.origin] = self._learned[robots.origin] = after

    async def _read(self, page: Page, result: FetchResult) -> PageRead:
        if isinstance(result, FetchFailed):
            return PageRead(page.entry_id, "failed" if result.kind in _PASSING else "refused", result.reason)
        assert isinstance(result, Fetched)
        if not self._allows(result.answer.url):
            return self._refused(page.entry_id, result.answer.url)
        kind = result.answer.content_type.partition(";")[0].strip().lower()
        if kind and kind not in _PAGE_TYPES:
            return PageRead(page.entry_id, "refused", f"no page but {kind}")
        # In a thread: a long page must not stop the clocks of the fetches that go on meanwhile.
        return await asyncio.to_thread(_understood, page, result)


def _understood(page: Page, result: Fetched) -> PageRead:
    """The lines of a page; a fault of ours costs this page its turn, and stops nobody else."""
    try:
        return _article(page, result)
    except Exception as error:
        log.exception("page_failed_unexpectedly", page=public_url(page.url))
        return PageRead(page.entry_id, "failed", f"a fault in newsward: {type(error).__name__}: {error}")


def _article(page: Page, result: Fetched) -> PageRead:
    text = _text(result)
    lines = article_lines(text)
    if lines is None:
        return PageRead(page.entry_id, "refused", "a page of too many elements")
    own = own_lines(lines)
    if not own:
        return PageRead(page.entry_id, "empty", "no article in the page")
    if not _speaks_of(page.title, " ".join(own)):
        return PageRead(page.entry_id, "empty", "the page speaks of something else than its entry")
    addresses = (result.answer.url, *own_address(text, result.answer.url))
    return PageRead(page.entry_id, "read", lines=own, addresses=addresses)


def _text(result: Fetched) -> str:
    content_type = result.answer.content_type
    if "charset" not in content_type.lower() and (found := _META_CHARSET.search(result.body[:_HEAD])):
        content_type = f"text/html; charset={found[1].decode('ascii')}"
    return decode(result.body, content_type=content_type).text


def _speaks_of(title: str, text: str) -> bool:
    """Whether the words of the title are those of the text; a title without telling words proves nothing."""
    words = {word for word in tokens(fold(title)) if len(word) >= _TELLING or not word.isascii()}
    if not words:
        return True
    found = set(tokens(fold(text)))
    return len(words & found) >= _SHARE_OF_TITLE * len(words)


def without_common(lines: Sequence[str], counts: Mapping[str, int]) -> tuple[str, ...]:
    """The lines without those that several other pages of the site have had; ``counts`` by mark."""
    return own_lines(lines, {mark for mark, pages in counts.items() if pages >= _SEVERAL})


def marks_of(lines: Sequence[str]) -> tuple[str, ...]:
    """The marks of a page's lines, each once."""
    return tuple(dict.fromkeys(map(line_mark, lines)))


def site_of(url: str) -> str:
    """The site whose pages are compared."""
    return registrable_domain(url)
