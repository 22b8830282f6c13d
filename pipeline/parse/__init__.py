"""Bytes to entries: documents of every feed format become values, whatever state they are in."""

from pipeline.parse.dates import EARLIEST, settle
from pipeline.parse.encoding import decode
from pipeline.parse.feed import parse, parse_at_once
from pipeline.parse.markup import plain_text, with_article
from pipeline.parse.sitemap import parse_sitemap
from pipeline.parse.sniff import feed_links

__all__ = [
    "EARLIEST",
    "decode",
    "feed_links",
    "parse",
    "parse_at_once",
    "parse_sitemap",
    "plain_text",
    "settle",
    "with_article",
]
