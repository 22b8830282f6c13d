"""Identity: which entries of a document are new, edited, or seen before; exact, asked before matching."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from pipeline.dedup.lookups import Lookups
from pipeline.keys import digest, guid_key, reused_guid_key, url_key
from pipeline.model import DateKind, Entry, Feed, Known, Sighting
from pipeline.text import fold

_FEW, _MOST = 5, 0.8  # entries, and their share of a document, that tell that all of it was published anew


@dataclass(frozen=True, slots=True)
class Sorted:
    """A document's entries by what they are to the memory; those that bring nothing are only among ``seen``."""

    new: tuple[Entry, ...] = ()
    edited: tuple[Entry, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    seen: tuple[str, ...] = ()  # ids of the stored entries that the document still holds


def lookup_keys(entries: Sequence[Entry]) -> frozenset[str]:
    """Every key that ``sort_entries`` may ask ``known`` for: more than ``Entry.keys``, for guids that were reused."""
    keys: set[str] = set()
    shared = _shared_urls(entries)
    for entry in entries:
        keys.update(entry.keys)
        if entry.guid:
            keys.add(_reused_key(entry))
        if entry.canonical_url in shared:
            keys.add(_words_key(entry))
    return frozenset(keys)


def recall(entries: Sequence[Entry], memory: Lookups) -> Mapping[str, Known]:
    """What the memory knows of a document's entries: the answer for ``lookup_keys``, asked in two steps.

    Keys of guids that were reused are made and asked for only where a guid is known and stands for something else.
    """
    shared = _shared_urls(entries)
    keys = {key for entry in entries for key in entry.keys}
    keys.update(_words_key(entry) for entry in entries if entry.canonical_url in shared)
    known = memory.known(keys)
    if not known:
        return known
    reused = {_reused_key(entry) for entry in entries if entry.guid and _is_reused(entry, known)}
    return {**known, **memory.known(reused)} if reused else known


def _is_reused(entry: Entry, known: Mapping[str, Known]) -> bool:
    before = known.get(entry.keys[0]) or known.get(guid_key(entry.feed_url, entry.guid))
    return before is not None and _is_other_content(entry, before)


class Remembered(Lookups, Protocol):
    """A memory that can also be asked for entries whose keys have all changed."""

    def twins(self, feed_url: str, moments: Collection[datetime], hashes: Collection[str]) -> Sequence[Known]:
        """The feed's own entries of these dates, and those of this content."""


def find_twins(found: Sorted, feed: Feed, memory: Remembered) -> Sequence[Known]:
    """What the memory holds that the new entries may be, under other guids and addresses."""
    if not found.new:
        return ()
    moments = {entry.published_at for entry in found.new if entry.published_at and entry.date_kind is DateKind.GIVEN}
    hashes = {entry.content_hash for entry in found.new} if _is_republished(found, len(found.new)) else set()
    return memory.twins(feed.url, moments, hashes) if moments or hashes else ()


def recognise(found: Sorted, twins: Iterable[Known]) -> Sorted:
    """The same, with the new entries known again that tell what the feed has told: under that title at that date.

    Where most of the document is such (a publishing system was changed), under that title in the same words is
    enough, whatever the date. What the document still holds under its old keys is not told again; it is another entry.
    """
    free: defaultdict[str, list[Known]] = defaultdict(list)
    for twin in twins:
        if twin.entry_id not in found.seen:
            free[_plain(twin.title)].append(twin)
    if not free:
        return found
    again = {entry.id: known for entry in found.new if (known := _twin(entry, free[_plain(entry.title)]))}
    if not _is_republished(found, len(again)):
        dates = {entry.id: entry.published_at for entry in found.new if entry.date_kind is DateKind.GIVEN}
        again = {key: known for key, known in again.items() if known.published_at == dates.get(key)}
    if not again:
        return found
    told = [(replace(entry, id=again[entry.id].entry_id), again[entry.id]) for entry in found.new if entry.id in again]
    return Sorted(
        new=tuple(entry for entry in found.new if entry.id not in again),
        edited=(*found.edited, *(entry for entry, twin in told if entry.content_hash != twin.content_hash)),
        sightings=(*found.sightings, *(_sighting_of(entry) for entry, twin in told)),
        seen=tuple(sorted({*found.seen, *(entry.id for entry, _ in told)})),
    )


def _twin(entry: Entry, free: list[Known]) -> Known | None:
    """The first that may be the entry, which is then nobody else's."""
    for index, known in enumerate(free):
        same_date = entry.date_kind is DateKind.GIVEN and known.published_at == entry.published_at
        if same_date or known.content_hash == entry.content_hash:
            return free.pop(index)
    return None


def _is_republished(found: Sorted, count: int) -> bool:
    """True when so many entries are most of a document that is worth the name."""
    return count >= _FEW and count >= _MOST * (len(found.new) + len(found.seen))


def _sighting_of(entry: Entry) -> Sighting:
    return Sighting(entry.id, entry.feed_url, entry.guid, entry.url, entry.keys)


def sort_entries(entries: Sequence[Entry], feed: Feed, known: Mapping[str, Known]) -> Sorted:
    """Sort one document's entries into new, edited and seen again; pure, and the order of the document is kept.

    ``known`` answers for ``lookup_keys(entries)``. A returned entry's ``id`` and ``keys`` may differ from what came
    in: an edited entry carries its stored id, an entry under a reused guid has keys of its own, and a URL that
    entries of different titles share in this document (a live blog, the home page) is nobody's key.
    """
    shared = _shared_urls(entries)
    if not known and not shared and _are_all_different(entries):
        return Sorted(tuple(entries))
    sorter = _Sorter(feed, dict(known), shared)
    for entry in entries:
        sorter.add(entry)
    new = {entry.id for entry in sorter.new}
    seen = tuple(sorted(sorter.met - new))
    return Sorted(tuple(sorter.new), tuple(sorter.edited.values()), tuple(sorter.sightings), seen)


def _are_all_different(entries: Sequence[Entry]) -> bool:
    """True when no two have a key in common, as on nearly every first poll."""
    keys = {key for entry in entries for key in entry.keys}
    return len(keys) == sum(len(entry.keys) for entry in entries) and all(one.id == one.keys[0] for one in entries)


class _Sorter:
    """One pass over a document; ``known`` grows with it, so that a document cannot repeat itself either."""

    def __init__(self, feed: Feed, known: dict[str, Known], shared: frozenset[str]) -> None:
        self.feed, self.known, self.shared = feed, known, shared
        self.new: list[Entry] = []
        self.edited: dict[str, Entry] = {}
        self.sightings: list[Sighting] = []
        self.met: set[str] = set()  # ids that this document has already brought
        self.guids: set[str] = set()  # of this document
        self.is_all_new = not known

    def add(self, entry: Entry) -> None:
        if entry.canonical_url in self.shared:
            entry = replace(entry, keys=self._sound_keys(entry))
        guid = self._known_guid(entry)
        reused = guid in self.known and _is_other_content(entry, self.known[guid])
        if reused:
            entry = replace(entry, keys=(_reused_key(entry), *(key for key in entry.keys if key != guid)))
        before = next((self.known[key] for key in entry.keys if key in self.known), None)
        if before is None:
            self._add_new(entry)
        else:
            self._add_again(entry, before, reused=reused)

    def _known_guid(self, entry: Entry) -> str:
        """The key of the entry's guid, "" where nobody can know it."""
        if not entry.guid or (self.is_all_new and entry.guid not in self.guids):
            self.guids.add(entry.guid)
            return ""
        return guid_key(entry.feed_url, entry.guid)

    def _sound_keys(self, entry: Entry) -> tuple[str, ...]:
        """Those of an entry whose URL is shared."""
        shared = url_key(entry.canonical_url)
        return tuple(key for key in entry.keys if key != shared) or (_words_key(entry),)

    def _add_new(self, entry: Entry) -> None:
        if entry.id != entry.keys[0]:
            entry = replace(entry, id=entry.keys[0])
        self.new.append(entry)
        self.met.add(entry.id)
        memory = Known(
            entry.id, self.feed.url, entry.canonical_url, entry.title, entry.content_hash, entry.published_at
        )
        self.known.update(dict.fromkeys(entry.keys, memory))

    def _add_again(self, entry: Entry, before: Known, *, reused: bool) -> None:
        """An entry that is known; the first telling in a document counts, its repeats bring nothing."""
        fresh = tuple(key for key in entry.keys if key not in self.known)
        first_telling = before.entry_id not in self.met
        self.met.add(before.entry_id)
        if first_telling and self._is_edited(entry, before):
            keys = tuple(key for key in entry.keys if self.known.get(key, before).entry_id == before.entry_id)
            self.edited[before.entry_id] = replace(entry, id=before.entry_id, keys=keys)
        if self._is_sighting(entry, before, fresh, reused=reused):
            self.sightings.append(
                Sighting(before.entry_id, self.feed.url, entry.guid, entry.url, fresh or entry.keys[-1:])
            )
        self.known.update(dict.fromkeys(fresh, before))

    def _is_edited(self, entry: Entry, before: Known) -> bool:
        return (
            before.feed_url == self.feed.url and bool(before.content_hash) and before.content_hash != entry.content_hash
        )

    def _is_sighting(self, entry: Entry, before: Known, fresh: tuple[str, ...], *, reused: bool) -> bool:
        """Known from another feed, or here under another guid; not when this feed's guid was already on record."""
        if entry.guid and not reused:
            return guid_key(entry.feed_url, entry.guid) in fresh
        return before.feed_url != self.feed.url


def _is_other_content(entry: Entry, before: Known) -> bool:
    """A guid reused: title and address both changed, and the date does not say that it is one entry, rewritten."""
    moved = bool(entry.canonical_url and before.canonical_url) and entry.canonical_url != before.canonical_url
    same_date = entry.published_at is not None and entry.published_at == before.published_at
    return moved and not same_date and not has_same_title(entry.title, before.title)


def has_same_title(one: str, other: str) -> bool:
    """True for titles that differ in nothing but case, accents and spaces."""
    return _plain(one) == _plain(other)


def _shared_urls(entries: Sequence[Entry]) -> frozenset[str]:
    """Canonical URLs under which this document tells different things: other titles under other guids (or none)."""
    if len({entry.canonical_url for entry in entries}) == len(entries):
        return frozenset()
    titles: defaultdict[str, set[str]] = defaultdict(set)
    tellings: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.canonical_url:
            titles[entry.canonical_url].add(_plain(entry.title))
            tellings[entry.canonical_url].add(entry.guid or f"title {_plain(entry.title)}")
    return frozenset(url for url in titles if len(titles[url]) > 1 and len(tellings[url]) > 1)


def _plain(title: str) -> str:
    return " ".join(fold(title).split())


def _reused_key(entry: Entry) -> str:
    return reused_guid_key(entry.feed_url, entry.guid, entry.canonical_url, entry.title)


def _words_key(entry: Entry) -> str:
    """What an entry without a guid is known by when its URL tells nothing."""
    return digest("words", entry.feed_url, entry.canonical_url, entry.title or entry.text)
