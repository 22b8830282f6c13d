"""The SQL of ``queries.sql`` under its names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


def _blocks(text: str) -> Mapping[str, str]:
    """The statement after each ``-- name:`` line."""
    pieces = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return MappingProxyType(dict(zip(pieces[1::2], map(str.strip, pieces[2::2]), strict=True)))


def _only_reads(sql: str) -> bool:
    first = next(line for line in sql.splitlines() if not line.startswith("--"))
    return first.startswith(("SELECT", "WITH"))  # none of ours writes after WITH


@cache
def with_rows(name: str, rows: int) -> str:
    """The statement with its row of values so often."""
    return re.sub(r"VALUES (\([?, ]+\))", lambda found: "VALUES " + ", ".join([found[1]] * rows), QUERIES[name])


QUERIES = _blocks(files("pipeline.store").joinpath("queries.sql").read_text(encoding="utf-8"))
READING = MappingProxyType({name: sql for name, sql in QUERIES.items() if _only_reads(sql)})
