"""Well-formed RSS, RDF and Atom to items: what feedparser's handlers make of each element, at a twentieth of the cost.

feedparser is the referee: each rule here is one of its handlers (``feedparser/mixin.py`` and ``namespaces/``), and
``bench/parse.py`` lists every entry on which the two do not agree. What is too rare to be worth a rule raises
``Unusual``, and feedparser itself reads the document.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urljoin

from feedparser.api import StrictFeedParser
from feedparser.datetimes import _parse_date as feedparsers_date
from lxml import etree

from pipeline.model import FeedInfo
from pipeline.parse.dates import Dated, parse_date
from pipeline.parse.hints import read_hints
from pipeline.parse.items import HTML_TYPES, Channel, Item, Link, alternate
from pipeline.parse.markup import undo_c1


def _parser(*, recover: bool) -> etree.XMLParser:
    """No entity is known to it (the document type was cut off before), nothing is loaded, and libxml2's bounds hold."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )


_PARSER, _FORGIVING_PARSER = _parser(recover=False), _parser(recover=True)
_NAMESPACES: Mapping[str, str] = {uri.lower(): prefix for uri, prefix in StrictFeedParser.namespaces.items()}
_RSS_VERSIONS = {"0.91": "rss091u", "0.92": "rss092", "0.93": "rss093", "0.94": "rss094"}
_ATOM_VERSIONS = {"0.1": "atom01", "0.2": "atom02", "0.3": "atom03"}
_FORMATS = {"http://purl.org/rss/1.0/": "rss10", "http://www.w3.org/2005/atom": "atom10"}
_TYPES = {"text": "text/plain", "plain": "text/plain", "html": "text/html", "xhtml": "application/xhtml+xml"}
_XHTML = "application/xhtml+xml"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"

_MAX_ATTRIBUTES = 200
_FEW_ATTRIBUTES = 8
_MAX_LOOKED_AT = 20  # children of a root that may tell the format: each is asked for all namespaces known to it
_MAX_DEPTH = 64  # elements within each other that are looked at; nothing of a feed stands deeper

_XHTML_DECLARED = ' xmlns="http://www.w3.org/1999/xhtml"'
_TAG = re.compile(r"<[^<>]*")
_DECLARED = re.compile(r" xmlns(?::[\w.-]+)?=\"[^\"]*\"")
_PREFIXED = re.compile(r"(</?)[\w.-]+:(?=[\w.-])")
_LONE_DIV = re.compile(r"<div(?:\s[^<>]*)?>(.*)</div>", re.DOTALL)
_DIV = re.compile(r"<(/?)div\b[^<>]*?(/?)>")
_STRAY_REFERENCE = re.compile(r"&([A-Za-z0-9_]+);")
_SLASHES = re.compile(r"^([A-Za-z][A-Za-z0-9+-.]*://)/+")
# RFC 5321 4.5.3.1.1: 64 letters before the "@"; without a bound, a long text would be read from each of its letters.
_EMAIL = re.compile(
    r"[\w.+-]{1,64}@(?:\[(?:\d{1,3}\.){3}|(?:[A-Za-z0-9-]+\.)+)(?:[A-Za-z]{2,4}|\d{1,3})\]?(?:\?subject=\S+)?"
)

UNBOUND = "urn:unbound"  # the namespace of prefixes that a document does not declare: they mean what they are called


class Unusual(Exception):
    """The document holds what only feedparser knows how to read."""


@dataclass(slots=True)
class _Person:
    name: str = ""
    email: str = ""


