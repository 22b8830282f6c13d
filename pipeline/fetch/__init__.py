"""Feeds in, what the web answered out: polite, bounded, guarded; and when to ask again."""

from pipeline.fetch.client import fetch_many
from pipeline.fetch.failures import public_url
from pipeline.fetch.options import FetchOptions
from pipeline.fetch.polling import next_state
from pipeline.fetch.rhythm import PollingOptions

__all__ = ["FetchOptions", "PollingOptions", "fetch_many", "next_state", "public_url"]
