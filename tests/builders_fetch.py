"""Short ways to say what a fetching test is about: a due feed, a poll of it, polls one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.fetch import FetchOptions, PollingOptions, fetch_many, next_state
from pipeline.model import (
    Answer,
    DateKind,
    Document,
    Due,
    Entry,
    Feed,
    FeedInfo,
    FeedState,
    Fetched,
    FetchFailed,
    FetchResult,
    Hints,
    NotModified,
    Polled,
)
from pipeline.poll import poll_shard

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday
BODY = b"<rss version='2.0'><channel><title>Mill News</title></channel></rss>"
# Loopback is allowed and patience is short; nothing else differs from what users get.
QUICK: dict[str, Any] = {
    "allow_private": True,
    "deadline": timedelta(seconds=2),
    "connect_timeout": timedelta(seconds=1),
    "rate_window": timedelta(seconds=0.2),
    "spacing": timedelta(0),
}


def due(url: str, *, headers: tuple[tuple[str, str], ...] = (), **state: Any) -> Due:
    """A feed whose turn it is, with what is remembered of it."""
    return Due(Feed(url, headers=headers), FeedState(url, **state))


def poll_all(dues: Sequence[Due], **options: Any) -> list[tuple[Due, FetchResult]]:
    """What ``fetch_many`` brought, in the order of arrival."""

    async def collect() -> list[tuple[Due, FetchResult]]:
        return [pair async for pair in fetch_many(dues, FetchOptions(**{**QUICK, **options}))]

    return asyncio.run(collect())


def poll(what: str | Due, **options: Any) -> FetchResult:
    """What came of polling one feed, given as a URL or with its memory."""
    [(_, result)] = poll_all([due(what) if isinstance(what, str) else what], **options)
    return result


def fetched(what: str | Due, **options: Any) -> Fetched:
    """The same, when a body is expected."""
    result = poll(what, **options)
    assert isinstance(result, Fetched), result
    return result


def poll_whole(dues: Sequence[Due], options: FetchOptions) -> list[Polled]:
    """All that ``poll_shard`` gave, in the order in which it came."""
    polled: list[Polled] = []
    poll_shard(dues, polled.extend, options)
    return polled


def failed(what: str | Due, **options: Any) -> FetchFailed:
    """The same, when a failure is expected."""
    result = poll(what, **options)
    assert isinstance(result, FetchFailed), result
    return result


def poll_often(url: str, times: int, *, document: Document | None = None) -> FeedState:
    """The state after so many polls in a row, each remembering the one before."""
    turn = due(url)
    for step in range(times):
        result = poll(turn)
        now = NOW + timedelta(hours=step)
        state = next_state(turn, result, document, now=now, new=0, options=PollingOptions())
        turn = Due(turn.feed, state)
    return turn.state


def answer(status: int = 200, **parts: Any) -> Answer:
    """The head of an answer."""
    return Answer(status, parts.pop("url", "https://mill.example/feed"), **parts)


def ok(**parts: Any) -> Fetched:
    """A full answer."""
    return Fetched(answer(**parts), BODY, "hash")


def same(**parts: Any) -> NotModified:
    """A 304."""
    return NotModified(answer(304, **parts))


def document(
    *, every: timedelta | None = None, count: int = 20, newest: datetime = NOW, hints: Hints | None = None
) -> Document:
    """A document whose entries came at this pace, the newest one interval ago; undated when ``every`` is None."""
    dates = [newest - every * (index + 1) if every else None for index in range(count)]
    entries = tuple(
        Entry(
            id=str(index),
            feed_url="https://mill.example/feed",
            title=f"Entry {index}",
            published_at=date,
            date_kind=DateKind.GIVEN if date else DateKind.SEEN,
        )
        for index, date in enumerate(dates)
    )
    return Document(FeedInfo(hints=hints or Hints()), entries)
