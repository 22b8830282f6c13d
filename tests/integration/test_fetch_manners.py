"""What a site owner sees of us; the numbers are rows of the behaviour catalogue."""

from __future__ import annotations

import pytest

from pipeline.fetch import FetchOptions
from pipeline.model import ErrorKind, Fetched, FetchFailed
from tests.builders_fetch import BODY, QUICK, due, failed, poll_all, poll_whole
from tests.feed_server import FeedServer, Reply


def test_an_idle_connection_that_died_is_replaced() -> None:
    """Row 56."""
    with FeedServer() as server:
        dies = Reply(lambda: iter([BODY]))  # without a length: the server closes to say that it is over
        dues = [due(server.serve("/1", dies)), due(server.serve("/2", Reply(BODY)))]
        results = poll_all(dues)

    assert all(isinstance(result, Fetched) for _, result in results)


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
        [polled] = poll_whole([due(server.serve("/feed", Reply(page)))], FetchOptions(**QUICK))

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
    assert result.reason == "ValueError: a field of the request holds what no field may hold"
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
