"""Identity of an entry: the keys by which it is known again, strongest first."""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct

_length = Struct(">Q").pack  # before each part, so that none runs into the next
_new = blake2b(digest_size=8).copy  # takes a tenth of the time that making one takes


def digest(*parts: str) -> str:
    """16 hexadecimal digits that stand for the parts; (``"ab", "c"``) and (``"a", "bc"``) differ."""
    hashed = _new()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        hashed.update(_length(len(encoded)) + encoded)
    return hashed.hexdigest()


def entry_keys(*, feed_url: str, guid: str, canonical_url: str, title: str, text: str) -> tuple[str, ...]:
    """The entry's identities, strongest first; never empty.

    A guid counts within its feed only (RSS 2.0: "a string that uniquely identifies the item"; feeds of one
    publisher do reuse them); a canonical URL counts everywhere, unless it is a bare host, which is the link of
    many entries; an entry with neither is known by what it says.
    """
    keys = []
    if guid:
        keys.append(guid_key(feed_url, guid))
    if names_an_article(canonical_url):
        keys.append(url_key(canonical_url))
    return tuple(keys) or (digest("words", feed_url, title, text),)


def guid_key(feed_url: str, guid: str) -> str:
    """The key of a guid within its feed."""
    return digest("guid", feed_url, guid)


def url_key(canonical_url: str) -> str:
    """The key of an article's address, the same in every feed."""
    return digest("url", canonical_url)


def bare_key(bare_url: str) -> str:
    """By which entries are found whose addresses differ in parameters only; it makes nothing the same."""
    return digest("bare", bare_url)


def learned_key(stripped_url: str) -> str:
    """The key of an address without what was learned to be its host's tracking."""
    return digest("learned", stripped_url)


def reused_guid_key(feed_url: str, guid: str, canonical_url: str, title: str) -> str:
    """The first key of an entry whose guid its feed had already given to another one."""
    return digest("reused", feed_url, guid, canonical_url or title)


def content_hash(title: str, text: str) -> str:
    """Changes when what a reader sees changes."""
    return digest("content", title, text)


def names_an_article(canonical_url: str) -> bool:
    """False for a bare host, which is the link of many entries, and for no address at all."""
    return bool(canonical_url.partition("://")[2].partition("/")[2])
