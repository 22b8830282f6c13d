"""The feeds that a site announces, and where else they may be."""

from __future__ import annotations

from pipeline.model import Feed, FeedKind
from pipeline.sources.site import Source, announced_feeds, usual_places

SITE = Feed("https://mill.example/", publisher="The Mill", tier=2, tags=("mill",), kind=FeedKind.SITE)


def test_a_site_is_a_feed_that_names_others() -> None:
    (site,) = Source(url="https://user:pw@mill.example/news", tier=2).feeds()

    assert (site.url, site.kind, site.source, site.tier) == ("https://mill.example/news", FeedKind.SITE, "site", 2)
    assert [name for name, _ in site.headers] == ["Authorization"]


def test_what_a_site_names_has_what_its_table_says_and_none_of_its_headers() -> None:
    (feed,) = announced_feeds(["https://mill.example/feed#x"], SITE)

    assert feed == Feed(
        "https://mill.example/feed",
        publisher="The Mill",
        tier=2,
        tags=("mill",),
        source="site:mill.example",
        listed_by="https://mill.example/",
    )


def test_five_feeds_at_most_and_those_of_comments_only_if_there_is_no_other() -> None:
    comments = "https://mill.example/comments/feed/"
    many = [f"https://mill.example/{number}" for number in range(9)]

    assert [feed.url for feed in announced_feeds([comments, *many], SITE)] == many[:5]
    assert [feed.url for feed in announced_feeds([comments], SITE)] == [comments]


def test_the_usual_places_are_on_the_host_of_the_page() -> None:
    assert usual_places("https://blog.mill.example/2026/a.html")[:2] == (
        "https://blog.mill.example/feed/",
        "https://blog.mill.example/rss.xml",
    )
