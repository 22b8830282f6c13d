"""``newsward feeds``: what is polled, and polling it now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.app import open_stages
from pipeline.cli.output import err, print_json, print_table
from pipeline.cli.root import Settings, now
from pipeline.errors import InputError
from pipeline.model import Batch, Committed, Due, Feed
from pipeline.observe import summary
from pipeline.run import Stages, run_once
from pipeline.store import RunLock
from pipeline.text import to_iso

app = typer.Typer(help="The feeds: list them, poll them now.", no_args_is_help=True)


@app.command()
def poll(
    context: typer.Context,
    urls: Annotated[list[str] | None, typer.Argument(help="Feeds to poll; none = all that are due.")] = None,
    urls_file: Annotated[Path | None, typer.Option("--urls", help="A file with one feed URL a line.")] = None,
    force: Annotated[bool, typer.Option(help="Also feeds that are not due yet; still conditionally.")] = False,
    allow_private: Annotated[bool, typer.Option(help="Allow loopback and private addresses.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait for a run that is going on.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON line a feed.")] = False,
) -> None:
    """Poll feeds now and print one line each; feeds that are not in the configuration are added to the database."""
    settings: Settings = context.obj
    config = settings.load()
    if allow_private:
        config = config.replace_fetch(allow_private=True)
    wanted = _wanted(urls or [], urls_file)
    moment = now()
    with RunLock(config.database.parent, wait=wait), open_stages(config, moment) as stages:
        lines = _Lines(stages, moment, as_json=json)
        dues, resting = _turn(stages, wanted, moment, force=force, named=bool(urls or urls_file))
        report = run_once(stages, moment, dues=dues, watch=lines.add)
        for due in resting:
            lines.add_resting(due)
        lines.finish()
    if not json:
        err().print(summary(report))


@app.command("list")
def list_feeds(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON line a feed.")] = False,
) -> None:
    """The feeds and how they are."""
    config = context.obj.load()
    with open_stages(config, now()) as stages:
        rows = stages.store.rows("feed_list")
    if json:
        for row in rows:
            print_json(row)
        return
    print_table(
        ("status", "failures", "title", "url", "next poll", "error"),
        [tuple(row[name] for name in ("status", "failures", "title", "url", "next_poll_at", "error")) for row in rows],
    )


def _wanted(urls: Sequence[str], urls_file: Path | None) -> list[str]:
    """The named URLs in order, each once. Raises InputError for a file that cannot be read."""
    named = list(urls)
    if urls_file:
        try:
            lines = urls_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{urls_file}: cannot be read as a list of URLs ({error})") from error
        named += [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return list(dict.fromkeys(named))


def _turn(
    stages: Stages, wanted: Sequence[str], moment: datetime, *, force: bool, named: bool
) -> tuple[list[Due], list[Due]]:
    """The feeds to poll, and those named that are not due."""
    store = stages.store
    if not named:
        return list(store.all_dues() if force else store.due(moment)), []
    store.add_feeds([Feed(url, source="cli") for url in wanted], moment)
    dues = store.dues(wanted)
    if force:
        return list(dues), []
    ready = {due.feed.url for due in store.due(moment)}
    return [due for due in dues if due.feed.url in ready], [due for due in dues if due.feed.url not in ready]


class _Lines:
    """Prints one line a feed as it is done: JSON at once, or a table at the end."""

    def __init__(self, stages: Stages, moment: datetime, *, as_json: bool) -> None:
        self._stages, self._moment, self._json = stages, moment, as_json
        self._rows: list[Mapping[str, Any]] = []

    def add(self, batch: Batch, committed: Committed) -> None:
        fetch = batch.fetch
        self._emit(
            Due(batch.feed, batch.state),
            {
                "status": fetch.status,
                "not_modified": fetch.outcome == "not_modified",
                "new": committed.new + committed.sightings,
                "error": fetch.error or None,
                "error_kind": fetch.error_kind.value if fetch.error_kind else None,
            },
        )

    def add_resting(self, due: Due) -> None:
        nothing = {"status": None, "not_modified": False, "new": 0, "error": None, "error_kind": None}
        self._emit(due, nothing)

    def finish(self) -> None:
        if self._json:
            return
        columns = ("status", "new", "entries", "next_poll_in", "url", "error")
        print_table(columns, [tuple(row[name] for name in columns) for row in self._rows])

    def _emit(self, due: Due, outcome: Mapping[str, Any]) -> None:
        url, state = due.feed.url, due.state
        due_at = state.next_poll_at
        line = {
            "url": url,
            "current_url": state.current_url or url,
            "status": outcome["status"],
            "not_modified": outcome["not_modified"],
            "entries": self._stages.store.feed_entry_counts([url]).get(url, 0),
            "new": outcome["new"],
            "error": outcome["error"],
            "error_kind": outcome["error_kind"],
            "next_poll_at": to_iso(due_at) if due_at else None,
            "next_poll_in": round((due_at - self._moment).total_seconds()) if due_at else None,
            "disabled": bool(state.disabled),
        }
        self._rows.append(line)
        if self._json:
            print_json(line)
