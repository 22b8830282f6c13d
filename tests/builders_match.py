"""Entries and engines for the matcher's tests."""

from __future__ import annotations

from pipeline.match import MatchEngine, Matcher
from pipeline.model import Company, Entry, Name, Watchlist


def entry(title: str = "", text: str = "", *, language: str = "en", url: str = "") -> Entry:
    return Entry(id="e", feed_url="https://feeds.example/a", title=title, text=text, language=language, url=url)


def company(id: str, name: str, *aliases: str | Name, **options: tuple[str, ...]) -> Company:
    names = tuple(alias if isinstance(alias, Name) else Name(alias) for alias in aliases)
    return Company(id, name, names, **options)


def engine(*companies: Company, threshold: float = 60.0, fuzzy: bool = True) -> MatchEngine:
    return MatchEngine.build(Watchlist(companies), [Matcher(threshold=threshold, fuzzy=fuzzy)])


def found(engine: MatchEngine, title: str = "", text: str = "", *, language: str = "en", url: str = "") -> list[str]:
    return [hit.company_id for hit in engine.hits(entry(title, text, language=language, url=url))]
