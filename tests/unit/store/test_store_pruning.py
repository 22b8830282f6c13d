"""What pruning forgets, and above all what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.keys import content_hash
from pipeline.model import DateKind, Entry, Feed, FeedState, FetchRecord, RunReport, Sighting
from pipeline.store import Store, StoreOptions, sketches
from pipeline.store import pruning as pruning_module
from tests.builders_store import (
    FEED,
    NOW,
    OTHER_FEED,
    WATCHLIST,
    make_alert,
    make_batch,
    make_entry,
    make_hit,
    make_placement,
    open_store,
)

DAY = timedelta(days=1)
LATER = NOW + 100 * DAY
OPTIONS = StoreOptions()


def poll(store: Store, at: datetime, *new: Entry, seen: Sequence[Entry] = (), feed: str = FEED, **changes: Any) -> None:
    """A run at that time whose one feed sent a whole document with these entries.

    After a long time it had already sent one two days before, in which there was nothing that is not in this one.
    """
    last = next((due.state.last_full_at for due in store.dues([feed])), None)
    if last and at - last > 5 * DAY and "fetch" not in changes:
        earlier = FetchRecord(feed, at - 2 * DAY, "fetched", 200)
        state = FeedState(feed, last_full_at=at - 2 * DAY)
        store.commit(make_batch(feed=feed, state=state, fetch=earlier), run_id=None, now=at - 2 * DAY)
    state = FeedState(feed, status=200, last_polled_at=at, last_ok_at=at, last_full_at=at, next_poll_at=at + DAY)
    run = store.open_run(at)
    values: dict[str, Any] = {"state": state, "seen": tuple(entry.id for entry in seen)}
    store.commit(make_batch(*new, feed=feed, at=at, **(values | changes)), run_id=run, now=at)
    store.close_run(run, RunReport(at, timedelta(seconds=1)))


def unchanged(store: Store, at: datetime, feed: str = FEED) -> None:
    """A run whose feed said that nothing is new: 304."""
    last = store.dues([feed])[0].state
    state = replace(last, status=304, last_polled_at=at, last_ok_at=at)
    poll(store, at, feed=feed, state=state, fetch=FetchRecord(feed, at, "not_modified", 304))


def titles(store: Store) -> list[str]:
    return sorted(row[0] for row in store.database.execute("SELECT title FROM entries"))


@pytest.fixture
def store() -> Any:
    with open_store() as store:
        yield store


def test_an_entry_about_nobody_goes_when_its_feed_dropped_it_long_ago(store: Store) -> None:
    old, young = make_entry("old"), make_entry("young")
    poll(store, NOW, old)
    poll(store, LATER - DAY, young)

    pruned = store.prune(OPTIONS, LATER)

    assert titles(store) == ["Title of young"]
    assert (pruned.entries, pruned.is_whole, pruned.as_of) == (1, True, LATER)
    assert pruned.bytes == len("Title of old" + "Text of old" + "<p>Text of old</p>")


def test_what_a_whole_document_still_holds_stays_however_old(store: Store) -> None:
    entry = make_entry()
    poll(store, NOW, entry)
    for day in range(1, 101):
        poll(store, NOW + day * DAY, seen=[entry])

    assert store.prune(OPTIONS, LATER).entries == 0


def test_what_stood_in_the_last_whole_document_stays_while_the_feed_says_unchanged(store: Store) -> None:
    entry = make_entry()
    poll(store, NOW, entry)
    for day in range(1, 101):
        unchanged(store, NOW + day * DAY)

    assert store.prune(OPTIONS, LATER).entries == 0


@pytest.mark.parametrize("hours", [1, 24, 47])
def test_a_mark_that_was_not_yet_due_to_be_renewed_proves_nothing(store: Store, hours: int) -> None:
    poll(store, NOW, make_entry())
    poll(store, NOW + timedelta(hours=hours))  # the entry may be in it: marks are kept to the day
    for day in range(3, 101):
        unchanged(store, NOW + day * DAY)

    assert store.prune(OPTIONS, LATER).entries == 0


def test_a_single_document_without_it_proves_nothing(store: Store) -> None:
    entry = make_entry(published_at=None, date_kind=DateKind.SEEN)
    poll(store, NOW, entry)
    for day in range(1, 99):
        unchanged(store, NOW + day * DAY)
    cut_off = FetchRecord(FEED, LATER - DAY, "fetched", 200)
    poll(store, LATER - DAY, fetch=cut_off)

    assert store.prune(OPTIONS, LATER).entries == 0
    poll(store, LATER + DAY, fetch=replace(cut_off, fetched_at=LATER + DAY))
    assert store.prune(OPTIONS, LATER + 2 * DAY).entries == 1


def test_what_a_further_feed_still_holds_stays(store: Store) -> None:
    entry = make_entry()
    poll(store, NOW, entry)
    poll(store, NOW, feed=OTHER_FEED, sightings=(Sighting(entry.id, OTHER_FEED, "there", "https://daily.example/1"),))
    poll(store, LATER - DAY)

    assert store.prune(OPTIONS, LATER).entries == 0
    poll(store, LATER - DAY, feed=OTHER_FEED)
    assert store.prune(OPTIONS, LATER).entries == 1


@pytest.mark.parametrize("why", ["disabled", "paused", "no longer configured"])
def test_a_feed_that_is_not_polled_protects_nothing_and_begins_anew_when_it_comes_back(store: Store, why: str) -> None:
    poll(store, NOW, make_entry())
    if why == "disabled":
        poll(store, NOW + DAY, state=FeedState(FEED, last_full_at=NOW, disabled="gone (410)"))
    elif why == "paused":
        store.pause_feeds([FEED], "by a person", until=None)
    else:
        store.remember(WATCHLIST, (Feed(OTHER_FEED),), NOW)
    poll(store, LATER - DAY, feed=OTHER_FEED)

    assert store.prune(OPTIONS, LATER).entries == 1
    # None = a first poll, on which entries without a date do not alert.
    assert store.dues([FEED])[0].state.last_full_at is None


def test_a_feed_that_comes_back_from_a_pause_still_protects_what_it_held(store: Store) -> None:
    poll(store, NOW, make_entry())
    store.pause_feeds([FEED], "by a person", until=LATER + DAY)

    assert store.prune(OPTIONS, LATER).entries == 0


def test_hits_rejected_hits_places_and_alerts_keep_their_entries(store: Store) -> None:
    hit, rejected, placed, alerted = (make_entry(label) for label in ("hit", "rejected", "placed", "alerted"))
    poll(
        store,
        NOW,
        *(hit, rejected, placed, alerted),
        hits=(make_hit(hit), make_hit(rejected)),
        placements=(make_placement(placed),),
        alerts=(make_alert(story=alerted.id),),
    )
    store.database.execute("UPDATE hits SET state = 'rejected' WHERE entry_id = ?", (rejected.id,))
    poll(store, LATER - DAY)

    assert store.prune(OPTIONS, LATER).entries == 0


def test_all_that_hangs_on_an_entry_goes_with_it(store: Store) -> None:
    entry = make_entry(title="A frost")
    reworded = replace(entry, title="A late frost", content_hash=content_hash("A late frost", entry.text))
    poll(store, NOW, entry)
    poll(
        store, NOW, feed=OTHER_FEED, sightings=(Sighting(entry.id, OTHER_FEED, "g", "https://daily.example/1", ("k",)),)
    )
    poll(store, NOW + timedelta(hours=1), edited=(reworded,))
    for feed in (FEED, OTHER_FEED):
        poll(store, LATER - DAY, feed=feed)

    pruned = store.prune(OPTIONS, LATER)

    assert (pruned.entries, pruned.sightings) == (1, 1)
    sql = store.database.execute
    for table in ("entries", "entry_keys", "sightings", "revisions", "entries_fts_docsize"):
        assert sql(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table
    assert sql("INSERT INTO entries_fts (entries_fts, rank) VALUES ('integrity-check', 1)").fetchall() == []


def test_fetches_and_runs_go_after_their_own_time(store: Store) -> None:
    for day in (0, 68, 71, 99):
        poll(store, NOW + day * DAY)

    pruned = store.prune(OPTIONS, LATER)

    assert (pruned.fetches, pruned.runs) == (3, 2)
    assert [row["fetched_at"] for row in store.database.execute("SELECT fetched_at FROM fetches")] == [
        "2026-05-12T09:00:00Z",
        "2026-06-07T09:00:00Z",
        "2026-06-09T09:00:00Z",
    ]


def test_the_options_say_how_old_is_old(store: Store) -> None:
    poll(store, NOW, make_entry())
    poll(store, NOW + 19 * DAY)
    options = StoreOptions(retention=timedelta(days=20), history=timedelta(days=10))

    at_twenty = store.prune(options, NOW + 20 * DAY)
    later = store.prune(options, NOW + 20 * DAY + timedelta(seconds=1))

    assert (at_twenty.entries, at_twenty.fetches) == (0, 1)
    assert later.entries == 1


def test_a_dry_run_tells_the_same_and_changes_nothing(store: Store) -> None:
    poll(store, NOW, *(make_entry(str(number)) for number in range(7)))
    poll(store, LATER - DAY)
    changes = store.database.conn.total_changes

    told = store.prune(OPTIONS, LATER, dry_run=True)

    assert store.database.conn.total_changes == changes
    assert told.entries == 7
    assert store.prune(OPTIONS, LATER) == told


def test_a_clock_that_jumps_a_year_ahead_for_a_tick_makes_nothing_old(store: Store) -> None:
    entry, dropped = make_entry("current"), make_entry("dropped")
    poll(store, NOW, entry, dropped)
    poll(store, NOW + DAY, seen=[entry])
    poll(store, NOW + 2 * DAY, seen=[entry])
    wrong = NOW + 367 * DAY
    poll(store, wrong, seen=[entry])

    pruned = store.prune(OPTIONS, wrong)
    back = store.prune(OPTIONS, NOW + 3 * DAY)

    assert (pruned.entries, pruned.fetches, pruned.as_of) == (0, 0, NOW + 4 * DAY)
    assert (back.entries, back.as_of) == (0, NOW + 3 * DAY)


def test_a_mark_from_a_clock_gone_wrong_is_set_right_by_the_next_document(store: Store) -> None:
    entry = make_entry()
    poll(store, NOW, entry)
    poll(store, NOW + 367 * DAY, seen=[entry])
    poll(store, NOW + DAY, seen=[entry])

    assert store.database.execute("SELECT last_seen_at FROM entries").fetchone()[0] == "2026-03-03T09:00:00Z"


def test_after_a_long_pause_the_second_day_prunes(store: Store) -> None:
    poll(store, NOW, make_entry())
    poll(store, LATER)
    first = store.prune(OPTIONS, LATER)
    poll(store, LATER + DAY)

    second = store.prune(OPTIONS, LATER + DAY + timedelta(minutes=1))

    assert (first.entries, second.entries) == (0, 1)


def test_a_database_without_a_run_of_an_earlier_day_is_left_as_it_is(store: Store) -> None:
    poll(store, NOW, make_entry())

    assert store.prune(OPTIONS, NOW + timedelta(hours=23)).entries == 0


def test_an_entry_that_was_forgotten_may_come_back_under_all_its_keys(store: Store) -> None:
    entry = make_entry("one", keys=("first", "second"), id="first")
    other = make_entry("two", keys=("another", "second"), id="another")
    poll(store, NOW, entry)
    poll(store, LATER - DAY)
    store.database.execute("UPDATE upkeep SET sweeps = 0")
    stop = iter((False, False, False, True))  # the entries go, and the sweep of the keys does not come

    store.prune(OPTIONS, LATER, stop=lambda: next(stop))
    assert store.known(["second"]) == {}
    poll(store, LATER, other)

    assert [known.entry_id for known in store.known(["second"]).values()] == ["another"]


def test_a_pruning_that_was_stopped_anywhere_goes_on_where_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHUNK", "HISTORY_CHUNK", "KEYS_CHUNK"):
        monkeypatch.setattr(pruning_module, name, 3)
    for number in range(10):
        poll(store, NOW + timedelta(minutes=number), *(make_entry(f"{number}-{place}") for place in range(2)))
    poll(store, LATER - DAY)

    parts = []
    while not parts or not parts[-1].is_whole:
        steps = iter((False, False, False, False, True))
        parts.append(store.prune(OPTIONS, LATER, stop=lambda steps=steps: next(steps)))
        assert len(parts) < 100

    assert len(parts) > 5
    assert [sum(getattr(part, name) for part in parts) for name in ("entries", "fetches", "runs")] == [20, 10, 10]
    assert store.database.execute("SELECT count(*) FROM entry_keys").fetchone()[0] == 0


def test_with_nothing_to_do_nothing_but_an_index_is_looked_at(store: Store) -> None:
    poll(store, NOW, *(make_entry(str(number)) for number in range(3)))
    sql = pruning_module.QUERIES["entries_old"]
    asked = {"cutoff": "", "seen_at": "", "seq": 0, "gone_after": "+2 days", "seen_step": "+1 days", "limit": 5}

    plan = " ".join(row["detail"] for row in store.database.execute(f"EXPLAIN QUERY PLAN {sql}", asked))

    assert "SEARCH e USING INDEX entries_by_last_seen" in plan
    assert "SCAN" not in plan.replace("SCAN CONSTANT ROW", "").replace("SCAN upkeep", "")  # of one row
    assert "TEMP B-TREE" not in plan


def test_upkeep_is_due_once_a_day_and_after_a_clock_was_set_back(store: Store) -> None:
    assert store.is_upkeep_due(NOW)
    store.note_upkeep(NOW)

    assert [store.is_upkeep_due(NOW + timedelta(hours=hours)) for hours in (0, 23, 24, -1)] == [
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("is_posted", [True, False])
def test_what_finds_old_stories_and_copies_goes_and_the_stories_stay(store: Store, is_posted: bool) -> None:
    old, young = make_entry("old"), make_entry("young", published_at=LATER - DAY)
    for entry, at in ((old, NOW), (young, LATER - DAY)):
        placement = make_placement(entry, terms=(entry.title.split()[-1],))
        store.commit(make_batch(entry, placements=(placement,), at=at), run_id=store.open_run(at), now=at)
    if is_posted:
        sketches.post(store.database.conn)
    before = store.frequencies(["old", "young"])

    store.prune(OPTIONS, LATER)

    assert [row["terms"] for row in store.database.query("SELECT terms FROM story_terms")] == ['{"young":1}']
    table = "sketches" if is_posted else "sketches_fresh"
    left = store.database.execute(f"SELECT DISTINCT e.id FROM {table} AS s JOIN entries AS e ON e.seq = s.entry")
    assert [row[0] for row in left] == [young.id]
    assert store.frequencies(["old", "young"]) == before
    assert len(store.stories([old.id, young.id])) == 2