@dataclass(slots=True)
class _Context:
    """What was read so far of the feed or of an entry; ``depths`` tells how deep an element stood that gave a value."""

    values: dict[str, str] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)
    title_type: str = ""
    title_language: str = ""
    summary_type: str = ""  # "" = the summary is only a copy of the content
    summary_language: str = ""
    has_content: bool = False
    contents: list[tuple[str, str]] = field(default_factory=list)  # type and value
    links: list[Link] = field(default_factory=list)
    people: list[_Person] = field(default_factory=list)
    source: str = ""

    def keep(self, name: str, value: str, depth: int) -> None:
        """A value; of an entry's the outermost counts, and of those equally deep the last."""
        before = self.depths.get(name)
        if before is None or depth <= before:
            self.depths[name] = depth
            self.values[name] = value


def parse_tree(utf8: bytes) -> etree._Element:
    """The root of a well-formed document. Raises ``lxml.etree.XMLSyntaxError`` for any other."""
    root: etree._Element = etree.fromstring(utf8, _PARSER)
    return root


def parse_first_tree(utf8: bytes) -> etree._Element:
    """The root of a document that is well-formed but for what stands behind its end."""
    root: etree._Element = etree.fromstring(utf8, _FORGIVING_PARSER)
    return root


def read_tree(root: etree._Element, *, url: str, netscape: bool = False) -> Channel:
    """The items below a root; ``url`` is the base of relative links. Raises ``Unusual``."""
    return _Reader(root, url, netscape=netscape).read()


