"""What a document tells of itself and its items, whatever its format: between reading and making entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.model import FeedInfo
from pipeline.parse.dates import Dated

CUT_OFF = "cut off"  # how the damage of a document begins that breaks off
HTML_TYPES = ("text/html", "application/xhtml+xml")
_PAGES = (*HTML_TYPES, "html", "xhtml")


class Link(NamedTuple):
    """A link of an entry, with its meaning and the type of what is there."""

    rel: str
    type: str
    href: str


class Item(NamedTuple):
    """One item as published. ``summary`` and ``content`` are HTML, plain text in them is escaped.

    A tuple, because a frozen dataclass takes five times as long to make and there is one for each entry.
    """

    guid: str = ""
    link: str = ""  # may still be relative, may be no web address
    original_link: str = ""  # what a feed service's redirecting link stands for
    title: str = ""
    title_is_markup: bool = False
    summary: str = ""
    content: str = ""
    author: str = ""
    source: str = ""  # the title of the feed it was taken from
    language: str = ""
    published: Dated | None = None
    updated: Dated | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """A whole document as published; ``damage`` says in words what was repaired or lost, "" = nothing."""

    info: FeedInfo
    items: tuple[Item, ...]
    author: str = ""  # of items that name none
    damage: str = ""
    is_cut: bool = False  # it breaks off


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document of a feed's format from which nothing could be read, and why."""

    reason: str


def alternate(links: Iterable[Link], link: str, guid: str, *, is_atom: bool) -> str:
    """The address of an entry's page: in Atom the first alternate, a page before other forms (RFC 4287 4.2.7.2).

    feedparser takes a guid for a link where there is none; we do where it is an address.
    """
    if is_atom:
        other = ""
        for one in links:
            if one.rel == "alternate" and one.href:
                if one.type in _PAGES:
                    return one.href
                other = other or one.href
        if other:
            return other
    return "" if link == guid and not link.startswith(("http://", "https://", "/")) else link
