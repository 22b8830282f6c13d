"""What a source is to the configuration: the Protocol behind ``[[source]]``."""

from __future__ import annotations

from typing import Protocol

from pipeline.model import Feed


class Source(Protocol):
    """A pydantic model of its options that can tell the feeds it stands for."""

    def feeds(self) -> tuple[Feed, ...]:
        """The feeds to poll, in a stable order. Raises ConfigError when they cannot be told."""
