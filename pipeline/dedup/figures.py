"""Which figures of a headline are news: those that say something else than what was told of the same thing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.dedup.wording import figures_in, is_told, spaced, stem, stop_words

HEDGED = 0.15  # how far "almost $1 billion" is from $900 million
CONVERTED = 2.0  # how far one amount in two of the large currencies is apart, at most
ANOTHER_AMOUNT = 3.0  # money that differs by more is told of something else: a price and the value of the company
COUNTED_WORDS = 2  # that follow a number: "900,000 Gantry customers"

_CURRENCIES = {
    **dict.fromkeys(("$", "usd", "dollar", "dollars"), "$"),
    **dict.fromkeys(("€", "eur", "euro", "euros"), "€"),
    **dict.fromkeys(("£", "gbp", "pound", "pounds", "sterling"), "£"),
    **dict.fromkeys(("¥", "yen", "jpy"), "¥"),
    **dict.fromkeys(("yuan", "rmb", "cny"), "yuan"),
    **dict.fromkeys(("₹", "rs", "inr", "rupee", "rupees"), "₹"),
    **dict.fromkeys(("₩", "won", "krw"), "₩"),
    **dict.fromkeys(("chf", "franc", "francs", "franken"), "chf"),
    **dict.fromkeys(("cent", "cents", "pence", "p"), "cents"),
}
_OF_LIKE_WORTH = frozenset("$€£") | {"chf"}
_BEFORE = re.compile(r"(?:([$€£¥₹₩])|\b(usd|eur|gbp|jpy|rmb|rs|inr|chf)\.?) ?$")
_HEDGE = re.compile(
    r"\b(?:about|almost|around|at least|close to|circa|nearly|more than|over|roughly|some|under|up to|"
    r"etwa|fast|knapp|mehr als|rund|uber)(?: [$€£¥₹₩]?| ?)$"
)
_REPLACED = re.compile(r"\b(?:from|instead of|more than|not|previous|previously|rather than|than)(?: the)? ?[$€£¥₹₩]?$")
_A_SHARE = re.compile(r"^ (?:a|per|je|pro) (?:share|aktie)\b")
# What shares do is the hour. What follows "after" is the reason.
_SHARES = re.compile(r"\b(?:shares?|stocks?|aktien?)\b(?:(?! (?:after|amid|as|on|over|stake|worth) )[^.;:])*$")
_MOVES = re.compile(
    r"\b(?:up|down|climb|climbs|climbed|decline|declines|dips?|drop|drops|dropped|fall|falls|fell|gain|gains|gained|"
    r"jump|jumps|jumped|leaps?|plunge|plunges|plunged|rall(?:y|ies|ied)|rise|rises|rose|sinks?|slide|slides|slips?|"
    r"slumps?|soar|soars|soared|surge|surges|surged|tumble|tumbles|tumbled)(?: by| as much as| more than| nearly)? ?$"
)
_MEASURE = re.compile(
    r"\b(?:bookings|buyback|costs?|customers|deaths|deliveries|demand|dividend|earnings|exports|forecast|growth|income|"
    r"inflation|jobs|loss|losses|margin|orders|outlook|output|pay|payout|prices?|production|profits?|rates?|revenues?|"
    r"sales|shipments|subscribers|tolls?|traffic|users|volumes?|workforce)\b"
)
_EXPECTED = re.compile(
    r"\b(?:(?:estimates?|expectations?|consensus) of|analysts (?:had )?(?:expected|forecast)) ?[$€£]?$"
)
_OF_ITS = re.compile(r"^ of (?:all|its|our|the|their)\b")  # "120 of its shops" are shops
# Headlines that look back on what is known.
_EXPLAINS = re.compile(
    r"^(?:why|how|what|who|when|where)\b"
    r"|\b\d+ (?:\w+ )?(?:charts|facts|lessons|questions|reasons|takeaways|things|ways)\b"
    r"|\b(?:explained|explainer|full list|takeaways|what (?:to|you) (?:do|know|need))\b"
)
_SENTENCE = re.compile(r"[.;:!?] ")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a text, and what it measures as far as the words around it say."""

    term: str  # as similarity compares it
    value: float
    unit: str  # "%", a currency, a currency and "a share", "" = a count
    counted: frozenset[str]  # stems of what is counted; empty when the text does not say
    is_hedged: bool
    is_beside: bool  # what a share costs, how far it moved, what was expected of the company
    is_replaced: bool  # told only to say that it no longer holds


