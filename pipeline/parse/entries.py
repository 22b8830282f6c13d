"""Items to entries: identity, plain text, absolute links, whose words they are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urljoin

from pipeline.keys import content_hash, entry_keys, reused_guid_key
from pipeline.model import DateKind, Entry, Feed, FeedInfo, entry_of
from pipeline.parse.elsewhere import own_words
from pipeline.parse.items import Channel, Item
from pipeline.parse.markup import MAX_HTML, entry_text, first_words, plain_line, plain_title
from pipeline.urls import canonical_url

MAX_ENTRIES = 500  # of one document, newest first: a poll brings a few, more is an archive
MAX_URL = 8192  # characters; RFC 9110 4.1 asks for at least 8,000 octets
MAX_GUID = 4000  # characters
MAX_NAME = 300  # characters of an author or publisher

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,3}")
_AGGREGATORS = ("https://news.google.com/", "http://news.google.com/")
_ABSOLUTE = re.compile(r"https?://[\w.-]+(?:[:/?][^\s]*)?")
_SCHEME = re.compile(r"[^/?#]*:")
_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Context:
    """What all entries of a document share."""

    feed_url: str
    base_url: str
    author: str
    publisher: str
    language: str


def make_info(info: FeedInfo, *, url: str) -> FeedInfo:
    """What a document says of itself, as plain text and with an absolute link."""
    return replace(
        info,
        title=first_words(plain_title(info.title, is_markup=True), MAX_NAME),
        link=absolute_url(url, info.link),
        language=clean_language(info.language),
    )


def make_entries(channel: Channel, info: FeedInfo, *, feed: Feed, url: str) -> tuple[Entry, ...]:
    """The newest 500 of a document's items as entries, in the order of the document."""
    context = _Context(
        feed_url=feed.url,
        base_url=url,
        author=plain_line(channel.author, MAX_NAME),
        publisher=feed.publisher or feed.title or info.title,
        language=info.language or clean_language(feed.language),
    )
    return tuple(_told_apart([_entry(item, context) for item in newest(channel.items)]))


def newest(items: Sequence[Item]) -> Sequence[Item]:
    """At most 500 items: by date, then by position, those without a date last; the order stays."""
    if len(items) <= MAX_ENTRIES:
        return items
    moments = [item.published.moment if item.published else _BEGINNING for item in items]
    ranked = sorted(range(len(items)), key=lambda index: (moments[index], -index), reverse=True)
    return [items[index] for index in sorted(ranked[:MAX_ENTRIES])]


def absolute_url(base: str, reference: str) -> str:
    """A web address, resolved against ``base``; "" for anything that is none (javascript:, data:, mailto:).

    What is relative stays as it is where no base is known.
    """
    if _ABSOLUTE.fullmatch(reference) and len(reference) <= MAX_URL:
        return reference
    reference = "".join(reference.split()) if "\n" in reference or "\t" in reference else reference.strip()
    if not reference or len(reference) > MAX_URL:
        return ""
    try:
        url = urljoin(base, reference)
    except ValueError:
        return ""
    if not base and not _SCHEME.match(url):
        return url
    host = url.partition("://")[2]
    return url if url.lower().startswith(("http://", "https://")) and host[:1] not in ("", "/", "?", "#") else ""


def clean_language(tag: str) -> str:
    """A language tag (BCP 47) as published, with hyphens; "" for anything else."""
    tag = tag.strip()
    return tag.replace("_", "-") if _LANGUAGE.fullmatch(tag) else ""


def _entry(item: Item, context: _Context) -> Entry:
    url = absolute_url(context.base_url, item.link)
    source = plain_line(item.source, MAX_NAME) if item.source else ""
    # What an aggregator adds are names of outlets and headlines of theirs: none of the article's words.
    summary, content = ("", "") if _is_aggregated(url, source) else (item.summary[:MAX_HTML], item.content[:MAX_HTML])
    text = entry_text(own_words(summary), own_words(content) if content != summary else "")
    title = plain_title(item.title, is_markup=item.title_is_markup)
    title = without_source(title, source) if source else title
    guid = item.guid.strip()[:MAX_GUID]
    original = absolute_url(context.base_url, item.original_link) if item.original_link else ""
    canonical = canonical_url(original or url)
    name = title or first_words(text)
    keys = entry_keys(feed_url=context.feed_url, guid=guid, canonical_url=canonical, title=name, text=text)
    return entry_of(
        id=keys[0],
        feed_url=context.feed_url,
        title=title,
        text=text,
        url=url,
        canonical_url=canonical,
        guid=guid,
        keys=keys,
        summary=summary,
        content=content if content != summary else "",
        author=(plain_line(item.author, MAX_NAME) if item.author else "") or context.author,
        publisher=source or context.publisher,
        language=(clean_language(item.language) if item.language else "") or context.language,
        published_at=item.published.moment if item.published else None,
        updated_at=item.updated.moment if item.updated else None,
        date_kind=item.published.kind if item.published else DateKind.SEEN,
        content_hash=content_hash(name, text),
    )


def without_source(title: str, source: str) -> str:
    """The title without the name of the outlet that it was taken from: "Quay opens - The Mill" of The Mill."""
    head, dash, tail = title.rpartition(" - ")
    return head.rstrip() if dash and head.strip() and source and tail.strip().casefold() == source.casefold() else title


def _is_aggregated(url: str, source: str) -> bool:
    return bool(source) and url.startswith(_AGGREGATORS)


def _told_apart(entries: list[Entry]) -> Iterable[Entry]:
    """The entries; where a document gives one guid to different addresses, the guid alone is nobody's identity."""
    guids = [entry.guid for entry in entries]
    if len(set(guids)) == len(guids):
        return entries
    return _told_apart_by_address(entries)


def _told_apart_by_address(entries: list[Entry]) -> Iterator[Entry]:
    addresses: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        addresses[entry.guid].add(entry.canonical_url)
    for entry in entries:
        if not entry.guid or len(addresses[entry.guid]) < 2:
            yield entry
            continue
        name = entry.title or first_words(entry.text)
        own = reused_guid_key(entry.feed_url, entry.guid, entry.canonical_url, name)
        yield replace(entry, id=own, keys=(own, *entry.keys[1:]))
