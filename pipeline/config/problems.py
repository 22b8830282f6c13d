"""What is wrong, or valid and useless, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_LONGEST_LABEL = 60
_PLACE = re.compile(r"(?P<file>.+?): (?P<table>[a-z]+) (?P<number>[0-9]+)(?: \(.*\))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the configuration can be used with, but that its author would want to know."""

    where: str
    what: str
    remedy: str = ""
    severity: Literal["error", "warning"] = "warning"

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.remedy})" if self.remedy else "")


def place(file: str, table: str, number: int, label: object = "") -> str:
    """Where a table of an array stands: ``companies.toml: company 3 (xiaomi)``; people count from one."""
    name = "".join(char for char in label if char.isprintable())[:_LONGEST_LABEL] if isinstance(label, str) else ""
    return f"{file}: {table} {number}" + (f" ({name})" if name else "")


def table_at(where: str) -> tuple[str, str, int]:
    """The file, the kind of table and its number in what ``place`` wrote."""
    found = _PLACE.fullmatch(where)
    assert found, where
    return found["file"], found["table"], int(found["number"])
