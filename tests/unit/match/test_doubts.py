"""Names that towns, families, rivers or words have too: what is accepted of them, and what is not."""

import tomllib
from pathlib import Path

import pytest

from pipeline.match import MatchEngine, Matcher, doubts
from pipeline.match.lexicon import data, is_brand, namesakes, opens_compounds, towns
from pipeline.model import Company, Entry, Watchlist

ENGINE = MatchEngine.build(
    Watchlist(
        tuple(
            Company(name.lower(), name)
            for name in (
                "Darlington", "Ford", "Gap", "IndiGo", "Jackson", "Mammut", "Meta", "Nokia", "Orion", "Sierra",
                "Visa", "Wexford", "Żubr", "Martı", "Трамплин", "太平洋",
            )
        )
    ),
    [Matcher()],
)  # fmt: skip


def found(title: str, *, text: str = "", language: str = "en") -> list[str]:
    return [hit.company_id for hit in ENGINE.hits(Entry("entry", "", title=title, text=text, language=language))]


@pytest.mark.parametrize(
    ("title", "companies"),
    [
        ("Darlington nurses win tribunal", []),
        ("Darlington raises savings rates for customers", ["darlington"]),
        ("Jackson leads Ravens past Browns", []),
        ("Jackson lifts dividend after strong quarter", ["jackson"]),
        ("Wexford beach closed after storm", []),
        ("Nokia returns to the town that named it", ["nokia"]),  # so well known that it needs no proof
        ("Orion rises over the desert tonight", []),
        ("Orion to supply wind turbines to Oman", ["orion"]),
    ],
)
def test_a_name_of_towns_and_people_asks_for_a_word_of_business(title: str, companies: list[str]) -> None:
    assert found(title) == companies


def test_business_anywhere_in_the_entry_is_enough() -> None:
    title = "Darlington wins again"

    assert found(title) == []
    assert found(title, text="The lender has 400,000 customers.") == ["darlington"]
    assert found(title, text="Its assets grew by 4%.") == ["darlington"]


def test_a_name_written_otherwise_is_the_word() -> None:
    assert found("Indigo dye is back in Japan") == []
    assert found("IndiGo dye job: its jets go blue") == ["indigo"]


def test_an_office_beside_a_last_name_makes_a_politician_of_it() -> None:
    assert found("Ford unveils housing plan", text="The premier wants a million homes.") == []
    assert found("Ford unveils electric pickup") == ["ford"]


@pytest.mark.parametrize(
    ("title", "companies"),
    [
        ("Mammut-Prozess beginnt in Magdeburg", []),
        ("Mammut-Aktie verliert", ["mammut"]),
        ("Visa-Vergabe stockt", []),
        ("Visa-Karten werden getauscht", ["visa"]),
        ("Meta-Studie: Kaffee schadet nicht", []),
        ("Meta-Chef kündigt Brille an", ["meta"]),
    ],
)
def test_the_second_half_of_a_german_compound_tells(title: str, companies: list[str]) -> None:
    assert found(title, language="de") == companies


@pytest.mark.parametrize(
    ("title", "language", "companies"),
    [
        ("Żubr wszedł do ogródka pod Hajnówką", "pl", []),
        ("Żubr podpisał kontrakt z siecią sklepów", "pl", ["żubr"]),
        ("Martı sürüsü sahili sardı", "tr", []),
        ("Martı yeni yatırım aldı", "tr", ["martı"]),
        ("Трамплин для прыжков построили в Сочи", "ru", []),
        ("太平洋海温继续上升", "zh", []),
        ("太平洋发布三季度财报", "zh", ["太平洋"]),
    ],
)
def test_words_of_further_languages_are_known(title: str, language: str, companies: list[str]) -> None:
    assert found(title, language=language) == companies


def test_prices_that_rise_are_no_deed_of_the_name_before() -> None:
    engine = MatchEngine.build(Watchlist((Company("apple", "Apple"),)), [Matcher()])

    assert engine.hits(Entry("1", "", title="Apple prices rise", text="Frost hit the orchards.", language="en")) == ()
    assert engine.hits(Entry("2", "", title="Apple prices new phone at $999", language="en"))


def test_a_word_does_what_things_do() -> None:
    assert found("Gap widens between rich and poor") == []
    assert found("Gap widens loss as sales slip") == ["gap"]


def test_the_lists_hold_what_they_are_named_for() -> None:
    assert {"hastings", "woodside", "iceland"} <= towns()
    assert {"thames", "vesuvius", "pandora"} <= namesakes()
    assert [name for name in ("Nokia", "Siemens", "Hermès", "Hermes") if is_brand(name)] == [
        "Nokia",
        "Siemens",
        "Hermès",
    ]
    assert [word for word in ("visa", "meta", "mammut", "siemens", "nokia") if opens_compounds(word)] == [
        "visa", "meta", "mammut",
    ]  # fmt: skip


@pytest.mark.parametrize("prefix", doubts.PROVEN_BY)
def test_what_proves_a_company_is_a_sign_that_the_weights_know(prefix: str) -> None:
    groups = tomllib.loads(data("weights.toml").read_text(encoding="utf-8"))
    keys = [f"{group}.{sign}" for group, signs in groups.items() for sign in signs]

    assert any(key.startswith(prefix) for key in keys)


@pytest.mark.parametrize(
    ("name", "title", "language", "is_found"),
    [
        ("Allegro", "Allegro kupuje firmę kurierską", "pl", True),
        ("Allegro", "Allegro i largo: koncert w filharmonii", "pl", False),
        ("Getir", "Getir Almanya'dan çıktı", "tr", True),
        ("Getir", "Getir bana kahveni dedi", "tr", False),
        ("Pekao", "Pekao w Krakowie", "pl", True),  # which no dictionary holds
        ("Orange", "Orange coupe le cuivre", "fr", True),
        ("Hermès", "Hermès opens in Shanghai", "en", True),
        ("Hermès", "Hermes was the messenger of the gods", "en", False),
        ("Goodyear", "Goodyear moves to Ohio", "en", True),
        ("Goodyear", "Goodyaer moves to Ohio", "en", True),
        ("Greggs", "Greggs returns to Wales", "en", True),
        ("Lotus", "Lotus leaves Hethel", "en", True),
        ("Lotus", "Lotus leaves float on the pond", "en", False),
        ("Lotus", "Lotus Leaves Clean Themselves", "en", False),
        ("Goodyear", "Goodyear residents vote against water park", "en", False),
    ],
)
def test_a_plain_name_outweighs_what_only_our_lists_do_not_know(
    name: str, title: str, language: str, is_found: bool
) -> None:
    ours = MatchEngine.build(Watchlist((Company("firm", name),)), [Matcher()])

    assert bool(ours.hits(Entry("entry", "", title=title, language=language))) is is_found


def test_each_list_of_words_that_others_made_has_its_notice() -> None:
    folder = Path(str(data("WORDS-LICENSES.txt"))).parent
    notices = (folder / "WORDS-LICENSES.txt").read_text(encoding="utf-8")

    lists = sorted(path.name.removesuffix(".txt.gz") for path in folder.glob("words_*.txt.gz"))

    assert lists == [f"words_{language}" for language in ("hi", "id", "ko", "nl", "pl", "ru", "tr")]
    assert [name for name in lists if name not in notices] == []
