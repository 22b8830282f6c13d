"""Matchers put together: entry in, hits out, and the story of each verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from pipeline.match.finder import Candidate, Finder
from pipeline.match.forms import core_of
from pipeline.match.names import AnyMatcher
from pipeline.match.salience import salience_of
from pipeline.match.skeleton import tokenise
from pipeline.model import Company, Entry, Hit, Mention, Watchlist
from pipeline.text import fold

RULE_VERSION = "names-1"  # changes with every change of rules or words that can change a verdict
_MENTIONS_KEPT = 50  # per hit: more are a list, and prove no more
_NEAREST_WORDS = 400  # of an entry that explain looks through


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an entry is a hit for a company, or why not."""

    company_id: str
    hit: Hit | None
    candidates: tuple[Candidate, ...]  # this company's, best first
    runner_up: Mention | None  # the best mention of another company
    summary: str


class MatchEngine:
    """Compiled once; asks every finder about every entry."""

    def __init__(self, watchlist: Watchlist, finders: Sequence[Finder]) -> None:
        self._companies = {company.id: company for company in watchlist.companies}
        self._finders = tuple(finders)

    @classmethod
    def build(cls, watchlist: Watchlist, matchers: Sequence[AnyMatcher]) -> MatchEngine:
        """Compile every matcher for the watchlist."""
        return cls(watchlist, [matcher.compile(watchlist) for matcher in matchers])

    def hits(self, entry: Entry) -> tuple[Hit, ...]:
        """The companies that the entry names beyond the threshold, by company id; mentions best first."""
        return self._hits(entry, self._candidates(entry))

    def explain(self, entry: Entry, company_id: str) -> Explanation:
        """All that was weighed for one company. Raises KeyError for an id that is not on the watchlist."""
        company = self._companies[company_id]
        candidates = sorted(self._candidates(entry), key=lambda candidate: _best_first(candidate.mention))
        own = tuple(candidate for candidate in candidates if candidate.mention.company_id == company_id)
        other = next((c.mention for c in candidates if c.mention.company_id != company_id), None)
        hit = next((hit for hit in self._hits(entry, candidates) if hit.company_id == company_id), None)
        return Explanation(company_id, hit, own, other, _summary(company, entry, hit, own, other))

    def _candidates(self, entry: Entry) -> list[Candidate]:
        return [candidate for finder in self._finders for candidate in finder.find(entry)]

    def _hits(self, entry: Entry, candidates: Sequence[Candidate]) -> tuple[Hit, ...]:
        accepted: dict[str, dict[tuple[str, int, int], Mention]] = defaultdict(dict)
        for mention in sorted((c.mention for c in candidates if c.accepted), key=_best_first):
            accepted[mention.company_id].setdefault((mention.field, mention.start, mention.end), mention)
        return tuple(
            _hit(entry, company_id, list(accepted[company_id].values()), len(accepted) - 1)
            for company_id in sorted(accepted)
        )


def _hit(entry: Entry, company_id: str, mentions: list[Mention], others: int) -> Hit:
    return Hit(
        entry_id=entry.id,
        company_id=company_id,
        score=mentions[0].score,
        salience=salience_of(entry, mentions, others),
        mentions=tuple(mentions[:_MENTIONS_KEPT]),
        rule_version=RULE_VERSION,
    )


def _best_first(mention: Mention) -> tuple[float, str, int, int, str]:
    field = {"title": "0", "text": "1"}.get(mention.field, "2")
    return (-mention.score, field, mention.start, -mention.end, mention.name)


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
    """No name occurs: the text that comes nearest to one, for whoever wonders why."""
    cores = [" ".join(core_of(text)) for text in (company.name, *(alias.text for alias in company.aliases))]
    words = tokenise(fold(f"{entry.title}\n{entry.text}"))[:_NEAREST_WORDS]
    best: tuple[float, str] = (0.0, "")
    for core in cores:
        size = max(1, len(core.split()))
        windows = [" ".join(words[i : i + size]) for i in range(len(words) - size + 1)]
        if windows and (found := process.extractOne(core, windows, scorer=fuzz.ratio)):
            best = max(best, (found[1], found[0]))
    if not best[1]:
        return f"No name of {company.name} occurs; the entry has no words to compare."
    return f"No name of {company.name} occurs; nearest text: “{best[1]}” ({best[0]:.0f} % alike)."
