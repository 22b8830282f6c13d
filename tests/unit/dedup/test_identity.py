"""Identity: new, edited, seen again, and what must never collapse."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pipeline.dedup import MemoryLookups, Sorted, lookup_keys, recall, recognise, sort_entries
from pipeline.keys import guid_key, reused_guid_key, url_key
from pipeline.model import DateKind, Entry, Known
from tests.builders_dedup import FEED, OTHER_FEED, an_entry, known_as

URL = "https://example.com/news/harbour-deal"
ENTRY = an_entry("Harbour deal signed", "The port was sold.", url=URL, guid="g1")


def test_an_unknown_entry_is_new() -> None:
    found = sort_entries([ENTRY], FEED, {})

    assert found.new == (ENTRY,)
    assert (found.edited, found.sightings) == ((), ())


def test_an_entry_seen_before_brings_nothing() -> None:
    found = sort_entries([ENTRY], FEED, known_as(ENTRY))

    assert (found.new, found.edited, found.sightings) == ((), (), ())
    assert found.seen == (ENTRY.id,)


def test_what_a_document_still_holds_is_seen_whatever_became_of_it() -> None:
    edited = an_entry("Harbour deal signed", "The port was sold for less.", url=URL, guid="g1")
    new = an_entry("Bees sleep", url="https://example.com/news/bees", guid="g2")

    found = sort_entries([edited, new, new], FEED, known_as(ENTRY, entry_id="stored"))

    assert (len(found.edited), len(found.new)) == (1, 1)
    assert found.seen == ("stored",)


def test_a_changed_text_under_the_same_guid_is_an_edit_with_the_stored_id() -> None:
    edited = an_entry("Harbour deal signed", "The port was sold for less.", url=URL, guid="g1")

    found = sort_entries([edited], FEED, known_as(ENTRY, entry_id="stored"))

    assert [entry.id for entry in found.edited] == ["stored"]
    assert found.edited[0].text == "The port was sold for less."
    assert not found.new


def test_the_same_article_in_another_feed_is_a_sighting() -> None:
    again = an_entry("Harbour deal", url=URL + "?utm_source=rss", guid="other", feed=OTHER_FEED)

    found = sort_entries([again], OTHER_FEED, known_as(ENTRY))

    assert [(sighting.entry_id, sighting.feed_url) for sighting in found.sightings] == [(ENTRY.id, OTHER_FEED.url)]
    assert found.sightings[0].keys == (guid_key(OTHER_FEED.url, "other"),)
    assert not found.new
    assert not found.edited


def test_a_sighting_on_record_is_only_seen() -> None:
    again = an_entry("Harbour deal", url=URL, guid="other", feed=OTHER_FEED)
    known = {**known_as(ENTRY), guid_key(OTHER_FEED.url, "other"): known_as(ENTRY)[ENTRY.id]}

    found = sort_entries([again], OTHER_FEED, known)

    assert (found.new, found.edited, found.sightings) == ((), (), ())


def test_a_changed_guid_in_the_same_feed_is_a_sighting_too() -> None:
    again = an_entry("Harbour deal signed", "The port was sold.", url=URL, guid="g2")

    found = sort_entries([again], FEED, known_as(ENTRY))

    assert [sighting.guid for sighting in found.sightings] == ["g2"]
    assert not found.new


def test_a_guid_of_one_feed_says_nothing_in_another() -> None:
    theirs = an_entry("Ferry strike ends", url="https://example.org/ferry", guid="g1", feed=OTHER_FEED)

    found = sort_entries([theirs], OTHER_FEED, known_as(ENTRY))

    assert len(found.new) == 1


def test_a_reused_guid_with_other_content_is_a_new_entry_with_its_own_keys() -> None:
    other = an_entry("Ferry strike ends", url="https://example.com/news/ferry", guid="g1", hours=30)

    found = sort_entries([other], FEED, known_as(ENTRY))

    assert [entry.id for entry in found.new] == [reused_guid_key(FEED.url, "g1", other.canonical_url, other.title)]
    assert guid_key(FEED.url, "g1") not in found.new[0].keys


def test_a_reused_guid_is_known_again_through_the_lookup_keys() -> None:
    other = an_entry("Ferry strike ends", url="https://example.com/news/ferry", guid="g1", hours=30)
    stored = sort_entries([other], FEED, known_as(ENTRY)).new[0]
    memory = {**known_as(ENTRY), **known_as(stored)}

    known = {key: memory[key] for key in lookup_keys([other]) if key in memory}
    found = sort_entries([other], FEED, known)

    assert (found.new, found.edited, found.sightings) == ((), (), ())


class Asked(MemoryLookups):
    """A memory that notes what it is asked for."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        super().__init__()
        self.holds, self.keys = known, [set[str]()]

    def known(self, keys: Collection[str]) -> Mapping[str, Known]:
        self.keys.append(set(keys))
        return {key: self.holds[key] for key in keys if key in self.holds}


def test_the_key_of_a_reused_guid_is_asked_for_only_where_the_guid_stands_for_something_else() -> None:
    other = an_entry("Ferry strike ends", url="https://example.com/news/ferry", guid="g1", hours=30)
    stored = sort_entries([other], FEED, known_as(ENTRY)).new[0]
    plain, reused = Asked(known_as(ENTRY)), Asked({**known_as(ENTRY), **known_as(stored)})

    as_before, again = recall([ENTRY], plain), recall([other], reused)

    assert plain.keys[1:] == [set(ENTRY.keys)]
    assert set(as_before) == set(ENTRY.keys)
    assert reused.keys[1:] == [set(other.keys), {stored.keys[0]}]
    assert sort_entries([other], FEED, again) == Sorted(seen=(stored.id,))


