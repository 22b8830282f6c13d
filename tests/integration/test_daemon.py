"""``newsward daemon`` as a process: signals, a run beside it, a fetch and a delivery that hang."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from pipeline.app import open_stages
from pipeline.config import load
from pipeline.run import run_once
from tests.builders_alert import Receiver, Reply, Request, receiver
from tests.builders_cli import newsward
from tests.builders_run import IN_ORDER, MORNING, ask, serve_seeds, write_config
from tests.feed_server import FeedServer, Raw

ANY_AGE = 'max_age = "36500 days"'  # the sample's news are of March 2026 and the clock is the real one here


class Watch:
    """A daemon at work; its log is read as JSON lines. ``prelude`` is Python that is run in its process first."""

    def __init__(self, config: Path, *, prelude: str = "", **environ: str) -> None:
        self._log = config / "daemon.log"
        program = f"{prelude}\nfrom pipeline.cli import command\ncommand()"
        command = [sys.executable, "-c", program, "--config", str(config), "daemon"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=log, env={**os.environ, **environ}
            )

    def logs(self, event: str = "") -> list[dict[str, Any]]:
        *whole, _ = self._log.read_text(encoding="utf-8").split("\n")  # the last may still be written
        return [line for line in map(json.loads, whole) if not event or line["event"] == event]

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """The exit code, and after how many seconds it came."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(timeout=30), time.monotonic() - began


@contextmanager
def watching(config: Path, *, prelude: str = "", **environ: str) -> Iterator[Watch]:
    watch = Watch(config, prelude=prelude, **environ)
    try:
        yield watch
    finally:
        watch.process.kill()
        watch.process.wait()


