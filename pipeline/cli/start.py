"""Where the command line begins and ends."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

import typer

from pipeline.cli.commands import arranged, with_commands
from pipeline.cli.leaving import leave, obey_as_first_process
from pipeline.cli.output import unicode_streams
from pipeline.errors import ConfigError, InputError, NewswardError
from pipeline.observe import redact_text, telling_uncaught


def command() -> NoReturn:
    """``main`` as a process: it ends with the command, whatever threads still wait for a server."""
    code: object = 0
    obey_as_first_process()
    try:
        main()
    except SystemExit as end:
        code = end.code
    leave(code if isinstance(code, int) else int(code is not None))


def main() -> None:
    """Run the command line; exits with 0 (done), 1 (failed) or 2 (bad usage, input or configuration)."""
    unicode_streams()
    # Modules last as long as the process, and what travels through a run is frozen and refers to nothing that refers
    # to it: looking for rings among all of it took a twentieth of a poll.
    gc.freeze()
    try:
        with telling_uncaught():
            arguments = arranged(sys.argv[1:])
            with_commands(arguments)(arguments)
    except (NewswardError, OSError) as error:
        typer.echo(f"newsward: {redact_text(str(error))}", err=True)
        sys.exit(2 if isinstance(error, (ConfigError, InputError)) else 1)
