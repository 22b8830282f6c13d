"""One shard on the wire: feeds in, parsed documents out, nothing remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import structlog

from pipeline.engine import Give
from pipeline.errors import ConfigError
from pipeline.fetch import FetchOptions, fetch_many, one_line, public_url
from pipeline.model import (
    Document,
    Due,
    ErrorKind,
    Feed,
    FeedInfo,
    FeedKind,
    FeedState,
    Fetched,
    FetchFailed,
    FetchResult,
    Polled,
)
from pipeline.parse import parse, parse_at_once, parse_sitemap
from pipeline.sources import announced_feeds, listed_feeds, usual_places

log = structlog.get_logger()
_MOMENT = 0.25  # seconds


def poll_shard(dues: Sequence[Due], give: Give, options: FetchOptions) -> None:
    """Fetches and parses the feeds; gives one result a feed, some at a time, in the order they came.

    What comes waits a quarter of a second for more: handing over takes time on both sides.
    """
    asyncio.run(poll_feeds(dues, give, options))


async def poll_feeds(dues: Sequence[Due], give: Give, options: FetchOptions) -> None:
    """``poll_shard`` for those who have an event loop."""
    unannounced: list[Polled] = []  # sites: asking further would keep the feeds that still come waiting
    with closing(_Gathered(give)) as gathered:
        async for due, result in fetch_many(dues, options):
            polled = _read_at_once(due, result)
            if polled is None:
                # In a thread: a long document must not stop the clocks of the fetches that go on meanwhile.
                polled = await asyncio.to_thread(read, due, result)
            if _announces_nothing(polled):
                unannounced.append(polled)
            else:
                gathered.add(polled)
        for polled in unannounced:
            gathered.add(await _searched(polled, options))


class _Gathered:
    """Results on their way out: those of a moment go together."""

    def __init__(self, give: Give) -> None:
        self._give, self._held = give, list[Polled]()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, polled: Polled) -> None:
        self._held.append(polled)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_MOMENT, self.close)

    def close(self) -> None:
        """Gives what is held."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, []
        if held:
            self._give(held)


def _read_at_once(due: Due, result: FetchResult) -> Polled | None:
    """What takes some milliseconds at most: handing it to a thread and back would take as long as a tenth of it."""
    if not isinstance(result, Fetched):
        return Polled(due, result)
    feed, answer = due.feed, result.answer
    if feed.kind is not FeedKind.FEED:
        return None
    try:
        document = parse_at_once(result.body, feed=feed, url=answer.url, content_type=answer.content_type)
    except Exception:  # noqa: BLE001 - ``read`` comes upon it too, and tells of it
        return None
    return _understood(due, result, _about(document, feed)) if document else None


def read(due: Due, result: FetchResult) -> Polled:
    """The parsed document of a fetch; a body that is no feed turns the fetch into a failure."""
    if not isinstance(result, Fetched):
        return Polled(due, result)
    try:
        document = _document(result, due.feed)
    except Exception as error:
        log.exception("parser_failed", feed=public_url(due.feed.url))
        document = FetchFailed(ErrorKind.UNEXPECTED, f"the parser failed on it: {type(error).__name__}: {error}")
    return _understood(due, result, document)


def _understood(due: Due, result: Fetched, document: Document | FetchFailed) -> Polled:
    answer = replace(result.answer, size=len(result.body))
    if isinstance(document, FetchFailed):
        return Polled(due, replace(document, reason=one_line(document.reason), answer=answer))
    # The body has done its work and would only make the way back to the coordinator heavy.
    return Polled(due, replace(result, body=b"", answer=answer), document)


def _document(result: Fetched, feed: Feed) -> Document | FetchFailed:
    """What the body is to this feed: each kind is read by its own reader."""
    answer = result.answer
    match feed.kind:
        case FeedKind.OPML:
            return _list(result.body, feed)
        case FeedKind.SITEMAP:
            return parse_sitemap(result.body, feed=feed, url=answer.url, content_type=answer.content_type)
        case FeedKind.SITE:
            return _site(parse(result.body, feed=feed, url=answer.url, content_type=answer.content_type), feed)
        case FeedKind.FEED:
            document = parse(result.body, feed=feed, url=answer.url, content_type=answer.content_type)
            return document if isinstance(document, FetchFailed) else _about(document, feed)


def _about(document: Document, feed: Feed) -> Document:
    """The document of a feed that is about one company, which its entries then name: "8-K" alone tells nobody whose."""
    name = feed.company_name
    if not name:
        return document
    entries = (replace(entry, title=f"{name}: {entry.title}") for entry in document.entries)
    return replace(document, entries=tuple(entries))


# --------------------------------------------------------------------------- documents that name feeds


def _list(body: bytes, feed: Feed) -> Document | FetchFailed:
    try:
        feeds, left_out = listed_feeds(body, feed)
    except ConfigError as error:
        return FetchFailed(ErrorKind.NOT_A_FEED, f"no list of feeds: {error.message}")
    if not feeds:
        return FetchFailed(ErrorKind.NOT_A_FEED, "a list of feeds that names none which can be polled")
    were = "1 outline was" if left_out == 1 else f"{left_out} outlines were"
    damage = f"{were} left out: no web address, a login in it, or too many" if left_out else ""
    return Document(FeedInfo(format="opml"), (), damage, feeds=feeds)


def _site(document: Document | FetchFailed, feed: Feed) -> Document | FetchFailed:
    """The feeds that a page announces; a page that turns out to be a feed is read as one."""
    if isinstance(document, FetchFailed) and document.announced:
        return Document(FeedInfo(format="html"), (), feeds=announced_feeds(document.announced, feed))
    return document


def _announces_nothing(polled: Polled) -> bool:
    result = polled.result
    is_site = polled.due.feed.kind is FeedKind.SITE
    return is_site and isinstance(result, FetchFailed) and result.kind is ErrorKind.NOT_A_FEED


async def _searched(polled: Polled, options: FetchOptions) -> Polled:
    """What the usual places of a site have, asked one after the other until one is a feed."""
    site, failed = polled.due.feed, polled.result
    assert isinstance(failed, FetchFailed)
    assert failed.answer
    places = [
        Due(replace(site, url=url, kind=FeedKind.FEED), FeedState(url)) for url in usual_places(failed.answer.url)
    ]
    answers = fetch_many(places, options)
    try:
        async for due, result in answers:
            found = await asyncio.to_thread(read, due, result)
            if found.document:
                document = Document(FeedInfo(format="html"), (), feeds=announced_feeds([due.feed.url], site))
                return Polled(polled.due, Fetched(failed.answer, b"", ""), document)
    finally:
        await answers.aclose()  # type: ignore[attr-defined]  # an async generator, declared as an iterator
    reason = f"{failed.reason}; it announces no feed, and at none of {len(places)} usual places is one"
    return replace(polled, result=replace(failed, reason=one_line(reason)))
