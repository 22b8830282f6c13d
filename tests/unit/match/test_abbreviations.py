"""Abbreviations that a text explains."""

import pytest

from pipeline.match.abbreviations import explained
from tests.builders_match import company, engine, entry, found


def test_letters_in_brackets_stand_for_the_words_before_that_begin_with_them() -> None:
    text = "The Cambridge Antibody Technology (CAT) deal, a Bank of England (BoE) paper and the Guild of Millers (GM)."

    assert explained(text) == {
        "CAT": frozenset({"cambridge", "antibody", "technology"}),
        "GM": frozenset({"guild", "of", "millers"}),
    }


def test_letters_that_the_words_before_do_not_spell_are_not_explained() -> None:
    assert explained("Microsoft (MSFT) and the union (CAT)") == {}


def test_an_abbreviation_that_the_text_explains_otherwise_is_not_the_company() -> None:
    watch = engine(company("cat", "Caterpillar", tickers=("CAT",)))

    assert found(watch, "Deal signed", "Cambridge Antibody Technology (CAT) was bought. CAT has 200 staff.") == []
    assert found(watch, "Deal signed", "Caterpillar (CAT) was bought.") == ["cat"]


def test_the_reason_is_told() -> None:
    watch = engine(company("cat", "Caterpillar", tickers=("CAT",)))
    explanation = watch.explain(entry("Deal", "Cambridge Antibody Technology (CAT) was bought."), "cat")

    assert "the text explains this abbreviation otherwise" in explanation.summary


AMD = company("amd", "AMD")
TI = company("ti", "Texas Instruments", "TI")


@pytest.mark.parametrize(
    ("title", "text", "companies"),
    [
        ("Clinic for wet AMD opens", "Age-related macular degeneration is common.", []),
        ("AMD unveils a chip", "Its data centre sales rose.", ["amd"]),
        ("TI grads celebrate", "The Technical Institute had 200 of them.", []),
        ("TI lifts outlook", "Texas Instruments sees demand.", ["ti"]),
        ("TI lifts outlook", "The chip maker took its time.", ["ti"]),  # two small words prove nothing
    ],
)
def test_words_in_a_row_explain_an_abbreviation_anywhere_in_the_entry(
    title: str, text: str, companies: list[str]
) -> None:
    assert found(engine(AMD, TI), title, text) == companies
