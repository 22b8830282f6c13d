"""A second process: when there is one, what crosses its pipes, and that nothing is lost with it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from threading import Lock

import pytest
from structlog.testing import capture_logs

from pipeline.companion import Companion, how_to_start
from pipeline.companion.answers import packed, unpacked
from pipeline.companion.process import Fork, program
from pipeline.engine import Shard, shards
from pipeline.fetch import FetchOptions
from pipeline.model import (
    DateKind,
    Document,
    Due,
    ErrorKind,
    Feed,
    FeedInfo,
    FeedState,
    FetchFailed,
    Hints,
    NotModified,
    Polled,
)
from pipeline.poll import poll_shard
from tests.builders_fetch import QUICK, answer, due, ok, poll_whole
from tests.builders_store import make_entry
from tests.builders_wire import feed
from tests.feed_server import FeedServer, Reply

MOMENT = datetime(2026, 3, 4, 12, 0, 0, 250_000, tzinfo=UTC)
OPTIONS = FetchOptions(**QUICK)


def new(count: int) -> list[Due]:
    return [due(f"https://{number}.example/feed") for number in range(count)]


@pytest.mark.parametrize(
    ("feeds", "cores", "threads", "start"),
    [
        (100, 2, 1, Fork),
        (99, 2, 1, None),
        (100, 1, 1, None),
        (100, 2, 2, None),
        (400, 2, 2, program),
        (400, 2, 0, program),
        (399, 2, 0, None),
    ],
)
def test_a_process_is_started_only_where_it_is_worth_it(feeds: int, cores: int, threads: int, start: object) -> None:
    assert how_to_start(new(feeds), cores=cores, threads=threads) is start


def test_feeds_that_have_been_read_before_are_no_reason_for_a_process() -> None:
    known = [due(f"https://{number}.example/feed", last_full_at=MOMENT) for number in range(1000)]

    assert how_to_start([*known, *new(99)], cores=2, threads=1) is None


def test_what_came_of_a_shard_is_the_same_on_the_other_side_of_the_pipe() -> None:
    dues = [due(f"https://{place}.example/feed") for place in range(4)]
    entries = (
        make_entry("half a surrogate \ud83d", text="小米", published_at=MOMENT, updated_at=MOMENT),
        replace(make_entry("undated"), published_at=None, date_kind=DateKind.SEEN, keys=("one",)),
    )
    info = FeedInfo("Mill", "https://mill.example", "en", "rss20", Hints(skip_hours=(1, 2)))
    polled = [
        Polled(dues[2], ok(), Document(info, entries, "cut", is_cut=True)),
        Polled(dues[0], NotModified(answer(304))),
        Polled(dues[3], FetchFailed(ErrorKind.DNS, "no such name")),
        Polled(dues[1], ok(), Document(info, (), feeds=(Feed("https://quay.example/feed", tags=("a",)),))),
    ]
    logged = [("error", "parser_failed", {"feed": "https://mill.example/feed"})]

    assert unpacked(packed(polled, dues, logged), dues) == (polled, logged)


@pytest.fixture
def dues() -> Iterator[list[Due]]:
    with FeedServer("0.0.0.0") as server:
        server.serve("/feed", feed())
        server.serve("/broken", Reply(b"<rss><channel><item>"))
        urls = [server.url("/feed", host=f"127.0.9.{number}") for number in range(1, 40)]
        yield [due(url) for url in [*urls, server.url("/broken", host="127.0.9.41")]]


def results(polled: Sequence[Polled]) -> dict[str, object]:
    return {one.due.feed.url: one.document or type(one.result) for one in polled}


def by_companion(companion: Companion, dues: list[Due]) -> dict[str, object]:
    polled: list[Polled] = []
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(companion.poll, shards(dues, 5), repeat(polled.extend)))
    return results(polled)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Shard]:
    """The shards that are polled in this process."""
    shards: list[Shard] = []
    monkeypatch.setattr(
        "pipeline.companion.companion.poll_shard",
        lambda dues, give, options: (shards.append(dues), poll_shard(dues, give, options))[1],
    )
    return shards


def let_it_start(companion: Companion, shard: Shard, here: list[Shard]) -> None:
    """Until then, shards are polled here."""
    before = -1
    while before < len(here):
        before = len(here)
        companion.poll(shard, lambda polled: None)
    here.clear()


def test_a_companion_polls_as_this_process_does(dues: list[Due], tmp_path: Path, here: list[Shard]) -> None:
    companion = Companion(program(), OPTIONS, tmp_path)
    try:
        let_it_start(companion, tuple(dues[:1]), here)
        polled = by_companion(companion, dues)
    finally:
        companion.end()

    assert polled == results(poll_whole(dues, OPTIONS))
    assert len(polled) == 40
    assert len(here) < 8


def test_the_shards_of_a_companion_that_dies_are_polled_here(
    dues: list[Due], tmp_path: Path, here: list[Shard]
) -> None:
    process = program()
    companion = Companion(process, OPTIONS, tmp_path)
    let_it_start(companion, tuple(dues[:1]), here)
    with capture_logs() as logs, ThreadPoolExecutor(8) as threads:
        os.kill(process.pid, signal.SIGSTOP)  # so that it has what it will never do
        polled: list[Polled] = []
        asked = [threads.submit(companion.poll, shard, polled.extend) for shard in shards(dues, 5)]
        os.kill(process.pid, signal.SIGKILL)
        for shard in asked:
            shard.result()
    companion.end()

    assert results(polled) == results(poll_whole(dues, OPTIONS))
    assert len(here) == 8
    assert [(line["event"], line["exit_code"]) for line in logs] == [("companion_lost", -signal.SIGKILL)]


BROKEN = """
import pipeline.companion.server as server

