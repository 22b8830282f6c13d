"""The ``newsward`` command: typer commands, nothing else."""

import gc
import signal
import sys

# Before anything else is loaded: looking for rings among modules, which last, took a tenth of the start.
gc.disable()
# There is nothing to reload yet, and left alone the signal would end us; the daemon hears it once it is at work.
if "daemon" in sys.argv[1:]:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

from pipeline.cli.start import command, main  # noqa: E402 - see above

gc.freeze()
# What a turn of two hundred hits works with is some 10,000 objects with a hundred references each, and goes by itself
# when it is over.
gc.set_threshold(100_000, 20, 20)
gc.enable()

__all__ = ["command", "main"]
