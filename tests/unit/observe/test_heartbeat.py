"""The sign of life to a service outside, over loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from pipeline.model import ErrorKind, FailedFeed, RunReport
from pipeline.observe import Heartbeat, HeartbeatOptions
from tests.feed_server import FeedServer, Reply, redirect

NOW = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COMPLETED = RunReport(NOW, MINUTE, feeds=2, due=2, fetched=1)
UNREACHABLE = RunReport(NOW, MINUTE, feeds=1, due=1, failed=(FailedFeed("https://a.example", ErrorKind.DNS, "?"),))


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


def heartbeat(server: FeedServer, **options: object) -> Heartbeat:
    """One that knows both addresses of the server."""
    server.serve("/beat", Reply(b"OK"))
    server.serve("/beat/fail", Reply(b"OK"))
    urls = {"url": server.url("/beat"), "fail_url": server.url("/beat/fail")}
    return Heartbeat(HeartbeatOptions.model_validate({**urls, **options}))


def asked(server: FeedServer) -> tuple[int, int]:
    """How often the one address was asked, and the one for failures."""
    return len(server.requests("/beat")), len(server.requests("/beat/fail"))


def test_each_completed_run_is_told(server: FeedServer) -> None:
    heart = heartbeat(server)

    heart.note_run(COMPLETED, NOW)
    heart.note_run(COMPLETED, NOW + timedelta(seconds=1))

    assert asked(server) == (2, 0)
    assert server.requests("/beat")[0].headers["user-agent"].startswith("newsward/")


def test_a_run_in_which_nothing_could_be_polled_is_told_at_the_other_address(server: FeedServer) -> None:
    heartbeat(server).note_run(UNREACHABLE, NOW)

    assert asked(server) == (0, 1)


def test_without_an_address_for_failures_a_failure_is_silence(server: FeedServer) -> None:
    heartbeat(server, fail_url=None).note_run(UNREACHABLE, NOW)

    assert asked(server) == (0, 0)


def test_a_run_that_was_told_to_stop_says_nothing(server: FeedServer) -> None:
    heartbeat(server).note_run(RunReport(NOW, MINUTE, due=2, is_cut_off=True), NOW)

    assert asked(server) == (0, 0)


def test_looks_that_find_nothing_due_are_told_every_few_minutes(server: FeedServer) -> None:
    heart = heartbeat(server)

    for minute in range(11):
        heart.note_idle(NOW + minute * MINUTE)

    assert asked(server) == (3, 0)


def test_a_failure_that_lasts_is_told_every_few_minutes_and_its_end_at_once(server: FeedServer) -> None:
    heart = heartbeat(server)

    for minute in range(7):
        heart.note_failure(NOW + minute * MINUTE)
    heart.note_idle(NOW + 7 * MINUTE)

    assert asked(server) == (1, 2)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Reply(status=404), "it answered 404"),
        (Reply(status=503), "it answered 503"),
        (redirect("/elsewhere", 302), "it answered 302, and redirects are not followed"),
    ],
)
def test_a_service_that_does_not_take_it_is_logged_once(server: FeedServer, answer: Reply, reason: str) -> None:
    heart = heartbeat(server)
    elsewhere = server.serve("/elsewhere", Reply(b"OK"))
    server.serve("/beat", answer)

    with capture_logs() as logs:
        for _ in range(3):
            heart.note_run(COMPLETED, NOW)

    assert elsewhere
    assert server.requests("/elsewhere") == []
    event = {"event": "heartbeat_not_heard", "log_level": "warning", "option": "url", "reason": reason}
    assert logs == [event]


def test_a_service_that_was_mended_and_fails_again_is_logged_again(server: FeedServer) -> None:
    heart = heartbeat(server)
    server.serve("/beat", [Reply(status=500), Reply(status=200), Reply(status=500)])

    with capture_logs() as logs:
        for _ in range(3):
            heart.note_run(COMPLETED, NOW)

    assert [one["reason"] for one in logs] == ["it answered 500", "it answered 500"]


def test_a_service_that_is_not_there_is_logged_without_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    heart = Heartbeat(HeartbeatOptions.model_validate({"url": f"http://127.0.0.1:{port}/sesame-1f"}))

    with capture_logs() as logs:
        heart.note_run(COMPLETED, NOW)

    assert [one["reason"] for one in logs] == ["no connection: its name, the network, or its certificate"]
    assert "sesame" not in str(logs) + repr(heart)


def test_a_service_that_says_nothing_does_not_hold_a_run_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        heart = Heartbeat(HeartbeatOptions.model_validate({"url": url, "timeout": timedelta(seconds=0.2)}))
        began = time.monotonic()
        with capture_logs() as logs:
            heart.note_run(COMPLETED, NOW)

    assert [one["reason"] for one in logs] == ["no answer within 0.2 seconds"]
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("url", ["ftp://sesame.example/x", "sesame", "http://", "http://sesame:port/"])
def test_what_is_no_web_address_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        HeartbeatOptions.model_validate({"url": url})

    assert "sesame" not in str(refused.value)
