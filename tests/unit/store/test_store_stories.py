"""Stories corrected: two made one, one made two, and the indexes made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.model import Delivery, Entry, Member, Merge, SendFailed
from pipeline.store import Store, sketches
from tests.builders_store import (
    NOW,
    OTHER_FEED,
    claim,
    dump,
    make_alert,
    make_batch,
    make_entry,
    make_hit,
    make_placement,
    open_store,
)

INDEXES = ("sketches", "story_terms", "terms")


def look(member: Member) -> tuple[Sequence[int], Sequence[str]]:
    """A title's words as its terms."""
    words = member.title.split()
    return [len(word) for word in words], words


def tell(store: Store, title: str, *, hours: float = 0, story: Entry | None = None, article: str = "") -> Entry:
    entry = make_entry(title, title=title, published_at=NOW + timedelta(hours=hours))
    placement = make_placement(entry, story=story, terms=tuple(title.split()))
    placement = replace(placement, article_id=article or entry.id, sketch=tuple(len(word) for word in title.split()))
    store.commit(make_batch(entry, hits=(make_hit(entry),), placements=(placement,)), run_id=None, now=NOW)
    return entry


def ids(store: Store, story: str) -> list[str]:
    sql = "SELECT id FROM entries WHERE story_id = ? ORDER BY published_at"
    return [row[0] for row in store.database.execute(sql, (story,))]


@pytest.fixture
def two() -> tuple[Store, Entry, Entry, Entry]:
    """A story of one entry, and one of two."""
    store = open_store()
    first = tell(store, "ferry sold")
    second = tell(store, "yard sold", hours=1)
    third = tell(store, "yard bought", hours=2, story=second)
    return store, first, second, third


def test_two_stories_made_one_have_all_entries_hits_words_and_companies(
    two: tuple[Store, Entry, Entry, Entry],
) -> None:
    store, first, second, third = two

    store.merge(Merge(first.id, second.id, 0.93), rule="merged_late")

    assert ids(store, first.id) == [first.id, second.id, third.id]
    assert ids(store, second.id) == []
    (view,) = store.stories([first.id, second.id])
    assert view.companies == {"xiaomi"}
    assert view.last_at == NOW + timedelta(hours=2)
    assert [row["story_id"] for row in store.database.query("SELECT DISTINCT story_id FROM hits")] == [first.id]
    opener = store.database.query("SELECT relation, rule, partner, score FROM placements WHERE merged_from <> ''")
    assert next(opener) == {"relation": "same_story", "rule": "merged_late", "partner": first.id, "score": 0.93}
    assert store.frequencies(["sold", "yard", "ferry"]) == ({"sold": 1, "yard": 1, "ferry": 1}, 1)


def test_a_split_without_entries_undoes_a_merge(two: tuple[Store, Entry, Entry, Entry]) -> None:
    store, first, second, third = two
    words = "SELECT story, key, value FROM story_terms, json_each(terms) ORDER BY story, key"
    before = [*store.database.query(words)], dump(store)["terms"]
    store.merge(Merge(first.id, second.id, 0.93), rule="merged_late")

    fresh = store.split(first.id, [], look, rule="split_by_hand", now=NOW)

    assert fresh == second.id
    assert ids(store, first.id) == [first.id]
    assert ids(store, second.id) == [second.id, third.id]
    assert ([*store.database.query(words)], dump(store)["terms"]) == before
    assert [view.companies for view in store.stories([first.id, second.id])] == [{"xiaomi"}, {"xiaomi"}]


def test_a_copy_goes_with_its_article_when_a_story_is_split() -> None:
    with open_store() as store:
        first = tell(store, "ferry sold")
        other = tell(store, "yard sold", hours=1, story=first)
        copy = tell(store, "yard sold!", hours=2, story=first, article=other.id)

        fresh = store.split(first.id, [copy.id], look, rule="split_by_hand", now=NOW)

        assert fresh == other.id
        assert ids(store, fresh) == [other.id, copy.id]
        row = next(store.database.query("SELECT relation, rule FROM placements WHERE entry_id = ?", [other.id]))
        assert row == {"relation": "new", "rule": "split_by_hand"}


def test_what_names_a_story_stays_in_it_and_the_others_go() -> None:
    with open_store() as store:
        first = tell(store, "ferry sold")
        other = tell(store, "yard sold", hours=1, story=first)

        assert store.split(first.id, [first.id], look, rule="split_by_hand", now=NOW) == other.id
        assert store.split(first.id, [first.id], look, rule="split_by_hand", now=NOW) == ""


def test_of_a_story_taken_apart_neither_part_is_told_again_where_it_was_told() -> None:
    with open_store() as store:
        first = tell(store, "ferry sold")
        other = tell(store, "yard sold", hours=1, story=first)
        store.commit(make_batch(alerts=(make_alert("told", story=first.id),)), run_id=None, now=NOW)
        fresh = store.split(first.id, [first.id], look, rule="split_by_hand", now=NOW)

        later = tell(store, "yard bought", hours=2, story=other)
        again = make_alert("again", story=fresh, entry_id=later.id)
        elsewhere = make_alert("elsewhere", story=fresh, entry_id=later.id, channel="ops")
        store.commit(make_batch(alerts=(again, elsewhere)), run_id=None, now=NOW)

        told = "SELECT id, story_id FROM alerts ORDER BY id"
        assert [*store.database.query(told)] == [
            {"id": "elsewhere", "story_id": other.id},
            {"id": "told", "story_id": first.id},
        ]


