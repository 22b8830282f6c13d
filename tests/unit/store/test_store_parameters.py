"""What is kept of pairs of addresses: as much as decides, and no more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.model import Clue
from pipeline.store import Store, StoreOptions
from pipeline.store.parameters import ENOUGH, MOST_NAMES
from tests.builders_store import NOW, make_batch, open_store


def clue(name: str = "spot", place: int = 1, *, is_same: bool = True, host: str = "a.example") -> Clue:
    address = f"https://{host}/{place}"
    return Clue(host, name, address, is_same, f"{address}?{name}=1", f"{address}?{name}=2")


def note(store: Store, *clues: Clue, days: int = 0) -> None:
    at = NOW + timedelta(days=days)
    store.commit(make_batch(at=at, clues=clues), run_id=None, now=at)


def rows(store: Store) -> int:
    return int(store.database.execute("SELECT count(*) FROM parameters").fetchone()[0])


def test_as_many_articles_as_are_enough_make_it_tracking_and_further_ones_are_not_kept() -> None:
    with open_store() as store:
        note(store, *(clue(place=place) for place in range(ENOUGH - 1)))
        assert store.parameters({"a.example"}) == {}

        note(store, *(clue(place=place) for place in range(20)))
        assert store.parameters({"a.example", "b.example"}) == {"a.example": {"spot": True}}
        assert rows(store) == ENOUGH


def test_one_pair_against_it_outweighs_all_before_and_after() -> None:
    with open_store() as store:
        note(store, *(clue(place=place) for place in range(ENOUGH)), clue(place=0, is_same=False))
        note(store, *(clue(place=place) for place in range(20, 30)))

        assert store.parameters({"a.example"}) == {"a.example": {"spot": False}}
        assert rows(store) == ENOUGH


def test_a_host_that_invents_names_fills_nothing() -> None:
    with open_store() as store:
        note(store, *(clue(f"n{number}") for number in range(5 * MOST_NAMES)))
        note(store, clue("n0", 2), clue("n0", 3), clue(host="b.example"))

        assert rows(store) == MOST_NAMES + 3
        assert store.parameters({"a.example"}) == {"a.example": {"n0": True}}


@pytest.mark.parametrize(("count", "kept"), [(1, 0), (ENOUGH, ENOUGH)])
def test_pruning_forgets_what_never_became_enough_and_keeps_what_was_decided(count: int, kept: int) -> None:
    with open_store() as store:
        store.open_run(NOW)
        note(store, *(clue(place=place) for place in range(count)))
        for day in (100, 101):
            store.open_run(NOW + timedelta(days=day))

        assert store.prune(StoreOptions(), NOW + timedelta(days=101)).is_whole

        assert rows(store) == kept
