"""``newsward hits|stories|alerts list``: what the database holds, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from pipeline.cli.output import print_json, print_table
from pipeline.cli.root import Settings
from pipeline.store import Store

hits = typer.Typer(help="Hits: entries that are about a tracked company.", no_args_is_help=True)
stories = typer.Typer(help="Stories: entries that tell the same news.", no_args_is_help=True)
alerts = typer.Typer(help="Alerts: what was owed to a channel, and what came of it.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(min=1, help="How many rows at most.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON line a row, with every column.")]


def _rows(context: typer.Context, query: str, **values: Any) -> list[dict[str, Any]]:
    settings: Settings = context.obj
    with Store.open(settings.load().database, create=False) as store:
        return store.rows(query, **values)


def _show(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    if not as_json:
        print_table(columns, [tuple(row[name] for name in columns) for row in rows])
        return
    for row in rows:
        print_json(row)


@hits.command("list")
def list_hits(
    context: typer.Context,
    company: Annotated[str | None, typer.Option(help="Only this company's, by its id.")] = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """The newest hits, each with its evidence."""
    rows = _rows(context, "hit_list", company=company, limit=limit)
    _show(rows, ("published_at", "company", "score", "salience", "publisher", "title", "evidence"), as_json=json)


@stories.command("list")
def list_stories(context: typer.Context, limit: Limit = 20, json: Json = False) -> None:
    """The newest stories: who is in them, who tells them, whether an alert went out."""
    rows = _rows(context, "story_list", limit=limit)
    _show(rows, ("last_at", "companies", "entries", "outlets", "alerted", "title", "story"), as_json=json)


@stories.command("explain")
def explain_story(
    context: typer.Context,
    story: Annotated[str, typer.Argument(help="The story's id, as `stories list` shows it.")],
    json: Json = False,
) -> None:
    """Why each entry of a story is in it: the rule, the entry it was compared with, the score, what weighed most."""
    rows = _rows(context, "story_explain", story=story)
    if not rows:
        typer.echo(f"no story {story}; `newsward stories list` shows the ids", err=True)
        raise typer.Exit(1)
    _show(
        rows,
        ("published_at", "publisher", "relation", "rule", "score", "title", "compared_with", "features"),
        as_json=json,
    )


@alerts.command("list")
def list_alerts(context: typer.Context, limit: Limit = 20, json: Json = False) -> None:
    """The newest alerts: sent, waiting or given up, and why."""
    rows = _rows(context, "alert_list", limit=limit)
    _show(rows, ("created_at", "state", "channel", "attempts", "rule", "title", "error"), as_json=json)
