"""The conformance suites of other parsers, read for what Newsward keeps: titles, links, guids, authors, dates, text."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

from pipeline.model import Document, Entry, Feed, FeedInfo, FetchFailed
from pipeline.parse import parse, plain_text
from pipeline.parse.dates import parse_date
from pipeline.parse.encoding import decode

# Where feedparser's own tests serve their cases.
BASE = "http://127.0.0.1:8097/tests/"
_EXPECTED = re.compile(rb"^\s*Expect:\s*(.*?)\s*$", re.MULTILINE)
_HEADER = re.compile(rb"^\s*Header:\s*([\w-]+):\s*(.*?)\s*$", re.MULTILINE)
_KEPT_OF_FEED = {"title", "link", "language", "title_detail", "value"}
_KEPT_OF_ENTRY = {
    *("id", "guid", "title", "title_detail", "link", "author", "summary", "description", "content", "value"),
    *("published_parsed", "updated_parsed", "source"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One expectation that concerns what is kept, and whether it holds."""

    suite: str
    name: str
    holds: bool
    told: str = ""


# --------------------------------------------------------------------------- feedparser


class Html(str):
    """HTML that is equal to all HTML that shows the same words."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and _squeeze(plain_text(self)) in (_squeeze(plain_text(other)), _squeeze(other))


class Plain(str):
    """A plain text that is equal to itself and to the HTML that shows it."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and _squeeze(self) in (_squeeze(plain_text(other)), _squeeze(other))


class Encoding:
    """How a document was decoded, equal to every name of an encoding that gives the same text."""

    def __init__(self, body: bytes, content_type: str) -> None:
        self.body, self.text = body, decode(body, content_type=content_type).text

    def __eq__(self, other: object) -> bool:
        try:
            return _squeeze(self.body.decode(str(other)).lstrip("\ufeff")) == _squeeze(self.text)
        except (LookupError, UnicodeDecodeError):
            return False

    __hash__ = None  # type: ignore[assignment] # equal to many names


def _squeeze(text: str) -> str:
    return "".join(unescape(text).split())


def feedparser_cases(root: Path) -> Iterator[Case]:
    """Each case of feedparser's suite whose expectation is about nothing but what is kept."""
    for path in sorted(root.rglob("*.xml")):
        body = path.read_bytes()
        expected = _EXPECTED.search(_comment(body))
        if not expected:
            continue
        expression = _kept(expected[1].decode("utf-8", "replace"))
        if not expression:
            continue
        suite = f"feedparser {path.relative_to(root).parts[0]}"
        yield _judged(suite, path.relative_to(root).as_posix(), body, expression)


