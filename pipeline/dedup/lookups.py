"""What deduplication asks of the memory: the Protocol that ``store/`` fulfils, with the bounds of its answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from math import log
from typing import Protocol

from pipeline.model import Known, Member, StoryView

# Every memory keeps to these, so that they all give the same answers; each bounds the cost of one entry.
SKETCH_POSTINGS = 50  # a hash in more entries is boilerplate: it says nothing of any two of them
TERM_POSTINGS = 250  # of a term, where any company will do: the stories opened last
LIVE_STORIES = 500  # of all companies asked for together: the stories with the newest members
SHARE_OF_BEST = 0.15  # of what the best candidate shares (decision 0034)
CORE_TERMS = 256  # of a story with more members than are shown: those that most of them tell
SHOWN_MEMBERS = 16  # of a story: the entry that opened it, which tells what it is about, and the newest others


class Lookups(Protocol):
    """Read-only questions about what is already stored; answers never depend on the order of asking."""

    def steady(self) -> AbstractContextManager[object]:
        """Inside, no answer changes by what others write: many questions in a row cost less."""

    def known(self, keys: Collection[str]) -> Mapping[str, Known]:
        """The stored entry behind each identity key that is known."""

    def sharing(self, sketch: Collection[int], since: datetime) -> Mapping[str, int]:
        """Entries published since then that share hashes of the sketch, with how many they share.

        A hash that stands in more than ``SKETCH_POSTINGS`` entries, whenever published, does not count.
        """

    def members(self, entry_ids: Collection[str]) -> Mapping[str, Member]:
        """Placed entries by id; unknown ids are left out."""

    def candidates(
        self, companies: frozenset[str] | None, terms: Collection[str], since: datetime, limit: int, least: float = 0.0
    ) -> Sequence[StoryView]:
        """Stories with a member since then that share a company (None = any) and a term, best first, at most limit.

        Best is the greatest sum of ``term_weight`` (to six decimals) over the shared terms; of equals the one with
        the newest member, then the smaller id. What has less than ``SHARE_OF_BEST`` of the greatest sum is left out,
        and so is what has less than ``least`` and shares no figure.
        Read are the ``LIVE_STORIES`` of the companies with the newest members (ties as above), or, for any company, of
        each term the ``TERM_POSTINGS`` stories opened last.
        A view shows at most ``SHOWN_MEMBERS``, oldest first: the entry that opened the story, and the newest
        ``SHOWN_MEMBERS - 1``; of a story with more, also how many members there are, and of the ``CORE_TERMS`` that
        most of them tell (of equals the first in the alphabet) by how many.
        """

    def stories(self, story_ids: Collection[str]) -> Sequence[StoryView]:
        """The stories of these ids, by date of their first entry, then id; unknown ones are left out."""

    def frequencies(self, terms: Collection[str]) -> tuple[Mapping[str, int], int]:
        """In how many stories each term occurs (a missing one in none), and how many stories there are.

        Terms that were not asked for may be among the answer, which is to be read before the next question.
        """


def term_weight(count: int, stories: int) -> float:
    """How much a term tells that is in so many of the stories: the logarithm of how rare it is."""
    return log(1 + (stories + 1) / (1 + count))