async def broken(dues, give, options):
    raise RuntimeError

server.poll_feeds = broken
server.serve()
"""


@pytest.mark.parametrize(("program_text", "code"), [("raise SystemExit(3)", 3), (BROKEN, 1)])
def test_a_companion_that_fails_leaves_everything_to_this_process(
    program_text: str, code: int, dues: list[Due], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.companion.process.PROGRAM", program_text)
    with capture_logs() as logs:
        companion = Companion(program(), OPTIONS, tmp_path)
        while not logs:
            polled = by_companion(companion, dues)
        companion.end()

    assert polled == results(poll_whole(dues, OPTIONS))
    assert [(line["event"], line["exit_code"]) for line in logs] == [("companion_lost", code)]


TELLING = """
import structlog
import pipeline.companion.server as server

poll_feeds = server.poll_feeds

async def telling(dues, give, options):
    try:
        raise ValueError("a fault")
    except ValueError:
        structlog.get_logger().exception("parser_failed", feed=dues[0].feed.url)
    await poll_feeds(dues, give, options)

server.poll_feeds = telling
server.serve()
"""


def test_what_a_companion_logs_is_told_by_this_process(
    dues: list[Due], tmp_path: Path, here: list[Shard], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.companion.process.PROGRAM", TELLING)
    companion = Companion(program(), OPTIONS, tmp_path)
    with capture_logs() as logs:
        while not logs:
            companion.poll(tuple(dues[:1]), lambda polled: None)
    companion.end()

    [line] = logs
    assert (line["log_level"], line["event"], line["feed"]) == ("error", "parser_failed", dues[0].feed.url)
    assert line["exception"].endswith("ValueError: a fault")


def test_a_request_that_cannot_be_told_leaves_nothing_of_it_in_the_pipe(
    dues: list[Due], tmp_path: Path, here: list[Shard]
) -> None:
    companion = Companion(program(), OPTIONS, tmp_path)
    long, locked = "x" * 200_000, (("X-Key", Lock()),)  # too much for the pickler to keep to itself until it fails
    unspeakable = replace(dues[0], feed=replace(dues[0].feed, title=long, headers=locked))
    try:
        let_it_start(companion, tuple(dues[:1]), here)
        with pytest.raises(TypeError, match="cannot pickle"):
            companion.poll((unspeakable,), lambda polled: None)
        polled: list[Polled] = []
        companion.poll(tuple(dues), polled.extend)
    finally:
        companion.end()

    assert len(polled) == 40
    assert here == []


def test_who_asks_after_the_end_gets_nothing_and_does_not_wait(tmp_path: Path) -> None:
    companion = Companion(program(), OPTIONS, tmp_path)
    companion.end()

    given: list[Polled] = []
    companion.poll((Due(Feed("https://mill.example/"), FeedState("https://mill.example/")),), given.extend)

    assert given == []