def until(what: Callable[[], object], *, seconds: float = 30) -> None:
    """Waits for it to be so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def configure(directory: Path, urls: dict[str, str], inbox: Receiver, database: Path) -> Path:
    """The sample, its database elsewhere, feeds polled one by one so that one that hangs holds up no other."""
    write_config(directory, urls, webhook=inbox.url, alert=ANY_AGE)
    main = directory / "newsward.toml"
    text = main.read_text(encoding="utf-8").replace('"newsward.db"', json.dumps(str(database)))
    more = '\n[engine]\nshard_size = 1\n\n[daemon]\ntick = "1 second"\n\n[log]\nformat = "json"\n'
    main.write_text(text + more, encoding="utf-8")
    return directory


@pytest.fixture
def silent() -> Iterator[threading.Event]:
    """Set when the test is over: until then the feed that hangs says nothing."""
    over = threading.Event()
    yield over
    over.set()


@pytest.fixture
def server(silent: threading.Event) -> Iterator[FeedServer]:
    def say_nothing() -> Iterator[bytes]:
        silent.wait(60)
        yield b""

    with FeedServer(host="0.0.0.0") as server:
        server.serve("/hang.xml", Raw(say_nothing))
        yield server


def hanging(server: FeedServer) -> dict[str, str]:
    """A feed that comes last in the due list."""
    return {"hang.xml": server.url("/hang.xml", host="127.0.0.99")}


def count(database: Path, table: str) -> int:
    if not database.exists():
        return 0
    try:
        return int(str(ask(database, f"SELECT count(*) FROM {table}")[0][0]))
    except sqlite3.OperationalError:  # not yet a database
        return 0


def test_told_to_end_while_a_feed_hangs_it_ends_in_time_and_loses_nothing(tmp_path: Path, server: FeedServer) -> None:
    database = tmp_path / "data" / "watch.db"
    with receiver() as inbox:
        urls = serve_seeds(server) | hanging(server)
        config = configure(tmp_path / "config", urls, inbox, database)
        with watching(config) as watch:
            until(lambda: count(database, "fetches") == 12 and server.requests("/hang.xml"))
            beside = newsward("--config", config, "run")

            code, seconds = watch.end()

        assert (beside.code, "another run is going on" in beside.err) == (0, True)
        assert code == 0, watch.logs()
        assert seconds < 10
        assert ask(database, "PRAGMA integrity_check") == [("ok",)]
        ((due, fetched, sent),) = ask(database, "SELECT due, fetched, sent FROM runs WHERE ended_at IS NULL")
        assert (due, fetched) == (13, 12)
        assert [(line["due"], line["done"]) for line in watch.logs("run_cut_off")] == [(13, 12)]
        assert sorted(path.name for path in database.parent.iterdir()) == [
            "newsward.daemon",
            "newsward.lock",
            "newsward.turns",
            "watch.db",
        ]
        owed = count(database, "alerts")
        server.serve("/hang.xml", Raw(tuple))  # it no longer hangs: it hangs up
        after = newsward("--config", config, "run", "--json")

    assert after.lines[0]["due"] == 1
    assert sent + after.lines[0]["sent"] == owed > 20
    assert set(Counter(request.headers["idempotency-key"] for request in inbox.requests).values()) == {1}


def test_told_to_end_while_a_delivery_hangs_it_ends_in_time_and_owes_the_alert(
    tmp_path: Path, server: FeedServer, silent: threading.Event
) -> None:
    def say_nothing(request: Request) -> Reply:
        silent.wait(60)
        return Reply(0)

    database = tmp_path / "watch.db"
    with receiver() as inbox:
        inbox.answer = say_nothing
        config = configure(tmp_path / "config", serve_seeds(server), inbox, database)
        with watching(config) as watch:
            until(lambda: inbox.requests)

            code, seconds = watch.end(signal.SIGINT)

        silent.set()

    assert code == 0
    assert seconds < 10
    assert [line["level"] for line in watch.logs("sends_cut_off")] == ["warning"]
    assert ask(database, "PRAGMA integrity_check") == [("ok",)]
    assert ask(database, "SELECT DISTINCT state FROM alerts") == [("pending",)]


def test_told_to_end_while_a_name_server_says_nothing_it_ends_in_time(tmp_path: Path, server: FeedServer) -> None:
    """What the system's resolver does when its name server is gone: it blocks a thread for half a minute."""
    prelude = """
import socket, time
find = socket.getaddrinfo
def hang(host, *rest, **more):
    if host == "news.example":
        print('{"event": "resolving"}', file=__import__("sys").stderr, flush=True)
        time.sleep(60)
    return find(host, *rest, **more)
socket.getaddrinfo = hang
"""
    database = tmp_path / "watch.db"
    with receiver() as inbox:
        urls = serve_seeds(server) | {"hang.xml": "http://news.example/feed"}
        config = configure(tmp_path / "config", urls, inbox, database)
        with watching(config, prelude=prelude) as watch:
            until(lambda: count(database, "fetches") == 12 and watch.logs("resolving"))

            code, seconds = watch.end()

    assert code == 0, watch.logs()
    assert seconds < 10
    assert ask(database, "PRAGMA integrity_check") == [("ok",)]


def test_a_pipe_in_the_place_of_a_secret_is_refused_and_holds_nothing_up(tmp_path: Path, server: FeedServer) -> None:
    database, secret = tmp_path / "watch.db", tmp_path / "secret"
    secret.write_text("https://hooks.example/sesame", encoding="utf-8")
    with receiver() as inbox:
        config = configure(tmp_path / "config", serve_seeds(server), inbox, database)
        with (config / "newsward.toml").open("a", encoding="utf-8") as file:
            file.write('\n[[channel]]\nid = "spare"\nkind = "webhook"\nurl = "${HOOK}"\n')
        with watching(config, HOOK_FILE=str(secret)) as watch:
            until(lambda: watch.logs("run_completed"))
            os.mkfifo(tmp_path / "pipe")
            (tmp_path / "pipe").rename(secret)
            until(lambda: watch.logs("configuration_refused"))

            code, seconds = watch.end()

    assert code == 0, watch.logs()
    assert seconds < 10
    assert "the file of HOOK cannot be read" in watch.logs("configuration_refused")[0]["faults"][0].replace("_FILE", "")


