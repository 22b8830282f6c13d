"""The look-ups of deduplication over dictionaries: for ``newsward cluster``, evaluation and one call's arrivals."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import nsmallest

from pipeline.dedup.lookups import (
    CORE_TERMS,
    LIVE_STORIES,
    SHARE_OF_BEST,
    SHOWN_MEMBERS,
    SKETCH_POSTINGS,
    TERM_POSTINGS,
    term_weight,
)
from pipeline.dedup.similarity import words_of
from pipeline.model import Entry, Known, Member, Merge, Placement, StoryView
from pipeline.text import is_number


@dataclass(slots=True)
class _Story:
    id: str
    number: int  # in the order of opening
    opener: Member
    first_at: datetime
    last_at: datetime
    companies: frozenset[str]
    members: list[Member] = field(default_factory=list)  # by date, those of one moment as they came
    told: Counter[str] = field(default_factory=Counter)  # by how many of the members that were added here
    added: int = 0

    @property
    def age(self) -> tuple[float, str]:
        """Sorts the story with the newest member first, those of one moment by id."""
        return -self.last_at.timestamp(), self.id

    def view(self) -> StoryView:
        """The story as the contract has it; of one that was adopted, what came of it here."""
        shown = _shown(self.members, self.opener)
        view = StoryView(self.id, self.companies, self.first_at, self.last_at, shown)
        return view if len(shown) == len(self.members) else replace(view, entries=self.added, told=core(self.told))


class MemoryLookups:
    """``Lookups`` in memory; what was added is there at once, and nothing is ever forgotten."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._members: dict[str, Member] = {}
        self._stories: dict[str, _Story] = {}
        self._in_order: list[_Story] = []  # by number
        # Most hashes and terms are of one entry and of one story: lists of these alone are a burden to the collector
        # of garbage, which took a sixth of the time.
        self._sharer: dict[int, str] = {}  # the entry that had the hash first
        self._sharers: defaultdict[int, list[str]] = defaultdict(list)  # the others
        self._opened: dict[str, int] = {}  # the number of the story opened first that tells the term
        self._postings: defaultdict[str, list[int]] = defaultdict(list)  # of the others, the last opened last
        self._of_company: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)  # by ``_Story.age``

    # ------------------------------------------------------------------ writing

    def add(self, entry: Entry, placement: Placement) -> None:
        """Remember a placed entry. ``entry.published_at`` is set."""
        self.remember(entry, placement.story_id)
        self.add_member(_member(entry, placement), placement.sketch, placement.terms)

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
        sharer, entry_id = self._sharer, member.entry_id
        for value in set(sketch):
            if value in sharer:
                self._sharers[value].append(entry_id)
            else:
                sharer[value] = entry_id
        story = self._story(member)
        insort(story.members, member, key=_date)
        told, number, opened = story.told, story.number, self._opened
        for term in frozenset(terms):
            if term in told:
                told[term] += 1
            else:
                told[term] = 1
                if term in opened:
                    self._post(term, number)
                else:
                    opened[term] = number
        story.added += 1
        self._renew(story, member.published_at, member.published_at, member.companies)

    def _renew(self, story: _Story, first_at: datetime, last_at: datetime, companies: frozenset[str]) -> None:
        """The story's dates and companies, and where its companies find it."""
        before = story.age
        story.first_at = min(story.first_at, first_at)
        story.last_at = max(story.last_at, last_at)
        if story.age != before:
            for company in story.companies:
                ages = self._of_company[company]
                del ages[bisect_right(ages, before) - 1]
                insort(ages, story.age)
        for company in companies - story.companies:
            insort(self._of_company[company], story.age)
        story.companies |= companies

    def merge(self, merge: Merge) -> None:
        """Make one story of two."""
        story, other = self._stories[merge.story_id], self._stories.pop(merge.other_id)
        for company in other.companies:
            self._of_company[company].remove(other.age)
        for term in other.told:
            if term not in story.told:
                self._post(term, story.number)
            self._take_back(term, other.number)
        story.told.update(other.told)
        story.added += other.added
        for member in other.members:
            moved = replace(member, story_id=story.id)
            self._members[member.entry_id] = moved
            insort(story.members, moved, key=_date)
        self._renew(story, other.first_at, other.last_at, other.companies)

    def _post(self, term: str, number: int) -> None:
        """A further story tells a term that another one does."""
        first = self._opened[term]
        self._opened[term] = min(first, number)
        insort(self._postings[term], max(first, number))

    def _take_back(self, term: str, number: int) -> None:
        """One of the stories that tell a term is no more."""
        further = self._postings.get(term, [])
        if number in further:
            further.remove(number)
        elif further:
            self._opened[term] = further.pop(0)
        else:
            del self._opened[term]

    def adopt(self, view: StoryView, terms: Collection[str]) -> None:
        """Take over a story of another memory, so that its next members find it whole; its terms are counted there."""
        opener = next((one for one in view.members if one.entry_id == view.id), view.members[0])
        story = self._story(opener)
        present = {member.entry_id for member in story.members}
        for member in view.members:
            if member.entry_id not in present:
                insort(story.members, member, key=_date)
        for term in terms:
            story.told.setdefault(term, 0)
        self._renew(story, view.first_at, view.last_at, view.companies)

    def _story(self, member: Member) -> _Story:
        story = self._stories.get(member.story_id)
        if story is None:
            at, number = member.published_at, len(self._in_order)
            story = self._stories[member.story_id] = _Story(member.story_id, number, member, at, at, frozenset())
            self._in_order.append(story)
        return story

    # ------------------------------------------------------------------ asking

    def steady(self) -> AbstractContextManager[object]:
        return nullcontext()

    def known(self, keys: Collection[str]) -> Mapping[str, Known]:
        return {key: self._known[key] for key in keys if key in self._known}

    def sharing(self, sketch: Collection[int], since: datetime) -> Mapping[str, int]:
        known, sharers = self._sharer.keys() & set(sketch), self._sharers
        further = {value: sharers[value] for value in sharers.keys() & known}
        few = [value for value in known if len(further.get(value, ())) < SKETCH_POSTINGS]
        shared = Counter([self._sharer[value] for value in few])
        shared.update(entry for value in few for entry in further.get(value, ()))
        return {entry: count for entry, count in shared.items() if self._members[entry].published_at >= since}

    def members(self, entry_ids: Collection[str]) -> Mapping[str, Member]:
        return {entry: self._members[entry] for entry in entry_ids if entry in self._members}

    def candidates(
        self, companies: frozenset[str] | None, terms: Collection[str], since: datetime, limit: int, least: float = 0.0
    ) -> Sequence[StoryView]:
        return self.best(companies, term_weights(terms, *self.frequencies(terms)), since, limit, least)

    def best(
        self,
        companies: frozenset[str] | None,
        weights: Mapping[str, float],
        since: datetime,
        limit: int,
        least: float,
    ) -> list[StoryView]:
        """``candidates`` by given weights of the terms."""
        if companies is None:
            scores = self._scores_of_any(weights, since)
        else:
            live = (self._stories[story] for story in self._live(companies, since))
            scores = {story.id: score_of(weights, story.told.keys()) for story in live}
        of_best = max(SHARE_OF_BEST * max(scores.values(), default=0.0), 1e-6)
        near = ((score, self._stories[story]) for story, score in scores.items() if score >= of_best)
        found = sorted(
            (-score, *story.age)
            for score, story in near
            if score >= least or has_number(weights.keys() & story.told.keys())
        )
        return [self._stories[story].view() for *_, story in found[:limit]]

    def _live(self, companies: Collection[str], since: datetime) -> list[str]:
        """The stories of these companies that were last added to, those of one moment by id."""
        oldest = (-since.timestamp(), "\U0010ffff")
        lists = (self._of_company.get(company, []) for company in companies)
        newest = [own[: min(LIVE_STORIES, bisect_right(own, oldest))] for own in lists]
        ages = newest[0] if len(newest) == 1 else sorted({age for own in newest for age in own})[:LIVE_STORIES]
        return [story for _, story in ages]

    def _scores_of_any(self, weights: Mapping[str, float], since: datetime) -> Mapping[str, float]:
        scores: defaultdict[int, float] = defaultdict(float)
        for term, weight in weights.items():
            posting = self._postings.get(term, ())[-TERM_POSTINGS:]
            if len(posting) < TERM_POSTINGS and term in self._opened:
                scores[self._opened[term]] += weight
            for number in posting:
                scores[number] += weight
        stories = ((self._in_order[number], score) for number, score in scores.items())
        return {story.id: round(score, 6) for story, score in stories if story.last_at >= since}

    def is_about(self, companies: Collection[str] | None) -> bool:
        """Is any story about one of these companies? None = any will do."""
        return bool(self._stories) if companies is None else any(map(self._of_company.__contains__, companies))

    def stories(self, story_ids: Collection[str]) -> Sequence[StoryView]:
        found = [self._stories[story].view() for story in frozenset(story_ids) if story in self._stories]
        return sorted(found, key=lambda view: (view.first_at, view.id))

    def view(self, story_id: str) -> StoryView | None:
        """The story as it stands; None when it is unknown."""
        story = self._stories.get(story_id)
        return story.view() if story else None

    def terms_of(self, story_id: str) -> Collection[str]:
        """The terms of a story; empty when it is unknown."""
        story = self._stories.get(story_id)
        return story.told if story else ()

    def frequencies(self, terms: Collection[str]) -> tuple[Mapping[str, int], int]:
        further = self._postings
        known = self._opened.keys() & frozenset(terms)
        counts = {term: 1 + len(further[term]) if term in further else 1 for term in known}
        return counts, len(self._stories)


