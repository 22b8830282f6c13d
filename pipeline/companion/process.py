"""How the second process is started: a fork where this one has but one thread, which costs nothing, else a program.

Of a process with threads, a fork may find locks held by nobody.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, NoReturn, Protocol

from pipeline.companion.server import serve

PROGRAM = "from pipeline.companion.server import serve; serve()"
_PIPE = 1 << 20  # bytes; an answer has some millions


class Process(Protocol):
    """What ``subprocess.Popen`` has."""

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def stdin(self) -> IO[bytes] | None:
        """The pipe to it."""

    @property
    def stdout(self) -> IO[bytes] | None:
        """The pipe from it."""

    def kill(self) -> None:
        """Ends it at once."""

    def wait(self) -> int:
        """Waits for its end; its exit code, negative for a signal."""


def threads() -> int:
    """How many this process has, those of libraries too; 0 = the system does not tell."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 0


def program() -> Process:
    """Raises OSError when it cannot be started."""
    try:
        return _started(_PIPE)
    except PermissionError:  # no more room for pipes than a user may have
        return _started(-1)


def _started(pipe: int) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-c", PROGRAM],  # -P: no module of the folder in which we were started
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pipesize=pipe,
        process_group=0,  # what the terminal says is said to us: it ends with its pipes
        env={**os.environ, "PYTHONPATH": path},
    )


class Fork:
    """A copy of this process."""

    def __init__(self) -> None:
        """Raises OSError when there can be none."""
        theirs, ours = _pipe(), _pipe()
        self.pid = os.fork()
        if not self.pid:
            _live_as_fork(theirs[0], ours[1])
        os.close(theirs[0])
        os.close(ours[1])
        self.stdin: IO[bytes] | None = os.fdopen(theirs[1], "wb")
        self.stdout: IO[bytes] | None = os.fdopen(ours[0], "rb")
        self._waiting = Lock()
        self._code: int | None = None

    def kill(self) -> None:
        """Ends it at once."""
        if self._code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Waits for its end; its exit code, negative for a signal, 0 where it is not kept (SIGCHLD is ignored)."""
        with self._waiting:
            if self._code is None:
                try:
                    self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                except ChildProcessError:
                    self._code = 0
            return self._code


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    with suppress(OSError, AttributeError):  # only some systems can, and not beyond what a user may have
        fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, _PIPE)
    return ends


def _live_as_fork(requests: int, answers: int) -> NoReturn:
    """What the copy does. It has inherited a database, locks, and what is not printed yet: it lets go of the files, so
    that locks end with us, and ends without tidying up.
    """
    try:
        os.setpgid(0, 0)  # what the terminal says is said to us
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        files = (requests, answers, os.open(os.devnull, os.O_RDWR))
        # Away from the places that they shall take: whoever started us may have left those free.
        for place, number in enumerate([fcntl.fcntl(file, fcntl.F_DUPFD, 3) for file in files]):
            os.dup2(number, place)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        serve()
    finally:
        os._exit(1)
