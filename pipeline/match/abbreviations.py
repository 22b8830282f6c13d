"""Abbreviations that a text explains itself: ``Cambridge Antibody Technology (CAT)`` is no Caterpillar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import itemgetter

from pipeline.match.skeleton import tokenise
from pipeline.text import fold

_IN_BRACKETS = re.compile(r"\(([A-Z][A-Z&]{1,5})\)")
_REACH = 90  # characters before the bracket in which its words stand
_SMALL = frozenset({"of", "and", "the", "for", "de", "du", "der", "und", "in", "on"})


def explained(text: str) -> dict[str, frozenset[str]]:
    """Each abbreviation in brackets whose letters begin the words before it, with these words folded."""
    found: dict[str, frozenset[str]] = {}
    for match in _IN_BRACKETS.finditer(text) if "(" in text else ():
        if words := _spelt_out(match[1], text[max(0, match.start() - _REACH) : match.start()]):
            found[match[1]] = words
    return found


_LONG = 4  # letters: of words that are likely to be meant when they begin with the right letters
_READ = 4_000  # characters of a field: who explains an abbreviation does it early
_FIRST = itemgetter(0)
_SPELLING = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Row:
    """Words in a row with their first letters, in which those of an abbreviation are found by one search."""

    words: list[str]
    initials: str  # one lower-case character a word

    @classmethod
    def of(cls, words: list[str]) -> Row:
        """The row of these words."""
        # The one capital that becomes two characters would shift all behind it, and begins no abbreviation.
        return cls(words, "".join(map(_FIRST, words)).lower().replace("i\u0307", "\0"))


def rows_of(text: str) -> list[Row]:
    """The words that initials may be of: those with a hyphen as one (age-related macular degeneration), and as two."""
    words = _SPELLING.findall(text, 0, _READ)
    rows = [Row.of(words)]
    if "-" in text:
        rows.append(Row.of([part for word in words for part in word.split("-")]))
    return rows


def spelt_out_elsewhere(letters: str, row: Row) -> frozenset[str]:
    """The words in a row that the abbreviation stands for, folded: three long ones, or two in capitals."""
    initials = letters.lower()
    at = row.initials.find(initials)
    while at >= 0:
        run = row.words[at : at + len(initials)]
        if _are_meant(run):
            return frozenset(token for word in run for token in tokenise(fold(word)))
        at = row.initials.find(initials, at + 1)
    return frozenset()


def _are_meant(run: list[str]) -> bool:
    if min(map(len, run)) < _LONG:
        return False
    return len(run) > 2 or all(word.istitle() for word in run)


def _spelt_out(letters: str, before: str) -> frozenset[str]:
    """The words that the letters stand for; empty if the words before do not begin so."""
    wanted = [letter for letter in letters.lower() if letter != "&"]
    words: list[str] = []
    for token in reversed(tokenise(fold(before))):
        if not wanted:
            break
        if token[0] == wanted[-1]:
            wanted.pop()
        elif token not in _SMALL:
            return frozenset()
        words.append(token)
    return frozenset(words) if not wanted else frozenset()
