"""The live stories of companies at hand: read from the file when they are asked for, kept while nobody else writes."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from math import log
from operator import attrgetter
from sys import intern
from typing import Any

from pipeline.model import Entry, Member, Placement, StoryView
from pipeline.store.columns import clean, instant, stamp, texts
from pipeline.store.lookups import LIVE_STORIES, SHARE_OF_BEST, SHOWN_MEMBERS, commonest, sharing, views
from pipeline.store.queries import QUERIES
from pipeline.store.sketches import FreshSketches
from pipeline.store.stories import Placed
from pipeline.store.terms import StoryTerms
from pipeline.text import is_number

KEPT_STORIES = 10_000  # of some 5 KB each
KEPT_MEMBERS = 30_000  # of some 1 KB each, more of long texts
KEPT_TERMS = 200_000  # of some 120 bytes each
_NOTHING: Mapping[str, Any] = {}
_NEVER = "9999-99"  # after every moment
_LAST = "\U0010ffff"  # behind every id


@dataclass(slots=True)
class _Live:
    """A story with what it is found by; its view once it was shown."""

    id: str
    last_at: str
    companies: frozenset[str]
    terms: frozenset[str]
    view: StoryView | None = None

    @property
    def age(self) -> tuple[float, str]:
        """Sorts the story with the newest member first, those of one moment by id."""
        return -instant(self.last_at).timestamp(), self.id


@dataclass(slots=True)
class _Company:
    """Its stories since then by age; of very many the newest, and then none of those may go missing."""

    since: str
    is_cut: bool
    stories: list[tuple[float, str, _Live]] = field(default_factory=list)


class LiveStories:
    """What ``candidates``, ``frequencies`` and ``sharing`` read, in memory. The file is the truth: it is read for what
    is not at hand, after each write of ours for what that changed, and all anew after one of somebody else.
    """

    def __init__(self) -> None:
        self._version = -1
        self._is_steady = False
        self._stories: dict[str, _Live] = {}
        self._companies: OrderedDict[str, _Company] = OrderedDict()  # those asked for last at the end
        self._counts: dict[str, int] = {}  # by how many stories each term is told
        self._total: int | None = None
        self._stale: set[str] = set()  # stories to be read anew
        self._members = 0  # of the views
        self._sketches = FreshSketches()

    def clear(self) -> None:
        """Forget all."""
        self._stories.clear()
        self._companies.clear()
        self._counts.clear()
        self._stale.clear()
        self._sketches.forget()
        self._total, self._members = None, 0

    @contextmanager
    def steady(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Inside a transaction that only reads: nobody else's write is seen, so none is looked for."""
        self._check(connection)
        before, self._is_steady = self._is_steady, True
        try:
            yield
        finally:
            self._is_steady = before

    # ------------------------------------------------------------------ what was written

    def wrote(
        self,
        connection: sqlite3.Connection,
        placed: Placed,
        members: Sequence[Member] = (),
        entry_ids: Collection[str] = (),
    ) -> None:
        """Stories have changed: those of ``placed``, to which these members are new, and those of these entries.

        What nobody looks at need not be read again: where a story has grown by new members alone, its view is
        what it was with them.
        """
        if not placed.told and not entry_ids:
            return
        self._check(connection)
        for term, change in placed.counted.items():
            if term in self._counts:
                self._counts[term] = max(0, self._counts[term] + change)
        self._total = None
        if placed.has_posted:
            self._sketches.forget()
        else:
            self._sketches.add(placed.sketches)
        self._stale.update(placed.told)
        grown: dict[str, list[Member]] = {}
        for member in members:
            grown.setdefault(member.story_id, []).append(member)
        asked = {"texts": texts(entry_ids)}
        for row in connection.execute(QUERIES["stories_of"], asked) if entry_ids else ():
            self._stale.add(row["story_id"])
            grown.pop(row["story_id"], None)
        self._renew(connection, placed.told, grown)

    # ------------------------------------------------------------------ asking

    def frequencies(self, connection: sqlite3.Connection, terms: Collection[str]) -> tuple[Mapping[str, int], int]:
        """In how many stories each term occurs (0 = in none), and how many stories there are.

        Other terms may be among the answer, which is to be read before the next question.
        """
        self._check(connection)
        counts = self._counts
        unknown = frozenset(terms).difference(counts)
        if not unknown and self._total is not None:
            return counts, self._total
        told = {term: clean(term) for term in unknown}
        if len(counts) > KEPT_TERMS:
            counts.clear()
            told = {term: clean(term) for term in terms}
        counts.update(dict.fromkeys(told.values(), 0))
        counts.update(map(tuple, connection.execute(QUERIES["frequencies"], {"texts": texts(told.values())})))
        self._total = counts.pop("")
        if told.keys() <= counts.keys():
            return counts, self._total
        return {term: counts[told.get(term, term)] for term in terms}, self._total

    def sharing(self, connection: sqlite3.Connection, sketch: Collection[int], since: datetime) -> Mapping[str, int]:
        """Entries published since then, with how many of the sketch's telling hashes they share."""
        self._check(connection)
        return sharing(connection, sketch, since, self._sketches.by_hash(connection))

    def candidates(
        self,
        connection: sqlite3.Connection,
        companies: frozenset[str],
        terms: Collection[str],
        since: datetime,
        limit: int,
        least: float,
    ) -> Sequence[StoryView]:
        """Live stories that share a company and a term: those that share the rarest first, then the newest."""
        counts, total = self.frequencies(connection, terms)
        weights = {term: log(1 + (total + 1) / (1 + count)) for term in terms if (count := counts[term])}
        asked, weight_of = frozenset(weights), weights.__getitem__
        found = [
            (round(sum(map(weight_of, shared)), 6), story, shared)
            for story in self._live(connection, companies, since)
            if (shared := asked & story.terms)
        ]
        of_best = SHARE_OF_BEST * max((score for score, *_ in found), default=0.0)
        near = [
            (-score, *story.age)
            for score, story, shared in found
            if score >= of_best and (score >= least or any(map(is_number, shared)))
        ]
        return self._views(connection, [story for *_, story in sorted(near)[:limit]])

    def _live(self, connection: sqlite3.Connection, companies: Collection[str], since: datetime) -> list[_Live]:
        """The stories of these companies that were last added to, those of one moment by id."""
        self._renew(connection)
        self._make_room()
        begin = str(stamp(since))
        lists = [self._company(connection, clean(company), begin).stories for company in sorted(companies)]
        oldest = (-instant(begin).timestamp(), _LAST)
        newest = [one[: min(LIVE_STORIES, bisect_right(one, oldest))] for one in lists]
        if len(newest) == 1:
            return [story for *_, story in newest[0]]
        both = {one[:2]: one[2] for own in newest for one in own}
        return [both[age] for age in sorted(both)[:LIVE_STORIES]]

    def _views(self, connection: sqlite3.Connection, story_ids: Sequence[str]) -> list[StoryView]:
        unseen = [story for story in story_ids if self._stories[story].view is None]
        for seen in views(connection, unseen) if unseen else ():
            self._show(self._stories[seen.id], seen)
        shown = [view for story in story_ids if (view := self._stories[story].view)]
        self._make_room_for_views()
        return shown

    # ------------------------------------------------------------------ what is at hand

    def _check(self, connection: sqlite3.Connection) -> None:
        """Forgets all when another connection has written since."""
        if self._is_steady:
            return
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self.clear()
            self._version = version

    def _company(self, connection: sqlite3.Connection, company: str, since: str) -> _Company:
        """The stories of a company with a member since then, or more of them."""
        own = self._companies.get(company)
        if own is None:
            own = self._companies[company] = _Company(_NEVER, is_cut=False)
        self._companies.move_to_end(company)
        if since < own.since and not own.is_cut:
            asked = {"company": company, "since": since, "until": own.since, "stories": LIVE_STORIES}
            rows = connection.execute(QUERIES["stories_of_company"], asked).fetchall()
            for row in rows:
                story = self._take(row, json.loads(row["terms"]))
                insort(own.stories, (*story.age, story))
            own.since, own.is_cut = since, len(rows) == LIVE_STORIES
        return own

    def _take(self, row: sqlite3.Row, told: Iterable[str]) -> _Live:
        """A story as it is stored, with its terms; one that is at hand by another company is the same."""
        known = self._stories.get(row["id"])
        if known is None:
            terms = frozenset(map(intern, told))  # a term is in many stories
            known = _Live(row["id"], row["last_at"], frozenset(json.loads(row["companies"])), terms)
            self._stories[known.id] = known
        return known

    def _renew(
        self,
        connection: sqlite3.Connection,
        told: Mapping[str, Mapping[str, int]] = _NOTHING,
        grown: Mapping[str, Sequence[Member]] = _NOTHING,
    ) -> None:
        """Reads anew what has changed, as far as it is of companies that are at hand.

        Of some stories the terms are known already, and of some the members by which they have grown.
        """
        if not self._stale:
            return
        before = {story.id: story for story in map(self._drop, self._stale) if story}
        rows = connection.execute(QUERIES["stories_at_hand"], {"texts": texts(self._stale)}).fetchall()
        if unread := self._stale.difference(told):
            told = {**told, **StoryTerms(connection, unread).told}
        self._stale.clear()
        for row in rows:
            lists = [self._companies[one] for one in json.loads(row["companies"]) if one in self._companies]
            near = [own for own in lists if own.is_cut or row["last_at"] >= own.since]
            if near:
                terms = told[row["id"]]
                story = self._take(row, terms)
                known = before[story.id].view if story.id in before else None
                self._show(story, _grown(row, story, known, grown.get(story.id, ()), terms))
                for own in near:
                    insort(own.stories, (*story.age, story))
        for story in before.values():
            self._show(story, None)
            self._settle(story, self._stories.get(story.id))

    def _settle(self, before: _Live, after: _Live | None) -> None:
        """Of a company with very many stories one that is not among the newest any more leaves its place to another."""
        for company in before.companies:
            own = self._companies.get(company)
            if own and own.is_cut and not (after and company in after.companies and after.age <= before.age):
                self._forget(company)

    def _drop(self, story_id: str) -> _Live | None:
        """Takes a story out."""
        story = self._stories.pop(story_id, None)
        for company in story.companies if story else ():
            own = self._companies.get(company)
            if story and own:
                place = bisect_left(own.stories, story.age)
                if place < len(own.stories) and own.stories[place][2] is story:
                    del own.stories[place]
        return story

    def _make_room(self) -> None:
        """Forgets the companies that nobody has asked for for longest, when too many stories are at hand."""
        while len(self._stories) >= KEPT_STORIES and self._companies:
            self._forget(next(iter(self._companies)))

    def _forget(self, company: str) -> None:
        gone = self._companies.pop(company)
        for *_, story in gone.stories:
            if not any(other in self._companies for other in story.companies):
                self._stories.pop(story.id, None)
                self._show(story, None)

    def _show(self, story: _Live, view: StoryView | None) -> None:
        """Keeps the view of a story, or forgets it."""
        self._members += (len(view.members) if view else 0) - (len(story.view.members) if story.view else 0)
        story.view = view

    def _make_room_for_views(self) -> None:
        """Forgets half of the members, those of the companies that nobody has asked for for longest."""
        if self._members <= KEPT_MEMBERS:
            return
        for company in self._companies.values():
            for *_, story in company.stories:
                self._show(story, None)
            if self._members <= KEPT_MEMBERS // 2:
                return


