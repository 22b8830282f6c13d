"""``newsward run`` killed at random moments and begun again comes to what an undisturbed run comes to."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders_alert import Receiver, Reply, receiver
from tests.builders_run import IN_ORDER, ask, remembered, serve_seeds, write_config
from tests.feed_server import FeedServer

ANY_AGE = 'max_age = "36500 days"'  # the sample's news are of March 2026 and the clock is the real one here


def start(config: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipeline", "--config", str(config), "run"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(config: Path) -> None:
    """Runs to the end; alerts that a killed run had leased are sent by a run after the lease is over."""
    for _ in range(2):
        process = start(config)
        _, talk = process.communicate(timeout=60)
        assert process.returncode == 0, talk.decode()
        if not ask(config / "newsward.db", "SELECT 1 FROM alerts WHERE state = 'pending'"):
            return
        let_leases_end(config / "newsward.db")


def let_leases_end(database: Path) -> None:
    """Five minutes that a test has no time to wait for."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alerts SET leased_until = '2026-03-05T06:00:00Z' WHERE leased_until IS NOT NULL")


def times_sent(receiver: Receiver) -> Counter[str]:
    return Counter(request.headers["idempotency-key"] for request in receiver.requests)


def begun(config: Path) -> bool:
    """Whether the run under way has committed something: kills before that would prove little."""
    database = config / "newsward.db"
    try:
        return bool(ask(database, "SELECT 1 FROM fetches LIMIT 1")) if database.exists() else False
    except sqlite3.OperationalError:  # not there yet, or not yet a database
        return False


def kill_at_random(config: Path, dice: random.Random, span: float) -> bool:
    """Starts a run and kills it; True when it was still running."""
    process = start(config)
    deadline = time.monotonic() + 30
    while dice.random() < 0.9 and not begun(config) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(dice.uniform(0, span))
    was_running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return was_running


def compare_with_undisturbed(tmp_path: Path, *, rounds: int, kills: int, seed: int) -> None:
    dice = random.Random(seed)
    killed = 0
    with FeedServer(host="0.0.0.0") as server:
        urls = serve_seeds(server)
        with receiver(Reply(204)) as inbox:
            calm = write_config(tmp_path / "calm", urls, webhook=inbox.url, alert=ANY_AGE, fetch=IN_ORDER)
            began = time.monotonic()
            finish(calm)
            span = (time.monotonic() - began) / 2
            expected, expected_sent = remembered(calm / "newsward.db"), times_sent(inbox)
        for number in range(rounds):
            with receiver(Reply(204)) as inbox:
                config = write_config(
                    tmp_path / f"round{number}", urls, webhook=inbox.url, alert=ANY_AGE, fetch=IN_ORDER
                )
                killed += sum(kill_at_random(config, dice, span) for _ in range(kills))
                finish(config)

                assert remembered(config / "newsward.db") == expected
                assert set(times_sent(inbox)) == set(expected_sent)

    assert set(expected_sent.values()) == {1}
    assert killed >= rounds  # the kills must have met running processes


def test_a_run_killed_ten_times_comes_to_the_same(tmp_path: Path) -> None:
    compare_with_undisturbed(tmp_path, rounds=5, kills=2, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_run_killed_two_hundred_times_comes_to_the_same(tmp_path: Path) -> None:
    compare_with_undisturbed(tmp_path, rounds=80, kills=3, seed=int(time.time()))
