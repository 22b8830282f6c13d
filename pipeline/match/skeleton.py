"""A field as the automaton reads it: folded tokens between single spaces, with the way back to the original.

``"AT&T's 小米 deal"`` reads ``" at & t s 小米 deal "``: a name is then found by plain search for ``" at & t "``,
and the spaces are its word boundaries. Latin and unspaced script are cut apart.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, compress
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
_LONG_AT_LEAST = 4  # letters of words that tell how a field uses capitals
_RAISED_MOST = 0.65  # of the long words of a sentence that may have a capital
_SHAPES = bytes(ord("X" if char.isupper() else "x" if char.islower() else char) for char in map(chr, range(128)))
_SHAPES += _SHAPES
_FEW = 60  # tokens of a field in which each occurrence is looked for by itself
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
    return _spaced_out(text).split()


def _spaced_out(text: str) -> str:
    """ASCII text with spaces for all that is no part of a token, and around each ``&``."""
    words = text.encode("ascii").translate(_ASCII_WORDS).decode("ascii")
    return words.replace("&", " & ") if "&" in words else words


def starts_of(tokens: list[str]) -> list[int]:
    """Where each token begins in the text that the automaton reads."""
    starts, position = [], 1
    for token in tokens:
        starts.append(position)
        position += len(token) + 1
    return starts


Worked = TypeVar("Worked")


class Lazy(Generic[Worked]):
    """An attribute that is worked out when it is asked for first; ``cached_property`` takes a lock for it.

    What nearly every owner is asked for is quicker as a property.
    """

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


class Skeleton:
    """One field of one entry. All but its tokens is worked out only when something was found."""

    def __init__(self, where: EntryField, original: str) -> None:
        self.where, self.original, self.is_ascii = where, original, original.isascii()
        self._folded_text: str | None = None
        self._surfaces: list[str] | None = None
        self._style = ""
        if self.is_ascii:
            self._words = _spaced_out(original)
            self.tokens = self._words.lower().split()
            self._is_plain = len(self.tokens) <= _FEW and "&" not in self._words
        else:
            self.tokens = tokenise(self.folded_text)
            self._is_plain = False

    @property
    def folded_text(self) -> str:
        """The field, folded."""
        if self._folded_text is None:
            self._folded_text = fold(self.original)
        return self._folded_text

    @Lazy
    def folded(self) -> Folded:
        """The folded text with the way back to the original."""
        return fold_with_offsets(self.original)

    @Lazy
    def text(self) -> str:
        """The tokens between single spaces."""
        return f" {' '.join(self.tokens)} "

    @Lazy
    def spans(self) -> list[tuple[int, int]]:
        """Each token's span in the folded text."""
        if self.is_ascii and "&" not in self._words:
            return _spans_between_spaces(self._words)
        pattern = _ASCII_TOKEN if self.folded_text.isascii() else _TOKEN
        return list(map(re.Match.span, pattern.finditer(self.folded_text)))

    @property
    def surfaces(self) -> list[str]:
        """Each token as the original writes it."""
        if self._surfaces is None:
            self._surfaces = self._words.split() if self.is_ascii else self._written()
        return self._surfaces

    def _written(self) -> list[str]:
        return [self.original[slice(*self.folded.span(start, end))] for start, end in self.spans]

    @Lazy
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
        start, end = self._bounds(first)
        return Span(first, last, start, end if first == last else self._bounds(last)[1])

    def _bounds(self, index: int) -> tuple[int, int]:
        """A token's span in the folded text. In a short field it is quicker to look for one than to list all."""
        if not self._is_plain:
            return self.spans[index]
        surfaces = self.surfaces
        word = surfaces[index]
        if surfaces.index(word) == index:
            start = f" {self._words} ".find(f" {word} ")
        else:
            start = len(self._words) - len(self._words.split(None, index)[-1])
        return start, start + len(word)

    def gap(self, index: int) -> str:
        """What stands between token ``index - 1`` and token ``index``; beyond the ends, all that is left."""
        after = self._bounds(index)[0] if index < len(self.tokens) else len(self.folded_text)
        if self._is_plain:
            before = len(self._words[:after].rstrip()) if index > 0 else 0
        else:
            before = self._bounds(index - 1)[1] if index > 0 else 0
        return self.folded_text[before:after]

    def around(self, span: Span) -> tuple[str, str]:
        """What stands between the token before and the span, and between the span and the token after."""
        if not self._is_plain:
            return self.gap(span.first), self.gap(span.last + 1)
        words, text = self._words, self.folded_text
        before, after = words[: span.start].rstrip(), words[span.end :].lstrip()
        return text[len(before) : span.start], text[span.end : len(words) - len(after)]

    def original_span(self, span: Span) -> tuple[int, int]:
        """The span in code points of the original field."""
        if self.is_ascii:
            return span.start, span.end
        return self.folded.span(span.start, span.end)

    @property
    def is_lower(self) -> bool:
        """Is its style ``lower``? Told at a glance where no letter is outside ASCII."""
        return self.original.islower() if self.is_ascii else self.style == "lower"

    @property
    def style(self) -> str:
        """How the field uses capitals: ``upper``, ``lower``, ``title``, ``sentence`` or ``none`` (no case)."""
        if not self._style:
            self._style = self._style_of_all()
        return self._style

    def _style_of_all(self) -> str:
        original = self.original
        if self.is_ascii and not (original.isupper() or original.islower()):
            return "sentence" if _is_plainly_a_sentence(self._words) else _by_long_words(self.surfaces)
        return style_of(self.surfaces)


def _spans_between_spaces(words: str) -> list[tuple[int, int]]:
    """As a regular expression would find them, in a third of the time."""
    pieces = words.split(" ")
    return [
        (end + spaces - len(piece), end + spaces)
        for spaces, (piece, end) in enumerate(zip(pieces, accumulate(map(len, pieces)), strict=True))
        if piece
    ]


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


def _is_plainly_a_sentence(words: str) -> bool:
    """Are words with a capital few, of any length, beside the long ones? Of most texts this is told without a list.

    Of the long words only those count that begin with four letters in lower case or three behind a capital, and one
    less, for the first is left out: what is few beside these is few beside all.
    """
    shapes = b" " + words.encode("ascii").translate(_SHAPES)
    long = shapes.count(b" xxxx") + shapes.count(b" Xxxx") - 1
    return shapes.count(b" X") <= long * _RAISED_MOST


def _by_long_words(surfaces: list[str]) -> str:
    """Of words of which some are cased, and neither all in capitals nor none."""
    first = next((place for place, word in enumerate(surfaces) if not (word.isdigit() or word == "&")), -1)
    if first < 0:
        return "none"
    later = surfaces[first + 1 :]
    long = list(compress(later, map(_LONG_AT_LEAST.__le__, map(len, later))))  # a comprehension takes twice as long
    opening = [word[0] for word in long]
    if opening and min(opening) < "A":  # numbers count as no words
        opening = [word[0] for word in long if word >= "A" or not word.isdigit()]
    raised = sum(map(str.isupper, opening))
    return "title" if len(opening) > 1 and raised / len(opening) > _RAISED_MOST else "sentence"
