"""Keeps secrets out of what is written about a run: credentials and tokens in URLs, fields that hold keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ahocorasick_rs import AhoCorasick, MatchKind

from pipeline.text import to_iso
from pipeline.urls import MASK, names_a_secret, public_url

_SHORTEST = 8  # characters of a secret that is masked by its value
_DEEPEST = 4  # nesting of a log field beyond which nothing is written

# An entry's identities, not keys to anything; in a URL's query the same names are those of API keys.
_IDENTITIES = frozenset({"key", "keys"})

_WORD = re.compile(r"[\w.-]+")  # what may be the name of a header; a sentence is none
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\"'<>]+")


class Masker:
    """Masks secrets that are known by their value, wherever in a text they stand.

    Short ones are left to the rules of names and addresses: a password like "news" would mask every second line.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for one in secrets if len(one) >= _SHORTEST for form in (one, quote(one), quote(one, safe=""))}
        self._finder = AhoCorasick(sorted(known), matchkind=MatchKind.LeftmostLongest) if known else None

    def __call__(self, text: str) -> str:
        if self._finder is None:
            return text
        end, kept = 0, []
        for _, start, after in self._finder.find_matches_as_indexes(text):
            kept += [text[end:start], MASK]
            end = after
        return "".join((*kept, text[end:]))


def redact(name: str, value: Any, depth: int = 0) -> Any:
    """The value of a log field, without secrets, as plain data: containers are followed, all else becomes text."""
    if is_secret_name(name):
        return MASK if value not in (None, "") else value
    match value:
        case None | bool() | int() | float():
            return value
        case datetime() if value.tzinfo is not None:
            return to_iso(value)
        case Mapping() | list() | tuple() | set() | frozenset() if depth >= _DEEPEST:
            return "..."
        case Mapping():
            return {str(key): redact(str(key), item, depth + 1) for key, item in value.items()}
        case (str() as header, str()) if _WORD.fullmatch(header) and is_secret_name(header):
            return [header, MASK]
        case list() | tuple() | set() | frozenset():
            return [redact("", item, depth + 1) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return redact("", {field.name: getattr(value, field.name) for field in fields(value)}, depth)
        case _:
            return redact_text(str(value))


def redact_text(text: str) -> str:
    """The text with every URL in it redacted."""
    return _URL.sub(lambda match: public_url(match[0]), text) if "://" in text else text


def is_secret_name(name: str) -> bool:
    """True when a field or header of this name holds a secret, as far as names tell."""
    return name.casefold() not in _IDENTITIES and names_a_secret(name)
