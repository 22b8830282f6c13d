"""Commands that do the work: ``demo``, ``run``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import TaskID
from rich.text import Text

from pipeline.app import open_stages
from pipeline.cli.leaving import heeding_signals
from pipeline.cli.output import out, print_json, print_table, progress_bar, say
from pipeline.cli.root import Settings, now
from pipeline.decide import Stages
from pipeline.demo import DemoResult, run_demo
from pipeline.errors import AlreadyRunning, StoreError
from pipeline.fetch import public_url
from pipeline.maintenance import keep_house
from pipeline.model import Batch, RunReport
from pipeline.observe import Heartbeat, summary
from pipeline.run import run_once
from pipeline.store import RunLock, Store
from pipeline.text import to_iso

_HITS_SHOWN = 16
_TELLING = 3
_STORIES_SHOWN = 8


def add_commands(app: typer.Typer) -> None:
    """Puts the commands of this module into the app."""
    for command in (demo, run):
        app.command()(command)


def run(
    context: typer.Context,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for a run that is going on instead of leaving.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON line on stdout.")] = False,
) -> None:
    """Poll what is due, store the hits, send the alerts: one pass.

    Exits with 0 when the run completed (failed feeds included: they are named), 1 when nothing could be polled or
    the database could not be written, 2 when the configuration cannot be used. Ctrl-C or SIGTERM ends it within
    seconds: what was done is stored, and the next run goes on from there.

    \b
    Examples:
      newsward --config my-watch run
      newsward --config my-watch run --wait --json
    """
    settings: Settings = context.obj
    config = settings.load()
    heartbeat = Heartbeat(config.heartbeat)
    moment = now()
    try:
        with (
            RunLock(config.database.parent, wait=wait),
            open_stages(config, moment) as stages,
            heeding_signals() as ending,
        ):
            report = _watched_run(stages, moment, ending.is_wanted, as_json=as_json)
            keep_house(stages.store, config.store, moment, stop=ending.is_wanted)
    except AlreadyRunning as error:
        say(f"newsward: {error}; nothing to do")
        return
    except StoreError:
        heartbeat.note_failure(now())
        raise
    heartbeat.note_run(report, now())
    if as_json:
        print_json(_report(report))
    say(summary(report))
    ending.obey()
    if report.unreachable:
        raise typer.Exit(1)


def _watched_run(stages: Stages, moment: datetime, stop: Callable[[], bool], *, as_json: bool) -> RunReport:
    """The run behind a progress bar; where stdout is for the report, alerts for the screen go to stderr."""
    dues = stages.store.due(moment)
    if not dues:
        _tell_of_rest(stages, moment)
    with progress_bar() as progress, redirect_stdout(sys.stderr) if as_json else nullcontext():
        task = progress.add_task("polling", total=len(dues))
        return run_once(stages, moment, dues=dues, watch=lambda batch, done: progress.advance(task), stop=stop)


def _tell_of_rest(stages: Stages, moment: datetime) -> None:
    turns = [due.state.next_poll_at for due in stages.store.all_dues(moment) if due.state.next_poll_at]
    if turns:
        say(f"no feed is due before {to_iso(min(turns))}; `feeds poll --force` polls now")


def _report(report: RunReport) -> dict[str, Any]:
    values = asdict(report)
    values["failed"] = [{**feed, "url": public_url(feed["url"])} for feed in values["failed"]]
    values["started_at"] = to_iso(report.started_at)
    values["took"] = round(report.took.total_seconds(), 3)
    return values


# --------------------------------------------------------------------------- the demo, shown


def demo(
    directory: Annotated[Path, typer.Option("--dir", help="Where the demo leaves its database.")] = Path("demo-data"),
) -> None:
    """Watch the pipeline work on the bundled sample. Offline, in under a minute.

    \b
    Examples:
      newsward demo
    """
    with progress_bar() as progress:
        tasks: dict[str, TaskID] = {}

        def watch(step: str, feeds: int, batch: Batch | None) -> None:
            if batch is None:
                tasks[step] = progress.add_task(step, total=feeds)
            else:
                progress.advance(tasks[step])

        result = run_demo(directory, watch=watch)
    for step, report in result.reports:
        say(f"{step}: {summary(report)}")
    with Store.open(result.database, create=False) as store:
        hits, stories = store.rows("hit_list", company=None, limit=1000), store.rows("story_list", limit=1000)
    _show_hits(hits)
    _show_stories(stories)
    _show_alert(result, stories, out())
    _show_update(result, out())
    _show_next(result, out())


def _show_hits(hits: list[dict[str, Any]]) -> None:
    """The newest hits, and before them those whose evidence is worth a look: another script, a typo, a ticker."""
    kinds = ("fuzzy", "variant", "ticker", "")
    telling = [hit for kind in kinds for hit in [hit for hit in hits if _is_telling(hit, kind)][:_TELLING]]
    shown = (telling + [hit for hit in hits if hit not in telling])[:_HITS_SHOWN]
    shown.sort(key=lambda hit: str(hit["published_at"]), reverse=True)
    columns = ("published_at", "company", "score", "salience", "publisher", "title", "evidence")
    title = f"\n{len(shown)} of {len(hits)} hits: which entry is about whom, and by what evidence"
    rows = [tuple(hit[name] for name in columns) for hit in shown]
    print_table(columns, rows, title=title, spare=("salience", "publisher"))


def _is_telling(hit: dict[str, Any], kind: str) -> bool:
    """Whether the evidence is of the kind; "" = a name in another script."""
    evidence = str(hit["evidence"])
    return f"({kind}" in evidence if kind else any(char.isalpha() and ord(char) > 0x2FF for char in evidence)


def _show_stories(stories: list[dict[str, Any]]) -> None:
    """The stories that several entries tell: these are the alerts that were not sent twice."""
    told = [story for story in stories if story["entries"] > 1]
    told.sort(key=lambda story: -int(story["entries"]))
    columns = ("entries", "outlets", "companies", "title", "publishers", "alerted")
    title = f"\n{len(told)} of {len(stories)} stories are told by several entries: one alert each, updates besides"
    rows = [tuple(story[name] for name in columns) for story in told[:_STORIES_SHOWN]]
    print_table(columns, rows, title=title, spare=("publishers", "alerted"))


def _show_alert(result: DemoResult, stories: list[dict[str, Any]], console: Console) -> None:
    """The alert of the story that most entries tell, as the webhook received it."""
    entries = {story["story"]: story["entries"] for story in stories}
    headers, payload = max(result.received.alerts, key=lambda one: entries.get(one[1]["story_id"], 0))
    lines = [f"{name}: {headers[name]}" for name in headers if name.lower() in ("content-type", "idempotency-key")]
    # Small objects on one line: the evidence is a list of them.
    body = re.sub(
        r"\{[^{}\[\]]*\}", lambda leaf: " ".join(leaf[0].split()), json.dumps(payload, ensure_ascii=False, indent=2)
    )
    title = f"1 of {len(result.received.alerts)} alerts, as the webhook received it"
    console.print(Panel(Text("\n".join(["POST /alerts", *lines, "", body])), title=title, title_align="left"))


def _show_update(result: DemoResult, console: Console) -> None:
    """What later alerts say beyond the first. Which feed answers first decides whether there is one or two."""
    for _, payload in result.received.alerts:
        if payload["type"] == "update":
            lines = [f"{payload['title']} ({payload['publisher']})"]
            lines += [f"  {news['text']}" for news in payload["news"]]
            lines.append(f"First told as: {payload['first']['title']} ({payload['first']['publisher']})")
            title = "later, an update: the same story, and what is new in it"
            console.print(Panel(Text("\n".join(lines)), title=title, title_align="left"))


def _show_next(result: DemoResult, console: Console) -> None:
    database, config = result.database, result.config
    # As it was called: in a fresh checkout the commands are in .venv/bin and not on the path.
    newsward = sys.argv[0]
    sqlite_utils = str(Path(newsward).with_name("sqlite-utils"))
    console.print(
        f"The database is {database}, its configuration is in {config}/. Three things to do next:\n"
        f"  1. ask it:          {sqlite_utils} rows {database} hit_list -t --limit 5\n"
        f"  2. ask why:         {newsward} --config {config} explain 'Xiamio unveils a smart speaker'\n"
        f"  3. your companies:  {newsward} init my-watch --company 'Your Company'\n"
        f"                      {newsward} --config my-watch run",
        markup=False,
        soft_wrap=True,
    )
