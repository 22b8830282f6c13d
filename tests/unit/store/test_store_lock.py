"""One run at a time, and a killed one does not stand in the way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import AlreadyRunning, StoreError
from pipeline.store import RunLock

HOLD = """
import sys, time
from pipeline.store import RunLock
with RunLock(sys.argv[1], wait=False):
    print("held", flush=True)
    time.sleep(60)
"""
HOLD_WITH_WORKER = """
import os, sys, time
from pipeline.store import RunLock
with RunLock(sys.argv[1], wait=False):
    if not os.fork():
        print(os.getpid(), flush=True)
    time.sleep(60)
"""


def holder(script: str, directory: Path) -> tuple[subprocess.Popen[str], str]:
    """A process that holds the lock, and the line it printed."""
    child = subprocess.Popen([sys.executable, "-c", script, directory], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    return child, child.stdout.readline().strip()


def end(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert child.stdout
    child.stdout.close()


def test_a_second_run_is_told_who_is_running(tmp_path: Path) -> None:
    with RunLock(tmp_path, wait=False), pytest.raises(AlreadyRunning, match=rf"going on \(process {os.getpid()}\)"):
        RunLock(tmp_path, wait=False).__enter__()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("1 other-container", r"going on \(process 1 on other-container\)"),
        ("1", r"\(process 1\)"),
        ("a b c", "going on$"),
    ],
)
def test_a_run_in_another_container_is_told_with_its_host(tmp_path: Path, written: str, told: str) -> None:
    with RunLock(tmp_path, wait=False) as held:
        held.path.write_text(written)
        with pytest.raises(AlreadyRunning, match=told):
            RunLock(tmp_path, wait=False).__enter__()


def test_the_lock_is_free_after_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        with RunLock(tmp_path / "made", wait=False) as lock:
            assert lock.path.exists()


def test_the_lock_is_free_after_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), RunLock(tmp_path, wait=False):
        raise ZeroDivisionError

    with RunLock(tmp_path, wait=False):
        pass


def test_a_killed_run_frees_the_lock(tmp_path: Path) -> None:
    child, _ = holder(HOLD, tmp_path)
    with pytest.raises(AlreadyRunning):
        RunLock(tmp_path, wait=False).__enter__()
    end(child)

    with RunLock(tmp_path, wait=False):
        pass


def test_a_worker_that_outlives_its_killed_run_does_not_hold_the_lock(tmp_path: Path) -> None:
    child, worker = holder(HOLD_WITH_WORKER, tmp_path)
    end(child)

    try:
        with RunLock(tmp_path, wait=False):
            os.kill(int(worker), 0)
    finally:
        os.kill(int(worker), signal.SIGKILL)


def test_waiting_takes_the_lock_when_it_is_freed(tmp_path: Path) -> None:
    child, _ = holder(HOLD.replace("time.sleep(60)", "time.sleep(0.1)"), tmp_path)

    with RunLock(tmp_path, wait=True):
        assert child.wait(5) == 0
    assert child.stdout
    child.stdout.close()


def test_a_lock_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreError, match=r"the lock cannot be made: .* \(user \d+ must be able to write"):
        RunLock(tmp_path / "file", wait=False).__enter__()
