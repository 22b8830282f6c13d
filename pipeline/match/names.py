"""The built-in matcher: finds companies by the names of the watchlist. Also the door for outside matchers."""

from __future__ import annotations

from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from pipeline.match.finder import Finder, NameFinder
from pipeline.match.stored import Shelf
from pipeline.model import Watchlist


class AnyMatcher(Protocol):
    """What a matcher must offer, ours or another's."""

    def compile(self, watchlist: Watchlist) -> Finder:
        """A finder for these companies; may take seconds, is done once."""


class Matcher(BaseModel):
    """Options of the matcher by names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["names"] = "names"
    threshold: float = Field(
        default=60.0, ge=0, le=100, description="Points from 0 to 100 that a mention needs to be accepted."
    )
    decoys: tuple[str, ...] = Field(
        default=(),
        description="Untracked companies and phrases that hold a tracked name and mean something else: where one of "
        "them stands, the name in it is no hit of anyone.",
        examples=[["Orange County", "Apple Valley"]],
    )
    fuzzy: bool = Field(default=True, description="Find misspelt names too (of five letters and more).")

    def compile(self, watchlist: Watchlist) -> Finder:
        """A finder for these companies."""
        return self.compile_with(watchlist, None)

    def compile_with(self, watchlist: Watchlist, shelf: Shelf | None) -> Finder:
        """A finder for these companies; the compiled names are kept on the shelf and found there again."""
        return NameFinder(watchlist, self.threshold, self.fuzzy, self.decoys, shelf)
