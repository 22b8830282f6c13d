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


def test_each_name_is_sorted_finer_than_its_kind() -> None:
    names = ("Xiaomi", "Target", "Santander", "GM", "小米", "General Mills")
    listed = classify(Watchlist(tuple(company(name, name) for name in names)))

    assert [name.sort for name in listed] == ["distinct", "word", "person", "acronym", "cjk", "phrase"]


def test_an_everyday_word_of_chinese_calls_for_a_warning() -> None:
    (bare,) = classify(Watchlist((company("k", "快手"),)))
    (helped,) = classify(Watchlist((company("k", "快手", context=("视频",)),)))

    assert bare.warning == "“快手” is an ordinary Chinese word too"
    assert helped.warning == ""
