"""Alerts as feeds: for each rule an Atom and a JSON Feed file, for feed readers and for whoever serves a folder."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5
from xml.etree import ElementTree

import structlog
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from pipeline.alert.escaping import plain
from pipeline.alert.options import LocalPath, Templates, template_concerns, template_files
from pipeline.alert.payload import web_link
from pipeline.alert.render import Medium, Messages
from pipeline.alert.rules import TESTS, WARNINGS
from pipeline.files import read_file
from pipeline.keys import digest
from pipeline.model import Alert, SendFailed, SendResult, Sent

log = structlog.get_logger()

_ATOM = "http://www.w3.org/2005/Atom"  # RFC 4287
_JSON_FEED = "https://jsonfeed.org/version/1.1"
_IDS = UUID("6f0c8a52-6a0d-5b0e-9d0e-2f6f1d1c7b11")  # ours; with a name it makes the same id for ever (RFC 9562 5.5)
_LARGEST = 64 * 1024 * 1024  # bytes; a thousand items take some 5 MB
_LONGEST_NAME = 100  # bytes of a file's name, before its ending
_UNSAFE_IN_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 2.2


class Channel(BaseModel):
    """Writes `<rule>.atom` and `<rule>.json`, newest first; a program or a web server shows them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    directory: LocalPath = Field(
        description="Folder of the feeds, made when it is not there; relative to the configuration's folder.",
        examples=["feeds"],
    )
    keep: int = Field(100, ge=1, le=1000, description="Items a feed has; older ones leave it.")
    url: str = Field(
        "",
        description="Where a web server shows the folder: the feeds then tell their own addresses.",
        examples=["https://news.example.com/feeds/"],
    )
    templates: Templates = None
    _messages: Messages = PrivateAttr(default_factory=Messages)

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        if url and not web_link(url):
            raise ValueError("must be an http:// or https:// address")
        return url and f"{url.rstrip('/')}/"

    def model_post_init(self, context: Any, /) -> None:
        """The messages are those of the folder of templates."""
        self._messages = Messages(self.templates)

    def send(self, alert: Alert) -> SendResult:
        """Adds the alert to the feeds of its rules, once however often it is sent; a digest adds its stories."""
        try:
            with self._locked():
                for name, items in self._items(alert.payload).items():
                    self._write(name, items)
        except OSError as error:
            return SendFailed(f"{self.directory.name} cannot be written: {error.strerror}")
        return Sent()

    def receiver(self) -> str:
        """The folder, by whichever way it is named."""
        return os.path.realpath(self.directory)

    def probe(self) -> str:
        """Why it cannot be written to; nothing is made or written."""
        target = self.directory if self.directory.exists() else self.directory.parent
        if not target.is_dir():
            return f"there is no folder {target}"
        return "" if os.access(target, os.W_OK) else f"{target} cannot be written"

    def concerns(self) -> Iterator[tuple[str, str]]:
        """What is unwise in the templates."""
        yield from template_concerns(self.templates)

    def files(self) -> Iterable[Path]:
        """The templates, so that a change of one is noticed."""
        return template_files(self.templates)

    def close(self) -> None:
        """Nothing stays open."""

    # ----------------------------------------------------------------------- items

    def _items(self, payload: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
        """The items by the name of their feed."""
        told = payload.get("items", ()) if payload.get("type") == "digest" else (payload,)
        feeds: dict[str, list[dict[str, Any]]] = {}
        for one in told:
            for name in _feeds_of(one):
                feeds.setdefault(name, []).append(self._item(one, str(payload.get("created_at", ""))))
        return feeds

    def _item(self, payload: Mapping[str, Any], now: str) -> dict[str, Any]:
        # JSON Feed wants a text of each item, also of one that is all title.
        content = self._messages.body(payload, Medium.PART, titled=True) or self._messages.body(payload, Medium.PART)
        item = {
            "id": _id("alert", str(payload.get("id", ""))),
            "url": web_link(str(payload.get("url", ""))),
            "title": self._messages.title(payload),
            "content_html": content,
            "date_published": str(payload.get("published_at") or payload.get("created_at") or now),
            "date_modified": str(payload.get("created_at") or now),
            "authors": [{"name": plain(payload["publisher"])}] if payload.get("publisher") else [],
            "tags": [plain(company.get("name", "")) for company in payload.get("companies", ())],
        }
        return {key: value for key, value in item.items() if value}

    # ----------------------------------------------------------------------- files

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two processes must not both add to what both have read."""
        self.directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _write(self, name: str, items: Sequence[dict[str, Any]]) -> None:
        file = self.directory / _file_name(name)
        kept = {item["id"]: item for item in (*self._remembered(file), *items)}
        newest = sorted(kept.values(), key=lambda item: str(item.get("date_modified", "")), reverse=True)[: self.keep]
        feed = self._feed(name, newest)
        # The JSON last: it is the memory, and an alert that stands in it stands in both.
        _replace(file.with_name(f"{file.name}.atom"), _atom(feed, self._address(file.name, "atom")))
        _replace(
            file.with_name(f"{file.name}.json"),
            json.dumps(feed, ensure_ascii=False, indent=1).encode("utf-8", "replace"),
        )

    def _feed(self, name: str, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
        address = self._address(_file_name(name), "json")
        return {
            "version": _JSON_FEED,
            "title": f"Newsward: {name}",
            **({"feed_url": address} if address else {}),
            "authors": [{"name": "Newsward"}],
            "_newsward": {"about": "Alerts of Newsward", "id": _id("feed", name)},
            "items": [*items],
        }

    def _address(self, file: str, ending: str) -> str:
        return f"{self.url}{quote(file)}.{ending}" if self.url else ""

    def _remembered(self, file: Path) -> list[dict[str, Any]]:
        """The items that the JSON file has; one that is broken is set aside, which is told, and a new one begun."""
        path = file.with_name(f"{file.name}.json")
        try:
            items = json.loads(read_file(path, _LARGEST))["items"]
            if all(isinstance(item["id"], str) and isinstance(item["date_modified"], str) for item in items):
                return list(items)
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        aside = _free(path)
        path.rename(aside)
        log.error("feed_file_set_aside", file=str(path), aside=aside.name)
        return []


def _feeds_of(payload: Mapping[str, Any]) -> Iterable[str]:
    if payload.get("test"):
        return (TESTS,)
    return payload.get("rules") or (WARNINGS,)


def _file_name(name: str) -> str:
    """The rule's name where a file can have it; else as much of it as can be, and what tells it from others."""
    safe = _UNSAFE_IN_NAME.sub("-", name).strip(" .")
    short = safe.encode("utf-8", "replace")[:_LONGEST_NAME].decode("utf-8", "ignore")
    return name if short == name else f"{short}-{digest('feed', name)[:8]}"


def _free(path: Path) -> Path:
    """A name beside the file that nothing has yet."""
    number = 1
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    return aside


def _id(*parts: str) -> str:
    return uuid5(_IDS, "\n".join(parts)).urn


def _replace(path: Path, data: bytes) -> None:
    """The file is the old or the new one, whole, at any moment and after any crash."""
    made = path.with_name(f".{path.name}.new")
    with made.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)


