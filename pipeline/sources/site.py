"""The feeds that a web site announces: whoever knows the site need not know where its feeds are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline.model import Feed, FeedKind
from pipeline.sources.feed import Source as FeedSource
from pipeline.sources.feed import web_address

MOST_FEEDS = 5  # of one site: more are its sections one by one, which the first ones hold too
# Where publishing systems put feeds that no page announces: WordPress, Ghost, Hugo, Jekyll, Drupal, Blogger.
_USUAL_PLACES = ("/feed/", "/rss.xml", "/feed.xml", "/rss/", "/atom.xml", "/index.xml", "/feeds/posts/default")
_OF_COMMENTS = ("/comments/", "comments=", "/replies/")


class Source(BaseModel):
    """The feeds that the pages of a site announce, looked up again as often as a slow feed is polled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        repr=False,
        description="a page of the site, usually the first; when it announces no feed, the usual places are tried",
        examples=["https://news.example.com/"],
    )
    publisher: str = Field("", description="who publishes them, when entries do not say")
    language: str = Field("", description="BCP 47 tag of their entries, when they do not say")
    tier: int = Field(3, ge=1, le=5, description="authority, 1 (most) to 5 (least), as stored with the feeds")
    tags: tuple[str, ...] = Field((), description="words to group them by")

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        return web_address(url)

    def feeds(self) -> tuple[Feed, ...]:
        """The page, which is polled like a feed and names the site's feeds."""
        (feed,) = FeedSource(
            url=self.url, publisher=self.publisher, language=self.language, tier=self.tier, tags=self.tags
        ).feeds()
        return (replace(feed, title=f"the site {urlsplit(feed.url).hostname}", kind=FeedKind.SITE, source="site"),)


def announced_feeds(urls: Sequence[str], of: Feed) -> tuple[Feed, ...]:
    """At most five of the feeds that a page announces, in its order; those of comments only if there is no other."""
    news = [url for url in urls if not any(mark in url for mark in _OF_COMMENTS)]
    source = f"site:{urlsplit(of.url).hostname}"
    return tuple(
        replace(of, url=url, title="", headers=(), source=source, kind=FeedKind.FEED, listed_by=of.url)
        for url in dict.fromkeys(url.partition("#")[0] for url in news or urls)
    )[:MOST_FEEDS]


def usual_places(page_url: str) -> tuple[str, ...]:
    """Addresses on the page's host where its feed may be, the likeliest first."""
    return tuple(urljoin(page_url, path) for path in _USUAL_PLACES)
