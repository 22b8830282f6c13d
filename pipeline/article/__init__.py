"""The page behind an entry's link: what may be read of it, and what in it is the article."""

from pipeline.article.address import own_address
from pipeline.article.boilerplate import line_mark, own_lines
from pipeline.article.options import FulltextOptions
from pipeline.article.robots import Robots, origin_of, robots_of
from pipeline.article.text import article_lines

__all__ = [
    "FulltextOptions",
    "Robots",
    "article_lines",
    "line_mark",
    "origin_of",
    "own_address",
    "own_lines",
    "robots_of",
]
