"""A connection to the database file: opened, checked, configured, and its errors said in words."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from pipeline.errors import DatabaseBusy, DatabaseDamaged, DataRefused, StoreError

OLDEST_SQLITE = (3, 37, 0)  # STRICT tables
_PAUSE = 0.02  # seconds between two tries to switch to WAL
_PAGES = ("page_count", "freelist_count", "page_size")
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_REFUSED = {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG}
_DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_CLOSED = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_READ_ONLY = (
    f"user {os.geteuid()} must be able to write in its directory, where SQLite makes files even to read (mount it "
    "writable; [store] database in newsward.toml names the place; who only reads can take a copy by `newsward backup`)"
)
_NO_ROOM = 1 << 16  # bytes
_WORDS = {
    sqlite3.SQLITE_READONLY: "cannot be written (check the permissions of the file and of its directory)",
    sqlite3.SQLITE_CANTOPEN: (
        f"cannot be opened (user {os.geteuid()} must be able to write in its folder; [store] database in newsward.toml "
        "names the place)"
    ),
    sqlite3.SQLITE_PERM: "cannot be opened (check its permissions)",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database (name another file, or move this one away)",
    sqlite3.SQLITE_CORRUPT: "is damaged (`newsward restore BACKUP` puts a backup in its place)",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full (nothing was lost; free some space and run again)",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error (check the disk and the mount)",
}


def check_version(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Raises StoreError when the SQLite library is older than the tables need."""
    if version < OLDEST_SQLITE:
        have, need = (".".join(map(str, numbers)) for numbers in (version, OLDEST_SQLITE))
        raise StoreError(f"SQLite {have} is too old: {need} or later is needed (install a newer Python or SQLite)")


class said_in_words:  # noqa: N801 (it is written as what it does; a generator takes four times as long)
    """Errors of SQLite inside come out as StoreError, DatabaseBusy or DataRefused, naming the file and what to do."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> Any:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error):
            raise _said(self._path, error) from error


def _said(path: str, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return DatabaseBusy(f"{path}: another program is writing (wait for it, or raise busy_timeout in [store])")
    if code in _REFUSED or _is_about_a_value(error):
        return DataRefused(f"{path}: these data cannot be stored: {error}")
    kind = DatabaseDamaged if code in _DAMAGED else StoreError
    return kind(f"{path}: {_in_words(path, code) or f'SQLite says: {error}'}")


def _in_words(path: str, code: int) -> str:
    """What the code means, looked at where the file lies; "" = nothing that we foresaw."""
    folder = Path(path).absolute().parent
    if code in _CLOSED and folder.is_dir() and not os.access(folder, os.W_OK):
        return _READ_ONLY
    if code == sqlite3.SQLITE_IOERR and _is_full(folder):
        code = sqlite3.SQLITE_FULL  # what SQLite says when the file that it shares with others cannot grow
    return _WORDS.get(code, "")


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _NO_ROOM
    except OSError:
        return False


def _is_about_a_value(error: sqlite3.Error) -> bool:
    """Raised by Python's binding before SQLite saw the value, and so without a code."""
    return isinstance(error, sqlite3.DataError | sqlite3.InterfaceError) or "binding parameter" in str(error)


@contextmanager
def refusing(path: str) -> Iterator[None]:
    """Values inside that no column can hold come out as DataRefused.

    Matchers and sources are open to others: NaN is no JSON, a hit may come without a mention.
    """
    try:
        yield
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
        raise DataRefused(f"{path}: these data cannot be stored: {type(error).__name__}: {error}") from error


_PART = ("SAVEPOINT part", "RELEASE part", ("ROLLBACK TO part", "RELEASE part"))


@contextmanager
def transaction(connection: sqlite3.Connection, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Iterator[None]:
    """All or nothing. IMMEDIATE takes the write lock at once: what is read inside is still true when it is written.

    Inside another transaction it is a part of it, and still all or nothing.
    """
    begin, commit, back = _PART if connection.in_transaction else (f"BEGIN {kind}", "COMMIT", ("ROLLBACK",))
    connection.execute(begin)
    try:
        yield
        connection.execute(commit)
    except BaseException:
        for step in back if connection.in_transaction else ():  # a full disk ends it by itself
            connection.execute(step)
        raise


def connect(path: Path | str, *, busy_timeout: timedelta, create: bool) -> sqlite3.Connection:
    """An open connection in autocommit mode that has changed nothing yet; raises sqlite3.Error."""
    address = (
        ":memory:" if str(path) == ":memory:" else f"{Path(path).absolute().as_uri()}?mode=rw{'c' if create else ''}"
    )
    connection = sqlite3.connect(address, timeout=busy_timeout.total_seconds(), isolation_level=None, uri=True)
    connection.row_factory = sqlite3.Row
    return connection


def configure(connection: sqlite3.Connection, busy_timeout: timedelta) -> None:
    """WAL and the settings that the other modules count on; raises sqlite3.Error."""
    _switch_to_wal(connection, busy_timeout.total_seconds())
    connection.execute("PRAGMA synchronous = NORMAL")  # with WAL, a power cut may cost the last commits, never the file
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")  # a read-only root has nowhere else to put temporary files
    connection.execute("PRAGMA journal_size_limit = 67108864")  # 64 MiB: a WAL that one long reader made grow shrinks
    # 16 MiB, four times the usual: keys and postings fall all over the file, and a page that several turns change is
    # then copied back once.
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute("PRAGMA cache_size = -32000")  # KiB; keys and postings are looked up all over the file


@contextmanager
def patience(connection: sqlite3.Connection, busy_timeout: timedelta) -> Iterator[None]:
    """Inside, another program is waited for as long as this."""
    (before,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout.total_seconds() * 1000)}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {before}")


def vacuum(connection: sqlite3.Connection, path: str) -> None:
    """Writes the file anew without its gaps. Raises StoreError when the disk has no room for it."""
    folder = Path(path).absolute().parent
    # A copy of what is there is made beside the file, and comes back through the WAL.
    pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _PAGES)
    need, room = 2 * (pages - free) * size, shutil.disk_usage(folder).free
    if need > room:
        raise StoreError(
            f"{path}: giving space back needs {need >> 20} MiB of free disk for a while, there are {room >> 20}"
        )
    with temporary_files(connection, path):
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def temporary_files(connection: sqlite3.Connection, path: str) -> Iterator[None]:
    """Inside, SQLite sorts and copies in files beside the database: what it works on may be larger than the memory, and
    a read-only root has no other place for them. Not to be entered within a transaction.
    """
    folder = "" if path == ":memory:" else str(Path(path).absolute().parent)
    connection.execute("PRAGMA temp_store = FILE")
    connection.execute("PRAGMA temp_store_directory = '{}'".format(folder.replace("'", "''")))
    try:
        yield
    finally:
        connection.execute("PRAGMA temp_store_directory = ''")
        connection.execute("PRAGMA temp_store = MEMORY")


def _switch_to_wal(connection: sqlite3.Connection, seconds: float) -> None:
    """SQLite does not wait when two connections switch a new file to WAL at once, so we do."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return
