"""Matchers put together: entry in, hits out, and the story of each verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import TypeAlias

from rapidfuzz import fuzz, process

from pipeline.match.compiling import excluded_patterns
from pipeline.match.finder import Candidate, Finder, NameFinder
from pipeline.match.forms import core_of
from pipeline.match.names import AnyMatcher, Matcher
from pipeline.match.salience import salience_of, weigh
from pipeline.match.skeleton import tokenise
from pipeline.match.stored import Shelf
from pipeline.model import Company, Entry, Hit, Mention, Watchlist
from pipeline.text import fold

_MENTIONS_KEPT = 50  # per hit: more are a list, and prove no more
_NEAREST_WORDS = 400  # of an entry that explain looks through
_SAME = 100.0
_LEAST_ALIKE = 60.0  # per cent; what is less alike is no misspelling, and showing it would only puzzle


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an entry is a hit for a company, or why not."""

    company_id: str
    hit: Hit | None
    candidates: tuple[Candidate, ...]  # this company's, best first
    runner_up: Mention | None  # the best mention of another company
    role: str  # how far a hit is about the company, in words; "" = no hit
    summary: str


class MatchEngine:
    """Asks every finder about every entry. Names are compiled when the first entry comes: most polls bring none."""

    def __init__(self, watchlist: Watchlist, compiled: Callable[[], Iterable[Finder]]) -> None:
        self._companies = {company.id: company for company in watchlist.companies}
        self._compiled = compiled

    @cached_property
    def _finders(self) -> tuple[tuple[Finder, str], ...]:
        return tuple((finder, _version(finder)) for finder in (self._compiled() if self._companies else ()))

    @property
    def is_ready(self) -> bool:
        """Whether names were compiled, so that the next entry waits for nothing."""
        return "_finders" in self.__dict__

    @classmethod
    def build(cls, watchlist: Watchlist, matchers: Sequence[AnyMatcher], shelf: Shelf | None = None) -> MatchEngine:
        """Has every matcher compiled for the watchlist; what ours makes of it is kept on the shelf, if there is one."""
        return cls(watchlist, lambda: [_finder_of(matcher, watchlist, shelf) for matcher in matchers])

    def hits(self, entry: Entry) -> tuple[Hit, ...]:
        """The companies that the entry names beyond the threshold, by company id; mentions best first.

        Raises ValueError, naming its class, when a finder answers what cannot be: a company that is not on the
        watchlist, a score that is no number, a span outside the field.
        """
        found = self._found(entry, only_near=True)
        return _hits(entry, found) if found else ()

    def explain(self, entry: Entry, company_id: str) -> Explanation:
        """All that was weighed for one company. Raises KeyError for an id that is not on the watchlist."""
        company = self._companies[company_id]
        found = self._found(entry)
        hit = next((hit for hit in _hits(entry, found) if hit.company_id == company_id), None)
        return _explained(company, entry, hit, found)

    def explain_all(self, entry: Entry) -> tuple[Explanation, ...]:
        """Of every company that has a candidate: hits first, best score first, then by company id."""
        found = self._found(entry)
        hits = {hit.company_id: hit for hit in _hits(entry, found)}
        explanations = [
            _explained(self._companies[company_id], entry, hits.get(company_id), found)
            for company_id in dict.fromkeys(candidate.mention.company_id for candidate, _ in found)
        ]
        return tuple(sorted(explanations, key=_foremost))

    def _found(self, entry: Entry, *, only_near: bool = False) -> list[_Found]:
        """What every finder answers, checked, best first; of ours only what is accepted or might have been."""
        found: list[_Found] = []
        for finder, version in self._finders:
            if isinstance(finder, NameFinder):
                # Ours needs no check, and for hits need not make what would be thrown away.
                candidates = finder.weighed(entry) if only_near else finder.find(entry)
                found += [(item, version) for item in candidates] if candidates else []
            else:
                found += [(self._checked(item, entry, finder), version) for item in finder.find(entry)]
        if len(found) > 1:
            found.sort(key=_best_first)
        return found

    def _checked(self, candidate: Candidate, entry: Entry, finder: Finder) -> Candidate:
        """The candidate, its score within 0 to 100: finders of others are believed no more than feeds are."""
        mention = candidate.mention
        if mention.company_id not in self._companies:
            raise ValueError(f"{_name(finder)} found a company that is not on the watchlist: {mention.company_id!r}")
        if not isfinite(mention.score):
            raise ValueError(f"{_name(finder)} gave {mention.company_id!r} a score that is no number: {mention.score}")
        text = {"title": entry.title, "text": entry.text, "url": entry.url}.get(mention.field)
        if text is None or not 0 <= mention.start <= mention.end <= len(text):
            where = f"{mention.field} {mention.start}-{mention.end}"
            raise ValueError(f"{_name(finder)} found {mention.company_id!r} outside the entry: {where}")
        if 0 <= mention.score <= 100:
            return candidate
        return replace(candidate, mention=replace(mention, score=min(100.0, max(0.0, mention.score))))


