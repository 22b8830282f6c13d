"""What deduplication asks of the memory: the Protocol that ``store/`` fulfils."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pipeline.model import Known, Member, StoryView


class Lookups(Protocol):
    """Read-only questions about what is already stored; answers never depend on the order of asking."""

    def known(self, keys: Collection[str]) -> Mapping[str, Known]:
        """The stored entry behind each identity key that is known."""

    def sharing(self, sketch: Collection[int], since: datetime) -> Mapping[str, int]:
        """Entries published since then that share hashes of the sketch, with how many they share."""

    def members(self, entry_ids: Collection[str]) -> Mapping[str, Member]:
        """Placed entries by id; unknown ids are left out."""

    def candidates(
        self, companies: frozenset[str] | None, terms: Collection[str], since: datetime, limit: int
    ) -> Sequence[StoryView]:
        """Stories with a member since then that share a company (None = any) and a term, best first, at most limit."""

    def frequencies(self, terms: Collection[str]) -> tuple[Mapping[str, int], int]:
        """In how many stories each term occurs, and how many stories there are."""
