"""Values for the tests of the store, and a small database of a spring's news for its documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.keys import content_hash, digest
from pipeline.model import (
    Alert,
    Batch,
    Claim,
    Committed,
    Company,
    DateKind,
    Delivery,
    Entry,
    EntryField,
    ErrorKind,
    Feed,
    FeedState,
    FetchRecord,
    Hit,
    Mention,
    Method,
    Name,
    OwedAlert,
    Placement,
    Reason,
    Relation,
    RunReport,
    SendFailed,
    Sent,
    Sighting,
    Telling,
    Watchlist,
)
from pipeline.store import Store

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FEED = "https://wire.example/rss"
OTHER_FEED = "https://daily.example/atom"
XIAOMI = Company("xiaomi", "Xiaomi", aliases=(Name("小米"),), tickers=("1810.HK",), domains=("mi.com",))
MICROSOFT = Company("microsoft", "Microsoft", aliases=(Name("微软"),), tickers=("MSFT",))
SIEMENS = Company("siemens", "Siemens", tickers=("SIE.DE",))
WATCHLIST = Watchlist((MICROSOFT, XIAOMI))
FEEDS = (Feed(FEED, title="The Wire", publisher="The Wire"), Feed(OTHER_FEED, title="Daily Example"))


def make_entry(label: str = "one", *, feed: str = FEED, **changes: Any) -> Entry:
    """An entry known by its label."""
    title = changes.pop("title", f"Title of {label}")
    text = changes.pop("text", f"Text of {label}")
    key = digest("entry", label)
    values: dict[str, Any] = {
        "id": key,
        "feed_url": feed,
        "title": title,
        "text": text,
        "url": f"https://wire.example/{key}",
        "canonical_url": f"https://wire.example/{key}",
        "guid": key,
        "keys": (key, digest("url", label)),
        "summary": f"<p>{text}</p>",
        "published_at": NOW - timedelta(hours=1),
        "date_kind": DateKind.GIVEN,
        "content_hash": content_hash(title, text),
    }
    return Entry(**(values | changes))


def make_batch(*new: Entry, feed: str = FEED, at: datetime = NOW, **changes: Any) -> Batch:
    """A feed's turn that brought these entries."""
    values: dict[str, Any] = {
        "feed": Feed(feed),
        "state": FeedState(feed, status=200, last_polled_at=at, last_ok_at=at, next_poll_at=at + timedelta(hours=1)),
        "fetch": FetchRecord(feed, at, "fetched", 200, entries=len(new), new=len(new)),
        "new": new,
    }
    return Batch(**(values | changes))


def make_hit(entry: Entry, company: str = "xiaomi", *, found: str = "Xiaomi", **changes: Any) -> Hit:
    """A hit on the company's name, as found in the title."""
    start = max(entry.title.find(found), 0)
    method, score = changes.pop("method", Method.EXACT), changes.pop("score", 96.0)
    reasons = (Reason("name stands in the title", 20.0), Reason("ordinary word", -4.0))
    name = changes.pop("name", "Xiaomi")
    mention = Mention(company, EntryField.TITLE, start, start + len(found), found, name, method, score, reasons)
    values: dict[str, Any] = {"salience": 80.0, "mentions": (mention,), "rule_version": "1"}
    return Hit(entry.id, company, score, **(values | changes))


def make_placement(
    entry: Entry, story: Entry | None = None, *, companies: Sequence[str] = ("xiaomi",), **changes: Any
) -> Placement:
    """The entry in the story that the other entry opened, or in one of its own."""
    first = story or entry
    values: dict[str, Any] = {
        "article_id": entry.id,
        "relation": Relation.NEW if first is entry else Relation.SAME_STORY,
        "rule": "nothing_like_it" if first is entry else "alike",
        "partner": "" if first is entry else first.id,
        "score": 0.0 if first is entry else 0.75,
        "features": () if first is entry else (("known_words", 1.4), ("title_set", 0.9), ("gap", -0.2)),
        "companies": frozenset(companies),
        "sketch": (1, -2, 2**63 - 1, -(2**63)),
        "terms": ("phone", "sale"),
    }
    return Placement(entry.id, story_id=first.id, **(values | changes))


