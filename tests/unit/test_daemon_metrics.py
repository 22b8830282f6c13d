"""What the daemon serves to those who watch it: metrics and health, over a real database, and where."""

from __future__ import annotations

import json
import socket
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from pipeline.config import load
from pipeline.daemon import Daemon
from pipeline.health import examine
from tests.builders_run import MORNING, serve_seeds, write_config
from tests.feed_server import FeedServer


class House:
    """A daemon over the sample that serves its metrics, and what asks it."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.now = directory, MORNING
        self.say("port = 0")
        self.daemon = Daemon(load(directory, {}), lambda files: load(directory, {}, files), lambda: self.now)

    def say(self, options: str) -> None:
        """The ``[metrics]`` of the configuration."""
        main = self.directory / "newsward.toml"
        before = main.read_text(encoding="utf-8").partition("\n[metrics]")[0]
        main.write_text(f"{before}\n[metrics]\n{options}\n", encoding="utf-8")

    @property
    def address(self) -> str:
        assert self.daemon._server
        return self.daemon._server.address

    def series(self) -> dict[str, float]:
        text = ask(self.address, "/metrics")[1]
        return {
            sample.name + "".join(f"|{value}" for _, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def health(self) -> tuple[int, dict[str, object]]:
        status, body = ask(self.address, "/healthz")
        return status, json.loads(body)


def ask(address: str, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://{address}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with FeedServer(host="0.0.0.0") as server:
        write_config(tmp_path, serve_seeds(server) | {"gone.xml": server.url("/gone.xml", host="127.0.0.77")})
        house = House(tmp_path)
        yield house
        house.daemon.close()


def test_a_run_shows_in_the_counters_and_in_the_gauges(house: House) -> None:
    house.daemon.tick()

    series = house.series()

    assert series["newsward_fetches_total||fetched"] == 12
    assert series["newsward_fetches_total|not_found|failed"] == 1
    states = {name.partition("|")[2]: count for name, count in series.items() if name.startswith("newsward_feeds|")}
    assert states == {
        "ok": 12, "failing": 1, "disabled": 0, "overdue": 0, "not_polled_yet": 0, "not_configured": 0
    }  # fmt: skip
    assert series["newsward_runs_total|completed"] == 1
    assert series["newsward_entries_total"] > 100
    assert series["newsward_deliveries_total|desk|sent"] == series["newsward_alerts_total"] > 20
    assert (series["newsward_alerts_waiting"], series["newsward_alerts_dead"]) == (0, 0)
    assert series["newsward_last_beat_timestamp_seconds"] >= MORNING.timestamp()
    assert series["newsward_database_bytes"] > 100_000
    assert (series["newsward_database_up"], series["newsward_healthy"]) == (1, 1)
    assert series["newsward_companies"] == len(house.daemon.config.watchlist.companies)


def test_every_feed_is_in_one_state(house: House) -> None:
    house.daemon.tick()
    store = house.daemon.open().store.database
    for number, change in enumerate(("configured = 0", "disabled = 'x'", "failures = 2", "last_polled_at = NULL")):
        url = f"(SELECT url FROM feeds WHERE failures = 0 ORDER BY url LIMIT 1 OFFSET {number})"
        store.execute(f"UPDATE feeds SET {change} WHERE url = {url}")
    house.now += timedelta(days=2)

    series = house.series()

    assert series["newsward_feeds|overdue"] == 9
    assert sum(count for name, count in series.items() if name.startswith("newsward_feeds|")) == 13


def test_health_is_judged_as_the_command_does(house: House) -> None:
    house.daemon.tick()
    well = house.health()
    house.now += timedelta(hours=5)

    ill = house.health()

    assert (well[0], well[1]["healthy"], well[1]["failing"]) == (200, True, 1)
    config = house.daemon.config
    assert ill == (503, json.loads(json.dumps(examine(config.database, config.health, house.now).told())))
    assert "the last run was completed" in str(ill[1]["reasons"])


def test_a_database_in_trouble_is_told_by_both_pages(house: House) -> None:
    house.daemon.tick()
    database = house.daemon.config.database
    away = database.with_name("away.db")
    database.rename(away)
    house.now += timedelta(hours=13)
    house.daemon.tick()

    status, told = house.health()
    series = house.series()

    assert (status, told["healthy"]) == (503, False)
    assert "there is no database yet" in str(told["reasons"])
    assert (series["newsward_database_up"], series["newsward_healthy"]) == (0, 0)
    assert series["newsward_tick_failures_total"] == 1
    assert series["newsward_runs_total|completed"] == 1
    away.rename(database)
    house.daemon.tick()
    assert house.series()["newsward_database_up"] == 1


def test_a_scrape_waits_for_no_writer_and_holds_up_none(house: House) -> None:
    house.daemon.tick()
    writer = sqlite3.connect(house.daemon.config.database, isolation_level=None, timeout=0)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE heartbeat SET beat_at = '2026-03-05T07:00:00Z'")

    series = house.series()

    assert series["newsward_database_up"] == 1
    assert series["newsward_last_beat_timestamp_seconds"] < MORNING.timestamp() + 600  # what is not committed is not so
    writer.execute("COMMIT")
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    writer.close()


def test_a_new_port_is_served_and_the_old_one_no_longer(house: House) -> None:
    house.daemon.tick()
    before = house.address
    port = free_port()
    house.say(f"port = {port}")

    house.daemon.reload()

    assert house.address == f"127.0.0.1:{port}"
    assert house.health()[0] == 200
    with pytest.raises(URLError):
        ask(before, "/healthz")


def test_the_same_port_can_be_served_at_another_address(house: House) -> None:
    port = free_port()
    house.say(f"port = {port}")
    house.daemon.reload()
    house.say(f'port = {port}\nhost = "0.0.0.0"')

    house.daemon.reload()

    assert house.address == f"0.0.0.0:{port}"
    assert ask(f"127.0.0.2:{port}", "/healthz")[0] == 503


def test_a_port_that_is_taken_refuses_the_new_configuration_and_the_old_one_stays(house: House) -> None:
    house.daemon.tick()
    before = house.address
    with socket.create_server(("127.0.0.1", 0)) as taken:
        house.say(f"port = {taken.getsockname()[1]}")
        with capture_logs() as logs:
            house.daemon.reload()

    assert [line["event"] for line in logs] == ["configuration_refused"]
    assert "Address already in use" in logs[0]["faults"][0]
    assert house.address == before
    series = house.series()
    assert series["newsward_config_last_reload_successful"] == 0
    assert house.daemon.config.metrics.port == 0
    house.now += timedelta(hours=13)
    house.daemon.tick()
    assert house.series()["newsward_runs_total|completed"] == 2


def test_an_address_that_cannot_be_had_leaves_the_old_one_at_the_same_port(house: House) -> None:
    port = free_port()
    house.say(f"port = {port}")
    house.daemon.reload()
    house.say(f'port = {port}\nhost = "300.1.1.1"')

    house.daemon.reload()

    assert house.address == f"127.0.0.1:{port}"
    assert house.health()[0] == 503  # no run has begun yet


def test_metrics_that_are_no_longer_wanted_are_no_longer_served(house: House) -> None:
    house.daemon.open()
    before = house.address
    house.say("")

    house.daemon.reload()

    assert house.daemon._server is None
    with pytest.raises(URLError):
        ask(before, "/metrics")


def test_another_reload_leaves_the_server_alone(house: House) -> None:
    house.daemon.open()
    before = house.daemon._server

    house.daemon.reload()

    assert house.daemon._server is before


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])
