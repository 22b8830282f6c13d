"""Misspelt and inflected words."""

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
