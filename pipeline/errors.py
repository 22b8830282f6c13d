"""The exceptions that are raised on purpose.

    NewswardError
    ├── ConfigError          bad configuration or bad usage: exit code 2
    ├── StoreError           the database cannot be used as asked
    │   ├── DatabaseBusy     another program holds it
    │   ├── DatabaseNewer    it was written by a later version
    │   ├── DatabaseDamaged  its file is no sound database
    │   └── DataRefused      these values cannot be stored; others can
    ├── AlreadyRunning       another run holds the lock
    ├── CannotListen         the address of the metrics cannot be had
    └── InputError           a file or line handed to a command cannot be read

A failure that is foreseen in normal work (a feed that does not answer, a webhook that refuses) is a value
in ``model.py`` and not an exception. Messages say what happened, where, and what to do.
"""

from __future__ import annotations


class NewswardError(Exception):
    """Root of all that the product raises on purpose; the message is for the person who must act."""


class ConfigError(NewswardError):
    """The configuration (or a command's arguments) cannot be used."""

    def __init__(self, message: str, *, where: str = "", remedy: str = "") -> None:
        self.message, self.where, self.remedy = message, where, remedy
        super().__init__(": ".join(part for part in (where, message) if part) + (f" ({remedy})" if remedy else ""))


class StoreError(NewswardError):
    """The database cannot be opened, read or written."""


class DatabaseBusy(StoreError):
    """Another program has been writing for longer than the busy timeout."""


class DatabaseNewer(StoreError):
    """The database knows migrations that this version does not."""


class DatabaseDamaged(StoreError):
    """The file is no SQLite database, or not a sound one."""


class DataRefused(StoreError):
    """Values that break a rule of the tables or cannot be written: nothing of their batch was stored."""


class AlreadyRunning(NewswardError):
    """Another run holds the lock of this data directory."""


class CannotListen(NewswardError):
    """Another program listens there, or we may not: it is the machine's state, and no fault in the configuration."""


class InputError(NewswardError):
    """An input file or line cannot be understood."""
