"""Abbreviations that a text explains itself: ``Cambridge Antibody Technology (CAT)`` is no Caterpillar."""

from __future__ import annotations

import re

from pipeline.match.skeleton import tokenise
from pipeline.text import fold

_IN_BRACKETS = re.compile(r"\(([A-Z][A-Z&]{1,5})\)")
_REACH = 90  # characters before the bracket in which its words stand
_SMALL = frozenset({"of", "and", "the", "for", "de", "du", "der", "und", "in", "on"})


def explained(text: str) -> dict[str, frozenset[str]]:
    """Each abbreviation in brackets whose letters begin the words before it, with these words folded."""
    found = {}
    for match in _IN_BRACKETS.finditer(text):
        if words := _spelt_out(match[1], text[max(0, match.start() - _REACH) : match.start()]):
            found[match[1]] = words
    return found


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
