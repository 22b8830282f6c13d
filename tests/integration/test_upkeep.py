"""The daily upkeep after real runs: what goes, what stays, and that what is still told never comes back as news."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pipeline.app import open_stages
from pipeline.config import Config, load
from pipeline.daemon import Daemon
from pipeline.maintenance import LONGEST, keep_house
from pipeline.run import run_once
from pipeline.store import Store
from tests.builders_cli import newsward
from tests.builders_run import MORNING, ask, write_config
from tests.feed_server import FeedServer, Reply

DAY = timedelta(days=1)
ITEM = "<item><guid isPermaLink='false'>{0}</guid><title>{0}</title><description>Words of {0}.</description></item>"
HIT = "Xiaomi opens a factory"


def document(titles: Sequence[str]) -> bytes:
    """A feed without a single date."""
    items = "".join(ITEM.format(title) for title in titles)
    return f"<rss version='2.0'><channel><title>Undated</title>{items}</channel></rss>".encode()


class Watch:
    """One undated feed and a configuration that forgets after a week."""

    def __init__(self, server: FeedServer, directory: Path) -> None:
        self.server, self.directory = server, directory
        self.database = directory / "newsward.db"
        write_config(directory, [server.url("/rss")])
        main = directory / "newsward.toml"
        text = main.read_text(encoding="utf-8")
        main.write_text(
            text.replace(
                'database = "newsward.db"', 'database = "newsward.db"\nretention = "7 days"\nhistory = "5 days"'
            ),
            encoding="utf-8",
        )

    def tell(self, *titles: str) -> None:
        self.server.serve("/rss", Reply(document(titles), content_type="application/rss+xml"))

    def config(self) -> Config:
        return load(self.directory, {})

    def run(self, now: datetime) -> None:
        """A run and its upkeep, whatever the feed's turn is."""
        config = self.config()
        with open_stages(config, now) as stages:
            run_once(stages, now, dues=stages.store.all_dues(now))
            keep_house(stages.store, config.store, now)

    def titles(self) -> list[object]:
        return [row[0] for row in ask(self.database, "SELECT title FROM entries ORDER BY title")]

    def count(self, table: str) -> object:
        return ask(self.database, f"SELECT count(*) FROM {table}")[0][0]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with FeedServer(host="0.0.0.0") as server:
        yield Watch(server, tmp_path)


def test_what_is_still_told_is_kept_and_never_alerts_again(watch: Watch) -> None:
    watch.tell("Bees sleep", "Frost tonight")
    watch.run(MORNING)
    watch.tell("Bees sleep", "Frost tonight", HIT)
    watch.run(MORNING + timedelta(hours=1))
    assert watch.count("alerts") == 1
    for half_day in range(1, 41):
        watch.run(MORNING + half_day * DAY / 2)

    assert watch.titles() == ["Bees sleep", "Frost tonight", HIT]
    assert watch.count("alerts") == 1
    assert watch.count("fetches") == 11  # those of five days


def test_what_is_told_no_more_goes_after_its_time_and_hits_stay(watch: Watch) -> None:
    watch.tell("Bees sleep", "Frost tonight", HIT)
    watch.run(MORNING)
    watch.tell("Frost tonight")
    for half_day in range(1, 14):
        watch.run(MORNING + half_day * DAY / 2)
    at_six_and_a_half_days = watch.titles()

    for half_day in range(14, 18):
        watch.run(MORNING + half_day * DAY / 2)

    assert at_six_and_a_half_days == ["Bees sleep", "Frost tonight", HIT]
    assert watch.titles() == ["Frost tonight", HIT]
    assert watch.count("hits") == 1


def test_upkeep_is_done_once_a_day_by_the_clock_across_processes(watch: Watch) -> None:
    watch.tell("Bees sleep")
    with capture_logs() as logs:
        for hour in range(0, 60, 6):
            watch.run(MORNING + timedelta(hours=hour))

    assert [line["event"] for line in logs if line["event"].startswith("upkeep")] == ["upkeep_done"] * 3


def test_the_daemon_does_it_after_a_run(watch: Watch) -> None:
    watch.tell("Bees sleep", HIT)
    now = MORNING
    daemon = Daemon(watch.config(), watch.config, lambda: now)
    for _ in range(9):
        daemon.tick()
        watch.tell("Frost tonight")
        now += DAY
    daemon.close()

    assert watch.titles() == ["Frost tonight", HIT]


def test_the_command_run_does_it(watch: Watch) -> None:
    watch.tell("Bees sleep")

    outcome = newsward("--config", watch.directory, "run")

    assert outcome.code == 0
    assert ask(watch.database, "SELECT done_at IS NOT NULL FROM upkeep") == [(1,)]


def test_told_to_stop_it_stops_and_goes_on_after_the_next_run(watch: Watch) -> None:
    watch.tell("Bees sleep")
    for day in range(9):
        watch.run(MORNING + day * DAY)
        watch.tell("Frost tonight")
    now = MORNING + 10 * DAY
    with Store.open(watch.database) as store:
        store.database.execute("UPDATE entries SET last_seen_at = '2026-01-01T00:00:00Z'")
        store.database.execute("UPDATE upkeep SET done_at = NULL")
        stopping = iter((False, False, True))

        stopped = keep_house(store, watch.config().store, now, stop=lambda: next(stopping, True))
        assert stopped is not None
        assert (stopped.is_whole, store.is_upkeep_due(now)) == (False, True)
        seconds = iter((0.0, LONGEST.total_seconds() + 1))
        cut_off = keep_house(store, watch.config().store, now, monotonic=lambda: next(seconds))
        done = keep_house(store, watch.config().store, now)

    assert cut_off is not None
    assert done is not None
    assert (cut_off.is_whole, cut_off.entries, done.is_whole, done.entries) == (False, 0, True, 1)


def test_a_database_held_by_another_program_puts_it_off_and_fails_no_run(watch: Watch) -> None:
    watch.tell("Bees sleep")
    watch.run(MORNING)
    with (
        Store.open(watch.database, busy_timeout=timedelta(milliseconds=20)) as store,
        Store.open(watch.database) as other,
    ):
        other.database.execute("BEGIN IMMEDIATE")
        with capture_logs() as logs:
            done = keep_house(store, watch.config().store, MORNING + DAY)
        other.database.execute("ROLLBACK")

    assert done is None
    assert [(line["log_level"], line["event"]) for line in logs] == [("warning", "upkeep_put_off")]