def test_an_alert_goes_with_its_entry_when_a_story_is_taken_apart() -> None:
    with open_store() as store:
        first = tell(store, "ferry sold")
        other = tell(store, "yard sold", hours=1, story=first)
        alert = make_alert("told", story=first.id, entry_id=other.id)
        store.commit(make_batch(alerts=(alert,)), run_id=None, now=NOW)

        fresh = store.split(first.id, [other.id], look, rule="split_by_hand", now=NOW)
        again = make_alert("again", story=fresh)
        store.commit(make_batch(alerts=(again,)), run_id=None, now=NOW)

        assert [*store.database.query("SELECT id, story_id FROM alerts")] == [{"id": "told", "story_id": fresh}]


def test_a_story_that_was_never_told_may_be_told_after_it_was_taken_out_of_another() -> None:
    with open_store() as store:
        first = tell(store, "ferry sold")
        other = tell(store, "yard sold", hours=1, story=first)
        fresh = store.split(first.id, [other.id], look, rule="split_by_hand", now=NOW)
        later = NOW + timedelta(hours=2)
        alerts = make_alert("one", story=first.id, created_at=later), make_alert("two", story=fresh, created_at=later)

        assert store.commit(make_batch(alerts=alerts), run_id=None, now=later).alerts == 2


def test_an_alert_that_waits_is_not_sent_when_its_channel_knows_of_the_other_story(
    two: tuple[Store, Entry, Entry, Entry],
) -> None:
    store, first, second, _ = two
    alerts = (make_alert("a", story=first.id), make_alert("b", story=second.id))
    entry = make_entry("carrier", feed=OTHER_FEED)
    store.commit(make_batch(entry, feed=OTHER_FEED, alerts=alerts), run_id=None, now=NOW)

    store.merge(Merge(first.id, second.id, 1.0), rule="merged_by_hand")

    assert [*store.database.query("SELECT story_id, state FROM alerts ORDER BY id")] == [
        {"story_id": first.id, "state": "pending"},
        {"story_id": first.id, "state": "dead"},
    ]


def test_an_alert_of_two_stories_made_one_goes_out_at_the_sooner_moment_of_both(
    two: tuple[Store, Entry, Entry, Entry],
) -> None:
    store, first, second, _ = two
    alerts = (
        make_alert("weekly", story=first.id, digest="weekly", not_before=NOW + timedelta(days=5)),
        make_alert("now", story=second.id),
    )
    store.commit(make_batch(alerts=alerts), run_id=None, now=NOW)

    store.merge(Merge(first.id, second.id, 1.0), rule="merged_late")

    assert [owed.alert.id for owed in claim(store)] == ["weekly"]
    assert next(store.database.query("SELECT state FROM alerts WHERE id = 'now'")) == {"state": "dead"}


def test_an_alert_that_was_given_up_keeps_no_other_one_back(two: tuple[Store, Entry, Entry, Entry]) -> None:
    store, first, second, _ = two
    alerts = (make_alert("given up", story=first.id), make_alert("waiting", story=second.id))
    store.commit(make_batch(alerts=alerts), run_id=None, now=NOW)
    store.record([Delivery("given up", "desk", NOW, 1, SendFailed("gone (410)", permanent=True), dead=True)])

    store.merge(Merge(first.id, second.id, 1.0), rule="merged_late")

    assert [owed.alert.id for owed in claim(store)] == ["waiting"]


def test_a_channel_that_was_told_of_the_other_story_is_not_told_again_of_the_one(
    two: tuple[Store, Entry, Entry, Entry],
) -> None:
    store, first, second, _ = two
    told = replace(make_alert("b", story=second.id), entry_id=second.id)
    store.commit(make_batch(alerts=(told,)), run_id=None, now=NOW)
    store.merge(Merge(first.id, second.id, 1.0), rule="merged_late")

    later = tell(store, "ferry and yard sold", hours=3, story=first)
    again = replace(make_alert("a", story=first.id), entry_id=later.id)
    elsewhere = replace(make_alert("c", story=first.id), entry_id=later.id, channel="ops")
    committed = store.commit(make_batch(alerts=(again, elsewhere)), run_id=None, now=NOW)

    assert committed.alerts == 1
    assert [*store.database.query("SELECT id, channel FROM alerts ORDER BY id")] == [
        {"id": "b", "channel": "desk"},
        {"id": "c", "channel": "ops"},
    ]


def test_a_merge_with_a_story_that_is_gone_changes_nothing(two: tuple[Store, Entry, Entry, Entry]) -> None:
    store, first, *_ = two
    before = dump(store)

    store.merge(Merge(first.id, "gone", 1.0), rule="merged_late")

    assert dump(store) == before


def test_indexes_made_anew_are_those_that_were_kept(two: tuple[Store, Entry, Entry, Entry]) -> None:
    store, *_ = two
    sketches.post(store.database.conn)
    before = {name: dump(store)[name] for name in INDEXES}
    for name in ("sketches", "story_terms"):
        store.database.execute(f"DELETE FROM {name}")

    assert store.reindex(look, NOW - timedelta(days=1)) == 3
    assert {name: dump(store)[name] for name in INDEXES} == before


def test_a_commit_that_is_repeated_counts_no_word_twice(two: tuple[Store, Entry, Entry, Entry]) -> None:
    store, *_ = two
    before = dump(store)["story_terms"]

    tell(store, "ferry sold")

    assert dump(store)["story_terms"] == before
