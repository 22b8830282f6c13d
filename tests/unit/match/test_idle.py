"""Ordinary words in lower case need not be weighed for hits, unless something could speak for them."""

import pytest

from pipeline.match.finder import NameFinder
from pipeline.match.idle import idle_apart
from pipeline.match.index import NameIndex
from pipeline.match.skeleton import Skeleton
from pipeline.model import EntryField, Watchlist
from tests.builders_match import company, engine, entry

TARGET = company("target", "Target", "Target Corp.")
CORNING = company("corning", "Corning")  # a rare word
GAP = company("gap", "Gap", context=("jeans",))
SIEMENS = company("siemens", "Siemens")


def apart(text: str, *companies, language: str = "en") -> tuple[list[str], list[str]]:
    skeleton = Skeleton(EntryField.TEXT, text)
    found = NameIndex(Watchlist(companies)).find(skeleton, language)
    context = {place for place, one in enumerate(companies) if one.context}
    weighed, waiting = idle_apart(found, language, 60.0, context.__contains__)
    return tuple(
        [" ".join(skeleton.surfaces[item.first : item.last + 1]) for item in part] for part in (weighed, waiting)
    )


def kept(text: str, *companies, language: str = "en") -> list[str]:
    return apart(text, *companies, language=language)[0]


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
        ("We saw corning in glass", []),
        ("We saw corning in talks", ["corning"]),
        ("We saw corning AG in town", ["corning"]),
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
    assert apart("Target opens. Nobody saw the target of it", TARGET) == (["Target"], ["target"])


def test_what_waits_is_weighed_where_its_company_is_named_beyond_doubt() -> None:
    finder = NameFinder(Watchlist((company("sail", "SAIL", "SAIL Ltd"),)), 60.0, True)
    text = "Investors saw the steel and a sail of the profit, revenue and shares"

    certain = finder.weighed(entry("SAIL Ltd opens a plant", text))
    doubtful = finder.weighed(entry("A SAIL", text))

    assert [(item.mention.found, item.accepted) for item in certain] == [("SAIL Ltd", True), ("sail", True)]
    assert [item.mention.found for item in doubtful] == ["SAIL"]


@pytest.mark.parametrize(
    ("text", "is_weighed"),
    [
        ("They sell the general motors of old", False),
        ("They sell the general motors store", True),
        ("They sell general motors' cars", True),
        ("They sell General motors of old", True),
    ],
)
def test_a_phrase_in_lower_case_is_idle_unless_something_speaks_for_it(text: str, is_weighed: bool) -> None:
    assert (kept(text, company("motors", "General Motors")) != []) == is_weighed


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


def test_a_price_that_moved_is_weighed() -> None:
    said = "Software names such as ibm, sap 10% up after the bank and the company report"
    engine_of_sap = engine(company("sap", "SAP"))

    hits = engine_of_sap.hits(entry(said))

    assert [hit.company_id for hit in hits] == ["sap"]
    assert engine_of_sap.explain(entry(said), "sap").hit == hits[0]
