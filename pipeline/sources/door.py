"""What a source is to the configuration: the Protocols behind ``[[source]]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipeline.model import Company, Feed


class Source(Protocol):
    """A pydantic model of its options that can tell the feeds it stands for.

    One that reads files may have a method ``files()`` too, which tells their paths as they are now and does not raise:
    the daemon then loads the configuration anew when one of them changes, comes or goes. No source asks the network:
    what must be asked for is a feed of a kind that names other feeds (``FeedKind``), and is polled like one.
    """

    def feeds(self) -> tuple[Feed, ...]:
        """The feeds to poll, in a stable order. Raises ConfigError when they cannot be told."""


class CompanySource(Protocol):
    """A source whose feeds depend on whom we track; it has this method in the place of ``feeds``."""

    def feeds_for(self, companies: Sequence[Company]) -> tuple[Feed, ...]:
        """The feeds to poll for these companies, in a stable order. Raises ConfigError when they cannot be told."""
