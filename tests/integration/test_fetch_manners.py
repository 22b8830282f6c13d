"""What a site owner sees of us; the numbers are rows of the behaviour catalogue."""

from __future__ import annotations

import gzip
import time
from datetime import timedelta

import pytest

from pipeline.fetch import FetchOptions
from pipeline.model import ErrorKind, Fetched, FetchFailed
from pipeline.poll import poll_shard
from tests.builders_fetch import BODY, QUICK, due, failed, fetched, poll_all, poll_often
from tests.feed_server import FeedServer, Reply, Seen


def _request(**options: object) -> Seen:
    with FeedServer() as server:
        fetched(server.serve("/feed?page=1", Reply(BODY)), **options)
        [seen] = server.requests()
    return seen


def test_we_say_who_we_are_and_where_to_complain() -> None:
    """Row 59."""
    seen = _request()

    assert seen.headers["user-agent"].startswith("newsward/")
    assert "(+https://" in seen.headers["user-agent"]


def test_the_user_agent_can_be_set_for_all_and_for_one_feed() -> None:
    """Row 59."""
    with FeedServer() as server:
        url = server.serve("/feed", Reply(BODY))
        fetched(url, user_agent="mill/1 (+https://mill.example)")
        fetched(due(url, headers=(("User-Agent", "special/2"),)))
        agents = [seen.headers["user-agent"] for seen in server.requests()]

    assert agents == ["mill/1 (+https://mill.example)", "special/2"]


def test_no_cookie_is_kept_between_polls() -> None:
    """Row 60."""
    with FeedServer() as server:
        poll_often(server.serve("/feed", Reply(BODY, headers={"Set-Cookie": "id=1; Path=/"})), 2)

        assert all("cookie" not in seen.headers for seen in server.requests())


def test_the_request_carries_no_referer_and_no_cruft() -> None:
    """Row 61."""
    seen = _request()

    assert seen.path == "/feed?page=1"
    assert seen.headers.keys() == {"host", "user-agent", "accept", "accept-encoding", "connection"}


def test_feed_types_are_preferred() -> None:
    """Row 62."""
    accepted = [part.strip() for part in _request().headers["accept"].split(",")]

    assert accepted[:3] == ["application/atom+xml", "application/rss+xml", "application/feed+json"]
    assert accepted[-1] == "*/*;q=0.1"


def test_what_is_asked_for_can_be_decoded() -> None:
    """Row 63."""
    offered = _request().headers["accept-encoding"].split(", ")

    assert offered == ["gzip", "deflate", "br", "zstd"]


def test_a_poll_is_one_request() -> None:
    """Row 64."""
    with FeedServer() as server:
        fetched(server.serve("/feed", Reply(gzip.compress(BODY), headers={"Content-Encoding": "gzip"})))

        assert [seen.path for seen in server.requests()] == ["/feed"]


def test_feeds_of_one_domain_are_asked_one_after_the_other_on_one_connection() -> None:
    """Rows 65 and 68."""
    with FeedServer() as server:
        dues = [due(server.serve(f"/{index}", Reply(BODY))) for index in range(4)]
        results = poll_all(dues)
        seen = server.requests()

    assert [turn for turn, _ in results] == dues
    assert {request.connection for request in seen} == {1}
    assert [request.headers["connection"] for request in seen] == ["keep-alive"] * 3 + ["close"]


def test_requests_to_one_domain_keep_their_distance() -> None:
    """Row 65."""
    with FeedServer() as server:
        dues = [due(server.serve(f"/{index}", Reply(BODY))) for index in range(4)]
        began = time.monotonic()
        poll_all(dues, spacing=timedelta(seconds=0.1))

        assert 0.3 <= time.monotonic() - began < 1


def test_an_idle_connection_that_died_is_replaced() -> None:
    """Row 56."""
    with FeedServer() as server:
        dies = Reply(lambda: iter([BODY]))  # without a length: the server closes to say that it is over
        dues = [due(server.serve("/1", dies)), due(server.serve("/2", Reply(BODY)))]
        results = poll_all(dues)

    assert all(isinstance(result, Fetched) for _, result in results)


def test_environment_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 69."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    assert _request().path == "/feed?page=1"


def test_a_broken_feed_does_not_stop_the_others() -> None:
    with FeedServer("0.0.0.0") as server:
        server.serve("/feed", Reply(BODY))
        good = [due(server.url("/feed", host=f"127.0.0.{index}")) for index in range(1, 6)]
        broken = [due(url) for url in ("", "nonsense", "http://[", "ftp://127.0.0.1/feed", "http://127.0.0.1:1/feed")]
        results = dict(poll_all([*broken, *good]))

    assert len(results) == 10
    assert all(isinstance(results[turn], Fetched) for turn in good)
    assert all(isinstance(results[turn], FetchFailed) for turn in broken)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8123/a.xml", "mill.example:80/feed", "mill.example/feed", "nonsense", "ftp://mill.example/feed"]
)
def test_what_is_no_web_address_is_told_so_and_not_that_it_is_private(url: str) -> None:
    result = failed(url)

    assert result.kind is ErrorKind.INVALID_URL
    assert result.reason == f"{url} is not a web address: it must begin with http:// or https://"


def test_the_reason_of_a_failure_is_one_short_line() -> None:
    result = failed("nonsense\r\n\x1b[2J" + "x" * 1000)

    assert result.reason.startswith("nonsense [2Jxxx")
    assert len(result.reason) == 500


def test_the_reason_why_an_answer_is_no_feed_is_one_short_line_too() -> None:
    link = b"<link rel='alternate' type='application/rss+xml' href='/%s'>"
    page = b"<!doctype html><html><head><title>Mill &#x1b;[2J</title>%s</head></html>" % (link % (b"x" * 1000))
    with FeedServer() as server:
        [polled] = poll_shard([due(server.serve("/feed", Reply(page)))], FetchOptions(**QUICK))

    assert isinstance(polled.result, FetchFailed)
    assert 'Mill [2J"' in polled.result.reason
    assert len(polled.result.reason) == 500


def test_a_fault_of_ours_is_a_failure_with_its_reason_and_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    with FeedServer() as server:
        url = server.serve("/feed", Reply(BODY)).replace("//", "//ann:s3cret@")
        edited_by_hand = due(url, headers=(("X-Key", "s3cret"),), etag="two\nlines")
        result = failed(edited_by_hand)
    logged = capsys.readouterr().out

    assert result.kind is ErrorKind.UNEXPECTED
    assert "LocalProtocolError" in result.reason
    assert "Traceback" in logged
    assert "s3cret" not in result.reason + logged


@pytest.mark.parametrize("header", [("X-Key", "s3cret\nX-More: 1"), ("X Key", "s3cret"), ("Schlüssel", "s3cret")])
def test_a_header_that_cannot_be_sent_is_named_without_its_value(header: tuple[str, str]) -> None:
    with FeedServer() as server:
        result = failed(due(server.serve("/feed", Reply(BODY)), headers=(header,)))

    assert header[0] in result.reason
    assert "s3cret" not in result.reason


def test_options_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValueError, match="extra"):
        FetchOptions.model_validate({"redirects": 3})
    with pytest.raises(ValueError, match=r"10\.1"):
        FetchOptions(allow_networks=("10.1.0.0/99",))
    with pytest.raises(ValueError, match="user_agent"):
        FetchOptions(user_agent="two\nlines")