def new_figures(title: str, told: Iterable[str]) -> tuple[frozenset[str], bool]:
    """The figures of a folded title that none of the folded texts told, and whether one stands where another was told.

    Not new is what is rounded, told in another currency, the move of a share, an estimate that was met or missed, or
    part of a headline that only explains.
    """
    ours = [figure for figure in read_figures(title) if not figure.is_beside]
    if not ours or _EXPLAINS.search(title):
        return frozenset(), False
    theirs = [figure for text in told for figure in read_figures(text) if not figure.is_beside]
    fresh = [figure for figure in ours if not any(_says_the_same(figure, other, theirs) for other in theirs)]
    kept = any(figure not in fresh and not figure.is_replaced for figure in ours)
    changes = not kept and any(_is_of_one_thing(figure, other) for figure in fresh for other in theirs)
    return frozenset(figure.term for figure in fresh), changes


def _says_the_same(one: Figure, other: Figure, told: Sequence[Figure]) -> bool:
    if one.unit != other.unit:
        return _is_converted(one, other) and not any(third.unit == one.unit for third in told)
    apart = abs(one.value - other.value)
    return (
        is_told(one.term, (other.term,))
        or ((one.is_hedged or other.is_hedged) and apart <= HEDGED * max(one.value, other.value))
        or apart <= max(_rounded_by(one), _rounded_by(other))
    )


def _is_converted(one: Figure, other: Figure) -> bool:
    """May the two be one amount in two currencies?"""
    if not one.unit or not other.unit or "%" in (one.unit, other.unit):
        return False
    if one.unit.endswith("a share") != other.unit.endswith("a share"):
        return False
    if {one.unit, other.unit} <= _OF_LIKE_WORTH:
        return max(one.value, other.value) <= CONVERTED * min(one.value, other.value)
    return True


def _is_of_one_thing(one: Figure, other: Figure) -> bool:
    """Are the two measures of one thing, as far as their units and what they count can tell?"""
    if one.unit != other.unit or (one.counted and other.counted and not one.counted & other.counted):
        return False
    is_money = bool(one.unit) and one.unit != "%"
    return not is_money or max(one.value, other.value) <= ANOTHER_AMOUNT * min(one.value, other.value)


def _rounded_by(figure: Figure) -> float:
    """Half of the last digit that is written, where two or more are: 1.24 billion is told as 1.2 billion."""
    digits = f"{figure.value:.6e}".split("e")
    written = len(digits[0].replace(".", "").rstrip("0"))
    return 0.5 * float(10 ** (int(digits[1]) - written + 1)) if written == 2 else 0.0


@lru_cache(maxsize=2048)
def read_figures(folded: str) -> tuple[Figure, ...]:
    """The figures of a folded text that mean something, in its order."""
    text = spaced(folded)
    return tuple(_read(text, term, start, end) for term, start, end in figures_in(text))


def _read(folded: str, term: str, start: int, end: int) -> Figure:
    before, after = _SENTENCE.split(folded[:start])[-1], _OF_ITS.sub("", folded[end : end + 60])
    symbol = _BEFORE.search(before)
    following = re.findall(r"[a-z]+|[^a-z\s]", after)[: COUNTED_WORDS + 1]
    unit = "%" if term.endswith("%") else _currency(symbol, following)
    if _A_SHARE.search(after.removeprefix(f" {following[0]}") if following and following[0] in _CURRENCIES else after):
        unit += "a share"
    return Figure(
        term=term,
        value=float(term.rstrip("%")),
        unit=unit,
        counted=_counted(following) if not unit or unit == "%" else frozenset(),
        is_hedged=bool(_HEDGE.search(before)),
        is_beside=_is_price(before, term) or bool(_EXPECTED.search(before)),
        is_replaced=bool(_REPLACED.search(before)),
    )


def _currency(symbol: re.Match[str] | None, following: Sequence[str]) -> str:
    if symbol:
        return _CURRENCIES[symbol[1] or symbol[2]]
    return _CURRENCIES.get(following[0], "") if following else ""


def _counted(following: Sequence[str]) -> frozenset[str]:
    """The words after the number, up to one that joins or a mark."""
    words: list[str] = []
    for word in following[:COUNTED_WORDS]:
        if not word.isalpha() or word in stop_words():
            break
        words.append(stem(word))
    return frozenset(words)


def _is_price(before: str, term: str) -> bool:
    """Does a share move here? Amounts of millions are none."""
    if not term.endswith("%"):
        return float(term) < 1e6 and bool(_SHARES.search(before) and re.search(r"[$€£¥₹] ?$", before))
    return bool(_SHARES.search(before) or (_MOVES.search(before) and not _MEASURE.search(before)))