def _comment(body: bytes) -> bytes:
    head = body[:4000]
    for encoding in ("utf-8", "utf-16", "utf-32", "utf-16-be", "utf-16-le", "utf-32-be", "utf-32-le"):
        try:
            text = head[: len(head) // 4 * 4].decode(encoding, "ignore")
        except UnicodeError:
            continue
        if "Expect:" in text:
            return text.partition("-->")[0].encode()
    return b""


def _kept(expression: str) -> str:
    """The clauses of an expectation that are about what is kept; "" for none."""
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError:
        return ""
    clauses = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    return " and ".join(f"({ast.unparse(clause)})" for clause in clauses if _is_about_what_is_kept(clause))


def _is_about_what_is_kept(tree: ast.expr) -> bool:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    slices = [node.slice for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    keys = {key.value for key in slices if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    if {"title_detail", "language"} <= keys or any(isinstance(node, ast.Attribute) for node in ast.walk(tree)):
        return False
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    kept = _KEPT_OF_ENTRY if "entries" in names else _KEPT_OF_FEED
    return (
        bool(names - {"len"})
        and names <= {"feed", "entries", "version", "encoding", "len"}
        and keys <= kept
        and calls <= {"len"}
    )


def _judged(suite: str, name: str, body: bytes, expression: str) -> Case:
    headers = {key.decode().lower(): value.decode() for key, value in _HEADER.findall(_comment(body))}
    url = headers.get("content-location", "")
    url = url if url.startswith("http") else f"{BASE}{name}"
    content_type = headers.get("content-type", "")
    document = parse(body, feed=Feed(url), url=url, content_type=content_type)
    if isinstance(document, FetchFailed):
        document = Document(FeedInfo(), ())
    values = {**_as_feedparser(document), "encoding": Encoding(body, content_type)}
    try:
        holds = bool(eval(expression, {"__builtins__": {"len": len}}, values))
    except (LookupError, TypeError) as error:
        return Case(suite, name, False, f"{expression}: {type(error).__name__}: {error}")
    return Case(suite, name, holds, "" if holds else f"{expression}: {values}"[:600])


def _as_feedparser(document: Document) -> dict[str, Any]:
    info = document.info
    title = Plain(info.title)
    feed = {"title": title, "title_detail": {"value": title}, "link": info.link, "language": info.language}
    return {"feed": feed, "entries": [_entry(entry) for entry in document.entries], "version": info.format}


def _entry(entry: Entry) -> Mapping[str, Any]:
    title, summary = Plain(entry.title), Html(entry.summary or entry.content)
    return {
        "id": entry.guid,
        "guid": entry.guid,
        "title": title,
        "title_detail": {"value": title},
        "link": entry.url,
        "author": Plain(entry.author),
        "summary": summary,
        "description": summary,
        "content": [{"value": Html(entry.content or entry.summary)}],
        "source": {"title": Plain(entry.publisher)},
        "published_parsed": _tuple(entry.published_at),
        "updated_parsed": _tuple(entry.updated_at),
    }


def _tuple(moment: datetime | None) -> tuple[int, ...] | None:
    return tuple(moment.utctimetuple()) if moment else None


# --------------------------------------------------------------------------- gofeed


def gofeed_cases(root: Path) -> Iterator[Case]:
    """Each feed of gofeed's suite that has its expected parse beside it, in gofeed's own words for the fields."""
    for path in sorted(root.rglob("*_expected.json")) + sorted(root.rglob("*.json")):
        expected_path = path
        sources = (
            [path.with_name(path.name.removesuffix("_expected.json") + end) for end in (".xml", ".json")]
            if path.name.endswith("_expected.json")
            else [path.with_suffix(".xml")]
        )
        source = next((one for one in sources if one.exists() and one != expected_path), None)
        if source is None:
            continue
        expected = json.loads(expected_path.read_text(encoding="utf-8"))
        if not isinstance(expected, dict):
            continue
        name = source.relative_to(root).as_posix()
        yield from _gofeed_case(f"gofeed {source.relative_to(root).parts[1]}", name, source.read_bytes(), expected)


def _gofeed_case(suite: str, name: str, body: bytes, expected: Mapping[str, Any]) -> Iterator[Case]:
    document = parse(body, feed=Feed(BASE), url="")
    items = expected.get("items") or expected.get("entries") or []
    wanted = [_gofeed_item(item) for item in items]
    wanted = [item for item in wanted if item]
    if not wanted:
        return
    if isinstance(document, FetchFailed):
        yield Case(suite, name, False, document.reason)
        return
    found = [_found(entry) for entry in document.entries]
    holds = len(found) == len(items) and all(
        all(ours[key] == value for key, value in theirs.items()) for ours, theirs in zip(found, wanted, strict=False)
    )
    yield Case(suite, name, holds, "" if holds else f"{wanted} {found}"[:700])


def _gofeed_item(item: Mapping[str, Any]) -> dict[str, Any]:
    guid = item.get("guid")
    guid = guid.get("value") if isinstance(guid, dict) else guid or item.get("id")
    links = item.get("link") or item.get("url")
    fields = {
        "title": item.get("title") or "",
        "guid": (guid or "").strip(),
        "link": links if isinstance(links, str) else "",
        "published": _moment(item.get("publishedParsed") or item.get("pubDateParsed") or item.get("date_published")),
    }
    return {key: value for key, value in fields.items() if value}


def _found(entry: Entry) -> dict[str, Any]:
    return {
        "title": Plain(entry.title),
        "guid": entry.guid,
        "link": entry.url,
        "published": entry.published_at.isoformat() if entry.published_at else "",
    }


def _moment(raw: object) -> str:
    dated = parse_date(raw) if isinstance(raw, str) else None
    return dated.moment.isoformat() if dated else ""
