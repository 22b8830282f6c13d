"""Feeds in, what the web answered out: polite, bounded, guarded; and when to ask again."""

from pipeline.fetch.client import fetch_many
from pipeline.fetch.failures import one_line
from pipeline.fetch.options import FetchOptions
from pipeline.fetch.polling import next_state
from pipeline.fetch.rhythm import PollingOptions
from pipeline.urls import public_url

__all__ = ["FetchOptions", "PollingOptions", "fetch_many", "next_state", "one_line", "public_url"]
