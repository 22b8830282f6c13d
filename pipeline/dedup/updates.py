"""What an entry that joins a story adds to it: figures, companies, a turn of events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.dedup.figures import new_figures
from pipeline.dedup.similarity import HOURS_OF_AGE, gap, words_of
from pipeline.dedup.wording import Wording, as_written, bare_title, is_everyday, is_figure, new_turns, stem, wording
from pipeline.model import Entry, StoryView, Untold

_SHORTEST_WORD = 3
# Hours between which updates follow in the labelled stream. Before, time says nothing: tellings complete each other in
# the first hours, and what contradicts the one before is news at once; after, it says no more (decision 0049).
_FIRST, _LAST = gap(5), gap(40)
_COMPLETE = 12.0  # hours after a story began, when a first figure is news and completes no telling any more
_PRICES = "move"  # the kind of event


@dataclass(frozen=True, slots=True)
class News:
    """What an entry adds: kinds (``figures``, ``companies``, ``reversal``), none when it retells what is known."""

    kinds: tuple[str, ...]
    changes_figure: bool  # one of its figures stands where another was told of the same thing


def news_in(entry: Wording, companies: frozenset[str], story: StoryView) -> News:
    """What the entry adds to the story, as far as its members are shown."""
    told = [words_of(member) for member in story.members]
    fresh, changes = _figures(entry, told, companies | story.companies)
    turns = frozenset().union(*(other.title_terms | other.text_terms for other in told))
    found = {
        "figures": bool(fresh),
        "companies": bool(companies - story.companies),
        "reversal": bool(new_turns(entry.reversals, turns)),
    }
    return News(tuple(kind for kind, is_new in found.items() if is_new), changes)


def _figures(entry: Wording, told: Sequence[Wording], companies: frozenset[str]) -> tuple[frozenset[str], bool]:
    if not entry.title_figures:
        return frozenset(), False
    ids = (stem(word) for company in companies for word in re.findall(r"[^\W_]+", company))
    names = entry.actors.union(ids, *(other.actors for other in told))
    return new_figures(entry.title, (text for other in told for text in (other.title, other.text)), names)


def untold(entry: Entry, story: StoryView) -> Untold:
    """What the entry's headline says that no member of the story did, as far as they are shown."""
    words = wording(entry.title, entry.text, entry.publisher, entry.language)
    told = [words_of(member) for member in story.members]
    figures, _ = _figures(words, told, story.companies)
    terms = frozenset().union(*(other.title_terms | other.text_terms for other in told))
    turns = new_turns(words.reversals, terms)
    written = as_written(bare_title(entry.title, entry.publisher))
    return Untold(
        figures=tuple(spelt for term, spelt in written.items() if term in figures),
        reversals=tuple(spelt for term, spelt in written.items() if term in turns),
        words=tuple(
            spelt
            for term, spelt in written.items()
            if term in words.title_terms - terms
            and not is_figure(term)
            and not is_everyday(term)
            and len(spelt) >= _SHORTEST_WORD
        ),
    )


def update_features(entry: Wording, features: Mapping[str, float], news: News) -> dict[str, float]:
    """What tells an update from a further telling; ``features`` are those by which the entry joined the story."""
    return {
        "figures": float("figures" in news.kinds),
        "late_figures": float("figures" in news.kinds and features["age"] * HOURS_OF_AGE >= _COMPLETE),
        # Another amount, share or count stands where one was told; the price of a share moves all day.
        "changed": float(news.changes_figure and _PRICES not in entry.events),
        "companies": float("companies" in news.kinds),
        "reversal": float("reversal" in news.kinds),
        "untold": 1 - features["known_words"],
        "unlike": 1 - features["title"],
        "later": (min(max(features["gap"], _FIRST), _LAST) - _FIRST) / (_LAST - _FIRST),
    }
