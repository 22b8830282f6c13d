"""Which address is asked for an entry's page."""

from __future__ import annotations

import pytest

from pipeline.keys import url_key
from pipeline.model import Entry
from pipeline.pages import further_keys, page_url


@pytest.mark.parametrize(
    ("url", "canonical_url", "asked"),
    [
        (
            "https://mill.example/a?utm_source=rss#top",
            "https://mill.example/a",
            "https://mill.example/a?utm_source=rss",
        ),
        ("https://www.mill.example/a", "https://mill.example/a", "https://www.mill.example/a"),
        ("http://www.bing.com/news/apiclick.aspx?url=x", "https://mill.example/a", "https://mill.example/a"),
        ("https://news.google.com/rss/articles/CBMi", "https://news.google.com/rss/articles/CBMi", ""),
        ("", "", ""),
    ],
)
def test_the_page_is_where_the_reader_would_end(url: str, canonical_url: str, asked: str) -> None:
    assert page_url(Entry("1", "https://mill.example/feed", "A", url=url, canonical_url=canonical_url)) == asked


@pytest.mark.parametrize(
    ("addresses", "known_by"),
    [
        (("https://www.mill.example/quay?utm_source=x",), ["https://mill.example/quay"]),
        (("https://mill.example/a", "https://m.mill.example/quay"), ["https://mill.example/quay"]),
        (("https://mill.example/quay", "https://elsewhere.example/quay"), ["https://mill.example/quay"]),
        (("https://mill.example/a", "https://mill.example/"), []),
        (("https://mill.example/a", "no address"), []),
        ((), []),
    ],
)
def test_an_entry_is_known_by_where_its_link_led_and_by_what_its_page_calls_itself(
    addresses: tuple[str, ...], known_by: list[str]
) -> None:
    entry = Entry("1", "https://mill.example/feed", "A quay", canonical_url="https://mill.example/a")

    assert further_keys(entry, addresses) == tuple(map(url_key, known_by))
