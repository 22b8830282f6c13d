"""Companies as a person writes them, and the watchlist they make."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipeline.config.problems import place
from pipeline.config.reading import read_toml
from pipeline.errors import ConfigError
from pipeline.model import Company, Name, NameKind, Watchlist
from pipeline.plugins import nearest, together, validate
from pipeline.text import fold

_WORDS = re.compile(r"\w+")
_LETTER = re.compile(r"[^\W_]")
_ID = re.compile(r"\w[\w.:-]{0,99}")
_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]+")
_LONGEST_NAME = 200
_CIK_DIGITS = 10


class Alias(BaseModel):
    """A further name, alone or with the kind that it is to be of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(description="the name as it is written")
    kind: NameKind | None = Field(None, description="unique, common, ticker or weak; default: inferred")

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"text": value}
        if isinstance(value, dict):
            return value
        raise ValueError("must be a string or a table { text = ..., kind = ... }")

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str) -> str:
        return _name(text)


class CompanyTable(BaseModel):
    """A ``[[company]]`` table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field("", description="how hits, rules and commands call it; default: from the name", examples=["xiaomi"])
    name: str = Field(description="the name that most people use", examples=["Xiaomi"])
    aliases: tuple[Alias, ...] = Field(
        (),
        description="further names: strings, or { text, kind } to force a kind",
        examples=[["小米", {"text": "Mi", "kind": "weak"}]],
    )
    tickers: tuple[str, ...] = Field(
        (), description='stock symbols in quotes, with or without exchange: "1810.HK"', examples=[["1810.HK"]]
    )
    domains: tuple[str, ...] = Field(
        (), description='its own web domains, without scheme: "mi.com"', examples=[["mi.com"]]
    )
    context: tuple[str, ...] = Field(
        (),
        description="words that stand beside it: products, people, places, trade",
        examples=[["smartphone", "Lei Jun"]],
    )
    exclude: tuple[str, ...] = Field(
        (), description="words and phrases that show that something else is meant", examples=[["小米粥"]]
    )
    tags: tuple[str, ...] = Field((), description="words to group companies by, for rules", examples=[["phones"]])
    cik: str = Field(
        "", description="its number at the SEC in quotes, for filings (source kind edgar)", examples=["0000320193"]
    )

    @field_validator("id")
    @classmethod
    def _can_be_typed(cls, id: str) -> str:
        if id and not _ID.fullmatch(id):
            raise ValueError("must be letters, digits and . : _ - only, at most 100")
        return id

    @field_validator("name")
    @classmethod
    def _says_something(cls, name: str) -> str:
        return _name(name)

    @field_validator("tickers", "context", "exclude", "tags")
    @classmethod
    def _are_words(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_name(value) for value in values)

    @field_validator("domains")
    @classmethod
    def _are_domains(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        domains = tuple(value.strip().lower() for value in values)
        if not all(_HOST.fullmatch(domain) for domain in domains):
            raise ValueError('must be domains alone, such as "mi.com": no scheme, no path')
        return domains

    @field_validator("cik")
    @classmethod
    def _is_a_number(cls, cik: str) -> str:
        digits = cik.strip().upper().removeprefix("CIK")
        if cik and not (digits.isascii() and digits.isdigit() and len(digits) <= _CIK_DIGITS and int(digits)):
            raise ValueError('must be at most ten digits, such as "0000320193"')
        return digits.zfill(_CIK_DIGITS) if cik else ""

    def company(self) -> Company:
        """The value that travels."""
        return Company(
            id=self.id or slug(self.name),
            name=self.name,
            aliases=tuple(Name(alias.text, alias.kind) for alias in self.aliases),
            tickers=self.tickers,
            domains=self.domains,
            context=self.context,
            exclude=self.exclude,
            tags=self.tags,
            cik=self.cik,
        )


def slug(name: str) -> str:
    """The id that a name gives: ``Deutsche Börse`` is ``deutsche-borse``, ``小米`` stays."""
    return "-".join(_WORDS.findall(fold(name)))[:100]


def _name(text: str) -> str:
    words = " ".join(text.split())
    if not _LETTER.search(fold(words)):
        raise ValueError("must hold a letter or digit")
    if len(words) > _LONGEST_NAME:
        raise ValueError(f"must not be longer than {_LONGEST_NAME} characters")
    return words


def load_companies(path: Path) -> Watchlist:
    """The watchlist of one ``companies.toml`` by itself. Raises one ConfigError that tells every fault of it."""
    document = read_toml(path, path.name)
    faults: list[ConfigError] = []
    located = list(read_companies(document.get("company", []), path.name, faults))
    faults.extend((*clashes(located), *unknown_tables(document, ("company",), path.name)))
    if faults:
        raise together(faults)
    return Watchlist(tuple(company for _, company in located))


def read_companies(tables: object, file: str, faults: list[ConfigError]) -> Iterator[tuple[str, Company]]:
    """The companies of ``[[company]]`` tables with where each stands; what is wrong is added to ``faults``."""
    for where, table in array_of_tables(tables, "company", file, faults, label=_label):
        made = validate(CompanyTable, table, where=where)
        if isinstance(made, tuple):
            faults.extend(made)
        else:
            yield where, made.company()


def array_of_tables(
    tables: object, key: str, file: str, faults: list[ConfigError], *, label: Callable[[Mapping[str, Any]], object]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables written ``[[key]]`` with where each stands."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        faults.append(ConfigError(f"{key!r} must be written [[{key}]], once for each", where=file))
        return
    for number, table in enumerate(tables, start=1):
        yield place(file, key, number, label(table)), table


def unknown_tables(document: Mapping[str, Any], known: Iterable[str], file: str) -> Iterator[ConfigError]:
    """A fault for each top-level name that nothing reads."""
    names = tuple(known)
    for name in document:
        if name not in names:
            remedy = nearest(name, names) or f"known: {', '.join(names)}"
            yield ConfigError(f"{name!r} is unknown", where=file, remedy=remedy)


def clashes(located: Iterable[tuple[str, Company]]) -> Iterator[ConfigError]:
    """Ids, names and tickers that two companies claim; each is told where the second claim stands."""
    ids: dict[str, str] = {}
    names: dict[tuple[str, str], tuple[str, str]] = {}
    for where, company in located:
        if company.id in ids:
            remedy = "give one of them another id"
            yield ConfigError(f"id {company.id!r} is that of {ids[company.id]} too", where=where, remedy=remedy)
            continue
        ids[company.id] = where.partition(": ")[2]
        for what, text in _claims(company):
            owner, place_of_owner = names.setdefault((what, fold(text)), (company.id, where))
            if owner != company.id:
                message = f"{what} {text!r} is claimed by {place_of_owner.partition(': ')[2]} too"
                yield ConfigError(
                    message, where=where, remedy="a name must lead to one company: keep it in one of them"
                )


def _claims(company: Company) -> Iterator[tuple[str, str]]:
    yield "name", company.name
    for alias in company.aliases:
        yield "name", alias.text
    for ticker in company.tickers:
        yield "ticker", ticker


def _label(table: Mapping[str, Any]) -> object:
    name = table.get("name")
    return table.get("id") or (slug(name) if isinstance(name, str) else "")