class _Reader:
    """One pass over a document, in its order, which decides where elements repeat each other."""

    def __init__(self, root: etree._Element, url: str, *, netscape: bool) -> None:
        self.root, self.url = root, url
        self.version = "rss091n" if netscape else _version(root)
        self.is_atom = self.version.startswith("atom")
        self.feed = _Context()
        self.context = self.feed
        self.items: list[Item] = []
        self.skip_hours: list[str] = []
        self.skip_days: list[str] = []
        # What is done with an element, by lxml's tag.
        self.feed_handlers: dict[object, _Handler | None] = {}
        self.entry_handlers: dict[object, _Handler | None] = {}
        self.in_feed = self.in_entry = self.in_author = self.in_image = self.in_source = False
        self.title_depth = -1
        self.outer_language = _language(root) or ""  # of what the entry, or the feed's own elements, stand in

    def read(self) -> Channel:
        self.in_feed = self.name(self.root) == "feed"
        if self.in_feed or self.name(self.root) == "rss":
            self.feed.values["language"] = self.outer_language
        self.walk(self.root, 2)
        values = self.feed.values
        info = FeedInfo(
            title=_as_html(values.get("title", ""), self.feed.title_type or "text/html"),
            link=values.get("link", ""),
            language=values.get("language", ""),
            format=self.version,
            hints=read_hints({**values, "skip_hours": self.skip_hours, "skip_days": self.skip_days}),
        )
        # RFC 4287 4.2.1: the feed's author is the author of entries that name none. RSS's managing editor is not.
        author = _names(self.feed) if self.is_atom else ""
        return Channel(info, tuple(self.items), author=author)

    def walk(self, parent: etree._Element, depth: int) -> None:
        """Has each child, ``depth`` levels below the document, handled; those of no meaning for what is in them."""
        if depth > _MAX_DEPTH:
            return
        handlers = self.entry_handlers if self.in_entry else self.feed_handlers
        for node in parent:
            try:
                handler = handlers[node.tag]
            except KeyError:
                handler = handlers[node.tag] = (_IN_ENTRY if self.in_entry else _IN_FEED).get(self.name(node))
            if handler is not None:
                handler(self, node, depth)
            elif len(node):
                self.walk(node, depth + 1)

    def name(self, node: etree._Element) -> str:
        """feedparser's name of an element: the prefix that its namespace usually has, and the local name."""
        tag = str(node.tag)
        uri, _, local = tag[1:].rpartition("}") if tag[0] == "{" else ("", "", tag)
        lower = uri.lower()
        known = "" if "backend.userland.com/rss" in lower else _NAMESPACES.get(lower)
        prefix = (node.prefix or "") if known is None else known
        if lower == UNBOUND and prefix in ("rss", "atom"):
            prefix = ""
        return f"{prefix}_{local}".lower() if prefix else local.lower()

    # ---------------------------------------------------------------- the feed

    def on_channel(self, node: etree._Element, depth: int) -> None:
        if any(name.lower() in ("lastmod", "href") for name in node.keys()):  # noqa: SIM118 - an lxml element
            raise Unusual("CDF")
        outer, self.outer_language = self.outer_language, self.language(node)
        self.in_feed = True
        self.walk(node, depth + 1)
        self.in_feed, self.outer_language = False, outer

    def on_item(self, node: etree._Element, depth: int) -> None:
        if self.in_entry:
            raise Unusual("an item in an item")
        entry = self.context = _Context()
        if node.keys():
            named = _attributes(node)
            if "href" in named or "lastmod" in named:
                raise Unusual("CDF")
            if about := node.get(_RDF_ABOUT):
                entry.values["id"] = about
        outer, self.outer_language = self.outer_language, self.language(node)
        self.in_entry, self.title_depth = True, -1
        self.walk(node, depth + 1)
        self.in_entry, self.context, self.outer_language = False, self.feed, outer
        self.items.append(self.item(entry))

    def language(self, node: etree._Element) -> str:
        """The language that an element says it is written in, or that of what it stands in."""
        if not node.keys():
            return self.outer_language
        declared = _language(node)
        return self.outer_language if declared is None else declared

    def on_aside(self, node: etree._Element, depth: int) -> None:
        """An image or a text input of the feed: what it says is its own, and a title may come behind it."""
        self.title_depth = -1

    def on_skipped(self, node: etree._Element, depth: int) -> None:
        """Elements whose children mean nothing to us."""

    def on_hint(self, node: etree._Element, depth: int) -> None:
        self.feed.values[self.name(node)] = _own_text(node)

    def on_feed_id(self, node: etree._Element, depth: int) -> None:
        self.feed.values.setdefault("link", _own_text(node))

    def on_hour(self, node: etree._Element, depth: int) -> None:
        if value := _own_text(node):
            self.skip_hours.append(value)

    def on_day(self, node: etree._Element, depth: int) -> None:
        if value := _own_text(node):
            self.skip_days.append(value)

    # ---------------------------------------------------------------- both

    def on_title(self, node: etree._Element, depth: int) -> None:
        if self.title(node, depth):
            self.title_depth = depth

    def on_media_title(self, node: etree._Element, depth: int) -> None:
        """The title of a picture or film: the entry's own one may come behind it."""
        self.title(node, depth)

    def title(self, node: etree._Element, depth: int) -> str:
        value, kind = self.construct(node, "text/plain")
        value = value if value.isascii() else undo_c1(value)
        if -1 < self.title_depth <= depth:
            return value
        if self.in_source:
            self.context.source = value
        elif self.in_entry or self.in_feed:
            self.context.title_type, self.context.title_language = kind, self.language(node)
            self.keep("title", value, depth)
        return value

    def on_link(self, node: etree._Element, depth: int) -> None:
        if self.in_source:
            return
        if not node.keys():
            self.keep_link(node, "alternate", "text/html")
            return
        named = _attributes(node)
        rel = named.get("rel", "alternate").lower()
        kind = named.get("type", "application/atom+xml" if rel == "self" else "text/html").lower()
        href = named.get("url", named.get("uri", named.get("href")))
        if href is None:
            self.keep_link(node, rel, kind)
            return
        address = self.resolve(href, node)
        if not address.startswith("http") and (node.text or "").strip().startswith("http"):
            self.keep_link(node, rel, kind)
            return
        self.context.links.append(Link(rel, kind, address))
        if rel == "alternate" and _TYPES.get(kind, kind) in HTML_TYPES:
            self.context.values["link"] = address

    def keep_link(self, node: etree._Element, rel: str, kind: str) -> None:
        """A link that is the text of its element."""
        if (self.in_feed or self.in_entry) and not self.in_image:
            address = self.resolve(_own_text(node), node)
            if "&" in address:
                address = _STRAY_REFERENCE.sub(r"&\1", address.replace("&amp;", "&"))
            if self.is_atom:
                self.context.links.append(Link(rel, kind, address))
            self.context.values["link"] = address

    def on_author(self, node: etree._Element, depth: int) -> None:
        if self.in_source:
            return
        person = _Person()
        self.context.people.append(person)
        if len(node):
            self.in_author = True
            self.walk(node, depth + 1)
            self.in_author = False
        text = _own_text(node)
        if text and "@" not in text and not person.name and not person.email:
            self.keep("author", text, depth)
            person.name = self.context.values["author"]
            return
        if text or not (person.name or person.email):
            self.keep("author", text, depth)
        if person.name or person.email:
            both = f"{person.name} ({person.email})" if person.name and person.email else person.name or person.email
            self.context.values["author"] = both
        else:
            person.name, person.email = _name_and_email(self.context.values.get("author", ""))

    def on_name(self, node: etree._Element, depth: int) -> None:
        if self.in_author and self.context.people:
            self.context.people[-1].name = _own_text(node)

    def on_email(self, node: etree._Element, depth: int) -> None:
        if self.in_author and self.context.people:
            self.context.people[-1].email = _own_text(node)

    def on_language(self, node: etree._Element, depth: int) -> None:
        if not self.in_source and (self.in_entry or self.in_feed):
            self.keep("language", _own_text(node), depth)

    # ---------------------------------------------------------------- entries

    def on_guid(self, node: etree._Element, depth: int) -> None:
        if self.in_source:
            return
        value = _own_text(node)
        self.context.keep("id", value, depth)
        if not node.keys() or (node.get("isPermaLink") or _attribute(node, "ispermalink", "true")) == "true":
            self.context.values.setdefault("link", value)

    def on_published(self, node: etree._Element, depth: int) -> None:
        if not self.in_source:
            self.context.keep("published", _own_text(node), depth)

    def on_updated(self, node: etree._Element, depth: int) -> None:
        if not self.in_source:
            self.context.keep("updated", _own_text(node), depth)

    def on_created(self, node: etree._Element, depth: int) -> None:
        if not self.in_source:
            self.context.keep("created", _own_text(node), depth)

    def on_original_link(self, node: etree._Element, depth: int) -> None:
        if not self.in_source:
            self.context.keep("original_link", _own_text(node), depth)

    def on_source(self, node: etree._Element, depth: int) -> None:
        self.in_source, self.title_depth = True, -1
        self.walk(node, depth + 1)
        self.in_source = False
        self.context.source = _own_text(node) or self.context.source

    def on_image(self, node: etree._Element, depth: int) -> None:
        self.in_image, self.title_depth = True, -1
        self.walk(node, depth + 1)
        self.in_image = False

    def on_description(self, node: etree._Element, depth: int) -> None:
        self.on_words(node, depth, "text/html")

    def on_summary(self, node: etree._Element, depth: int) -> None:
        self.on_words(node, depth, "text/plain")

    def on_words(self, node: etree._Element, depth: int, kind: str) -> None:
        """A summary; the second of an entry that has no content is its content."""
        if self.in_source:
            return
        entry = self.context
        if "summary" in entry.values and not entry.has_content:
            self.on_content(node, depth, "text/plain")
        else:
            self.on_abstract(node, depth, kind)

    def on_abstract(self, node: etree._Element, depth: int, kind: str = "text/plain") -> None:
        entry = self.context
        value, kind = self.construct(node, kind)
        entry.summary_type, entry.summary_language = kind, self.language(node)
        entry.keep("summary", value, depth)

    def on_encoded(self, node: etree._Element, depth: int) -> None:
        self.on_content(node, depth, "text/html")

    def on_body(self, node: etree._Element, depth: int) -> None:
        self.on_content(node, depth, _XHTML, marks=False)

    def on_content(self, node: etree._Element, depth: int, kind: str = "text/plain", *, marks: bool = True) -> None:
        if self.in_source:
            return
        entry = self.context
        entry.has_content = entry.has_content or marks
        value, kind = self.construct(node, kind)
        entry.contents.append((kind, value))
        if kind == "text/plain" or kind in HTML_TYPES:
            entry.values.setdefault("summary", value)

    # ---------------------------------------------------------------- values

    def keep(self, name: str, value: str, depth: int) -> None:
        if self.in_entry:
            self.context.keep(name, value, depth)
        else:
            self.context.values[name] = value

    def construct(self, node: etree._Element, kind: str) -> tuple[str, str]:
        """The value of a text construct (RFC 4287 3.1) and its type. HTML comes as it was."""
        if node.keys():
            declared = node.get("type") or _attribute(node, "type", kind)
            kind = _TYPES.get(declared) or _TYPES.get(declared.lower(), declared.lower())
            if node.get("mode") == "base64" or (kind[:5] != "text/" and kind[-4:] not in ("+xml", "/xml")):
                return _from_base64(_own_text(node)), kind
        if kind == _XHTML or len(node):
            return self.markup(node, kind)
        value = (node.text or "").strip()
        if not value.isascii():
            value = _undo_double_encoding(value)
        if kind == "text/plain" and not self.is_atom and ("&" in value or "</" in value) and _looks_like_html(value):
            kind = "text/html"
        return value, kind

    def markup(self, node: etree._Element, kind: str) -> tuple[str, str]:
        """What stands in an element that has children: their markup, as HTML writes it."""
        if kind[-4:] == "/xml" or (kind[-4:] == "+xml" and kind != _XHTML):
            raise Unusual("XML in an entry")
        written: str = etree.tostring(node, encoding="unicode", method="html", with_tail=False)
        # Neither the element's own tag nor the text behind it holds another "<" than its own.
        value = written[written.find("<", 1) : written.rfind("</")].replace(_XHTML_DECLARED, "")
        if " xmlns" in value:
            value = _TAG.sub(lambda tag: _DECLARED.sub("", tag[0]), value)
        if _PREFIXED.search(value):
            value = _PREFIXED.sub(_group, value)
        text = node.text or ""
        value = (html.escape(text, quote=False) if kind == _XHTML else text) + value
        value = value.strip()
        if self.version == "atom10":
            value = _without_div(value)
        return _mend(value), _XHTML

    def resolve(self, reference: str, node: etree._Element) -> str:
        """An absolute address of a reference, where it can be had."""
        if reference[:4] == "http" and reference[4:7] == "://" and reference[7:8] not in ("/", ""):
            return reference
        if reference[:8] == "https://" and reference[8:9] not in ("/", ""):
            return reference
        if not reference:
            return ""
        base = self.url
        for ancestor in reversed([node, *node.iterancestors()]):
            declared = ancestor.get(_XML_BASE) or ancestor.get("base")
            base = _join(base, declared) if declared else base
        return _join(base, reference)

    def item(self, entry: _Context) -> Item:
        values = entry.values
        value = values.get
        published, updated = _dated(value("published", "")), _dated(value("updated", ""))
        guid, link = value("id", ""), value("link", "")
        summary = value("summary", "") if entry.summary_type else ""
        return Item(
            guid=guid,
            link=alternate(entry.links, link, guid, is_atom=self.is_atom),
            original_link=value("original_link", ""),
            title=value("title", ""),
            title_is_markup=entry.title_type in HTML_TYPES,
            summary=_as_html(summary, entry.summary_type) if summary else "",
            content=_longest(entry.contents) if entry.contents else "",
            author=_names(entry),
            source=entry.source,
            language=value("language", "") or entry.title_language or entry.summary_language,
            published=published or _dated(value("created", "")) or updated,
            updated=updated,
        )


