"""Is the entry about the company?"""

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
