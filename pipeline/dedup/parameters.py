"""Tracking parameters that no list knows: learned of each host, from what its own feeds and pages show."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from pipeline.dedup.identity import Sorted, has_same_title
from pipeline.keys import bare_key, learned_key, names_an_article, url_key
from pipeline.model import Clue, DateKind, Entry, Feed, Known, Sighting
from pipeline.urls import canonical_url

Decided = Mapping[str, Mapping[str, bool]]  # by host and name: True = tracking, False = identity


_NEUTRAL = frozenset({"www", "rss", "feed", "feeds", "xml", "atom"})  # what a publisher calls the host of its feeds


class ParameterMemory(Protocol):
    """What is asked of the memory."""

    def known(self, keys: Collection[str]) -> Mapping[str, Known]:
        """The stored entry behind each key that is known."""

    def parameters(self, hosts: Collection[str]) -> Decided:
        """What was learned, or said by a person, of the parameters of these hosts; undecided ones are left out."""


class Address(NamedTuple):
    """A canonical URL in its parts."""

    host: str
    bare: str  # without parameters
    fields: frozenset[str]  # "name=value"


def address_of(canonical: str) -> Address:
    """The parts of a canonical URL."""
    bare, _, query = canonical.partition("?")
    host = bare.partition("://")[2].partition("/")[0]
    if not query or "#" in bare or "#" in query:
        return Address(host, canonical, frozenset())
    return Address(host, bare, frozenset(query.split("&")))


def speaks_for(feed_url: str, host: str) -> bool:
    """True when a feed is that host's own: it lies there, or on a host for feeds (``rss.example.com``).

    What others link to proves nothing, nor what a tenant does (``evil.blogs.example``): they could teach
    us to take two articles of that host for one.
    """
    own = address_of(canonical_url(feed_url)).host
    return own == host or (own.partition(".")[2] == host and own.partition(".")[0] in _NEUTRAL)


def page_clues(canonical: str, addresses: Sequence[str]) -> tuple[Clue, ...]:
    """What a page tells of its address when it leads to, or names as its own, the same without a parameter."""
    one = address_of(canonical)
    others = dict.fromkeys(map(canonical_url, addresses))
    return tuple(
        Clue(one.host, name, one.bare, True, canonical, other)
        for other in others
        if (name := _one_difference(one, address_of(other))) and address_of(other).fields < one.fields
    )


@dataclass(frozen=True, slots=True)
class Read:
    """A document's entries after their parameters were looked at, and what was learned by it."""

    found: Sorted
    met: tuple[Known, ...] = ()  # what new entries turned out to be
    clues: tuple[Clue, ...] = ()


def changed_addresses(entries: Sequence[Entry], known: Mapping[str, Known]) -> Iterator[tuple[Entry, Known]]:
    """Entries that their feed's guid knows again under another address."""
    for entry in entries:
        before = known.get(entry.keys[0])
        if before and entry.guid and before.canonical_url != entry.canonical_url:
            yield entry, before


def read_parameters(
    found: Sorted, feed: Feed, memory: ParameterMemory, changed: Sequence[tuple[Entry, Known]] = ()
) -> Read:
    """Knows entries again whose addresses differ from stored ones in nothing but learned tracking parameters, unless
    they tell other things; and collects what pairs of addresses tell. Reads, and writes nothing.

    New entries get the keys by which later ones are compared with them.
    """
    spelt = {entry.id: address_of(entry.canonical_url) for entry in found.new if entry.canonical_url}
    hosts = {address.host for address in spelt.values()} | {address_of(one.canonical_url).host for one, _ in changed}
    if not hosts:
        return Read(found)
    reader = _Reader(feed, memory.parameters(hosts), found.seen)
    keys = {key for entry in found.new if entry.id in spelt for key in reader.keys(entry, spelt[entry.id])}
    stored = dict(memory.known(keys)) if keys else {}
    for entry, before in changed:
        reader.compare(entry, before, is_same_guid=True)
    if not keys:
        return Read(found, clues=tuple(reader.clues.values()))
    for entry in found.new:
        reader.read(entry, spelt.get(entry.id), stored)
    again = reader.again
    return Read(
        Sorted(
            new=tuple(reader.new),
            edited=(*found.edited, *reader.edited.values()),
            sightings=(*found.sightings, *reader.sightings),
            seen=tuple(sorted({*found.seen, *again})),
        ),
        tuple(again.values()),
        tuple(reader.clues.values()),
    )


