"""One occurrence of a name in a field, with what stands around it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipeline.match.lexicon import Cues
from pipeline.match.skeleton import Skeleton, Span

# Languages in which a capital says nothing: German writes every noun so; the others have no case or are not cased here.
_CASE_SILENT = frozenset({"de", "zh", "ja", "ko", "th", "ar", "he", "hi"})
UNSPACED_LANGUAGES = frozenset({"zh", "ja", "ko"})  # their signals are in ``unspaced.py``
_SENTENCE_END = re.compile(r"[.!?:;|()\[\]•…]|\s-|-\s|--|^['\"]*$")


@dataclass(slots=True)
class Place:
    """An occurrence with its neighbours, as the rules ask for them."""

    skeleton: Skeleton
    span: Span
    language: str
    cues: Cues
    start: int = field(init=False)  # of the occurrence in the original, in code points
    end: int = field(init=False)
    found: str = field(init=False)  # the occurrence as the original writes it
    before: str = field(init=False)  # what stands between the token before and the occurrence
    after: str = field(init=False)  # what stands between the occurrence and the token after
    is_possessive: bool = field(init=False)  # 's or a bare apostrophe follows

    def __post_init__(self) -> None:
        skeleton, span = self.skeleton, self.span
        self.start, self.end = skeleton.original_span(span)
        self.found = skeleton.original[self.start : self.end]
        self.before, self.after = skeleton.around(span)
        is_mark = self.after != " " and self.after.strip() in ("'", "&#39;")
        self.is_possessive = is_mark and (self.token(1) == "s" or self.after.startswith("'") or self.found[-1:] == "s")

    @property
    def is_cased(self) -> bool:
        """Does a capital mean anything here?"""
        return self.language not in _CASE_SILENT and self.skeleton.style in ("sentence", "title")

    def token(self, offset: int) -> str:
        """The folded token before (-1, -2 ..) or after (1, 2 ..) the occurrence, "" beyond the ends."""
        index, tokens = (self.span.first if offset < 0 else self.span.last) + offset, self.skeleton.tokens
        return tokens[index] if 0 <= index < len(tokens) else ""

    def surface(self, offset: int) -> str:
        """The same token as the original writes it."""
        index, surfaces = (self.span.first if offset < 0 else self.span.last) + offset, self.skeleton.surfaces
        return surfaces[index] if 0 <= index < len(surfaces) else ""

    @property
    def opens_sentence(self) -> bool:
        """Is it the first word, where a capital is owed to the place?"""
        return self.opens_at(self.span.first)

    def opens_at(self, index: int) -> bool:
        """Is this token the first of a sentence? A quotation mark alone begins none."""
        return index <= 0 or _SENTENCE_END.search(self.skeleton.gap(index)) is not None

    @property
    def following(self) -> int:
        """Offset of the first token after the occurrence and its possessive s."""
        return 2 if self.is_possessive and self.token(1) == "s" else 1


def is_small(word: str, cues: Cues) -> bool:
    """Is it one of the words that join others?"""
    return word in cues.stop or word in cues.prepositions or word in cues.articles


def is_of_business(word: str, cues: Cues) -> bool:
    """Is it a word of what companies are or do?"""
    return word in cues.nouns or word in cues.verbs or word in cues.auxiliaries
