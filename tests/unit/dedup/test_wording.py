"""Wording: figures, outlets, languages and names as similarity sees them."""

from __future__ import annotations

import pytest

from pipeline.dedup.wording import bare_text, bare_title, is_figure, wording


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("$3.5 billion", "3.5e+09"),
        ("3.5bn", "3.5e+09"),
        ("3,5 Milliarden", "3.5e+09"),
        ("总额35亿美元", "3.5e+09"),
        ("1.800 millones", "1.8e+09"),
        ("48,000 vans", "48000"),
        ("11 percent", "11%"),
        ("11%", "11%"),
    ],
)
def test_a_number_has_one_spelling(text: str, figure: str) -> None:
    assert figure in wording(text, "").title_figures


@pytest.mark.parametrize("text", ["in 2026", "2 of them", "on 09.03.2026"])
def test_years_dates_and_counts_are_no_figures(text: str) -> None:
    assert not wording(text, "").title_figures
    assert not is_figure("nine")


@pytest.mark.parametrize(
    "title",
    [
        "Ferry firm sells two ships - Harbour Wire",
        "Ferry firm sells two ships | The Daily Quay",
        "Harbour Wire: Ferry firm sells two ships",
        "UPDATE 2-Ferry firm sells two ships",
        "Ferry firm sells two ships (update)",
        "  Ferry firm sells  two ships ",
    ],
)
def test_the_outlet_and_the_desks_tags_are_not_part_of_a_headline(title: str) -> None:
    assert bare_title(title, "Harbour Wire") == "Ferry firm sells two ships"


def test_a_headline_that_only_looks_like_it_has_an_outlet_stays_whole() -> None:
    assert bare_title("Ports - Rotterdam") == "Ports - Rotterdam"


@pytest.mark.parametrize(
    "text",
    [
        "NEW YORK (Harbour Wire) - Two ships were sold.",
        "By Ana Field Two ships were sold.",
        "Two ships were sold. [...]",
        "Two ships were sold. The post Two ships appeared first on Harbour Wire.",
        "Two ships were sold. Continue reading at Harbour Wire",
    ],
)
def test_datelines_bylines_and_read_more_are_no_text(text: str) -> None:
    assert bare_text(text).rstrip(" .") == "Two ships were sold"


def test_a_text_that_repeats_the_title_is_no_text() -> None:
    assert wording("Two ships sold", "Two ships sold - Harbour Wire").text == ""


@pytest.mark.parametrize(
    ("title", "text", "language"),
    [
        ("The port was sold to a fund", "It is the first of its kind.", "en"),
        ("Der Hafen wurde an einen Fonds verkauft", "Das ist der erste Verkauf.", "de"),
        ("港口出售给基金", "", "zh"),
        ("Ok", "", ""),
    ],
)
def test_the_language_is_guessed_when_the_feed_is_silent(title: str, text: str, language: str) -> None:
    assert wording(title, text).language == language


def test_unspaced_script_comes_in_pairs_and_latin_names_in_it_are_found() -> None:
    words = wording("微软在Azure云合作", "")

    assert "微软" in words.terms
    assert "azur" in words.latin


def test_names_come_from_headlines_that_are_not_in_title_case() -> None:
    assert "penros" in wording("Shares rise after Penrose report on trade", "").actors
    assert not wording("Shares Rise After Penrose Report On Trade", "").actors