_Found: TypeAlias = tuple[Candidate, str]  # and the version of the rules that found it


def _finder_of(matcher: AnyMatcher, watchlist: Watchlist, shelf: Shelf | None) -> Finder:
    return matcher.compile_with(watchlist, shelf) if isinstance(matcher, Matcher) else matcher.compile(watchlist)


def _name(finder: Finder) -> str:
    return f"{type(finder).__module__}:{type(finder).__qualname__}"


def _version(finder: Finder) -> str:
    """As the finder says; of one that says nothing, its class: its hits must not look like ours."""
    return str(getattr(finder, "version", "")) or _name(finder)


def _hits(entry: Entry, found: Sequence[_Found]) -> tuple[Hit, ...]:
    """Of what was found, best first."""
    accepted: dict[str, dict[tuple[str, int, int], Mention]] = defaultdict(dict)
    versions: dict[str, str] = {}
    for candidate, version in found:
        if candidate.accepted:
            mention = candidate.mention
            versions.setdefault(mention.company_id, version)
            accepted[mention.company_id].setdefault((mention.field, mention.start, mention.end), mention)
    return tuple(
        [
            Hit(
                entry_id=entry.id,
                company_id=company_id,
                score=mentions[0].score,
                salience=salience_of(entry, mentions, len(accepted) - 1),
                mentions=tuple(mentions[:_MENTIONS_KEPT]),
                rule_version=versions[company_id],
                runner_up=_best_of_others(found, company_id),
            )
            for company_id in sorted(accepted)
            for mentions in [list(accepted[company_id].values())]
        ]
    )


def _best_of_others(found: Iterable[_Found], company_id: str) -> Mention | None:
    """``found`` comes best first."""
    for candidate, _ in found:
        if candidate.mention.company_id != company_id:
            return candidate.mention
    return None


def _explained(company: Company, entry: Entry, hit: Hit | None, found: Sequence[_Found]) -> Explanation:
    """``found`` is what was found of all companies, best first."""
    own = tuple(candidate for candidate, _ in found if candidate.mention.company_id == company.id)
    other = _best_of_others(found, company.id)
    others = len({candidate.mention.company_id for candidate, _ in found if candidate.accepted} - {company.id})
    role = weigh(entry, hit.mentions, others)[1] if hit else ""
    return Explanation(company.id, hit, own, other, role, _summary(company, entry, hit, own, other))


def _foremost(explanation: Explanation) -> tuple[bool, float, str]:
    best = explanation.hit.score if explanation.hit else explanation.candidates[0].mention.score
    return explanation.hit is None, -best, explanation.company_id


_ORDER = {"title": "0", "text": "1"}  # of the fields; an address comes last


def _best_first(found: _Found) -> tuple[float, str, int, int, str]:
    mention = found[0].mention
    return (-mention.score, _ORDER.get(mention.field, "2"), mention.start, -mention.end, mention.name)


def _summary(company: Company, entry: Entry, hit: Hit | None, own: Sequence[Candidate], other: Mention | None) -> str:
    if hit:
        best = hit.best
        how = f"{best.method}, {best.score:g} points"
        return f"{company.name}: “{best.found}” in the {best.field} was taken for {best.name} ({how})."
    if own:
        best = own[0].mention
        against = [reason.signal for reason in best.reasons if reason.points < 0]
        because = f" Against it: {'; '.join(against)}." if against else " Nothing spoke for it beyond the name."
        return f"{company.name}: “{best.found}” in the {best.field} has only {best.score:g} points.{because}"
    return _nearest(company, entry) + (f" Found instead: {other.found} ({other.company_id})." if other else "")


def _nearest(company: Company, entry: Entry) -> str:
    """No name occurs: what is excluded, or the text that comes nearest to one, for whoever wonders why."""
    cores = [" ".join(core_of(text)) for text in (company.name, *(alias.text for alias in company.aliases))]
    words = tokenise(fold(f"{entry.title}\n{entry.text}"))[:_NEAREST_WORDS]
    for pattern in excluded_patterns(company):
        if pattern in f" {' '.join(words)} " and any(core and core in pattern for core in cores):
            return f"{company.name}: “{pattern.strip()}” occurs, which its exclude list keeps out; no name beside it."
    best: tuple[float, str] = (0.0, "")
    for core in cores:
        size = max(1, len(core.split()))
        windows = [" ".join(words[i : i + size]) for i in range(len(words) - size + 1)]
        if windows and (found := process.extractOne(core, windows, scorer=fuzz.ratio)):
            best = max(best, (found[1], found[0]))
    if best[0] < _LEAST_ALIKE:
        return f"No name of {company.name} occurs."
    if best[0] == _SAME:
        return f"{company.name}: “{best[1]}” occurs as part of other words only."
    return f"No name of {company.name} occurs; nearest text: “{best[1]}” ({best[0]:.0f} % alike)."
