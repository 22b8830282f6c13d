"""Sketches: fresh ones and posted ones are found alike."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from pipeline.model import Entry
from pipeline.store import Store, sketches
from pipeline.store.lookups import SKETCH_POSTINGS
from pipeline.store.sketches import FRESH_SKETCHES
from tests.builders_store import NOW, make_batch, make_entry, make_placement, open_store

DAY = timedelta(days=1)


def place(store: Store, told: Mapping[str, Sequence[int]]) -> dict[str, Entry]:
    """Entries of these titles with these sketches, in one batch."""
    entries = {title: make_entry(title) for title in told}
    placements = tuple(make_placement(entries[title], sketch=tuple(hashes)) for title, hashes in told.items())
    store.commit(make_batch(*entries.values(), placements=placements), run_id=None, now=NOW)
    return entries


def counts(store: Store) -> tuple[int, int]:
    """How many rows are posted, and how many are fresh."""
    (posted,) = store.database.execute("SELECT count(*) FROM sketches").fetchone()
    (fresh,) = store.database.execute("SELECT count(*) FROM sketches_fresh").fetchone()
    return posted, fresh


def test_what_is_fresh_and_what_is_posted_is_found_alike() -> None:
    with open_store() as store:
        old = place(store, {"old": [1, 2, -(1 << 63)]})["old"]
        sketches.post(store.database.conn)
        new = place(store, {"new": [2, 3]})["new"]

        assert counts(store) == (3, 1)
        assert store.sharing([1, 2, 3, -(1 << 63)], NOW - DAY) == {old.id: 3, new.id: 2}
        assert store.sharing([1, 2, 3], NOW + DAY) == {}
        assert store.sharing([4], NOW - DAY) == {}


def test_a_store_that_was_just_opened_knows_the_fresh_ones(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    with open_store(path) as store:
        entry = place(store, {"one": [1, 2]})["one"]
        before = store.sharing([1, 2], NOW - DAY)
        with Store.open(path) as other:
            assert other.sharing([1, 2], NOW - DAY) == before == {entry.id: 2}
            further = place(other, {"two": [2]})["two"]

        assert store.sharing([1, 2], NOW - DAY) == {entry.id: 2, further.id: 1}


def test_an_entry_that_is_placed_again_counts_once() -> None:
    with open_store() as store:
        entry = place(store, {"one": [1, 2]})["one"]
        sketches.post(store.database.conn)
        assert store.sharing([1, 2], NOW - DAY) == {entry.id: 2}

        place(store, {"one": [1, 2]})

        assert store.sharing([1, 2], NOW - DAY) == {entry.id: 2}


def test_boilerplate_is_counted_over_both() -> None:
    with open_store() as store:
        place(store, {f"old {n}": [7, n + 100] for n in range(SKETCH_POSTINGS - 1)})
        sketches.post(store.database.conn)
        last = place(store, {"last": [7]})["last"]
        assert store.sharing([7], NOW - DAY)[last.id] == 1

        place(store, {"one too many": [7]})

        assert store.sharing([7], NOW - DAY) == {}


def test_of_very_common_hashes_the_rare_one_tells() -> None:
    with open_store() as store:
        place(store, {f"old {n}": [7, 8] for n in range(2 * SKETCH_POSTINGS)})
        rare = place(store, {"rare": [7, 9]})["rare"]
        sketches.post(store.database.conn)

        assert store.sharing([7, 8, 9], NOW - DAY) == {rare.id: 1}


def test_when_there_are_many_they_are_posted_in_one_turn() -> None:
    with open_store() as store:
        place(store, {f"{n}": [n, n + 1] for n in range(FRESH_SKETCHES - 1)})
        assert counts(store) == (0, FRESH_SKETCHES - 1)
        first = store.sharing([0, 1], NOW - DAY)

        place(store, {"last": [1]})

        assert counts(store) == (2 * FRESH_SKETCHES - 1, 0)
        assert len(store.sharing([0, 1], NOW - DAY)) == len(first) + 1


def test_what_another_writes_is_seen_when_the_steady_look_is_over(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    with open_store(path) as store, Store.open(path) as other:
        with store.steady():
            before = store.sharing([1, 2], NOW - DAY), store.frequencies(["phone"])
            entry = place(other, {"one": [1, 2]})["one"]
            during = store.sharing([1, 2], NOW - DAY), store.frequencies(["phone"])

        assert before == during == ({}, ({"phone": 0}, 0))
        assert store.sharing([1, 2], NOW - DAY) == {entry.id: 2}
        assert store.frequencies(["phone"]) == ({"phone": 1}, 1)
