"""A working configuration for a beginner: what ``newsward init`` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT, Table

from pipeline.errors import ConfigError
from pipeline.plugins import nearest
from pipeline.text import fold

PACKS = ("technology", "business", "wires", "world", "official")
NO_PACK = "none"  # chosen instead of packs: no feeds, whoever has his own list
DEFAULT_COMPANIES = ("Microsoft", "Xiaomi")
DEFAULT_PACKS = ("technology",)

_COMPANIES_HEAD = """\
# Whom to track. Only the name is needed; aliases in other scripts, tickers and a few words of context find more
# and cry wolf less. Try a change before saving it: newsward --config DIR check
#
# id       how hits and rules call the company; default: from the name
# aliases  further names; kinds are inferred, { text = "...", kind = "unique|common|ticker|weak" } forces one
# tickers  in quotes, with or without exchange
# domains  the company's own, without https://
# context  words that stand beside it: products, people, places, trade
# exclude  words and phrases which show that something else is meant
# tags     groups, for rules

"""
_FEEDS_HEAD = """\
# What to poll. Only the url is needed. tier: 1 (most authoritative) to 5 (least), stored with the feed.
# Other readers' subscription lists, a file or a folder of *.opml files, come in whole:
#
# [[source]]
# kind = "opml"
# path = "subscriptions.opml"
# tags = ["mine"]
#
# A feed behind a password or token:
#
# [[feed]]
# url = "https://news.example.com/private.xml"
# headers = { Authorization = "Bearer ${NEWS_TOKEN}" }

"""
_UNKNOWN_COMPANY = """\
# aliases = ["its full legal name", "its name in other scripts"]
# tickers = ["ABCD"]
# domains = ["example.com"]
# context = ["a product", "its head", "its trade"]
"""


def write(directory: Path, *, companies: Sequence[str], packs: Sequence[str]) -> tuple[Path, ...]:
    """Writes ``newsward.toml``, ``companies.toml`` and ``feeds.toml`` into the folder; the paths written.

    A company that the bundled examples know comes with its aliases, tickers and context. No companies or no packs
    given: the defaults; the pack ``none``: no feeds. Raises ConfigError for an unknown pack, ``none`` beside others,
    an empty name, and rather than overwrite a file.
    """
    texts = {
        "newsward.toml": _packaged("newsward"),
        "companies.toml": _COMPANIES_HEAD + companies_text(companies or DEFAULT_COMPANIES),
        "feeds.toml": _FEEDS_HEAD + feeds_text(packs or DEFAULT_PACKS),
    }
    paths = [directory / name for name in texts]
    there = [path.name for path in paths if path.exists()]
    if there:
        remedy = "choose another folder, or move them away"
        raise ConfigError(f"{', '.join(there)} already there", where=str(directory), remedy=remedy)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, texts.values(), strict=True):
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", where=str(directory)) from error
    return tuple(paths)


def known_companies() -> tuple[str, ...]:
    """The names of the companies that the bundled examples describe."""
    return tuple(table["name"] for table in _examples())


def companies_text(names: Sequence[str]) -> str:
    """``[[company]]`` tables for the names, each company once. Raises ConfigError for an empty name."""
    known = {fold(name): table for table in _examples() for name in _names(table)}
    document = tomlkit.document()
    tables = tomlkit.aot()
    taken: set[str] = set()
    for name in (" ".join(given.split()) for given in names):
        if not any(char.isalnum() for char in name):
            raise ConfigError("a company's name must hold a letter or digit")
        table = known.get(fold(name)) or _new_table(name)
        if fold(table["name"]) not in taken:
            taken.add(fold(table["name"]))
            tables.append(table)
    document.append("company", tables)
    return _spaced(tomlkit.dumps(document))


def feeds_text(packs: Sequence[str]) -> str:
    """``[[feed]]`` tables of the packs; empty for ``none``. Raises ConfigError for what is no pack."""
    if NO_PACK not in packs:
        return "\n".join(map(_pack, packs))
    if others := [pack for pack in packs if pack != NO_PACK]:
        raise ConfigError(f"feed pack 'none' goes with no other, but {', '.join(others)} was chosen too")
    return ""


def _names(table: Mapping[str, Any]) -> Iterator[str]:
    yield str(table.get("id", ""))
    yield str(table["name"])
    for alias in table.get("aliases", []):
        yield str(alias["text"] if isinstance(alias, Mapping) else alias)


def _new_table(name: str) -> Table:
    table = tomlkit.table()
    table.append("name", name)
    for line in _UNKNOWN_COMPANY.splitlines():
        table.add(tomlkit.comment(line.removeprefix("# ")))
    return table


def _examples() -> AoT:
    tables = tomlkit.parse(_packaged("companies"))["company"]
    assert isinstance(tables, AoT)
    return tables


def _spaced(text: str) -> str:
    """One empty line before each table, none twice: what was cut out of the examples leaves gaps of its own."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("# ----") or (not line and (not lines or not lines[-1])):
            continue
        if line.startswith("[[") and lines and lines[-1]:
            lines.append("")
        lines.append(line)
    return "\n".join(lines).rstrip() + "\n"


def _pack(name: str) -> str:
    if name not in PACKS:
        remedy = nearest(name, PACKS) or f"there are: {', '.join((*PACKS, NO_PACK))}"
        raise ConfigError(f"feed pack {name!r} does not exist", remedy=remedy)
    return _packaged(name)


def _packaged(name: str) -> str:
    return (files("pipeline") / "packs" / f"{name}.toml").read_text(encoding="utf-8")
