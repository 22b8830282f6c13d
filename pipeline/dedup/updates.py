"""What an entry that joins a story adds to it: figures, companies, a turn of events."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pipeline.dedup.similarity import words_of
from pipeline.dedup.wording import Wording, as_written, bare_title, is_everyday, is_figure, is_told, wording
from pipeline.model import Entry, StoryView, Untold

_SHORTEST_WORD = 3
_SOON = 0.2  # of the scale of gaps, some minutes: a denial is news also at once, where other words are a retelling


def news_in(entry: Wording, companies: frozenset[str], story: StoryView) -> tuple[str, ...]:
    """The kinds of news: ``figures``, ``companies``, ``reversal``; empty when the entry retells what is known."""
    told = [words_of(member) for member in story.members]
    known = frozenset().union(*(other.figures for other in told))
    turns = frozenset().union(*(other.title_terms | other.text_terms for other in told))
    found = {
        "figures": any(not is_told(figure, known) for figure in entry.title_figures),
        "companies": bool(companies - story.companies),
        "reversal": bool(entry.reversals - turns),
    }
    return tuple(kind for kind, is_new in found.items() if is_new)


def untold(entry: Entry, story: StoryView) -> Untold:
    """What the entry's headline says that no member of the story did, as far as they are shown."""
    words = wording(entry.title, entry.text, entry.publisher, entry.language)
    told = [words_of(member) for member in story.members]
    figures = frozenset().union(*(other.figures for other in told))
    terms = frozenset().union(*(other.title_terms | other.text_terms for other in told))
    written = as_written(bare_title(entry.title, entry.publisher))
    return Untold(
        figures=tuple(
            spelt for term, spelt in written.items() if term in words.title_figures and not is_told(term, figures)
        ),
        reversals=tuple(spelt for term, spelt in written.items() if term in words.reversals - terms),
        words=tuple(
            spelt
            for term, spelt in written.items()
            if term in words.title_terms - terms
            and not is_figure(term)
            and not is_everyday(term)
            and len(spelt) >= _SHORTEST_WORD
        ),
    )


def update_features(
    entry: Wording, story: StoryView, features: Mapping[str, float], kinds: Collection[str]
) -> dict[str, float]:
    """What tells an update from a further telling; ``features`` are those by which the entry joined the story."""
    told = [words_of(member) for member in story.members]
    known = frozenset().union(*(other.figures for other in told))
    in_text = entry.figures - entry.title_figures
    return {
        "figures": float("figures" in kinds),
        "text_figures": float(any(not is_told(figure, known) for figure in in_text)),
        "companies": float("companies" in kinds),
        "reversal": float("reversal" in kinds),
        "event": float(bool(entry.events - frozenset().union(*(other.events for other in told)))),
        "untold": 1 - features["known_words"],
        "unlike": 1 - features["title"],
        "gap": max(features["gap"], _SOON) if "reversal" in kinds else features["gap"],
        "age": features["age"],
        "no_text": features["no_text"],
        "sequel": features["sequel"],
        "alone": float(len(told) == 1),
    }
