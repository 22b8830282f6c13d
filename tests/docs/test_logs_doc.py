"""``docs/logs.md`` names every event of the source with its levels and fields, and no others."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOC = ROOT / "docs" / "logs.md"
_LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
_ROW = re.compile(
    r"^\| `(?P<event>\w+)` \| (?P<levels>[\w, ]+) \|(?P<fields>[^|]*)\| (?P<meaning>[^|]+) \|$", re.MULTILINE
)


@dataclass
class Event:
    levels: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)


def events() -> dict[str, Event]:
    """What the source can tell: ``log.info("event", field=...)``, and ``say = log.error if ... else log.info``."""
    found: dict[str, Event] = defaultdict(Event)
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for name, level, call in _told(function):
                    found[name].levels.add(level)
                    found[name].fields |= _fields(call, level)
    return found


def _told(function: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    say = {
        node.targets[0].id: [level for one in ast.walk(node.value) for level in _level(one)]
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        levels = _level(node.func) or (say.get(node.func.id, []) if isinstance(node.func, ast.Name) else [])
        names = _texts(node.args[0]) if levels else []
        # Where there are two of both, one condition chose `say` and the name.
        pairs = zip(names, levels, strict=True) if len(names) == len(levels) == 2 else product(names, levels)
        yield from ((name, level, node) for name, level in pairs)


def _level(node: ast.AST) -> list[str]:
    is_log = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"log", "_log"}
    return [node.attr] if is_log and node.attr in _LEVELS else []


def _texts(node: ast.expr) -> list[str]:
    """The event's name, or both of them; anything else cannot be documented."""
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    assert isinstance(node, ast.Constant), f"line {node.lineno}: an event's name must be written out"
    return [node.value]


def _fields(call: ast.Call, level: str) -> set[str]:
    names = {keyword.arg for keyword in call.keywords}
    assert None not in names, f"line {call.lineno}: fields must be written out"
    told = {"exception" if name == "exc_info" else str(name) for name in names}
    return told | {"exception"} if level == "exception" else told


def documented() -> dict[str, tuple[set[str], set[str]]]:
    rows = _ROW.finditer(DOC.read_text(encoding="utf-8"))
    return {
        row["event"]: (set(re.findall(r"\w+", row["levels"])), set(re.findall(r"`(\w+)`", row["fields"])))
        for row in rows
    }


def test_every_event_is_documented_with_its_levels_and_fields() -> None:
    told = {
        name: ({level.replace("exception", "error") for level in event.levels}, event.fields)
        for name, event in events().items()
    }

    assert documented() == told


def test_an_event_is_named_in_words_of_a_kind() -> None:
    assert [name for name in events() if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []


def test_the_events_stand_in_the_order_of_the_alphabet() -> None:
    names = list(documented())

    assert names == sorted(names)
