"""``newsward backup`` and ``newsward restore`` over real files, beside readers, writers and a real daemon."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.config import load
from pipeline.daemon import Daemon
from pipeline.model import Company, Watchlist
from pipeline.store import RunLock, Store
from tests.builders_alert import receiver
from tests.builders_cli import newsward
from tests.builders_run import MORNING, ask, remembered, serve_seeds, write_config
from tests.builders_store import FEED, NOW, dump, example_database, make_batch, make_entry, make_hit, make_placement
from tests.feed_server import FeedServer
from tests.integration.test_daemon import configure, until, watching

AT_SIX = datetime(2026, 11, 26, 6, 0, tzinfo=UTC)
COUNTS = {
    "entries": 5,
    "sightings": 1,
    "fetches": 4,
    "runs": 2,
    "hits": 6,
    "stories": 2,
    "alerts": 2,
    "sent": 1,
    "deliveries": 3,
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A configuration with the example database."""
    write_config(tmp_path, [FEED])
    example_database(tmp_path / "newsward.db")
    return tmp_path


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The command line's clock: its last moment."""
    moments = [AT_SIX]
    monkeypatch.setattr("pipeline.cli.keep.now", lambda: moments[-1])
    return moments


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with Store.open(path, create=False) as store:
        return dump(store)


def add_news(database: Path, label: str = "later") -> None:
    """One more hit, as a run would store it."""
    entry = make_entry(label, title=f"Xiaomi, {label}")
    with Store.open(database) as store:
        store.commit(
            make_batch(
                entry, at=NOW + timedelta(hours=1), hits=(make_hit(entry),), placements=(make_placement(entry),)
            ),
            run_id=None,
            now=NOW + timedelta(hours=1),
        )


# --------------------------------------------------------------------------- backup


def test_a_backup_is_one_verified_file_named_by_the_moment(house: Path, clock: list[datetime]) -> None:
    outcome = newsward("--config", house, "backup", "--json")

    file = house / "backups" / "newsward-20261126T060000Z.db"
    assert outcome.code == 0, outcome.err
    assert outcome.lines == [{"file": str(file), "bytes": file.stat().st_size, **COUNTS, "removed": []}]
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert rows(file) == rows(house / "newsward.db")


def test_it_is_told_in_a_line(house: Path, clock: list[datetime]) -> None:
    outcome = newsward("--config", house, "backup", house / "copy.db")

    assert outcome.out.startswith(f"{house}/copy.db: 0.")
    assert outcome.out.endswith(" MB, verified: 5 entries, 6 hits, 2 stories, 2 alerts (1 sent)\n")


def test_it_can_be_read_where_nothing_can_be_written(house: Path, clock: list[datetime]) -> None:
    newsward("--config", house, "backup")

    file = house / "backups" / "newsward-20261126T060000Z.db"
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT count(*) FROM hit_list").fetchone() == (6,)
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.stat().st_mode & 0o777 == (house / "newsward.db").stat().st_mode & 0o777


def test_nothing_is_overwritten(house: Path, clock: list[datetime]) -> None:
    (house / "copy.db").write_text("precious")

    outcome = newsward("--config", house, "backup", house / "copy.db")

    assert (outcome.code, (house / "copy.db").read_text()) == (1, "precious")
    assert outcome.err == f"newsward: {house}/copy.db: exists already and is not overwritten (name another file)\n"
    assert list(house.glob(".newsward-*")) == []


