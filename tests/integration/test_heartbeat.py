"""``[heartbeat]``: a service outside is told of runs, by cron and by the daemon, and hears no secret it should not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.config import load
from pipeline.daemon import Daemon
from tests.builders_cli import newsward
from tests.builders_run import MORNING, serve_seeds, write_config
from tests.feed_server import FeedServer, Reply


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer(host="0.0.0.0") as server:
        server.serve("/sesame-beat", Reply(b"OK"))
        server.serve("/sesame-fail", Reply(b"OK"))
        yield server


def configured(server: FeedServer, directory: Path, urls: dict[str, str]) -> Path:
    write_config(directory, urls)
    with (directory / "newsward.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[heartbeat]\nurl = "{server.url("/sesame-beat")}"\nfail_url = "{server.url("/sesame-fail")}"\n')
    return directory


def asked(server: FeedServer) -> tuple[int, int]:
    return len(server.requests("/sesame-beat")), len(server.requests("/sesame-fail"))


def test_a_completed_run_is_told(server: FeedServer, tmp_path: Path) -> None:
    config = configured(server, tmp_path, dict(list(serve_seeds(server).items())[:2]))

    outcomes = [newsward("--config", config, "-v", "run", "--json") for _ in range(2)]

    assert [outcome.code for outcome in outcomes] == [0, 0]
    assert asked(server) == (2, 0)
    assert "sesame" not in "".join(outcome.out + outcome.err for outcome in outcomes)


def test_a_run_that_reached_no_feed_is_told_as_a_failure(server: FeedServer, tmp_path: Path) -> None:
    config = configured(server, tmp_path, {"one": "http://127.0.0.1:9/feed"})

    assert newsward("--config", config, "run").code == 1
    assert asked(server) == (0, 1)


def test_a_database_that_cannot_be_used_is_told_as_a_failure(server: FeedServer, tmp_path: Path) -> None:
    config = configured(server, tmp_path, dict(list(serve_seeds(server).items())[:1]))
    (tmp_path / "newsward.db").write_bytes(b"no database, but long enough to be looked at" * 100)

    assert newsward("--config", config, "run").code == 1
    assert asked(server) == (0, 1)


def test_a_service_that_refuses_costs_the_run_nothing_and_is_not_named(server: FeedServer, tmp_path: Path) -> None:
    config = configured(server, tmp_path, dict(list(serve_seeds(server).items())[:1]))
    server.serve("/sesame-beat", Reply(status=500))

    outcome = newsward("--config", config, "run")

    assert outcome.code == 0
    assert "heartbeat_not_heard" in outcome.err
    assert "it answered 500" in outcome.err
    assert "sesame" not in outcome.out + outcome.err


def test_the_daemon_tells_of_its_runs_and_now_and_then_when_nothing_is_due(server: FeedServer, tmp_path: Path) -> None:
    config = configured(server, tmp_path, dict(list(serve_seeds(server).items())[:2]))
    moments: list[datetime] = [MORNING]
    daemon = Daemon(load(config, {}), lambda files: load(config, {}, files), lambda: moments[-1])

    daemon.tick()
    assert asked(server) == (1, 0)
    for minute in range(1, 9):
        moments.append(MORNING + timedelta(minutes=minute))
        daemon.tick()
    daemon.close()

    assert asked(server) == (2, 0)


def test_the_daemon_tells_that_its_database_cannot_be_used(server: FeedServer, tmp_path: Path) -> None:
    config = configured(server, tmp_path, dict(list(serve_seeds(server).items())[:1]))
    (tmp_path / "newsward.db").write_bytes(b"no database, but long enough to be looked at" * 100)
    daemon = Daemon(load(config, {}), lambda files: load(config, {}, files), lambda: MORNING)

    daemon.tick()
    daemon.tick()
    daemon.close()

    assert asked(server) == (0, 1)
