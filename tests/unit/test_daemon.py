"""The daemon's ticks, one at a time, over real feeds and a real database."""

from __future__ import annotations

import importlib
import os
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

from pipeline.config import Config, ConfigFiles, load
from pipeline.daemon import Daemon, _Interval, _mind_the_clock, _scheduler, _tick
from pipeline.errors import DatabaseBusy
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
        daemon = Daemon(load(directory, {}), lambda files: load(directory, {}, files), clock)
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


@pytest.mark.parametrize(
    "jump",
    [timedelta(seconds=10), timedelta(hours=3), timedelta(days=365), timedelta(hours=-3), timedelta(days=-365)],
    ids=str,
)
def test_a_clock_that_jumps_costs_no_feed_its_turn_and_brings_none_a_second_one(rested: House, jump: timedelta) -> None:
    """Within the rhythm of a feed, 12 hours at the most, each is polled again; none twice at one tick."""
    rested.clock.now += jump
    began = rested.clock.now
    logs = rested.tick()
    while rested.clock.now < began + timedelta(hours=14):
        rested.clock.now += timedelta(minutes=10)
        logs += rested.tick()

    polls = ask(rested.database, "SELECT feed_url, count(*) FROM fetches WHERE run_id > 1 GROUP BY feed_url")
    runs = ask(rested.database, "SELECT run_id, count(*), count(DISTINCT feed_url) FROM fetches GROUP BY run_id")
    alerts = ask(rested.database, "SELECT count(*), count(DISTINCT alert_id) FROM deliveries")
    assert len(polls) == 12
    assert [row for row in runs if row[1] != row[2]] == []
    assert alerts[0][0] == alerts[0][1]
    assert len([line for line in logs if line["event"] == "clock_set_back"]) == (jump < timedelta())


def test_a_clock_set_back_by_hours_puts_off_nothing_by_hours(rested: House) -> None:
    rested.clock.now -= timedelta(hours=3)

    first, second = rested.tick(), rested.tick()

    assert [line["due"] for line in first if line["event"] == "run_completed"] == [12]
    assert [line for line in second if line["log_level"] != "debug"] == []
    assert rested.beat() == "2026-03-05T03:00:00Z"


def test_a_clock_corrected_by_seconds_is_no_news(rested: House) -> None:
    rested.clock.now -= timedelta(minutes=4)

    logs = rested.tick()

    assert [line for line in logs if line["log_level"] != "debug"] == []


def test_a_run_of_another_process_costs_the_tick_and_is_no_news(house: House) -> None:
    house.daemon.open()
    with RunLock(house.directory, wait=False):
        logs = house.tick()

    assert [(line["log_level"], line["event"]) for line in logs] == [("debug", "tick_skipped")]
    assert house.runs() == 0
    house.tick()
    assert house.runs() == 1


def test_a_run_of_another_process_that_never_ends_is_told_once(house: House) -> None:
    house.daemon.open()
    told = []
    with RunLock(house.directory, wait=False):
        for _ in range(25):
            told += [line for line in house.tick() if line["log_level"] != "debug"]
            house.clock.now += timedelta(minutes=1)

    assert [(line["log_level"], line["event"]) for line in told] == [("warning", "ticks_skipped")]
    assert f"(process {os.getpid()})" in told[0]["reason"]


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
    assert "databse" in logs[0]["faults"][0]
    assert rested.daemon.config is before
    rested.clock.now += timedelta(hours=13)
    rested.tick()
    assert rested.runs() == 2


def test_a_configuration_whose_database_cannot_be_opened_is_refused_too(rested: House) -> None:
    before = rested.daemon.open()
    (rested.directory / "newsward.toml").write_text("[store]\ndatabase = 'companies.toml'\n", encoding="utf-8")

    with capture_logs() as logs:
        rested.daemon.reload()

    assert "is not a SQLite database" in logs[0]["faults"][0]
    assert rested.daemon.open() is before


def without_all_but_one_feed(house: House) -> None:
    feeds = house.directory / "feeds.toml"
    feeds.write_text(feeds.read_text(encoding="utf-8").partition("\n\n")[0], encoding="utf-8")


def loads(logs: list[Mapping[str, Any]]) -> list[object]:
    return [line["event"] for line in logs if line["event"] in {"configuration_loaded", "configuration_refused"}]


def test_a_changed_file_is_loaded_when_two_looks_in_a_row_find_the_same(rested: House) -> None:
    rested.tick()
    without_all_but_one_feed(rested)

    first, second, third = rested.tick(), rested.tick(), rested.tick()

    assert (loads(first), loads(second), loads(third)) == ([], ["configuration_loaded"], [])
    assert [line["files"] for line in second if line["event"] == "files_changed"] == [
        [str(rested.directory / "feeds.toml")]
    ]
    assert len(rested.daemon.config.feeds) == 1


def test_a_file_that_is_still_being_written_is_waited_for(rested: House) -> None:
    logs = []
    with (rested.directory / "companies.toml").open("a", encoding="utf-8", buffering=1) as file:
        for number in range(4):
            file.write(f'[[company]]\nname = "Globex {number}"\n')
            logs += rested.tick()

    logs += rested.tick()

    assert loads(logs) == ["configuration_loaded"]
    assert rested.daemon.config.watchlist.companies[-1].name == "Globex 3"


