"""XML, well-formed or not, to what feedparser makes of it: its strict parser, a repair, its forgiving parser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from xml.parsers.expat import ExpatError, errors
from xml.sax import SAXException, SAXParseException, make_parser
from xml.sax.handler import feature_external_ges, feature_namespaces
from xml.sax.xmlreader import AttributesNSImpl, InputSource

from feedparser.api import LooseFeedParser, StrictFeedParser

from pipeline.parse.items import CUT_OFF
from pipeline.parse.mistakes import mend

MAX_ATTRIBUTES = 200  # of one tag; feedparser's time grows with their square
MAX_DEPTH = 1000  # elements within each other
MAX_TAGS = 500_000  # of a document
MAX_LENGTH = 1_000_000  # characters; what is well-formed does not come here
MAX_SALVAGED = 1000  # items read one by one where the document as a whole cannot be read

_ITEM = re.compile(r"<(?:\w+:)?(?:item|entry)(?=[\s>])", re.IGNORECASE)
_ITEM_END = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_END = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)

_TOO_DEEP = -1  # our own code beside expat's
_CUT_SHORT = {
    errors.codes[errors.XML_ERROR_NO_ELEMENTS],
    errors.codes[errors.XML_ERROR_UNCLOSED_TOKEN],
    errors.codes[errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
    _TOO_DEEP,
}
_JUNK_BEHIND = errors.codes[errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]
_MENDABLE = {
    errors.codes[errors.XML_ERROR_INVALID_TOKEN],
    errors.codes[errors.XML_ERROR_UNDEFINED_ENTITY],
    errors.codes[errors.XML_ERROR_BAD_CHAR_REF],
}

# What feedparser's hand-written parsers raise on documents made to break them.
_PARSER_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Reading:
    """feedparser's dictionaries of a document; ``lost`` = it has items, and none of them could be read."""

    feed: Mapping[str, Any]
    entries: tuple[Mapping[str, Any], ...]
    version: str
    damage: str = ""
    lost: bool = False


class _AsPublished:
    """feedparser's element handlers, but guids stay as published, HTML as it came, and skipped hours are kept."""

    # A guid resolved against the feed's address would change when the feed moves.
    can_be_relative_uri = StrictFeedParser.can_be_relative_uri - {"id"}
    resolve_relative_uris = False
    sanitize_html = False

    def _start_hour(self: Any, attrs_d: Mapping[str, str]) -> None:
        self.push("hour", 0)

    def _end_hour(self: Any) -> None:
        self._keep("skip_hours", self.pop("hour"))

    def _start_day(self: Any, attrs_d: Mapping[str, str]) -> None:
        self.push("day", 0)

    def _end_day(self: Any) -> None:
        self._keep("skip_days", self.pop("day"))

    def _keep(self: Any, key: str, value: str | None) -> None:
        if value and not self.inentry:
            self.feeddata.setdefault(key, []).append(value)


class _Strict(_AsPublished, StrictFeedParser):  # type: ignore[misc] # feedparser ships no types
    """Well-formed XML."""

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:  # noqa: N802 - SAX names it
        if len(attrs) > MAX_ATTRIBUTES:
            attrs = AttributesNSImpl(dict(attrs.items()[:MAX_ATTRIBUTES]), {})
        if self.depth >= MAX_DEPTH:
            raise _fault(f"elements nested deeper than {MAX_DEPTH}", _TOO_DEEP)
        super().startElementNS(name, qname, attrs)


class _Loose(_AsPublished, LooseFeedParser):  # type: ignore[misc] # feedparser ships no types
    """Anything with angle brackets."""


def read(text: str, *, url: str) -> Reading:
    """The document that begins with the start tag of its root. Nothing but the text is read, nothing is raised.

    A document that was cut off keeps its whole items; in one that is not well-formed a mistake spoils its own item.
    ``url`` is the base of relative links.
    """
    if (tags := text.count("<")) > MAX_TAGS:
        return Reading({}, (), "", f"it has {tags} tags, more than {MAX_TAGS}", lost=True)
    cut = f"only its first {MAX_LENGTH} characters were read" if len(text) > MAX_LENGTH else ""
    text = text[:MAX_LENGTH]
    parser, damage = _read(text, url)
    damage = "; ".join(filter(None, (cut, damage)))
    lost = not parser.entries and _ITEM.search(text) is not None
    return Reading(parser.feeddata, tuple(parser.entries), parser.version, damage, lost)


