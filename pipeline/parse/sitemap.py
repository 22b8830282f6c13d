"""News sitemaps to items, and indexes of sitemaps to the newest of them.

sitemaps.org 0.9, and Google's ``news:`` namespace. Read by lxml, with a repair for what is not well-formed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from lxml import etree

from pipeline.model import Document, ErrorKind, Feed, FeedInfo, FeedKind, FetchFailed
from pipeline.parse.dates import parse_date
from pipeline.parse.encoding import decode
from pipeline.parse.entries import MAX_ENTRIES, absolute_url, make_entries, make_info
from pipeline.parse.items import CUT_OFF, Channel, Item
from pipeline.parse.sniff import Kind, sniff
from pipeline.urls import registrable_domain

MAX_SITEMAPS = 10  # of one index: the newest; the others are archives
_RECENT = timedelta(days=3)  # a news sitemap holds two days (Google: "Create a News sitemap")
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_FORMAT = "sitemap"
_END = re.compile(r"</(?:\w+:)?(?:urlset|sitemapindex)\s*>", re.IGNORECASE)
_TAIL = 200  # characters in which the end of the document must stand


@dataclass(frozen=True, slots=True)
class _Listed:
    """One sitemap of an index."""

    url: str
    at: datetime | None


def parse_sitemap(body: bytes, *, feed: Feed, url: str, content_type: str = "") -> Document | FetchFailed:
    """The news in a sitemap as entries, or the newest sitemaps of an index as feeds; or why there is neither.

    Never raises for what stands in the body, loads nothing from elsewhere, and expands no entity. Only what the site
    itself calls news (``news:news`` with a title) becomes an entry. An index within an index is not followed.
    """
    decoded = decode(body, content_type=content_type, language=feed.language)
    sniffed = sniff(decoded.text)
    if sniffed.kind is not Kind.SITEMAP:
        return FetchFailed(ErrorKind.NOT_A_FEED, f"no sitemap but {sniffed.kind}")
    root, damage = _root(decoded.text[sniffed.start :])
    if root is None:
        return FetchFailed(ErrorKind.MALFORMED, f"a sitemap that cannot be read: {damage}")
    damage = "; ".join(filter(None, (decoded.damage, sniffed.damage, damage)))
    if _name(root) == "sitemapindex":
        return _index(root, feed, url, damage)
    return _news(root, feed, url, damage)


def _root(text: str) -> tuple[etree._Element | None, str]:
    """The document as far as it can be read, and what was wrong with it. Its document type is cut off before."""
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        return None, str(error)
    faults = parser.error_log
    if not len(faults):
        return root, ""
    what = "not well-formed" if _END.search(text, max(len(text) - _TAIL, 0)) else CUT_OFF
    return root, f"{what}: {faults[0].message}, line {faults[0].line}"


# --------------------------------------------------------------------------- news


def _news(root: etree._Element, feed: Feed, url: str, damage: str) -> Document | FetchFailed:
    items = tuple(_items(root))
    if not items and len(root):
        if damage:
            return FetchFailed(ErrorKind.MALFORMED, f"a sitemap of which no news could be read: {damage}")
        return FetchFailed(ErrorKind.NOT_A_FEED, "a sitemap without news: no address in it has a news:title")
    info = make_info(FeedInfo(title=feed.title, format=_FORMAT), url=url)
    entries = make_entries(Channel(info, items), info, feed=feed, url=url)
    left_out = len(items) - MAX_ENTRIES
    cap = f"{left_out} older entries beyond {MAX_ENTRIES} were left out" if left_out > 0 else ""
    return Document(info, entries, "; ".join(filter(None, (damage, cap))), is_cut=CUT_OFF in damage)


def _items(root: etree._Element) -> Iterator[Item]:
    for element in root:
        if _name(element) != "url":
            continue
        news = _child(element, "news")
        if news is None or not (title := _text(news, "title")):
            continue
        publication = _child(news, "publication")
        date = _text(news, "publication_date")
        yield Item(
            link=_text(element, "loc"),
            title=title,
            source=_text(publication, "name") if publication is not None else "",
            language=_text(publication, "language") if publication is not None else "",
            published=parse_date(date, None) if date else None,
        )


# --------------------------------------------------------------------------- indexes


def _index(root: etree._Element, feed: Feed, url: str, damage: str) -> Document | FetchFailed:
    if feed.listed_by:
        return FetchFailed(ErrorKind.NOT_A_FEED, "an index of sitemaps within an index: it is not followed")
    chosen = _newest(list(_listed(root, url)))
    if not chosen:
        return FetchFailed(ErrorKind.NOT_A_FEED, "an index that names no sitemap of its own site")
    source = f"sitemap:{urlsplit(url).hostname}"
    feeds = tuple(
        replace(feed, url=one.url, title="", headers=(), source=source, kind=FeedKind.SITEMAP, listed_by=feed.url)
        for one in chosen
    )
    return Document(
        FeedInfo(title=feed.title, format="sitemap index"), (), damage, is_cut=CUT_OFF in damage, feeds=feeds
    )


def _listed(root: etree._Element, url: str) -> Iterator[_Listed]:
    """The sitemaps of the same site: an index of other sites' is none that anybody meant to follow."""
    site = registrable_domain(url)
    for element in root:
        address = absolute_url(url, _text(element, "loc")) if _name(element) == "sitemap" else ""
        if address and registrable_domain(address) == site:
            date = parse_date(_text(element, "lastmod"), None)
            yield _Listed(address.partition("#")[0], date.moment if date else None)


def _newest(listed: list[_Listed]) -> list[_Listed]:
    """Those that say news in their address, if any does; of them what changed in the newest three days, or does not
    say; at most ten, the newest first.
    """
    news = [one for one in listed if "news" in urlsplit(one.url).path.lower()] or listed
    latest = max((one.at for one in news if one.at), default=None)
    recent = [one for one in news if one.at is None or (latest and latest - one.at <= _RECENT)]
    ranked = sorted({one.url: one for one in recent}.values(), key=lambda one: one.at or _BEGINNING, reverse=True)
    return ranked[:MAX_SITEMAPS]


# --------------------------------------------------------------------------- elements


def _name(element: etree._Element) -> str:
    """The local name in lower case; "" for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next((child for child in element if _name(child) == name), None)


def _text(element: etree._Element, name: str) -> str:
    child = _child(element, name)
    return (child.text or "").strip() if child is not None else ""
