"""Which figures of a headline are news: those that say something else than what was told of the same thing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.dedup.wording import figures_in, is_told, spaced, stem, stop_words

HEDGED = 0.15  # how far "almost $1 billion" is from $900 million
CONVERTED = 1.6  # how far one amount in two currencies is apart by the rates below, at most
ANOTHER_AMOUNT = 3.0  # money that differs by more is told of something else: a price and the value of the company
COUNTED_WORDS = 2  # that follow a number: "900,000 Gantry customers"
_SHARE = "a share"

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
# For a dollar. Those of 2024 in round figures, not read from a source: they only tell whether two amounts may be one
# (decision 0050). Cents and pence are parts of several currencies, and have none.
_RATES = {"$": 1.0, "€": 0.9, "£": 0.8, "chf": 0.9, "¥": 150.0, "yuan": 7.2, "₹": 84.0, "₩": 1360.0}
_BEFORE = re.compile(r"(?:([$€£¥₹₩])|\b(usd|eur|gbp|jpy|rmb|rs|inr|chf)\.?) ?$")
_HEDGE = re.compile(
    r"\b(?:about|almost|around|at least|close to|circa|nearly|more than|over|roughly|some|under|up to|"
    r"etwa|fast|knapp|mehr als|rund|uber)(?: [$€£¥₹₩]?| ?)$"
)
_REPLACED = re.compile(r"\b(?:from|instead of|more than|not|previous|previously|rather than|than)(?: the)? ?[$€£¥₹₩]?$")
_A_SHARE = re.compile(r"^ (?:a|per|je|pro) (?:share|aktie)\b")
# What shares do is the hour. What follows "after" is the reason.
_SHARES = re.compile(r"\b(?:shares?|stocks?|aktien?)\b(?:(?! (?:after|amid|as|on|over|stake|worth) )[^.;:])*$")
_MOVE = (
    r"\b(?:up|down|climb|climbs|climbed|decline|declines|dips?|drop|drops|dropped|fall|falls|fell|gain|gains|gained|"
    r"jump|jumps|jumped|leaps?|plunge|plunges|plunged|rall(?:y|ies|ied)|rise|rises|rose|sinks?|slide|slides|slips?|"
    r"slumps?|soar|soars|soared|surge|surges|surged|tumble|tumbles|tumbled)"
)
_MOVES = re.compile(_MOVE + r"(?: by| as much as| more than| nearly)? ?$")
_MEASURE = re.compile(
    r"\b(?:applications|arrivals|assets|backlog|bills|bonus|bonuses|bookings|buyback|capacity|capex|cases|cash|claims|"
    r"costs?|customers|deaths|debts?|deliveries|demand|deposits|dividend|downloads|earnings|ebit|ebitda|emissions|eps|"
    r"exports|fares|fees|forecast|growth|headcount|imports|income|inflation|investment|jobs|lending|loans|loss|losses|"
    r"margins?|members|numbers|occupancy|orders|outlook|output|passengers|pay|payout|premiums|prices?|production|"
    r"profits?|rates?|registrations|rents?|revenues?|salaries|sales|shipments|spending|staff|stake|subscribers|"
    r"subscriptions|tariffs|tickets|tolls?|traffic|turnover|users|visitors|volumes?|wages|workforce)\b"
)
_CLAUSE = re.compile(r",|\b(?:after|amid|and|as|but|while|with)\b")
# Of a company too: what stands beside its name, or for it, where its share moves ("the chipmaker closes up 3%").
_OF_THE_HOUR = re.compile(
    r"airline|bank|briefly|closed?|closes|company|day|end|ended|ends|firm|further|giant|group|hours|insurer|\w*maker|"
    r"open|opened|opens|premarket|retailer|session|trade|trades|trading|week"
)
# What is paid for shares is news, what they cost by then is the hour.
_DEAL = re.compile(r"\b(?:bids?|buybacks?|ipo|offer|offers|offered|offering|priced|prices|pricing|takeover|tender)\b")
_MOVED = re.compile(rf"{_MOVE}\b|\b(?:close|closed|closes|hits?|open|opened|opens|touch|trade|trades|trading)\b")
_EXPECTED = re.compile(
    r"\b(?:(?:estimates?|expectations?|consensus) of|analysts (?:had )?(?:expected|forecast)) ?[$€£]?$"
)
_OF_ITS = re.compile(r"^ of (?:all|its|our|the|their)\b")  # "120 of its shops" are shops
_LIST_ITEMS = r" (?:\w+ )?(?:charts|facts|lessons|questions|reasons|takeaways|things|ways)\b"
_LISTED = re.compile("^" + _LIST_ITEMS)
# Headlines that look back on what is known. What they say otherwise than it was told is news none the less.
_EXPLAINS = re.compile(
    r"^(?:why|how|what|who|when|where)\b"
    rf"|\b\d+{_LIST_ITEMS}"
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
    is_beside: bool  # what a share costs, how far it moved, what was expected of the company, how long a list is
    mover: frozenset[str] | None  # stems of what rises or falls by a share; a company's name alone means its share
    is_replaced: bool  # told only to say that it no longer holds


def new_figures(title: str, told: Iterable[str], names: frozenset[str] = frozenset()) -> tuple[frozenset[str], bool]:
    """The figures of a folded title that none of the folded texts told, and whether one stands where another was told.

    Not new is what is rounded, told in another currency, the move of a share, an estimate that was met or missed, or
    part of a headline that only explains. ``names`` are the stems of what is written as a name: what rises or falls
    is a share where nothing but a name stands before, or nothing but the first word of the text.
    """
    ours = [figure for figure in read_figures(title) if not _is_beside(figure, names)]
    if not ours:
        return frozenset(), False
    theirs = [figure for text in told for figure in read_figures(text) if not _is_beside(figure, names)]
    fresh = [figure for figure in ours if not any(_says_the_same(figure, other, theirs) for other in theirs)]
    kept = any(figure not in fresh and not figure.is_replaced for figure in ours)
    explains = bool(_EXPLAINS.search(title))
    changes = not kept and any(_replaces(figure, other, explains) for figure in fresh for other in theirs)
    if explains and not changes:
        return frozenset(), False
    return frozenset(figure.term for figure in fresh), changes


def _is_beside(figure: Figure, names: frozenset[str]) -> bool:
    return figure.is_beside or (figure.mover is not None and figure.mover <= names)


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
    if one.unit.endswith(_SHARE) != other.unit.endswith(_SHARE):
        return False
    rates = (_RATES.get(one.unit.removesuffix(_SHARE)), _RATES.get(other.unit.removesuffix(_SHARE)))
    if rates[0] is None or rates[1] is None:
        return False
    amounts = one.value / rates[0], other.value / rates[1]
    return max(amounts) <= CONVERTED * min(amounts)


def _replaces(one: Figure, other: Figure, explains: bool) -> bool:
    """Does the one stand where the other was told? An explanation has figures of many things: what it counts must be
    what was counted.
    """
    if explains and one.counted and not other.counted:
        return False
    return _is_of_one_thing(one, other)


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
        unit += _SHARE
    return Figure(
        term=term,
        value=float(term.rstrip("%")),
        unit=unit,
        counted=_counted(following) if not unit or unit == "%" else frozenset(),
        is_hedged=bool(_HEDGE.search(before)),
        is_beside=bool(_is_price(before, term) or _EXPECTED.search(before) or _LISTED.search(folded[end : end + 60])),
        mover=_mover(before, is_first=len(before) == start) if term.endswith("%") else None,
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
    """Does a share move here, or is this what it costs? Amounts of millions are none."""
    share = _SHARES.search(before)
    if term.endswith("%") or not share:
        return bool(share)
    if float(term) >= 1e6 or not re.search(r"[$€£¥₹] ?$", before):
        return False
    return not _DEAL.search(before) or bool(_MOVED.search(share[0]))


def _mover(before: str, is_first: bool) -> frozenset[str] | None:
    """What rises or falls here, but for the first word of a text; None when nothing does, or something that a company
    reports.
    """
    verb = _MOVES.search(before)
    if not verb or _MEASURE.search(before):
        return None
    clauses = [clause for clause in _CLAUSE.split(before[: verb.start()]) if clause.strip()]
    words = re.findall(r"[^\W\d_]{2,}", clauses[-1])[is_first and len(clauses) == 1 :] if clauses else ()
    return frozenset(stem(word) for word in words if word not in stop_words() and not _OF_THE_HOUR.fullmatch(word))
