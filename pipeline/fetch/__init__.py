"""Feeds in, what the web answered out: polite, bounded, guarded; and when to ask again."""

from pipeline.fetch.client import fetch_many
from pipeline.fetch.failures import one_line
from pipeline.fetch.options import FetchOptions
from pipeline.fetch.politeness import GATE
from pipeline.fetch.polling import excused, next_state, overlap_of, rested
from pipeline.fetch.rests import Rests
from pipeline.fetch.rhythm import PollingOptions
from pipeline.fetch.verdict import Judged, Jury
from pipeline.urls import public_url

__all__ = [
    "GATE",
    "FetchOptions",
    "Judged",
    "Jury",
    "PollingOptions",
    "Rests",
    "excused",
    "fetch_many",
    "next_state",
    "one_line",
    "overlap_of",
    "public_url",
    "rested",
]
