"""Values as columns hold them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pipeline.store.columns import cjk_pairs, clean, instant, search_query, stamp, to_json
from pipeline.text import fold, is_cjk


def test_only_half_surrogates_are_replaced() -> None:
    assert clean("a\ud800b\udfffc") == "a\ufffdb\ufffdc"
    assert clean("\x00 é 小米 👩\u200d🚀") == "\x00 é 小米 👩\u200d🚀"


def test_moments_are_utc_and_come_back() -> None:
    local = datetime(2026, 3, 2, 10, 30, tzinfo=timezone(timedelta(hours=1)))

    assert stamp(local) == "2026-03-02T09:30:00Z"
    assert instant("2026-03-02T09:30:00Z") == local
    assert instant("2026-03-02T09:30:00Z").tzinfo == UTC


@pytest.mark.parametrize(
    ("fields", "pairs"),
    [
        (("小米公司",), "小米 米公 公司"),
        (("小米 Note，新机", "plain"), "小米 新机"),
        (("米",), "米"),
        (("plain words", "naïve “quotes”"), ""),
    ],
)
def test_unspaced_runs_are_cut_into_pairs(fields: tuple[str, ...], pairs: str) -> None:
    assert cjk_pairs(*fields) == pairs


def test_no_character_that_is_passed_over_folds_to_unspaced_script() -> None:
    assert not any(is_cjk(char) for code in range(0x2E80) for char in fold(chr(code)))


def test_pairs_never_join_two_fields() -> None:
    assert cjk_pairs("小", "米") == "小 米"


def test_json_holds_only_what_sqlite_reads() -> None:
    assert to_json({"名": ["a\ud800"]}) == '{"名":["a\ufffd"]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(float("nan"))


@pytest.mark.parametrize(
    ("words", "query"),
    [
        ("smart speakers", '"smart" "speakers"'),
        ("ferr*", '"ferr"*'),
        ("Moody's", '"Moody\'s"'),
        ('so-called "quotes"', '"so-called" """quotes"""'),
        ("小米", '"小米"'),
        ("比亚迪", '"比亚 亚迪"'),
        ("米", '"米"*'),
        ("比亚迪A股", '"比亚 亚迪" "A" "股"*'),
        ("- ! *", ""),
    ],
)
def test_words_are_asked_for_as_the_index_holds_them(words: str, query: str) -> None:
    assert search_query(words) == query
