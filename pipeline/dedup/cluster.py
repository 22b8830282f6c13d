"""``newsward cluster``: a stream of entries in, each with its article and its story out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pipeline.dedup.identity import lookup_keys, sort_entries
from pipeline.dedup.memory import MemoryLookups
from pipeline.dedup.stories import Arrival, StoryIndex, StoryOptions
from pipeline.errors import InputError
from pipeline.keys import content_hash, digest, entry_keys
from pipeline.model import Entry, Feed, Relation
from pipeline.urls import canonical_url

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # so that a window before it is still a moment
_LEAP_SECOND = re.compile(r"(:[0-5]\d):60")


@dataclass(frozen=True, slots=True)
class ClusterInput:
    """One line in. ``companies`` None = the company gate is off for this entry, empty = it has none."""

    id: str
    title: str
    published_at: datetime
    text: str = ""
    url: str = ""
    guid: str = ""
    feed: str = ""
    publisher: str = ""
    language: str = ""
    companies: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ClusterOutput:
    """One line out; the ids are those of the first member."""

    id: str
    entry: str
    article: str
    story: str
    relation: Relation


def read_input(line: Mapping[str, Any], *, undated: datetime | None = None) -> ClusterInput:
    """A decoded JSON line; unknown keys are ignored. One without a moment has that of ``undated``, None = the earliest.

    Raises InputError when it cannot be understood.
    """
    if not isinstance(line, Mapping):
        raise InputError("a line must be a JSON object")
    name = line.get("id")
    if not isinstance(name, str | int) or isinstance(name, bool):
        raise InputError('a line needs an "id"')
    companies = line.get("companies")
    if companies is not None and not isinstance(companies, list):
        raise InputError(f'"companies" must be a list or absent (entry {name})')
    return ClusterInput(
        id=str(name),
        published_at=_moment(line.get("published"), str(name), undated or EARLIEST),
        companies=None if companies is None else frozenset(map(str, companies)),
        language=_text(line, "lang") or _text(line, "language"),
        **{field: _text(line, field) for field in ("title", "text", "url", "guid", "feed", "publisher")},
    )


def cluster(lines: Iterable[ClusterInput], options: StoryOptions | None = None) -> Iterator[ClusterOutput]:
    """Place each entry of the stream, in its order; what was placed is never changed. Grows with the stream."""
    clusterer = _Clusterer(StoryIndex(options or StoryOptions()))
    for line in lines:
        yield clusterer.place(line)


def cluster_whole(
    lines: Iterable[ClusterInput], options: StoryOptions | None = None
) -> tuple[list[ClusterOutput], list[str]]:
    """``cluster``, and beside it the story of each entry when all are placed: what turned out to be one is one."""
    clusterer = _Clusterer(StoryIndex(options or StoryOptions()))
    placed = [clusterer.place(line) for line in lines]
    return placed, [clusterer.story_of(line.entry) for line in placed]


class _Clusterer:
    """The memory of one stream, and what it gave out for each entry."""

    def __init__(self, index: StoryIndex) -> None:
        self._index = index
        self._memory = MemoryLookups()
        self._given: dict[str, ClusterOutput] = {}

    def place(self, line: ClusterInput) -> ClusterOutput:
        entry = _entry(line)
        known = self._memory.known(lookup_keys([entry]))
        found = sort_entries([entry], Feed(entry.feed_url), known)
        if not found.new:
            return self._seen_again(line, entry, known)
        entry = replace(found.new[0], id=line.id)
        (placement,) = self._index.place([Arrival(entry, line.companies)], self._memory)
        self._memory.add(entry, placement)
        if merge := self._index.repair(placement, self._memory):
            self._memory.merge(merge)
        given = ClusterOutput(line.id, line.id, placement.article_id, placement.story_id, placement.relation)
        self._given[line.id] = given
        return given

    def story_of(self, entry_id: str) -> str:
        """The story of a placed entry as it stands now."""
        return self._memory.members([entry_id])[entry_id].story_id

    def _seen_again(self, line: ClusterInput, entry: Entry, known: Mapping[str, Any]) -> ClusterOutput:
        first = next(known[key] for key in (*entry.keys, *sorted(known)) if key in known)
        self._memory.alias(entry.keys, first)
        return replace(self._given[first.entry_id], id=line.id, relation=Relation.SEEN)


def _entry(line: ClusterInput) -> Entry:
    canonical = canonical_url(line.url)
    # A guid counts within its feed; where the line names none, its publisher or host must do.
    feed = line.feed or line.publisher or urlsplit(canonical).netloc
    keys = entry_keys(feed_url=feed, guid=line.guid, canonical_url=canonical, title=line.title, text=line.text)
    if not line.guid and not canonical:
        keys = (digest("line", line.id),)  # nothing to know it by: equal words are a copy, not the same entry
    return Entry(
        id=line.id,
        feed_url=feed,
        title=line.title,
        text=line.text,
        url=line.url,
        canonical_url=canonical,
        guid=line.guid,
        keys=keys,
        publisher=line.publisher,
        language=line.language,
        published_at=line.published_at,
        content_hash=content_hash(line.title, line.text),
    )


def _text(line: Mapping[str, Any], name: str) -> str:
    value = line.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f'"{name}" must be text (entry {line.get("id")})')
    return value


def _moment(value: Any, name: object, undated: datetime) -> datetime:
    """RFC 3339 or seconds since 1970; a time without a zone is UTC. No news is older than ``EARLIEST``."""
    if value is None or value == "":
        return undated
    try:
        if isinstance(value, str):
            # RFC 3339, 5.6 allows lower case and a leap second; Python knows neither.
            moment = datetime.fromisoformat(_LEAP_SECOND.sub(r"\1:59", value.strip().upper()))
            return max(EARLIEST, moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return max(EARLIEST, datetime.fromtimestamp(value, UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f'"published" is no moment: {value!r} (entry {name})') from error
    raise InputError(f'"published" must be RFC 3339 text or seconds since 1970 (entry {name})')
