"""A batch is written whole, once, or not at all."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline.errors import DataRefused, StoreError
from pipeline.keys import content_hash
from pipeline.model import Batch, Committed, DateKind, Entry, FeedState, Method, Relation, Sighting, Watchlist
from pipeline.store import Store
from pipeline.store.entries import KEPT_REVISIONS
from pipeline.store.queries import READING
from tests.builders_store import (
    FEED,
    FEEDS,
    NOW,
    OTHER_FEED,
    XIAOMI,
    claim,
    dump,
    make_alert,
    make_batch,
    make_entry,
    make_hit,
    make_placement,
    open_store,
)


def full_batch() -> Batch:
    first, second = (
        make_entry("first", title="Xiaomi sells phones"),
        make_entry("second", title="Xiaomi phones on sale"),
    )
    return make_batch(
        first,
        second,
        sightings=(Sighting(first.id, OTHER_FEED, "g", "https://daily.example/1", ("further",)),),
        hits=(make_hit(first), make_hit(second), make_hit(second, "microsoft")),
        placements=(make_placement(first), make_placement(second, first, companies=("xiaomi", "microsoft"))),
        alerts=(make_alert("a", story=first.id),),
    )


def column(store: Store, sql: str) -> list[object]:
    return [row[0] for row in store.database.execute(sql)]


def edited(entry: Entry, title: str) -> Entry:
    return replace(entry, title=title, content_hash=content_hash(title, entry.text))


def test_a_batch_is_counted_once_and_its_repetition_changes_nothing() -> None:
    batch = full_batch()
    with open_store() as store:
        run = store.open_run(NOW)
        first = store.commit(batch, run_id=run, now=NOW)
        before = dump(store)

        again = store.commit(batch, run_id=run, now=NOW)

        assert first == Committed(new=2, sightings=1, hits=3, stories=1, alerts=1)
        assert again == Committed()
        assert dump(store) == before


def test_many_plain_turns_at_once_leave_what_they_leave_one_by_one() -> None:
    batches = [
        make_batch(*(make_entry(f"{feed} {number}", feed=feed) for number in range(count)), feed=feed)
        for feed, count in ((FEED, 300), (OTHER_FEED, 35), ("https://quay.example/rss", 0))
    ]
    with open_store() as store, open_store() as other:
        one_by_one = tuple(store.commit(batch, run_id=None, now=NOW) for batch in batches)
        at_once = other.commit_plain(batches, run_id=None, now=NOW)

        assert at_once == one_by_one == (Committed(new=300), Committed(new=35), Committed())
        assert dump(other) == dump(store)


def test_plain_turns_count_only_what_was_not_there() -> None:
    known, fresh = make_entry("known"), make_entry("fresh", feed=OTHER_FEED)
    with open_store() as store:
        store.commit(make_batch(known), run_id=None, now=NOW)

        batches = (make_batch(known), make_batch(fresh, feed=OTHER_FEED))

        assert store.commit_plain(batches, run_id=None, now=NOW) == (Committed(), Committed(new=1))


def test_plain_turns_of_which_one_cannot_be_stored_are_not_written() -> None:
    with open_store() as store:
        before = dump(store)
        batches = (make_batch(make_entry()), make_batch(make_entry("nameless", id=""), feed=OTHER_FEED))

        with pytest.raises(DataRefused):
            store.commit_plain(batches, run_id=None, now=NOW)

        assert dump(store) == before


@pytest.mark.parametrize(
    "changes",
    [
        *(
            {"edited": (make_entry(),)},
            {"sightings": (Sighting("a", FEED, "", ""),)},
            {"hits": (make_hit(make_entry()),)},
        ),
        *({"placements": (make_placement(make_entry()),)}, {"alerts": (make_alert("a"),)}, {"listed": FEEDS}),
        *({"unlisted": (FEED,)}, {"pages": ("a",)}),
    ],
)
def test_a_turn_that_changes_more_than_its_own_feed_and_entries_is_not_plain(changes: dict[str, Any]) -> None:
    assert make_batch(make_entry(), seen=("a",)).is_plain
    assert not make_batch(make_entry(), **changes).is_plain


def test_an_entry_is_found_again_by_each_of_its_keys() -> None:
    batch = full_batch()
    with open_store() as store:
        store.commit(batch, run_id=None, now=NOW)

        found = store.known([*batch.new[0].keys, "further", "unknown"])

        assert set(found) == {*batch.new[0].keys, "further"}
        assert {known.entry_id for known in found.values()} == {batch.new[0].id}
        assert found["further"].story_id == batch.new[0].id
        assert found["further"].published_at == batch.new[0].published_at


def test_a_key_leads_to_the_entry_that_had_it_first() -> None:
    first, second = make_entry("first", keys=("shared", "one")), make_entry("second", keys=("two", "shared"))
    with open_store() as store:
        store.commit(make_batch(first, second), run_id=None, now=NOW)

        assert store.known(["shared"])["shared"].entry_id == first.id


def test_an_entry_without_a_date_is_as_old_as_our_knowledge_of_it() -> None:
    entry = make_entry(published_at=None)
    with open_store() as store:
        store.commit(make_batch(entry), run_id=None, now=NOW)
        store.commit(make_batch(entry), run_id=None, now=NOW + timedelta(days=1))

        assert store.known(entry.keys)[entry.keys[0]].published_at == NOW


def test_an_edit_updates_the_entry_and_keeps_the_former_wording() -> None:
    entry = make_entry(title="Xiamio sells phones")
    correction = replace(edited(entry, "Xiaomi sells phones"), keys=(*entry.keys, "new key"))
    with open_store() as store:
        store.commit(make_batch(entry), run_id=None, now=NOW)

        done = store.commit(make_batch(edited=(correction,)), run_id=None, now=NOW + timedelta(hours=1))
        repeated = store.commit(make_batch(edited=(correction,)), run_id=None, now=NOW + timedelta(hours=2))

        assert (done.edited, repeated.edited) == (1, 0)
        assert store.known(["new key"])["new key"].title == "Xiaomi sells phones"
        assert column(store, "SELECT title FROM revisions") == ["Xiamio sells phones"]
        assert column(store, "SELECT count(*) FROM entries_fts WHERE entries_fts MATCH 'Xiamio'") == [0]
        assert column(store, "SELECT count(*) FROM entries_fts WHERE entries_fts MATCH 'Xiaomi'") == [1]


def test_an_entry_that_swings_between_wordings_does_not_fill_the_file() -> None:
    entry = make_entry()
    with open_store() as store:
        store.commit(make_batch(entry), run_id=None, now=NOW)
        for number in range(KEPT_REVISIONS + 5):
            swing = make_batch(edited=(edited(entry, f"Wording {number}"),))
            store.commit(swing, run_id=None, now=NOW + timedelta(minutes=number))

        kept = column(store, "SELECT title FROM revisions ORDER BY replaced_at")

        assert len(kept) == KEPT_REVISIONS
        assert kept[-1] == f"Wording {KEPT_REVISIONS + 3}"


def test_an_entry_seen_again_in_its_own_feed_is_no_sighting_but_is_not_old() -> None:
    entry = make_entry()
    again = make_batch(sightings=(Sighting(entry.id, FEED, "other guid", entry.url, ("guid two",)),))
    with open_store() as store:
        store.commit(make_batch(entry), run_id=None, now=NOW)
        done = store.commit(again, run_id=None, now=NOW + timedelta(days=3))

        assert done.sightings == 0
        assert column(store, "SELECT last_seen_at FROM entries") == ["2026-03-05T09:00:00Z"]
        assert "guid two" in store.known(["guid two"])


def test_markup_is_stored_where_it_says_more_than_the_text() -> None:
    marked = make_entry("marked", summary="<p>short</p>", content="<p>long</p>")
    plain = make_entry("plain", text="no markup", summary="no markup")
    with open_store() as store:
        store.commit(make_batch(marked, plain), run_id=None, now=NOW)

        assert column(store, "SELECT html FROM entries ORDER BY seq") == ["<p>long</p>", ""]


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b",
        "Robert'); DROP TABLE entries;--",
        '"quoted" 100% _ \\',
        "\u202e‮ﬁ 👩‍🚀",
        "<script>alert(1)</script>",
        "%s %(x)s ?1 :id",
    ],
)
def test_hostile_text_is_stored_as_it_is(text: str) -> None:
    entry = make_entry(title=text, text=text, guid=text, author=text, keys=(text,))
    hit = make_hit(entry, found=text, name=text)
    with open_store() as store:
        store.commit(make_batch(entry, hits=(hit,), alerts=(make_alert(payload={text: text}),)), run_id=None, now=NOW)

        stored = store.database.execute("SELECT title, text, guid, author FROM entries").fetchone()
        assert tuple(stored) == (text, text, text, text)
        assert json.loads(column(store, "SELECT mentions FROM hits")[0])[0]["found"] == text
        assert claim(store)[0].alert.payload == {text: text}


def test_each_value_of_an_entry_is_in_its_column() -> None:
    words = ("guid", "url", "canonical_url", "author", "publisher", "language", "content_hash")
    entry = make_entry(title="渡口", text="the text", summary="<b>it</b>", **{name: f"the {name}" for name in words})
    entry = replace(entry, updated_at=NOW - timedelta(minutes=1), date_kind=DateKind.GUESSED)
    with open_store() as store:
        store.commit(make_batch(entry), run_id=None, now=NOW)
        [row] = store.database.query("SELECT * FROM entries")

    assert row == {
        **{name: f"the {name}" for name in words},
        "seq": 1,
        "id": entry.id,
        "feed_url": FEED,
        "title": "渡口",
        "text": "the text",
        "html": "<b>it</b>",
        "cjk": "渡口",
        "date_kind": "guessed",
        "story_id": None,
        "article_id": None,
        "relation": None,
        "published_at": "2026-03-02T08:00:00Z",
        "updated_at": "2026-03-02T08:59:00Z",
        "first_seen_at": "2026-03-02T09:00:00Z",
        "last_seen_at": "2026-03-02T09:00:00Z",
    }


def test_half_surrogates_are_replaced_and_nothing_is_lost_with_them() -> None:
    entry = make_entry(title="half \ud83d smile", keys=("key \udc00",))
    with open_store() as store:
        assert store.commit(make_batch(entry), run_id=None, now=NOW).new == 1

        assert column(store, "SELECT title FROM entries") == ["half \ufffd smile"]
        assert list(store.known(["key \udc00"])) == ["key \ufffd"]


def test_among_many_entries_one_with_half_a_surrogate_costs_none_of_them() -> None:
    titles = [f"Quay {number}" for number in range(300)]
    titles[40] = "half \ud83d smile"
    entries = [make_entry(f"{number}", title=title) for number, title in enumerate(titles)]
    with open_store() as store:
        assert store.commit(make_batch(*entries), run_id=None, now=NOW).new == 300

        titles[40] = "half \ufffd smile"
        assert column(store, "SELECT title FROM entries ORDER BY seq") == titles
        assert column(store, "SELECT count(*) FROM entry_keys") == [600]


def test_a_rejected_hit_stays_rejected_and_takes_the_newer_evidence() -> None:
    entry = make_entry(title="Xiaomi")
    with open_store() as store:
        store.commit(make_batch(entry, hits=(make_hit(entry),)), run_id=None, now=NOW)
        store.database.execute("UPDATE hits SET state = 'rejected'")

        done = store.commit(make_batch(hits=(make_hit(entry, score=91.0, rule_version="2"),)), run_id=None, now=NOW)

        assert done.hits == 0
        row = store.database.execute("SELECT state, score, rule_version FROM hits").fetchone()
        assert tuple(row) == ("rejected", 91.0, "2")
        assert column(store, "SELECT count(*) FROM hit_list") == [0]


def test_evidence_fits_a_line() -> None:
    entry = make_entry(title="Xiamio sells phones")
    long = "Xiao\nmi " * 20
    hits = (make_hit(entry, found="Xiamio", method=Method.FUZZY, score=87.6), make_hit(entry, "microsoft", found=long))
    with open_store() as store:
        store.commit(make_batch(entry, hits=hits), run_id=None, now=NOW)

        short, cut = column(store, "SELECT evidence FROM hits ORDER BY company_id DESC")
        assert short == "title: “Xiamio” ~ Xiaomi (fuzzy 88)"
        assert "\n" not in str(cut)
        assert len(str(cut)) < 120


def test_a_story_grows_with_its_entries() -> None:
    batch = full_batch()
    late = make_entry("late", feed=OTHER_FEED, published_at=NOW + timedelta(hours=5))
    more = make_batch(late, feed=OTHER_FEED, hits=(make_hit(late),), placements=(make_placement(late, batch.new[0]),))
    with open_store() as store:
        store.commit(batch, run_id=None, now=NOW)

        assert store.commit(more, run_id=None, now=NOW).stories == 0
        row = store.database.execute("SELECT id, title, first_at, last_at, entries FROM stories").fetchone()
        assert tuple(row) == (batch.new[0].id, "Xiaomi sells phones", "2026-03-02T08:00:00Z", "2026-03-02T14:00:00Z", 3)
        assert column(store, "SELECT DISTINCT last_at FROM story_companies") == ["2026-03-02T14:00:00Z"]
        assert column(store, "SELECT DISTINCT story_id FROM hits") == [batch.new[0].id]


def test_an_entry_placed_anew_leaves_its_old_story() -> None:
    batch = full_batch()
    first, second = batch.new
    moved = make_batch(placements=(make_placement(second),))
    with open_store() as store:
        store.commit(batch, run_id=None, now=NOW)

        assert store.commit(moved, run_id=None, now=NOW).stories == 1
        sizes = dict(map(tuple, store.database.execute("SELECT id, entries FROM stories")))
        assert sizes == {first.id: 1, second.id: 1}
        assert column(store, f"SELECT DISTINCT story_id FROM hits WHERE entry_id = '{second.id}'") == [second.id]
        assert column(store, f"SELECT relation FROM entries WHERE id = '{second.id}'") == [Relation.NEW]


def test_a_story_without_a_title_is_named_by_its_text() -> None:
    entry = make_entry(title="", text="A message without a title. " * 10)
    with open_store() as store:
        store.commit(make_batch(entry, placements=(make_placement(entry),)), run_id=None, now=NOW)

        assert column(store, "SELECT title FROM stories") == [entry.text[:80]]


def test_a_hit_on_an_entry_placed_before_joins_its_story() -> None:
    batch = full_batch()
    first = batch.new[0]
    with open_store() as store:
        store.commit(batch, run_id=None, now=NOW)
        store.commit(make_batch(hits=(make_hit(first, "microsoft"),)), run_id=None, now=NOW)

        assert column(store, "SELECT story_id FROM hits WHERE company_id = 'microsoft'") == [first.id, first.id]


def test_a_fault_at_the_last_step_leaves_everything_as_it_was() -> None:
    batch = full_batch()
    broken = replace(batch, alerts=(*batch.alerts, make_alert("b", payload={"score": float("nan")})))
    with open_store() as store:
        store.commit(make_batch(state=FeedState(FEED, etag="old")), run_id=None, now=NOW - timedelta(days=1))
        before = dump(store)

        with pytest.raises(DataRefused, match="not JSON compliant"):
            store.commit(broken, run_id=None, now=NOW)

        assert dump(store) == before
        assert store.commit(batch, run_id=None, now=NOW).new == 2


def test_a_value_that_the_table_refuses_at_the_last_step_leaves_everything_as_it_was() -> None:
    batch = full_batch()
    with open_store() as store:
        store.database.execute(
            "CREATE TEMP TRIGGER refuse BEFORE INSERT ON main.alerts BEGIN SELECT raise(ABORT, 'no more alerts'); END"
        )
        before = dump(store)

        with pytest.raises(StoreError, match="no more alerts"):
            store.commit(batch, run_id=None, now=NOW)

        assert dump(store) == before


def test_a_hit_without_its_entry_is_refused() -> None:
    with open_store() as store, pytest.raises(DataRefused):
        store.commit(make_batch(hits=(make_hit(make_entry("never stored")),)), run_id=None, now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"score": 120.0},
        {"score": float("nan")},
        {"salience": float("inf")},
        {"salience": "high"},
        {"salience": object()},
        {"salience": None},
        {"company": "nobody"},
        {"mentions": ()},
    ],
)
def test_a_hit_that_cannot_be_stored_is_refused_with_its_batch_and_the_next_is_not(changes: dict[str, object]) -> None:
    entry = make_entry()
    with open_store() as store:
        before = dump(store)
        with pytest.raises(DataRefused, match="cannot be stored"):
            store.commit(make_batch(entry, hits=(make_hit(entry, **changes),)), run_id=None, now=NOW)  # type: ignore[arg-type]

        assert dump(store) == before
        assert store.commit(make_batch(entry, hits=(make_hit(entry),)), run_id=None, now=NOW).hits == 1


def test_a_database_that_cannot_be_written_is_no_refusal_of_data() -> None:
    with open_store() as store:
        store.database.execute("PRAGMA query_only = ON")

        with pytest.raises(StoreError) as caught:
            store.commit(full_batch(), run_id=None, now=NOW)

    assert not isinstance(caught.value, DataRefused)


def test_an_edited_entry_keeps_only_the_hits_that_it_still_has() -> None:
    entry, other = make_entry(title="Xiaomi and Microsoft"), make_entry("other", title="Xiaomi and Microsoft too")
    both = [make_hit(one, company) for one in (entry, other) for company in ("xiaomi", "microsoft")]
    places = tuple(make_placement(one, entry, companies=("xiaomi", "microsoft")) for one in (entry, other))
    correction = make_batch(edited=(edited(entry, "Xiaomi and another"),), hits=(make_hit(entry),))
    with open_store() as store:
        store.commit(make_batch(entry, other, hits=tuple(both), placements=places), run_id=None, now=NOW)

        store.commit(correction, run_id=None, now=NOW)
        store.commit(correction, run_id=None, now=NOW)

        assert column(store, f"SELECT company_id FROM hits WHERE entry_id = '{entry.id}'") == ["xiaomi"]
        assert len(column(store, f"SELECT company_id FROM hits WHERE entry_id = '{other.id}'")) == 2
        assert column(store, "SELECT entries FROM stories") == [2]


def test_an_edit_takes_away_neither_what_a_person_rejected_nor_what_nobody_looked_for() -> None:
    entry = make_entry(title="Xiaomi and Microsoft")
    hits = (make_hit(entry), make_hit(entry, "microsoft"))
    with open_store() as store:
        store.commit(make_batch(entry, hits=hits), run_id=None, now=NOW)
        store.database.execute("UPDATE hits SET state = 'rejected' WHERE company_id = 'xiaomi'")
        store.remember(Watchlist((XIAOMI,)), FEEDS, NOW)

        store.commit(make_batch(edited=(edited(entry, "Nobody at all"),)), run_id=None, now=NOW)

        assert column(store, "SELECT company_id FROM hits ORDER BY 1") == ["microsoft", "xiaomi"]


def test_a_company_that_an_edit_brings_in_is_one_of_its_story() -> None:
    entry = make_entry(title="Xiaomi")
    more = make_batch(
        edited=(edited(entry, "Xiaomi and Microsoft"),), hits=(make_hit(entry), make_hit(entry, "microsoft"))
    )
    with open_store() as store:
        store.commit(
            make_batch(entry, hits=(make_hit(entry),), placements=(make_placement(entry),)), run_id=None, now=NOW
        )
        placed_at = column(store, "SELECT placed_at FROM placements")

        store.commit(more, run_id=None, now=NOW + timedelta(hours=1))

        assert column(store, "SELECT company_id FROM story_companies ORDER BY 1") == ["microsoft", "xiaomi"]
        assert store.members([entry.id])[entry.id].companies == {"microsoft", "xiaomi"}
        assert column(store, "SELECT placed_at FROM placements") == placed_at
        assert column(store, "SELECT count(*) FROM company_pairs") == [1]


def test_views_are_read_through_indexes() -> None:
    with open_store() as store:
        plan = [row[3] for row in store.database.execute("EXPLAIN QUERY PLAN SELECT * FROM hit_list LIMIT 5")]

        assert plan[0] == "SCAN h USING INDEX hits_by_time"
        assert not any("TEMP B-TREE" in step for step in plan)


def test_one_companys_hits_are_read_through_its_index() -> None:
    batch = full_batch()
    with open_store() as store:
        store.commit(batch, run_id=None, now=NOW)
        sql, asked = READING["hit_list_of_company"], {"company": "microsoft", "limit": 5}
        plan = [row[3] for row in store.database.execute(f"EXPLAIN QUERY PLAN {sql}", asked)]

        assert plan[0] == "SEARCH h USING INDEX hits_by_company (company_id=?)"
        assert not any("TEMP B-TREE" in step for step in plan)
        assert [row["company"] for row in store.rows("hit_list", **asked)] == ["Microsoft"]
        assert len(store.rows("hit_list", company=None, limit=5)) == 3


@pytest.mark.parametrize("name", ["companies_dropped", "run_open", "beat", "hits_withdraw", "no_such_question"])
def test_only_questions_can_be_asked_by_name(name: str) -> None:
    with open_store() as store, pytest.raises(KeyError):
        store.rows(name, now="2026-03-02T09:00:00Z", texts="[]", entry_id="")


def test_the_numbers_of_a_run_and_its_fetches_are_kept() -> None:
    batch = full_batch()
    with open_store() as store:
        run = store.open_run(NOW)
        store.commit(batch, run_id=run, now=NOW)

        fetches = store.database.execute("SELECT feed_url, run_id, outcome, new FROM fetches").fetchall()
        assert list(map(tuple, fetches)) == [(FEED, run, "fetched", 2)]
        assert column(store, "SELECT ended_at FROM runs") == [None]


def test_a_store_is_closed_with_its_block() -> None:
    with open_store() as store:
        pass

    with pytest.raises(StoreError, match="closed"):
        store.due(NOW)


def test_a_story_is_explained_entry_by_entry() -> None:
    batch = full_batch()
    first, second = batch.new
    with open_store() as store:
        store.commit(batch, run_id=None, now=NOW)

        told = [
            (row["title"], row["rule"], row["compared_with"]) for row in store.rows("story_explain", story=first.id)
        ]

        assert told == [(first.title, "nothing_like_it", ""), (second.title, "alike", first.title)]


def test_alerts_are_listed_newest_first_with_the_title_that_was_sent() -> None:
    batch = full_batch()
    with open_store() as store:
        store.commit(batch, run_id=None, now=NOW)
        store.commit(make_batch(alerts=(make_alert("test message", payload={}),)), run_id=None, now=NOW)
        store.commit(make_batch(edited=(edited(batch.new[0], "Another title"),)), run_id=None, now=NOW)

        told = [
            (row["id"], row["state"], row["title"]) for row in store.rows("alert_list", channel="", state="", limit=5)
        ]

        assert told == [("test message", "pending", ""), ("a", "pending", "小米 & “quotes”")]


def test_a_hit_keeps_the_company_that_came_next() -> None:
    entry = make_entry(title="Xiaomi beats Apple")
    rival = make_hit(entry, "apple", found="Apple", name="Apple").best
    with open_store() as store:
        store.commit(make_batch(entry, hits=(make_hit(entry, runner_up=rival),)), run_id=None, now=NOW)
        kept = json.loads(column(store, "SELECT runner_up FROM hits")[0])

        store.commit(make_batch(entry, hits=(make_hit(entry),)), run_id=None, now=NOW)
        assert column(store, "SELECT runner_up FROM hits") == [None]

    assert (kept["company"], kept["found"], kept["start"]) == ("apple", "Apple", 13)
