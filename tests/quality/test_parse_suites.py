"""The conformance suites of other parsers, case by case and counted by suite; they lie below ``NEWSWARD_DATA``."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from pipeline.model import Document, Feed, FetchFailed
from pipeline.parse import parse
from tests.quality.suites import Case, feedparser_cases, gofeed_cases

FEEDS = Path(os.environ.get("NEWSWARD_DATA", "")) / "feeds"
pytestmark = pytest.mark.skipif(
    not os.environ.get("NEWSWARD_DATA"), reason="the suites lie below NEWSWARD_DATA, which is not set"
)

# Cases of what is kept that are answered otherwise, on purpose.
OTHERWISE = {
    r"_crazy|_iframe|_object|nested_cdata|not_a_doctype|unexpected_character|malicious_comment": "HTML is stored as it "
    "came and cleaned when it is shown; what scripts, frames and objects hold is no text",
    r"entities/[lr]ang": "HTML 5 has another character for the entity",
    r"_author_map_author": "of an author the name is kept",
    r"content_base64": "binary content is no text",
    r"tag_in_attr": "an attribute that holds '<' ends there, or else a missing quote would swallow text",
    r"entry_id_base|entry_id_xml_base": "a guid stays as published",
    r"http_content_language": "headers tell no language",
    r"entity_in_doctype": "no entity is expanded",
    r"source_(?:updated|author|id|link|title_content)": "of a source the title is kept, as text",
    r"guid_naked_markup": "elements in a guid are no guid",
}


def _failures(cases: list[Case]) -> list[Case]:
    return [case for case in cases if not case.holds and not any(re.search(one, case.name) for one in OTHERWISE)]


def _told(cases: list[Case]) -> dict[str, str]:
    total = Counter(case.suite for case in cases)
    held = Counter(case.suite for case in cases if case.holds)
    return {suite: f"{held[suite]} of {total[suite]}" for suite in sorted(total)}


def test_feedparsers_own_cases_hold_for_all_that_is_kept() -> None:
    cases = list(feedparser_cases(FEEDS / "feedparser"))

    print(_told(cases))
    assert _failures(cases) == []
    assert len(cases) > 1200


def test_gofeeds_twins_hold_for_all_that_is_kept() -> None:
    cases = list(gofeed_cases(FEEDS / "gofeed"))

    print(_told(cases))
    assert _failures(cases) == []
    assert len(cases) > 80


def test_no_case_is_excused_in_vain() -> None:
    cases = [*feedparser_cases(FEEDS / "feedparser"), *gofeed_cases(FEEDS / "gofeed")]
    excused = {one for one in OTHERWISE for case in cases if not case.holds and re.search(one, case.name)}

    assert excused == set(OTHERWISE)


@pytest.mark.parametrize(
    "path", sorted((FEEDS / "miniflux-encodings").rglob("*.xml")), ids=lambda path: "/".join(path.parts[-3:])
)
def test_every_encoding_is_read_without_a_lost_character(path: Path) -> None:
    document = parse(path.read_bytes(), feed=Feed("https://a.example/feed"), url="https://a.example/feed")

    if isinstance(document, FetchFailed):
        assert "XML whose root is" in document.reason  # the encoding is what the file is about
        return
    texts = [document.info.title, *(entry.title + entry.text for entry in document.entries)]
    assert "\ufffd" not in "".join(texts)
    assert not re.search("Ã[\x80-\xbf©¨«»]", "".join(texts))


# --------------------------------------------------------------------------- edge cases with a table of expectations

_ROW = re.compile(r"^\| ([\w-]+\.\w+) \| .* \| (.*?) \|$", re.MULTILINE)
_TITLE = re.compile(r"title=(.*?)(?: wished\b.*)?$")
_COUNT = re.compile(r"^(\d+) (?:whole )?entr(?:y|ies)")


def _edge_cases() -> list[tuple[str, str]]:
    readme = FEEDS / "adversarial" / "README.md"
    return _ROW.findall(readme.read_text(encoding="utf-8")) if readme.exists() else []


@pytest.mark.parametrize(("name", "expected"), _edge_cases(), ids=[name for name, _ in _edge_cases()])
def test_every_edge_case_is_as_its_table_says(name: str, expected: str) -> None:
    result = parse(
        (FEEDS / "adversarial" / name).read_bytes(), feed=Feed("https://a.example/f"), url="https://a.example/f"
    )

    if expected.startswith("error"):
        assert isinstance(result, FetchFailed)
        return
    if not isinstance(result, Document):
        assert name.startswith(("html-", "bad-", "bomb-", "deep-"))
        return
    if title := _TITLE.match(expected):
        assert title[1].rstrip("…") in result.entries[0].title
    if count := _COUNT.match(expected):
        assert len(result.entries) >= int(count[1])
    if "2025-01-06" in expected and result.entries[0].published_at and "date-" in name:
        assert result.entries[0].published_at.year in (1970, 2025, 2099)
