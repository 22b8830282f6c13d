"""What an entry that joins a story adds to it: figures, companies, a turn of events."""

from __future__ import annotations

from pipeline.dedup.similarity import words_of
from pipeline.dedup.wording import Wording
from pipeline.model import StoryView

TOLERANCE = 0.03  # "$3.46 billion" and "$3.5 billion" are one figure, rounded


def news_in(entry: Wording, companies: frozenset[str], story: StoryView) -> tuple[str, ...]:
    """The kinds of news: ``figures``, ``companies``, ``reversal``; empty when the entry retells what is known."""
    told = [words_of(member) for member in story.members]
    known = frozenset().union(*(other.figures for other in told))
    turns = frozenset().union(*(other.title_terms | other.text_terms for other in told))
    found = {
        "figures": any(not _is_told(figure, known) for figure in entry.title_figures),
        "companies": bool(companies - story.companies),
        "reversal": bool(entry.reversals - turns),
    }
    return tuple(kind for kind, is_new in found.items() if is_new)


def _is_told(figure: str, known: frozenset[str]) -> bool:
    return figure in known or any(_is_near(figure, other) for other in known)


def _is_near(one: str, other: str) -> bool:
    if one.endswith("%") != other.endswith("%"):
        return False
    a, b = float(one.rstrip("%")), float(other.rstrip("%"))
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))
