"""A working configuration for a beginner: what ``newsward init`` writes."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT, Table

from pipeline.config import write_schemas
from pipeline.config.companies import slug
from pipeline.errors import ConfigError
from pipeline.match import classify
from pipeline.model import Company, Watchlist
from pipeline.plugins import nearest
from pipeline.text import fold

PACKS = ("technology", "business", "wires", "world", "official")
NO_PACK = "none"  # chosen instead of packs: no feeds, whoever has his own list
_FILES = ("newsward.toml", "companies.toml", "feeds.toml")
DEFAULT_COMPANIES = ("Microsoft", "Xiaomi")
DEFAULT_PACKS = ("technology",)
DEFAULT_DATABASE = "newsward.db"

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
# cik      its number at the SEC, for filings

"""
_FEEDS_HEAD = """\
# What to poll. Only the url is needed. tier: 1 (most authoritative) to 5 (least): rules ask for it.
# Other readers' subscription lists come in whole: a file, a folder of *.opml files, or (url) a list on the web, with
# which its feeds come and go.
#
# [[source]]
# kind = "opml"
# path = "subscriptions.opml"
# tags = ["mine"]
#
# The feeds that a site announces; its news sitemap; searches for your companies; their filings with the SEC:
#
# [[source]]
# kind = "site"
# url = "https://news.example.com/"
#
# [[source]]
# kind = "sitemap"
# url = "https://news.example.com/news-sitemap.xml"
#
# [[source]]
# kind = "query"
# service = "google_news"        # or "bing_news"
# company_tags = ["electronics"]
#
# [[source]]
# kind = "edgar"                 # companies with a cik in companies.toml
# contact = "desk@example.com"
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


def write(
    directory: Path, *, companies: Sequence[str], packs: Sequence[str], database: str = DEFAULT_DATABASE
) -> tuple[Path, ...]:
    """Writes ``newsward.toml``, ``companies.toml`` and ``feeds.toml`` into the folder; the paths of these.

    Each names its schema for editors in its first line; the schemas go into ``.schema/`` beside them.

    A company that the bundled examples know comes with its aliases, tickers and context. No companies or no packs
    given: the defaults; the pack ``none``: no feeds. The database's path is relative to the folder. Raises ConfigError
    for an unknown pack, ``none`` beside others, an empty name, and rather than overwrite a file.
    """
    texts = {
        "newsward": _main(database),
        "companies": _COMPANIES_HEAD + companies_text(companies or DEFAULT_COMPANIES),
        "feeds": _FEEDS_HEAD + feeds_text(packs or DEFAULT_PACKS),
    }
    refuse_to_overwrite(directory)
    paths = [directory / f"{name}.toml" for name in texts]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, texts.values(), strict=True):
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(f"{directive(path.stem)}\n{text}")
    except OSError as error:
        remedy = f"name a folder in which user {os.geteuid()} may write"
        raise ConfigError(f"cannot be written: {error.strerror}", where=str(directory), remedy=remedy) from error
    write_schemas(directory)
    return tuple(paths)


def refuse_to_overwrite(directory: Path) -> None:
    """Raises ConfigError when one of the files is there already."""
    there = [name for name in _FILES if (directory / name).exists()]
    if there:
        remedy = "choose another folder, or move them away"
        raise ConfigError(f"{', '.join(there)} already there", where=str(directory), remedy=remedy)


def directive(name: str) -> str:
    """The line that tells editors where the schema of this file lies (Taplo's "schema directive")."""
    return f"#:schema ./.schema/{name}.json"


@dataclass(frozen=True, slots=True)
class Pack:
    """A bundled list of feeds."""

    name: str
    about: str
    feeds: int


def packs() -> tuple[Pack, ...]:
    """The packs with what is in them."""
    texts = {name: _packaged(name) for name in PACKS}
    return tuple(
        Pack(name, text.partition("\n")[0].partition(": ")[2], len(tomllib.loads(text)["feed"]))
        for name, text in texts.items()
    )


def introductions(names: Sequence[str]) -> Iterator[str]:
    """A line on each company: what the bundled examples know of it, or what it should be given."""
    known = _known_companies()
    for name in (" ".join(given.split()) for given in names):
        table = known.get(fold(name))
        yield f"{name}: {_known_words(name, table) if table else _new_words(name)}"


def _known_words(name: str, table: Mapping[str, Any]) -> str:
    whole = "" if fold(name) == fold(table["name"]) else f" as {table['name']}"
    parts = [
        _counted(len(table.get(key, ())), one, many)
        for key, one, many in (
            ("aliases", "alias", "aliases"),
            ("tickers", "ticker", "tickers"),
            ("context", "word of context", "words of context"),
        )
        if table.get(key)
    ]
    return f"known{whole}" + (f", with {', '.join(parts[:-1])}{' and ' * (len(parts) > 1)}{parts[-1]}" if parts else "")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _new_words(name: str) -> str:
    (found, *_) = classify(Watchlist((Company(slug(name) or "x", name),)))
    told = f"{found.warning}: {found.remedy}" if found.warning else "add its other names, and a ticker if it has one"
    return f"new; {told}"


def known_companies() -> tuple[str, ...]:
    """The names of the companies that the bundled examples describe."""
    return tuple(table["name"] for table in _examples())


def companies_text(names: Sequence[str]) -> str:
    """``[[company]]`` tables for the names, each company once. Raises ConfigError for an empty name."""
    known = _known_companies()
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


def _known_companies() -> dict[str, Table]:
    """The bundled companies by each of their names, folded."""
    return {fold(name): table for table in _examples() for name in _names(table)}


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


def _main(database: str) -> str:
    document = tomlkit.parse(_packaged("newsward"))
    document["store"]["database"] = database
    return tomlkit.dumps(document)


def _pack(name: str) -> str:
    if name not in PACKS:
        remedy = nearest(name, PACKS) or f"there are: {', '.join((*PACKS, NO_PACK))}"
        raise ConfigError(f"feed pack {name!r} does not exist", remedy=remedy)
    return _packaged(name)


def _packaged(name: str) -> str:
    return (files("pipeline") / "packs" / f"{name}.toml").read_text(encoding="utf-8")
