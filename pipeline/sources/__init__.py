"""From the configuration to feeds: one address, or a subscription list on disk; one file a kind."""

from pipeline.sources.door import Source
from pipeline.sources.feed import Source as FeedSource
from pipeline.sources.feed import web_address_problem

__all__ = ["FeedSource", "Source", "web_address_problem"]
