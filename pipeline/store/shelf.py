"""Files beside the database that can be made anew at any time: what was worked out once need not be again."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

_KEPT = 3  # of the newest; a change that is taken back is not worked out twice


class Shelf:
    """A folder of such files. Without room or rights for it everything works, only slower."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def beside(cls, database: Path) -> Shelf:
        """The shelf of a database."""
        return cls(database.with_name(f"{database.name}.cache"))

    def get(self, name: str) -> bytes | None:
        """What was put there; None if nothing was, or if it cannot be read."""
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    def put(self, name: str, content: bytes) -> None:
        """Keeps it, whole or not at all, and of what was put before only the newest."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with NamedTemporaryFile(dir=self._folder, prefix="new-", delete=False) as file:
                try:
                    file.write(content)
                    file.flush()
                    os.replace(file.name, self._folder / name)
                except OSError:
                    os.unlink(file.name)
                    raise
            self._forget_old()

    def _forget_old(self) -> None:
        by_age = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in by_age[_KEPT:]:
            path.unlink()
