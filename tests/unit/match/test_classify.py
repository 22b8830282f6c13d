"""Names with their kinds and the warnings for their owners."""

from pipeline.match import classify
from pipeline.model import Name, NameKind, Watchlist
from tests.builders_match import company


def test_an_ordinary_word_without_context_calls_for_a_warning() -> None:
    (bare,) = classify(Watchlist((company("t", "Target"),)))
    (helped,) = classify(Watchlist((company("t", "Target", context=("retailer",)),)))

    assert bare.kind is NameKind.COMMON
    assert "ordinary English word" in bare.warning
    assert helped.warning == ""


def test_a_name_of_two_companies_is_told_to_both() -> None:
    names = classify(Watchlist((company("a", "Acme AG"), company("b", "Acme Inc."))))

    assert ["Acme Inc." in names[0].warning, "Acme AG" in names[1].warning] == [True, True]


def test_kinds_are_inferred_unless_they_are_set() -> None:
    names = classify(Watchlist((company("a", "Xiaomi", Name("Mi", NameKind.WEAK), tickers=("1810.HK",)),)))

    assert [name.kind for name in names] == [NameKind.UNIQUE, NameKind.WEAK, NameKind.TICKER]
    assert names[1].why == "set in the configuration"