def term_weights(terms: Collection[str], counts: Mapping[str, int], stories: int) -> Mapping[str, float]:
    """How much each term that is known tells."""
    told = counts.get
    return {term: term_weight(count, stories) for term in terms if (count := told(term))}


def merged(one: StoryView, other: StoryView) -> StoryView:
    """A stored story with what came of it here: each member once, at most as many as a view shows."""
    members = {member.entry_id: member for member in (*one.members, *other.members)}
    opener = members.get(one.id) or min(members.values(), key=_date)
    shown = _shown(sorted(members.values(), key=_date), opener)
    known = {member.entry_id: member for member in one.members}
    further = [one for one in other.members if one is not (was := known.get(one.entry_id)) and one != was]
    is_cut = bool(one.entries or other.entries or len(shown) < len(members))
    told = _told(one, one.members) + _told(other, further) if is_cut else {}
    return StoryView(
        id=one.id,
        companies=one.companies | other.companies,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
        members=shown,
        entries=(one.entries or len(one.members)) + (other.entries or len(further)) if is_cut else 0,
        told=core(told),
    )


def core(told: Mapping[str, int]) -> dict[str, int]:
    """The commonest terms of a story; of equals the first in the alphabet."""
    return dict(nsmallest(CORE_TERMS, told.items(), key=lambda one: (-one[1], one[0])))


def _told(view: StoryView, members: Iterable[Member]) -> Counter[str]:
    return Counter(view.told or (term for member in members for term in words_of(member).terms))


def score_of(weights: Mapping[str, float], terms: Set[str]) -> float:
    """What the shared terms weigh; rounded, so that the order of adding does not tell."""
    return round(sum(map(weights.__getitem__, weights.keys() & terms)), 6)


def has_number(terms: Iterable[str]) -> bool:
    """Is a figure or a day of a month among them?"""
    return any(map(is_number, terms))


def _shown(members: Sequence[Member], opener: Member) -> tuple[Member, ...]:
    """Of members by date: the newest, and the one that opened the story."""
    newest = tuple(members[1 - SHOWN_MEMBERS :])
    if any(member is opener for member in newest):
        return newest
    return tuple(sorted((opener, *newest), key=_date))


def _date(member: Member) -> datetime:
    return member.published_at


def _member(entry: Entry, placement: Placement) -> Member:
    assert entry.published_at is not None
    return Member(
        entry.id, placement.article_id, placement.story_id, entry.title, entry.text, entry.published_at,
        entry.publisher, entry.language, placement.companies,
    )  # fmt: skip