def test_told_to_end_while_slow_clients_ask_for_metrics_it_ends_in_time(tmp_path: Path, server: FeedServer) -> None:
    database = tmp_path / "watch.db"
    with receiver() as inbox:
        config = configure(tmp_path / "config", serve_seeds(server), inbox, database)
        with (config / "newsward.toml").open("a", encoding="utf-8") as file:
            file.write("\n[metrics]\nport = 0\n")
        with watching(config) as watch:
            until(lambda: watch.logs("run_completed"))
            host, _, port = watch.logs("metrics_served")[0]["address"].rpartition(":")
            slow = [socket.create_connection((host, int(port)), timeout=30) for _ in range(5)]
            for number, one in enumerate(slow):
                one.sendall(b"GET /metrics HTTP/1.1\r\n"[: 4 + 5 * number])
            well = urlopen(f"http://{host}:{port}/healthz", timeout=30)
            told = json.load(well)
            well.close()

            code, seconds = watch.end()
            for one in slow:
                one.close()

    assert (well.status, told["healthy"]) == (200, True)
    assert code == 0, watch.logs()
    assert seconds < 10


def test_a_second_daemon_on_the_same_data_says_so(tmp_path: Path, server: FeedServer) -> None:
    database = tmp_path / "data" / "watch.db"
    with receiver() as inbox:
        urls = serve_seeds(server)
        one, other = (configure(tmp_path / name, urls, inbox, database) for name in ("config", "other"))
        with watching(one) as first:
            until(lambda: first.logs("daemon_started"))
            with watching(other) as second:
                until(lambda: second.logs("daemon_started"))
                second.end()
            first.end()

    assert first.logs("second_daemon") == []
    assert [f"(process {first.process.pid})" in line["reason"] for line in second.logs("second_daemon")] == [True]


def test_a_port_that_is_taken_ends_it_at_the_start(tmp_path: Path) -> None:
    write_config(tmp_path, [])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with (tmp_path / "newsward.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n[metrics]\nport = {taken.getsockname()[1]}\n")

        outcome = newsward("--config", tmp_path, "daemon")

    assert outcome.code == 1
    assert "[metrics] cannot listen on 127.0.0.1" in outcome.err


def test_a_fault_of_ours_is_one_line_without_secrets_and_costs_the_tick_alone(
    tmp_path: Path, server: FeedServer
) -> None:
    prelude = """
from pipeline.store import Store
find = Store.has_work
faults = [ValueError("https://user:sesame@news.example/?token=sesame")]
def fail(self, now, **asked):
    if faults:
        raise faults.pop()
    return find(self, now, **asked)
Store.has_work = fail
"""
    database = tmp_path / "watch.db"
    with receiver() as inbox:
        config = configure(tmp_path / "config", serve_seeds(server), inbox, database)
        with watching(config, prelude=prelude) as watch:
            until(lambda: watch.logs("run_completed"))
            code, _ = watch.end()

    (told,) = watch.logs("tick_broke")
    assert code == 0
    assert "ValueError: https://***@news.example/?token=***" in told["exception"]
    assert "sesame" not in (config / "daemon.log").read_text(encoding="utf-8")


def test_it_goes_on_with_the_old_configuration_until_the_new_one_is_sound(tmp_path: Path, server: FeedServer) -> None:
    database = tmp_path / "watch.db"
    with receiver() as inbox:
        config = configure(tmp_path / "config", serve_seeds(server), inbox, database)
        main, feeds = config / "newsward.toml", config / "feeds.toml"
        sound = main.read_text(encoding="utf-8")
        with watching(config) as watch:
            until(lambda: watch.logs("run_completed"))
            main.write_text(sound + "\n[daemn]\n", encoding="utf-8")
            watch.process.send_signal(signal.SIGHUP)
            until(lambda: watch.logs("configuration_refused"))
            main.write_text(sound, encoding="utf-8")
            added = server.serve("/added.xml", Raw(tuple), host="127.0.0.98")
            with feeds.open("a", encoding="utf-8") as file:
                file.write(f'\n[[feed]]\nurl = "{added}"\n')

            watch.process.send_signal(signal.SIGHUP)
            until(lambda: len(watch.logs("run_completed")) == 2)
            well = newsward("--config", config, "health", "--json")
            code, _ = watch.end()

    assert code == 0
    assert "daemn" in watch.logs("configuration_refused")[0]["faults"][0]
    # The files are looked at too, and may have been found sound before the feed was added.
    assert watch.logs("configuration_loaded")[-1]["feeds"] == 13
    assert (well.code, well.lines[0]["healthy"], well.lines[0]["feeds"]) == (0, True, 13)
    assert ask(database, "SELECT due FROM runs ORDER BY id") == [(12,), (1,)]


