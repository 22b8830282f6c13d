"""Is the entry about the company?"""

import pytest

from tests.builders_match import company, engine, entry

ACME = engine(
    company("novo", "Novo Nordisk"), company("sony", "Sony"), company("nokia", "Nokia"), company("intel", "Infineon")
)


def salience(title: str, text: str = "") -> float:
    return next(hit.salience for hit in ACME.hits(entry(title, text)) if hit.company_id == "novo")


def test_the_subject_of_a_headline_outranks_a_mention_in_the_text() -> None:
    assert salience("Novo Nordisk cuts prices") > salience("Drug prices fall", "Novo Nordisk was first.")


def test_a_late_mention_weighs_less_than_the_lead() -> None:
    late = salience("Drug prices fall", "Prices fell again. " * 40 + "Novo Nordisk declined to comment.")

    assert late < salience("Drug prices fall", "Novo Nordisk was first.")


def test_a_list_of_companies_is_about_none_of_them() -> None:
    assert salience("Stocks to watch: Sony, Nokia, Infineon, Novo Nordisk") < salience("Novo Nordisk to watch")


def test_boilerplate_counts_for_nearly_nothing() -> None:
    assert salience("Weather", "Sunny spells. Also read: Novo Nordisk opens a plant") <= 10


def role(title: str, text: str = "") -> str:
    return ACME.explain(entry(title, text), "novo").role


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Novo Nordisk cuts prices", "", "what the entry is about"),
        ("Drug prices fall", "Novo Nordisk was first.", "one of those it is about"),
        ("Drug prices fall", "Prices fell again. " * 40 + "Novo Nordisk declined to comment.", "in passing"),
        ("Stocks to watch: Sony, Nokia, Infineon, Novo Nordisk", "", "in a list"),
        ("Morning briefing: Novo Nordisk, Sony and more", "", "in a list"),
        ("Weather", "The newsletter said Novo Nordisk will cut jobs.", "one of those it is about"),
        ("Weather", "Revenue from advertising at Novo Nordisk rose.", "one of those it is about"),
        ("Weather", "Subscribers of Novo Nordisk ask for cookies.", "one of those it is about"),
        ("Weather", "Sunny. Subscribe to our daily newsletter on Novo Nordisk", "only as boilerplate"),
        ("Runner wins race sponsored by Novo Nordisk", "", "only as a sponsor"),
        ("Runner wins Novo Nordisk Marathon again", "", "only as a sponsor"),
        ("Weather", "Sunny spells. Also read: Novo Nordisk opens a plant", "only as boilerplate"),
        ("Weather", "Sunny. Share this on Novo Nordisk", "only as boilerplate"),
        (
            "Markets close higher",
            "Sony 12.10 +0.4% Nokia 4.10 -1.2% Novo Nordisk 88.20 +2.2% Infineon 31.00 +0.9%",
            "only as a table",
        ),
    ],
)
def test_how_far_an_entry_is_about_a_company_is_told_in_words(title: str, text: str, expected: str) -> None:
    assert role(title, text) == expected


def test_a_sponsor_counts_little_and_more_than_boilerplate() -> None:
    sponsor = salience("Runner wins race sponsored by Novo Nordisk")

    assert salience("Weather", "Sunny spells. Also read: Novo Nordisk opens a plant") < sponsor <= 20


def test_who_tells_the_news_is_not_whom_it_is_about() -> None:
    watch = engine(company("wire", "Harbour Wire"))
    (hit,) = watch.hits(entry("Harbour Wire sues the city (Harbour Wire)"))
    (only,) = watch.hits(entry("Storm closes port (Harbour Wire)", "The agency Harbour Wire said so."))

    assert hit.salience == 80.0
    assert only.salience < 60.0