def test_where_the_disk_has_no_links_nothing_is_overwritten_either(
    house: Path, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As FAT answers; a disk of that kind cannot be had in every place that runs the tests."""

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("pipeline.store.copies.os.link", refuse)
    first, second = (newsward("--config", house, "backup", house / "copy.db") for _ in range(2))

    assert (first.code, second.code) == (0, 1)
    assert "exists already and is not overwritten" in second.err
    assert rows(house / "copy.db") == rows(house / "newsward.db")


def test_keep_leaves_the_newest_of_its_own_naming(house: Path, clock: list[datetime], tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "newsward-notes.db").write_text("not one of ours")
    for day in range(4):
        clock.append(AT_SIX + timedelta(days=day))
        outcome = newsward("--config", house, "backup", folder, "--keep", 2, "--json")

    assert outcome.lines[0]["removed"] == [str(folder / "newsward-20261127T060000Z.db")]
    assert sorted(path.name for path in folder.iterdir()) == [
        "newsward-20261128T060000Z.db",
        "newsward-20261129T060000Z.db",
        "newsward-notes.db",
    ]


def test_keep_never_takes_the_backup_just_made_for_one_of_a_clock_that_was_ahead(
    house: Path, clock: list[datetime]
) -> None:
    for moment in (AT_SIX + timedelta(days=400), AT_SIX, AT_SIX + timedelta(days=1)):
        clock.append(moment)
        outcome = newsward("--config", house, "backup", "--keep", 1)
        assert outcome.code == 0, outcome.err

    assert {path.name for path in (house / "backups").iterdir()} == {
        "newsward-20261127T060000Z.db",
        "newsward-20271231T060000Z.db",
    }


def test_keep_counts_and_removes_files_alone(house: Path, clock: list[datetime]) -> None:
    folder, link = (
        house / "backups" / "newsward-20200101T000000Z.db",
        house / "backups" / "newsward-20200102T000000Z.db",
    )
    folder.mkdir(parents=True)
    link.symlink_to(house / "newsward.db")

    outcome = newsward("--config", house, "backup", "--keep", 1, "--json")

    assert outcome.code == 0, outcome.err
    assert outcome.lines[0]["removed"] == []
    assert folder.is_dir()
    assert link.is_symlink()


def test_backups_of_one_second_bear_numbers_and_the_later_ones_are_kept(house: Path, clock: list[datetime]) -> None:
    for _ in range(11):
        outcome = newsward("--config", house, "backup", "--keep", 3)

    assert outcome.code == 0, outcome.err
    assert {path.name for path in (house / "backups").iterdir()} == {
        "newsward-20261126T060000Z-9.db",
        "newsward-20261126T060000Z-10.db",
        "newsward-20261126T060000Z-11.db",
    }


def test_a_folder_that_is_not_there_is_told_and_not_made(house: Path, tmp_path: Path) -> None:
    folder = tmp_path / "unmounted"

    kept = newsward("--config", house, "backup", folder, "--keep", 2)
    named = newsward("--config", house, "backup", folder / "copy.db")

    message = f"newsward: {folder}: there is no such folder (make it; or is its disk not mounted?)\n"
    assert (kept.code, kept.err) == (named.code, named.err) == (1, message)
    assert not folder.exists()


def test_it_is_of_one_moment_while_another_process_writes(house: Path, clock: list[datetime]) -> None:
    """Each commit of the writer adds an entry with a hit and a story: a torn copy would hold unequal numbers."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from tests.integration.test_backup import add_news\n"
        "for number in range(10_000):\n"
        "    add_news(Path(sys.argv[1]), f'news {number}')\n"
        "    print(number, flush=True)\n"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", script, str(house / "newsward.db"), str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        try:
            writer.stdout.readline()
            made = []
            for second in range(5):
                clock.append(AT_SIX + timedelta(seconds=second))
                outcome = newsward("--config", house, "backup", "--json")
                assert outcome.code == 0, outcome.err
                made.append(outcome.lines[0])
        finally:
            writer.kill()

    assert all(one["hits"] - 5 == one["entries"] - 4 == one["stories"] - 1 > 0 for one in made)
    assert [ask(Path(one["file"]), "SELECT count(*) FROM hits") for one in made] == [[(one["hits"],)] for one in made]


def test_a_damaged_database_gives_no_backup(house: Path, clock: list[datetime]) -> None:
    damage(house / "newsward.db")

    outcome = newsward("--config", house, "backup")

    assert outcome.code == 1
    assert f"{house}/newsward.db: is damaged" in outcome.err
    assert list((house / "backups").iterdir()) == []


def damage(database: Path) -> None:
    """Overwrites pages in the middle, not the first one."""
    with database.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\x00damage" * 4096)


def test_without_a_database_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    write_config(tmp_path, [FEED])

    outcome = newsward("--config", tmp_path, "backup")

    assert outcome.code == 1
    assert "there is no database yet" in outcome.err
    assert not (tmp_path / "backups").exists()


def test_what_a_killed_backup_left_behind_goes_with_a_later_one(house: Path, clock: list[datetime]) -> None:
    folder = house / "backups"
    folder.mkdir()
    (folder / ".newsward-abc.part").write_text("half a copy")
    clock.append(datetime.now(UTC) + timedelta(days=2))

    newsward("--config", house, "backup")

    assert list(folder.glob(".*")) == []


# --------------------------------------------------------------------------- restore


@pytest.fixture
def backup(house: Path, clock: list[datetime]) -> Path:
    """A backup of the example; the database has got one more hit since."""
    newsward("--config", house, "backup")
    add_news(house / "newsward.db")
    clock.append(AT_SIX + timedelta(hours=1))
    return house / "backups" / "newsward-20261126T060000Z.db"


def test_a_restore_brings_back_what_was_and_keeps_what_is(house: Path, backup: Path) -> None:
    then, now = rows(backup), rows(house / "newsward.db")

    outcome = newsward("--config", house, "restore", backup)

    kept = house / "backups" / "newsward-before-restore-20261126T070000Z.db"
    assert outcome.code == 0, outcome.err
    assert outcome.out == (
        "before: 6 entries, 7 hits, 3 stories, 2 alerts (1 sent)\n"
        "after:  5 entries, 6 hits, 2 stories, 2 alerts (1 sent)\n"
    )
    assert f"kept what was there: {kept}\n" in outcome.err
    assert "under the same idempotency key" in outcome.err
    assert (rows(house / "newsward.db"), rows(kept)) == (then, now)


def test_it_tells_the_same_as_json(house: Path, backup: Path) -> None:
    outcome = newsward("--config", house, "restore", backup, "--json")

    (line,) = outcome.lines
    assert (line["before"]["hits"], line["after"], line["moved"]) == (7, COUNTS, [])
    assert line["kept"].endswith("newsward-before-restore-20261126T070000Z.db")


def test_readers_and_writers_that_have_it_open_go_on_with_the_restored_data(house: Path, backup: Path) -> None:
    database = house / "newsward.db"
    with Store.open(database) as writer, closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM hits").fetchone()

        outcome = newsward("--config", house, "restore", backup)

        still = reader.execute("SELECT count(*) FROM hits").fetchone()
        reader.execute("COMMIT")
        after = reader.execute("SELECT count(*) FROM hits").fetchone()
        writer.beat(NOW + timedelta(days=1))

    assert outcome.code == 0, outcome.err
    assert (before, still, after) == ((7,), (7,), (6,))
    assert ask(database, "SELECT beat_at FROM heartbeat") == [("2026-03-03T09:00:00Z",)]
    assert ask(database, "PRAGMA integrity_check") == [("ok",)]


def test_what_is_configured_now_stays_known(house: Path, backup: Path) -> None:
    database = house / "newsward.db"
    new = Company("globex", "Globex")
    entry = make_entry("globex", title="Globex opens a mine")
    with Store.open(database) as daemon:
        daemon.remember(Watchlist((new,)), (), NOW)

        newsward("--config", house, "restore", backup)
        done = daemon.commit(make_batch(entry, hits=(make_hit(entry, "globex"),)), run_id=None, now=NOW)

    assert done.hits == 1
    assert ask(database, "SELECT id, tracked FROM companies ORDER BY id") == [
        ("globex", 1),
        ("microsoft", 0),
        ("siemens", 0),
        ("xiaomi", 0),
    ]


def test_where_there_is_no_database_the_backup_becomes_it(house: Path, backup: Path) -> None:
    database = house / "newsward.db"
    then = rows(backup)
    database.unlink()

    outcome = newsward("--config", house, "restore", backup)

    assert outcome.out.startswith("before: no database that could be read\nafter:  5 entries")
    assert rows(database) == then


def test_a_wal_left_behind_by_a_lost_database_does_not_ruin_it(house: Path, backup: Path) -> None:
    database = house / "newsward.db"
    then = rows(backup)
    with Store.open(database):
        add_news(database, "only in the WAL")
        wal = (house / "newsward.db-wal").read_bytes()
    database.unlink()
    (house / "newsward.db-wal").write_bytes(wal)

    outcome = newsward("--config", house, "restore", backup)

    assert (outcome.code, len(wal) > 0) == (0, True)
    assert "moved aside" in outcome.err
    assert rows(database) == then


@pytest.mark.parametrize("how", ["pages overwritten", "no database"])
def test_a_damaged_database_is_moved_aside(house: Path, backup: Path, how: str) -> None:
    database = house / "newsward.db"
    then = rows(backup)
    if how == "no database":
        database.write_text("no database, but long enough to be looked at" * 100)
    else:
        damage(database)
    ruin = database.read_bytes()

    outcome = newsward("--config", house, "restore", backup)

    assert outcome.code == 0, outcome.err
    assert (house / "newsward.db.damaged-20261126T070000Z").read_bytes() == ruin
    assert rows(database) == then


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("newer", "written by a later version of Newsward, whose step m999_later"),
        ("foreign", "a SQLite database of another program"),
        ("empty", "is empty: no database of Newsward's"),
        ("text", "is damaged, or no backup (take another one; nothing was changed)"),
        ("damaged", "is damaged"),
        ("missing", "there is no such file"),
        ("itself", "is the database itself"),
    ],
)
def test_what_is_no_sound_backup_of_ours_is_refused_and_changes_nothing(
    house: Path, backup: Path, tmp_path: Path, what: str, words: str
) -> None:
    file = tmp_path / "given.db"
    database = house / "newsward.db"
    if what == "newer":
        file.write_bytes(backup.read_bytes())
        later = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('newsward', 'm999_later', '')"
        change(file, later)
    elif what == "foreign":
        change(file, "CREATE TABLE photos (id)")
    elif what == "empty":
        file.touch()
    elif what == "text":
        file.write_text("no database, but long enough to be looked at" * 100)
    elif what == "damaged":
        file.write_bytes(backup.read_bytes())
        damage(file)
    elif what == "itself":
        file = database
    before = database.read_bytes()

    outcome = newsward("--config", house, "restore", file)

    assert outcome.code == 1
    assert words in outcome.err
    assert str(file) in outcome.err
    assert database.read_bytes() == before
    assert [path.name for path in (house / "backups").iterdir()] == [backup.name]


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql)


