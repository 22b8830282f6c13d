"""What a run has done is stored while it goes on: feeds of one host, asked one after the other, and slow servers."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from threading import Event

import pytest

from tests.builders_alert import receiver
from tests.builders_cli import newsward
from tests.builders_run import ask, write_config
from tests.feed_server import FeedServer, Reply, Seen

DATE = format_datetime(datetime.now(UTC))
ITEM = f"<item><title>{{title}}</title><guid>{{n}}</guid><pubDate>{DATE}</pubDate></item>"
RSS = f"<rss version='2.0'><channel><title>Mill</title>{ITEM}</channel></rss>"


class Hanging:
    """A server whose feeds from a certain one on do not answer before ``go_on``."""

    def __init__(self, server: FeedServer) -> None:
        self.server, self._may_answer = server, Event()

    def serve(self, number: int, host: str, *, hangs: bool = False, title: str = "") -> str:
        reply = Reply(RSS.format(n=number, title=title or f"News {number}").encode())

        def late(request: Seen) -> Reply:
            self._may_answer.wait(60)
            return reply

        return self.server.serve(f"/{number}", late if hangs else reply, host=host)

    def go_on(self) -> None:
        self._may_answer.set()

    def asked(self) -> list[str]:
        return [seen.path for seen in self.server.requests()]


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    with FeedServer("0.0.0.0") as server:
        one = Hanging(server)
        yield one
        one.go_on()


@contextmanager
def running(config: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A run (or another command) that is killed at the end."""
    command = [sys.executable, "-m", "pipeline", "--config", str(config), *(words or ("run",))]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stored(config: Path) -> list[str]:
    """The titles of the entries in the database, as far as there is one."""
    try:
        return [str(title) for (title,) in ask(config / "newsward.db", "SELECT title FROM entries ORDER BY seq")]
    except sqlite3.OperationalError:
        return []


def wait_for(config: Path, entries: int) -> list[str]:
    """What is stored once it is so many."""
    wait_until(lambda: len(stored(config)) >= entries)
    return stored(config)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)


def test_of_a_host_with_many_feeds_each_is_stored_when_it_is_done_and_a_run_after_a_kill_asks_the_rest(
    hanging: Hanging, tmp_path: Path
) -> None:
    urls = [hanging.serve(number, "127.0.0.1", hangs=number == 6) for number in range(1, 9)]
    config = write_config(tmp_path, urls, fetch="spacing = 0")

    with running(config):
        before = wait_for(config, 5)
    asked = hanging.asked()
    hanging.go_on()
    outcome = newsward("--config", config, "run")

    assert before == ["News 1", "News 2", "News 3", "News 4", "News 5"]
    assert asked == ["/1", "/2", "/3", "/4", "/5", "/6"]
    assert outcome.code == 0, outcome.err
    assert hanging.asked()[len(asked) :] == ["/6", "/7", "/8"]
    assert stored(config) == [f"News {number}" for number in range(1, 9)]


def test_feeds_that_have_come_are_stored_though_one_before_them_is_slow(hanging: Hanging, tmp_path: Path) -> None:
    urls = [hanging.serve(number, f"127.0.3.{number}", hangs=number == 1) for number in range(1, 6)]
    config = write_config(tmp_path, urls, fetch="[engine]\npatience = 0.1")

    with running(config) as run:
        before = wait_for(config, 4)
        hanging.go_on()
        run.communicate(timeout=60)

    assert sorted(before) == ["News 2", "News 3", "News 4", "News 5"]
    assert stored(config)[4:] == ["News 1"]


def told_of(config: Path) -> list[tuple[object, ...]]:
    """How the alerts are, with the attempts of each."""
    asked = "SELECT state, attempts FROM alerts ORDER BY seq"
    return ask(config / "newsward.db", asked)


def test_alerts_go_out_while_a_slow_host_is_waited_for_and_what_it_brings_is_told_after(
    hanging: Hanging, tmp_path: Path
) -> None:
    deal = "Microsoft and Xiaomi sign a pact to put Azure into phones"
    urls = [
        hanging.serve(1, "127.0.3.1", hangs=True, title="Xiaomi recalls 4,000 scooters after brakes fail"),
        hanging.serve(2, "127.0.3.2", title=deal),
        hanging.serve(3, "127.0.3.3", title=deal),
        hanging.serve(4, "127.0.3.4", hangs=True, title=deal),
    ]
    with receiver() as received:
        config = write_config(tmp_path, urls, webhook=received.url, fetch="[engine]\npatience = 0.2")
        with running(config) as run:
            wait_until(lambda: bool(received.requests))
            early, alerts = [request.json["title"] for request in received.requests], told_of(config)
            wait_until(lambda: told_of(config) == [("sent", 1)])
            noted = told_of(config)
            hanging.go_on()
            _, talk = run.communicate(timeout=60)

    assert early == [deal]
    assert len(alerts) == 1
    assert noted == [("sent", 1)]
    assert [request.json["title"] for request in received.requests] == [
        deal,
        "Xiaomi recalls 4,000 scooters after brakes fail",
    ]
    assert told_of(config) == [("sent", 1), ("sent", 1)]
    assert "4 feeds: 4 fetched, 0 unchanged; 4 new entries, 7 hits, 2 new stories; 2 alerts sent" in talk


