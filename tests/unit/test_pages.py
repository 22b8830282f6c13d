"""Which address is asked for an entry's page."""

from __future__ import annotations

import pytest

from pipeline.model import Entry
from pipeline.pages import page_url


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
