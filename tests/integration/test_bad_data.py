"""A disk that is full, a directory that is read-only, a database that is locked or newer, a clock that jumps.

Each through the command line: the words, the exit code, that the database is unharmed, and that the next run completes.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.app import open_stages
from pipeline.config import load
from pipeline.errors import StoreError
from pipeline.run import run_once
from pipeline.store import RunLock, Store
from tests.builders_alert import Receiver, receiver
from tests.builders_cli import Outcome, newsward
from tests.builders_run import IN_ORDER, MORNING, ask, remembered, serve_seeds, write_config
from tests.feed_server import FeedServer

ANY_AGE = 'max_age = "36500 days"'  # the sample's news are of March 2026 and the clock is the real one here
DAY = timedelta(days=1)


@dataclass
class House:
    """The sample's feeds, a configuration that polls them, the receiver of its alerts."""

    config: Path
    database: Path
    inbox: Receiver
    server: FeedServer
    urls: dict[str, str] = field(default_factory=dict)

    def do(self, *arguments: object) -> Outcome:
        return newsward("--config", self.config, *arguments)

    def keys(self) -> Counter[str]:
        return Counter(request.headers["idempotency-key"] for request in self.inbox.requests)

    def is_sound(self) -> bool:
        with closing(sqlite3.connect(self.database)) as connection:
            return [
                connection.execute("PRAGMA integrity_check").fetchall(),
                connection.execute("PRAGMA foreign_key_check").fetchall(),
            ] == [[("ok",)], []]

    def lies_at(self, database: Path, **store: str) -> None:
        """Names another database in the configuration, with further options of [store]."""
        self.database = database
        main = self.config / "newsward.toml"
        options = "".join(f"\n{key} = {value}" for key, value in store.items())
        text = main.read_text(encoding="utf-8")
        main.write_text(text.replace('database = "newsward.db"', f'database = "{database}"{options}'), encoding="utf-8")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with FeedServer(host="0.0.0.0") as server, receiver() as inbox:
        urls = serve_seeds(server)
        config = write_config(tmp_path / "config", urls, webhook=inbox.url, alert=ANY_AGE, fetch=IN_ORDER)
        yield House(config, config / "newsward.db", inbox, server, urls)


@pytest.fixture
def expected(house: House, tmp_path: Path) -> dict[str, list[tuple[object, ...]]]:
    """What an undisturbed run comes to; it has sent its alerts to another receiver."""
    with receiver() as other:
        calm = write_config(tmp_path / "calm", house.urls, webhook=other.url, alert=ANY_AGE, fetch=IN_ORDER)
        assert newsward("--config", calm, "run").code == 0
    return remembered(calm / "newsward.db")


