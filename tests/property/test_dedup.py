"""Deduplication of arbitrary streams: stable, complete, and closed under repetition."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup import (
    ClusterInput,
    MemoryLookups,
    cluster,
    lookup_keys,
    sort_entries,
)
from pipeline.dedup.sketch import copy_score, shingled, sketch
from pipeline.model import Entry, Relation
from tests.builders_dedup import FEED, START, an_entry, place_all

WORDS = st.sampled_from(
    ["Acme", "buys", "Boro", "ferry", "Q2", "Q3", "results", "$3", "bn", "41", "not", "小米", "财报", "ünder"]
)
TITLES = st.lists(WORDS, max_size=7).map(" ".join)
COMPANIES = st.none() | st.frozensets(st.sampled_from(["acme", "boro", "cobalt"]), max_size=2)
ENTRIES = st.builds(
    an_entry,
    TITLES,
    st.lists(WORDS, max_size=40).map(" ".join),
    url=st.sampled_from(["", "https://example.com/", "https://example.com/a", "https://example.com/b?utm_source=1"]),
    guid=st.sampled_from(["", "1", "2"]),
    hours=st.floats(0, 200),
)
ARRIVALS = st.lists(st.tuples(ENTRIES, COMPANIES), max_size=8)


def numbered(arrivals: list[tuple[Entry, frozenset[str] | None]]) -> list[tuple[Entry, frozenset[str] | None]]:
    return [(replace(entry, id=f"e{n}"), companies) for n, (entry, companies) in enumerate(arrivals)]


@settings(max_examples=60)
@given(st.lists(ENTRIES, max_size=6))
def test_a_document_polled_twice_brings_nothing_new(entries: list[Entry]) -> None:
    first = sort_entries(entries, FEED, {})
    memory = MemoryLookups()
    for entry in first.new:
        memory.remember(entry)
    known = memory.known(lookup_keys(entries))
    for sighting in first.sightings:
        memory.alias(
            sighting.keys,
            next(k for k in memory.known([e.id for e in first.new]).values() if k.entry_id == sighting.entry_id),
        )
    known = memory.known(lookup_keys(entries))

    again = sort_entries(entries, FEED, known)

    assert again.new == ()
    assert len({entry.id for entry in first.new}) == len(first.new)


@settings(max_examples=60)
@given(ARRIVALS)
def test_every_placement_points_to_an_earlier_first_member(arrivals: list[tuple[Entry, frozenset[str] | None]]) -> None:
    told = numbered(arrivals)
    placed = place_all(*told)

    opened = {placement.entry_id for placement in placed if placement.relation is Relation.NEW}
    assert [placement.entry_id for placement in placed] == [entry.id for entry, _ in told]
    assert all(placement.story_id in opened for placement in placed)
    assert all(0 <= placement.score <= 1 for placement in placed)
    assert placed == place_all(*told)


@settings(max_examples=60)
@given(ARRIVALS)
def test_a_story_joined_by_its_words_shares_a_company(arrivals: list[tuple[Entry, frozenset[str] | None]]) -> None:
    told = numbered(arrivals)
    placed = {placement.entry_id: placement for placement in place_all(*told)}

    for placement in placed.values():
        if placement.relation in (Relation.SAME_STORY, Relation.UPDATE) and placement.companies:
            partners = [
                other for other in placed.values() if other.story_id == placement.story_id and other is not placement
            ]
            assert any(placement.companies & other.companies for other in partners)


@settings(max_examples=60)
@given(TITLES, TITLES, TITLES)
def test_likeness_of_copies_is_symmetric_and_a_text_is_its_own_copy(one: str, other: str, text: str) -> None:
    a, b = shingled(one, text), shingled(other, text)

    assert copy_score(a, b) == copy_score(b, a)
    assert copy_score(a, a) == (1.0 if a.shingles else 0.0)
    assert set(sketch(a.shingles)) <= {value - (1 << 64) if value >> 63 else value for value in a.shingles}


@settings(max_examples=40)
@given(ARRIVALS)
def test_a_stream_told_twice_is_seen_again(arrivals: list[tuple[Entry, frozenset[str] | None]]) -> None:
    lines = [
        ClusterInput(f"e{n}", entry.title, START, text=entry.text, guid=f"g{n}", feed="f", companies=companies)
        for n, (entry, companies) in enumerate(arrivals)
    ]
    again = [replace(line, id=f"{line.id}-again") for line in lines]

    found = list(cluster([*lines, *again]))

    first, second = found[: len(lines)], found[len(lines) :]
    assert all(line.relation is Relation.SEEN for line in second)
    assert [line.story for line in second] == [line.story for line in first]
