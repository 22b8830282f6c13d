"""``newsward search`` and ``hits|stories list``: what the database holds, for people and for machines."""

from __future__ import annotations

import json as jsons  # `json` is the name of the option
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from pipeline.cli.output import print_json, print_table
from pipeline.cli.root import Settings, company_named
from pipeline.errors import InputError
from pipeline.plugins import nearest
from pipeline.store import Store, search_query

hits = typer.Typer(help="Hits: entries that are about a tracked company.", no_args_is_help=True)
stories = typer.Typer(help="Stories: entries that tell the same news.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(min=1, max=1_000_000, help="How many rows at most.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON line a row, with every column.")]


def stored_rows(context: typer.Context, name: str, /, **values: Any) -> list[dict[str, Any]]:
    """Rows of a named query; of the configuration only the database's place is read, so that no secret is needed."""
    settings: Settings = context.obj
    with Store.open(settings.database(), create=False) as store:
        return store.rows(name, **values)


def show(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, spare: Sequence[str] = (), as_json: bool) -> None:
    """The rows as a table of these columns, or as JSON Lines with every column."""
    if as_json:
        for row in rows:
            print_json(row)
    elif rows:
        print_table(columns, [tuple(row[name] for name in columns) for row in rows], spare=spare)
    else:
        typer.echo("nothing to list", err=True)


def add_commands(app: typer.Typer) -> None:
    """Puts the commands of this module that stand by themselves into the app."""
    app.command()(search)


def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(help="Words that must all occur; ferr* finds what begins so.")],
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Search in everything seen, hits or not, the newest first.

    Titles and texts, in every script: a Chinese or Japanese name is found as it is written.

    \b
    Examples:
      newsward --config my-watch search smart speaker
      newsward --config my-watch search 小米 --limit 3
      newsward --config my-watch search "Moody's" --json
    """
    query = search_query(" ".join(words))
    if not query:
        raise typer.BadParameter("hold no letter or digit", param_hint="WORDS")
    rows = stored_rows(context, "search", query=query, limit=limit)
    if not rows and not stored_rows(context, "search_is_on"):
        raise InputError("entries are not indexed: search was off at the last run (search = true in [store], then run)")
    columns = ("published_at", "companies", "publisher", "title", "url")
    show(rows, columns, spare=("publisher", "url"), as_json=json)


@hits.command("list")
def list_hits(
    context: typer.Context,
    company: Annotated[str | None, typer.Option(help="Only this company's, by its id or name.")] = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """The newest hits, each with its evidence.

    \b
    Examples:
      newsward --config my-watch hits list --company xiaomi
      newsward --config my-watch hits list --limit 1000 --json
    """
    rows = stored_rows(context, "hit_list", company=company, limit=limit)
    if company and not rows:
        rows = stored_rows(context, "hit_list", company=_id_of(context, company), limit=limit)
    columns = ("published_at", "company", "score", "salience", "publisher", "title", "evidence")
    show(rows, columns, spare=("salience", "publisher"), as_json=json)


def _id_of(context: typer.Context, company: str) -> str:
    """The id of the company of this id or name. Raises InputError: one that nobody ever tracked has no hits for another
    reason than silence."""
    known = {str(row["id"]): str(row["name"]) for row in stored_rows(context, "company_ids")}
    if named := company_named(company, known):
        return named
    hint = nearest(company, list(known)) or f"there are: {', '.join(list(known)[:10])}"
    raise InputError(f"no company has the id {company!r} ({hint})")


@stories.command("list")
def list_stories(context: typer.Context, limit: Limit = 20, json: Json = False) -> None:
    """The newest stories. Who is in them, who tells them, whether an alert went out.

    \b
    Examples:
      newsward --config my-watch stories list --limit 5
    """
    rows = stored_rows(context, "story_list", limit=limit)
    columns = ("last_at", "companies", "entries", "outlets", "alerted", "title", "story")
    show(rows, columns, spare=("outlets", "alerted"), as_json=json)


@stories.command("explain")
def explain_story(
    context: typer.Context,
    story: Annotated[str, typer.Argument(help="The story's id, as `stories list` shows it.")],
    json: Json = False,
) -> None:
    """Why each entry of a story is in it.

    The rule that put it there, the entry it was compared with, the score, and what weighed most.

    \b
    Examples:
      newsward --config my-watch stories explain 0123456789abcdef
    """
    rows = [
        {**row, "features": jsons.loads(row["features"])} for row in stored_rows(context, "story_explain", story=story)
    ]
    if not rows:
        raise InputError(f"no story {story}; `newsward stories list` shows the ids")
    if not json:
        rows = [{**row, "score": f"{row['score']:.2f}", "features": _weighed(row["features"])} for row in rows]
    columns = ("published_at", "publisher", "relation", "rule", "score", "title", "compared_with", "features")
    show(rows, columns, spare=("publisher", "compared_with"), as_json=json)


def _weighed(features: Sequence[Sequence[Any]]) -> str:
    """What moved the decision, strongest first: ``figures +2.2, gap -0.4``."""
    return ", ".join(f"{name} {value:+.1f}" for name, value in features)
