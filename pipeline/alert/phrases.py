"""Words and phrases that a person looks for, found in texts however they are cased, accented or hyphenated."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.text import fold

# Scripts written without spaces between words, and Hangul, whose words take their particles along.
_UNSPACED = (
    "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff々〆\uac00-\ud7a3"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\U00020000-\U0003ffff"
)
_ANY_UNSPACED = re.compile(f"[{_UNSPACED}]")
# Beside a word may stand whatever is no letter of a spaced script.
_BEGINS, _ENDS = rf"(?<![^\W{_UNSPACED}])", rf"(?![^\W{_UNSPACED}])"
_BETWEEN = re.compile(r"[\s-]+")
_APART = "\0"  # no phrase reaches from one field into the next


class Phrases:
    """Some words and phrases; none of them occur anywhere."""

    def __init__(self, phrases: Iterable[str]) -> None:
        patterns = [_pattern(phrase) for phrase in phrases]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def occur_in(self, folded: str) -> bool:
        """Does one of them stand in the folded text?"""
        return self._pattern is not None and self._pattern.search(folded) is not None


def searchable(*fields: str) -> str:
    """The fields as ``Phrases`` are looked for in them."""
    return _APART.join(map(fold, fields))


def _pattern(phrase: str) -> str:
    folded = fold(phrase).strip()
    is_open = folded.endswith("*")
    parts = [part for part in _BETWEEN.split(folded.rstrip("*")) if part]
    begins = "" if _ANY_UNSPACED.match(parts[0]) else _BEGINS
    ends = "" if is_open or _ANY_UNSPACED.match(parts[-1][-1]) else _ENDS
    return begins + r"[\s-]+".join(map(re.escape, parts)) + ends
