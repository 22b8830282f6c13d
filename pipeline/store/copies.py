"""Backups and the way back: consistent copies made while others write, kept only when they were verified."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from pipeline.errors import DatabaseDamaged, DatabaseNewer, StoreError
from pipeline.store.checkup import faults
from pipeline.store.connection import configure, connect, said_in_words, transaction
from pipeline.store.migrations import is_current, migrate
from pipeline.store.queries import QUERIES

_OURS = re.compile(r"(newsward-\d{8}T\d{6}Z)(?:-(\d+))?\.db")
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
_PAGES = 2000  # copied between two reports of progress
_LEFT_BEHIND = timedelta(days=1)  # after which an unfinished copy is that of a process that was killed
_BESIDE = ("", "-wal", "-shm", "-journal")  # what belongs to a database file

Watch = Callable[[int, int], object]
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Backup:
    """A verified copy: a single file that can be read in a directory that cannot be written."""

    file: Path
    bytes: int
    counts: Counts  # rows of each table that people count
    removed: tuple[Path, ...] = ()  # older ones that made room


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore put in the place of what."""

    before: Counts | None  # None = there was no database, or it could not be read
    after: Counts
    kept: Path | None = None  # the copy of what was there
    moved: tuple[Path, ...] = ()  # what was there and could not be read, now under these names


def backup_folder(database: Path) -> Path:
    """Where backups go when nobody says otherwise."""
    return database.parent / "backups"


def free_name(folder: Path, now: datetime) -> Path:
    """The file of a backup in a folder, named by the moment; a second one of that second bears a number."""
    stem = f"newsward-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    last = max((number for name, number in map(_age, _ours(folder)) if name == stem), default=0)
    return folder / (f"{stem}-{last + 1}.db" if last else f"{stem}.db")


def backup(
    database: Path, target: Path, *, busy_timeout: timedelta, keep: int | None = None, now: datetime, watch: Watch
) -> Backup:
    """Copies the database as it is at one moment into the file ``target``, while others may write, and verifies it.

    The database is not changed, and not brought to this version either. The copy comes under its name when it is whole
    and sound, or not at all; a file that is there already is never overwritten. With ``keep``, of the backups that are
    named by ``free_name`` in that folder the oldest go until so many are left, this one among them; what bears a later
    name was made while the clock was ahead, and is neither counted nor removed.
    Raises DatabaseDamaged, DatabaseNewer, or StoreError when the copy cannot be written.
    """
    if not database.exists():
        raise StoreError(f"{database}: there is no database yet (`newsward run` makes one)")
    with _staged(target, database, now) as staged:
        with _opened(database, busy_timeout) as source:
            _known(source, database)
            counts = _copied(source, staged, target, watch)
        _verify(staged, told_as=database)
        size = staged.stat().st_size
        _publish(staged, target)
    return Backup(target, size, counts, () if keep is None else _thinned(target, keep))


def restore(file: Path, database: Path, *, busy_timeout: timedelta, now: datetime, watch: Watch) -> Restored:
    """Puts the contents of a backup in the place of the database's, also while other programs have it open.

    For whoever holds the run lock. What is there is kept as a verified copy in ``backup_folder`` first; when it is too
    damaged for that, it is moved aside. Companies and feeds known now stay known, so that a daemon goes on with them.
    Raises DatabaseDamaged or DatabaseNewer when the backup cannot be used, StoreError when it cannot be put in place:
    the database is then as it was.
    """
    if not file.is_file():
        raise StoreError(f"{file}: there is no such file (name a file that `newsward backup` made)")
    if database.exists() and file.samefile(database):
        raise StoreError(f"{file}: is the database itself (name a backup of it)")
    with _staged(database, database, now) as staged:
        try:
            with _read(file) as source:
                _known(source, file)
                _copied(source, staged, file, watch)
            _verify(staged, told_as=file)
        except DatabaseDamaged as error:
            raise DatabaseDamaged(
                f"{file}: is damaged, or no backup (take another one; nothing was changed)"
            ) from error
        with _opened(staged, busy_timeout) as connection, said_in_words(str(file)):
            _bring_up(connection, file)
        before, kept, moved = _put_away(database, now, busy_timeout)
        if database.exists():
            _pour(staged, database, busy_timeout, watch)
        else:
            _sync(staged)
            os.rename(staged, database)
            _sync_folder(database.parent)
    with _opened(database, busy_timeout) as connection, said_in_words(str(database)):
        after = _counted(connection)
    return Restored(before, after, kept, moved)


