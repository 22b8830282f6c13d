"""``newsward cluster`` and a run place alike: one contract, kept by dictionaries and by the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from pipeline.dedup import Arrival, MemoryLookups, StoryIndex, StoryOptions, look_at, lookups
from pipeline.model import Company, Entry, Feed, Merge, Placement, Relation, StoryView, Watchlist
from pipeline.store import Store, live
from pipeline.store import lookups as stored
from tests.builders_store import FEED, NOW, make_batch, make_entry

BOUNDS = ("SKETCH_POSTINGS", "TERM_POSTINGS", "LIVE_STORIES", "SHARE_OF_BEST", "SHOWN_MEMBERS", "CORE_TERMS")
COMPANIES = ("arlund", "borealis", "castella", "dunmore")
FOOTER = "All figures are unaudited and the desk of the Quay Gazette answers questions about this note every weekday."
PLACES = ("Aalborg", "Bremen", "Cadiz", "Dover", "Esbjerg", "Faro", "Gdansk", "Hull")
GOODS = ("ferries", "cranes", "pumps", "trams", "turbines", "lifts")
DEEDS = (
    "buys a yard for {goods} in {place}",
    "recalls {n} {goods} sold in {place}",
    "lifts its forecast after orders for {n} {goods}",
    "closes its plant for {goods} in {place}",
    "wins a court case over {goods} in {place}",
)
DETAILS = (
    "About {n} people work there, the works council said.",
    "The price was {n} million euros, two people with knowledge of the talks said.",
    "A vote in {place} is planned before the summer.",
    "Shares of {name} hardly moved in early trading.",
    "The order for {goods} is the largest that {name} has had in {place}.",
)


def told(dice: Random, label: int, story: dict[str, str]) -> Entry:
    """One telling of a story, in a wording of its own, now and then undated by seconds of another."""
    details = dice.sample(DETAILS, dice.randint(0, 3))
    text = " ".join([*(detail.format(**story) for detail in details), *([FOOTER] if dice.random() < 0.4 else [])])
    title = f"{story['name']} {story['deed'].format(**story)}"
    title = dice.choice([title, f"{title} - Quay Gazette", f"Report: {title}", f"{story['place']}: {title}"])
    at = NOW + timedelta(hours=float(story["hour"]) + dice.choice([0, 0, 1, 5, 20, 40]))
    return make_entry(str(label), title=title, text=text, published_at=at, language="en")


def a_stream(size: int = 300) -> Iterator[Arrival]:
    """Stories of four companies over ten days, out of order, one of them told ninety times."""
    dice = Random(7)
    stories = [
        {
            "name": dice.choice(COMPANIES).title(), "deed": dice.choice(DEEDS), "goods": dice.choice(GOODS),
            "place": dice.choice(PLACES), "n": str(dice.randint(20, 900)), "hour": str(dice.randint(0, 240)),
        }
        for _ in range(60)
    ]  # fmt: skip
    for label in range(size):
        story = stories[0] if dice.random() < 0.3 else dice.choice(stories)
        named = frozenset({story["name"].lower(), *dice.choices(COMPANIES, k=dice.randint(0, 1))})
        yield Arrival(told(dice, label, story), None if dice.random() < 0.1 else named)


@contextmanager
def an_empty_store(path: Path | str = ":memory:") -> Iterator[Store]:
    with Store.open(path) as store:
        store.remember(Watchlist(tuple(Company(name, name.title()) for name in COMPANIES)), (Feed(FEED),), NOW)
        yield store


def placed_in_memory(arrivals: Sequence[Arrival]) -> list[Placement]:
    index, memory = StoryIndex(StoryOptions()), MemoryLookups()
    placements = []
    for arrival in arrivals:
        (placement,) = index.place([arrival], memory)
        memory.add(arrival.entry, placement)
        placements.append(placement)
    return placements


def placed_in_a_store(arrivals: Sequence[Arrival], at_once: int) -> list[Placement]:
    index = StoryIndex(StoryOptions())
    placements: list[Placement] = []
    with an_empty_store() as store:
        for start in range(0, len(arrivals), at_once):
            turn = arrivals[start : start + at_once]
            found = index.place(turn, store)
            batch = make_batch(*(arrival.entry for arrival in turn), placements=found)
            store.commit(batch, run_id=None, now=NOW)
            placements.extend(found)
    return placements


def test_the_bounds_are_the_same_numbers() -> None:
    assert {name: getattr(stored, name) for name in BOUNDS} == {name: getattr(lookups, name) for name in BOUNDS}


def test_a_stream_is_placed_alike_by_both() -> None:
    arrivals = list(a_stream())

    placements = placed_in_memory(arrivals)

    assert placed_in_a_store(arrivals, at_once=1) == placements
    assert {placement.relation for placement in placements} == set(Relation) - {Relation.SEEN}
    sizes = sorted(
        [placement.story_id for placement in placements].count(story) for story in {p.story_id for p in placements}
    )
    assert sizes[-1] > lookups.SHOWN_MEMBERS
    shared = [value for placement in placements for value in placement.sketch]
    assert max(map(shared.count, set(shared))) > lookups.SKETCH_POSTINGS


def test_how_many_entries_a_document_brings_hardly_changes_a_story() -> None:
    """Of a stored story the arrivals know the members that are shown: what its others said may be counted twice."""
    arrivals = list(a_stream())

    one_by_one = placed_in_memory(arrivals)
    by_tens = placed_in_a_store(arrivals, at_once=10)

    moved = [one.entry_id for one, other in zip(one_by_one, by_tens, strict=True) if one.story_id != other.story_id]
    assert len(moved) <= 0.02 * len(arrivals)


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[MemoryLookups, Store]]:
    """Six hundred stories of one company, more than any bound, many of one moment, in a memory and in a store."""
    dice = Random(3)
    memory = MemoryLookups()
    entries: list[Entry] = []
    placements: list[Placement] = []
    for n in range(lookups.LIVE_STORIES + 100):
        entry = make_entry(str(n), published_at=NOW + timedelta(hours=dice.randint(0, 30)))
        story = entries[5].id if n % 25 == 24 else entry.id
        company = "borealis" if n % 7 == 0 else "arlund"
        terms = ("common", f"half {n % 2}", f"tenth {n % 10}", f"{n % 10}%", f"own {n}")
        sketch = (n % 11, n % 13 + 100, n + 1000)
        entries.append(entry)
        placements.append(
            Placement(
                entry.id,
                entry.id,
                story,
                Relation.NEW if story == entry.id else Relation.SAME_STORY,
                "test",
                companies=frozenset({company}),
                sketch=sketch,
                terms=terms,
            )
        )
        memory.add(entry, placements[-1])
    with an_empty_store() as store:
        store.commit(make_batch(*entries, placements=tuple(placements)), run_id=None, now=NOW)
        yield memory, store


@pytest.mark.parametrize("companies", [None, {"arlund"}, {"borealis"}, {"arlund", "borealis"}, {"nobody"}, set()])
@pytest.mark.parametrize("terms", [("common",), ("common", "half 1", "tenth 3", "own 4"), ("tenth 4",), ("never",), ()])
@pytest.mark.parametrize("hours", [-100, 15])
def test_both_name_the_same_candidates(
    both: tuple[MemoryLookups, Store], companies: set[str] | None, terms: tuple[str, ...], hours: int
) -> None:
    asked = None if companies is None else frozenset(companies)
    since = NOW + timedelta(hours=hours)

    ours, theirs = (list(memory.candidates(asked, terms, since, 999)) for memory in both)

    assert [shape(view) for view in ours] == [shape(view) for view in theirs]
    assert len(ours) <= (lookups.TERM_POSTINGS * len(terms) if asked is None else lookups.LIVE_STORIES)
    assert list(both[0].candidates(asked, terms, since, 7)) == ours[:7]


@pytest.mark.parametrize("companies", [None, {"arlund"}])
def test_both_leave_out_what_shares_too_little_and_no_figure(
    both: tuple[MemoryLookups, Store], companies: set[str] | None
) -> None:
    asked, since = None if companies is None else frozenset(companies), NOW - timedelta(hours=100)

    for memory in both:
        every = [view.id for view in memory.candidates(asked, ("common", "tenth 3", "own 13"), since, 999)]
        assert len(every) > 40
        assert [
            view.id for view in memory.candidates(asked, ("common", "tenth 3", "own 13"), since, 999, least=4.0)
        ] == every[:1]
        assert [
            view.id for view in memory.candidates(asked, ("common", "3%", "own 13"), since, 999, least=4.0)
        ] == every


def test_both_count_the_same_sharers_and_frequencies(both: tuple[MemoryLookups, Store]) -> None:
    terms = ["common", "half 0", "tenth 9", "own 7", "never"]
    found = [
        (
            dict(memory.sharing([3, 104, 1003, 5], NOW + timedelta(hours=9))),
            {term: memory.frequencies(terms)[0].get(term, 0) for term in terms},
            memory.frequencies(terms)[1],
        )
        for memory in both
    ]

    assert found[0] == found[1]


def about_somebody(arrivals: Iterator[Arrival]) -> Iterator[Arrival]:
    return (replace(one, companies=one.companies or frozenset({"arlund"})) for one in arrivals)


def answers(store: Store, hour: int) -> list[object]:
    """What a store says of every company, and of two together, to entries of that hour."""
    since = NOW + timedelta(hours=hour)
    terms = ("ferri", "crane", "order", "plant", "aalborg", "close", "never")
    asked = [frozenset({company}) for company in COMPANIES] + [frozenset(COMPANIES[:2])]
    counts, total = store.frequencies(terms)
    told = {term: counts[term] for term in terms}, total
    return [told, *(list(store.candidates(one, terms, since, 20)) for one in asked)]


@pytest.mark.parametrize("kept", [(10_000, 30_000), (8, 40)])
def test_what_a_store_has_at_hand_is_what_the_file_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: tuple[int, int]
) -> None:
    """After every write, merges, an edit and a split among them, and however little it may keep."""
    for name, bound in zip(("KEPT_STORIES", "KEPT_MEMBERS"), kept, strict=True):
        monkeypatch.setattr(live, name, bound)
    monkeypatch.setattr(live, "LIVE_STORIES", 12)
    index, arrivals = StoryIndex(StoryOptions()), list(about_somebody(a_stream(240)))
    dice = Random(11)
    with an_empty_store(tmp_path / "newsward.db") as store:
        for start in range(0, len(arrivals), 10):
            turn = arrivals[start : start + 10]
            found = index.place(turn, store)
            edited = (replace(arrivals[start // 2].entry, title="Crane order at Aalborg", content_hash="other"),)
            batch = make_batch(*(arrival.entry for arrival in turn), placements=found)
            store.commit(replace(batch, edited=edited if start else ()), run_id=None, now=NOW)
            stories = sorted({placement.story_id for placement in found})
            if start % 40 == 30 and len(stories) > 1:
                store.merge(Merge(stories[0], stories[1], 0.9), rule="merged_late")
            if start == 200:
                store.split(stories[0], [], look_at, rule="split_by_hand", now=NOW)
            hour = dice.randint(-60, 200)
            with Store.open(tmp_path / "newsward.db") as other:
                assert answers(store, hour) == answers(other, hour)


def test_what_another_program_writes_is_seen_and_what_is_taken_back_is_not(tmp_path: Path) -> None:
    first, second, third = (make_entry(name, title=f"{name} ferry") for name in ("one", "two", "three"))
    places = {
        entry.id: Placement(
            entry.id, entry.id, entry.id, Relation.NEW, "test", companies=frozenset({"arlund"}), terms=("ferri",)
        )
        for entry in (first, second, third)
    }

    def seen(store: Store) -> tuple[set[str], int]:
        found = store.candidates(frozenset({"arlund"}), ["ferri"], NOW - timedelta(days=1), 9)
        return {view.id for view in found}, store.frequencies(["ferri"])[0]["ferri"]

    with an_empty_store(tmp_path / "newsward.db") as store, Store.open(tmp_path / "newsward.db") as other:
        store.commit(make_batch(first, placements=(places[first.id],)), run_id=None, now=NOW)
        assert seen(store) == ({first.id}, 1)

        other.commit(make_batch(second, placements=(places[second.id],)), run_id=None, now=NOW)

        assert seen(store) == seen(other) == ({first.id, second.id}, 2)
        with suppress(RuntimeError), store.together():
            store.commit(make_batch(third, placements=(places[third.id],)), run_id=None, now=NOW)
            assert seen(store) == ({first.id, second.id, third.id}, 3)
            raise RuntimeError
        assert seen(store) == ({first.id, second.id}, 2)


def shape(view: StoryView) -> tuple[object, ...]:
    """All of a view; its members by their ids."""
    return replace(view, members=()), tuple(member.entry_id for member in view.members)
