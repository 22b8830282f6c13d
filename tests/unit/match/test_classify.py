"""Names with their kinds and the warnings for their owners."""

from pipeline.match import classify
from pipeline.model import Name, NameKind, Watchlist
from tests.builders_match import company


def test_an_ordinary_word_without_context_calls_for_a_warning() -> None:
    (bare,) = classify(Watchlist((company("t", "Target"),)))
    (helped,) = classify(Watchlist((company("t", "Target", context=("retailer",)),)))

    assert bare.kind is NameKind.COMMON
    assert bare.warning == "“Target” is an ordinary word too"
    assert bare.remedy.startswith("add context")
    assert (helped.warning, helped.remedy) == ("", "")


def test_a_ticker_is_enough_for_an_ordinary_word_but_tells_no_two_names_apart() -> None:
    helped = classify(Watchlist((company("t", "Target", tickers=("TGT",)),)))
    shared = classify(Watchlist((company("a", "Delta Inc", tickers=("DAL",)), company("b", "Delta Corp."))))

    assert [name.warning for name in helped] == ["", ""]
    assert shared[0].warning == "“Delta Inc” is a name of Delta Corp. too"


def test_context_tells_two_companies_of_one_name_apart() -> None:
    names = classify(Watchlist((company("a", "Acme AG", context=("Bern",)), company("b", "Acme Inc."))))

    assert [name.warning for name in names] == ["", "“Acme Inc.” is a name of Acme AG too"]


def test_a_name_that_many_share_lists_only_a_few_of_them() -> None:
    names = classify(Watchlist(tuple(company(form, f"Acme {form}") for form in ("AG", "Inc.", "Ltd", "SA", "NV"))))

    assert names[0].warning == "“Acme AG” is a name of Acme Inc., Acme Ltd, Acme SA and more too"


def test_a_name_without_letters_is_told_and_no_crash() -> None:
    (name,) = classify(Watchlist((company("u", "_"),)))

    assert (name.warning, name.remedy) == ("“_” cannot match", "write it with letters or digits")


def test_a_name_of_two_companies_is_told_to_both() -> None:
    names = classify(Watchlist((company("a", "Acme AG"), company("b", "Acme Inc."))))

    assert ["Acme Inc." in names[0].warning, "Acme AG" in names[1].warning] == [True, True]


def test_kinds_are_inferred_unless_they_are_set() -> None:
    names = classify(Watchlist((company("a", "Xiaomi", Name("Mi", NameKind.WEAK), tickers=("1810.HK",)),)))

    assert [name.kind for name in names] == [NameKind.UNIQUE, NameKind.WEAK, NameKind.TICKER]
    assert names[1].why == "set in the configuration"