_Handler = Callable[[_Reader, etree._Element, int], None]

_IN_BOTH: dict[str, _Handler] = {
    **dict.fromkeys(("title", "dc_title"), _Reader.on_title),
    "media_title": _Reader.on_media_title,
    "link": _Reader.on_link,
    **dict.fromkeys(("author", "managingeditor", "dc_author", "dc_creator", "itunes_author"), _Reader.on_author),
    **dict.fromkeys(("name", "itunes_name"), _Reader.on_name),
    **dict.fromkeys(("email", "itunes_email"), _Reader.on_email),
    **dict.fromkeys(("language", "dc_language"), _Reader.on_language),
    **dict.fromkeys(("item", "entry"), _Reader.on_item),
    **dict.fromkeys(("subtitle", "tagline", "itunes_subtitle", "rights", "copyright", "dc_rights"), _Reader.on_skipped),
    **dict.fromkeys(("info", "itunes_owner", "contributor", "dc_contributor", "textinput"), _Reader.on_skipped),
    "feedburner_browserfriendly": _Reader.on_skipped,
}
_IN_FEED: Mapping[str, _Handler] = {
    **_IN_BOTH,
    "channel": _Reader.on_channel,
    **dict.fromkeys(("image", "textinput"), _Reader.on_aside),
    **dict.fromkeys(("ttl", "sy_updateperiod", "sy_updatefrequency"), _Reader.on_hint),
    "id": _Reader.on_feed_id,
    "hour": _Reader.on_hour,
    "day": _Reader.on_day,
    **dict.fromkeys(("description", "summary", "abstract", "dc_description"), _Reader.on_skipped),
    **dict.fromkeys(("itunes_summary", "media_description", "content", "content_encoded"), _Reader.on_skipped),
}
_IN_ENTRY: Mapping[str, _Handler] = {
    **_IN_BOTH,
    **dict.fromkeys(("guid", "id"), _Reader.on_guid),
    **dict.fromkeys(("published", "issued", "pubdate", "dcterms_issued"), _Reader.on_published),
    **dict.fromkeys(("updated", "modified", "lastbuilddate", "dc_date", "dcterms_modified"), _Reader.on_updated),
    **dict.fromkeys(("created", "dcterms_created"), _Reader.on_created),
    **dict.fromkeys(("feedburner_origlink", "pheedo_origlink"), _Reader.on_original_link),
    "source": _Reader.on_source,
    "news_source": _Reader.on_source,  # of Bing
    "image": _Reader.on_image,
    **dict.fromkeys(("description", "dc_description", "media_description"), _Reader.on_description),
    **dict.fromkeys(("summary", "itunes_summary"), _Reader.on_summary),
    "abstract": _Reader.on_abstract,
    "content": _Reader.on_content,
    **dict.fromkeys(("content_encoded", "fullitem"), _Reader.on_encoded),
    **dict.fromkeys(("body", "xhtml_body"), _Reader.on_body),
}


