"""How the commands speak: data on stdout, talk on stderr, tables for people, JSON Lines for machines."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import IO, Any, TextIO, cast

import typer
from rich import box
from rich.ansi import AnsiDecoder
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.file_proxy import FileProxy
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from pipeline.errors import InputError

_WIDTH_OF_A_FILE = 160  # where there is no terminal to ask
_NARROW = 120  # below it a table leaves out what it can do without
_LONGEST_CELL = 120  # of a table that goes into a file or pipe
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\dZ")
_MOST_TOLD = 20  # lines of an input that cannot be read
_LONGEST_TOLD = 300  # characters of what is wrong with one, which may quote it
# Many programs write NaN where they have no value: it is none, and as NaN it would be no JSON in what we answer.
_DECODER = json.JSONDecoder(
    parse_constant=lambda _: None, parse_float=lambda text: number if isfinite(number := float(text)) else None
)
_OURS = ("reason", "waits")  # columns of words that are ours, in which moments are written short
_WHOLE = ("_at", "story", "id", "published", "score", "entries", "outlets", "status", "state", "time")


def out() -> Console:
    """The console for data."""
    return _console(sys.stdout)


def err() -> Console:
    """The console for talk."""
    return _console(sys.stderr)


def say(text: str) -> None:
    """A line of talk on stderr, as it is: never wrapped, never read as markup."""
    err().print(text, markup=False, soft_wrap=True)


def tell(text: str) -> None:
    """The same on stdout, for what was asked."""
    out().print(text, markup=False, soft_wrap=True)


def _console(stream: TextIO) -> Console:
    is_known = stream.isatty() or "COLUMNS" in os.environ
    return Console(file=stream, width=None if is_known else _WIDTH_OF_A_FILE, highlight=False)


def progress_bar(*, wanted: bool = True, count: ProgressColumn | None = None) -> Progress:
    """A bar for people; silent where stderr is no terminal, or it is not wanted. ``count`` stands behind it.

    What is printed meanwhile stands above it; data only where they go to the terminal, and not into a file or pipe.
    """
    console = err()
    return _Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        count or MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not (wanted and console.is_terminal),
        redirect_stdout=False,
        redirect_stderr=False,
    )


class _Bar(Progress):
    """rich would also catch what goes into a file, and break long lines."""

    _streams: tuple[TextIO, TextIO] | None = None

    def start(self) -> None:
        super().start()
        if not self.disable and not self._streams:
            self._streams = sys.stdout, sys.stderr
            if sys.stdout.isatty():
                sys.stdout = cast("TextIO", _Above(self.console, sys.stdout))
            sys.stderr = cast("TextIO", _Above(self.console, sys.stderr))

    def stop(self) -> None:
        if self._streams:
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, _Above):
                    stream.end()
            (sys.stdout, sys.stderr), self._streams = self._streams, None
        super().stop()


class _Above(FileProxy):
    """A stream whose lines are printed above the bar as they are."""

    def __init__(self, console: Console, stream: TextIO) -> None:
        super().__init__(console, cast("IO[str]", stream))
        self._console, self._begun, self._decoder = console, "", AnsiDecoder()

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        if lines:
            decoded = Text("\n").join(map(self._decoder.decode_line, lines))
            self._console.print(decoded, soft_wrap=True, highlight=False)
        return len(text)

    def flush(self) -> None:
        """What is no whole line yet waits for its end, or for that of the bar."""

    def end(self) -> None:
        """The bar goes: what is no whole line is one now."""
        if self._begun:
            self.write("\n")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", spare: Sequence[str] = ()
) -> None:
    """A table on stdout whose cells are shown as they are: what a feed says is never read as markup.

    On a narrow terminal the ``spare`` columns are left out, and times and ids are never broken; in a file or pipe a
    row is a line.
    """
    cells = [[_cell(value, name) for name, value in zip(columns, row, strict=True)] for row in rows]
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        _print_drawn(columns, cells, title, spare)
    else:
        _print_lines(columns, cells, title)


def _print_drawn(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, spare: Sequence[str]) -> None:
    console = out()
    kept = [index for index, name in enumerate(columns) if console.width >= _NARROW or name not in spare]
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for index in kept:
        table.add_column(columns[index], no_wrap=columns[index].endswith(_WHOLE), overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[index]) for index in kept))
    console.print(table)


def _print_lines(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    lines = [list(columns), *([_short(" ".join(cell.split())) for cell in row] for row in rows)]
    widths = [max(cell_len(line[index]) for line in lines) for index in range(len(columns))]
    if title:
        sys.stdout.write(f"{title}\n")
    for line in lines:
        padded = (set_cell_size(cell, width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _short(cell: str) -> str:
    return cell if len(cell) <= _LONGEST_CELL else f"{cell[: _LONGEST_CELL - 1]}…"


def _cell(value: object, column: str) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}"
    shown = "".join(char for char in str(value) if char.isprintable() or char == "\n")
    return _MOMENT.sub(r"\1 \2", shown) if column in _OURS or _MOMENT.fullmatch(shown) else shown


def print_json(value: Mapping[str, Any], stream: TextIO | None = None) -> None:
    """One JSON line on stdout, written through at once; a lone surrogate comes out as its escape."""
    target = stream or sys.stdout
    target.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
    target.flush()


def read_json_lines(stream: TextIO, name: str) -> Iterator[tuple[int, dict[str, Any] | InputError]]:
    """What a JSON Lines stream holds, with the line numbers, one at a time; blank lines are passed over.

    A line that is no JSON object comes as the error that names it, and those behind it are read all the same.
    """
    for number, line in enumerate(stream, start=1):
        text = line.lstrip("\ufeff") if number == 1 else line
        if text.strip():
            yield number, _json_object(text, f"{name}, line {number}")


def _json_object(text: str, place: str) -> dict[str, Any] | InputError:
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of more digits than Python reads
        return InputError(f"{place}: not JSON ({error})")
    if not isinstance(value, dict):
        return InputError(f"{place}: a JSON object was expected, not {type(value).__name__}")
    return value


class Unread:
    """The lines of an input that could not be answered: the first are told of on stderr, and all by the exit code.

    Who reads our lines may not read our talk meanwhile, and a pipe that is full would hold us up for ever.
    """

    def __init__(self) -> None:
        self._count = 0

    def tell(self, error: InputError, answer: Mapping[str, Any]) -> None:
        """Prints the answer that stands for one on stdout, so that there is a line for each line in."""
        self._count += 1
        told = str(error) if len(str(error)) <= _LONGEST_TOLD else f"{str(error)[:_LONGEST_TOLD]}..."
        if self._count <= _MOST_TOLD:
            typer.echo(f"newsward: {told}", err=True)
        print_json({**answer, "error": told})

    def leave(self) -> None:
        """At the end of the input: leaves with 2 if there was any."""
        if self._count > _MOST_TOLD:
            more = self._count - _MOST_TOLD
            typer.echo(f"newsward: {more} more {'line' if more == 1 else 'lines'} with an error", err=True)
        if self._count:
            raise typer.Exit(2)


def unicode_streams() -> None:
    """UTF-8 in and out whatever the locale says, and nothing in a feed can make printing fail.

    A stdin that is closed is an empty one: Python has none then, and each command would have to ask.
    """
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BytesIO())
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "backslashreplace"), (sys.stderr, "backslashreplace")):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors=errors)
