"""One feed by its address."""

from __future__ import annotations

from base64 import b64decode

import pytest

from pipeline.model import Feed
from pipeline.plugins import validate
from pipeline.sources.feed import Source


def fault(**options: object) -> str:
    outcome = validate(Source, options, where="here")
    assert isinstance(outcome, tuple)
    (only,) = outcome
    return only.message


def test_a_feed_table_is_one_feed() -> None:
    source = Source(
        url=" https://news.example/rss ",
        title="News",
        publisher="Example",
        language="en",
        tier=2,
        tags=("a", "b"),
        headers={"X-Key": "1"},
    )

    assert source.feeds() == (
        Feed(
            url="https://news.example/rss",
            title="News",
            publisher="Example",
            language="en",
            tier=2,
            tags=("a", "b"),
            headers=(("X-Key", "1"),),
        ),
    )


def test_the_address_keeps_its_query_and_loses_its_fragment() -> None:
    (feed,) = Source(url="https://news.example/rss?a=1&b=2#top").feeds()

    assert feed.url == "https://news.example/rss?a=1&b=2"


def test_credentials_leave_the_address_for_a_header() -> None:
    (feed,) = Source(url="https://ann:p%40ss@news.example:8443/rss").feeds()

    assert feed.url == "https://news.example:8443/rss"
    ((name, value),) = feed.headers
    assert name == "Authorization"
    assert b64decode(value.removeprefix("Basic ")) == b"ann:p@ss"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://news.example/rss", "must be an http or https address"),
        ("news.example/rss", "must be an http or https address"),
        ("file:///etc/passwd", "must be an http or https address"),
        ("", "must be an http or https address"),
        ("https://", "names no host"),
        ("https://user@/rss", "names no host"),
        ("https://news.example:99999/rss", "is not a valid address"),
        ("https://[::1/rss", "is not a valid address"),
        ("https://news.example/a b", "has a space or control character in it"),
        ("https://news.example/\u202eabc", "has a space or control character in it"),
        ("https://news.example/" + "a" * 5000, "is longer than 4096 characters"),
    ],
)
def test_an_address_that_cannot_be_a_feed_is_told_without_being_repeated(url: str, words: str) -> None:
    assert fault(url=url) == f"key 'url': {words}"


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Bad Name": "x"}, "has a header name that HTTP does not allow"),
        ({"": "x"}, "has a header name that HTTP does not allow"),
        ({"X-Key": "a\r\nHost: evil"}, "has a header value with line breaks or characters outside Latin-1"),
        ({"X-Key": "小米"}, "has a header value with line breaks or characters outside Latin-1"),
    ],
)
def test_headers_that_would_break_the_request_are_refused(headers: dict[str, str], words: str) -> None:
    assert fault(url="https://news.example/rss", headers=headers) == f"key 'headers': {words}"


def test_secrets_do_not_show_in_its_representation() -> None:
    source = Source(url="https://ann:hunter2@news.example/rss?token=hunter2", headers={"X-Key": "hunter2"})

    assert "hunter2" not in repr(source)
