"""Folding with its way back, tokens, moments."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pipeline.text import fold, fold_with_offsets, from_iso, is_cjk, is_day, is_number, pairs, to_iso, tokens


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Nestlé", "nestle"),
        ("Ｓｏｎｙ", "sony"),
        ("STRASSE Straße", "strasse strasse"),
        ("L’Oréal", "l'oreal"),
        ("Micro\u200bsoft", "microsoft"),
        ("Coca–Cola", "coca-cola"),
        ("„Acme“", '"acme"'),
        ("ﾊﾟﾅｿﾆｯｸ", "パナソニック"),
        ("Но́вость", "новость"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_spellings_a_reader_takes_for_the_same_fold_alike(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_what_a_character_folds_to_folds_to_itself() -> None:
    folded = {fold(chr(code)) for code in range(0x20000)}

    assert all(fold(char) == char for text in folded for char in text)


def test_long_text_folds_as_its_characters_do() -> None:
    text = "Ärger bei „ΣΊΓΜΑ“: Ｎｏｖｏ – ﬁne, İstanbul’da ß 한글 ㈱小米 " * 3

    assert fold(text) == "".join(map(fold, text))


def test_japanese_voicing_is_no_accent() -> None:
    assert fold("ガス") != fold("カス")


def test_offsets_lead_back_to_the_characters_that_made_a_fold() -> None:
    text = "x ﬁne Cafe\u0301!"

    folded = fold_with_offsets(text)
    start = folded.text.index("fine")
    accent = folded.text.index("cafe")

    assert text[slice(*folded.span(start, start + 4))] == "ﬁne"
    assert text[slice(*folded.span(accent, accent + 4))] == "Cafe\u0301"


def test_plain_text_needs_no_table_of_offsets() -> None:
    folded = fold_with_offsets("Acme wins")

    assert folded.text == "acme wins"
    assert folded.span(0, 4) == (0, 4)


def test_unspaced_script_comes_as_pairs_and_latin_inside_it_as_a_word() -> None:
    assert tokens(fold("小米汽车 visa卡")) == ["小米", "米汽", "汽车", "visa", "卡"]
    assert pairs("小") == ["小"]
    assert is_cjk("小")
    assert not is_cjk("삼")


@pytest.mark.parametrize(
    ("term", "number", "day"),
    [("3.5e+09", True, False), ("d24", True, True), ("day", False, False), ("", False, False)],
)
def test_figures_and_days_of_a_month_are_numbers(term: str, number: bool, day: bool) -> None:
    assert (is_number(term), is_day(term)) == (number, day)


def test_a_moment_survives_being_written() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))

    assert to_iso(moment) == "2026-01-02T01:04:05Z"
    assert from_iso(to_iso(moment)) == moment.astimezone(UTC)


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "2026-03-05",
        "2026-03-05T06:00:00",
        "2026-03-05T06:00:00+00:00",
        "2026-W10-4T06:00:00Z",
        "2026-03-05 06:00:00Z",
    ],
)
def test_a_moment_of_another_form_is_refused(stamp: str) -> None:
    with pytest.raises(ValueError, match=r"not a moment|Invalid isoformat"):
        from_iso(stamp)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        to_iso(datetime(2026, 1, 2))
