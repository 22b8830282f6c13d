"""The look-ups of deduplication over dictionaries: for ``newsward cluster``, evaluation and one call's arrivals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from math import log

from pipeline.dedup.lookups import Lookups
from pipeline.model import Entry, Known, Member, Placement, StoryView

MEMBERS_SHOWN = 12  # newest members of a story that a view carries, beside its first
POSTINGS_READ = 250  # newest stories of a term that are candidates: keeps the cost of an entry flat
SHARERS_READ = 64  # newest entries of a sketch hash, for the same reason


@dataclass(slots=True)
class _Story:
    id: str
    first_at: datetime
    last_at: datetime
    companies: frozenset[str]
    members: list[Member] = field(default_factory=list)
    terms: set[str] = field(default_factory=set)

    def view(self) -> StoryView:
        shown = self.members
        if len(shown) > MEMBERS_SHOWN + 1:
            shown = [shown[0], *shown[-MEMBERS_SHOWN:]]
        return StoryView(self.id, self.companies, self.first_at, self.last_at, tuple(shown))


class MemoryLookups:
    """``Lookups`` in memory; what was added is there at once, and nothing is ever forgotten."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._members: dict[str, Member] = {}
        self._stories: dict[str, _Story] = {}
        self._sharers: defaultdict[int, list[str]] = defaultdict(list)
        # Ordered sets of stories by term and by company; the one touched last stands last.
        self._postings: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._of_company: defaultdict[str, dict[str, None]] = defaultdict(dict)

    # ------------------------------------------------------------------ writing

    def add(self, entry: Entry, placement: Placement) -> None:
        """Remember a placed entry. ``entry.published_at`` is set."""
        assert entry.published_at is not None
        self.remember(entry, placement.story_id)
        member = Member(
            entry.id, placement.article_id, placement.story_id, entry.title, entry.text, entry.published_at,
            entry.publisher, entry.language, placement.companies,
        )  # fmt: skip
        self.add_member(member, placement.sketch, placement.terms)

    def remember(self, entry: Entry, story_id: str = "") -> None:
        """Remember an entry's identity only."""
        known = Known(
            entry.id, entry.feed_url, entry.canonical_url, entry.title, entry.content_hash, entry.published_at, story_id
        )
        self.alias(entry.keys, known)

    def alias(self, keys: Iterable[str], known: Known) -> None:
        """Further keys of a known entry; a key keeps the entry that had it first."""
        for key in keys:
            self._known.setdefault(key, known)

    def add_member(self, member: Member, sketch: Collection[int] = (), terms: Collection[str] = ()) -> None:
        """Remember a member of a story, with what its indexes hold."""
        self._members[member.entry_id] = member
        for value in sketch:
            self._sharers[value].append(member.entry_id)
        story = self._story(member)
        story.members.append(member)
        story.terms.update(terms)
        story.companies |= member.companies
        story.first_at = min(story.first_at, member.published_at)
        story.last_at = max(story.last_at, member.published_at)
        for company in story.companies:
            _touch(self._of_company[company], story.id)
        for term in terms:
            _touch(self._postings[term], story.id)

    def adopt(self, view: StoryView) -> None:
        """Take over a story from another memory, so that its next members find it whole."""
        if view.id not in self._stories:
            self._stories[view.id] = _Story(view.id, view.first_at, view.last_at, view.companies, list(view.members))

    def _story(self, member: Member) -> _Story:
        at = member.published_at
        return self._stories.setdefault(member.story_id, _Story(member.story_id, at, at, member.companies))

    # ------------------------------------------------------------------ asking

    def known(self, keys: Collection[str]) -> Mapping[str, Known]:
        return {key: self._known[key] for key in keys if key in self._known}

    def sharing(self, sketch: Collection[int], since: datetime) -> Mapping[str, int]:
        shared = Counter(entry for value in sketch for entry in self._sharers.get(value, ())[-SHARERS_READ:])
        return {entry: count for entry, count in shared.items() if self._members[entry].published_at >= since}

    def members(self, entry_ids: Collection[str]) -> Mapping[str, Member]:
        return {entry: self._members[entry] for entry in entry_ids if entry in self._members}

    def candidates(
        self, companies: frozenset[str] | None, terms: Collection[str], since: datetime, limit: int
    ) -> Sequence[StoryView]:
        scores: defaultdict[str, float] = defaultdict(float)
        near = None if companies is None else self._stories_of(companies)
        total = len(self._stories) + 1
        for term in sorted(terms):
            posting = self._postings.get(term, {})
            rarity = log(1 + total / (1 + len(posting)))
            sharing = _newest(posting) if near is None else [story for story in near if story in posting]
            for story in sharing:
                scores[story] += rarity
        live = [story for story in scores if self._stories[story].last_at >= since]
        live.sort(key=lambda story: (-scores[story], story))
        return [self._stories[story].view() for story in live[:limit]]

    def view(self, story_id: str) -> StoryView | None:
        """The story as it stands; None when it is unknown."""
        story = self._stories.get(story_id)
        return story.view() if story else None

    def _stories_of(self, companies: frozenset[str]) -> list[str]:
        found = (story for company in sorted(companies) for story in _newest(self._of_company.get(company, {})))
        return list(dict.fromkeys(found))

    def frequencies(self, terms: Collection[str]) -> tuple[Mapping[str, int], int]:
        counts = {term: len(self._postings[term]) for term in terms if term in self._postings}
        return counts, len(self._stories)


