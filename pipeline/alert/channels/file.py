"""Alerts at the end of a file, one JSON object a line, for programs that read along."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict, Field

from pipeline.alert.options import LocalPath
from pipeline.model import Alert, SendFailed, SendResult, Sent


class Channel(BaseModel):
    """Appends each alert's payload to a file (JSON Lines). It is never shortened: rotating it is left to you."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: LocalPath = Field(
        description="File to append to, made when it is not there; relative to the configuration's folder. "
        "It may be moved away at any time (logrotate).",
        examples=["alerts.jsonl"],
    )

    def send(self, alert: Alert) -> SendResult:
        """Sent is what stands in the file and has reached the disk. A line that a crash broke is ended first."""
        # ASCII: no line separator of Unicode can end the line early for a reader.
        line = json.dumps(alert.payload, separators=(",", ":")).encode() + b"\n"
        try:
            with self._opened() as file:
                if not _ends_a_line(file):
                    line = b"\n" + line
                _write(file, line)
                os.fsync(file)
        except OSError as error:
            return SendFailed(f"{self.path.name} cannot be written: {error.strerror}")
        return Sent()

    def receiver(self) -> str:
        """The file, by whichever way it is named."""
        return os.path.realpath(self.path)

    def probe(self) -> str:
        """Why it cannot be appended to; nothing is made or written."""
        target = self.path if self.path.exists() else self.path.parent
        if self.path.exists() and not self.path.is_file():
            return f"{self.path.name} is no file"
        if not target.exists():
            return f"there is no folder {target}"
        return "" if os.access(target, os.W_OK) else f"{target} cannot be written"

    def close(self) -> None:
        """It is opened for each alert, so that a rotated file is left at once."""

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The file under a lock, so that two processes do not write into each other's line."""
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


def _ends_a_line(file: int) -> bool:
    size = os.fstat(file).st_size
    return not size or os.pread(file, 1, size - 1) == b"\n"


def _write(file: int, data: bytes) -> None:
    """All of it: a disk that fills up takes a part first."""
    while data:
        data = data[os.write(file, data) :]
