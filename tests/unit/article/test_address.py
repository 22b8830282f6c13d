"""The address that a page gives itself."""

from __future__ import annotations

import pytest

from pipeline.article import own_address

HERE = "https://mill.example/2026/quay.html?from=feed"


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ('<link rel="canonical" href="https://mill.example/quay">', "https://mill.example/quay"),
        ("<LINK HREF='/quay?a=1&amp;b=2' REL='canonical' />", "https://mill.example/quay?a=1&b=2"),
        ("<link rel=canonical href=quay>", "https://mill.example/2026/quay"),
        (
            '<link rel="stylesheet" href="/a.css"><link rel="canonical" href="//mill.example/q">',
            "https://mill.example/q",
        ),
    ],
)
def test_it_is_read_as_it_is_written_and_made_absolute(page: str, address: str) -> None:
    assert own_address(f"<html><head>{page}</head></html>", HERE) == (address,)


@pytest.mark.parametrize(
    "page",
    [
        "",
        '<link rel="alternate" href="/feed.xml">',
        '<link rel="canonical">',
        '<link rel="canonical" href="http://[">',
        '<a rel="canonical" href="/quay">',
        '<link rel="canonical" href="/quay',
    ],
)
def test_what_is_none_is_none(page: str) -> None:
    assert own_address(page, HERE) == ()
