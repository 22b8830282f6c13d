"""Floors under the figures: what an evaluation must reach, so that quality is lost by no one unawares."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError

Figures = Mapping[tuple[str, str], float]  # (set, measure) -> value


@dataclass(frozen=True, slots=True)
class Floor:
    """What a figure must reach, or must not exceed."""

    set: str
    measure: str
    at_least: float | None = None
    at_most: float | None = None

    def broken_by(self, value: float) -> str:
        """What is wrong in words; "" = nothing."""
        if self.at_least is not None and value < self.at_least:
            return f"{self.set}: {self.measure} is {value:.4f}, below its floor of {self.at_least}"
        if self.at_most is not None and value > self.at_most:
            return f"{self.set}: {self.measure} is {value:.4f}, above its ceiling of {self.at_most}"
        return ""


def read_floors(path: Path) -> tuple[Floor, ...]:
    """The ``[[floor]]`` tables of a TOML file: set, measure, and at_least or at_most. Raises InputError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("floor", [])
        return tuple(Floor(**table) for table in tables)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: cannot be read as floors ({error})") from error


def broken(floors: Sequence[Floor], figures: Figures) -> tuple[str, ...]:
    """What is not reached, of the floors whose set was measured; a measured set without the figure is a fault too."""
    measured = {name for name, _ in figures}
    said = []
    for floor in floors:
        if floor.set not in measured:
            continue
        value = figures.get((floor.set, floor.measure))
        said.append(f"{floor.set}: {floor.measure} was not measured" if value is None else floor.broken_by(value))
    return tuple(filter(None, said))
