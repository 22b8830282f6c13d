"""A memory before which the arrivals of one call stand, not yet committed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import repeat

from pipeline.dedup.lookups import SHARE_OF_BEST, Lookups
from pipeline.dedup.memory import MemoryLookups, has_number, merged, score_of, term_weights
from pipeline.dedup.similarity import words_of
from pipeline.model import Entry, Known, Member, Placement, StoryView


class Overlay:
    """``Lookups`` over a memory and the arrivals that were placed since it was asked first. The memory must not change.

    A hash of a sketch is boilerplate where the memory or the arrivals alone hold it too often.
    """

    def __init__(self, base: Lookups) -> None:
        self._base, self._local = base, MemoryLookups()
        self._stored: set[str] = set()  # stories with arrivals that the base holds and counts
        self._opened: set[str] = set()  # stories of the arrivals alone
        self._counts: dict[str, int] = {}  # of terms, asked of the base once and counted on: they come again and again
        self._total: int | None = None

    def steady(self) -> AbstractContextManager[object]:
        return self._base.steady()

    def known(self, keys: Collection[str]) -> Mapping[str, Known]:
        return {**self._local.known(keys), **self._base.known(keys)}

    def sharing(self, sketch: Collection[int], since: datetime) -> Mapping[str, int]:
        return {**self._base.sharing(sketch, since), **self._local.sharing(sketch, since)}

    def members(self, entry_ids: Collection[str]) -> Mapping[str, Member]:
        return {**self._base.members(entry_ids), **self._local.members(entry_ids)}

    def candidates(
        self, companies: frozenset[str] | None, terms: Collection[str], since: datetime, limit: int, least: float = 0.0
    ) -> Sequence[StoryView]:
        stored = self._base.candidates(companies, terms, since, limit, least)
        if not self._local.is_about(companies) and self._stored.isdisjoint([view.id for view in stored]):
            return stored
        weights = term_weights(terms, *self.frequencies(terms))
        views = {view.id: view for view in stored}
        ours = self._local.best(companies, weights, since, limit, least)
        if not ours and self._stored.isdisjoint(views):
            return stored
        for view in ours:
            views[view.id] = merged(views[view.id], view) if view.id in views else view
        found = {view.id for view in ours}
        whole = [view if view.id in found and not view.entries else self._whole(view) for view in views.values()]
        asked = frozenset(weights)
        told = [(view, self._shared(asked, view)) for view in whole]
        scored = [(score_of(weights, shared), has_number(shared), view) for view, shared in told]
        of_best = SHARE_OF_BEST * max((score for score, *_ in scored), default=0.0)
        near = [(score, view) for score, is_figure, view in scored if score >= least or is_figure]
        near.sort(key=lambda one: (-one[0], -one[1].last_at.timestamp(), one[1].id))
        return [view for score, view in near if score >= of_best][:limit]

    def stories(self, story_ids: Collection[str]) -> Sequence[StoryView]:
        views = {view.id: view for view in self._base.stories(story_ids)}
        for view in self._local.stories(story_ids):
            views[view.id] = merged(views[view.id], view) if view.id in views else view
        return sorted(views.values(), key=lambda view: (view.first_at, view.id))

    def frequencies(self, terms: Collection[str]) -> tuple[Mapping[str, int], int]:
        counts = self._counts
        unknown = frozenset(terms).difference(counts)
        if self._total is None or unknown:
            stored, self._total = self._base.frequencies(unknown)
            counts.update(zip(unknown, map(stored.get, unknown, repeat(0)), strict=True))
            ours, _ = self._local.frequencies(unknown)
            for term, count in ours.items():
                counts[term] += count
        return counts, len(self._opened) + self._total

    def add(self, entry: Entry, placement: Placement, story: StoryView | None) -> None:
        """An arrival that was placed, with the story that it joins as it was before, where that was looked at."""
        if placement.story_id == entry.id:
            self._opened.add(entry.id)
        elif placement.story_id not in self._opened:
            self._stored.add(placement.story_id)
            self._adopt(placement, story)
        known = self._local.terms_of(placement.story_id)
        for term in frozenset(placement.terms):
            if term in self._counts and term not in known:
                self._counts[term] += 1
        self._local.add(entry, placement)

    def _adopt(self, placement: Placement, story: StoryView | None) -> None:
        """The stored story of an arrival; a copy did not look at it, and knows of it what it copies."""
        if story is not None:
            self._local.adopt(story, self._terms(story))
            return
        original = self.members([placement.partner])[placement.partner]
        at = original.published_at
        story = StoryView(original.story_id, original.companies, at, at, (original,))
        self._local.adopt(story, self._terms(story))

    def _whole(self, view: StoryView) -> StoryView:
        """A stored story with its arrivals, which alone may share no term that was asked for."""
        ours = self._local.view(view.id)
        return merged(view, ours) if ours else view

    def _shared(self, asked: frozenset[str], view: StoryView) -> frozenset[str]:
        """Those of the terms that a story tells, as far as its shown members and our arrivals tell them."""
        ours = frozenset(filter(self._local.terms_of(view.id).__contains__, asked))
        return ours.union(*[asked & words_of(member).bag for member in view.members])

    def _terms(self, view: StoryView) -> set[str]:
        """The terms of a story, as far as its shown members and our arrivals tell them."""
        return set(self._local.terms_of(view.id)).union(*(words_of(member).bag for member in view.members))
