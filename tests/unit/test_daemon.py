"""The daemon's ticks, one at a time, over real feeds and a real database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from structlog.testing import capture_logs

from pipeline.config import load
from pipeline.daemon import Daemon, _mind_the_clock, _scheduler
from pipeline.store import RunLock
from tests.builders_run import MORNING, ask, serve_seeds, write_config
from tests.feed_server import FeedServer


@dataclass
class Clock:
    """Stands until it is moved."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now


@dataclass
class House:
    """A daemon over the sample, not yet opened, and what it works on."""

    daemon: Daemon
    clock: Clock
    directory: Path

    @property
    def database(self) -> Path:
        return self.directory / "newsward.db"

    def runs(self) -> int:
        (row,) = ask(self.database, "SELECT count(*) FROM runs")
        return int(str(row[0]))

    def beat(self) -> object:
        return ask(self.database, "SELECT beat_at FROM heartbeat")[0][0]

    def tick(self) -> list[Mapping[str, Any]]:
        """What a tick logs."""
        with capture_logs() as logs:
            self.daemon.tick()
        return logs


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with FeedServer(host="0.0.0.0") as server:
        clock = Clock()
        directory = write_config(tmp_path, serve_seeds(server))
        daemon = Daemon(load(directory, {}), lambda: load(directory, {}), clock)
        yield House(daemon, clock, directory)
        daemon.close()


@pytest.fixture
def rested(house: House) -> House:
    """All feeds have been polled, and no feed is due for some minutes."""
    house.daemon.tick()
    return house


def test_the_first_tick_polls_all_and_tells_of_the_run_in_one_line(house: House) -> None:
    told = [line for line in house.tick() if line["event"] == "run_completed"]

    assert [(line["log_level"], line["due"], line["failed"]) for line in told] == [("info", 12, 0)]
    assert house.runs() == 1


def test_an_idle_tick_leaves_no_run_and_says_nothing(rested: House) -> None:
    rested.clock.now += timedelta(seconds=15)

    logs = rested.tick()

    assert rested.runs() == 1
    assert [line for line in logs if line["log_level"] != "debug"] == []


def test_idle_ticks_give_a_sign_of_life_once_a_minute(rested: House) -> None:
    beats = []
    for _ in range(9):
        rested.clock.now += timedelta(seconds=15)
        rested.tick()
        beats.append(rested.beat())

    assert sorted(set(beats)) == ["2026-03-05T06:00:15Z", "2026-03-05T06:01:15Z", "2026-03-05T06:02:15Z"]


def test_a_clock_set_back_does_not_end_the_signs_of_life(rested: House) -> None:
    rested.clock.now += timedelta(minutes=3)
    rested.tick()
    rested.clock.now -= timedelta(minutes=2)

    rested.tick()

    assert rested.beat() == "2026-03-05T06:01:00Z"


def test_a_run_of_another_process_costs_the_tick_and_is_no_news(house: House) -> None:
    house.daemon.open()
    with RunLock(house.directory, wait=False):
        logs = house.tick()

    assert [(line["log_level"], line["event"]) for line in logs] == [("debug", "tick_skipped")]
    assert house.runs() == 0
    house.tick()
    assert house.runs() == 1


def test_a_database_in_trouble_is_told_and_the_next_tick_tries_again(house: House) -> None:
    stages = house.daemon.open()
    stages.store.database.execute("PRAGMA query_only = ON")

    logs = house.tick()

    assert [(line["log_level"], line["event"]) for line in logs] == [("error", "tick_failed")]
    assert "cannot be written" in logs[0]["reason"]
    house.tick()
    assert house.runs() == 1