# --------------------------------------------------------------------------- copying


@contextmanager
def _staged(target: Path, database: Path, now: datetime) -> Iterator[Path]:
    """A new file beside the target, as open to others as the database; gone at the end unless it was given a name."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep_up(target.parent, now)
        number, name = tempfile.mkstemp(prefix=".newsward-", suffix=".part", dir=target.parent)
    except OSError as error:
        raise StoreError(f"{target}: cannot be made: {error.strerror} (name another place)") from error
    with suppress(OSError):  # not every file system knows permissions
        os.fchmod(number, _mode(database))
    os.close(number)
    try:
        yield Path(name)
    finally:
        for end in _BESIDE:
            Path(f"{name}{end}").unlink(missing_ok=True)


def _mode(database: Path) -> int:
    try:
        return database.stat().st_mode & 0o666
    except FileNotFoundError:
        return 0o644


def _sweep_up(folder: Path, now: datetime) -> None:
    for part in folder.glob(".newsward-*.part*"):
        with suppress(OSError):
            if now.timestamp() - part.stat().st_mtime > _LEFT_BEHIND.total_seconds():
                part.unlink()


@contextmanager
def _opened(path: Path, busy_timeout: timedelta) -> Iterator[sqlite3.Connection]:
    with said_in_words(str(path)):
        connection = connect(path, busy_timeout=busy_timeout, create=False)
    with closing(connection):
        yield connection


@contextmanager
def _read(path: Path) -> Iterator[sqlite3.Connection]:
    """A file that is only read; without a WAL beside it nobody writes to it, and no file need be made beside it."""
    how = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    with said_in_words(str(path)):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", isolation_level=None, uri=True)
        connection.row_factory = sqlite3.Row
    with closing(connection):
        yield connection


def _copied(source: sqlite3.Connection, staged: Path, told_as: Path, watch: Watch) -> Counts:
    """Copies what the source holds at this moment; says how many rows that are."""
    with said_in_words(str(told_as)), closing(sqlite3.connect(staged, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = OFF")  # a copy that fails is thrown away
        copy.execute("PRAGMA synchronous = OFF")
        with transaction(source, "DEFERRED"):
            counts = _counted(source)  # reading holds the moment: later commits of others are not in the copy
            _transfer(source, copy, watch)
    with said_in_words(str(told_as)), closing(sqlite3.connect(staged, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
    return counts


def _transfer(source: sqlite3.Connection, target: sqlite3.Connection, watch: Watch) -> None:
    source.backup(target, pages=_PAGES, progress=lambda status, left, total: watch(total - left, total))


def _verify(staged: Path, *, told_as: Path) -> None:
    with _read(staged) as connection, said_in_words(str(told_as)):
        found = faults(connection)
    if found:
        raise DatabaseDamaged(f"{told_as}: is damaged: {found[0]} (restore a backup made before)")


def _known(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether it is of this version. Raises DatabaseNewer, or StoreError for what is no database of ours."""
    with said_in_words(str(path)):
        database = Database(connection, execute_plugins=False)
        if not database.table_names():
            raise StoreError(f"{path}: is empty: no database of Newsward's")
        return is_current(database, str(path))


def _counted(connection: sqlite3.Connection) -> Counts:
    return dict(zip(*_row(connection.execute(QUERIES["table_counts"])), strict=True))


def _row(cursor: sqlite3.Cursor) -> tuple[tuple[str, ...], tuple[int, ...]]:
    return tuple(column[0] for column in cursor.description), tuple(cursor.fetchone())


def _publish(staged: Path, target: Path) -> None:
    """Gives the copy its name, for good."""
    try:
        _sync(staged)
        _name(staged, target)
    except FileExistsError:
        raise StoreError(f"{target}: exists already and is not overwritten (name another file)") from None
    except OSError as error:
        raise StoreError(f"{target}: cannot be made: {error.strerror} (name another place)") from error
    _sync_folder(target.parent)