@contextmanager
def disk(place: Path, size: str) -> Iterator[Path]:
    """A small disk of its own; skips where mounting is not allowed."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", place], check=True)


@contextmanager
def read_only(directory: Path) -> Iterator[None]:
    """Root writes whatever the permissions say, so for root the directory becomes a read-only mount of itself."""
    if os.geteuid():
        directory.chmod(0o555)
        try:
            yield
        finally:
            directory.chmod(0o755)
        return
    done = subprocess.run(["mount", "--bind", directory, directory], check=False, capture_output=True)
    if done.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        remount(directory, "bind,ro")
        yield
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


# --------------------------------------------------------------------------- the disk is full


@pytest.mark.parametrize("size", ["512k", "768k", "1m", "1280k"])
def test_a_run_on_a_full_disk_says_so_and_the_next_one_loses_nothing(
    house: House, expected: dict[str, list[tuple[object, ...]]], tmp_path: Path, size: str
) -> None:
    with disk(tmp_path / "disk", size) as place:
        house.lies_at(place / "newsward.db")

        outcome = house.do("run")

        words = "cannot grow: the disk is full (nothing was lost; free some space and run again)"
        assert outcome.code == 1
        assert outcome.err.splitlines()[-1] == f"newsward: {house.database}: {words}"
        assert "Traceback" not in outcome.err
        remount(place, "size=50m")
        assert house.is_sound()

        after = house.do("run")
        assert after.code == 0, after.err
        let_leases_end(house.database)
        assert house.do("run").code == 0

        assert remembered(house.database) == expected
        assert house.is_sound()
    assert set(house.keys()) == {str(row[0]) for row in expected["alerts"]}
    assert set(house.keys().values()) == {1}


def let_leases_end(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alerts SET leased_until = '2026-03-05T06:00:00Z' WHERE leased_until IS NOT NULL")


def test_a_file_that_may_not_grow_is_told_and_the_next_run_loses_nothing(
    house: House, expected: dict[str, list[tuple[object, ...]]]
) -> None:
    """The form of the above for where mounting is not allowed."""
    config = load(house.config, {})
    with open_stages(config, MORNING) as stages:
        (pages,) = stages.store.database.execute("PRAGMA page_count").fetchone()
        stages.store.database.execute(f"PRAGMA max_page_count = {pages + 60}")
        with pytest.raises(StoreError, match="the disk is full"):
            run_once(stages, MORNING)

    assert house.is_sound()
    assert house.do("run").code == 0
    assert house.do("feeds", "poll", "--force").code == 0
    assert remembered(house.database) == expected
    assert set(house.keys().values()) == {1}


def test_a_backup_onto_a_full_disk_leaves_no_half_file(house: House, tmp_path: Path) -> None:
    house.do("run")
    before = remembered(house.database)
    with disk(tmp_path / "disk", "200k") as place:
        outcome = house.do("backup", place)

        assert list(place.iterdir()) == []

    assert outcome.code == 1
    assert "cannot grow: the disk is full" in outcome.err
    assert f"newsward: {place}/newsward-" in outcome.err
    assert remembered(house.database) == before


def test_a_restore_onto_a_full_disk_leaves_the_database_as_it_was(house: House, tmp_path: Path) -> None:
    house.do("run")
    assert house.do("backup", tmp_path / "copy.db").code == 0
    size = (tmp_path / "copy.db").stat().st_size
    for room in (0.5, 1.5, 2.5):  # for the copy beside it, for the one that is kept, and for the WAL
        with disk(tmp_path / f"disk{room}", str(int(size * (1 + room)))) as place:
            shutil.copy(tmp_path / "copy.db", place / "newsward.db")
            Store.open(place / "newsward.db").close()
            house.lies_at(place / "newsward.db")
            before = remembered(house.database)

            outcome = house.do("restore", tmp_path / "copy.db")

            assert outcome.code == 1, room
            assert "the disk is full" in outcome.err
            assert remembered(house.database) == before
            assert house.is_sound()
            assert list(place.glob(".newsward-*")) == []
        main = house.config / "newsward.toml"
        main.write_text(main.read_text().replace(str(house.database), "newsward.db"), encoding="utf-8")


def test_space_is_not_given_back_where_there_is_no_room_to_do_it(house: House, tmp_path: Path) -> None:
    house.do("run")
    with disk(tmp_path / "disk", "1500k") as place:
        with Store.open(house.database) as store:
            store.checkpoint()
        shutil.copy(house.database, place / "newsward.db")
        house.lies_at(place / "newsward.db")

        outcome = house.do("prune", "--vacuum")

        assert outcome.code == 1
        assert "giving space back needs" in outcome.err
        assert house.is_sound()


def test_little_room_is_told_by_the_deep_look_only(house: House, tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "20m") as place:
        house.lies_at(place / "newsward.db")
        house.do("run")

        shallow, deep = house.do("health"), house.do("health", "--deep")

    assert (shallow.code, shallow.out) == (0, "healthy\n")
    assert deep.code == 1
    assert deep.out.startswith("unhealthy: the disk has ")
    assert deep.out.endswith(
        " MB free, fewer than 200 (free some, or newsward prune --vacuum while there is still room)\n"
    )


# --------------------------------------------------------------------------- the directory is read-only


def test_a_read_only_directory_is_told_by_each_command_and_the_next_run_loses_nothing(
    house: House, expected: dict[str, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    house.lies_at(folder / "newsward.db")
    Store.open(house.database).close()
    (folder / "newsward.lock").touch()
    with read_only(folder):
        run, health = house.do("run"), house.do("health")
        hits, backup = house.do("hits", "list"), house.do("backup", tmp_path / "copy.db")
        in_place = house.do("backup")
        assert not (tmp_path / "copy.db").exists()

    database = house.database
    closed = (
        f"user {os.geteuid()} must be able to write in its directory, where SQLite makes files even to read (mount it "
        "writable; [store] database in newsward.toml names the place; who only reads can take a copy by "
        "`newsward backup`)"
    )
    lock = f"{folder}/newsward.lock: the lock cannot be made: "
    assert run.code == health.code == hits.code == backup.code == in_place.code == 1
    assert run.err.startswith(f"newsward: {lock}")
    who = f"user {os.geteuid()} must be able to write in the folder of the database"
    assert run.err.endswith(f"({who}; [store] database in newsward.toml names the place)\n")
    assert health.out == f"unhealthy: {database}: {closed}\n"
    assert hits.err == f"newsward: {database}: {closed}\n"
    assert backup.err == f"newsward: {database}: {closed}\n"
    assert in_place.err.startswith(f"newsward: {folder}/backups/newsward-")
    assert "cannot be made" in in_place.err
    assert house.do("run").code == 0
    assert remembered(database) == expected
    assert set(house.keys().values()) == {1}


# --------------------------------------------------------------------------- locked, newer, two at once

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Another process is in the middle of writing."""
    command = [sys.executable, "-c", HOLD, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin
        assert other.stdout
        other.stdout.readline()
        try:
            yield
        finally:
            other.stdin.close()


def test_a_locked_database_is_waited_for_and_told_and_the_next_run_loses_nothing(
    house: House, expected: dict[str, list[tuple[object, ...]]]
) -> None:
    house.lies_at(house.database, busy_timeout='"0.2 seconds"')
    Store.open(house.database).close()
    with held(house.database):
        run, prune = house.do("run"), house.do("prune")
        health, backup = house.do("health"), house.do("backup", house.config / "copy.db")

    words = "another program is writing (wait for it, or raise busy_timeout in [store])"
    assert (run.code, run.err) == (1, f"newsward: {house.database}: {words}\n")
    assert (prune.code, prune.err) == (1, f"newsward: {house.database}: {words}\n")
    assert health.out.startswith("unhealthy: no run has begun yet")
    assert backup.code == 0
    assert house.do("run").code == 0
    assert remembered(house.database) == expected
    assert house.is_sound()
    assert set(house.keys().values()) == {1}


def test_a_database_of_a_later_version_is_refused_and_not_changed_by_a_byte(house: House) -> None:
    Store.open(house.database).close()
    with closing(sqlite3.connect(house.database)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('newsward', 'm999_later', '')"
        )
    before = house.database.read_bytes()

    commands = (("run",), ("daemon",), ("prune",), ("hits", "list"), ("backup",), ("health",), ("alerts", "list"))
    outcomes = [house.do(*command) for command in commands]

    words = (
        f"{house.database}: written by a later version of Newsward, whose step m999_later this one does not know "
        "(install that version again, or restore a backup made before the upgrade)\n"
    )
    assert [outcome.code for outcome in outcomes] == [1] * 7
    assert [outcome.err or outcome.out for outcome in outcomes] == [
        f"unhealthy: {words}" if command == ("health",) else f"newsward: {words}" for command in commands
    ]
    assert house.database.read_bytes() == before


def test_of_two_runs_at_once_the_second_leaves_with_a_note_and_does_no_harm(
    house: House, expected: dict[str, list[tuple[object, ...]]]
) -> None:
    with RunLock(house.database.parent, wait=False):
        outcome = house.do("run")

    lock = f"{house.database.parent}/newsward.lock"
    words = f"newsward: {lock}: another run is going on (process {os.getpid()}); nothing to do\n"
    assert (outcome.code, outcome.err) == (0, words)
    assert not house.database.exists()
    assert house.do("run").code == 0
    assert remembered(house.database) == expected


def test_a_damaged_database_is_told_and_a_backup_brings_it_back(house: House) -> None:
    house.do("run")
    house.do("backup", house.config / "copy.db")
    before = remembered(house.database)
    with house.database.open("r+b") as file:
        file.truncate(4096 * 20)

    deep, restored = house.do("health", "--deep"), house.do("restore", house.config / "copy.db")

    assert deep.code == 1
    assert "is damaged" in deep.out
    assert restored.code == 0, restored.err
    assert remembered(house.database) == before
    assert house.do("run").code == 0


# --------------------------------------------------------------------------- the clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The command line's clock: its last moment."""
    moments = [MORNING]
    for module in ("operate", "keep", "live"):
        monkeypatch.setattr(f"pipeline.cli.{module}.now", lambda: moments[-1])
    return moments


def test_a_clock_set_back_starves_no_feed_and_loses_and_doubles_no_alert(house: House, clock: list[datetime]) -> None:
    first = house.do("run", "--json").lines[0]
    before = remembered(house.database)
    clock.append(MORNING - 2 * DAY)
    back, again = house.do("run", "--json").lines[0], house.do("run", "--json").lines[0]
    health = house.do("health")
    turns = ask(house.database, "SELECT min(next_poll_at), max(next_poll_at) FROM feeds")[0]
    clock.append(MORNING + timedelta(hours=13))
    forward = house.do("run", "--json").lines[0]

    assert [line["due"] for line in (first, back, again, forward)] == [12, 12, 0, 12]
    assert (health.code, health.out) == (0, "healthy\n")
    assert "2026-03-03T06:00:00Z" < str(turns[0]) <= str(turns[1]) < "2026-03-04T06:00:00Z"
    assert remembered(house.database) == before
    assert set(house.keys().values()) == {1}
    assert len(house.keys()) == len(before["alerts"]) > 50


def test_a_clock_a_year_ahead_for_one_run_forgets_nothing_and_stops_nothing(
    house: House, clock: list[datetime]
) -> None:
    house.do("run")
    before = remembered(house.database)
    clock.append(MORNING + 365 * DAY)
    ahead, by_hand = house.do("run", "--json").lines[0], house.do("prune", "--json").lines[0]
    clock.append(MORNING + timedelta(hours=1))
    back = house.do("run", "--json").lines[0]

    assert (ahead["due"], back["due"]) == (12, 12)
    assert (by_hand["removed"]["entries"], by_hand["as_of"]) == (0, "2026-03-07T06:00:00Z")
    assert remembered(house.database) == before
    assert ask(house.database, "SELECT count(*) FROM fetches") == [(36,)]
    assert set(house.keys().values()) == {1}