def make_alert(label: str = "alert", *, story: str = "", created_at: datetime = NOW, **changes: Any) -> Alert:
    """An alert that is due when it is made."""
    values: dict[str, Any] = {
        "channel": "desk",
        "rule": "all",
        "kind": "story",
        "entry_id": story,
        "not_before": created_at,
        "payload": {"title": "小米 & “quotes”", "companies": ["xiaomi"]},
    }
    return Alert(label, story_id=story or digest(label), created_at=created_at, **(values | changes))


def open_store(path: Path | str = ":memory:") -> Store:
    """A store that knows the companies and feeds of these tests."""
    store = Store.open(path)
    store.remember(WATCHLIST, FEEDS, NOW)
    return store


def claim(store: Store, now: datetime = NOW, limit: int = 10, channel: str = "desk", **more: Any) -> list[OwedAlert]:
    """What a sender of this moment takes, for five minutes."""
    asked = Claim(channel, now, now, now + timedelta(minutes=5), limit, **more)
    return list(store.claim(asked, fix=with_tellings_told, fold=folded_plainly))


def with_tellings_told(alert: Alert, tellings: Sequence[Telling]) -> Mapping[str, Any]:
    """The payload with the titles of what else tells the story."""
    return {**alert.payload, "told": [telling.title for telling in tellings]} if tellings else alert.payload


def folded_plainly(members: Sequence[Alert]) -> Alert:
    """A digest that names its members."""
    first = members[0]
    payload = {"rhythm": first.digest, "items": [member.id for member in members]}
    values = {"kind": "digest", "story_id": "", "entry_id": "", "digest": "", "payload": payload}
    return replace(first, id=f"digest of {first.id}", **values)