class _Reader:
    """One pass over a document's new entries."""

    def __init__(self, feed: Feed, decided: Decided, seen: Collection[str]) -> None:
        self._feed, self._decided, self._seen = feed, decided, seen
        self._own: dict[str, bool] = {}
        self._told: dict[str, Known] = {}  # by this document
        self.new: list[Entry] = []
        self.edited: dict[str, Entry] = {}
        self.sightings: list[Sighting] = []
        self.again: dict[str, Known] = {}
        self.clues: dict[tuple[str, str, str, bool], Clue] = {}

    def keys(self, entry: Entry, address: Address) -> tuple[str, ...]:
        """By which stored entries are found that the entry must be compared with."""
        decided = self._decided.get(address.host, {})
        stripped = self._stripped(address)
        keys = [learned_key(stripped)] if stripped else []
        if stripped and stripped != entry.canonical_url:
            keys.append(url_key(stripped))
        if any(decided.get(_name(field)) is not False for field in address.fields):
            keys += self._bare_keys(address)
        return tuple(keys)

    def read(self, entry: Entry, address: Address | None, stored: Mapping[str, Known]) -> None:
        """One new entry: it is known after all, told by this document already, or new."""
        if address is None or url_key(entry.canonical_url) not in entry.keys:
            self.new.append(entry)
            return
        keys = self.keys(entry, address)
        for key in keys:
            if key in stored and self.compare(entry, stored[key]):
                self._meet(entry, stored[key])
                return
        if not any(self.compare(entry, self._told[key], is_beside=True) for key in keys if key in self._told):
            self._add(entry, address, keys)  # else the next poll finds it stored

    def _add(self, entry: Entry, address: Address, keys: Sequence[str]) -> None:
        """A new entry, with the keys by which later ones are compared with it."""
        stripped = self._stripped(address)
        own = [learned_key(stripped)] if stripped and stripped != entry.canonical_url else []
        own += [bare_key(address.bare)] if bare_key(address.bare) in keys else []
        entry = replace(entry, keys=(*entry.keys, *own)) if own else entry
        known = Known(
            entry.id, entry.feed_url, entry.canonical_url, entry.title, entry.content_hash, entry.published_at
        )
        for key in entry.keys:
            self._told.setdefault(key, known)
        self.new.append(entry)

    def _bare_keys(self, address: Address) -> tuple[str, ...]:
        """What others link to teaches nothing, so it need not be found."""
        if not self._is_own(address.host) and not self._stripped(address):
            return ()
        return bare_key(address.bare), url_key(address.bare)

    def compare(self, entry: Entry, before: Known, *, is_same_guid: bool = False, is_beside: bool = False) -> bool:
        """True for one entry in two dressings, in the same words; what the pair tells of the parameters is kept.

        ``is_beside`` = both stand in this document, where other words are another article at whatever date.
        """
        one, other = address_of(entry.canonical_url), address_of(before.canonical_url)
        names = _differences(one, other)
        decided = self._decided.get(one.host, {})
        is_worded_alike = has_same_title(entry.title, before.title) or entry.content_hash == before.content_hash
        likeness = has_same_title(entry.title, before.title) or None if is_same_guid else _likeness(entry, before)
        if is_beside and not is_worded_alike:
            likeness = False
        is_tracking = bool(names) and all(decided.get(name) for name in names)
        is_news = likeness is False if is_tracking else len(names) == 1 and not names & decided.keys()
        if likeness is not None and is_news and self._may_teach(one.host, before):
            for name in names:
                clue = Clue(one.host, name, one.bare, likeness, entry.canonical_url, before.canonical_url)
                self.clues.setdefault((clue.host, clue.name, clue.address, clue.is_same), clue)
        return is_tracking and is_worded_alike and likeness is not False and bool(self._stripped(one))

    def _meet(self, entry: Entry, before: Known) -> None:
        is_first = before.entry_id not in self._seen and before.entry_id not in self.again
        self.again[before.entry_id] = before
        if is_first and before.feed_url == self._feed.url and before.content_hash != entry.content_hash:
            self.edited[before.entry_id] = replace(entry, id=before.entry_id)
        self.sightings.append(Sighting(before.entry_id, self._feed.url, entry.guid, entry.url, entry.keys))

    def _stripped(self, address: Address) -> str:
        """The address without what was learned to be tracking; "" where nothing was learned of its host, or nothing is
        left but that."""
        decided = self._decided.get(address.host)
        if not decided or not any(decided.values()):
            return ""
        fields = sorted(field for field in address.fields if not decided.get(_name(field)))
        stripped = f"{address.bare}?{'&'.join(fields)}" if fields else address.bare
        return stripped if names_an_article(stripped) else ""

    def _may_teach(self, host: str, before: Known) -> bool:
        return self._is_own(host) and (before.feed_url == self._feed.url or speaks_for(before.feed_url, host))

    def _is_own(self, host: str) -> bool:
        if host not in self._own:
            self._own[host] = speaks_for(self._feed.url, host)
        return self._own[host]


def _likeness(entry: Entry, before: Known) -> bool | None:
    """Whether two entries tell the same: True under one title at one date, False at other dates in other words.

    Between the two nothing is proved: a headline may have been edited, a column may bear one title every week.
    """
    is_dated = entry.date_kind is not DateKind.SEEN and entry.published_at is not None
    same_date = is_dated and entry.published_at == before.published_at
    if has_same_title(entry.title, before.title):
        if same_date and (entry.title or entry.content_hash == before.content_hash):
            return True
        return False if is_dated and entry.content_hash != before.content_hash else None
    return None if same_date else False


def _one_difference(one: Address, other: Address) -> str:
    """The one parameter in which two addresses differ; "" when it is none, more than one, or something else too."""
    names = _differences(one, other)
    return next(iter(names)) if len(names) == 1 else ""


def _differences(one: Address, other: Address) -> frozenset[str]:
    """The parameters in which two addresses differ; none when they differ in something else too."""
    return frozenset(map(_name, one.fields ^ other.fields)) if one.bare == other.bare else frozenset()


def _name(field: str) -> str:
    return field.partition("=")[0]
