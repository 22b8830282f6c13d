"""How many points each sign is worth, read from ``data/weights.toml``."""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache

from pipeline.match.lexicon import data


class Points(float):
    """Points that remember their key in the file, so that what was added up can be traced."""

    __slots__ = ("key",)

    key: str

    def __new__(cls, value: float, key: str = "") -> Points:
        made = super().__new__(cls, value)
        made.key = key
        return made


@lru_cache(maxsize=4096)
def points(key: str, *variants: str) -> float:
    """What ``group.sign`` is worth; of the first variant (``group.sign_variant``) that the file tells apart."""
    table = _table()
    return next((table[f"{key}_{variant}"] for variant in variants if f"{key}_{variant}" in table), table[key])


@cache
def _table() -> dict[str, float]:
    groups = tomllib.loads(data("weights.toml").read_text(encoding="utf-8"))
    return {
        f"{group}.{sign}": Points(float(value), f"{group}.{sign}")
        for group, signs in groups.items()
        for sign, value in signs.items()
    }
