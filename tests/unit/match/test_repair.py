"""Misspelt and inflected words."""

import tracemalloc

import pytest

from pipeline.match import lexicon, repair
from pipeline.match.repair import Repairer
from pipeline.model import Method

REPAIRER = Repairer({"xiaomi": True, "nirma": True, "sachs": False, "bahn": False, "deutsche": False, "газпром": True})


def only(token: str, language: str = "en"):
    return next(iter(REPAIRER.repairs([token], language).values()), (None,))[0]


def test_a_letter_wrong_missing_doubled_or_moved_is_mended() -> None:
    assert {token: only(token).target for token in ("xiaoni", "xiaom", "xiaoomi", "xiamio", "sahcs")} == {
        "xiaoni": "xiaomi",
        "xiaom": "xiaomi",
        "xiaoomi": "xiaomi",
        "xiamio": "xiaomi",
        "sahcs": "sachs",
    }


def test_ordinary_words_and_peoples_names_are_never_mended() -> None:
    assert only("being") is None
    assert only("rajiv") is None


def test_a_short_name_forgives_only_swapped_letters() -> None:
    assert not only("nirmal").alone
    assert only("nimra").alone


def test_inflection_is_a_variant_of_the_word() -> None:
    assert only("deutschen", "de").target == "deutsche"
    assert only("газпрома", "ru").method is Method.VARIANT


def test_a_decision_is_remembered() -> None:
    assert REPAIRER.repairs(["xiamio"], "en") == REPAIRER.repairs(["xiamio"], "en")


def test_languages_that_nobody_knows_are_remembered_as_one() -> None:
    """A feed may declare any two letters; each must not open a memory of its own."""
    repairer = Repairer({"xiaomi": True})
    words = [f"xi{a}{b}mi" for a in "abcdefghijklmnopqrst" for b in "abcdefghijklmnopqrst"]
    repairer.repairs(words, "xa")
    lexicon.cues("xa")

    tracemalloc.start()
    for second in "bcdefghijklmnopqrstuvwyz":
        repairer.repairs(words, f"x{second}")
        lexicon.cues(f"x{second}")
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert grown < 20_000


def test_known_languages_keep_their_own_endings() -> None:
    repairer = Repairer({"bahn": True})

    assert repairer.repairs(["bahnen"], "xx") == {}
    assert repairer.repairs(["bahnen"], "de")[0][0].target == "bahn"


def test_one_bound_holds_for_all_languages_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "_CACHE", 50)
    repairer = Repairer({"xiaomi": True, "bahn": True})
    words = [f"xi{a}{b}mi" for a in "abcdefgh" for b in "abcdefgh"]

    for language in ("en", "de", "fr", "ru", "fi"):
        repairer.repairs(words, language)

    assert sum(map(len, repairer._remembered.values())) <= 50
    assert repairer.repairs(["xiamio"], "en")[0][0].target == "xiaomi"


def test_a_word_too_long_to_mend_is_not_remembered() -> None:
    repairer = Repairer({"xiaomi": True})

    assert repairer.repairs(["x" * 100_000], "en") == {}
    assert not any(repairer._remembered.values())


def test_a_wrong_letter_must_lie_beside_the_right_one_on_the_keyboard() -> None:
    repairer = Repairer({"nextel": True})

    assert next(iter(repairer.repairs(["nexrel"], "en").values()))[0].alone
    assert not next(iter(repairer.repairs(["neotel"], "en").values()))[0].alone


def test_a_whole_german_name_is_inflected_with_s_only() -> None:
    repairer = Repairer({"bayer": True})

    assert next(iter(repairer.repairs(["bayers"], "de").values()))[0].alone
    assert not next(iter(repairer.repairs(["bayern"], "de").values()))[0].alone
