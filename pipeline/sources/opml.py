"""The feeds of OPML lists, as other readers export them: files on disk, a folder of them, or an address on the web."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from pipeline.errors import ConfigError
from pipeline.files import read_file
from pipeline.model import Feed, FeedKind
from pipeline.sources.feed import Source as FeedSource
from pipeline.sources.feed import web_address, web_address_problem

_LARGEST = 16 * 1024 * 1024  # bytes; a list of 50,000 feeds takes about 10 MB
_MOST_CATEGORIES = 20
_LONGEST_TITLE = 500  # characters; a folder's are kept with each feed in it
_DEEPEST = 64  # nested outlines; people nest three
_MOST_FILES = 1000
_MOST_LISTED = 50_000  # feeds of a list on the web: what one watch is made for
_SHOWN = 20
# The two commonest faults of published lists: a bare & in an address (XML 1.0 4.1 knows five names, and numbers),
# and HTML in a description.
_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_ATTRIBUTE = re.compile(rb'="[^"]*"')


class Source(BaseModel):
    """A subscription list (OPML), kept in step: a file or a folder is read anew at each start and when it changes, a
    list on the web is polled like a feed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path | None = Field(
        None, description="OPML file, or a folder of *.opml files; relative to the configuration's folder"
    )
    url: str = Field(
        "",
        repr=False,
        description="instead of path: address of a list on the web; its feeds come and go with it",
        examples=["https://news.example.com/subscriptions.opml"],
    )
    publisher: str = Field("", description="who publishes them all, when entries do not say")
    language: str = Field("", description="BCP 47 tag of their entries, when they and the list do not say")
    tier: int = Field(
        3, ge=1, le=5, description="authority of them all, 1 (most) to 5 (least), as stored with the feeds"
    )
    tags: tuple[str, ...] = Field((), description="words to group them by; the list's own folders are added")

    @field_validator("path")
    @classmethod
    def _from_the_configuration(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        return path and Path((info.context or {}).get("directory", "")) / path

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        return web_address(url) if url else url

    @model_validator(mode="after")
    def _is_one_of_the_two(self) -> Self:
        if bool(self.path) == bool(self.url):
            raise ValueError("needs either 'path' (a file or folder) or 'url' (a list on the web)")
        return self

    def feeds(self) -> tuple[Feed, ...]:
        """The lists' feeds in order, each address once; of a list on the web the list, which is polled like a feed.

        Raises ConfigError for a list that cannot be used.
        """
        if self.url:
            return (self._list(),)
        feeds: dict[str, Feed] = {}
        for path in self._lists():
            for outline in read_opml(path):
                feed = self._feed(outline, path.name)
                feeds.setdefault(feed.url, feed)
        return tuple(feeds.values())

    def files(self) -> tuple[Path, ...]:
        """The lists that there are now; the folder or file itself when there is none."""
        try:
            return tuple(self._lists())
        except ConfigError:
            return (self.path,) if self.path else ()

    def _lists(self) -> list[Path]:
        if self.path is None:
            return []
        if not self.path.is_dir():
            return [self.path]
        try:
            files = sorted(path for path in self.path.iterdir() if path.suffix.lower() == ".opml")
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", where=str(self.path)) from error
        if not files:
            raise ConfigError("no *.opml file in this folder", where=str(self.path))
        if len(files) > _MOST_FILES:
            raise ConfigError(
                f"more than {_MOST_FILES} OPML files", where=str(self.path), remedy="name a smaller folder"
            )
        return files

    def _list(self) -> Feed:
        (feed,) = FeedSource(
            url=self.url, publisher=self.publisher, language=self.language, tier=self.tier, tags=self.tags
        ).feeds()
        return replace(feed, title=f"the list {urlsplit(feed.url).hostname}", kind=FeedKind.OPML, source="opml")

    def _feed(self, outline: Outline, list_name: str) -> Feed:
        (feed,) = FeedSource(
            url=outline.url,
            title=outline.title,
            publisher=self.publisher,
            language=self.language or outline.language,
            tier=self.tier,
            tags=tuple(dict.fromkeys((*self.tags, *outline.folders))),
        ).feeds()
        return replace(feed, source=f"opml:{list_name}")


@dataclass(frozen=True, slots=True)
class Outline:
    """One subscription of a list: OPML 2.0, "Subscription lists"."""

    url: str
    title: str = ""
    language: str = ""
    folders: tuple[str, ...] = ()
    line: int = 0


def read_opml(path: Path) -> tuple[Outline, ...]:
    """The subscriptions of one list, in order. Bare ampersands and angle brackets in attributes are repaired.

    Raises ConfigError for a file that cannot be read, is too large, is no OPML, declares entities, nests too deep,
    names no feed, or holds addresses that are not on the web: each of those with its line.
    """
    outlines = _parse(_bytes(path), path.name)
    if not outlines:
        raise ConfigError("no feed in this list (no outline with an xmlUrl)", where=path.name)
    bad = [f"line {one.line}: xmlUrl {problem}" for one in outlines if (problem := web_address_problem(one.url))]
    if bad:
        more = f"; and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        raise ConfigError("; ".join(bad[:_SHOWN]) + more, where=path.name, remedy="correct or remove these outlines")
    return outlines


def listed_feeds(data: bytes, of: Feed) -> tuple[tuple[Feed, ...], int]:
    """The feeds of a list that was polled, each once and with what the list's own table says, and how many outlines
    were left out since their address is none on the web or holds a login.

    Raises ConfigError as ``read_opml`` does, but not for single addresses.
    """
    name = urlsplit(of.url).hostname or "the list"
    outlines = _parse(data, name)
    if not outlines:
        raise ConfigError("no feed in this list (no outline with an xmlUrl)", where=name)
    feeds: dict[str, Feed] = {}
    left_out = 0
    for outline in outlines[:_MOST_LISTED]:
        if web_address_problem(outline.url) or "@" in urlsplit(outline.url).netloc:
            left_out += 1
            continue
        feed = replace(
            of,
            url=outline.url.partition("#")[0],
            title=outline.title,
            language=of.language or outline.language,
            tags=tuple(dict.fromkeys((*of.tags, *outline.folders))),
            headers=(),
            source=f"opml:{name}",
            kind=FeedKind.FEED,
            listed_by=of.url,
        )
        feeds.setdefault(feed.url, feed)
    return tuple(feeds.values()), left_out + max(len(outlines) - _MOST_LISTED, 0)


def write_opml(feeds: Sequence[Feed], *, title: str) -> str:
    """An OPML 2.0 list of these feeds that other readers import; their tags are its categories."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        f"  <head><title>{escape(title)}</title></head>",
    ]
    outlines = (
        {
            "type": "rss",
            "text": feed.title or feed.url,
            "title": feed.title,
            "xmlUrl": feed.url,
            "language": feed.language,
            "category": ",".join(tag.replace(",", " ") for tag in feed.tags),
        }
        for feed in feeds
    )
    for outline in outlines:
        told = " ".join(f"{key}={quoteattr(_sayable(value))}" for key, value in outline.items() if value)
        lines.append(f"    <outline {told}/>")
    return "\n".join([*lines[:3], "  <body>", *lines[3:], "  </body>", "</opml>", ""])


def _sayable(value: str) -> str:
    """Without the characters that XML 1.0 2.2 forbids."""
    return "".join(char for char in value if char.isprintable())


def _bytes(path: Path) -> bytes:
    try:
        data = read_file(path, _LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if len(data) > _LARGEST:
        raise ConfigError(f"larger than {_LARGEST // 2**20} MB", where=path.name, remedy="divide the list")
    return data


def _parse(data: bytes, name: str) -> tuple[Outline, ...]:
    try:
        return _read(data, name)
    except expat.ExpatError:
        pass
    try:
        return _read(_repaired(data), name)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise ConfigError(f"line {error.lineno}, column {error.offset + 1}: {what}", where=name) from error


def _read(data: bytes, name: str) -> tuple[Outline, ...]:
    reader = _Reader(name)
    try:
        reader.parser.Parse(data, True)
    except (LookupError, ValueError) as error:  # an encoding that Python does not know, or of several bytes a letter
        raise ConfigError("is in an encoding that cannot be read", where=name, remedy="save it as UTF-8") from error
    return tuple(reader.outlines)


def _repaired(data: bytes) -> bytes:
    whole = _BARE_AMPERSAND.sub(b"&amp;", data)
    return _ATTRIBUTE.sub(lambda attribute: attribute[0].replace(b"<", b"&lt;"), whole)


@dataclass(slots=True)
class _Reader:
    """Gathers outlines while expat walks the document; expat fetches nothing from outside by itself."""

    name: str
    outlines: list[Outline] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    root: str = ""
    parser: expat.XMLParserType = field(init=False)

    def __post_init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._entity

    def _entity(self, *_: object) -> None:
        # A list has no use for entities of its own; a bomb (a billion laughs) is made of nothing else.
        raise ConfigError("declares entities, which no subscription list needs", where=self.name, remedy="remove them")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.lower()
        self.root = self.root or tag
        if self.root != "opml":
            raise ConfigError("is not an OPML file", where=self.name, remedy='for a feed use [[feed]] url = "..."')
        if tag != "outline":
            return
        given = {key.lower(): value.strip() for key, value in attributes.items()}
        title = unescape(given.get("title") or given.get("text", ""))[:_LONGEST_TITLE]
        if given.get("xmlurl"):
            language = given.get("language", "")
            self.outlines.append(
                Outline(
                    _web(given["xmlurl"]),
                    title,
                    "" if language == "unknown" else language,  # the word that several readers export
                    (*(folder.lower() for folder in self.folders if folder), *_categories(given)),
                    self.parser.CurrentLineNumber,
                )
            )
        self.folders.append(title)
        if len(self.folders) > _DEEPEST:
            raise ConfigError(f"outlines nest deeper than {_DEEPEST}", where=self.name)

    def _end(self, tag: str) -> None:
        if tag.lower() == "outline":
            self.folders.pop()


def _categories(given: Mapping[str, str]) -> Iterator[str]:
    """OPML 2.0: a list of words with commas; a slash makes a path of one."""
    for category in given.get("category", "").split(",")[:_MOST_CATEGORIES]:
        if word := category.strip(" /").lower():
            yield word


def _web(url: str) -> str:
    """``feed:https://...`` and ``feed://...`` are what browsers once handed to readers."""
    if url.lower().startswith("feed://"):
        return "http://" + url[len("feed://") :]
    return url[len("feed:") :] if url.lower().startswith("feed:") else url