# --------------------------------------------------------------------------- Atom


def _atom(feed: Mapping[str, Any], address: str) -> bytes:
    """The feed as RFC 4287 has it."""
    root = ElementTree.Element("feed", {"xmlns": _ATOM})
    _text(root, "id", feed["_newsward"]["id"])
    _text(root, "title", feed["title"])
    _text(root, "updated", max(item["date_modified"] for item in feed["items"]))
    _text(ElementTree.SubElement(root, "author"), "name", "Newsward")
    if address:
        ElementTree.SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": address})
    for item in feed["items"]:
        _entry(root, item)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _entry(root: ElementTree.Element, item: Mapping[str, Any]) -> None:
    entry = ElementTree.SubElement(root, "entry")
    _text(entry, "id", item["id"])
    _text(entry, "title", item.get("title", ""))
    _text(entry, "updated", item["date_modified"])
    _text(entry, "published", item.get("date_published", item["date_modified"]))
    if item.get("url"):
        ElementTree.SubElement(entry, "link", {"rel": "alternate", "href": _NOT_XML.sub("", item["url"])})
    for author in item.get("authors", ()):
        _text(ElementTree.SubElement(entry, "author"), "name", author["name"])
    for tag in item.get("tags", ()):
        ElementTree.SubElement(entry, "category", {"term": _NOT_XML.sub("\ufffd", tag)})
    _text(entry, "content", item.get("content_html", "")).set("type", "html")


def _text(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name)
    element.text = _NOT_XML.sub("\ufffd", text)
    return element
