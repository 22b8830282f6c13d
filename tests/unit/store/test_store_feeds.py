"""Companies and feeds: configured, dropped, added, and whose turn it is."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from pipeline.model import Due, ErrorKind, Feed, FeedInfo, FeedState, Name, NameKind, Sighting, Watchlist
from pipeline.store import Store
from tests.builders_store import (
    FEED,
    FEEDS,
    MICROSOFT,
    NOW,
    OTHER_FEED,
    WATCHLIST,
    XIAOMI,
    make_batch,
    make_entry,
    open_store,
)

HOUR = timedelta(hours=1)


def poll(store: Store, state: FeedState) -> None:
    store.commit(make_batch(feed=state.url, state=state), run_id=None, now=NOW)


def test_a_feed_never_polled_is_due_at_once() -> None:
    with open_store() as store:
        assert [due.feed.url for due in store.due(NOW)] == [OTHER_FEED, FEED]
        assert store.due(NOW)[0].state == FeedState(OTHER_FEED)


def test_feeds_come_by_their_turn_and_then_by_address() -> None:
    turns = {"https://d.example": 0, "https://c.example": 1, "https://b.example": 1, "https://a.example": 2}
    with Store.open(":memory:") as store:
        for url, hours in turns.items():
            poll(store, FeedState(url, next_poll_at=NOW - 3 * HOUR + hours * HOUR))
        store.add_feeds([Feed("https://z.example")], NOW)

        order = [due.feed.url for due in store.due(NOW)]

        assert order == [
            "https://z.example",
            "https://d.example",
            "https://b.example",
            "https://c.example",
            "https://a.example",
        ]
        assert [due.feed.url for due in store.due(NOW, limit=2)] == order[:2]


def test_a_feed_rests_until_its_turn() -> None:
    with open_store() as store:
        poll(store, FeedState(FEED, next_poll_at=NOW + HOUR))

        assert [due.feed.url for due in store.due(NOW)] == [OTHER_FEED]
        assert FEED in [due.feed.url for due in store.due(NOW + HOUR)]
        assert len(store.all_dues(NOW)) == 2


def test_a_turn_set_while_the_clock_was_wrong_does_not_silence_a_feed() -> None:
    with open_store() as store:
        poll(store, FeedState(FEED, next_poll_at=NOW + timedelta(days=9)))
        poll(store, FeedState(OTHER_FEED, next_poll_at=NOW + timedelta(days=7)))

        assert [due.feed.url for due in store.due(NOW)] == [FEED]


def test_a_disabled_feed_takes_no_turns_unless_it_is_named() -> None:
    with open_store() as store:
        poll(store, FeedState(FEED, disabled="gone (410)"))

        assert [due.feed.url for due in store.due(NOW)] == [OTHER_FEED]
        assert [due.feed.url for due in store.dues([FEED, "https://unknown.example", OTHER_FEED, FEED])] == [
            FEED,
            OTHER_FEED,
        ]


def test_all_that_a_poll_taught_is_remembered() -> None:
    state = FeedState(
        url=FEED,
        current_url="https://wire.example/new",
        answered_url="https://wire.example/new?page=1",
        asked_as="0af3",
        moved_to="https://wire.example/newest",
        moved_since=NOW,
        moved_polls=2,
        squeeze=0.5,
        last_gap_at=NOW,
        etag='W/"a"',
        last_modified="Mon, 02 Mar 2026 08:00:00 GMT",
        body_hash="abc",
        status=503,
        failures=2,
        failing_since=NOW - HOUR,
        error_kind=ErrorKind.HTTP,
        error="the server is busy (503)",
        last_polled_at=NOW,
        last_ok_at=NOW - 2 * HOUR,
        last_full_at=NOW - 3 * HOUR,
        interval=timedelta(seconds=90, milliseconds=500),
        next_poll_at=NOW + HOUR,
    )
    with open_store() as store:
        poll(store, state)

        assert store.dues([FEED])[0].state == state


def test_what_a_feed_calls_itself_fills_only_what_the_configuration_leaves_open() -> None:
    bare = "https://bare.example/feed"
    info = FeedInfo(title="Its own title", link="https://bare.example/", language="fr", format="rss20")
    with open_store() as store:
        store.commit(make_batch(feed=bare, info=info), run_id=None, now=NOW)
        store.commit(make_batch(info=info), run_id=None, now=NOW)
        store.remember(WATCHLIST, (*FEEDS, Feed(bare)), NOW)

        titles = {due.feed.url: (due.feed.title, due.feed.language) for due in store.dues([bare, FEED])}
        assert titles == {bare: ("Its own title", "fr"), FEED: ("The Wire", "fr")}


def test_a_feed_that_leaves_the_configuration_rests_and_keeps_its_memory() -> None:
    with open_store() as store:
        poll(store, FeedState(FEED, etag="kept"))

        store.remember(WATCHLIST, FEEDS[1:], NOW)
        assert [due.feed.url for due in store.all_dues(NOW)] == [OTHER_FEED]
        assert store.dues([FEED])[0].state.etag == "kept"

        store.remember(WATCHLIST, FEEDS, NOW)
        assert len(store.all_dues(NOW)) == 2


def test_a_feed_added_by_hand_stays_whatever_is_configured() -> None:
    by_hand = Feed("https://hand.example/feed", source="cli")
    with open_store() as store:
        assert store.add_feeds([by_hand, Feed(FEED, source="cli")], NOW) == 1
        assert store.add_feeds([by_hand], NOW) == 0

        store.remember(WATCHLIST, (), NOW)
        assert [due.feed.url for due in store.due(NOW)] == [by_hand.url]


def test_headers_with_secrets_never_reach_the_file() -> None:
    secret = Feed(FEED, headers=(("Authorization", "Bearer top-secret"),), tags=("tech",), tier=1)
    with open_store() as store:
        store.remember(WATCHLIST, [secret], NOW)

        assert store.dues([FEED])[0].feed == replace(secret, title="The Wire", headers=())
        assert "top-secret" not in "".join(store.database.conn.iterdump())


def test_companies_are_kept_as_configured_and_never_forgotten() -> None:
    forced = replace(XIAOMI, aliases=(Name("Mi", NameKind.COMMON), Name("小米")))
    with open_store() as store:
        store.remember(Watchlist((forced,)), (), NOW + HOUR)

        rows = {row["id"]: row for row in store.database.table("companies").rows}
        assert rows["xiaomi"]["aliases"] == '[{"text":"Mi","kind":"common"},"小米"]'
        assert (rows["xiaomi"]["added_at"], rows["xiaomi"]["changed_at"]) == (
            "2026-03-02T09:00:00Z",
            "2026-03-02T10:00:00Z",
        )
        assert (rows["xiaomi"]["tracked"], rows["microsoft"]["tracked"]) == (1, 0)


def test_an_unchanged_configuration_changes_no_row() -> None:
    with open_store() as store:
        before = store.database.conn.total_changes

        store.remember(Watchlist((XIAOMI, MICROSOFT)), FEEDS, NOW + HOUR)

        assert store.database.conn.total_changes == before


def test_entries_are_counted_for_the_feeds_that_carry_them() -> None:
    own, shared = make_entry("own"), make_entry("shared")
    with open_store() as store:
        store.commit(make_batch(own, shared), run_id=None, now=NOW)
        store.commit(
            make_batch(feed=OTHER_FEED, sightings=(Sighting(shared.id, OTHER_FEED, "g", "u"),)), run_id=None, now=NOW
        )

        assert store.feed_entry_counts([FEED, OTHER_FEED, "https://none.example"]) == {
            FEED: 2,
            OTHER_FEED: 1,
            "https://none.example": 0,
        }


# --------------------------------------------------------------------------- what a person wants


def urls(dues: Iterable[Due]) -> list[str]:
    return [due.feed.url for due in dues]


def test_a_paused_feed_takes_no_turns_until_its_pause_ends() -> None:
    with open_store() as store:
        store.pause_feeds([FEED], "paused by ann", until=NOW + HOUR)

        assert urls(store.due(NOW)) == urls(store.all_dues(NOW)) == [OTHER_FEED]
        assert store.paused([FEED, OTHER_FEED], NOW) == {FEED: NOW + HOUR}
        assert FEED in urls(store.due(NOW + HOUR))
        assert FEED in urls(store.all_dues(NOW + HOUR))
        assert store.paused([FEED], NOW + HOUR) == {}


def test_a_pause_without_an_end_lasts_until_the_feed_is_enabled() -> None:
    with open_store() as store:
        store.pause_feeds([FEED], "paused by ann", until=None)

        assert store.paused([FEED], NOW + 9999 * HOUR) == {FEED: None}
        assert FEED not in urls(store.due(NOW + 9999 * HOUR))

        store.enable_feeds([FEED], NOW)

        assert FEED in urls(store.due(NOW))


def test_a_poll_under_way_neither_undoes_a_pause_nor_brings_it_back() -> None:
    with open_store() as store:
        (before,) = store.dues([FEED])
        store.pause_feeds([FEED], "paused by ann", until=None)
        poll(store, replace(before.state, next_poll_at=NOW))
        assert store.paused([FEED], NOW) == {FEED: None}

        (before,) = store.dues([FEED])
        store.enable_feeds([FEED], NOW)
        poll(store, replace(before.state, next_poll_at=NOW))
        assert store.paused([FEED], NOW) == {}
        assert FEED in urls(store.due(NOW))


def test_an_enabled_feed_is_due_at_once_whatever_it_was_retired_for() -> None:
    with open_store() as store:
        poll(store, FeedState(FEED, disabled="gone (410)", next_poll_at=NOW + HOUR))
        store.enable_feeds([FEED], NOW)

        assert store.dues([FEED])[0].state == FeedState(FEED, next_poll_at=NOW)
        assert FEED in urls(store.due(NOW))


def test_a_removed_feed_keeps_its_entries_and_comes_back_without_its_pause() -> None:
    with open_store() as store:
        store.commit(make_batch(make_entry("one")), run_id=None, now=NOW)
        store.pause_feeds([FEED], "paused by ann", until=None)
        store.remove_feeds([FEED])

        assert store.configured_feeds([FEED, OTHER_FEED, "https://none.example"]) == {OTHER_FEED}
        assert FEED not in urls(store.all_dues(NOW))
        assert store.feed_entry_counts([FEED]) == {FEED: 1}

        store.enable_feeds([FEED], NOW)  # it takes more than that to bring it back
        assert store.configured_feeds([FEED]) == frozenset()

        store.remember(WATCHLIST, FEEDS, NOW)
        assert FEED in urls(store.all_dues(NOW))


def test_the_due_feeds_can_be_asked_for_among_some() -> None:
    with open_store() as store:
        poll(store, FeedState(FEED, next_poll_at=NOW + HOUR))

        assert urls(store.due(NOW, urls=[FEED])) == []
        assert urls(store.due(NOW, urls=[OTHER_FEED, "https://none.example"])) == [OTHER_FEED]
        assert urls(store.due(NOW, urls=[])) == []
