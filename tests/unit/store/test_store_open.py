"""A database is opened, made, or refused in words."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from pipeline.errors import DatabaseBusy, DatabaseNewer, StoreError
from pipeline.store import Store
from pipeline.store.connection import check_version
from tests.builders_store import NOW, WATCHLIST, dump, make_batch, make_entry, open_store


def test_a_new_database_is_made_with_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "data" / "newsward.db"

    with Store.open(path) as store:
        mode = store.database.execute("PRAGMA journal_mode").fetchone()[0]
        keys = store.database.execute("PRAGMA foreign_keys").fetchone()[0]

    assert (mode, keys) == ("wal", 1)
    assert path.exists()


def test_all_our_tables_are_strict() -> None:
    with Store.open(":memory:") as store:
        loose = [table.name for table in store.database.tables if not table.strict]

    assert [name for name in loose if not name.startswith(("entries_fts", "_sqlite"))] == []


def test_a_database_opened_again_holds_what_it_held(tmp_path: Path) -> None:
    with open_store(tmp_path / "newsward.db") as store:
        before = dump(store)

    with Store.open(tmp_path / "newsward.db", create=False) as store:
        assert dump(store) == before


@pytest.mark.parametrize("name", ["with space.db", "per%20cent.db", "question?.db", "hash#.db", "小米.db"])
def test_a_path_is_taken_as_it_is(name: str, tmp_path: Path) -> None:
    Store.open(tmp_path / name).close()

    assert (tmp_path / name).exists()


def test_an_old_sqlite_is_named_with_what_is_needed() -> None:
    with pytest.raises(StoreError, match=r"SQLite 3\.36\.0 is too old: 3\.37\.0 or later"):
        check_version((3, 36, 0))


def test_a_database_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    Store.open(path).close()
    later = Database(path)
    later.table("_sqlite_migrations").insert(
        {"migration_set": "newsward", "name": "m999_later", "applied_at": "2030-01-01"}
    )
    later.close()

    with pytest.raises(DatabaseNewer, match=r"m999_later.*\(install that version again, or restore a backup"):
        Store.open(path)


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE photos (id)")
    other.close()
    before = path.read_bytes()

    with pytest.raises(StoreError, match="another program"):
        Store.open(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    path.write_text("[[company]]\nname = 'not a database, but long enough to look at'\n" * 20)
    before = path.read_bytes()

    with pytest.raises(StoreError, match="is not a SQLite database"):
        Store.open(path)
    assert path.read_bytes() == before


def test_a_missing_database_is_not_made_unasked(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database yet"):
        Store.open(tmp_path / "newsward.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a directory"):
        Store.open(tmp_path)


def test_a_place_where_nothing_can_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreError, match="its directory cannot be made"):
        Store.open(tmp_path / "file" / "newsward.db")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a directory that not even root can write")
def test_an_unwritable_directory_is_told_in_words() -> None:
    with pytest.raises(StoreError, match=r"cannot be opened \(user \d+ must be able to write in its folder; \[store\]"):
        Store.open("/proc/newsward.db")


def test_a_database_locked_by_another_program_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    Store.open(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with (
        Store.open(path, busy_timeout=timedelta(milliseconds=20)) as store,
        pytest.raises(DatabaseBusy, match="another"),
    ):
        store.remember(WATCHLIST, (), NOW)
    other.close()


def test_a_database_that_cannot_be_written_is_told_in_words() -> None:
    with open_store() as store:
        store.database.execute("PRAGMA query_only = ON")

        with pytest.raises(StoreError, match="cannot be written"):
            store.open_run(NOW)


def test_a_full_disk_is_told_in_words_and_loses_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path / "newsward.db") as store:
        store.database.execute("PRAGMA max_page_count = 1")
        before = dump(store)

        long = make_entry(text="no room for so much " * 10_000)
        with pytest.raises(StoreError, match="disk is full"):
            store.commit(make_batch(long), run_id=None, now=NOW)
        assert dump(store) == before


def test_an_unknown_question_is_a_fault_of_the_caller() -> None:
    with open_store() as store, pytest.raises(KeyError):
        store.rows("no_such_question")