def test_told_to_end_while_an_alert_is_under_way_a_run_notes_what_came_of_it(hanging: Hanging, tmp_path: Path) -> None:
    urls = [
        hanging.serve(number, f"127.0.3.{number}", hangs=number == 1, title=f"Xiaomi opens shop number {number}")
        for number in (1, 2)
    ]
    with receiver() as received:
        config = write_config(tmp_path, urls, webhook=received.url, fetch="[engine]\npatience = 0.1")
        with running(config) as run:
            wait_until(lambda: bool(received.requests))
            run.send_signal(signal.SIGTERM)
            _, talk = run.communicate(timeout=30)

    assert run.returncode == -signal.SIGTERM
    assert told_of(config) == [("sent", 1)]
    assert "1 hit, 1 new story; 1 alert sent" in talk


HEARS_CTRL_C = pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="ignored here, and so there"
)
INTERRUPTED = pytest.param(signal.SIGINT, ("run",), marks=HEARS_CTRL_C)


@pytest.mark.parametrize(("number", "words"), [INTERRUPTED, (signal.SIGTERM, ("feeds", "poll"))])
def test_told_to_end_a_run_keeps_what_is_done_and_waits_for_no_server(
    hanging: Hanging, tmp_path: Path, number: signal.Signals, words: tuple[str, ...]
) -> None:
    urls = [hanging.serve(place, "127.0.0.1", hangs=place == 4) for place in range(1, 9)]
    config = write_config(tmp_path, urls, fetch="spacing = 0")

    with running(config, *words) as run:
        wait_for(config, 3)
        run.send_signal(number)
        _, talk = run.communicate(timeout=30)
    asked = hanging.asked()
    hanging.go_on()
    outcome = newsward("--config", config, "run")

    assert run.returncode == -number
    assert "8 feeds: 3 fetched, 0 unchanged (stopped: 5 left to the next run); 3 new entries" in talk
    assert asked == ["/1", "/2", "/3", "/4"]
    assert outcome.code == 0, outcome.err
    assert "5 feeds: 5 fetched" in outcome.err
    assert ask(config / "newsward.db", "SELECT due, fetched, ended_at IS NULL FROM runs") == [(8, 3, 1), (5, 5, 0)]


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=HEARS_CTRL_C), signal.SIGTERM])
def test_told_to_end_a_trial_tells_what_it_has_tried(hanging: Hanging, tmp_path: Path, number: signal.Signals) -> None:
    urls = [hanging.serve(place, f"127.0.3.{place}", hangs=place == 1) for place in range(1, 5)]
    config = write_config(tmp_path, urls, fetch="[engine]\npatience = 0.1")

    with running(config, "feeds", "test") as trial:
        wait_until(lambda: len(hanging.asked()) == 4)
        trial.send_signal(number)
        _, talk = trial.communicate(timeout=30)

    assert trial.returncode == -number
    assert re.search(r"stopped after [0-3] of 4 feeds: [0-3] ok", talk), talk


@HEARS_CTRL_C
def test_who_asks_twice_waits_for_no_server_either(hanging: Hanging, tmp_path: Path) -> None:
    config = write_config(tmp_path, [hanging.serve(1, "127.0.0.1", hangs=True)])

    with running(config) as run:
        while not hanging.asked():
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        try:
            run.communicate(timeout=15)
        finally:
            hanging.go_on()

    assert run.returncode not in (0, None)


def test_when_the_network_is_down_the_log_says_so_once(tmp_path: Path) -> None:
    urls = [f"http://127.0.3.{number}:9/feed" for number in range(1, 21)]
    config = write_config(tmp_path, urls)

    outcome = newsward("--config", config, "run")

    told = [line for line in outcome.err.splitlines() if line.startswith("{")]
    assert outcome.code == 1
    assert [(line["event"], line["feeds"]) for line in map(json.loads, told)] == [("feeds_excused", 20)]
    assert "20 failed (none could be reached: look at this machine's network, name server, proxy)" in outcome.err
