"""The tables through the versions: each change a named step, applied once and never edited afterwards."""

from __future__ import annotations

from contextlib import suppress
from importlib.resources import files
from sqlite3 import OperationalError, complete_statement

from sqlite_utils import Database, Migrations

from pipeline.errors import DatabaseNewer, StoreError
from pipeline.store.connection import temporary_files, transaction


def m001_tables(database: Database) -> None:
    """Companies, feeds, entries, hits, stories, the outbox and the history of runs."""
    _run_file(database, "m001_tables.sql")


def m002_search(database: Database) -> None:
    """Full-text search over the entries."""
    _run_file(database, "m002_search.sql")


def m003_views(database: Database) -> None:
    """The views that people read."""
    _run_file(database, "m003_views.sql")


def m004_heartbeat(database: Database) -> None:
    """The sign of life that `newsward health` asks for."""
    _run_file(database, "m004_heartbeat.sql")


def m005_upkeep(database: Database) -> None:
    """What pruning must know: when it was last done, and which entries are old."""
    _run_file(database, "m005_upkeep.sql")


def m006_answers(database: Database) -> None:
    """Views with more in them, and indexes for what people ask by time."""
    _run_file(database, "m006_answers.sql")


def m007_manners(database: Database) -> None:
    """Moves, gaps and pleas for rest: what good manners must remember."""
    _run_file(database, "m007_manners.sql")


def m008_pauses(database: Database) -> None:
    """Feeds that a person lets rest, and views that say why something may have been missed."""
    _run_file(database, "m008_pauses.sql")


def m009_sources(database: Database) -> None:
    """Lists that name feeds, and the pages of entries."""
    _run_file(database, "m009_sources.sql")


def m010_stories(database: Database) -> None:
    """What stories are known by at length, which of them were made one, and indexes that go with their window."""
    _run_file(database, "m010_stories.sql")


def m011_alerts(database: Database) -> None:
    """Digests that alerts wait for and are folded into, and which channels are left alone."""
    _run_file(database, "m011_alerts.sql")


def m012_checks(database: Database) -> None:
    """Entries are checked at a lower price; where SQLite was built to refuse that, they are checked as before."""
    _rewrite_schema(database, "m012_checks.sql")


def m013_parameters(database: Database) -> None:
    """What was learned of the parameters in the addresses of each host."""
    _run_file(database, "m013_parameters.sql")


def m014_rivals(database: Database) -> None:
    """The company that a hit was weighed against."""
    _run_file(database, "m014_rivals.sql")


def m015_terms(database: Database) -> None:
    """The terms of a story in one row, found by the story alone."""
    _run_file(database, "m015_terms.sql")


def m016_fresh(database: Database) -> None:
    """Sketches that wait to be posted many at a time; hits and placements are checked at a lower price."""
    _run_file(database, "m016_fresh.sql")
    _rewrite_schema(database, "m016_checks.sql")


STEPS = (
    m001_tables,
    m002_search,
    m003_views,
    m004_heartbeat,
    m005_upkeep,
    m006_answers,
    m007_manners,
    m008_pauses,
    m009_sources,
    m010_stories,
    m011_alerts,
    m012_checks,
    m013_parameters,
    m014_rivals,
    m015_terms,
    m016_fresh,
)

migrations = Migrations("newsward")
for _step in STEPS:
    migrations()(_step)


def _run_file(database: Database, name: str) -> None:
    """The file's statements, each ending with its line; sqlite3's own executescript would commit before them."""
    statement = ""
    for line in files("pipeline.store").joinpath(name).read_text(encoding="utf-8").splitlines(keepends=True):
        statement += line
        if complete_statement(statement):
            database.execute(statement)
            statement = ""


def _rewrite_schema(database: Database, name: str) -> None:
    """The file's statements, which change the text of tables; nothing where SQLite was built to refuse that."""
    (version,) = database.execute("PRAGMA schema_version").fetchone()
    database.execute("PRAGMA writable_schema = ON")
    try:
        with suppress(OperationalError):
            _run_file(database, name)
            database.execute(f"PRAGMA schema_version = {version + 1}")
    finally:
        database.execute("PRAGMA writable_schema = RESET")


def is_current(database: Database, path: str) -> bool:
    """True when the database is of this version. Raises DatabaseNewer, or StoreError for another program's file."""
    with transaction(database.conn, "DEFERRED"):
        return _is_current(database, path)


def migrate(database: Database, path: str) -> None:
    """Bring the database to this version; raises as ``is_current`` does."""
    # The lock comes before the look: of two processes that open a new file, one migrates and the other finds it done.
    with temporary_files(database.conn, path), transaction(database.conn):
        if not _is_current(database, path):
            migrations.apply(database)


def _is_current(database: Database, path: str) -> bool:
    ours = {step.__name__ for step in STEPS}
    applied = {step.name for step in migrations.applied(database)}
    if applied - ours:
        raise DatabaseNewer(
            f"{path}: written by a later version of Newsward, whose step {max(applied - ours)} this one does not know "
            "(install that version again, or restore a backup made before the upgrade)"
        )
    if not applied and database.table_names():
        raise StoreError(f"{path}: a SQLite database of another program (name another file for Newsward's)")
    return applied == ours
