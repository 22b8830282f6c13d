"""What the index remembers of texts is bounded, and changes no answer."""

import pytest

from pipeline.match import index
from pipeline.match.index import NameIndex
from pipeline.match.skeleton import Skeleton
from pipeline.model import EntryField, Watchlist
from tests.builders_match import company

COMPANIES = (company("xiaomi", "Xiaomi"), company("bank", "Deutsche Bank"), company("samsung", "삼성전자"))


def text(value: str) -> Skeleton:
    return Skeleton(EntryField.TEXT, value)


def found(names: NameIndex, value: str, language: str = "en") -> list[str]:
    return [" ".join(item.skeleton.tokens[item.first : item.last + 1]) for item in names.find(text(value), language)]


def remembered(names: NameIndex) -> int:
    return sum(map(len, names._memories.values()))


def test_one_bound_holds_for_all_languages_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_REMEMBERED", 50)
    names = NameIndex(Watchlist(COMPANIES))
    words = " ".join(f"xi{a}{b}mi" for a in "abcdefgh" for b in "abcdefgh")

    for language in ("en", "de", "fr", "ru", "fi"):
        names.find(text(words), language)

    assert remembered(names) <= 50
    assert found(names, "The Xiamio shop and Deutsche Bank") == ["deutsche bank", "xiamio"]


def test_languages_that_nobody_knows_are_remembered_as_one() -> None:
    names = NameIndex(Watchlist(COMPANIES))
    for second in "abcdefghijklmnopqrstuvwxyz":
        names.find(text("one two three"), f"q{second}")

    assert remembered(names) == 3


def test_a_very_long_word_of_a_text_is_not_remembered() -> None:
    names = NameIndex(Watchlist(COMPANIES))

    assert found(names, "x" * 100_000) == []
    assert remembered(names) == 0


def test_a_pattern_without_spaces_is_found_once() -> None:
    """``삼성전자`` may begin a longer word, so its characters are searched for and not its words."""
    assert found(NameIndex(Watchlist(COMPANIES)), "그 삼성전자 는") == ["삼성전자"]


def test_a_name_of_very_many_words_is_found() -> None:
    name = " ".join(f"qw{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(300))
    names = NameIndex(Watchlist((company("long", name),)))

    assert name in found(names, f"The {name} company")


def test_forms_that_were_forgotten_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_AT_HAND", 1)
    names = NameIndex(Watchlist(COMPANIES))

    for _ in range(3):
        assert found(names, "Xiaomi and Deutsche Bank") == ["xiaomi", "deutsche bank"]
