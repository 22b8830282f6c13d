"""Tickers as the financial press writes them: ``$MSFT``, ``NASDAQ: MSFT``, ``(MSFT)``, ``MSFT +2 %``, ``MSFT.O``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.model import Company

_EXCHANGES = (
    "nyse american|nyse arca|nyse|nasdaq|nasdaqgs|nasdaqgm|amex|otc|otcqb|otcqx|otcmkts|tsx|tsxv"
    "|tsx-v|cse|lse|lon|aim|asx|nzx|hkex|hkg|hkse|sehk|sgx|tyo|tse|jpx|krx|kospi|kosdaq|nse|bse|sse"
    "|szse|sha|shh|she|twse|epa|euronext|etr|fra|xetra|bit|bme|ams|six|swx|vtx|moex|mcx|bmv|b3|jse"
    "|ist|bist|sto|cph|hel|osl"
)
_SYMBOL = r"[A-Z0-9]{1,12}(?:[.\-][A-Z]{1,4})?"
_NOTATION = re.compile(
    rf"(?P<cash>(?<![\w$])\$(?P<a>[A-Z]{{1,6}}(?:\.[A-Z]{{1,2}})?)(?![\w]))"
    rf"|(?P<exchange>(?<!\w)(?i:{_EXCHANGES})\s?[:：]\s?(?P<b>{_SYMBOL}))"
    rf"|(?P<brackets>[(\[（](?P<c>[A-Z]{{1,5}}(?:\.[A-Z]{{1,2}})?|[0-9]{{4,6}}(?:\.[A-Z]{{1,2}})?)[)\]）])"
    # A symbol with what its price did, as in lists of movers: LLY -1.2 %, COST (+0.4%).
    rf"|(?P<quote>(?<![\w$.&/-])(?P<e>[A-Z]{{1,5}})(?=\s?\(?[+\-\u2212]\d+(?:[.,]\d+)?\s?%))"
    rf"|(?P<suffix>(?<![\w.])(?P<d>[A-Z0-9]{{1,6}}\.(?:HK|KS|KQ|SS|SZ|T|TW|O|OQ|N|L|DE|F|PA|AS|MI|MC|SW|VX|ST|OL|HE|CO|TO|AX|NS|BO|SA|SI|JK|BK|IS|MX))(?!\w))"
)
_MARKS = frozenset({"(TM)", "(R)", "(C)", "(SM)", "(AP)", "(AFP)"})  # signs and agencies, whoever has such a ticker
_WORD_IN_CAPITALS = re.compile("[A-Z]{6}")  # longer than any symbol
# Cheap to search for; without one of these no notation can stand in the text.
_HINT = re.compile(r"[$（：]|[(\[][A-Z0-9]|[A-Za-z0-9]\s?:|[A-Z0-9]\.[A-Z]|[A-Z] ?\(?[+\-\u2212]\d")
_POINTS = {"cash": 92.0, "exchange": 95.0, "suffix": 90.0, "brackets": 76.0, "quote": 76.0}


@dataclass(frozen=True, slots=True)
class TickerFound:
    """A ticker in the original text."""

    company: int
    ticker: str
    start: int
    end: int
    notation: str
    points: float


class Tickers:
    """The tickers of a watchlist, ready to be looked up."""

    def __init__(self, companies: tuple[Company, ...]) -> None:
        self._owners: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for index, company in enumerate(companies):
            for ticker in company.tickers:
                for symbol in dict.fromkeys((_symbol(ticker), _stem(ticker))):
                    self._owners[symbol].append((index, ticker))

    def __bool__(self) -> bool:
        """Has any company one?"""
        return bool(self._owners)

    def find(self, text: str) -> Iterator[TickerFound]:
        """Every listed ticker that stands in one of the notations."""
        if not _may_hold(text):
            return
        for match in _NOTATION.finditer(text):
            notation = _group(match)
            if match[0] in _MARKS or (notation == "quote" and text.isupper() and _WORD_IN_CAPITALS.search(text)):
                continue
            symbol = next(match[group] for group in "abcde" if match[group])
            for company, ticker in self._owners.get(symbol, ()) or self._owners.get(_stem(symbol), ()):
                yield TickerFound(company, ticker, match.start(), match.end(), notation, _POINTS[notation])


def _may_hold(text: str) -> bool:
    return _HINT.search(text) is not None


def _group(match: re.Match[str]) -> str:
    return next(name for name in _POINTS if match[name])


def _symbol(ticker: str) -> str:
    return ticker.rsplit(":", 1)[-1].strip().upper()


def _stem(ticker: str) -> str:
    """``1810.HK`` and ``MSFT.O`` without the exchange; a share class (``BRK.B``) is cut too."""
    return _symbol(ticker).split(".", 1)[0]
