"""One run at a time, and one daemon: locks of the kernel on files in the data directory."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.errors import AlreadyRunning, StoreError

FILE_NAME = "newsward.lock"
_HOLDER = re.compile(r"(\d+)(?: ([\w.-]+))?")
_held: set[int] = set()


class RunLock:
    """Held inside a ``with`` block. The kernel frees it when the process ends, however it ends.

    The file stays and means nothing by its presence; the process and host in it are for people. Raises AlreadyRunning
    when another process holds the lock and ``wait`` is false, StoreError when the file cannot be made.
    """

    _file_name, _holds = FILE_NAME, "another run is going on"

    def __init__(self, directory: Path | str, *, wait: bool) -> None:
        self.path = Path(directory) / self._file_name
        self._wait = wait
        self._file = -1

    def __enter__(self) -> Self:
        self._file = _open(self.path)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | (0 if self._wait else fcntl.LOCK_NB))
        except BaseException as error:
            os.close(self._file)
            if isinstance(error, BlockingIOError):
                raise AlreadyRunning(f"{self.path}: {self._holds}{_holder(self.path)}") from None
            raise
        _held.add(self._file)
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()} {os.uname().nodename}\n".encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _held.discard(self._file)
        os.close(self._file)


class DaemonLock(RunLock):
    """The same, held by a daemon as long as it goes on; runs do not ask for it."""

    _file_name, _holds = "newsward.daemon", "another daemon is going on"


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(
            f"{path}: the lock cannot be made: {error.strerror} (user {os.geteuid()} must be able to write in the "
            "folder of the database; [store] database in newsward.toml names the place)"
        ) from error


def _holder(path: Path) -> str:
    """Who seems to hold the lock, for the message only; containers on one volume are hosts of their own."""
    found = _HOLDER.fullmatch(path.read_text(encoding="ascii", errors="replace").strip())
    if not found:
        return ""
    number, host = found.groups()
    return f" (process {number}{f' on {host}' if host and host != os.uname().nodename else ''})"


def _let_go() -> None:
    """A forked worker shares the file, and would keep the lock alive when its parent is killed."""
    while _held:
        os.close(_held.pop())


os.register_at_fork(after_in_child=_let_go)
