"""Commands for a watch that goes on: ``daemon``, ``health``."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.output import print_json, tell
from pipeline.cli.root import Settings, now
from pipeline.health import examine


def add_commands(app: typer.Typer) -> None:
    """Puts the commands of this module into the app."""
    for command in (daemon, health):
        app.command()(command)


def daemon(context: typer.Context) -> None:
    """Do what `run` does, again and again, until told to end.

    SIGTERM and SIGINT end it within 10 seconds, with exit code 0. A SIGHUP, or a change of one of its files, loads the
    configuration anew; one with faults is told and not used. A `run` beside it does no harm. Exits with 1 when the
    database cannot be used at the start, 2 when the configuration cannot.

    \b
    Examples:
      newsward --config my-watch daemon   # leave it running
    """
    from pipeline.daemon import Daemon, serve  # its scheduler is of no use to the other commands

    settings: Settings = context.obj
    serve(Daemon(settings.load(), settings.load, now))


def health(
    context: typer.Context,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also read the whole database for damage, and look at the disk.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The judgement and its facts as one JSON line.")] = False,
) -> None:
    """Tell whether the watch is well, with the reasons.

    For container health checks and for people. Exits with 0 when it is; with 1 when no run was completed for too
    long, too many feeds fail, alerts wait for too long or were given up, or the database is missing or cannot be
    read. `[health]` in the configuration says how much is too much. `--deep` also checks that the file is sound, that
    it refers to nothing that is not there, that full-text search knows every entry, and that the disk has room; it
    reads the whole file and hinders nobody.

    \b
    Examples:
      newsward --config my-watch health
      newsward --config my-watch health --deep
      newsward --config my-watch health --json
    """
    settings: Settings = context.obj
    database, options = settings.health()
    judgement = examine(database, options, now(), deep=deep)
    if as_json:
        print_json(judgement.told())
    else:
        tell("\n".join(f"unhealthy: {reason}" for reason in judgement.reasons) or "healthy")
    if judgement.reasons:
        raise typer.Exit(1)
