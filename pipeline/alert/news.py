"""What is new in a story that a channel knows, each in a plain sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.model import Placement, Untold

_NAMED = 5  # figures or words in one sentence


@dataclass(frozen=True, slots=True)
class News:
    """One thing that is new. ``kind``: company, figures, reversal, words, outlets."""

    kind: str
    text: str


def news_of(placement: Placement, untold: Untold, arrived: Sequence[str]) -> list[News]:
    """What an update adds; ``arrived`` are the names of the companies that it brings into the story."""
    kinds = {name.removeprefix("new:") for name, _ in placement.features if name.startswith("new:")}
    news = [News("company", f"{name} is part of the story now.") for name in arrived]
    if "figures" in kinds:
        news.append(News("figures", _sentence("New in the headline", untold.figures, "There is a new figure.")))
    if "reversal" in kinds:
        said = " and ".join(f"“{word}”" for word in untold.reversals[:_NAMED])
        news.append(News("reversal", f"The headline now says {said}." if said else "The story takes a turn."))
    if "words" in kinds or not news:
        news.append(News("words", _sentence("New words in the headline", untold.words, "It is told in new words.")))
    return news


def pair_news(names: Sequence[str]) -> News:
    """That companies have come together in one story."""
    return News("company", f"{_listed(names)} are in one story now.")


def outlet_news(outlets: int) -> News:
    """By how many the story is told."""
    return News("outlets", f"{outlets} outlets tell the story now.")


def outlets_reached(before: int, after: int, first: int) -> int:
    """The last of the numbers ``first``, twice, four times ... it that was not reached before; 0 = none."""
    reached, step = 0, first
    while 0 < step <= after:
        reached, step = step, 2 * step
    return reached if reached > before else 0


def each_once(news: Iterable[News]) -> list[News]:
    """Without what was said before."""
    return list(dict.fromkeys(news))


def names_of(companies: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """The companies' names, in their alphabet."""
    return sorted((names.get(company, company) for company in companies), key=str.casefold)


def _sentence(opening: str, words: Sequence[str], otherwise: str) -> str:
    return f"{opening}: {', '.join(words[:_NAMED])}." if words else otherwise


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