def test_posts_that_share_an_address_are_recalled_by_their_words() -> None:
    posts = [an_entry(title, url=URL) for title in ("Port opens", "Port closes")]
    first = sort_entries(posts, FEED, {})
    memory = Asked({**known_as(first.new[0]), **known_as(first.new[1])})

    again = sort_entries(posts, FEED, recall(posts, memory))

    assert (again.new, again.edited, again.sightings) == ((), (), ())


def test_a_headline_and_its_slug_may_change_together_when_the_date_stays() -> None:
    rewritten = an_entry("Port sold to rival", "The port was sold.", url=URL + "-port-sold", guid="g1")

    found = sort_entries([rewritten], FEED, known_as(ENTRY))

    assert [entry.id for entry in found.edited] == [ENTRY.id]
    assert url_key(rewritten.canonical_url) in found.edited[0].keys


def test_the_posts_of_a_live_blog_share_an_address_and_stay_apart() -> None:
    posts = [an_entry(f"{hour}:00 what we know", url=URL, guid=f"post-{hour}") for hour in (9, 10, 11)]

    found = sort_entries(posts, FEED, {})

    assert len({entry.id for entry in found.new}) == 3
    assert all(url_key(posts[0].canonical_url) not in entry.keys for entry in found.new)


def test_posts_without_guids_that_share_an_address_stay_apart_and_are_known_again() -> None:
    posts = [an_entry(title, url=URL) for title in ("Port opens", "Port closes")]

    first = sort_entries(posts, FEED, {})
    memory = {**known_as(first.new[0]), **known_as(first.new[1])}
    again = sort_entries(posts, FEED, {key: memory[key] for key in lookup_keys(posts) if key in memory})

    assert len({entry.id for entry in first.new}) == 2
    assert (again.new, again.edited, again.sightings) == ((), (), ())


def test_a_document_that_repeats_a_guid_has_one_entry() -> None:
    found = sort_entries([ENTRY, replace(ENTRY, title="HARBOUR DEAL SIGNED")], FEED, {})

    assert [entry.title for entry in found.new] == ["Harbour deal signed"]
    assert (found.edited, found.sightings) == ((), ())


def test_entries_that_link_to_the_home_page_stay_apart() -> None:
    notes = [an_entry(f"Note {n}", url="https://example.com/", guid=f"n{n}") for n in (1, 2)]

    assert len(sort_entries(notes, FEED, {}).new) == 2


def test_an_edit_in_another_feed_does_not_touch_the_stored_entry() -> None:
    longer = an_entry("Harbour deal signed", "Much more text.", url=URL, guid="x", feed=OTHER_FEED)
    later = replace(longer, published_at=(longer.published_at or an_entry("").published_at) + timedelta(hours=1))  # type: ignore[operator, arg-type]

    assert not sort_entries([later], OTHER_FEED, known_as(ENTRY)).edited


def moved(number: int, *, site: str, hours: float = 0, text: str = "") -> Entry:
    """The number-th entry of a feed, under the guids and addresses that the site gives at the time."""
    return an_entry(
        f"Harbour news {number}", text, url=f"https://example.com/{site}/{number}", guid=f"{site}-{number}", hours=hours
    )


def dated(*entries: Entry) -> list[Entry]:
    return [replace(entry, date_kind=DateKind.GIVEN) for entry in entries]


def recognised(entries: list[Entry], stored: list[Entry], document: list[Entry] | None = None) -> Sorted:
    """The entries of a document, all of them unknown by their keys unless they stand in ``document`` too."""
    memory = {key: known for entry in stored for key, known in known_as(entry).items()}
    found = sort_entries([*entries, *(document or ())], FEED, memory if document else {})
    return recognise(found, {known.entry_id: known for known in memory.values()}.values())


def test_an_entry_of_the_same_title_and_date_is_known_under_its_new_keys() -> None:
    [old], [new] = dated(moved(1, site="old")), dated(moved(1, site="new"))

    found = recognised([new], [old])

    assert found.new == ()
    assert found.seen == (old.id,)
    assert found.sightings[0].keys == new.keys


def test_a_title_told_again_at_another_date_is_another_entry() -> None:
    [old], [new] = dated(moved(1, site="old")), dated(moved(1, site="new", hours=24))

    assert recognised([new], [old]).new == (new,)


def test_what_the_document_still_holds_under_its_old_keys_is_another_entry() -> None:
    [old], [new] = dated(moved(1, site="old")), dated(moved(1, site="new"))

    assert recognised([new], [old], document=[old]).new == (new,)


def test_of_a_feed_published_anew_without_dates_the_words_are_known_again() -> None:
    old = [moved(number, site="old", text=f"No. {number}") for number in range(6)]
    new = [moved(number, site="new", text=f"No. {number}", hours=24) for number in range(6)]

    assert recognised(new, old).new == ()
    assert len(recognised(new[:3], old).new) == 3


def test_a_recognised_entry_whose_text_changed_is_an_edit() -> None:
    [old], [new] = dated(moved(1, site="old")), dated(moved(1, site="new", text="Now in full."))

    assert [(entry.id, entry.text) for entry in recognised([new], [old]).edited] == [(old.id, "Now in full.")]