def dump(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of ours, to see that nothing changed."""
    names = [name for name in store.database.table_names() if "_fts" not in name and name[0] != "_"]
    return {name: sorted(map(tuple, store.database.execute(f'SELECT * FROM "{name}"')), key=repr) for name in names}


def example_database(path: Path) -> None:
    """The news of a morning, as the documented recipes show it; no clock ever finds its feeds overdue."""
    rested = {"last_polled_at": NOW, "last_ok_at": NOW, "next_poll_at": NOW + timedelta(days=36500)}
    with open_store(path) as store:
        _commit_older_news(store, rested)
        run = store.open_run(NOW)
        pact = make_entry(
            "pact",
            title="Microsoft and Xiaomi sign a pact on smart speakers",
            text="The two will also put Azure behind the phone maker's devices.",
            url="https://wire.example/pact",
            published_at=NOW - timedelta(hours=2),
        )
        orchard = make_entry("orchard", title="Apple orchards wait for the bees", text="A late frost.")
        store.commit(
            make_batch(
                pact,
                orchard,
                state=FeedState(FEED, **rested),
                hits=(make_hit(pact, found="Xiaomi"), make_hit(pact, "microsoft", found="Microsoft", name="Microsoft")),
                placements=(make_placement(pact, companies=("microsoft", "xiaomi")),),
                alerts=(make_alert("a1", story=pact.id, payload={"title": pact.title}),),
            ),
            run_id=run,
            now=NOW,
        )
        typo = make_entry(
            "typo",
            feed=OTHER_FEED,
            title="Xiamio and Microsoft agree on AI speakers",
            text="A memorandum, not legally binding.",
            url="https://daily.example/ai-speakers",
            published_at=NOW - timedelta(hours=1),
        )
        chinese = make_entry(
            "chinese",
            feed=OTHER_FEED,
            title="小米公司与微软签署备忘录",
            text="双方将在智能音箱上合作。",
            url="https://daily.example/beiwanglu",
            language="zh",
            published_at=NOW - timedelta(minutes=30),
        )
        store.commit(
            make_batch(
                typo,
                chinese,
                feed=OTHER_FEED,
                state=FeedState(OTHER_FEED, **rested),
                sightings=(Sighting(orchard.id, OTHER_FEED, "orchard", "https://daily.example/orchard"),),
                hits=(
                    make_hit(typo, found="Xiamio", method=Method.FUZZY, score=88.0),
                    make_hit(chinese, found="小米", name="小米"),
                    make_hit(chinese, "microsoft", found="微软", name="微软"),
                ),
                placements=(
                    make_placement(typo, pact),
                    make_placement(
                        chinese,
                        pact,
                        companies=("xiaomi", "microsoft"),
                        rule="other_language",
                        score=0.62,
                        features=(("shared_companies", 2.0), ("hours", 0.5)),
                    ),
                ),
            ),
            run_id=run,
            now=NOW,
        )
        headline = "Apple orchards wait for the bees after a frost"
        corrected = replace(orchard, title=headline, content_hash=content_hash(headline, orchard.text))
        store.commit(make_batch(state=FeedState(FEED, **rested), edited=(corrected,)), run_id=run, now=NOW)
        gone = "https://gone.example/feed"
        reason = "the server says that the page does not exist (404)"
        store.add_feeds([Feed(gone, title="Gone Gazette", source="cli")], NOW - timedelta(days=3))
        store.commit(
            make_batch(
                feed=gone,
                state=FeedState(
                    gone,
                    status=404,
                    failures=4,
                    failing_since=NOW - timedelta(days=2),
                    error_kind=ErrorKind.NOT_FOUND,
                    error=reason,
                    last_polled_at=NOW,
                    last_ok_at=NOW - timedelta(days=3),
                    next_poll_at=NOW + timedelta(hours=8),
                ),
                fetch=FetchRecord(gone, NOW, "failed", 404, ErrorKind.NOT_FOUND, reason),
            ),
            run_id=run,
            now=NOW,
        )
        claim(store, NOW)
        store.record([Delivery("a1", "desk", NOW, 1, Sent("200"))])
        store.remember(Watchlist((MICROSOFT, SIEMENS, XIAOMI)), FEEDS, NOW - timedelta(days=30))
        added = Committed(new=4, edited=1, sightings=1, hits=5, stories=1, alerts=1)
        store.close_run(run, RunReport(NOW, timedelta(seconds=4), feeds=3, due=3, fetched=2, committed=added, sent=1))


def _commit_older_news(store: Store, rested: dict[str, datetime]) -> None:
    """A doubtful hit of nine days before, whose alert nobody took."""
    then = NOW - timedelta(days=9)
    run = store.open_run(then)
    cup = make_entry(
        "cup",
        title="Mi reaches the cup final",
        text="A late goal.",
        url="https://wire.example/cup",
        published_at=then - timedelta(minutes=40),
    )
    store.commit(
        make_batch(
            cup,
            at=then,
            state=FeedState(FEED, **rested),
            hits=(make_hit(cup, found="Mi", name="Mi", score=62.0, salience=35.0),),
            placements=(make_placement(cup, terms=("cup", "final"), sketch=(3, 4)),),
            alerts=(make_alert("a0", story=cup.id, created_at=then, channel="pager", payload={"title": cup.title}),),
        ),
        run_id=run,
        now=then,
    )
    unwell = SendFailed("the receiver answered 503 Service Unavailable")
    refused = SendFailed("the receiver answered 403 Forbidden", permanent=True)
    soon = then + timedelta(minutes=1)
    store.record([Delivery("a0", "pager", then, 1, unwell, next_attempt_at=soon)])
    store.record([Delivery("a0", "pager", soon, 2, refused, dead=True)])
    added = Committed(new=1, hits=1, stories=1, alerts=1)
    store.close_run(run, RunReport(then, timedelta(seconds=3), feeds=2, due=2, fetched=1, committed=added))
