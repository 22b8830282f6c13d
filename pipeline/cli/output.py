"""How the commands speak: data on stdout, talk on stderr, tables for people, JSON Lines for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.errors import InputError

_WIDTH_OF_A_FILE = 160  # a table that goes into a file or pipe has no terminal to ask


def out() -> Console:
    """The console for data."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE, highlight=False)


def err() -> Console:
    """The console for talk."""
    return Console(file=sys.stderr, width=None if sys.stderr.isatty() else _WIDTH_OF_A_FILE, highlight=False)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", console: Console | None = None
) -> None:
    """A table whose cells are shown as they are: what a feed says is never read as markup."""
    table = Table(*columns, title=title or None, title_justify="left", box=box.SIMPLE_HEAD, expand=False)
    for row in rows:
        table.add_row(*(Text(_cell(value), overflow="fold") for value in row))
    (console or out()).print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}"
    return "".join(char for char in str(value) if char.isprintable() or char == "\n")


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON line on stdout, written through at once; a lone surrogate comes out as its escape."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def read_json_lines(stream: TextIO, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON Lines stream with their line numbers, one at a time; blank lines are passed over.

    Raises InputError naming the line that is no JSON object.
    """
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"{name}, line {number}: not JSON ({error})") from error
        if not isinstance(value, dict):
            raise InputError(f"{name}, line {number}: a JSON object was expected, not {type(value).__name__}")
        yield number, value


def unicode_streams() -> None:
    """UTF-8 in and out whatever the locale says, and nothing in a feed can make printing fail."""
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "backslashreplace"), (sys.stderr, "backslashreplace")):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors=errors)
