"""What deduplication asks: sketches, members, candidates, frequencies."""

from collections.abc import Sequence
from datetime import timedelta

from pipeline.dedup.lookups import Lookups
from pipeline.model import Entry
from pipeline.store import Store
from pipeline.store.lookups import SHOWN_MEMBERS, SKETCH_POSTINGS, TERM_POSTINGS
from tests.builders_store import FEEDS, NOW, WATCHLIST, make_batch, make_entry, make_placement, open_store

DAY = timedelta(days=1)


def tell(store: Store, label: str, terms: Sequence[str], *, story: Entry | None = None, **changes: object) -> Entry:
    """One placed entry; ``hours`` after NOW, with ``companies`` and a ``sketch``."""
    hours = changes.pop("hours", 0)
    entry = make_entry(label, published_at=NOW + timedelta(hours=float(str(hours))))
    placement = make_placement(entry, story, terms=tuple(terms), **changes)
    store.commit(make_batch(entry, placements=(placement,)), run_id=None, now=NOW)
    return entry


def asked(
    store: Lookups, terms: Sequence[str], companies: Sequence[str] | None = ("xiaomi",), limit: int = 9
) -> list[str]:
    """The ids of the candidates of the last day."""
    wanted = None if companies is None else frozenset(companies)
    return [view.id for view in store.candidates(wanted, terms, NOW - DAY, limit)]


def test_candidates_share_a_company_and_a_term_and_are_alive() -> None:
    with open_store() as store:
        phone = tell(store, "phone", ["phone", "sale"])
        tell(store, "other company", ["phone"], companies=("microsoft",))
        tell(store, "other words", ["car"])
        tell(store, "long ago", ["phone"], hours=-100)

        assert asked(store, ["phone", "sale", "never"]) == [phone.id]
        assert asked(store, ["phone"], []) == []
        assert asked(store, []) == []


def test_without_a_company_gate_any_company_will_do() -> None:
    with open_store() as store:
        ours = tell(store, "ours", ["phone", "sale"])
        theirs = tell(store, "theirs", ["phone"], companies=("microsoft",))
        nobodys = tell(store, "nobodys", ["sale"], companies=(), hours=1)
        tell(store, "long ago", ["phone"], hours=-100)

        assert asked(store, ["phone", "sale"], None) == [ours.id, nobodys.id, theirs.id]


def test_candidates_with_most_terms_come_first_and_then_the_newest() -> None:
    with open_store() as store:
        old = tell(store, "old", ["a"])
        new = tell(store, "new", ["a"], hours=2)
        best = tell(store, "best", ["a", "b"], hours=1)

        assert asked(store, ["a", "b"]) == [best.id, new.id, old.id]
        assert asked(store, ["b", "a"], limit=2) == [best.id, new.id]
        assert asked(store, ["a", "b"], None) == [best.id, new.id, old.id]


def test_a_rare_term_weighs_more_than_one_of_very_many_stories() -> None:
    with open_store() as store:
        entries = [
            make_entry(f"common {n}", published_at=NOW - timedelta(hours=1, seconds=-n)) for n in range(TERM_POSTINGS)
        ]
        places = tuple(make_placement(entry, terms=("common",)) for entry in entries)
        store.commit(make_batch(*entries, placements=places), run_id=None, now=NOW)
        rare = tell(store, "rare", ["rare"], hours=-2)
        both = tell(store, "both", ["common", "rare"], hours=-3)

        assert asked(store, ["common", "rare"], limit=3) == [both.id, rare.id]
        assert asked(store, ["common"], limit=2) == [entries[-1].id, entries[-2].id]
        assert asked(store, ["common"], None, limit=999) == [*(entry.id for entry in entries[:0:-1]), both.id]


def test_a_story_shows_what_opened_it_and_its_newest_members_oldest_first() -> None:
    with open_store() as store:
        first = tell(store, "first", ["a"])
        for n in range(SHOWN_MEMBERS + 3):
            tell(store, f"member {n}", ["a", f"own {n}"], story=first, companies=("microsoft",), hours=n / 10 + 1)

        view = store.candidates(frozenset({"xiaomi"}), ["own 5"], NOW - DAY, 5)[0]

        assert (view.id, view.companies) == (first.id, {"xiaomi", "microsoft"})
        assert [member.title for member in view.members] == [
            "Title of first",
            *(f"Title of member {n}" for n in range(4, SHOWN_MEMBERS + 3)),
        ]
        assert (view.first_at, view.last_at) == (NOW, view.members[-1].published_at)


def test_members_are_as_they_were_placed() -> None:
    with open_store() as store:
        entry = tell(store, "one", ["a"], article_id="article", companies=("xiaomi", "microsoft"))
        store.commit(make_batch(make_entry("unplaced")), run_id=None, now=NOW)

        members = store.members([entry.id, make_entry("unplaced").id, "unknown"])

        assert list(members) == [entry.id]
        member = members[entry.id]
        assert (member.article_id, member.story_id, member.companies) == ("article", entry.id, {"xiaomi", "microsoft"})
        assert (member.title, member.text, member.published_at) == (entry.title, entry.text, entry.published_at)


def test_sharing_counts_common_hashes_within_the_window() -> None:
    with open_store() as store:
        near = tell(store, "near", ["a"], sketch=(1, 2, -(2**63)))
        tell(store, "far", ["a"], sketch=(1, 2), hours=-100)
        tell(store, "unlike", ["a"], sketch=(4, 5))

        assert store.sharing([2, 1, -(2**63), 2], NOW - DAY) == {near.id: 3}
        assert store.sharing([], NOW - DAY) == {}


def test_a_hash_of_very_many_entries_is_boilerplate() -> None:
    with open_store() as store:
        entries = [make_entry(f"same footer {n}") for n in range(SKETCH_POSTINGS)]
        places = tuple(make_placement(entry, sketch=(7,)) for entry in entries)
        store.commit(make_batch(*entries, placements=places), run_id=None, now=NOW)

        assert len(store.sharing([7], NOW - DAY)) == SKETCH_POSTINGS
        tell(store, "one more", ["a"], sketch=(7,))
        assert store.sharing([7], NOW - DAY) == {}


def test_frequencies_count_stories_and_not_entries() -> None:
    with open_store() as store:
        first = tell(store, "first", ["a", "b"])
        tell(store, "same story", ["a", "c"], story=first)
        tell(store, "other", ["a"])

        assert store.frequencies(["a", "b", "c", "never"]) == ({"a": 2, "b": 1, "c": 1, "never": 0}, 2)


def test_a_term_is_as_rare_as_before_when_what_finds_its_stories_is_pruned() -> None:
    with open_store() as store:
        tell(store, "first", ["a", "b"])

        store.database.execute("DELETE FROM story_terms WHERE term = 'b'")

        assert store.frequencies(["b"]) == ({"b": 1}, 1)


def test_answers_do_not_depend_on_the_order_of_asking() -> None:
    with open_store() as store:
        for n in range(12):
            tell(store, f"story {n}", [f"t{n % 3}", f"t{n % 4}"])

        terms = ["t0", "t1", "t2", "t3"]
        assert asked(store, terms) == asked(store, terms[::-1])
        assert asked(store, terms, None) == asked(store, terms[::-1], None)


def test_a_story_told_twice_is_known_to_a_store_that_is_opened_again(tmp_path: object) -> None:
    path = f"{tmp_path}/newsward.db"
    with Store.open(path) as store:
        store.remember(WATCHLIST, FEEDS, NOW)
        entry = tell(store, "one", ["a"])

    with Store.open(path) as store:
        assert asked(store, ["a"]) == [entry.id]
