"""Writing is repeatable: any batches, in any order, twice, are the same as once."""

import json
from collections import Counter
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.keys import content_hash
from pipeline.model import Batch, Committed, Entry, Sighting
from pipeline.store import Store
from tests.builders_store import (
    FEED,
    NOW,
    OTHER_FEED,
    dump,
    make_alert,
    make_batch,
    make_entry,
    make_hit,
    make_placement,
    open_store,
)

LABELS = ("a", "b", "c", "d", "e", "f")
TEXTS = st.text(max_size=40)


@st.composite
def batches(draw: st.DrawFn) -> tuple[Batch, ...]:
    """Feeds' turns over a few entries, as a run makes them: what refers to an entry comes with it or after it."""
    stored: list[Entry] = []
    told = []
    for label in LABELS[: draw(st.integers(1, len(LABELS)))]:
        feed = draw(st.sampled_from((FEED, OTHER_FEED)))
        entry = make_entry(label, feed=feed, title=draw(TEXTS), text=draw(TEXTS), author=draw(TEXTS))
        stored.append(entry)
        story = draw(st.sampled_from(stored))
        companies = draw(st.lists(st.sampled_from(("xiaomi", "microsoft")), unique=True))
        seen = draw(st.sampled_from(stored))
        told.append(
            make_batch(
                entry,
                feed=feed,
                at=NOW + timedelta(minutes=len(told)),
                edited=_edited(draw(st.lists(st.sampled_from(stored), max_size=2, unique=True)), draw(TEXTS)),
                sightings=(Sighting(seen.id, feed, draw(TEXTS), draw(TEXTS), (draw(TEXTS),)),),
                hits=tuple(make_hit(entry, company, found=draw(TEXTS)) for company in companies),
                placements=(make_placement(entry, story, companies=companies, terms=tuple(draw(st.lists(TEXTS)))),),
                alerts=tuple(make_alert(draw(st.sampled_from("xyz"))) for _ in companies),
            )
        )
    return tuple(told)


def _edited(entries: list[Entry], title: str) -> tuple[Entry, ...]:
    return tuple(_reworded(entry, title) for entry in entries)


def _reworded(entry: Entry, title: str) -> Entry:
    return make_entry("", id=entry.id, keys=entry.keys, title=title, content_hash=content_hash(title, ""))


def commit(store: Store, batch: Batch) -> Committed:
    return store.commit(batch, run_id=None, now=batch.fetch.fetched_at)


@settings(max_examples=40, deadline=None)
@given(batches())
def test_each_batch_committed_twice_is_committed_once(told: tuple[Batch, ...]) -> None:
    with open_store() as once, open_store() as twice:
        for batch in told:
            first = commit(once, batch)

            assert commit(twice, batch) == first
            assert commit(twice, batch) == Committed()

        assert dump(twice) == dump(once)


@settings(max_examples=40, deadline=None)
@given(batches())
def test_the_memory_is_consistent_after_any_news(told: tuple[Batch, ...]) -> None:
    with open_store() as store:
        for batch in told:
            commit(store, batch)

        sql = store.database.execute
        assert sql("PRAGMA foreign_key_check").fetchall() == []
        assert sql("SELECT sum(entries) FROM stories").fetchone()[0] == len(told)
        assert sql("INSERT INTO entries_fts (entries_fts, rank) VALUES ('integrity-check', 1)").fetchall() == []
        counted = Counter(term for row in sql("SELECT terms FROM story_terms") for term in json.loads(row["terms"]))
        assert dict(map(tuple, sql("SELECT term, stories FROM terms WHERE term <> ''"))) == counted
        assert store.frequencies(())[1] == sql("SELECT count(*) FROM stories").fetchone()[0]
