"""The questions of docs/recipes.md: as commands, and as the SQL that sqlite-utils makes of them."""

from __future__ import annotations

import itertools
import re
import shlex
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.cli import cli

DOCUMENT = Path(__file__).parents[1] / "docs" / "recipes.md"
_SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^##? |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"(<!-- not run: .+ -->\n)?```(\w+)\n(.+?)\n```", re.DOTALL)
_READS_MUCH = re.compile(r"\bReads every\b")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; its answer is the ``text`` block behind it, None = none is shown."""

    language: str
    code: str
    is_run: bool = True
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands under it. ``reads_much`` = the text says that it reads all of something."""

    title: str
    text: str
    blocks: tuple[Block, ...]

    @property
    def reads_much(self) -> bool:
        return _READS_MUCH.search(self.text) is not None

    @property
    def is_question(self) -> bool:
        return self.title.endswith("?")


@dataclass(frozen=True, slots=True)
class Statement:
    """What SQLite is asked, with its values."""

    sql: str
    values: Mapping[str, str]

    def plan(self, connection: sqlite3.Connection) -> list[str]:
        """SQLite's own account of how it will find the rows."""
        rows = connection.execute(f"EXPLAIN QUERY PLAN {self.sql}", self.values)
        return [row[3] for row in rows]


def sections() -> list[Section]:
    """The sections of the document, in its order."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return [Section(title, body, tuple(_blocks(body))) for title, body in _SECTION.findall(text)]


def questions() -> list[Section]:
    """The sections that ask something of the database."""
    return [section for section in sections() if section.is_question]


def _blocks(body: str) -> Iterator[Block]:
    found = list(_BLOCK.finditer(body))
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block[2] != "text":
            answer = after[3] if after and after[2] == "text" else None
            yield Block(block[2], block[3], is_run=block[1] is None, answer=answer)


def statement(section: Section, database: Path) -> Statement:
    """The SQL of a question's command, as sqlite-utils would put it to this database."""
    program, name, _, *arguments = itertools.takewhile(lambda word: word != ">", shlex.split(section.blocks[0].code))
    assert program == "sqlite-utils"
    with cli.commands[name].make_context(name, [str(database), *arguments]) as context:
        given = context.params
    match name:
        case "query":
            return Statement(given["sql"], dict(given["param"]))
        case "rows":
            return Statement(_rows_sql(given), dict(given["param"]))
        case "search":
            opened = Database(database)
            sql = opened.table(given["dbtable"]).search_sql(columns=given["column"], limit=given["limit"])
            opened.close()
            return Statement(sql, {"query": given["q"]})
    raise AssertionError(name)


def _rows_sql(given: Mapping[str, object]) -> str:
    """As ``sqlite-utils rows`` writes it."""
    columns = given["column"]
    assert isinstance(columns, tuple)
    sql = f'select {", ".join(columns) or "*"} from "{given["dbtable"]}"'
    for word, option in (("where", "where"), ("order by", "order"), ("limit", "limit")):
        if given[option]:
            sql += f" {word} {given[option]}"
    return sql


def work(connection: sqlite3.Connection, asked: Statement, *, every: int = 20) -> int:
    """How many steps SQLite's own machine takes to answer, to about ``every``: the same on a slow day."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += every
        return 0

    connection.set_progress_handler(count, every)
    try:
        connection.execute(asked.sql, asked.values).fetchall()
    finally:
        connection.set_progress_handler(None, 0)
    return steps
