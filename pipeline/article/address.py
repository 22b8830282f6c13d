"""The address that a page gives itself."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin

MAX_HEAD = 200_000  # characters in which a page says it; scripts may stand before

_LINK = re.compile(r"<link\b[^>]{1,4000}>", re.IGNORECASE)
_CANONICAL = re.compile(r"\brel\s*=\s*(?:\"canonical\"|'canonical'|canonical\b)", re.IGNORECASE)
_HREF = re.compile(r"\bhref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)


def own_address(page: str, url: str) -> tuple[str, ...]:
    """The absolute address by which the page wants to be known (RFC 6596, ``rel="canonical"``); empty when it names
    none. ``url`` is where it was found. Never raises.
    """
    tags = (tag for tag in _LINK.findall(page[:MAX_HEAD]) if _CANONICAL.search(tag))
    found = (href for tag in tags if (href := _HREF.search(tag)))
    href = next(found, None)
    if href is None:
        return ()
    try:
        return (urljoin(url, unescape(href[1] or href[2] or href[3] or "").strip()),)
    except ValueError:  # "http://[": no address
        return ()
