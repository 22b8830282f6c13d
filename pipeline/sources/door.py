"""What a source is to the configuration: the Protocol behind ``[[source]]``."""

from __future__ import annotations

from typing import Protocol

from pipeline.model import Feed


class Source(Protocol):
    """A pydantic model of its options that can tell the feeds it stands for.

    One that reads files may have a method ``files()`` too, which tells their paths as they are now and does not raise:
    the daemon then loads the configuration anew when one of them changes, comes or goes.
    """

    def feeds(self) -> tuple[Feed, ...]:
        """The feeds to poll, in a stable order. Raises ConfigError when they cannot be told."""
