"""What a document tells of itself and its items, whatever its format: between reading and making entries."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.model import FeedInfo
from pipeline.parse.dates import Dated

CUT_OFF = "cut off"  # how the damage of a document begins that breaks off


@dataclass(frozen=True, slots=True)
class Item:
    """One item as published. ``summary`` and ``content`` are HTML, plain text in them is escaped."""

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


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document of a feed's format from which nothing could be read, and why."""

    reason: str
