"""A second process that fetches and reads when much is new, while this one decides and writes: Python uses one core."""

from pipeline.companion.companion import Companion, how_to_start, polling

__all__ = ["Companion", "how_to_start", "polling"]
