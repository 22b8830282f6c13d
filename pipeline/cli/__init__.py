"""The ``newsward`` command: typer commands, nothing else."""

import gc

# Before anything else is loaded: looking for rings among modules, which last, took a tenth of the start.
gc.set_threshold(20_000, 20, 20)

from pipeline.cli.start import command, main  # noqa: E402 - see above

__all__ = ["command", "main"]
