"""``docs/glossary.md`` has the words that people meet, and no others."""

from __future__ import annotations

import inspect
import re

from pipeline import model
from tests.docs.documents import DOCUMENTS, ROOT

PAGE = ROOT / "docs" / "glossary.md"
TEXT = PAGE.read_text(encoding="utf-8")
# Nouns that travel between the stages and are shown to nobody under this name.
INSIDE = {
    "Answer", "Claim", "Committed", "Document", "Due", "FailedFeed", "FeedInfo", "FeedState", "FetchFailed",
    "FetchRecord", "Fetched", "Hints", "Known", "Member", "NotModified", "OwedAlert", "OwedPage", "PageBatch",
    "PageRead", "Polled", "RunReport", "SendFailed", "Sent",
    "StorySoFar", "StoryView", "Tally", "Telling", "Told", "Untold",
}  # fmt: skip


def words() -> list[str]:
    """The words that the page explains, as they are written there."""
    return re.findall(r"\*\*(.+?)\*\*", TEXT)


def nouns() -> set[str]:
    """The classes of the ground floor."""
    return {name for name, one in inspect.getmembers(model, inspect.isclass) if one.__module__ == model.__name__}


def test_every_noun_that_people_meet_is_explained() -> None:
    explained = {word.lower() for word in words()}
    spelt = {re.sub(r"(?<=[a-z])(?=[A-Z])", " ", noun).lower(): noun for noun in nouns() - INSIDE}

    assert {noun for words, noun in spelt.items() if not {words, words.removeprefix("entry ")} & explained} == set()
    assert nouns() >= INSIDE


def test_every_table_and_view_has_its_word() -> None:
    tables = re.findall(r"^## (\w+)$", (ROOT / "docs" / "schema.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert len(tables) > 20
    assert [table for table in tables if f"`{table}`" not in TEXT] == []


def test_a_word_that_is_explained_is_used() -> None:
    texts = [path for path in (*DOCUMENTS, *(ROOT / "pipeline").rglob("*.py")) if path != PAGE]
    used = "\n".join(path.read_text(encoding="utf-8") for path in texts)

    assert [word for word in words() if not re.search(_spelling(word), used, re.IGNORECASE)] == []


def _spelling(word: str) -> str:
    """The word as a pattern: in sentences and in code, one or many."""
    stem, many = (word[:-1], "(?:y|ies)") if word.endswith("y") else (word, "(?:s|es)?")
    return rf"\b{re.escape(stem)}{many}\b".replace(r"\ ", "[ _]?")


def test_no_word_is_explained_twice() -> None:
    assert sorted(set(words())) == sorted(words())
