"""What deduplication and alerts ask: sketches, members, candidates, frequencies; what was told of a story."""

from collections.abc import Sequence
from datetime import timedelta

from pipeline.dedup.lookups import Lookups
from pipeline.model import Alert, Entry, Merge, Telling, Told
from pipeline.store import Store
from pipeline.store.lookups import SHOWN_MEMBERS, SKETCH_POSTINGS, TERM_POSTINGS
from tests.builders_store import (
    FEEDS,
    NOW,
    WATCHLIST,
    make_alert,
    make_batch,
    make_entry,
    make_hit,
    make_placement,
    open_store,
)

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

        store.database.execute("DELETE FROM story_terms")

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


# --------------------------------------------------------------------------- what alerts ask


def asked_alert(label: str, entry: Entry, story: Entry, **changes: object) -> Alert:
    rules = changes.pop("rules", ["all"])
    return make_alert(label, story=story.id, entry_id=entry.id, payload={"rules": rules}, **changes)


def test_what_channels_were_told_is_known_by_story() -> None:
    with open_store() as store:
        one, other = tell(store, "one", ["a"]), tell(store, "other", ["b"])
        alerts = (
            asked_alert("a1", one, one),
            asked_alert("a2", one, one, kind="update", rules=["all", "pair"]),
            asked_alert("a3", one, one, kind="update"),
            asked_alert("a4", one, one, channel="log", rules=["quiet"]),
            asked_alert("a5", one, one, channel="digests", kind="digest"),
        )
        store.commit(make_batch(alerts=alerts), run_id=None, now=NOW)

        assert store.told([one.id, other.id, "nothing"]) == {
            one.id: {"desk": Told(2, frozenset({"all", "pair"})), "log": Told(0, frozenset({"quiet"}))}
        }


def test_an_alert_that_a_merge_dropped_has_told_nobody_of_its_rules() -> None:
    with open_store() as store:
        one, other = tell(store, "one", ["a"]), tell(store, "other", ["b"])
        alerts = (asked_alert("a1", one, one), asked_alert("a2", other, other, rules=["pair"]))
        store.commit(make_batch(alerts=alerts), run_id=None, now=NOW)

        store.merge(Merge(one.id, other.id, 0.9), rule="merged_late")

        assert store.told([one.id]) == {one.id: {"desk": Told(0, frozenset({"all"}))}}


def test_all_parts_of_a_story_that_was_taken_apart_are_told() -> None:
    with open_store() as store:
        one = tell(store, "one", ["a"])
        two, three = tell(store, "two", ["a"], story=one), tell(store, "three", ["a"], story=one)
        store.commit(make_batch(alerts=(asked_alert("a1", two, one),)), run_id=None, now=NOW)

        assert store.split(one.id, [two.id], lambda member: ([], []), rule="split_by_hand", now=NOW) == two.id
        assert store.split(one.id, [three.id], lambda member: ([], []), rule="split_by_hand", now=NOW) == three.id

        assert sorted(store.told([one.id, two.id, three.id])) == sorted([one.id, two.id, three.id])


def test_a_story_so_far_has_its_first_telling_its_outlets_and_the_best_hits_of_each_company() -> None:
    with open_store() as store:
        first = make_entry("first", published_at=NOW - timedelta(hours=3), publisher="Mill News")
        later = make_entry("later", published_at=NOW - timedelta(hours=2), publisher="")
        last = make_entry("last", feed=FEEDS[1].url, published_at=NOW - timedelta(hours=1))
        hits = (
            make_hit(first, score=90.0, salience=50.0),
            make_hit(later, score=80.0, salience=50.0),
            make_hit(later, "microsoft", score=70.0, salience=90.0),
            make_hit(last, "microsoft", score=95.0, salience=40.0),
        )
        for entry in (first, later, last):
            own = tuple(hit for hit in hits if hit.entry_id == entry.id)
            placed = (make_placement(entry, first),)
            store.commit(make_batch(entry, feed=entry.feed_url, hits=own, placements=placed), run_id=None, now=NOW)

        story = store.so_far([first.id, "nothing"])[first.id]

        assert story.first == Telling("Mill News", "Title of first", first.url, first.published_at)
        assert story.outlets == {"Mill News", "The Wire", FEEDS[1].url}
        assert set(story.hits) == {hits[0], hits[2], hits[3]}
        assert store.so_far(["nothing"]) == {}


def test_a_rejected_hit_is_no_part_of_a_story_so_far() -> None:
    with open_store() as store:
        entry = make_entry("one")
        batch = make_batch(entry, hits=(make_hit(entry),), placements=(make_placement(entry),))
        store.commit(batch, run_id=None, now=NOW)
        with store.database.conn:
            store.database.execute("UPDATE hits SET state = 'rejected'")

        assert store.so_far([entry.id])[entry.id].hits == ()


def test_what_an_open_transaction_wrote_is_known_to_the_next_turn_of_it() -> None:
    with open_store() as store:
        entry = make_entry("one")
        alerts = (asked_alert("a1", entry, entry),)
        store.begin_group()
        batch = make_batch(entry, hits=(make_hit(entry),), placements=(make_placement(entry),), alerts=alerts)
        store.commit(batch, run_id=None, now=NOW)

        assert list(store.told([entry.id])[entry.id]) == ["desk"]
        assert store.so_far([entry.id])[entry.id].first.title == "Title of one"
        store.commit_group()