def test_a_refused_configuration_is_told_once_and_tried_again_when_a_file_changes(rested: House) -> None:
    main, before = rested.directory / "newsward.toml", rested.daemon.config
    sound = main.read_text(encoding="utf-8")
    main.write_text(sound + "\n[daemn]\n[helth]\n", encoding="utf-8")
    logs = [line for _ in range(5) for line in rested.tick()]
    assert loads(logs) == ["configuration_refused"]
    assert all(word in str(logs) for word in ("daemn", "helth"))
    assert rested.daemon.config is before

    main.write_text(sound + '\n[health]\nmax_age = "2 hours"\n', encoding="utf-8")
    logs = [line for _ in range(3) for line in rested.tick()]

    assert loads(logs) == ["configuration_loaded"]
    assert rested.daemon.config.health.max_age == timedelta(hours=2)


def test_a_file_that_the_refused_configuration_named_is_looked_at_too(rested: House) -> None:
    main = rested.directory / "newsward.toml"
    text = main.read_text(encoding="utf-8")
    main.write_text('companies = ["companies.toml", "more.toml"]\n' + text, encoding="utf-8")
    refused = [line for _ in range(3) for line in rested.tick()]

    (rested.directory / "more.toml").write_text('[[company]]\nname = "Globex"\n', encoding="utf-8")
    loaded = [line for _ in range(3) for line in rested.tick()]

    assert (loads(refused), loads(loaded)) == (["configuration_refused"], ["configuration_loaded"])
    assert rested.daemon.config.watchlist.companies[-1].name == "Globex"


SOURCE = """
from pathlib import Path
from pydantic import BaseModel, ConfigDict

FAULTS = []

class Ours(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def feeds(self):
        if "feeds" in FAULTS:
            raise LookupError("no such list")
        return ()

    def files(self):
        if "files" in FAULTS:
            raise LookupError("no such list")
        return (Path("a list"),)
"""


@pytest.mark.parametrize("fault", ["feeds", "files"])
def test_a_fault_in_a_source_of_others_is_told_and_the_watch_goes_on(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    name = f"source_of_others_{fault}"
    (tmp_path / f"{name}.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with (house.directory / "feeds.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[[source]]\nkind = "{name}:Ours"\n')
    house.daemon.reload()
    importlib.import_module(name).FAULTS.append(fault)
    house.daemon.config.files.note(tmp_path / "new")
    (tmp_path / "new").write_text("", encoding="utf-8")

    logs = [line for _ in range(3) for line in house.tick()]

    told = {"feeds": ["configuration_broke", "configuration_refused"], "files": ["files_not_told"] * 3}[fault]
    assert [line["event"] for line in logs if line["log_level"] == "error"] == told
    assert [line["due"] for line in logs if line["event"] == "run_completed"] == [12]


def test_a_database_that_is_only_busy_does_not_put_off_a_new_configuration_for_good(rested: House) -> None:
    busy = [True]

    def load_slowly(files: ConfigFiles) -> Config:
        config = load(rested.directory, {}, files)
        if busy:
            raise DatabaseBusy("another program is writing")
        return config

    rested.daemon.load = load_slowly
    without_all_but_one_feed(rested)
    refused = [line for _ in range(2) for line in rested.tick()]
    busy.clear()

    loaded = rested.tick()

    assert (loads(refused), loads(loaded)) == (["configuration_refused"], ["configuration_loaded"])


def test_a_new_configuration_is_at_work_from_the_next_tick(rested: House) -> None:
    without_all_but_one_feed(rested)

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

    assert [line["event"] for line in logs] == ["tick_brought_forward"]
    assert job.next_run_time <= datetime.now(UTC)


def test_a_new_rhythm_holds_from_the_tick_that_loaded_it(house: House, schedule: BackgroundScheduler) -> None:
    with (house.directory / "newsward.toml").open("a", encoding="utf-8") as file:
        file.write('\n[daemon]\ntick = "1 minute"\n')

    _tick(house.daemon, schedule)
    _tick(house.daemon, schedule)

    (job,) = schedule.get_jobs()
    assert job.trigger.interval == timedelta(minutes=1)


@pytest.mark.parametrize("late", [timedelta(), timedelta(seconds=14), timedelta(hours=1), timedelta(days=56 * 365)])
def test_the_tick_after_a_jump_is_one_and_soon(late: timedelta) -> None:
    trigger, due = _Interval(timedelta(seconds=15)), datetime(1970, 1, 1, tzinfo=UTC)

    following = trigger.get_next_fire_time(due, due + late)

    assert timedelta() < following - (due + late) <= timedelta(seconds=15)
    assert (following - due) % timedelta(seconds=15) == timedelta()


def test_a_clock_set_back_leaves_the_rhythm_to_go_on_from_the_last_tick() -> None:
    trigger, due = _Interval(timedelta(seconds=15)), datetime(2026, 1, 1, tzinfo=UTC)

    assert trigger.get_next_fire_time(due, due - timedelta(hours=1)) == due + timedelta(seconds=15)


def test_a_tick_in_its_time_is_left_there(house: House, schedule: BackgroundScheduler) -> None:
    (job,) = schedule.get_jobs()
    soon = datetime.now(UTC) + timedelta(seconds=14)
    job.modify(next_run_time=soon)

    _mind_the_clock(house.daemon, schedule)

    assert job.next_run_time == soon
