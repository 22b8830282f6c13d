"""Companies as JSON Lines: one object a line, unknown keys ignored."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pipeline.errors import InputError
from pipeline.model import Company, Name, NameKind, Watchlist


def read_companies_jsonl(lines: Iterable[str]) -> Watchlist:
    """The watchlist that the lines describe, in their order; blank lines are skipped.

    Keys: id, name, aliases (strings or {text, kind}), tickers, domains, context, exclude, tags; without an id the
    name serves. Raises InputError, with the line's number, for what is no object, has no name or repeats an id.
    """
    companies: dict[str, Company] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        company = _company(_object(line, number), number)
        if company.id in companies:
            raise InputError(f"line {number}: the company id {company.id!r} is used twice; ids must be unique")
        companies[company.id] = company
    return Watchlist(tuple(companies.values()))


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"line {number}: not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise InputError(f"line {number}: an object was expected, not {type(value).__name__}")
    return value


def _company(value: dict[str, Any], number: int) -> Company:
    name = value.get("name")
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"line {number}: a company needs a name")
    return Company(
        id=name if value.get("id") in (None, "") else str(value["id"]),
        name=name,
        aliases=tuple(_alias(alias, number) for alias in _listed(value.get("aliases"), number)),
        cik=str(value.get("cik") or ""),
        **{key: _strings(value.get(key), key, number) for key in ("tickers", "domains", "context", "exclude", "tags")},
    )


def _listed(aliases: object, number: int) -> list[object]:
    if not aliases:  # tables that were made JSON have "" for none
        return []
    if isinstance(aliases, list):
        return aliases
    raise InputError(f"line {number}: aliases must be a list")


def _alias(value: object, number: int) -> Name:
    if isinstance(value, str):
        return Name(value)
    if isinstance(value, dict) and isinstance(value.get("text"), str):
        kind = value.get("kind")
        if kind is None or kind in set(NameKind):
            return Name(value["text"], NameKind(kind) if kind else None)
        raise InputError(f"line {number}: {kind!r} is no kind of name; choose one of {', '.join(NameKind)}")
    raise InputError(f"line {number}: an alias is a string or an object with a text")


def _strings(value: object, key: str, number: int) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(item for item in value if item.strip())
    raise InputError(f"line {number}: {key} must be a list of strings")
