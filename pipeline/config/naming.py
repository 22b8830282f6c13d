"""Which feed a person means: by its address however it is spelt, by its title, or by a part of either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from pipeline.sources import web_address_problem

_OTHER_SCHEME = {"http": "https", "https": "http"}


@dataclass(frozen=True, slots=True)
class Named:
    """By what a feed can be called. ``current_url`` is where it was last answered."""

    url: str
    title: str = ""
    current_url: str = ""


def spellings(url: str) -> tuple[str, ...]:
    """The address without its fragment, then the others that lead to the same feed: http or https, with a slash at
    the end or without. Only for what is a web address."""
    parts = urlsplit(url.strip())
    path = parts.path.rstrip("/")
    found = [urlunsplit(parts._replace(fragment=""))]
    for scheme in (parts.scheme, _OTHER_SCHEME[parts.scheme]):
        if scheme != parts.scheme and parts.port is not None:
            continue  # a port serves one of the two
        for netloc in (parts.netloc, parts.netloc.lower()):
            found += [urlunsplit((scheme, netloc, end, parts.query, "")) for end in (path, f"{path}/")]
    return tuple(dict.fromkeys(found))


def meant(word: str, feeds: Sequence[Named]) -> tuple[Named, ...]:
    """The feeds that the word can mean: those of that address, else of that title, else those that hold it in either.

    One = it is clear; several = more must be said.
    """
    wanted = word.strip()
    if not wanted:
        return ()
    for urls in ((wanted,), () if web_address_problem(wanted) else spellings(wanted)):
        if found := [feed for feed in feeds if feed.url in urls or feed.current_url in urls]:
            return tuple(found)
    folded = wanted.casefold()
    if found := [feed for feed in feeds if feed.title.casefold() == folded]:
        return tuple(found)
    return tuple(feed for feed in feeds if holds(folded, feed.title, feed.url))


def holds(word: str, *texts: str) -> bool:
    """Whether the word stands in one of the texts, in whatever case; an empty word stands in none."""
    folded = word.strip().casefold()
    return bool(folded) and any(folded in text.casefold() for text in texts)
