"""From the configuration to feeds: single ones, lists and sites that name feeds, searches; one file a kind."""

from pipeline.sources.door import CompanySource, Source
from pipeline.sources.feed import Source as FeedSource
from pipeline.sources.feed import web_address_problem
from pipeline.sources.opml import Outline, listed_feeds, read_opml, write_opml
from pipeline.sources.site import announced_feeds, usual_places

__all__ = [
    "CompanySource",
    "FeedSource",
    "Outline",
    "Source",
    "announced_feeds",
    "listed_feeds",
    "read_opml",
    "usual_places",
    "web_address_problem",
    "write_opml",
]