def test_asked_to_reload_while_it_starts_it_goes_on_and_loads_what_was_changed(
    tmp_path: Path, server: FeedServer
) -> None:
    prelude = """
import os, signal
import pipeline.cli.root as root
load = root.load
def interrupted(*arguments):
    os.kill(os.getpid(), signal.SIGHUP)
    config = load(*arguments)
    os.kill(os.getpid(), signal.SIGHUP)
    with open(os.environ["FEEDS"], "a", encoding="utf-8") as file:
        file.write(os.environ.pop("MORE", ""))
    return config
root.load = interrupted
"""
    with receiver() as inbox:
        config = configure(tmp_path / "config", serve_seeds(server), inbox, tmp_path / "watch.db")
        more = f'\n[[feed]]\nurl = "{server.serve("/added.xml", Raw(tuple), host="127.0.0.98")}"\n'
        with watching(config, prelude=prelude, FEEDS=str(config / "feeds.toml"), MORE=more) as watch:
            until(lambda: any(line["feeds"] == 13 for line in watch.logs("configuration_loaded")))
            code, _ = watch.end()

    assert code == 0, watch.logs()


def test_a_feed_written_into_the_file_is_polled_without_a_word_from_anyone(tmp_path: Path, server: FeedServer) -> None:
    database = tmp_path / "watch.db"
    with receiver() as inbox:
        config = configure(tmp_path / "config", serve_seeds(server), inbox, database)
        with watching(config) as watch:
            until(lambda: watch.logs("run_completed"))
            added = server.serve("/added.xml", Raw(tuple), host="127.0.0.98")
            with (config / "feeds.toml").open("a", encoding="utf-8") as file:
                file.write(f'\n[[feed]]\nurl = "{added}"\n')

            until(lambda: server.requests("/added.xml"))
            code, _ = watch.end()

    assert code == 0
    assert [line["files"] for line in watch.logs("files_changed")] == [[str(config / "feeds.toml")]]
    assert ask(database, "SELECT due FROM runs ORDER BY id LIMIT 1") == [(12,)]


def test_a_database_that_cannot_be_used_ends_it_at_the_start(tmp_path: Path, server: FeedServer) -> None:
    with receiver() as inbox:
        config = configure(tmp_path, {}, inbox, tmp_path / "companies.toml")

        outcome = newsward("--config", config, "daemon")

    assert outcome.code == 1
    assert "is not a SQLite database" in outcome.err


def test_a_configuration_with_faults_ends_it_at_the_start(tmp_path: Path) -> None:
    write_config(tmp_path, [])
    (tmp_path / "feeds.toml").write_text("[[feed]]\n", encoding="utf-8")

    outcome = newsward("--config", tmp_path, "daemon")

    assert outcome.code == 2
    assert not (tmp_path / "newsward.db").exists()


def test_a_run_told_to_stop_leaves_the_rest_and_the_alerts_to_the_next(tmp_path: Path, server: FeedServer) -> None:
    with receiver() as inbox:
        directory = write_config(tmp_path, serve_seeds(server), webhook=inbox.url, fetch=IN_ORDER)
        with open_stages(load(directory, {}), MORNING) as stages:
            polled = stages.store.database.execute
            first = run_once(stages, MORNING, stop=lambda: polled("SELECT count(*) FROM fetches").fetchone()[0] == 3)
            sent_first = len(inbox.requests)
            second = run_once(stages, MORNING)

    assert (first.due, first.fetched, first.sent, sent_first) == (12, 3, 0, 0)
    assert (second.due, second.fetched) == (9, 9)
    assert second.sent == first.committed.alerts + second.committed.alerts
    assert len(inbox.requests) == second.sent