class Overlay:
    """A memory before which the arrivals of one call stand, not yet committed."""

    def __init__(self, base: Lookups) -> None:
        self._base, self.local = base, MemoryLookups()

    def known(self, keys: Collection[str]) -> Mapping[str, Known]:
        return {**self.local.known(keys), **self._base.known(keys)}

    def sharing(self, sketch: Collection[int], since: datetime) -> Mapping[str, int]:
        return {**self._base.sharing(sketch, since), **self.local.sharing(sketch, since)}

    def members(self, entry_ids: Collection[str]) -> Mapping[str, Member]:
        return {**self._base.members(entry_ids), **self.local.members(entry_ids)}

    def candidates(
        self, companies: frozenset[str] | None, terms: Collection[str], since: datetime, limit: int
    ) -> Sequence[StoryView]:
        ours = self.local.candidates(companies, terms, since, limit)
        stored = {view.id: view for view in self._base.candidates(companies, terms, since, limit)}
        merged = [_merged(view, stored.pop(view.id, None)) for view in ours]
        return merged + [_merged(view, self.local.view(view.id)) for view in stored.values()]

    def frequencies(self, terms: Collection[str]) -> tuple[Mapping[str, int], int]:
        ours, our_total = self.local.frequencies(terms)
        base, total = self._base.frequencies(terms)
        return {term: ours.get(term, 0) + base.get(term, 0) for term in {*ours, *base}}, our_total + total

    def add(self, entry: Entry, placement: Placement, story: StoryView | None) -> None:
        """An arrival that was placed, with its story as it was before."""
        if story is not None:
            self.local.adopt(story)
        self.local.add(entry, placement)


def _touch(stories: dict[str, None], story: str) -> None:
    stories.pop(story, None)
    stories[story] = None


def _newest(stories: dict[str, None]) -> list[str]:
    return list(islice(reversed(stories), POSTINGS_READ))


def _merged(one: StoryView, other: StoryView | None) -> StoryView:
    """One story seen from two memories: each member once, newest last."""
    if other is None:
        return one
    members = {member.entry_id: member for member in (*one.members, *other.members)}
    return StoryView(
        id=one.id,
        companies=one.companies | other.companies,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
        members=tuple(sorted(members.values(), key=lambda member: (member.published_at, member.entry_id))),
    )
