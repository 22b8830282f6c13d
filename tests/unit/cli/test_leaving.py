"""How a command ends while threads of it still wait for a server."""

from __future__ import annotations

import subprocess
import sys

WAITING = """
import threading, time
from pipeline.cli import start
threading.Thread(target=time.sleep, args=(60,)).start()
print("said", end="")
def main(): {end}
start.main = main
start.command()
"""


def ended(end: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", WAITING.format(end=end)], capture_output=True, text=True, timeout=40, check=False
    )
    return done.returncode, done.stdout


def test_a_command_that_is_done_waits_for_no_thread() -> None:
    assert ended("pass") == (0, "said")


def test_one_that_failed_keeps_its_code() -> None:
    assert ended("raise SystemExit(2)") == (2, "said")