def _read(text: str, url: str) -> tuple[Any, str]:
    """A parser that has read the document, and what was wrong with it."""
    parser, error = _read_strictly(text, url)
    if error is None:
        return parser, ""
    mended = ""
    if error.code in _MENDABLE:
        mended = f"mended: {error}"
        text = mend(text)
        parser, error = _read_strictly(text, url)
    if error is None:
        return parser, mended
    if error.code == _JUNK_BEHIND:
        return parser, f"{mended}{'; ' * bool(mended)}text behind the end was left out"
    if error.code in _CUT_SHORT:
        if parser.inentry:
            parser.entries.pop()
        return parser, f"{CUT_OFF}: {error}"
    return _read_what_can_be_read(text, url, str(error))


def _read_what_can_be_read(text: str, url: str, error: str) -> tuple[Any, str]:
    """The forgiving parser's reading of the document, or of its items one by one where that finds more of them."""
    parser, fault = _read_loosely(text, url)
    starts = [found.start() for found in _ITEM.finditer(text)]
    if len(starts) > len(parser.entries):
        salvaged = list(_read_one_by_one(text, starts[: MAX_SALVAGED + 1], url))
        if len(salvaged) > len(_telling(parser.entries)):
            # A mistake that swallowed items has usually spoilt the feed's own title and link too.
            parser, _ = _read_loosely(text[: starts[0]], url)
            parser.entries = salvaged
    return parser, f"not well-formed: {fault or error}"


def _read_strictly(text: str, url: str) -> tuple[Any, ExpatError | None]:
    parser = _Strict(url, None, "utf-8")
    # The document type is cut off before (sniff.py): there is no entity that expat could expand or load.
    reader = make_parser()  # noqa: S317
    reader.setFeature(feature_namespaces, True)
    reader.setFeature(feature_external_ges, False)
    reader.setContentHandler(parser)
    reader.setErrorHandler(parser)
    source = InputSource()
    source.setByteStream(BytesIO(text.encode()))
    try:
        reader.parse(source)
    except ExpatError as error:
        return parser, error
    except SAXParseException as error:
        cause = error.getException()
        return parser, cause if isinstance(cause, ExpatError) else _fault(str(error))
    except (SAXException, *_PARSER_FAULTS) as error:
        return parser, _fault(f"{type(error).__name__}: {error}")
    return parser, None


def _fault(message: str, code: int = 0) -> ExpatError:
    """What is wrong beside expat's own errors, told like them."""
    error = ExpatError(message)
    error.code = code
    return error


def _read_loosely(text: str, url: str) -> tuple[Any, str]:
    """The forgiving parser's reading; an item that a fault or the end of the document cut is left out."""
    parser = _Loose(url, None, "utf-8", {})
    # Where a prefix is never declared it means what it is called.
    parser.namespacemap.update({"rss": "", "atom": ""})
    fault = ""
    try:
        parser.feed(text)
    except _PARSER_FAULTS as error:
        fault = f"{type(error).__name__}: {error}"
    is_cut = parser.inentry and (fault or not _END.search(text, max(len(text) - 200, 0)))
    if is_cut and len(parser.entries) > 1:
        parser.entries.pop()
    return parser, fault


def _read_one_by_one(text: str, starts: list[int], url: str) -> Iterator[Any]:
    """Each item read as a document of its own."""
    root = text[: text.find(">") + 1]
    name = root[1:].split(None, 1)[0].rstrip(">")
    for start, stop in zip(starts, [*starts[1:], len(text)], strict=True):
        end = _ITEM_END.search(text, start, stop)
        if not end:
            continue
        alone = f"{root}{text[start : end.end()]}</{name}>"
        parser, error = _read_strictly(alone, url)
        if error is not None:
            parser, _ = _read_loosely(alone, url)
        yield from _telling(parser.entries)


def _telling(entries: list[Any]) -> list[Any]:
    """The entries that say anything."""
    return [entry for entry in entries if any(entry.get(key) for key in ("title", "link", "summary", "id"))]
