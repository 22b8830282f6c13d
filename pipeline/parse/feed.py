"""A body to a document: RSS, RDF, Atom, CDF and JSON Feed, or what else it turned out to be."""

from __future__ import annotations

from dataclasses import replace

from pipeline.model import Document, ErrorKind, Feed, FetchFailed
from pipeline.parse.encoding import Text, decode, plain_utf8
from pipeline.parse.entries import MAX_ENTRIES, make_entries, make_info
from pipeline.parse.items import CUT_OFF, Channel, Unreadable
from pipeline.parse.jsonfeed import NotAFeed, read_json
from pipeline.parse.sniff import Kind, Sniffed, describe_page, feed_links, sniff
from pipeline.parse.xmlfeed import read_well_formed, read_xml

_SOURCES = {Kind.SITEMAP: "sitemap", Kind.OPML: "opml"}
_SHORT = 256 * 1024  # bytes; seven of eight feeds are shorter
_HEAD = 16 * 1024  # bytes in which the root of a sound document begins


def parse(body: bytes, *, feed: Feed, url: str, content_type: str = "") -> Document | FetchFailed:
    """The document in a body that ``url`` answered with, or why it is none (then the caller adds its answer).

    Never raises for what stands in the body, reads no file and asks no network. The format is told by the content:
    ``content_type`` is asked for the charset only. A feed without items is a document without entries.
    """
    channel = read(body, url=url, content_type=content_type, language=feed.language)
    return channel if isinstance(channel, FetchFailed) else _document(channel, feed=feed, url=url)


def parse_at_once(body: bytes, *, feed: Feed, url: str, content_type: str = "") -> Document | None:
    """What ``parse`` makes of a short body that is UTF-8 and well-formed, as nearly all are, in some milliseconds; None
    for any other.
    """
    channel = _read_at_once(body, url, content_type) if len(body) <= _SHORT else None
    return _document(channel, feed=feed, url=url) if channel else None


def _document(channel: Channel, *, feed: Feed, url: str) -> Document:
    info = make_info(channel.info, url=url)
    entries = make_entries(channel, info, feed=feed, url=url)
    left_out = len(channel.items) - MAX_ENTRIES
    cap = f"{left_out} older entries beyond {MAX_ENTRIES} were left out" if left_out > 0 else ""
    return Document(info, entries, "; ".join(filter(None, (channel.damage, cap))), is_cut=channel.is_cut)


def read(body: bytes, *, url: str = "", content_type: str = "", language: str = "") -> Channel | FetchFailed:
    """What a body says as it says it, or why it is no feed: ``parse`` before anything is made of it."""
    if not body or body.isspace():
        return FetchFailed(
            ErrorKind.EMPTY, "an empty document" if not body else "a document of nothing but white space"
        )
    if sound := _read_at_once(body, url, content_type):
        return sound
    decoded = decode(body, content_type=content_type, language=language)
    if not decoded.text or decoded.text.isspace():
        return FetchFailed(ErrorKind.EMPTY, "a document of nothing but white space and control characters")
    sniffed = sniff(decoded.text)
    channel = _read(decoded, sniffed, url)
    if isinstance(channel, FetchFailed):
        return channel
    damage = "; ".join(filter(None, (decoded.damage, sniffed.damage, channel.damage)))
    return replace(channel, damage=damage, is_cut=channel.damage.startswith(CUT_OFF))


def _read_at_once(body: bytes, url: str, content_type: str) -> Channel | None:
    """The document if it is UTF-8 and well-formed, as nearly all are; None for what must be looked at closely."""
    utf8 = plain_utf8(body, content_type)
    if utf8 is None:
        return None
    head = utf8[:_HEAD].decode("utf-8", "ignore")
    sniffed = sniff(head)
    if sniffed.kind is not Kind.XML_FEED or sniffed.damage or not head[: sniffed.start].isascii():
        return None
    return read_well_formed(utf8[sniffed.start :], url=url, netscape=sniffed.netscape)


def _read(decoded: Text, sniffed: Sniffed, url: str) -> Channel | FetchFailed:
    text = decoded.text[sniffed.start :]
    match sniffed.kind:
        case Kind.XML_FEED:
            read = read_xml(text, url=url, netscape=sniffed.netscape)
        case Kind.JSON:
            read = read_json(text)
        case Kind.HTML:
            reason = f"no feed but {describe_page(decoded.text, url)}"
            return FetchFailed(ErrorKind.NOT_A_FEED, reason, announced=feed_links(decoded.text, url))
        case Kind.XML:
            return FetchFailed(ErrorKind.NOT_A_FEED, f"no feed but XML whose root is <{sniffed.root}>")
        case kind:
            own = f' (a [[source]] of kind = "{_SOURCES[kind]}" reads it)' if kind in _SOURCES else ""
            return FetchFailed(ErrorKind.NOT_A_FEED, f"no feed but {kind}{own}")
    if isinstance(read, NotAFeed):
        return FetchFailed(ErrorKind.NOT_A_FEED, f"no feed but {read.reason}")
    if isinstance(read, Unreadable):
        return FetchFailed(ErrorKind.MALFORMED, f"a feed of which no entry could be read: {read.reason}")
    return read
