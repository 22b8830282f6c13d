"""Many new feeds polled by the command with a second process: the same is stored, and nothing outlives a kill."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.store import RunLock
from tests.builders_run import IN_ORDER, ask
from tests.builders_wire import Product
from tests.feed_server import FeedServer, Reply

FEEDS = 120
# Starts the command behind it as some supervisors do: nobody keeps how its children ended.
IGNORING = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
STARTED = re.compile(r'"companion_started".*"process": (\d+)|companion_started.*process=(\d+)')
RSS = (
    "<rss version='2.0'><channel><title>Mill {number}</title>"
    "<item><title>Own news {number}</title><guid>{number}</guid><link>https://mill{number}.example/1</link></item>"
    "<item><title>Shared news</title><guid>s{number}</guid><link>https://mill.example/{shared}</link></item>"
    "</channel></rss>"
)


@pytest.fixture
def urls() -> Iterator[list[str]]:
    with FeedServer("0.0.0.0") as server:
        for number in range(FEEDS):
            server.serve(f"/{number}", Reply(RSS.format(number=number, shared=number // 2).encode()))
        yield [server.url(f"/{number}", host=f"127.0.8.{number + 1}") for number in range(FEEDS)]


def poll(
    directory: Path, urls: Sequence[str], more: str = "", streams: str = "", before: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """The command in a process of its own, which has one thread: pandas, which only developers have, is told so."""
    product = Product(directory)
    product.configure(*urls, fetch=f"spacing = 0\nallow_private = true\n{more}")
    command = [sys.executable, "-m", "pipeline", "--config", str(directory), "--verbose", "feeds", "poll", "--json"]
    command = ["sh", "-c", f'exec "$@" {streams}', "sh", *before, *command]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def stored(directory: Path) -> list[tuple[object, ...]]:
    order = "ORDER BY seq"
    entries = ask(directory / "newsward.db", f"SELECT feed_url, guid, title, url, text FROM entries {order}")
    return [*entries, *ask(directory / "newsward.db", "SELECT feed_url, guid FROM sightings ORDER BY feed_url")]


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core polls alone")
def test_two_processes_store_what_one_stores_in_the_same_order(urls: list[str], tmp_path: Path) -> None:
    talks = []
    for name, processes in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        _, talk = poll(tmp_path / name, urls, f"{IN_ORDER}processes = {processes}\nshard_size = 10\n").communicate()
        talks.append(talk)

    assert [bool(STARTED.search(talk)) for talk in talks] == [False, True]
    assert "companion_lost" not in talks[1]
    assert stored(tmp_path / "two") == stored(tmp_path / "one")
    assert len(stored(tmp_path / "two")) == 2 * FEEDS


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core polls alone")
def test_a_second_process_does_without_an_input(urls: list[str], tmp_path: Path) -> None:
    poll(tmp_path, urls, "[engine]\nprocesses = 2\n", streams="<&-").communicate()

    assert len(stored(tmp_path)) == 2 * FEEDS


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core polls alone")
def test_a_second_process_works_where_the_end_of_children_is_ignored(urls: list[str], tmp_path: Path) -> None:
    first = poll(tmp_path, urls, "[engine]\nshard_size = 10\n", before=(sys.executable, "-c", IGNORING))
    _, talk = first.communicate()

    assert first.returncode == 0, talk
    assert STARTED.search(talk)
    assert "companion_lost" not in talk
    assert len(stored(tmp_path)) == 2 * FEEDS


def test_a_first_poll_that_is_killed_and_begun_again_stores_everything_once(urls: list[str], tmp_path: Path) -> None:
    engine = "[engine]\nshard_size = 10\n"
    for name in ("undisturbed", "killed"):
        (tmp_path / name).mkdir()
    poll(tmp_path / "undisturbed", urls, engine).communicate()
    first = poll(tmp_path / "killed", urls, engine)
    assert first.stdout
    first.stdout.readline()  # of a feed whose turn is committed
    first.kill()
    first.communicate()
    poll(tmp_path / "killed", urls, engine).communicate()

    assert len(stored(tmp_path / "killed")) == 2 * FEEDS
    assert sorted(stored(tmp_path / "killed")) == sorted(stored(tmp_path / "undisturbed"))


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core polls alone")
def test_a_second_process_ends_with_the_first_and_holds_no_lock(urls: list[str], tmp_path: Path) -> None:
    with FeedServer("0.0.0.0") as server:
        server.serve("/slow", Reply(lambda: iter(lambda: time.sleep(0.05) or b"<!-- -->", b"")))
        slow = [server.url("/slow", host=f"127.0.7.{number + 1}") for number in range(FEEDS)]
        first = poll(tmp_path, slow)
        assert first.stderr
        talk = next(line for line in first.stderr if STARTED.search(line))
        second = int(next(filter(None, STARTED.search(talk).groups())))  # type: ignore[union-attr]
        first.kill()
        first.communicate()

        with RunLock(tmp_path, wait=False):
            pass
        assert ended(second, timedelta(seconds=20))


def ended(process: int, within: timedelta) -> bool:
    """Whether a process that is no child of ours is gone."""
    deadline = time.monotonic() + within.total_seconds()
    while time.monotonic() < deadline:
        try:
            os.kill(process, signal.SIG_DFL)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False
