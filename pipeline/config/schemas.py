"""JSON Schemas of the three files, for editors: made from the models that the loader validates with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import TimedeltaSchema

from pipeline import __version__
from pipeline.alert import Group, Person, Rhythm, Rule
from pipeline.config.companies import CompanyTable
from pipeline.config.loading import SECTIONS
from pipeline.errors import ConfigError
from pipeline.plugins import DURATION, in_words, kinds, resolve
from pipeline.sources import FeedSource

FOLDER = ".schema"  # beside the files, which name it in their first line

# Draft 7 and nothing that it lacks, and no references: what the TOML plug-ins of editors understand.
_DRAFT = "http://json-schema.org/draft-07/schema#"
_OUTSIDE = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"
_VARIABLE: Mapping[str, Any] = MappingProxyType({"type": "string", "pattern": r"\$\{"})
_NOTES = ("description", "default", "examples")
_KIND_NOTES = {"Channel": "where alerts go", "Matcher": "how companies are found", "Source": "many feeds at once"}


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of each file by the file's name without its ending, as plain JSON data."""
    return {"newsward": _newsward(), "companies": _companies(), "feeds": _feeds()}


def written(schema: Mapping[str, Any]) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(directory: Path) -> tuple[Path, ...]:
    """Writes the schemas beside the files of this configuration folder, over older ones; the paths. ConfigError."""
    folder = directory / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = {folder / f"{name}.json": written(schema) for name, schema in schemas().items()}
        for path, text in paths.items():
            path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", where=str(folder)) from error
    return tuple(paths)


def outdated(directory: Path) -> tuple[str, ...]:
    """The schemas kept beside these files that are not those of this version; one that is not kept is not missed."""
    folder = directory / FOLDER
    if not folder.is_dir():
        return ()
    kept = {f"{name}.json": written(schema) for name, schema in schemas().items()}
    return tuple(name for name, text in kept.items() if (folder / name).is_file() and not _is(folder / name, text))


def _is(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


# --------------------------------------------------------------------------- the files


def _newsward() -> dict[str, Any]:
    sections = {name: _expandable(_table(model)) for name, model in SECTIONS.items()}
    files = {
        what: {
            "type": "array",
            "items": {"type": "string"},
            "description": f"the files with {tables}",
            "default": [f"{what}.toml"],
        }
        for what, tables in (("companies", "[[company]] tables"), ("feeds", "[[feed]] and [[source]] tables"))
    }
    channel_id = {"type": "string", "minLength": 1, "description": "how rules name it", "examples": ["desk"]}
    rhythm = _expandable(_table(Rhythm))["properties"]
    tables = {
        "channel": _array(_of_kinds("Channel", "pipeline.alert.channels", {"id": channel_id}, rhythm)),
        "rule": _array(_expandable(_table(Rule))),
        "group": _array(_expandable(_table(Group))),
        "person": _array(_expandable(_table(Person))),
        "matcher": _array(_of_kinds("Matcher", "pipeline.match", {})),
    }
    return _file("newsward.toml", files | sections | tables)


def _companies() -> dict[str, Any]:
    table = _table(CompanyTable)
    aliases = table["properties"]["aliases"]
    aliases["items"] = {"anyOf": [{"type": "string"}, aliases["items"]]}
    return _file("companies.toml", {"company": _array(table)})


def _feeds() -> dict[str, Any]:
    tables = {
        "feed": _array(_expandable(_table(FeedSource))),
        "source": _array(_of_kinds("Source", "pipeline.sources", {})),
    }
    return _file("feeds.toml", tables)


def _file(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": _DRAFT,
        "title": f"{name} of newsward",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _of_kinds(
    role: str, package: str, more: dict[str, Any], common: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """One table for each kind, told apart by ``kind``; one from outside the package has options that we do not know."""
    tables = []
    for kind in kinds(role=role, package=package):
        table = _expandable(_table(resolve(kind, role=role, package=package)))
        table["properties"] = {**more, **table["properties"], **common, "kind": {"const": kind}}
        table["required"] = [*more, "kind", *table.get("required", ())]
        tables.append(table)
    outside = {
        "type": "object",
        "description": "a class of your own",
        "properties": {
            **more,
            **common,
            "kind": {"type": "string", "pattern": _OUTSIDE, "examples": [f"my_package:{role}"]},
        },
        "required": [*more, "kind"],
    }
    return {"description": _KIND_NOTES[role], "anyOf": [*tables, outside]}


# --------------------------------------------------------------------------- the tables


class _Generator(GenerateJsonSchema):
    """pydantic's generator, with durations as people write them."""

    def timedelta_schema(self, schema: TimedeltaSchema) -> JsonSchemaValue:
        words = {"type": "string", "pattern": DURATION}
        return {"anyOf": [words, {"type": "number", **_bounds(schema)}]}

    def encode_default(self, dft: Any) -> Any:
        return in_words(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def _bounds(schema: TimedeltaSchema) -> dict[str, float]:
    bounds = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
    given: Mapping[str, Any] = {**schema}
    return {keyword: given[name].total_seconds() for name, keyword in bounds.items() if given.get(name) is not None}


def _table(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of one table, complete in itself."""
    made = model.model_json_schema(schema_generator=_Generator)
    table: dict[str, Any] = _plain(made, made.pop("$defs", {}))
    return table


def _plain(value: Any, definitions: Mapping[str, Any]) -> Any:
    """Without references, without the titles that pydantic makes of names, without what editors do not use."""
    if isinstance(value, list):
        return [_plain(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        definition = definitions[value["$ref"].rpartition("/")[2]]
        value = {**definition, **{key: item for key, item in value.items() if key != "$ref"}}
    plain: dict[str, Any] = {
        key: _properties(item, definitions) if key == "properties" else _plain(item, definitions)
        for key, item in value.items()
        if key not in {"title", "format", "writeOnly"} and not _is_of_today(key, item)
    }
    if "properties" in plain and "description" in plain:
        plain["description"] = plain["description"].partition(". ")[0].rstrip(".").replace("``", "")
    return _without_null(plain)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: what is not there has its default."""
    left = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(left) != 1:
        return schema
    return {**left[0], **{key: value for key, value in schema.items() if key != "anyOf"}}


def _properties(properties: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Keys by their names, of which one may well be ``title``."""
    return {name: _plain(schema, definitions) for name, schema in properties.items()}


def _is_of_today(key: str, value: Any) -> bool:
    """A default that names our version would make every upgrade a change of the schema."""
    return key == "default" and (value is None or (isinstance(value, str) and __version__ in value))


def _expandable(table: dict[str, Any]) -> dict[str, Any]:
    """The table of a file in which ``${NAME}`` may stand for any value that is not free text already."""
    return {**table, "properties": {name: _or_variable(schema) for name, schema in table["properties"].items()}}


def _or_variable(schema: dict[str, Any]) -> dict[str, Any]:
    notes = {key: schema[key] for key in _NOTES if key in schema}
    rule = {key: value for key, value in schema.items() if key not in _NOTES}
    if "anyOf" in rule:
        return {**notes, "anyOf": [*rule["anyOf"], dict(_VARIABLE)]}
    is_free = rule.get("type") in {"array", "object"} or (rule.get("type") == "string" and len(rule) == 1)
    return schema if is_free else {**notes, "anyOf": [rule, dict(_VARIABLE)]}
