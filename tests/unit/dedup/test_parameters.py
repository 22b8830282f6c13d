"""Addresses that differ in a parameter: who may speak of it, and what a page says of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.dedup import page_clues, read_parameters, sort_entries
from pipeline.dedup.parameters import address_of, speaks_for
from pipeline.keys import bare_key, learned_key
from pipeline.model import Clue, DateKind, Known
from tests.builders_dedup import FEED, OTHER_FEED, an_entry, known_as


class Memory:
    """What is known, and what was decided of ``example.com``."""

    def __init__(self, known: dict[str, Known], **decided: bool) -> None:
        self._known, self._decided = known, decided

    def known(self, keys: object) -> dict[str, Known]:
        assert isinstance(keys, set)
        return {key: known for key, known in self._known.items() if key in keys}

    def parameters(self, hosts: object) -> dict[str, dict[str, bool]]:
        return {"example.com": self._decided} if self._decided else {}


def told(spot: str, title: str = "Harbour deal", *, hours: float = 0.0, feed: object = FEED, query: str = "") -> object:
    entry = an_entry(title, "Sold.", url=f"https://example.com/deal?spot={spot}{query}", feed=feed, hours=hours)
    return replace(entry, date_kind=DateKind.GIVEN)


def bare(entry) -> dict[str, Known]:
    return {bare_key("https://example.com/deal"): next(iter(known_as(entry).values()))}


@pytest.mark.parametrize(
    ("feed", "host", "may"),
    [
        ("https://www.example.com/rss", "example.com", True),
        ("https://rss.example.com/all", "example.com", True),
        ("https://example.com/rss", "shop.example.com", False),
        ("https://evilexample.com/rss", "example.com", False),
        ("https://other.example/rss", "example.com", False),
        ("https://example.com:8443/rss", "example.com", False),
    ],
)
def test_a_feed_speaks_for_its_own_host_and_the_one_above(feed: str, host: str, may: bool) -> None:
    assert speaks_for(feed, host) is may


def test_a_page_that_leads_to_itself_without_a_parameter_tells_that_it_is_tracking() -> None:
    told = page_clues("https://example.com/deal?id=7&spot=front", ["https://www.example.com/deal?id=7"])

    assert told == (
        Clue(
            *("example.com", "spot", "https://example.com/deal", True),
            *("https://example.com/deal?id=7&spot=front", "https://example.com/deal?id=7"),
        ),
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/deal?id=7&spot=front",
        "https://example.com/deal",  # without both
        "https://example.com/login?id=7",
        "https://example.com/deal?id=7&spot=other",
        "https://example.com/deal?id=7&spot=front&print=1",
        "https://wire.example/deal?id=7",
    ],
)
def test_a_page_that_names_another_address_tells_nothing(address: str) -> None:
    assert page_clues("https://example.com/deal?id=7&spot=front", [address]) == ()


def test_an_address_with_a_fragment_that_counts_is_not_taken_apart() -> None:
    assert address_of("https://example.com/#!/deal?spot=a").fields == frozenset()
    assert address_of("https://example.com/deal?spot=a#!top").fields == frozenset()


def test_a_new_entry_can_be_found_by_its_address_without_parameters() -> None:
    read = read_parameters(sort_entries([told("a")], FEED, {}), FEED, Memory({}))

    assert bare_key("https://example.com/deal") in read.found.new[0].keys
    assert (read.clues, read.met) == ((), ())


def test_what_is_known_to_tell_articles_apart_is_not_looked_into_any_more() -> None:
    (entry,) = read_parameters(sort_entries([told("a")], FEED, {}), FEED, Memory({}, spot=False)).found.new

    assert entry == told("a")


def test_one_title_at_one_date_in_two_dressings_is_a_clue_and_still_two_entries() -> None:
    stored, again = told("a"), told("b")

    read = read_parameters(sort_entries([again], FEED, {}), FEED, Memory(bare(stored)))

    assert [entry.url for entry in read.found.new] == [again.url]
    assert [(clue.name, clue.is_same) for clue in read.clues] == [("spot", True)]


def test_addresses_that_differ_in_two_parameters_tell_nothing_of_either() -> None:
    stored, again = told("a", query="&pos=1"), told("b", query="&pos=2")

    assert read_parameters(sort_entries([again], FEED, {}), FEED, Memory(bare(stored))).clues == ()


def test_beside_an_id_that_differs_too_a_learned_parameter_is_not_doubted() -> None:
    stored, other = told("a", query="&id=1"), told("b", "Bees sleep", query="&id=2", hours=5)

    read = read_parameters(sort_entries([other], FEED, {}), FEED, Memory(bare(stored), spot=True))

    assert len(read.found.new) == 1
    assert read.clues == ()


def test_an_entry_known_by_what_was_learned_is_a_sighting_that_brings_its_keys() -> None:
    stored, again = told("a"), told("b")

    read = read_parameters(sort_entries([again], FEED, {}), FEED, Memory(bare(stored), spot=True))

    assert (read.found.new, read.found.edited) == ((), ())
    assert [(one.entry_id, one.keys) for one in read.found.sightings] == [(stored.id, again.keys)]
    assert read.found.seen == (stored.id,)


def test_in_another_feed_a_learned_address_is_no_edit() -> None:
    stored, again = told("a"), told("b", feed=OTHER_FEED)

    read = read_parameters(sort_entries([again], OTHER_FEED, {}), OTHER_FEED, Memory(bare(stored), spot=True))

    assert (read.found.new, read.found.edited) == ((), ())


def test_other_words_at_the_same_date_are_another_entry_whatever_was_learned() -> None:
    stored, other = told("a"), told("b", "Bees sleep")

    read = read_parameters(sort_entries([other], FEED, {}), FEED, Memory(bare(stored), spot=True))

    assert [entry.title for entry in read.found.new] == ["Bees sleep"]
    assert read.clues == ()


def test_other_words_beside_it_in_one_document_are_proof_that_a_parameter_tells_articles_apart() -> None:
    entries = [told("a"), told("b", "Bees sleep")]

    read = read_parameters(sort_entries(entries, FEED, {}), FEED, Memory({}, spot=True))

    assert [entry.title for entry in read.found.new] == [told("a").title, "Bees sleep"]
    assert [(clue.name, clue.is_same) for clue in read.clues] == [("spot", False)]


def test_a_tenant_does_not_speak_for_the_host_above_it() -> None:
    assert speaks_for("https://rss.blogs.example/all.xml", "blogs.example")
    assert not speaks_for("https://evil.blogs.example/all.xml", "blogs.example")
    assert not speaks_for("https://rss.evil.blogs.example/all.xml", "blogs.example")


def test_two_dressings_of_a_learned_address_in_one_document_are_one_entry() -> None:
    read = read_parameters(sort_entries([told("a"), told("b")], FEED, {}), FEED, Memory({}, spot=True))

    assert [entry.url for entry in read.found.new] == [told("a").url]
    assert learned_key("https://example.com/deal") in read.found.new[0].keys


def test_a_foreign_feed_cannot_end_what_was_learned() -> None:
    stored, other = told("a"), told("b", "Bees sleep", hours=9, feed=OTHER_FEED)

    read = read_parameters(sort_entries([other], OTHER_FEED, {}), OTHER_FEED, Memory(bare(stored), spot=True))

    assert len(read.found.new) == 1
    assert read.clues == ()


def test_of_the_front_page_nothing_is_known_again_by_what_was_learned() -> None:
    one = replace(an_entry("Bees sleep", url="https://example.com/?spot=a"), date_kind=DateKind.GIVEN)
    other = replace(an_entry("Quay opens", url="https://example.com/?spot=b"), date_kind=DateKind.GIVEN)

    read = read_parameters(sort_entries([one, other], FEED, {}), FEED, Memory({}, spot=True))

    assert [entry.title for entry in read.found.new] == ["Bees sleep", "Quay opens"]
