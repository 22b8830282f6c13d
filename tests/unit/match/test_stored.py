"""Compiled names kept as bytes: the same answers, and nothing taken for what it is not."""

import pytest

from pipeline.match import MatchEngine, Matcher
from pipeline.match.stored import name_of, unpack
from pipeline.model import Name, NameKind, Watchlist
from tests.builders_match import company, entry

MANY = tuple(company(f"c{number}", f"Qwert{chr(97 + number % 26)}{number} Maschinenbau AG") for number in range(600))
COMPANIES = (
    company("xiaomi", "Xiaomi", "小米", tickers=("1810.HK",), exclude=("Xiaomi Street",)),
    company("jpm", "JPMorgan Chase & Co."),
    company("samsung", "삼성전자"),
    *MANY,
)
NEWS = (
    entry("Xiamio opens a shop; JP Morgan Chase pays", "The news of Qwerta0 Maschinenbau"),
    entry("Xiaomi Street is closed", "삼성전자는 of 小米发布"),
    entry("Qwertb27 Maschinenbaus shares rise", "J.P. Morgan Chase & Co. (1810.HK)"),
)


class Box(dict):
    """A shelf in memory that counts what is asked for."""

    asked = 0

    def get(self, name: str) -> bytes | None:
        self.asked += 1
        return super().get(name)

    def put(self, name: str, content: bytes) -> None:
        self[name] = content


def built(box: Box, companies=COMPANIES, **options) -> MatchEngine:
    engine = MatchEngine.build(Watchlist(companies), [Matcher(**options)], box)
    engine.hits(NEWS[0])  # names are compiled when the first entry comes
    return engine


def test_what_is_read_back_answers_as_what_was_compiled() -> None:
    box = Box()
    plain = MatchEngine.build(Watchlist(COMPANIES), [Matcher()])
    first, second = built(box), built(box)

    assert len(box) == 1
    assert box.asked == 2
    for item in NEWS:
        assert first.hits(item) == second.hits(item) == plain.hits(item)
        assert second.explain_all(item) == plain.explain_all(item)
    assert {hit.company_id for hit in plain.hits(NEWS[0])} == {"xiaomi", "jpm", "c0"}


def test_a_short_list_is_not_kept() -> None:
    box = Box()
    built(box, COMPANIES[:3])

    assert not box


@pytest.mark.parametrize(
    "other",
    [
        {"companies": COMPANIES[:-1]},
        {"companies": (*COMPANIES[:-1], company("c599", "Other AG"))},
        {"companies": tuple(reversed(COMPANIES))},
        {"fuzzy": False},
        {"decoys": ("Xiaomi Valley",)},
    ],
)
def test_another_watchlist_or_other_options_are_compiled_anew(other: dict) -> None:
    box = Box()
    built(box)
    built(box, **other)

    assert len(box) == 2


def test_a_kind_that_is_forced_makes_another_list() -> None:
    forced = (company("xiaomi", "Xiaomi", Name("Mi", NameKind.WEAK)),)
    inferred = (company("xiaomi", "Xiaomi", "Mi"),)

    assert name_of(forced, (), fuzzy=True) != name_of(inferred, (), fuzzy=True)


def test_what_does_not_change_the_names_is_not_compiled_anew() -> None:
    other = (company("xiaomi", "Xiaomi", context=("phone",), tags=("phones",)),)

    assert name_of(other, (), fuzzy=True) == name_of((company("mi", "Xiaomi"),), (), fuzzy=True)


def test_broken_bytes_are_taken_for_none_and_replaced() -> None:
    box = Box()
    built(box)
    (name, whole), *_ = box.items()
    for broken in (b"", b"x", whole[:-1], whole[:100], whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:], whole + b"x"):
        assert unpack(broken) is None
        box[name] = broken
        assert built(box).hits(NEWS[0])
        assert box[name] == whole


@pytest.mark.parametrize("head", [b"{}", b"[]", b"null", b"nonsense", b'{"sizes": 3, "longest": 1, "digest": "x"}'])
def test_a_head_that_says_nothing_is_refused(head: bytes) -> None:
    assert unpack(b"newsward names 1\n" + head + b"\n") is None


def test_the_same_list_makes_the_same_bytes() -> None:
    one, other = Box(), Box()
    built(one)
    built(other)

    assert one == other