def _name(staged: Path, target: Path) -> None:
    """A link fails where a rename would overwrite what is there; FAT and some network disks have no links."""
    try:
        os.link(staged, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if target.exists():
            raise FileExistsError from error
        os.rename(staged, target)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not every file system can
        _sync(folder)


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _thinned(made: Path, keep: int) -> tuple[Path, ...]:
    """Removes the oldest backups of our naming until ``keep`` are left up to the one just made."""
    files = [path for path in _ours(made.parent) if path.is_file() and not path.is_symlink()]
    ours = sorted((path for path in files if _age(path) <= _age(made)), key=_age)
    for path in ours[:-keep]:
        try:
            path.unlink(missing_ok=True)  # another backup may thin the same folder
        except OSError as error:
            raise StoreError(f"{path}: cannot be removed: {error.strerror} (the new backup is {made})") from error
    return tuple(ours[:-keep])


def _ours(folder: Path) -> list[Path]:
    return [path for path in folder.glob("newsward-*") if _OURS.fullmatch(path.name)]


def _age(path: Path) -> tuple[str, int]:
    named = _OURS.fullmatch(path.name)
    assert named
    return named[1], int(named[2] or 1)


# --------------------------------------------------------------------------- the way back


def _bring_up(connection: sqlite3.Connection, file: Path) -> None:
    database = Database(connection, execute_plugins=False)
    connection.execute("PRAGMA foreign_keys = ON")
    if not is_current(database, str(file)):
        migrate(database, str(file))


def _put_away(
    database: Path, now: datetime, busy_timeout: timedelta
) -> tuple[Counts | None, Path | None, tuple[Path, ...]]:
    """Keeps a copy of the database that is there; moves aside what cannot be copied."""
    kept = backup_folder(database) / f"newsward-before-restore-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.db"
    if not database.exists() or not database.stat().st_size:
        return None, None, _moved_aside(database, now)
    try:
        with _staged(kept, database, now) as staged:
            with _opened(database, busy_timeout) as source:
                with suppress(DatabaseNewer):  # whoever goes back to an older version restores its backup
                    _known(source, database)
                counts = _copied(source, staged, database, lambda done, total: None)
            _verify(staged, told_as=database)
            _publish(staged, kept)
    except DatabaseDamaged:
        return None, None, _moved_aside(database, now)
    return counts, kept, ()


def _moved_aside(database: Path, now: datetime) -> tuple[Path, ...]:
    """The database's files under other names. A WAL that was left behind would be played into the restored file."""
    moved = []
    for end in _BESIDE:
        path = Path(f"{database}{end}")
        if path.exists():
            moved.append(path.rename(f"{database}.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}{end}"))
    return tuple(moved)


def _pour(staged: Path, database: Path, busy_timeout: timedelta, watch: Watch) -> None:
    """Replaces the contents of the database in one transaction of its own: whoever has it open sees all or nothing.

    Renaming a file into its place would leave others with the old file open, and its WAL beside the new one.
    """
    with _opened(database, busy_timeout) as live, said_in_words(str(database)):
        configure(live, busy_timeout)
        live.execute("PRAGMA synchronous = FULL")
        with _opened(staged, busy_timeout) as source:
            _carry_over(live, source, database)
            _fit_pages(source, live)
            with transaction(source, "DEFERRED"):
                source.execute("SELECT 1 FROM feeds LIMIT 1")
                _transfer(source, live, watch)
        live.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _carry_over(live: sqlite3.Connection, source: sqlite3.Connection, database: Path) -> None:
    """What is configured now is known in the restored data too: hits of a company that is not could not be stored."""
    with suppress(DatabaseNewer):
        _known(live, database)
        with transaction(source):
            for table in ("companies", "feeds"):
                rows = [dict(row) for row in live.execute(f"SELECT * FROM {table}")]  # noqa: S608  # one of two words
                source.executemany(QUERIES[f"{table}_carry"], rows)


def _fit_pages(source: sqlite3.Connection, live: sqlite3.Connection) -> None:
    """SQLite does not copy into a WAL database of another page size."""
    ours, theirs = (one.execute("PRAGMA page_size").fetchone()[0] for one in (source, live))
    if ours != theirs:
        source.execute(f"PRAGMA page_size = {theirs}")
        source.execute("VACUUM")
