"""In which language an entry is written."""

import pytest

from pipeline.match.language import language_of
from pipeline.match.skeleton import tokenise
from pipeline.text import fold


@pytest.mark.parametrize(
    ("declared", "text", "language"),
    [
        ("en-GB", "whatever", "en"),
        ("", "Der Konzern hat die Zahlen für das Jahr nicht veröffentlicht", "de"),
        ("", "Le groupe ne veut pas vendre sa filiale", "fr"),
        ("", "La empresa no quiere vender su filial en el país", "es"),
        ("en", "トヨタは工場を再開", "ja"),
        ("", "小米发布手机", "zh"),
        ("", "삼성전자 공장", "ko"),
        ("", "xyzzy", "en"),
        ("", "Compass acquires a broker", "en"),
        ("", "VW-Chef kündigt Sparprogramm an", "de"),
        ("", "Philips schrapt banen in Eindhoven", "nl"),  # words that English does not have: one of them tells which
        ("", "Sixt bestellt neue Wagen", "de"),
        ("", "Regulators decide and produce rules", "en"),  # words of business in Italian too
        ("", "Газпром объявил о сделке", "ru"),
        ("", "أرامكو ترفع أسعار النفط", "ar"),
    ],
)
def test_the_language_is_declared_or_told_by_script_and_small_words(declared: str, text: str, language: str) -> None:
    assert language_of(declared, text, tokenise(fold(text))) == language