def test_a_database_held_by_another_program_is_told_and_kept_open(house: House) -> None:
    stages = house.daemon.open()
    stages.store.database.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(house.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    logs = house.tick()
    other.close()

    assert [(line["log_level"], line["event"]) for line in logs] == [("error", "tick_failed")]
    assert house.daemon.open() is stages


def test_a_database_taken_away_is_told_until_it_is_put_back_and_no_new_one_is_made(rested: House) -> None:
    away = rested.directory / "away"
    away.mkdir()
    for path in rested.directory.glob("newsward.db*"):
        path.rename(away / path.name)
    rested.clock.now += timedelta(hours=13)
    logs = [*rested.tick(), *rested.tick()]
    assert not rested.database.exists()
    for path in away.iterdir():
        path.rename(rested.directory / path.name)

    rested.tick()

    assert [line["event"] for line in logs] == ["tick_failed", "tick_failed"]
    assert "the database is gone" in logs[0]["reason"]
    assert rested.runs() == 2


def test_a_backup_put_in_its_place_is_written_to_from_the_next_tick(rested: House) -> None:
    backup = rested.directory / "backup.db"
    with closing(sqlite3.connect(rested.database)) as source, closing(sqlite3.connect(backup)) as copy:
        source.backup(copy)
    for path in rested.directory.glob("newsward.db*"):
        path.unlink()
    backup.rename(rested.database)
    rested.clock.now += timedelta(hours=13)

    logs = rested.tick()

    assert ("warning", "database_replaced") in [(line["log_level"], line["event"]) for line in logs]
    assert rested.runs() == 2


def test_a_tick_after_the_word_to_stop_does_nothing(house: House) -> None:
    house.daemon.stop.set()

    house.tick()

    assert not house.database.exists()


def test_a_faulty_new_configuration_is_told_and_the_old_one_stays(rested: House) -> None:
    before = rested.daemon.config
    (rested.directory / "newsward.toml").write_text("[store]\ndatabse = 'newsward.db'\n", encoding="utf-8")

    with capture_logs() as logs:
        rested.daemon.reload()

    assert [(line["log_level"], line["event"]) for line in logs] == [("error", "configuration_refused")]
    assert "databse" in logs[0]["reason"]
    assert rested.daemon.config is before
    rested.clock.now += timedelta(hours=13)
    rested.tick()
    assert rested.runs() == 2


def test_a_configuration_whose_database_cannot_be_opened_is_refused_too(rested: House) -> None:
    before = rested.daemon.open()
    (rested.directory / "newsward.toml").write_text("[store]\ndatabase = 'companies.toml'\n", encoding="utf-8")

    with capture_logs() as logs:
        rested.daemon.reload()

    assert "is not a SQLite database" in logs[0]["reason"]
    assert rested.daemon.open() is before


def test_a_new_configuration_is_at_work_from_the_next_tick(rested: House) -> None:
    feeds = rested.directory / "feeds.toml"
    feeds.write_text(feeds.read_text(encoding="utf-8").partition("\n\n")[0], encoding="utf-8")

    with capture_logs() as logs:
        rested.daemon.reload()
    rested.clock.now += timedelta(hours=13)
    rested.tick()

    assert [(line["event"], line["feeds"]) for line in logs] == [("configuration_loaded", 1)]
    assert ask(rested.database, "SELECT feeds, due FROM runs ORDER BY id DESC LIMIT 1") == [(1, 1)]


@pytest.fixture
def schedule(house: House) -> Iterator[BackgroundScheduler]:
    """The daemon's schedule with its worker unused, since it is paused."""
    with ThreadPoolExecutor(1) as worker:
        scheduler = _scheduler(house.daemon, worker)
        scheduler.start(paused=True)
        yield scheduler
        scheduler.shutdown()


def test_the_tick_is_one_job_that_never_piles_up_and_never_misses(schedule: BackgroundScheduler) -> None:
    (job,) = schedule.get_jobs()

    assert (job.coalesce, job.max_instances, job.misfire_grace_time) == (True, 1, None)
    assert job.trigger.interval == timedelta(seconds=15)
    assert job.next_run_time <= datetime.now(UTC)


def test_a_clock_set_back_does_not_put_off_the_next_tick(house: House, schedule: BackgroundScheduler) -> None:
    (job,) = schedule.get_jobs()
    job.modify(next_run_time=datetime.now(UTC) + timedelta(hours=1))

    with capture_logs() as logs:
        _mind_the_clock(house.daemon, schedule)

    assert [line["event"] for line in logs] == ["clock_set_back"]
    assert job.next_run_time <= datetime.now(UTC)


def test_a_tick_in_its_time_is_left_there(house: House, schedule: BackgroundScheduler) -> None:
    (job,) = schedule.get_jobs()
    soon = datetime.now(UTC) + timedelta(seconds=14)
    job.modify(next_run_time=soon)

    _mind_the_clock(house.daemon, schedule)

    assert job.next_run_time == soon
