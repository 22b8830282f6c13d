"""What a whole entry tells of the companies in it: context and exclusions, business, other fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from pipeline.match import lexicon
from pipeline.match.abbreviations import Row, explained, rows_of, spelt_out_elsewhere
from pipeline.match.forms import Form
from pipeline.match.kinds import FRAGILE_OR_TICKER
from pipeline.match.lexicon import Cues
from pipeline.match.members import Flavour
from pipeline.match.skeleton import Lazy, Skeleton
from pipeline.match.weights import points
from pipeline.model import Reason

_PROVEN_BY_BUSINESS = (Flavour.WORD, Flavour.WEAK, Flavour.ACRONYM, Flavour.TICKER)
_FIGURES = re.compile(r"\d ?(?:%|pc\b|per ?cent\b)|[$€£¥₹] ?\d|\d ?(?:m|mn|bn|tn|crore|lakh|million|billion)\b")
_ENDING_AT_LEAST = 5  # letters of the last part of a German compound


class Surroundings:
    """What a whole entry tells, looked up once for each company, however often it is named."""

    def __init__(self, skeletons: list[Skeleton], cues: Cues) -> None:
        self._skeletons, self._cues = skeletons, cues
        self._present: dict[tuple[str, ...], list[str]] = {}
        self._spelt_out: dict[str, frozenset[str]] = {}

    @Lazy
    def explained(self) -> dict[str, frozenset[str]]:
        """The abbreviations that the entry explains, with their words."""
        texts = [skeleton.original for skeleton in self._skeletons]
        return {key: words for text in texts for key, words in explained(text).items()}

    def spelt_out(self, letters: str) -> frozenset[str]:
        """The words that an abbreviation of capitals stands for, if the entry has them in a row."""
        if letters not in self._spelt_out:
            is_plain = letters.isascii() and letters.isalpha() and letters.isupper()
            runs = (spelt_out_elsewhere(letters, row) for row in self._rows) if is_plain else iter(())
            self._spelt_out[letters] = next((words for words in runs if words), frozenset())
        return self._spelt_out[letters]

    @Lazy
    def _rows(self) -> list[Row]:
        return [row for skeleton in self._skeletons for row in rows_of(skeleton.original)]

    @Lazy
    def near(self) -> list[str]:
        """The words of business in the entry."""
        found = self._told(self._cues.near)
        return [*found, *self._compounds] if self._cues is lexicon.cues("de") else found

    @Lazy
    def _compounds(self) -> list[str]:
        """German glues what a firm is or has to what it makes: Modekette, Jahresumsatz."""
        endings = tuple(word for word in self._cues.near if len(word) >= _ENDING_AT_LEAST)
        words = {token for token in self._tokens if token.endswith(endings)}
        return sorted(words - self._cues.near)

    @Lazy
    def of_business(self) -> list[str]:
        """The words in the entry that are of business and of nothing else."""
        return self._told(self._cues.business) + sorted(set(self.near) - self._cues.near)

    @Lazy
    def traded(self) -> list[str]:
        """The words in the entry for what is made and sold."""
        return self._told(self._cues.trade)

    @Lazy
    def offices(self) -> list[str]:
        """The words in the entry for those whom people vote for."""
        return self._told(self._cues.offices)

    @Lazy
    def has_figures(self) -> bool:
        """Does the entry name a sum of money or a share in a hundred?"""
        return any(_FIGURES.search(skeleton.folded_text) for skeleton in self._skeletons)

    @Lazy
    def sports(self) -> list[str]:
        """The words in the entry that only sports have."""
        return self._told(self._cues.sports)

    @Lazy
    def plants(self) -> list[str]:
        """The words in the entry that only kitchens and gardens have."""
        return self._told(self._cues.plants)

    @Lazy
    def _tokens(self) -> list[str]:
        return [token for skeleton in self._skeletons for token in skeleton.tokens]

    @Lazy
    def _telling(self) -> frozenset[str]:
        """The words of all these kinds in the entry; mostly few, so that each kind is soon told."""
        return self._cues.telling.intersection(self._tokens)

    def _told(self, words: frozenset[str]) -> list[str]:
        """Those of one of these kinds in the entry."""
        return sorted(words & self._telling) if self._telling else []

    def present(self, phrases: tuple[str, ...]) -> list[str]:
        """Those of the patterns that occur, in their order."""
        if not phrases:
            return []
        if phrases not in self._present:
            self._present[phrases] = [phrase for phrase in phrases if self._occurs(phrase)]
        return self._present[phrases]

    def _occurs(self, phrase: str) -> bool:
        return any(phrase in skeleton.text for skeleton in self._skeletons)


@cache
def entry_signals_at_most(has_context: bool, by_business: bool = True) -> float:
    """The points that ``entry_signals`` can add for a company, with context words or without."""
    business = points("entry.business_most") if by_business else 0.0
    near = points("entry.context_most") if has_context else 0.0
    return max(0.0, business) + max(0.0, near)


def entry_signals(
    *, context: tuple[str, ...], exclude: tuple[str, ...], form: Form, surroundings: Surroundings, is_word: bool
) -> Iterator[Reason]:
    """What the whole entry tells: the company's own context and exclusion words, words of business.

    ``is_word``: the name is a word where the entry was written, whatever it is elsewhere.
    """
    if present := surroundings.present(context):
        worth = points("entry.context_first") + points("entry.context_more") * (len(present) - 1)
        shown = ", ".join(phrase.strip() for phrase in present[:3])
        yield Reason(f"context: {shown}", min(points("entry.context_most"), worth))
    if absent := surroundings.present(exclude):
        is_firm = form.flavour in (Flavour.DISTINCT, Flavour.PHRASE, Flavour.DOMAIN)
        yield Reason(f"exclusion: {absent[0].strip()}", points("entry.exclusion", "distinct" if is_firm else ""))
    if is_word or form.flavour in FRAGILE_OR_TICKER:
        yield from _of_other_fields(form, surroundings)
    is_common = form.flavour is Flavour.PERSON and form.base < points("name.person")
    if not (is_word or is_common) and form.flavour not in _PROVEN_BY_BUSINESS:
        return
    # What is traded tells a firm from a person; words, which are traded too, it does not tell.
    telling = surroundings.near if is_word or not is_common else surroundings.near or surroundings.traded
    if near := [word for word in telling if word not in form.own]:
        worth = min(points("entry.business_most"), points("entry.business") * len(near))
        yield Reason(f"words of business: {', '.join(near[:3])}", worth)


def _of_other_fields(form: Form, surroundings: Surroundings) -> Iterator[Reason]:
    """Where a striker scores, a name is more often a player's, a club's or a word than a company's; where something
    blossoms or is baked, an ordinary word is what it says.
    """
    for kind, words in (
        ("sports", surroundings.sports),
        ("kitchen and garden", surroundings.plants if form.flavour is Flavour.WORD else ()),
    ):
        if words and (found := [word for word in words if word not in form.own]):
            worth = points("entry.field", kind) + points("entry.field_more") * (len(found) - 1)
            yield Reason(f"words of {kind}: {', '.join(found[:3])}", max(points("entry.field_most"), worth))
