"""Ordinary words in lower case need not be weighed for hits, unless something could speak for them."""

import pytest

from pipeline.match.finder import NameFinder
from pipeline.match.idle import without_idle
from pipeline.match.index import NameIndex
from pipeline.match.skeleton import Skeleton
from pipeline.model import EntryField, Watchlist
from tests.builders_match import company, engine, entry

TARGET = company("target", "Target", "Target Corp.")
CORNING = company("corning", "Corning")  # a rare word
GAP = company("gap", "Gap", context=("jeans",))
SIEMENS = company("siemens", "Siemens")


def kept(text: str, *companies, language: str = "en") -> list[str]:
    skeleton = Skeleton(EntryField.TEXT, text)
    found = NameIndex(Watchlist(companies)).find(skeleton, language)
    context = {place for place, one in enumerate(companies) if one.context}
    return [
        " ".join(skeleton.surfaces[item.first : item.last + 1])
        for item in without_idle(found, language, 60.0, context.__contains__)
    ]


def test_a_word_in_lower_case_is_idle() -> None:
    assert kept("They missed the target by far", TARGET) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The Target store", ["Target"]),
        ("Here target says no", []),  # a verb does not outweigh lower case for a word in daily use
        ("Here corning says no", ["corning"]),
        ("We saw corning glass", []),
        ("Here target corp. opens", ["target", "target corp"]),
        ("We saw target's plan", ["target"]),
        ("target of the Day", ["target"]),  # what opens a text may have lost its capital
        ("they missed the target by far", ["target"]),  # and a text without capitals all of them
    ],
)
def test_what_something_may_speak_for_is_weighed(text: str, left: list[str]) -> None:
    assert kept(text, TARGET, CORNING) == left


def test_an_inflected_word_in_lower_case_is_idle_too() -> None:
    assert kept("They missed the targets by far", TARGET) == []


def test_a_future_that_no_list_holds_speaks_for_a_name() -> None:
    assert kept("Dicen que corning abrirá tiendas", CORNING, language="es") == ["corning"]
    assert kept("Dicen que corning verde", CORNING, language="es") == []


def test_with_context_words_a_company_may_be_meant_in_lower_case() -> None:
    assert kept("We bought jeans in the gap of it", GAP) == ["gap"]


def test_a_company_named_elsewhere_may_be_meant_in_lower_case() -> None:
    assert kept("Target opens. Nobody saw the target of it", TARGET) == ["Target", "target"]


def test_of_several_companies_each_is_judged_by_itself() -> None:
    assert kept("Siemens missed the target by far", TARGET, SIEMENS) == ["Siemens"]


def test_texts_without_cases_are_left_alone() -> None:
    assert kept("Die target die", TARGET, language="ja") == ["target"]


def test_explaining_weighs_what_hits_leave_out() -> None:
    finder = NameFinder(Watchlist((TARGET,)), 60.0, True)
    item = entry("A word", "They missed the target by far")

    assert finder.weighed(item) == ()
    assert [candidate.mention.found for candidate in finder.find(item)] == ["target"]
    assert "target" in engine(TARGET).explain(item, "target").summary
