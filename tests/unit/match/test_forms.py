"""The ways to write a company that are worked out from its names."""

import pytest

from pipeline.match.forms import core_of, forms_of
from pipeline.match.kinds import Flavour, flavour_of
from pipeline.model import NameKind
from tests.builders_match import company, engine, found


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("Microsoft Corp.", "microsoft"),
        ("Enel S.p.A.", "enel"),
        ("The Coca-Cola Company", "coca cola"),
        ("Hennes & Mauritz AB", "hennes & mauritz"),
        ("Wells Fargo & Company", "wells fargo"),
        ("ПАО «Газпром»", "газпром"),
        ("楽天グループ株式会社", "楽天グループ"),
        ("腾讯控股有限公司", "腾讯"),
        ("Türk Telekom A.Ş.", "turk telekom"),
        ("Co", "co"),
    ],
)
def test_legal_forms_of_all_scripts_come_off_a_name(name: str, core: str) -> None:
    assert " ".join(core_of(name)) == core


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("Best Buy", " bestbuy "),
        ("SoftBank", " soft bank "),
        ("AT&T", " at and t "),
        ("AT&T", " at & amp t "),
        ("JPMorgan Chase", " j p morgan chase "),
        ("McDonald's", " mcdonalds "),
        ("L'Oréal", " loreal "),
        ("Carter's", " carters "),
        ("Foot Locker", " footlocker "),
        ("Sun Pharmaceutical Industries", " sun pharmaceutical ind "),
        ("Larsen & Toubro", " l & t "),
        ("LG전자", " lg전자"),
    ],
)
def test_a_name_is_looked_for_in_its_other_spellings(name: str, spelling: str) -> None:
    assert spelling in {pattern for pattern, _ in forms_of(0, company("x", name))}


@pytest.mark.parametrize(("name", "word"), [("Us E PLC", " use "), ("Se T LLC", " set ")])
def test_a_name_of_single_letters_is_not_looked_for_in_an_ordinary_word(name: str, word: str) -> None:
    assert word not in {pattern for pattern, _ in forms_of(0, company("x", name))}


@pytest.mark.parametrize(
    ("name", "flavour"),
    [
        ("Xiaomi", Flavour.DISTINCT),
        ("Target", Flavour.WORD),
        ("Secure,Inc.", Flavour.WORD),
        ("Best Buy", Flavour.PHRASE),
        ("GE", Flavour.ACRONYM),
        ("American", Flavour.PROPER),
        ("X", Flavour.WEAK),
        ("小米", Flavour.CJK),
        ("삼성전자", Flavour.DISTINCT),
        ("PayPal", Flavour.DISTINCT),
        ("Hermès", Flavour.PERSON),
    ],
)
def test_a_name_is_of_the_kind_its_words_make_it(name: str, flavour: Flavour) -> None:
    assert flavour_of(core_of(name), name) is flavour


def test_a_forced_kind_overrides_what_would_be_inferred() -> None:
    assert flavour_of(("target",), "Target", NameKind.UNIQUE) is Flavour.DISTINCT
    assert flavour_of(("xiaomi",), "Xiaomi", NameKind.WEAK) is Flavour.WEAK


def spellings(*names: str, tickers: tuple[str, ...] = ()) -> dict[str, str]:
    """Each pattern with why it is doubtful: "" = listed or confirmed by the ticker."""
    made = forms_of(0, company("a", *names, tickers=tickers))
    return {pattern.strip(): form.doubt if form.derived and not form.confirmed else "" for pattern, form in made}


@pytest.mark.parametrize(
    ("name", "ticker", "pattern", "doubt"),
    [
        ("Dabur India", "DABUR.NS", "dabur", ""),
        ("Bosch India", "BOSCHLTD", "bosch", ""),
        ("Dabur India", "XYZ", "dabur", "short"),
        ("Larsen & Toubro", "LT", "l & t", "short"),
        ("Jindal Steel & Power Ltd.", "JINDALSTEL", "jspl", "short"),
        ("Steel Authority of India", "SAIL", "sail", ""),
        ("Bank of Baroda", "BANKBARODA", "bob", "short"),
        ("Container Corporation of India", "CONCOR", "container corporation", "short"),
        ("Kansai Nerolac Paints", "KANSAINER", "kansai nerolac", "beginning"),
    ],
)
def test_a_long_name_is_cut_short_as_the_press_does(name: str, ticker: str, pattern: str, doubt: str) -> None:
    assert spellings(name, tickers=(ticker,)).get(pattern) == doubt


@pytest.mark.parametrize(
    "name", ["Bank of India", "Shanghai Electric Power", "New York Times Company", "Gesellschaft für Bau"]
)
def test_what_is_no_name_by_itself_is_no_short_form(name: str) -> None:
    assert not {"bank", "shanghai", "new york", "gesellschaft fur", "gesellschaft"} & set(spellings(name))


def test_small_words_of_initials_are_written_small() -> None:
    watch = engine(company("bob", "Bank of Baroda"))

    assert found(watch, "BoB cuts its rate") == ["bob"]
    assert found(watch, "Bob cuts his hair") == []


def test_initials_belong_to_one_company_only() -> None:
    watch = engine(company("a", "Godrej Industries Ltd."), company("b", "Grasim Industries Ltd."))

    assert found(watch, "GIL shares rise") == []


def test_a_short_form_is_kept_where_others_names_only_begin_so() -> None:
    watch = engine(company("sbi", "State Bank of India"), company("life", "SBI Life Insurance"))

    assert found(watch, "SBI raises deposit rates") == ["sbi"]
    assert found(watch, "SBI Life Insurance raises premiums") == ["life"]


def test_a_short_form_gives_way_where_the_name_goes_on() -> None:
    watch = engine(company("rbc", "Royal Bank of Canada"), company("hm", "Hindustan Motors"))

    assert found(watch, "Royal Bank of Scotland completes its rebrand") == []
    assert found(watch, "Royal Bank of Canada raises rates") == ["rbc"]
    assert found(watch, "Investors like Hindustan Unilever in weak markets") == []


def test_two_names_are_written_without_their_ampersand_too() -> None:
    watch = engine(company("marsh", "Marsh & McLennan"))

    assert found(watch, "Marsh McLennan buys a broker") == ["marsh"]