def _version(root: etree._Element) -> str:
    """feedparser's word for the format. Raises ``Unusual`` for roots that are not of RSS, RDF or Atom."""
    tag = str(root.tag)
    local = tag.rpartition("}")[2].rpartition(":")[2].lower()
    version = _declared_version(root)
    given = _attribute(root, "version", "")
    if local == "rss":
        if version.startswith("rss"):
            return version
        return _RSS_VERSIONS.get(given) or ("rss20" if given.startswith("2.") else "rss")
    if local == "feed":
        return version or _ATOM_VERSIONS.get(given, "atom")
    if local == "rdf":
        return version or next(filter(None, map(_declared_version, root[:_MAX_LOOKED_AT])), "")
    raise Unusual(f"the root is {local}")


def _declared_version(node: etree._Element) -> str:
    """The format of the first namespace that is one."""
    for prefix, uri in node.nsmap.items():
        lower = uri.lower()
        if prefix is None and lower == "http://my.netscape.com/rdf/simple/0.9/":
            return "rss090"
        if lower in _FORMATS:
            return _FORMATS[lower]
    return ""


def _attributes(node: etree._Element) -> Mapping[str, str]:
    """The attributes of an element by their names in lower case; of a heap of them the first."""
    # lxml takes a time that grows with their square for all of them together.
    names = node.keys()
    if len(names) > _FEW_ATTRIBUTES:
        return {name.lower(): node.get(name, "") for name in names[:_MAX_ATTRIBUTES]}
    named = dict(node.items())
    return named if "".join(names).islower() else {name.lower(): value for name, value in named.items()}


