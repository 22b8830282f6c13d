"""``newsward feeds``: what is polled, and polling it now."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from pipeline.app import open_stages
from pipeline.cli.output import print_json, print_table, say
from pipeline.cli.root import Settings, now
from pipeline.cli.show import show, stored_rows
from pipeline.errors import InputError
from pipeline.fetch import public_url
from pipeline.model import Batch, Committed, Due, ErrorKind, Feed, FeedState
from pipeline.observe import summary
from pipeline.run import Stages, run_once
from pipeline.sources import web_address_problem
from pipeline.store import RunLock
from pipeline.text import to_iso

app = typer.Typer(help="The feeds: list them, try them, poll them now.", no_args_is_help=True)


@app.command()
def poll(
    context: typer.Context,
    urls: Annotated[list[str] | None, typer.Argument(help="Feeds to poll; none = all that are due.")] = None,
    urls_file: Annotated[Path | None, typer.Option("--urls", help="A file with one feed URL a line.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also feeds that are not due yet; still conditionally.")
    ] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Allow loopback and private addresses.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for a run that is going on.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON line a feed.")] = False,
) -> None:
    """Poll feeds now and print one line each.

    What they bring is stored, matched and alerted as by `run`. Feeds that are not in the configuration are added to
    the database. Exits with 2 when an address is none.

    \b
    Examples:
      newsward --config my-watch feeds poll --force
      newsward --config my-watch feeds poll https://example.com/feed.xml --json
    """
    settings: Settings = context.obj
    config = settings.load()
    if allow_private:
        config = config.replace_fetch(allow_private=True)
    named = named_urls(urls or [], urls_file)
    refused = {url: problem for url in named if (problem := _problem(url))}
    wanted = [url for url in named if url not in refused]
    moment = now()
    with RunLock(config.database.parent, wait=wait), open_stages(config, moment) as stages:
        lines = _Lines(stages, moment, order=named, as_json=json)
        lines.add_refused(refused)
        dues, resting = _turn(stages, wanted, moment, force=force, named=bool(urls or urls_file))
        lines.add_resting(resting)
        # The lines own stdout: an alert for the screen goes to stderr meanwhile.
        with redirect_stdout(sys.stderr) if json else nullcontext():
            report = run_once(stages, moment, dues=dues, watch=lines.add)
        lines.finish()
    if not json:
        say(summary(report))
    if refused:
        raise typer.Exit(2)


@app.command("list")
def list_feeds(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON line a feed.")] = False,
) -> None:
    """The feeds and how they are.

    \b
    Examples:
      newsward --config my-watch feeds list
      newsward --config my-watch feeds list --json
    """
    # An address may hold a secret. Tables have it as it is, since it is the feed's name there.
    rows = [{**row, "url": public_url(row["url"])} for row in stored_rows(context, "feed_list")]
    show(rows, ("status", "failures", "next_poll_at", "title", "url", "reason"), spare=("title",), as_json=json)


def _problem(url: str) -> str:
    """Why an address cannot be polled and stored, in words; an empty string = it can."""
    problem = web_address_problem(url)
    if not problem and "@" in urlsplit(url).netloc:
        return "holds credentials, which every table would show: put the feed into feeds.toml"
    return problem


def named_urls(urls: Sequence[str], urls_file: Path | None) -> list[str]:
    """The named URLs in order, each once. Raises InputError for a file that cannot be read."""
    named = list(urls)
    if urls_file:
        try:
            lines = urls_file.read_text(encoding="utf-8-sig").splitlines()
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
        return (_insisting(store.all_dues()) if force else list(store.due(moment))), []
    store.add_feeds([Feed(url, source="cli") for url in wanted], moment)
    place = {url: number for number, url in enumerate(wanted)}
    dues = sorted(store.dues(wanted), key=lambda due: place[due.feed.url])
    if force:
        return _insisting(dues), []
    ready = {due.feed.url for due in store.due(moment)}
    return [due for due in dues if due.feed.url in ready], [due for due in dues if due.feed.url not in ready]


def _insisting(dues: Sequence[Due]) -> list[Due]:
    """Asked although their host may rest: a person wants to see what comes."""
    return [replace(due, insist=True) for due in dues]


class _Lines:
    """Prints one line a feed: JSON as soon as its turn in ``order`` has come, or a table at the end."""

    def __init__(self, stages: Stages, moment: datetime, *, order: Sequence[str], as_json: bool) -> None:
        self._stages, self._moment, self._json, self._stream = stages, moment, as_json, sys.stdout
        self._named, self._awaited = frozenset(order), deque(order)
        self._ready: dict[str, Mapping[str, Any]] = {}
        self._rows: list[Mapping[str, Any]] = []

    def add(self, batch: Batch, committed: Committed) -> None:
        fetch = batch.fetch
        self._emit(
            batch.feed.url,
            batch.state,
            {
                "status": fetch.status,
                "not_modified": fetch.outcome == "not_modified",
                "new": committed.new + committed.sightings,
                "error": fetch.error or None,
                "error_kind": fetch.error_kind.value if fetch.error_kind else None,
            },
        )

    def add_resting(self, dues: Sequence[Due]) -> None:
        for due in dues:
            self._emit(due.feed.url, due.state, {})

    def add_refused(self, refused: Mapping[str, str]) -> None:
        for url, problem in refused.items():
            outcome = {"error": f"not polled: the address {problem}", "error_kind": ErrorKind.INVALID_URL.value}
            self._emit(url, FeedState(url), outcome)

    def finish(self) -> None:
        if self._json:
            return
        columns = ("status", "new", "entries", "next_poll_at", "url", "error")
        print_table(columns, [tuple(row[name] for name in columns) for row in self._rows])

    def _emit(self, url: str, state: FeedState, outcome: Mapping[str, Any]) -> None:
        due_at = state.next_poll_at
        # Where the server says that the feed is for good; polls begin there when that has lasted.
        current_url = state.moved_to or state.current_url or url
        line = {
            # Who named an address may see it again; one from the configuration may hold a secret.
            "url": url if url in self._named else public_url(url),
            "current_url": current_url if url in self._named else public_url(current_url),
            "status": outcome.get("status"),
            "not_modified": outcome.get("not_modified", False),
            "entries": self._stages.store.feed_entry_counts([url]).get(url, 0),
            "new": outcome.get("new", 0),
            "error": outcome.get("error"),
            "error_kind": outcome.get("error_kind"),
            "next_poll_at": to_iso(due_at) if due_at else None,
            "next_poll_in": round((due_at - self._moment).total_seconds()) if due_at else None,
            "disabled": bool(state.disabled),
        }
        self._ready[url] = line
        # Without names the order is that of the turns; with them, what is done early waits for those before it.
        while self._ready and (not self._awaited or self._awaited[0] in self._ready):
            done = self._ready.pop(self._awaited.popleft() if self._awaited else next(iter(self._ready)))
            self._rows.append(done)
            if self._json:
                print_json(done, self._stream)
