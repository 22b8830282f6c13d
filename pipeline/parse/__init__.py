"""Bytes to entries: documents of every feed format become values, whatever state they are in."""

from pipeline.parse.dates import EARLIEST, settle
from pipeline.parse.feed import parse
from pipeline.parse.markup import plain_text
from pipeline.parse.sniff import feed_links

__all__ = ["EARLIEST", "feed_links", "parse", "plain_text", "settle"]
