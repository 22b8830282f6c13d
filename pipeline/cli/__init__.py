"""The ``newsward`` command: typer commands, nothing else."""

from __future__ import annotations

import gc
import sys

import typer

from pipeline.cli import (
    alerts,
    companies,
    correcting,
    evaluate,
    feeds,
    keep,
    lists,
    live,
    match,
    operate,
    parameters,
    report,
    setup,
    show,
    streams,
    tending,
    trials,
)
from pipeline.cli.output import unicode_streams
from pipeline.cli.root import app
from pipeline.errors import ConfigError, InputError, NewswardError
from pipeline.observe import redact_text, telling_uncaught

for _module in (setup, operate, live, report, keep, show, match, streams):
    _module.add_commands(app)
correcting.add_commands(show.stories)
trials.add_commands(feeds.app)
tending.add_commands(feeds.app)
lists.add_commands(feeds.app)
parameters.add_commands(feeds.app)
app.add_typer(feeds.app, name="feeds")
app.add_typer(companies.app, name="companies")
app.add_typer(show.hits, name="hits")
app.add_typer(show.stories, name="stories")
app.add_typer(alerts.app, name="alerts")
app.add_typer(evaluate.app, name="eval")


def main() -> None:
    """Run the command line; exits with 0 (done), 1 (failed) or 2 (bad usage, input or configuration)."""
    unicode_streams()
    # Modules last as long as the process, and what travels through a run is frozen and refers to nothing that refers
    # to it: looking for rings among all of it took a twentieth of a poll.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    try:
        with telling_uncaught():
            app()
    except (NewswardError, OSError) as error:
        typer.echo(f"newsward: {redact_text(str(error))}", err=True)
        sys.exit(2 if isinstance(error, (ConfigError, InputError)) else 1)


__all__ = ["app", "main"]
