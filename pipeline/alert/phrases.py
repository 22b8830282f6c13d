"""Words and phrases that a person looks for, found in texts however they are cased, accented or hyphenated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.text import fold

# Scripts written without spaces between words, and Hangul, whose words take their particles along.
_UNSPACED = (
    "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff々〆\uac00-\ud7a3"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\U00020000-\U0003ffff"
)
_ANY_UNSPACED = re.compile(f"[{_UNSPACED}]")
# A word of a spaced script; what stands beside it is no part of it.
_WORD = re.compile(rf"[^\W{_UNSPACED}]+")
_BEGINS, _ENDS = rf"(?<![^\W{_UNSPACED}])", rf"(?![^\W{_UNSPACED}])"
_BETWEEN = re.compile(r"[\s-]+")
_APART = "\0"  # no phrase reaches from one field into the next


class Phrases:
    """Some words and phrases; none of them occur anywhere. Hundreds of words cost no more than a few."""

    def __init__(self, phrases: Iterable[str]) -> None:
        words, beginnings = set[str](), set[str]()
        self._others: list[tuple[frozenset[str], re.Pattern[str]]] = []  # words that must be there, and how
        for phrase in phrases:
            parts, is_open = _parts(phrase)
            if len(parts) == 1 and _WORD.fullmatch(parts[0]):
                (beginnings if is_open else words).add(parts[0])
            else:
                whole = parts[:-1] if is_open else parts
                needed = frozenset(part for part in whole if _WORD.fullmatch(part))
                self._others.append((needed, _pattern(parts, is_open=is_open)))
        self._words, self._beginnings = frozenset(words), tuple(beginnings)

    def __bool__(self) -> bool:
        return bool(self._words or self._beginnings or self._others)

    def occur_in(self, folded: str) -> bool:
        """Does one of them stand in the folded text?"""
        if not self:
            return False
        there = frozenset(_WORD.findall(folded))
        return (
            not self._words.isdisjoint(there)
            or (bool(self._beginnings) and any(word.startswith(self._beginnings) for word in there))
            or any(needed <= there and pattern.search(folded) for needed, pattern in self._others)
        )


def searchable(*fields: str) -> str:
    """The fields as ``Phrases`` are looked for in them."""
    return _APART.join(map(fold, fields))


def _parts(phrase: str) -> tuple[list[str], bool]:
    """The words of a phrase, folded, and whether the last one may go on."""
    folded = fold(phrase).strip()
    return [part for part in _BETWEEN.split(folded.rstrip("*")) if part], folded.endswith("*")


def _pattern(parts: Sequence[str], *, is_open: bool) -> re.Pattern[str]:
    begins = "" if _ANY_UNSPACED.match(parts[0]) else _BEGINS
    ends = "" if is_open or _ANY_UNSPACED.match(parts[-1][-1]) else _ENDS
    return re.compile(begins + r"[\s-]+".join(map(re.escape, parts)) + ends)
