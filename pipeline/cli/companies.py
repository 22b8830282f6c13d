"""``newsward companies``: whom the watch tracks, and what each of their names proves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.match import read_watchlist
from pipeline.cli.output import print_json, print_table, say
from pipeline.cli.root import Settings
from pipeline.match import ClassifiedName, classify
from pipeline.model import Company, Watchlist

app = typer.Typer(help="Companies: whom the watch tracks, and by which names.", no_args_is_help=True)
_COLUMNS = ("id", "name", "aliases", "tickers", "context", "tags")
_SPARE = ("context", "tags", "sort")
_NAME_COLUMNS = ("company", "name", "kind", "sort", "why")


@app.command("list")
def list_companies(
    context: typer.Context,
    names: Annotated[bool, typer.Option("--names", help="A row for every name: how much it proves, and why.")] = False,
    ambiguous: Annotated[bool, typer.Option("--ambiguous", help="Only names that need help, in words.")] = False,
    companies: Annotated[Path | None, typer.Option(help="A companies file instead of the configuration's.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON line a row.")] = False,
) -> None:
    """The tracked companies, or what each of their names proves.

    Kinds: `unique` is a hit by itself; `common` is an ordinary word, a person or a place too; `ticker` counts in the
    press's notation; `weak` only beside other evidence. Where a kind is wrong, set it in companies.toml.

    \b
    Examples:
      newsward --config my-watch companies list
      newsward --config my-watch companies list --names
      newsward --config my-watch companies list --ambiguous
    """
    settings: Settings = context.obj
    watchlist = read_watchlist(companies) if companies else settings.load().watchlist
    if ambiguous:
        _show_ambiguous(classify(watchlist), as_json=json)
    elif names:
        _show_rows(_NAME_COLUMNS, (_of_name(name) for name in classify(watchlist)), as_json=json)
    else:
        _show_rows(_COLUMNS, map(_of_company, watchlist.companies), as_json=json)
    _count(watchlist)


def _show_rows(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            print_json(row)
    else:
        print_table(columns, [[_cell(row[name]) for name in columns] for row in rows], spare=_SPARE)


def _cell(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _of_company(company: Company) -> dict[str, Any]:
    return {
        "id": company.id,
        "name": company.name,
        "aliases": [alias.text for alias in company.aliases],
        **{key: list(getattr(company, key)) for key in ("tickers", "domains", "context", "exclude", "tags")},
    }


def _of_name(name: ClassifiedName) -> dict[str, Any]:
    return {
        "company": name.company_id,
        "name": name.text,
        "kind": name.kind.value,
        "sort": name.sort,
        "why": name.why,
        "warning": name.warning,
        "remedy": name.remedy,
    }


def _show_ambiguous(names: Iterable[ClassifiedName], *, as_json: bool) -> None:
    doubtful = [name for name in names if name.warning]
    if as_json:
        _show_rows((), map(_of_name, doubtful), as_json=True)
        return
    for line in _warnings(doubtful):
        typer.echo(line)
    if not doubtful:
        say("no name needs help")


def _warnings(names: Iterable[ClassifiedName]) -> Iterator[str]:
    """``target: “Target” is an ordinary word too; add context or a ticker``."""
    for name in names:
        yield f"{name.company_id}: {name.warning}; {name.remedy}"


def _count(watchlist: Watchlist) -> None:
    count = len(watchlist.companies)
    say(f"{count} {'company' if count == 1 else 'companies'}")