def test_a_backup_of_other_page_size_is_taken_too(house: Path, backup: Path) -> None:
    then = rows(backup)
    with closing(sqlite3.connect(backup, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("VACUUM")

    outcome = newsward("--config", house, "restore", backup)

    assert outcome.code == 0, outcome.err
    assert rows(house / "newsward.db") == then


def test_while_a_run_is_going_on_it_leaves_or_waits(house: Path, backup: Path) -> None:
    lock = RunLock(house, wait=False)
    lock.__enter__()
    refused = newsward("--config", house, "restore", backup)
    pruning = newsward("--config", house, "prune")
    timer = threading.Timer(0.3, lambda: lock.__exit__(None, None, None))
    timer.start()

    waited = newsward("--config", house, "restore", backup, "--wait")
    timer.join()

    assert (refused.code, waited.code, pruning.code) == (1, 0, 1)
    assert "another run is going on" in refused.err
    assert "another run is going on" in pruning.err


# --------------------------------------------------------------------------- a daemon meanwhile


def test_a_daemon_goes_on_with_the_restored_data(tmp_path: Path) -> None:
    with FeedServer(host="0.0.0.0") as server:
        urls = serve_seeds(server)
        now = MORNING
        config = write_config(tmp_path, urls)
        daemon = Daemon(load(config, {}), lambda: load(config, {}), lambda: now)
        daemon.tick()
        newsward("--config", config, "backup", tmp_path / "morning.db")
        morning = remembered(tmp_path / "newsward.db")
        serve_seeds(server, "later")
        now = MORNING + timedelta(hours=13)
        daemon.tick()
        later = remembered(tmp_path / "newsward.db")

        restored = newsward("--config", config, "restore", tmp_path / "morning.db")
        back = remembered(tmp_path / "newsward.db")
        daemon.tick()
        daemon.close()

    assert restored.code == 0, restored.err
    assert back == morning
    assert len(later["hits"]) > len(morning["hits"])
    assert remembered(tmp_path / "newsward.db") == later


def test_a_daemon_process_polls_on_and_repeats_alerts_under_their_key_only(tmp_path: Path) -> None:
    with FeedServer(host="0.0.0.0") as server, receiver() as inbox:
        database = tmp_path / "watch.db"
        config = configure(tmp_path / "config", serve_seeds(server), inbox, database)
        with watching(config) as watch:
            until(lambda: watch.logs("run_completed"))
            made = newsward("--config", config, "backup", tmp_path / "copy.db", "--json")
            change(
                tmp_path / "copy.db", "UPDATE alerts SET state = 'pending', next_attempt_at = '2026-03-05T06:00:00Z'"
            )
            keys = {request.headers["idempotency-key"] for request in inbox.requests}
            sent = len(inbox.requests)
            restored = newsward("--config", config, "restore", tmp_path / "copy.db", "--wait")
            until(lambda: len(inbox.requests) == 2 * sent)
            until(lambda: len(watch.logs("run_completed")) == 2)
            code, _ = watch.end()

    assert (made.code, restored.code, code) == (0, 0, 0), restored.err
    assert [line for line in watch.logs() if line["level"] == "error"] == []
    assert {request.headers["idempotency-key"] for request in inbox.requests} == keys
    assert ask(database, "SELECT count(*) FROM alerts WHERE state = 'sent'") == [(sent,)]
    assert ask(database, "PRAGMA integrity_check") == [("ok",)]
    assert sorted(path.name for path in tmp_path.glob("watch.db*")) == ["watch.db"]
