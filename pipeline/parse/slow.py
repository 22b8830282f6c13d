"""What feedparser makes of a document to items: which of its fields means what. The fall-back of ``xmlfeed.py``."""

from __future__ import annotations

import html
import time
from collections.abc import Mapping
from typing import Any

from pipeline.model import FeedInfo
from pipeline.parse.dates import Dated, parse_date
from pipeline.parse.hints import read_hints
from pipeline.parse.items import HTML_TYPES, Channel, Item, Link, Unreadable, alternate
from pipeline.parse.xmlread import Reading, read


def read_slowly(text: str, *, url: str, netscape: bool = False) -> Channel | Unreadable:
    """The items of a document that begins with the start tag of its root, as feedparser reads it.

    ``url`` is the base of relative links; ``netscape``: the document type is Netscape's RSS 0.91.
    """
    reading = read(text, url=url)
    if reading.lost:
        return Unreadable(reading.damage or "its items are empty")
    return _channel(reading, "rss091n" if netscape else reading.version)


def _channel(reading: Reading, version: str) -> Channel:
    feed = dict(reading.feed)
    title = feed.get("title_detail") or {}
    info = FeedInfo(
        title=_as_html(_string(feed, "title"), title.get("type", "text/html")),
        link=_string(feed, "link"),
        language=_string(feed, "language"),
        format=version,
        hints=read_hints(feed),
    )
    # RFC 4287 4.2.1: the feed's author is the author of entries that name none. RSS's managing editor is not.
    author = _author(feed) if version.startswith("atom") else ""
    items = tuple(_item(dict(entry), version) for entry in reading.entries)
    return Channel(info, items, author=author, damage=reading.damage)


def _item(entry: Mapping[str, Any], version: str) -> Item:
    title, summary = entry.get("title_detail") or {}, entry.get("summary_detail") or {}
    source = entry.get("source")
    updated = _date(entry, "updated")
    return Item(
        guid=_string(entry, "id"),
        link=alternate(_links(entry), _string(entry, "link"), _string(entry, "id"), is_atom=version.startswith("atom")),
        original_link=_string(entry, "feedburner_origlink") or _string(entry, "pheedo_origlink"),
        title=_string(entry, "title"),
        title_is_markup=title.get("type") in HTML_TYPES,
        # Where there is only content, feedparser copies it into the summary, without detail.
        summary=_as_html(_string(entry, "summary"), summary.get("type") or "text/html") if summary else "",
        content=_content(entry),
        author=_author(entry),
        source=_string(source, "title") if isinstance(source, dict) else _string(entry, "news_source"),  # Bing's
        language=_string(entry, "language") or title.get("language") or summary.get("language") or "",
        published=_date(entry, "published") or _date(entry, "created") or updated,
        updated=updated,
    )


def _links(entry: Mapping[str, Any]) -> list[Link]:
    return [
        Link(str(link.get("rel") or ""), str(link.get("type") or ""), str(link.get("href") or ""))
        for link in entry.get("links") or ()
    ]


def _content(entry: Mapping[str, Any]) -> str:
    """The longest of the entry's contents that is text."""
    contents = [
        _as_html(part.get("value") or "", part.get("type") or "text/html")
        for part in entry.get("content") or ()
        if (part.get("type") or "text/html").startswith(("text/", "application/xhtml", "application/xml"))
    ]
    return max(contents, key=len, default="")


def _author(context: Mapping[str, Any]) -> str:
    """Names, else what stands in the field."""
    names = [author.get("name") or "" for author in context.get("authors") or ()]
    return ", ".join(dict.fromkeys(filter(None, names))) or _string(context, "author")


def _date(entry: Mapping[str, Any], name: str) -> Dated | None:
    parsed = entry.get(f"{name}_parsed")
    return parse_date(_string(entry, name), parsed if isinstance(parsed, time.struct_time) else None)


def _as_html(value: str, content_type: str) -> str:
    return html.escape(value, quote=False) if content_type == "text/plain" else value


def _string(context: Mapping[str, Any], key: str) -> str:
    """A text element; a hostile document can make anything else of it."""
    value = context.get(key)
    return value if isinstance(value, str) else ""
