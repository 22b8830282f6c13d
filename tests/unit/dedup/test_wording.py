"""Wording: figures, outlets, languages and names as similarity sees them."""

from __future__ import annotations

import pytest

from pipeline.dedup import wording as module
from pipeline.dedup.wording import as_written, bare_text, bare_title, is_figure, is_swapped, new_turns, wording


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


@pytest.mark.parametrize("text", ["2,000 jobs", "1,950 jobs", "2 thousand jobs"])
def test_a_number_with_its_thousands_set_apart_is_no_year(text: str) -> None:
    assert len(wording(text, "").figures) == 1


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


@pytest.mark.parametrize(
    ("title", "events"),
    [
        ("Arlund recalls 40,000 pumps", {"recall"}),
        ("Hundreds of jobs to go at Arlund", {"layoffs"}),
        ("Arlund lays off 300", {"layoffs"}),
        ("Arlund cuts 3,900 jobs", {"layoffs"}),
        ("Arlund to cut thousands of jobs", {"layoffs"}),
        ("Arlund promises 400 jobs in Turku", set()),
        ("Arlund to be taken over by Penrose", {"deal"}),
        ("Arlund declares quarterly dividend", {"dividend"}),
        ("European Union blames Arlund", set()),
        ("小米发布第二季度财报", {"earnings", "product"}),
        ("Arlund moves into a new house", set()),
    ],
)
def test_a_headline_names_kinds_of_events(title: str, events: set[str]) -> None:
    assert wording(title, "").events == events


@pytest.mark.parametrize(
    ("title", "direction"),
    [
        ("Why Arlund shares are up today", 1),
        ("Arlund stock down 4%", -1),
        ("Arlund teams up with Borealis", 0),
        ("Arlund boss steps down", 0),
    ],
)
def test_up_and_down_count_where_they_are_said_of_a_price_or_figure(title: str, direction: int) -> None:
    assert wording(title, "").direction == direction


def test_who_acts_in_a_headline_is_a_name_also_as_its_first_word() -> None:
    assert "texa" in wording("Texas lands Arlund factory", "").title_actors
    assert not wording("Regulator announces Arlund recall", "").title_actors & {"regul"}


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("Ferry sold for $3.5 Billion", {"3.5e+09": "$3.5 Billion", "ferri": "Ferry", "sold": "sold"}),
        ("Werft für 1.800 Mio € verkauft", {"1.8e+09": "1.800 Mio", "werft": "Werft", "verkauft": "verkauft"}),
        ("总额35亿美元", {"3.5e+09": "35亿"}),
        ("工厂雇用900人", {"900": "900"}),
        ("Société cuts 12% — 12 %", {"12%": "12%", "societ": "Société", "cut": "cuts"}),
        ("５ vans of ２００", {"5": "５ vans", "van": "vans", "200": "２００"}),
        ("Talks begin on 14 April", {"talk": "Talks", "begin": "begin", "14": "14 April", "april": "April"}),
        ("Cuts 120, not 90 jobs", {"cut": "Cuts", "120": "120", "90": "90 jobs", "job": "jobs"}),
        ("", {}),
    ],
)
def test_terms_are_shown_as_the_title_writes_them(title: str, written: dict[str, str]) -> None:
    assert as_written(title) == written


def test_a_wording_read_back_is_the_one_that_was_cut() -> None:
    said = (
        "Texas lands Arlund factory - Quay Gazette",
        "About 900 jobs, \ud83d微软在Azure云合作.",
        "Quay Gazette",
        "en",
    )
    cut = wording(*said)

    wording.cache_clear()
    read_back = wording(*said)

    assert read_back == cut
    assert read_back is not cut


def test_of_many_wordings_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKED_WORDINGS", 3)
    monkeypatch.setattr(module, "packed_wordings", packed := {})

    for number in range(5):
        wording(f"Arlund forgets no. {number}", "")

    assert len(packed) == 3


@pytest.mark.parametrize(
    ("title", "turns"),
    [
        ("Boeing settles lawsuit with families", {"settl", "lawsuit"}),
        ("Oil settles at $80", set()),
        ("Union extends strike", {"extend"}),
        ("Nestle extends gains", set()),
        ("Boeing strike ends after pay deal", {"end"}),
        ("Wall Street ends higher after deal hopes", set()),
        ("Talks between Renault and Nissan collapse", {"collaps"}),
        ("Bridge collapse kills ten", set()),
        ("BP drops bid for Quantara", {"drop"}),
        ("Shares drop as bid talk fades", set()),
        ("Nestle sweetens bid for Ardent", {"sweeten"}),
        ("Broker raises Nestle target", set()),
        ("Regulators approve deal", {"approv"}),
        ("Board approves dividend", set()),
        ("Fine weather lifts sales", set()),
        ("Nestle steps up output, warns of clear risks", set()),
    ],
)
def test_a_turn_takes_back_confirms_moves_or_decides_what_was_told(title: str, turns: set[str]) -> None:
    assert wording(title, "").reversals == turns


def test_a_turn_that_was_told_in_another_word_for_the_same_is_told() -> None:
    turn = wording("EU probe into Meta", "").reversals

    assert new_turns(turn, wording("EU opens investigation into Meta", "").title_terms) == frozenset()
    assert new_turns(turn, wording("EU fines Meta", "").title_terms) == {"probe"}


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("talks with 25 banks start on 14 April", {"25"}),
        ("Apr 14: 30 pumps recalled", {"30"}),
        ("April 14, 2026", set()),
        ("La huelga del 14 de abril en 30 plantas", {"30"}),
        ("Streik am 14.04. in 12 Werken", {"12"}),
        ("4月14日,发布20款新品", {"20"}),
        ("14일 주가 12% 상승", {"12%"}),
        ("12日間のスト", {"12"}),
        ("sales up in April 14%", {"14%"}),
        ("in March 12 million pumps", {"1.2e+07"}),
        ("Arlund may cut 14 jobs", {"14"}),
    ],
)
def test_a_day_of_the_month_is_no_figure(text: str, figures: set[str]) -> None:
    assert wording(text, "").figures == figures


def test_days_are_compared_as_words_whatever_the_order() -> None:
    assert (
        "d14"
        in wording("talks on 14 April", "").bag & wording("April 14th: talks", "").bag & wording("4月14日", "").bag
    )


@pytest.mark.parametrize(
    ("one", "other", "swapped"),
    [
        ("Arlund picks Ohio for pump plant", "Arlund picks Texas for pump plant", True),
        ("Arlund recalls 400 pumps over brake risk", "Arlund recalls 900 pumps over choking risk", True),
        ("Arlund recalls 400 pumps over brake risk", "Arlund recalls 900 pumps over brake risk", False),
        ("Arlund launches pump in Ohio plant", "Arlund unveils pump in Ohio plant", False),
        ("Arlund picks Ohio", "Arlund picks Texas", False),
        ("Arlund picks Ohio for pump plant", "Arlund picks Ohio for pump plant", False),
    ],
)
def test_two_headlines_of_one_form_are_of_two_things_where_they_name_two(one: str, other: str, swapped: bool) -> None:
    assert is_swapped(wording(one, "").title_terms, wording(other, "").title_terms) is swapped
