"""A page to the lines of its article, by trafilatura."""

from __future__ import annotations

import logging
import re

MAX_TAGS = 10_000  # elements of a page; the time that trafilatura takes grows with their square
MAX_LINES = 1000
_TAG = re.compile(r"<[a-zA-Z]")
_NOT_THE_ARTICLE = (
    "//nav",
    "//aside",
    "//footer",
    "//form",
    "//button",
    "//noscript",
    "//*[@role='navigation' or @role='complementary' or @role='banner' or @role='contentinfo' or @role='search']",
    "//*[@aria-hidden='true' or @hidden]",
)


def article_lines(page: str) -> tuple[str, ...] | None:
    """The paragraphs, headings and list items of the article in a page, in order; None for a page with more elements
    than can be looked through in time. Never raises for what stands in the page, and asks no network.
    """
    if sum(1 for _ in _TAG.finditer(page)) > MAX_TAGS:
        return None
    import trafilatura  # the extra fulltext, and a third of a second

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it discards is our result, and no news
    try:
        text = trafilatura.extract(
            page,
            include_comments=False,
            include_tables=False,
            favor_precision=True,
            prune_xpath=list(_NOT_THE_ARTICLE),
        )
    except Exception:  # noqa: BLE001 - a library of many heuristics, on pages of anybody
        return ()
    return tuple(" ".join(line.split()) for line in (text or "").splitlines()[:MAX_LINES] if line.strip())
