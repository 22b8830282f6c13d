"""Misspelt and inflected words."""

from pipeline.match.repair import Repairer, tongue_of
from pipeline.model import Method

REPAIRER = Repairer({"xiaomi": True, "nirma": True, "sachs": False, "bahn": False, "deutsche": False, "газпром": True})


def only(token: str, language: str = "en"):
    return next(iter(REPAIRER.repairs(token, tongue_of(language))), None)


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


def test_languages_that_nobody_knows_are_one() -> None:
    """A feed may declare any two letters; each must not open a memory of its own."""
    assert {tongue_of(language) for language in ("xa", "zz", "", "q")} == {""}


def test_known_languages_keep_their_own_endings() -> None:
    repairer = Repairer({"bahn": True})

    assert repairer.repairs("bahnen", tongue_of("xx")) == ()
    assert repairer.repairs("bahnen", "de")[0].target == "bahn"


def test_a_word_too_long_to_mistype_is_not_mended() -> None:
    assert Repairer({"a" * 24: True}).repairs("a" * 25, "en") == ()
    assert Repairer({"ab" * 12: True}).repairs("ab" * 11 + "ba", "en")


def test_a_wrong_letter_must_lie_beside_the_right_one_on_the_keyboard() -> None:
    repairer = Repairer({"nextel": True})

    assert repairer.repairs("nexrel", "en")[0].alone
    assert not repairer.repairs("neotel", "en")[0].alone


def test_a_whole_german_name_is_inflected_with_s_only() -> None:
    repairer = Repairer({"bayer": True})

    assert repairer.repairs("bayers", "de")[0].alone
    assert not repairer.repairs("bayern", "de")[0].alone
