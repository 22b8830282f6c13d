"""JSON Feed 1.0 and 1.1 to items, as forgiving as publishers are careless."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.model import FeedInfo, Hints
from pipeline.parse.dates import Dated, parse_date
from pipeline.parse.items import CUT_OFF, Channel, Item, Unreadable, alternate

_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/(\d+(?:\.\d+)?)", re.IGNORECASE)
_ITEMS = re.compile(r"\"items\"\s*:\s*\[\s*")
_BETWEEN = re.compile(r"\s*,\s*")
# Lone surrogates (JSON can escape them, nothing can store them) and control characters.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


_DECODER = json.JSONDecoder(strict=False)  # control characters in strings are a mistake that hurts nobody


class NotAFeed(Unreadable):
    """JSON of another kind, and which."""


def read_json(text: str) -> Channel | Unreadable:
    """The items of a JSON Feed; ids and titles may be numbers or null, what is no item is left out."""
    damage = ""
    try:
        data = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of more digits than Python reads
        damage = f"broken JSON: {type(error).__name__}: {error}"
        data = _whole_items(text)
    if not isinstance(data, dict) or not _is_feed(data):
        return NotAFeed(damage or _describe(data))
    version = _VERSION.match(_text(data.get("version")))
    listed = data.get("items")
    if not isinstance(listed, list):
        return Unreadable("its items are no list")
    if damage and not listed:
        return Unreadable(damage)
    items = tuple(_item(item) for item in listed if isinstance(item, dict))
    lost = len(listed) - len(items)
    info = FeedInfo(
        title=html.escape(_text(data.get("title")), quote=False),
        link=_text(data.get("home_page_url")),
        language=_text(data.get("language")),
        format="json10" if version and version[1] in ("1", "1.0") else "json11",
        hints=Hints(expired=data.get("expired") is True),
    )
    odd = f"{lost} of its items are no objects" if lost else ""
    return Channel(
        info, items, author=_author(data), damage="; ".join(filter(None, (damage and f"{CUT_OFF}: {damage}", odd)))
    )


def _whole_items(text: str) -> object:
    """What can be read of a document that is broken or cut off: its head, and its items up to the break."""
    opening = _ITEMS.search(text)
    if not opening:
        return None
    try:
        head = _DECODER.decode(text[: opening.end()] + "]}")
    except (ValueError, RecursionError):
        return None
    return {**head, "items": list(_each_item(text, opening.end()))}


def _each_item(text: str, position: int) -> Iterator[object]:
    while True:
        try:
            item, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            return
        yield item
        comma = _BETWEEN.match(text, position)
        if not comma:
            return
        position = comma.end()


def _is_feed(data: Mapping[str, Any]) -> bool:
    """It says so, or it looks like one: a list of items that have ids and content."""
    if _VERSION.match(_text(data.get("version"))):
        return True
    items = data.get("items")
    first = items[0] if isinstance(items, list) and items else None
    return isinstance(first, dict) and bool({"content_html", "content_text", "date_published"} & first.keys())


def _describe(data: object) -> str:
    """JSON that is no feed; APIs tell errors in a few usual fields."""
    if isinstance(data, dict):
        error = data.get("error") or data.get("errors") or data.get("message") or data.get("detail")
        if isinstance(error, dict):
            error = error.get("message") or error.get("code")
        if isinstance(error, (str, int)) and str(error).strip():
            return f"a JSON error: {_text(error)[:200]}"
    return "JSON that is no feed"


def _item(item: Mapping[str, Any]) -> Item:
    published, updated = _date(item, "date_published"), _date(item, "date_modified")
    guid = _text(item.get("id"))
    content = _text(item.get("content_html")) or html.escape(_text(item.get("content_text")), quote=False)
    return Item(
        guid=guid,
        link=_text(item.get("url")) or _text(item.get("external_url")) or alternate((), guid, guid, is_atom=False),
        title=_text(item.get("title")),
        summary=html.escape(_text(item.get("summary")), quote=False),
        content=content,
        author=_author(item),
        language=_text(item.get("language")),
        published=published or updated,
        updated=updated,
    )


def _author(owner: Mapping[str, Any]) -> str:
    """``authors`` (1.1) or ``author`` (1.0): names."""
    listed = owner.get("authors")
    people = listed if isinstance(listed, list) else [owner.get("author")]
    names = [_text(person.get("name")) if isinstance(person, dict) else _text(person) for person in people]
    return ", ".join(dict.fromkeys(filter(None, names)))


def _date(item: Mapping[str, Any], name: str) -> Dated | None:
    return parse_date(_text(item.get(name)))


def _text(value: object) -> str:
    """A string, or a number as one; all else is nothing."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _UNSTORABLE.sub("", str(value))