def _attribute(node: etree._Element, name: str, default: str) -> str:
    """An attribute, in whatever case it is written."""
    value = node.get(name)
    if value is not None:
        return value
    return _attributes(node).get(name, default)


def _own_text(node: etree._Element) -> str:
    """The text of an element without that of its children."""
    text = node.text or ""
    if len(node):
        text += "".join(child.tail or "" for child in node)
    text = text.strip()
    return text if text.isascii() else _mend(text)


def _from_base64(value: str) -> str:
    try:
        return base64.decodebytes(value.encode()).decode()
    except ValueError:
        return value


def _mend(value: str) -> str:
    """Text that is UTF-8 read as latin-1, or windows-1252 by reference, put right where that is certain."""
    return value if value.isascii() else undo_c1(_undo_double_encoding(value))


def _undo_double_encoding(value: str) -> str:
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _language(node: etree._Element) -> str | None:
    declared = node.get(_XML_LANG)
    if declared is None:
        declared = node.get("lang")
    return declared if declared is None else declared.replace("_", "-")


def _join(base: str, reference: str) -> str:
    try:
        return urljoin(base, _SLASHES.sub(r"\1", reference))
    except ValueError:
        return ""


def _group(match: re.Match[str]) -> str:
    return match[1]


def _without_div(value: str) -> str:
    """XHTML without the one division around it (RFC 4287 3.1.1.3)."""
    found = _LONE_DIV.fullmatch(value)
    if not found:
        return value
    depth = 0
    for tag in _DIV.finditer(value, 0, found.end(1)):
        depth += 0 if tag[2] else -1 if tag[1] else 1
        if not depth:
            return value
    return found[1]


