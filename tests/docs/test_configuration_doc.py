"""``docs/configuration.md`` says of every key what the models say: name, type, default, meaning.

After a change of an option, ``python tests/docs/test_configuration_doc.py`` writes the tables anew.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from pipeline import __version__
from pipeline.alert import AlertOptions, Group, Person, Rhythm, Rule
from pipeline.article import FulltextOptions
from pipeline.config.companies import Alias, CompanyTable
from pipeline.config.loading import _KNOWN
from pipeline.dedup import StoryOptions
from pipeline.engine import DaemonOptions, EngineOptions
from pipeline.fetch import FetchOptions, PollingOptions
from pipeline.observe import HealthOptions, HeartbeatOptions, LogOptions, MetricsOptions
from pipeline.plugins import duration, kinds, resolve
from pipeline.store import StoreOptions

DOC = Path(__file__).parents[2] / "docs" / "configuration.md"
_BLOCK = re.compile(r"(<!-- keys of (?P<name>[^>]+?) -->\n)(?P<table>.*?)(<!-- end -->)", re.DOTALL)
_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def models() -> dict[str, type[BaseModel]]:
    """The name of each block of the document and the model that it is about."""
    named: dict[str, type[BaseModel]] = {
        "[store]": StoreOptions,
        "[fetch]": FetchOptions,
        "[polling]": PollingOptions,
        "[stories]": StoryOptions,
        "[alert]": AlertOptions,
        "[engine]": EngineOptions,
        "[fulltext]": FulltextOptions,
        "[daemon]": DaemonOptions,
        "[health]": HealthOptions,
        "[heartbeat]": HeartbeatOptions,
        "[log]": LogOptions,
        "[metrics]": MetricsOptions,
        "[[channel]]": Rhythm,
        "[[rule]]": Rule,
        "[[group]]": Group,
        "[[person]]": Person,
        "[[company]]": CompanyTable,
        "an alias": Alias,
        "[[feed]]": resolve("feed", role="Source", package="pipeline.sources"),
    }
    for role, package, table in (
        ("Channel", "pipeline.alert.channels", "[[channel]]"),
        ("Matcher", "pipeline.match", "[[matcher]]"),
        ("Source", "pipeline.sources", "[[source]]"),
    ):
        for kind in kinds(role=role, package=package):
            if (table, kind) != ("[[source]]", "feed"):
                named[f'{table} kind = "{kind}"'] = resolve(kind, role=role, package=package)
    return named


def table(model: type[BaseModel]) -> str:
    """The Markdown table of a model's keys."""
    rows = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    rows += [
        f"| `{name}` | {_type(field)} | {_default(field)} | {_meaning(field)} |"
        for name, field in model.model_fields.items()
        if name != "kind" or model.__name__ not in {"Matcher", "Channel", "Source"}
    ]
    return "\n".join(rows) + "\n"


def _meaning(field: FieldInfo) -> str:
    return (field.description or "").rstrip(".").replace("|", "\\|")


def _type(field: FieldInfo) -> str:
    bounds = {
        name: _value(getattr(rule, name))
        for rule in field.metadata
        for name in ("ge", "gt", "le", "lt")
        if getattr(rule, name, None) is not None
    }
    words = _words(field.annotation)
    if {"ge", "le"} <= bounds.keys():
        return f"{words}, {bounds['ge']} to {bounds['le']}"
    signs = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    return ", ".join([words, *(f"{signs[name]} {bound}" for name, bound in bounds.items())])


def _words(annotation: Any) -> str:
    arguments = [argument for argument in get_args(annotation) if argument not in (NoneType, ...)]
    match get_origin(annotation):
        case None if isinstance(annotation, type) and issubclass(annotation, Enum):
            return " or ".join(f"`{member.value}`" for member in annotation)
        case None if annotation is Alias:
            return "strings or tables"
        case None:
            return {
                bool: "true or false",
                int: "whole number",
                float: "number",
                str: "string",
                SecretStr: "string (secret)",
                timedelta: "duration",
                Path: "path",
            }[annotation]
        case origin if origin is Literal:
            return " or ".join(f"`{argument}`" for argument in arguments)
        case origin if origin in (Union, UnionType):
            return " or ".join(map(_words, arguments))
        case origin if origin is dict:
            return f"table of {_words(arguments[1]).replace('string', 'strings')}"
        case _:
            return f"array of {_words(arguments[0]).replace('string', 'strings').replace('stringss', 'strings')}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    shown = f'"{_value(default)}"' if isinstance(default, timedelta) else _value(default)
    return "none" if default is None else f"`{shown}`"


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case timedelta():
            seconds = value.total_seconds()
            unit, size = next(
                (unit, size) for unit, size in _UNITS if (seconds % size == 0 and seconds >= size) or size == 1
            )
            return f"{seconds / size:g} {unit if seconds != size else unit[:-1]}"
        case tuple() | list():
            return "[]" if not value else str(list(value))
        case dict():
            return "{}"
        case float():
            return f"{value:g}"
        case str() | Path():
            return f'"{value}"'.replace(__version__, "VERSION")
        case _:
            return str(value)


def rewritten(text: str) -> str:
    """The document with its tables made anew. Raises KeyError for a block about nothing."""
    known = models()
    return _BLOCK.sub(lambda block: f"{block[1]}{table(known[block['name']])}{block[4]}", text)


def _examples() -> Iterator[str]:
    yield from re.findall(r"```toml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)


def test_every_table_and_key_is_documented_as_the_models_have_it() -> None:
    text = DOC.read_text(encoding="utf-8")

    assert rewritten(text) == text, "run: python tests/docs/test_configuration_doc.py"


def test_every_model_has_its_block() -> None:
    blocks = [block["name"] for block in _BLOCK.finditer(DOC.read_text(encoding="utf-8"))]

    assert sorted(blocks) == sorted(models())


def test_every_table_of_the_main_file_has_a_heading() -> None:
    text = DOC.read_text(encoding="utf-8")

    for name in _KNOWN:
        assert re.search(rf"^#+ .*`\[*{name}\b", text, re.MULTILINE) or f"`{name} = " in text, name


def test_every_default_duration_reads_back() -> None:
    for model in models().values():
        for field in model.model_fields.values():
            default = field.get_default(call_default_factory=True)
            if isinstance(default, timedelta):
                assert duration(_value(default)) == default


@pytest.mark.parametrize("example", list(_examples()))
def test_examples_are_toml(example: str) -> None:
    assert tomllib.loads(example)


if __name__ == "__main__":
    DOC.write_text(rewritten(DOC.read_text(encoding="utf-8")), encoding="utf-8")
