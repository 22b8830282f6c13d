"""The values of a configuration that nobody may read anywhere: what masks them must know them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

from pipeline.model import Feed

# Headers that say how to answer, and not who asks.
_OPEN_HEADERS = frozenset(
    {"accept", "accept-encoding", "accept-language", "cache-control", "from", "origin", "referer"}
)
_OPEN_HEADERS |= {"user-agent", "x-requested-with"}

_LONG = 16  # characters: a shorter end of a path is likely a word


def secrets_of(parts: Iterable[object], feeds: Iterable[Feed]) -> Iterator[str]:
    """The secrets of channels and the like, with what of an address is one, and those in the headers of feeds."""
    for part in parts:
        for secret in _held(part):
            yield from (secret, secret.removeprefix("whsec_"))
            yield from _of_address(secret)
    for feed in feeds:
        for name, value in feed.headers:
            if name.lower() not in _OPEN_HEADERS:
                yield value
                yield value.partition(" ")[2]  # "Bearer ...", "Basic ..."
        yield from _of_address(feed.proxy)


def _held(value: Any) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case BaseModel():
            yield from _held(dict(value))
        case Mapping():
            yield from _held(list(value.values()))
        case list() | tuple():
            for item in value:
                yield from _held(item)
        case _:
            pass


def _of_address(secret: str) -> Iterator[str]:
    """Many services put their token into the path; an error may quote it without the host."""
    try:
        parts = urlsplit(secret)
    except ValueError:
        return
    if parts.scheme and parts.netloc:
        yield from (parts.path, parts.query, unquote(parts.password or ""))
        last = parts.path.rpartition("/")[2]
        if len(last) >= _LONG:
            yield last