def _looks_like_html(value: str) -> bool:
    """feedparser's guess for text of no declared type."""
    return bool(StrictFeedParser.looks_like_html(value))


def _name_and_email(author: str) -> tuple[str, str]:
    found = _EMAIL.search(author) if "@" in author else None
    if not found:
        return author, ""
    name = author.replace(found[0], "").replace("()", "").replace("<>", "").replace("&lt;&gt;", "").strip()
    return name.removeprefix("(").removesuffix(")").strip(), found[0]


def _names(context: _Context) -> str:
    """Names, else what stands in the field."""
    if len(context.people) < 2:
        return (context.people[0].name if context.people else "") or context.values.get("author", "")
    names = dict.fromkeys(person.name for person in context.people if person.name)
    return ", ".join(names) or context.values.get("author", "")


def _longest(contents: Sequence[tuple[str, str]]) -> str:
    """The longest of an entry's contents that is text."""
    if len(contents) == 1:
        kind, value = contents[0]
        return _as_html(value, kind) if _is_text(kind) else ""
    return max((_as_html(value, kind) for kind, value in contents if _is_text(kind)), key=len, default="")


def _is_text(kind: str) -> bool:
    return kind.startswith(("text/", "application/xhtml", "application/xml"))


def _as_html(value: str, kind: str) -> str:
    return html.escape(value, quote=False) if kind == "text/plain" else value


@lru_cache(maxsize=256)  # entries are mostly updated when they are published
def _dated(raw: str) -> Dated | None:
    if not raw:
        return None
    return parse_date(raw) or parse_date(raw, feedparsers_date(raw))
