"""What the views say to people: above all what may have been missed, and why."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.model import Document, ErrorKind, Feed, FeedState, FetchRecord, Sighting
from pipeline.parse import parse
from pipeline.store import Store
from tests.builders_store import (
    FEED,
    FEEDS,
    NOW,
    OTHER_FEED,
    make_alert,
    make_batch,
    make_entry,
    make_hit,
    make_placement,
)
from tests.builders_store import WATCHLIST as COMPANIES

LONG_AHEAD = NOW + timedelta(days=36500)  # no clock finds a feed overdue
DAY = timedelta(days=1)
CUT = Path(__file__).parents[2] / "data" / "feeds" / "cut-off.xml"
WELL = {"status": 200, "last_polled_at": NOW, "last_ok_at": NOW, "last_full_at": NOW, "next_poll_at": LONG_AHEAD}


@pytest.fixture
def store() -> Iterator[Store]:
    """The feeds were added a year ago."""
    with Store.open(":memory:") as opened:
        opened.remember(COMPANIES, FEEDS, NOW - 365 * DAY)
        yield opened


def turn(store: Store, feed: str, *entries: Any, seen_at: Any = NOW, damage: str = "", **state: Any) -> None:
    """A turn of the feed that left this state."""
    values = {**WELL, **state}
    fetch = FetchRecord(feed, seen_at, "fetched", 200, damage=damage)
    batch = make_batch(*entries, feed=feed, state=FeedState(feed, **values), fetch=fetch)
    store.commit(batch, run_id=None, now=seen_at)


def settle(store: Store) -> None:
    """Both feeds are well, and have brought something."""
    turn(store, FEED, make_entry("one"))
    turn(store, OTHER_FEED, make_entry("two", feed=OTHER_FEED))


def coverage(store: Store) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store.database.execute("SELECT problem, since, url, reason FROM coverage")]


def health(store: Store, url: str) -> dict[str, Any]:
    return next(row for row in store.rows("feed_list") if row["url"] == url)


def test_feeds_that_are_well_miss_nothing(store: Store) -> None:
    settle(store)

    assert coverage(store) == []
    assert (health(store, FEED)["status"], health(store, FEED)["reason"]) == ("ok", "")
    assert health(store, FEED)["last_new_at"] == "2026-03-02T09:00:00Z"


def test_a_failing_feed_says_why_and_since_when(store: Store) -> None:
    settle(store)
    failing = {"failures": 3, "failing_since": NOW - DAY, "error_kind": ErrorKind.DNS, "error": "no such host"}
    turn(store, FEED, last_ok_at=NOW - 2 * DAY, **failing)

    assert coverage(store) == [("failing", "2026-02-28T09:00:00Z", FEED, "no such host")]
    assert health(store, FEED)["failing_since"] == "2026-03-01T09:00:00Z"


def test_a_feed_that_never_answered_well_is_told_from_one_that_did(store: Store) -> None:
    settle(store)
    turn(store, FEED, last_ok_at=None, failures=3, error_kind=ErrorKind.DNS, error="no such host")

    assert coverage(store) == [
        ("failing", "2025-03-02T09:00:00Z", FEED, "has never answered well: no such host"),
    ]


def test_a_disabled_feed_says_why(store: Store) -> None:
    settle(store)
    turn(store, FEED, disabled="paused by hand", failures=2, error="no such host")

    assert coverage(store) == [("disabled", "2026-03-02T09:00:00Z", FEED, "paused by hand")]


def test_a_paused_feed_says_who_wanted_it(store: Store) -> None:
    settle(store)
    turn(store, FEED, failures=2, error="no such host")
    store.pause_feeds([FEED], "paused by ann on 2026-03-02: too noisy", until=LONG_AHEAD)

    assert coverage(store) == [("paused", "2026-03-02T09:00:00Z", FEED, "paused by ann on 2026-03-02: too noisy")]
    told = health(store, FEED)
    assert (told["status"], told["disabled"]) == ("paused", "paused by ann on 2026-03-02: too noisy")
    assert told["paused_until"] == "2126-02-06T09:00:00Z"


def test_a_paused_feed_that_was_retired_too_says_both(store: Store) -> None:
    settle(store)
    turn(store, FEED, disabled="gone (410)")
    store.pause_feeds([FEED], "paused by ann", until=None)

    assert [row[3] for row in coverage(store)] == ["paused by ann; gone (410)"]


def test_a_feed_whose_pause_is_over_is_as_it_was(store: Store) -> None:
    settle(store)
    store.pause_feeds([FEED], "paused by ann", until=NOW)

    assert coverage(store) == []
    assert (health(store, FEED)["status"], health(store, FEED)["paused_until"]) == ("ok", "")


def test_a_turn_that_came_during_a_pause_is_late_from_its_end_only(store: Store) -> None:
    settle(store)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    turn(store, FEED, next_poll_at=NOW)
    store.pause_feeds([FEED], "paused by ann", until=an_hour_ago)

    assert coverage(store) == []


def test_a_feed_whose_turn_is_long_over_is_overdue(store: Store) -> None:
    settle(store)
    turn(store, FEED, next_poll_at=NOW)  # the clock of the database is the real one, and later

    reason = "its turn came at 2026-03-02T09:00:00Z, and no run has taken it"
    assert coverage(store) == [("overdue", "2026-03-02T09:00:00Z", FEED, reason)]
    assert health(store, FEED)["status"] == "overdue"


def test_a_feed_that_no_run_ever_polled_is_overdue(store: Store) -> None:
    settle(store)
    new = "https://new.example/feed"
    store.add_feeds([Feed(new)], NOW)

    assert coverage(store) == [("overdue", "2026-03-02T09:00:00Z", new, "no run has polled it since it was added")]
    assert health(store, new)["status"] == "not polled yet"


def test_a_document_that_breaks_off_is_told(store: Store) -> None:
    settle(store)
    document = parse(CUT.read_bytes(), url=FEED, feed=Feed(FEED))
    assert isinstance(document, Document)
    assert document.is_cut
    turn(store, OTHER_FEED)
    turn(store, FEED, seen_at=NOW + DAY, last_full_at=NOW + DAY, damage=document.damage)

    [(problem, since, url, reason)] = coverage(store)
    assert (problem, since, url) == ("damaged", "2026-03-03T09:00:00Z", FEED)
    assert reason == f"its last document is not whole: {document.damage}"
    assert health(store, FEED)["status"] == "ok"


@pytest.mark.parametrize(
    ("damage", "is_loss"),
    [
        ("not well-formed: mismatched tag: line 3, column 2", True),
        ("encoding guessed: cp1252; not well-formed: mismatched tag", True),
        ("20 older entries beyond 1000 were left out", True),
        ("3 of its items are no objects", True),
        ("encoding guessed: cp1252", False),
        ("mended: undefined entity: line 1, column 2", False),
        ("text behind the end was left out", False),
    ],
)
def test_what_was_only_mended_is_no_loss(damage: str, is_loss: bool, store: Store) -> None:
    settle(store)
    turn(store, FEED, seen_at=NOW + DAY, last_full_at=NOW + DAY, damage=damage)

    assert [row[0] for row in coverage(store)] == ["damaged"] * is_loss
    assert health(store, FEED)["reason"].endswith(damage)


def test_a_later_whole_document_ends_the_damage(store: Store) -> None:
    settle(store)
    turn(store, FEED, seen_at=NOW + DAY, last_full_at=NOW + DAY, damage="cut off: no element found")
    turn(store, FEED, seen_at=NOW + 2 * DAY, last_full_at=NOW + 2 * DAY)

    assert coverage(store) == []


def test_a_feed_that_answers_and_never_brings_anything_new_is_silent(store: Store) -> None:
    settle(store)
    turn(store, FEED, last_ok_at=NOW + 31 * DAY)

    reason = "answers, but has brought nothing new for over 30 days"
    assert coverage(store) == [("silent", "2026-03-02T09:00:00Z", FEED, reason)]
    assert health(store, FEED)["status"] == "ok"


def test_a_watch_that_stood_still_makes_no_feed_silent(store: Store) -> None:
    settle(store)  # the last answers were good; since then nobody has asked, whatever the clock says

    assert coverage(store) == []


def test_a_feed_that_brings_what_others_had_before_is_not_silent(store: Store) -> None:
    settle(store)
    seen = Sighting(make_entry("two").id, FEED, "two", "https://wire.example/two")
    later = make_batch(sightings=(seen,), state=FeedState(FEED, **{**WELL, "last_ok_at": NOW + 31 * DAY}))
    store.commit(later, run_id=None, now=NOW + 20 * DAY)

    assert coverage(store) == []


def test_what_is_no_longer_configured_is_not_missed(store: Store) -> None:
    settle(store)
    turn(store, FEED, failures=3, error="no such host")
    store.remember(COMPANIES, (FEEDS[1],), NOW)

    assert coverage(store) == []
    assert health(store, FEED)["status"] == "not configured"


def test_the_longest_silence_stands_first(store: Store) -> None:
    settle(store)
    turn(store, FEED, failures=1, error="-", last_ok_at=NOW - DAY)
    turn(store, OTHER_FEED, failures=9, error="-", last_ok_at=NOW - 2 * DAY)

    assert [row[2] for row in coverage(store)] == [OTHER_FEED, FEED]


def test_a_story_names_who_told_it_first_and_where(store: Store) -> None:
    early = make_entry("early", feed=OTHER_FEED, title="Xiaomi", published_at=NOW - DAY, url="https://daily.example/a")
    late = make_entry("late", title="Xiaomi again", publisher="Reuse Press")
    store.commit(make_batch(late, hits=(make_hit(late),), placements=(make_placement(late),)), run_id=None, now=NOW)
    again = replace(make_placement(early, late), entry_id=early.id)
    store.commit(make_batch(early, feed=OTHER_FEED, placements=(again,)), run_id=None, now=NOW)
    store.commit(make_batch(alerts=(make_alert("a", story=late.id),)), run_id=None, now=NOW)

    [story] = store.rows("story_list", limit=5)

    assert (story["first_outlet"], story["url"]) == ("Daily Example", "https://daily.example/a")
    assert (story["outlets"], story["publishers"]) == (2, "Daily Example, Reuse Press")
    assert story["alerted"] == "pending"


def test_a_hit_says_when_it_was_found_and_how_far_its_date_can_be_trusted(store: Store) -> None:
    entry = make_entry(title="Xiaomi", language="en")
    store.commit(make_batch(entry, hits=(make_hit(entry),)), run_id=None, now=NOW)

    [hit] = store.rows("hit_list", company=None, limit=5)

    shown = {name: hit[name] for name in ("found_at", "date_kind", "method", "language", "tier", "feed_url")}
    assert shown == {
        "found_at": "2026-03-02T09:00:00Z",
        "date_kind": "given",
        "method": "exact",
        "language": "en",
        "tier": 3,
        "feed_url": FEED,
    }


def test_the_columns_of_earlier_versions_stand_where_they_stood(store: Store) -> None:
    """Programs read them by place too."""
    old = {
        "hit_list": "published_at company score salience relation publisher title evidence story url company_id",
        "story_list": "last_at first_at entries outlets alerted companies title publishers story",
        "company_pairs": "last_at company with_company entries title story company_id with_company_id",
        "feed_health": "status failures last_ok_at next_poll_at title url error_kind error disabled",
        "coverage": "problem since failures title url reason",
    }
    for view, names in old.items():
        columns = [row[1] for row in store.database.execute(f"PRAGMA table_info({view})")]
        assert " ".join(columns).startswith(names), view


def test_a_storys_hits_are_found_through_an_index(store: Store) -> None:
    sql = "EXPLAIN QUERY PLAN SELECT * FROM hit_list WHERE story_id = 'x'"
    plan = [row[3] for row in store.database.execute(sql)]

    assert plan[0] == "SEARCH h USING INDEX hits_by_story (story_id=?)"


@pytest.mark.parametrize("view", ["hit_list", "story_list", "company_pairs"])
def test_the_newest_rows_of_a_view_are_read_without_sorting_all(view: str, store: Store) -> None:
    plan = [tuple(row) for row in store.database.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {view} LIMIT 5")]

    assert plan[0][3].startswith("SCAN")
    # What is sorted are the few rows inside a column (publishers, companies), not the view.
    assert [step for _, parent, _, step in plan if parent == 0 and "TEMP B-TREE" in step] == []
