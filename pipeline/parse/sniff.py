"""What a document is, and where the feed in it begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from html import unescape
from urllib.parse import urljoin

_SEARCHED = 64 * 1024  # characters in which a feed must have begun, and a page tells what it is
_MAX_LINKS = 10


class Kind(StrEnum):
    """Families of documents; the value is the word for the person who must act."""

    XML_FEED = "a feed"
    JSON = "JSON"
    HTML = "an HTML page"
    SITEMAP = "a sitemap"
    OPML = "an OPML list of feeds"
    XML = "XML that is no feed"
    TEXT = "plain text"
    BINARY = "binary data"


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A document's kind; ``start`` is where its root element (or its JSON) begins."""

    kind: Kind
    start: int = 0
    root: str = ""
    damage: str = ""
    netscape: bool = False  # Netscape's document type: RSS 0.91, whatever else it says


_ROOT = re.compile(r"<([A-Za-z_][\w.:-]{0,60})")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.IGNORECASE | re.DOTALL)
_FEED_ROOT = re.compile(r"<(?:\w+:)?(?:rss|feed|rdf)(?=[\s>])", re.IGNORECASE)
_ROOTS = {
    "rss": Kind.XML_FEED,
    "feed": Kind.XML_FEED,
    "rdf": Kind.XML_FEED,
    "channel": Kind.XML_FEED,  # CDF, and RSS whose root was forgotten
    "html": Kind.HTML,
    "urlset": Kind.SITEMAP,
    "sitemapindex": Kind.SITEMAP,
    "opml": Kind.OPML,
}
_HTML_TAG = re.compile(
    r"<(?:html|head|body|title|meta|div|p|h[1-6]|table|form|script|style|img|a|br|b|ul|span|article|section|main|center|iframe)\b",
    re.IGNORECASE,
)


def sniff(text: str) -> Sniffed:
    """What the text is, by its root element and not by what a server calls it. Linear in time."""
    indent = _skip_space(text, 0)
    if text[indent : indent + 1] in ("{", "["):
        return Sniffed(Kind.JSON, indent)
    start, doctype = _root_start(text, indent)
    root = _ROOT.match(text, start)
    name = root[1].lower() if root else ""
    kind = _ROOTS.get(name.rpartition(":")[2])
    if kind is Kind.XML_FEED:
        return Sniffed(kind, start, name, netscape="netscape" in doctype.lower())
    if kind is None and (found := _FEED_ROOT.search(text, 0, _SEARCHED)):
        return Sniffed(Kind.XML_FEED, found.start(), damage="text before its beginning was left out")
    if kind is None:
        kind = _kind_of_rest(text[:_SEARCHED], doctype, name)
    return Sniffed(kind, start, name)


def _kind_of_rest(head: str, doctype: str, root: str) -> Kind:
    if doctype[:14].lower() == "<!doctype html" or _HTML_TAG.search(head):
        return Kind.HTML
    if root:
        return Kind.XML
    return Kind.BINARY if head.count("\ufffd") * 10 > len(head) else Kind.TEXT


def _root_start(text: str, start: int) -> tuple[int, str]:
    """Where the first element begins, behind declarations, comments and the document type; and that type.

    Entities go with the document type: none is declared, so none can be expanded or loaded.
    """
    doctype = ""
    while True:
        start = _skip_space(text, start)
        if text.startswith("<?", start):
            end = text.find(">", start)
        elif text.startswith("<!--", start):
            end = text.find("-->", start)
            end = end + 2 if end >= 0 else end
        elif found := _DOCTYPE.match(text, start):
            doctype = doctype or found[0][:400]
            end = found.end() - 1
        else:
            return start, doctype
        if end < 0:
            return start, doctype
        start = end + 1


def _skip_space(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start


# --------------------------------------------------------------------------- HTML pages

_LINK = re.compile(r"<(link|base)\b((?:\"[^\"<]*+\"|'[^'<]*+'|[^<>\"'])*+)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-z-]{1,20})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_FEED_TYPES = re.compile(r"application/(?:(?:rss|atom|rdf)\+xml|(?:feed\+)?json)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]{0,300})", re.IGNORECASE)
_REFRESH = re.compile(
    r"http-equiv\s*=\s*[\"']?refresh\b[^<>]{0,200}?url\s*=\s*[\"']?([^\"'<>\s]{1,300})", re.IGNORECASE
)

# What pages that stand in for a feed say, in words of their own. The first that fits names the page.
_PAGES = (
    (
        "a challenge page that asks for a browser",
        re.compile(
            r"cf-wrapper|cf-chl|challenge-platform|just a moment\.\.\.|checking your browser|ddos-guard|_incapsula_"
            r"|captcha|attention required!|are you a robot|verify you are human|enable javascript and cookies",
            re.IGNORECASE,
        ),
    ),
    (
        "a consent page",
        re.compile(
            r"before you continue|cookie ?wall|consent\.[a-z]|accept (?:all )?cookies|zustimmen und weiter",
            re.IGNORECASE,
        ),
    ),
    (
        "a page that reports an error",
        re.compile(r"<title[^<>]*>[^<]{0,60}(?:[45]0\d|not found|error|forbidden|unavailable)", re.IGNORECASE),
    ),
    ("a login page", re.compile(r"type\s*=\s*[\"']?password", re.IGNORECASE)),
)


def feed_links(page: str, url: str) -> tuple[str, ...]:
    """The feeds that an HTML page announces (rel=alternate), absolute, in its order, at most ten."""
    base = url
    links: dict[str, None] = {}
    for found in _LINK.finditer(page[: 4 * _SEARCHED]):
        attributes = {
            name.lower(): unescape(double or single or bare)
            for name, double, single, bare in _ATTRIBUTE.findall(found[2][:4000])
        }
        target = _join(base, attributes.get("href", ""))
        if found[1].lower() == "base":
            base = target or base
        elif _announces_feed(attributes) and target:
            links[target] = None
    return tuple(links)[:_MAX_LINKS]


def describe_page(page: str, url: str) -> str:
    """What an HTML page is, and where it says the feed is, in one line."""
    head = page[:_SEARCHED]
    words = next((words for words, pattern in _PAGES if pattern.search(head)), str(Kind.HTML))
    title = _TITLE.search(head)
    name = " ".join(unescape(title[1]).split())[:100] if title else ""
    told = f'{words} ("{name}")' if name else words
    if links := feed_links(page, url):
        return f"{told}; it announces {', '.join(links)}"
    if refresh := _REFRESH.search(head):
        return f"{told}; it leads on to {_join(url, unescape(refresh[1]))}"
    return told


def _announces_feed(attributes: dict[str, str]) -> bool:
    is_alternate = "alternate" in attributes.get("rel", "").lower().split()
    return is_alternate and _FEED_TYPES.match(attributes.get("type", "").strip()) is not None


def _join(base: str, reference: str) -> str:
    """An absolute web address, "" if it is none."""
    try:
        target = urljoin(base, reference.strip()) if reference.strip() else ""
    except ValueError:
        return ""
    return target if target.lower().startswith(("http://", "https://")) else ""
