"""The files that a load of the configuration read, and whether they have changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

Stamp = tuple[int, int, int, int]
Stamps = dict[Path, Stamp | None]


@dataclass(slots=True)
class ConfigFiles:
    """What was read, each file as it was found just before it was read; links are followed.

    Filled by a load, whatever comes of it: a configuration that was refused is mended in one of these files.
    """

    read: Stamps = field(default_factory=dict)
    lists: list[Callable[[], Iterable[Path]]] = field(default_factory=list)
    _last: Stamps = field(default_factory=dict)

    def note(self, path: Path) -> None:
        """This file is about to be read."""
        self.read.setdefault(path, _stamp(path))

    def note_all(self, files: Callable[[], Iterable[Path]]) -> None:
        """What this tells is about to be read; it is asked again at each look, since files come and go."""
        for path in files():
            self.note(path)
        self.lists.append(files)

    def changed(self) -> tuple[Path, ...]:
        """The files that are not what was read; none as long as they are not as they were at the last look.

        An editor, or a copy of many files, may be half way: two looks in a row must find the same.
        """
        now = self._look()
        is_settled, self._last = now == self._last, now
        if not is_settled:
            return ()
        return tuple(path for path in self.read.keys() | now.keys() if self.read.get(path) != now.get(path))

    def _look(self) -> Stamps:
        listed = (path for files in self.lists for path in files())
        return {path: _stamp(path) for path in (*self.read, *listed)}


def _stamp(path: Path) -> Stamp | None:
    """What tells one state of a file from another; None = there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev
