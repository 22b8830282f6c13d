"""News sitemaps: what a site publishes for search engines, where it has no feed or a short one."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline.model import Feed, FeedKind
from pipeline.sources.feed import Source as FeedSource
from pipeline.sources.feed import web_address


class Source(BaseModel):
    """A news sitemap (the ``news:`` namespace), or an index whose newest sitemaps are followed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        repr=False,
        description="address of the sitemap or of an index of sitemaps; robots.txt of the site often names it",
        examples=["https://news.example.com/news-sitemap.xml"],
    )
    title: str = Field("", description="what to call it")
    publisher: str = Field("", description="who publishes it, when entries do not say")
    language: str = Field("", description="BCP 47 tag of its entries, when they do not say")
    tier: int = Field(3, ge=1, le=5, description="authority, 1 (most) to 5 (least), as stored with the feeds")
    tags: tuple[str, ...] = Field((), description="words to group them by")
    fulltext: bool = Field(
        False, description="read the pages of all entries before they are matched: a sitemap has titles only"
    )

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        return web_address(url)

    def feeds(self) -> tuple[Feed, ...]:
        """The sitemap, polled like a feed."""
        (feed,) = FeedSource(
            url=self.url,
            title=self.title or f"sitemap of {urlsplit(self.url).hostname}",
            publisher=self.publisher,
            language=self.language,
            tier=self.tier,
            tags=self.tags,
            fulltext=self.fulltext,
        ).feeds()
        return (replace(feed, kind=FeedKind.SITEMAP, source="sitemap"),)
