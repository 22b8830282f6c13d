"""Text as machines compare it: folding with a way back to the original, tokens, scripts, moments.

Folding makes spellings equal that a reader would call the same: NFKC (Unicode UAX #15), full case folding,
no zero-width characters, one kind of quote and dash, no accents on Latin, Greek and Cyrillic letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

_TRANSLATE = {
    **dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b\u2032\u00b4\u0060\uff07\u02bc"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"), '"'),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"), "-"),
    # Zero-width and directional characters are invisible to the reader and so to us.
    **dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"), ""),
}
_WORD = re.compile(r"\w+", re.UNICODE)
# What composes with the character before it although it is no combining mark (Unicode normalisation, class 0).
_JOINING = re.compile(
    "[\uff9e\uff9f\u1160-\u11ff\u09be\u09d7\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0cc2\u0cd5\u0cd6\u0d3e\u0d57\u0dcf\u0ddf\u102e\u1b35\u200d\ufe0f"
    "\U00011127\U0001133e\U00011357\U000114b0\U000114ba\U000114bd\U000115af\U00011930]"
)
_LONGEST_CLUSTER = 32  # stream-safe text has at most 30 marks (UAX 15); more are an attack and fold one by one


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text and, for each of its code points, the span of the original that made it."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original's span for folded code points ``start`` to ``end`` (``start < end``)."""
        return self.starts[start], self.ends[end - 1]


@lru_cache(maxsize=8192)
def _fold_char(char: str) -> str:
    """One code point, folded; combining marks vanish where their script spells without them."""
    if unicodedata.combining(char):
        return char if _is_mark_of_meaning(char) else ""
    folded = unicodedata.normalize("NFKC", char.translate(_TRANSLATE)).casefold().translate(_TRANSLATE)
    if folded.isascii():
        return folded
    plain = "".join(
        part
        for part in unicodedata.normalize("NFKD", folded)
        if not unicodedata.combining(part) or _is_mark_of_meaning(part)
    )
    return unicodedata.normalize("NFC", plain)


def _is_mark_of_meaning(mark: str) -> bool:
    """Marks outside Latin, Greek and Cyrillic use change the word: Japanese voicing, Indic vowels, Hebrew."""
    return not ("\u0300" <= mark <= "\u036f" or "\u1ab0" <= mark <= "\u1aff" or "\u1dc0" <= mark <= "\u1dff")


def fold(text: str) -> str:
    """The text as machines compare it. Idempotent: ``fold(fold(x)) == fold(x)``."""
    if text.isascii():
        return text.replace("`", "'").lower()
    chars = set(text)
    if _has_clusters("".join(chars)):
        return "".join(_folded_clusters(text))
    # One after the other, since what a character folds to folds to itself; a text has few different ones.
    for char in chars:
        if (folded := _fold_cluster(char)) != char:
            text = text.replace(char, folded)
    return text


def fold_with_offsets(text: str) -> Folded:
    """``fold`` and the way back: each folded code point knows the original code points that made it."""
    if text.isascii():
        return Folded(fold(text), range(len(text)), range(1, len(text) + 1))
    pieces = _folded_clusters(text)
    if len(pieces) == len(text) and set(map(len, pieces)) == {1}:
        return Folded("".join(pieces), range(len(text)), range(1, len(text) + 1))
    starts: list[int] = []
    ends: list[int] = []
    for (start, end), piece in zip(_clusters(text), pieces, strict=True):
        starts.extend([start] * len(piece))
        ends.extend([end] * len(piece))
    return Folded("".join(pieces), tuple(starts), tuple(ends))


def _folded_clusters(text: str) -> list[str]:
    if _has_clusters(text):
        return [_fold_cluster(text[start:end]) for start, end in _clusters(text)]
    return list(map(_fold_cluster, text))


def _has_clusters(text: str) -> bool:
    """Whether a character of it may fold together with the one before it."""
    return any(map(unicodedata.combining, text)) or _JOINING.search(text) is not None


@lru_cache(maxsize=16384)
def _fold_cluster(cluster: str) -> str:
    """A character with its marks, composed first, so that they fold together."""
    return "".join(map(_fold_char, unicodedata.normalize("NFKC", cluster)))


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Spans of a base character with what joins it: combining and voicing marks, Hangul vowels and tails."""
    start = 0
    for index in range(1, len(text)):
        char = text[index]
        if not (unicodedata.combining(char) or _JOINING.match(char)) or index - start > _LONGEST_CLUSTER:
            yield start, index
            start = index
    if text:
        yield start, len(text)


def is_cjk(char: str) -> bool:
    """True for scripts written without spaces between words: Han, Kana (Hangul has spaces)."""
    return (
        "\u3400" <= char <= "\u9fff"
        or "\u3040" <= char <= "\u30ff"
        or "\uf900" <= char <= "\ufaff"
        or "\U00020000" <= char <= "\U0003ffff"
        or char in "々〆ヶ"
    )


def tokens(folded: str) -> list[str]:
    """Words of folded text; a run of an unspaced script comes as overlapping pairs of characters."""
    if folded.isascii():
        return _WORD.findall(folded)
    found: list[str] = []
    for run in _WORD.findall(folded):
        if run.isascii():
            found.append(run)
        else:
            found.extend(_split_scripts(run))
    return found


def _split_scripts(run: str) -> Iterator[str]:
    """Cut a run of word characters where unspaced script begins or ends; pairs within the unspaced."""
    start = 0
    for index in range(1, len(run) + 1):
        if index == len(run) or is_cjk(run[index]) != is_cjk(run[start]):
            piece = run[start:index]
            yield from pairs(piece) if is_cjk(piece[0]) else (piece,)
            start = index


def pairs(run: str) -> list[str]:
    """Overlapping pairs of characters; a single character stands for itself."""
    return [run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]


_MARKS = ("-", "-", "T", ":", ":", "Z")
_TWO = tuple(f"{number:02}" for number in range(60))


def to_iso(moment: datetime) -> str:
    """UTC, RFC 3339, whole seconds, ``Z``: sorts as text. Raises ValueError for a naive moment."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a time zone: {moment!r}")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # ``isoformat`` takes twice as long, and each entry has several moments.
    date = f"{moment.year:04}-{_TWO[moment.month]}-{_TWO[moment.day]}"
    return f"{date}T{_TWO[moment.hour]}:{_TWO[moment.minute]}:{_TWO[moment.second]}Z"


def from_iso(stamp: str) -> datetime:
    """The moment that ``to_iso`` wrote. Raises ValueError for anything else."""
    # strptime reads as strictly, and takes ten times as long; a report reads a million of them.
    if len(stamp) != 20 or (stamp[4], stamp[7], stamp[10], stamp[13], stamp[16], stamp[19]) != _MARKS:
        raise ValueError(f"not a moment as we write it: {stamp!r}")
    return datetime.fromisoformat(stamp)


_DIGITS = frozenset("0123456789")


def is_day(term: str) -> bool:
    """Is a term of a text a day of a month, which is written "d24"?"""
    return term[:1] == "d" and term[1:2] in _DIGITS


def is_number(term: str) -> bool:
    """Is a term of a text a figure ("3.5e+09", "12%") or a day of a month? Both are alike in all languages."""
    return term[:1] in _DIGITS or is_day(term)
