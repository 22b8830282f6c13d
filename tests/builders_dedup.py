"""Builders for the tests of deduplication."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.dedup import Arrival, Lookups, MemoryLookups, StoryIndex, StoryOptions
from pipeline.keys import content_hash, entry_keys
from pipeline.model import Entry, Feed, Known, Placement
from pipeline.urls import canonical_url

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
FEED = Feed("https://example.com/feed")
OTHER_FEED = Feed("https://example.org/feed")


def an_entry(
    title: str,
    text: str = "",
    *,
    url: str = "",
    guid: str = "",
    feed: Feed = FEED,
    hours: float = 0.0,
    publisher: str = "",
) -> Entry:
    """An entry as a parser would make it."""
    canonical = canonical_url(url)
    keys = entry_keys(feed_url=feed.url, guid=guid, canonical_url=canonical, title=title, text=text)
    return Entry(
        keys[0], feed.url, title, text, url, canonical, guid, keys,
        publisher=publisher, published_at=START + timedelta(hours=hours), content_hash=content_hash(title, text),
    )  # fmt: skip


def known_as(entry: Entry, **changes: str) -> dict[str, Known]:
    """The answer of a memory that holds this entry."""
    known = Known(
        entry.id, entry.feed_url, entry.canonical_url, entry.title, entry.content_hash, entry.published_at
    )  # fmt: skip
    return dict.fromkeys(entry.keys, replace(known, **changes))  # type: ignore[arg-type]


def place_all(
    *told: tuple[Entry, frozenset[str] | None], options: StoryOptions | None = None, lookups: Lookups | None = None
) -> tuple[Placement, ...]:
    """The placements of entries that arrive one after the other."""
    index = StoryIndex(options or StoryOptions())
    return index.place([Arrival(entry, companies) for entry, companies in told], lookups or MemoryLookups())
