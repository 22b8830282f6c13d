"""A field as the automaton reads it: folded tokens between single spaces, with the way back to the original.

``"AT&T's 小米 deal"`` reads ``" at & t s 小米 deal "``: a name is then found by plain search for ``" at & t "``,
and the spaces are its word boundaries. Latin and unspaced script are cut apart.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pipeline.match import lexicon
from pipeline.model import EntryField
from pipeline.text import Folded, fold, fold_with_offsets

# Scripts written without spaces (Thai and its neighbours too), and marks that belong to a word but are no \w.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_MARKS = (
    "\u0591-\u05bd\u064b-\u0655\u0900-\u0903\u093a-\u094f\u0981-\u0983\u09bc-\u09cd\u0a3c-\u0a4d"
    "\u0abc-\u0acd\u0b3c-\u0b4d\u0bbe-\u0bcd\u0c3e-\u0c4d\u0cbe-\u0ccd\u0d3e-\u0d4d"
)
_TOKEN = re.compile(rf"[{_UNSPACED}]+|(?:[^\W_{_UNSPACED}]+|[{_MARKS}]+)+|&")
_ASCII_TOKEN = re.compile(r"[A-Za-z0-9]+|&")
# Splitting bytes at spaces takes a third of the time that a regular expression does.
_ASCII_WORDS = bytes(ord(char) if (char := chr(code)).isalnum() or char == "&" else ord(" ") for code in range(128))
_ASCII_WORDS += b" " * 128
_HAN = re.compile("[\u3400-\u9fff]")
_UNSPACED_CHAR = re.compile(f"[{_UNSPACED}]")


def is_unspaced(char: str) -> bool:
    """Is it of a script that is written without spaces between words?"""
    return not char.isascii() and _UNSPACED_CHAR.match(char) is not None


def tokenise(folded: str) -> list[str]:
    """Tokens of folded text: words, runs of unspaced script, and ``&``."""
    return _ascii_words(folded) if folded.isascii() else _TOKEN.findall(fold_han(folded))


def fold_han(text: str) -> str:
    """Traditional characters as simplified ones, one for one, so that either spelling finds the other."""
    return text if text.isascii() or not _HAN.search(text) else text.translate(lexicon.simplified())


def _ascii_words(text: str) -> list[str]:
    words = text.encode("ascii").translate(_ASCII_WORDS).decode("ascii")
    return (words.replace("&", " & ") if "&" in words else words).split()


def starts_of(tokens: list[str]) -> list[int]:
    """Where each token begins in the text that the automaton reads."""
    starts, position = [], 1
    for token in tokens:
        starts.append(position)
        position += len(token) + 1
    return starts


Worked = TypeVar("Worked")


class _Lazy(Generic[Worked]):
    """An attribute that is worked out when it is asked for first; ``cached_property`` takes a lock for it."""

    def __init__(self, work_out: Callable[[Any], Worked]) -> None:
        self._work_out, self._name = work_out, work_out.__name__

    def __get__(self, owner: Any, _: type | None = None) -> Worked:
        value = owner.__dict__[self._name] = self._work_out(owner)
        return value


@dataclass(slots=True)
class Span:
    """Tokens ``first`` to ``last`` (inclusive) of a skeleton, and what of the folded text they cover."""

    first: int
    last: int
    start: int
    end: int


@dataclass
class Skeleton:
    """One field of one entry. All but its tokens is worked out only when something was found."""

    where: EntryField
    original: str
    folded_text: str = field(init=False)
    tokens: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.folded_text = fold(self.original)
        self.tokens = tokenise(self.folded_text)

    @_Lazy
    def folded(self) -> Folded:
        """The folded text with the way back to the original."""
        if self.original.isascii():
            places = range(len(self.original) + 1)
            return Folded(self.folded_text, places, places[1:])
        return fold_with_offsets(self.original)

    @_Lazy
    def text(self) -> str:
        """The tokens between single spaces."""
        return f" {' '.join(self.tokens)} "

    @_Lazy
    def spans(self) -> list[tuple[int, int]]:
        """Each token's span in the folded text."""
        pattern = _ASCII_TOKEN if self.folded_text.isascii() else _TOKEN
        return list(map(re.Match.span, pattern.finditer(self.folded_text)))

    @_Lazy
    def surfaces(self) -> list[str]:
        """Each token as the original writes it."""
        if self.original.isascii():
            return _ascii_words(self.original)
        return [self.original[slice(*self.folded.span(start, end))] for start, end in self.spans]

    @_Lazy
    def _token_starts(self) -> list[int]:
        return starts_of(self.tokens)

    def span_of(self, start: int, end: int) -> Span:
        """Code points ``start`` to ``end`` of ``text`` (boundary spaces allowed) as tokens and folded code points."""
        start, end = start + (self.text[start] == " "), end - (self.text[end - 1] == " ")
        first = bisect_right(self._token_starts, start) - 1
        last = bisect_right(self._token_starts, end - 1) - 1
        begin = self.spans[first][0] + start - self._token_starts[first]
        finish = self.spans[last][0] + end - self._token_starts[last]
        return Span(first, last, begin, finish)

    def span_between(self, first: int, last: int) -> Span:
        """The tokens ``first`` to ``last`` as a span."""
        return Span(first, last, self.spans[first][0], self.spans[last][1])

    def gap(self, index: int) -> str:
        """What stands between token ``index - 1`` and token ``index``; beyond the ends, all that is left."""
        spans = self.spans
        before = spans[index - 1][1] if index > 0 else 0
        after = spans[index][0] if index < len(spans) else len(self.folded_text)
        return self.folded_text[before:after]

    def original_span(self, span: Span) -> tuple[int, int]:
        """The span in code points of the original field."""
        return self.folded.span(span.start, span.end)

    @property
    def is_lower(self) -> bool:
        """Is its style ``lower``? Told at a glance where no letter is outside ASCII."""
        return self.original.islower() if self.original.isascii() else self.style == "lower"

    @_Lazy
    def style(self) -> str:
        """How the field uses capitals: ``upper``, ``lower``, ``title``, ``sentence`` or ``none`` (no case)."""
        original = self.original
        if original.isascii() and not (original.isupper() or original.islower()):
            return _by_long_words(self.surfaces)
        return style_of(self.surfaces)


def style_of(surfaces: list[str]) -> str:
    """By the words of four letters and more, the first left out: most headlines capitalise these or none."""
    cased = [word for word in surfaces if word.lower() != word.upper()]
    if not cased:
        return "none"
    if all(word.isupper() for word in cased) and sum(map(len, cased)) > 7:
        return "upper"
    if all(word.islower() for word in cased):
        return "lower"
    return _by_long_words(cased)


def _by_long_words(surfaces: list[str]) -> str:
    """Of words of which some are cased, and neither all in capitals nor none."""
    first = next((place for place, word in enumerate(surfaces) if not (word.isdigit() or word == "&")), -1)
    if first < 0:
        return "none"
    later = [word for word in surfaces[first + 1 :] if len(word) > 3]
    opening = [word[0] for word in later if word >= "A" or not word.isdigit()]
    raised = sum(map(str.isupper, opening))
    return "title" if len(opening) > 1 and raised / len(opening) > 0.65 else "sentence"