def new_members(entries: Sequence[Entry], placements: Sequence[Placement]) -> list[Member]:
    """The entries that were placed, as they are stored, in their order."""
    placed = {placement.entry_id: placement for placement in placements}
    return [_member(entry, placed[entry.id]) for entry in entries if entry.id in placed]


def _member(entry: Entry, placement: Placement) -> Member:
    return Member(
        clean(entry.id),
        clean(placement.article_id),
        clean(placement.story_id),
        clean(entry.title),
        clean(entry.text),
        instant(str(stamp(entry.published_at))),
        clean(entry.publisher),
        clean(entry.language),
        frozenset(map(clean, placement.companies)),
    )


def _grown(
    row: sqlite3.Row, story: _Live, before: StoryView | None, further: Sequence[Member], told: Mapping[str, int]
) -> StoryView | None:
    """The view of a story that has grown by these members, the one stored last at the end; None = not known."""
    known = before.members if before else ()
    if not further or (before.entries if before and before.entries else len(known)) + len(further) != row["entries"]:
        return None
    members = sorted((*known, *further), key=attrgetter("published_at"))
    newest = members[1 - SHOWN_MEMBERS :]
    shown = (*(one for one in members[: 1 - SHOWN_MEMBERS] if one.entry_id == story.id), *newest)
    is_whole = len(shown) == row["entries"]
    return StoryView(
        story.id,
        story.companies,
        instant(row["first_at"]),
        instant(row["last_at"]),
        shown,
        entries=0 if is_whole else row["entries"],
        told={} if is_whole else commonest(told),
    )
