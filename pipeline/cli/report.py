"""The command that tells what may have been missed: ``report``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import typer

from pipeline.cli.output import print_json, print_table, tell
from pipeline.cli.root import Settings, now
from pipeline.errors import InputError
from pipeline.observe.coverage import CompanyTold, Polls, Report, verdict
from pipeline.plugins import duration
from pipeline.report import report as make_report
from pipeline.report import told
from pipeline.store import Store

_LONGEST = timedelta(weeks=26)
_PATIENCE = timedelta(seconds=30)
_SHOWN = 40  # rows of a table; `--json` has all


def add_commands(app: typer.Typer) -> None:
    """Puts the command into the app."""
    app.command()(report)


def report(
    context: typer.Context,
    since: Annotated[
        str, typer.Option(metavar="<duration>", help="How far back to look: 24h, 7d, 2w ... up to 26w.")
    ] = "24h",
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON line.")] = False,
) -> None:
    """Tell what may have been missed, and what waits.

    One sentence first. Then: feeds that failed or fell silent against their own rhythm, and those of which entries were
    probably lost between two polls; companies with unusually few or many new stories against their own past (fewer
    only where their usual feeds worked: else the coverage is unknown); alerts that wait or were given up; how politely
    feeds were polled. Exits with 0 whatever it tells, and with 1 only when the database cannot be read.

    \b
    Examples:
      newsward --config my-watch report
      newsward --config my-watch report --since 7d
      newsward --config my-watch report --json
    """
    settings: Settings = context.obj
    window = duration(since)
    if window is None or not timedelta(hours=1) <= window <= _LONGEST:
        raise InputError(f"--since {since!r}: say a duration from 1h to 26w, such as 24h or 7d")
    with Store.look(settings.database(), busy_timeout=_PATIENCE) as store:
        found = make_report(store, now(), window)
    if as_json:
        print_json(told(found))
    else:
        _show(found)


def _show(found: Report) -> None:
    tell(verdict(found))
    _table(
        "Feeds of which something may have been missed",
        ("problem", "since", "feed", "reason"),
        [(one.problem, f"{one.since:%Y-%m-%d %H:%M}", one.title or one.url, one.reason) for one in found.troubles],
    )
    _table(
        "Feeds that failed and are well again",
        ("failed polls", "last", "feed", "reason"),
        [
            (one.failed_polls, f"{one.last_failed_at:%Y-%m-%d %H:%M}", one.title or one.url, one.reason)
            for one in found.recovered
        ],
    )
    _table(
        "Companies unlike their own past",
        ("company", "new stories", "usual", "what"),
        [(one.name, one.stories, f"{one.usual:.1f}", _what(one)) for one in found.companies],
    )
    owing = [one for one in found.channels if one.waiting or one.later or one.dead]
    _table(
        "Alerts not delivered",
        ("channel", "waiting", "oldest", "for later", "given up", "last error"),
        [
            (
                *(one.channel, one.waiting, f"{one.oldest_at:%Y-%m-%d %H:%M}" if one.oldest_at else ""),
                *(one.later, one.dead, one.error),
            )
            for one in owing
        ],
    )
    tell("\n" + " ".join(_polled(found.polls)))


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    if rows:
        left = f", {_SHOWN} of them here" if len(rows) > _SHOWN else ""
        print_table(columns, rows[:_SHOWN], title=f"\n{title} ({len(rows)}{left})")


def _what(one: CompanyTold) -> str:
    match one.kind:
        case "quiet":
            return "unusually quiet, and all its usual feeds worked"
        case "loud":
            return "unusually loud"
    return f"unknown coverage; {one.reason}"


def _polled(polls: Polls) -> Iterator[str]:
    if not polls.polls:
        yield "No feed was polled."
        return
    feeds, done = _counted(polls.feeds, "feed"), _counted(polls.polls, "poll")
    yield f"{feeds}, {done}: {polls.failed} failed, {polls.unchanged} found nothing changed;"
    yield f"polled conditionally: {_counted(polls.conditional_feeds, 'feed')}."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
