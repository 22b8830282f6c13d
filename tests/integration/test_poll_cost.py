"""What polls cost, counted and not timed: statements, transactions, requests, connections, threads."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import poll as shard
from pipeline.app import open_stages
from pipeline.config import load
from pipeline.decide import Stages
from pipeline.fetch import FetchOptions
from pipeline.model import Fetched, FetchFailed
from pipeline.run import run_once
from tests.builders_fetch import QUICK, due, poll_all, poll_whole
from tests.builders_wire import Product, feed
from tests.feed_server import FeedServer, Reply

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def _statements(stages: Stages, feeds: int) -> list[str]:
    """What SQLite is asked during a run over so many unchanged feeds."""
    seen: list[str] = []
    dues = stages.store.all_dues(NOW)[:feeds]
    stages.store.database.conn.set_trace_callback(seen.append)
    report = run_once(stages, NOW, dues=dues)
    stages.store.database.conn.set_trace_callback(None)
    assert report.not_modified == feeds
    return seen


def test_an_unchanged_feed_is_three_statements_one_request_and_shares_its_transaction(tmp_path: Path) -> None:
    with FeedServer("0.0.0.0") as server:
        server.serve("/feed", feed(etag='"1"'))
        urls = [server.url("/feed", host=f"127.0.3.{index}") for index in range(1, 61)]
        Product(tmp_path).configure(*urls, fetch="spacing = 0\nallow_private = true")
        with open_stages(load(tmp_path, {}), NOW) as stages:
            run_once(stages, NOW, dues=stages.store.all_dues(NOW))
            asked = len(server.requests())
            few, many = _statements(stages, 10), _statements(stages, 60)
            seen = server.requests()[asked:]

    assert len(many) - len(few) <= 3 * 50 + 4
    assert sum(statement.startswith("BEGIN") for statement in many) <= 6
    assert len(seen) == len({request.connection for request in seen}) == 70


def test_a_feed_that_was_not_changed_is_not_parsed_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    read = shard.read
    monkeypatch.setattr(
        shard, "read", lambda *about: (threads.append(threading.current_thread().name), read(*about))[1]
    )
    with FeedServer() as server:
        url = server.serve("/feed", feed(etag='"1"'))
        poll_whole([due(url, etag='"1"')], FetchOptions(**QUICK))

    assert threads == []


def test_large_bodies_wait_for_room_and_all_of_them_come() -> None:
    body = b"<rss version='2.0'><channel><title>Mill</title></channel></rss>" + b" " * 200_000
    with FeedServer("0.0.0.0") as server:
        server.serve("/feed", Reply(body))
        urls = [server.url("/feed", host=f"127.0.4.{index}") for index in range(1, 9)]
        results = poll_all([due(url) for url in urls], max_in_flight=250_000)

    assert all(isinstance(result, Fetched) for _, result in results)


def test_one_body_larger_than_all_the_room_is_read_alone() -> None:
    body = b"<rss version='2.0'><channel><title>Mill</title></channel></rss>" + b" " * 200_000
    with FeedServer() as server:
        [(_, result)] = poll_all([due(server.serve("/feed", Reply(body)))], max_in_flight=1000)

    assert isinstance(result, Fetched)


def test_room_that_was_taken_is_given_back_when_the_body_is_given_up() -> None:
    large = b"<" * 200_000
    with FeedServer() as server:
        cut = [due(server.serve(f"/{index}", Reply(large, announced=300_000))) for index in range(3)]
        results = poll_all([*cut, due(server.serve("/good", Reply(large)))], max_in_flight=310_000)

    assert [isinstance(result, FetchFailed) for _, result in results] == [True, True, True, False]
