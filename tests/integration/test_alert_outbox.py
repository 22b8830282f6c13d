"""Delivery over the real outbox: a SQLite file, and a webhook on loopback."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.alert import AlertOptions, Outcome, Rule, deliver
from pipeline.model import Batch, Company, Feed, FeedState, FetchRecord, Sent, Watchlist
from pipeline.store import Store
from tests.builders_alert import NOW, OneAtATime, Reply, ScriptedChannel, candidate, receiver, route, still
from tests.builders_behaviour import rss
from tests.builders_cli import newsward
from tests.builders_run import write_config
from tests.builders_store import claim
from tests.feed_server import FeedServer

FEED = "https://news.example/feed"
OPTIONS = AlertOptions()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "newsward.db"


def fill(path, count, *channels):
    """A database that owes ``count`` stories to each of the channels."""
    told = [candidate(f"e{number:03}", story=f"e{number:03}") for number in range(count)]
    alerts = route(told, [Rule(name="all", channels=channels)], names={"xiaomi": "小米"})
    batch = Batch(
        Feed(FEED),
        FeedState(FEED),
        FetchRecord(FEED, NOW, "fetched"),
        new=tuple(replace(one.entry, feed_url=FEED, keys=(f"key-{one.entry.id}",)) for one in told),
        hits=tuple(hit for one in told for hit in one.hits),
        placements=tuple(one.placement for one in told),
        alerts=alerts,
    )
    with Store.open(path) as store:
        store.remember(Watchlist((Company("xiaomi", "Xiaomi"),)), (Feed(FEED),), NOW)
        store.commit(batch, run_id=None, now=NOW)
        store.commit(batch, run_id=None, now=NOW)
    return [alert.id for alert in alerts]


def column(path, sql):
    with closing(sqlite3.connect(path)) as connection:
        return [value for (value,) in connection.execute(sql)]


def test_alerts_survive_the_database_and_arrive_once(path):
    ids = fill(path, 7, "desk")
    with receiver() as received, Store.open(path) as store:
        channel = OneAtATime(url=received.url)
        outcomes = [deliver(store, {"desk": channel}, now=NOW, options=AlertOptions(batch_size=3)) for _ in range(2)]
        channel.close()

    assert outcomes == [Outcome(sent=7), Outcome()]
    assert sorted(request.headers["idempotency-key"] for request in received.requests) == sorted(ids)
    assert received.requests[0].json["companies"][0]["name"] == "小米"


def test_a_receiver_that_was_down_gets_everything_once_when_it_is_back(path):
    ids = fill(path, 9, "desk")
    with receiver(*[Reply(500)] * 3) as received, Store.open(path) as store:
        channel = OneAtATime(url=received.url)
        down = deliver(store, {"desk": channel}, now=NOW, options=OPTIONS, clock=still(NOW))
        received.requests.clear()
        soon = NOW + timedelta(seconds=31)
        back = deliver(store, {"desk": channel}, now=soon, options=OPTIONS, clock=still(soon))
        channel.close()

    assert (down, back) == (Outcome(waiting=9), Outcome(sent=9))
    assert sorted(request.headers["idempotency-key"] for request in received.requests) == sorted(ids)
    assert len(column(path, "SELECT alert_id FROM deliveries")) == 12


def test_what_was_refused_stays_in_the_database_with_the_reason(path):
    fill(path, 1, "desk")
    with receiver(Reply(410)) as received, Store.open(path) as store:
        channel = OneAtATime(url=f"{received.url}?token=sesame")
        outcome = deliver(store, {"desk": channel}, now=NOW, options=OPTIONS)
        channel.close()

    assert outcome == Outcome(dead=1)
    assert column(path, "SELECT error FROM alerts") == ["127.0.0.1: answered 410 Gone"]
    assert b"sesame" not in path.read_bytes()


def test_two_senders_at_once_send_nothing_twice(path):
    ids = fill(path, 20, "desk", "log")
    seen = []
    with Store.open(path) as one:

        def and_the_other_sender(alert):
            with Store.open(path) as two:
                deliver(two, {name: ScriptedChannel(seen=seen) for name in ("desk", "log")}, now=NOW, options=OPTIONS)
            return Sent()

        first = ScriptedChannel([and_the_other_sender], seen)
        few = AlertOptions(batch_size=3)
        deliver(one, {"desk": first, "log": ScriptedChannel(seen=seen)}, now=NOW, options=few)

    assert sorted(seen) == sorted(ids)
    assert set(column(path, "SELECT state FROM alerts")) == {"sent"}


def test_a_sender_that_died_leaves_its_alerts_to_the_next_when_the_lease_ends(path):
    fill(path, 3, "desk")
    desk = {"desk": ScriptedChannel()}
    with Store.open(path) as store:
        claim(store, NOW, limit=2)

        assert deliver(store, desk, now=NOW, options=OPTIONS) == Outcome(sent=1, waiting=2)
        assert deliver(store, desk, now=NOW + OPTIONS.lease, options=OPTIONS) == Outcome(sent=2)


def test_a_run_of_a_channel_with_a_digest_sends_it_when_its_time_has_come(tmp_path):
    with FeedServer() as server, receiver() as inbox:
        url = server.serve("/feed", [rss("Microsoft opens a data centre in Porto")])
        folder = write_config(tmp_path, [url], webhook=inbox.url, alert='max_age = "36500 days"')
        main = folder / "newsward.toml"
        main.write_text(main.read_text().replace('id = "desk"', 'id = "desk"\ndigest = "hourly"'))
        first = newsward("--config", folder, "run", "--json").lines[0]
        held = column(folder / "newsward.db", "SELECT digest FROM alerts")
        with closing(sqlite3.connect(folder / "newsward.db")) as connection, connection:
            connection.execute("UPDATE alerts SET not_before = created_at, next_attempt_at = created_at")
        second = newsward("--config", folder, "run", "--json").lines[0]

    assert (first["sent"], first["undelivered"], held) == (0, 0, ["hourly"])
    assert (second["sent"], [request.json["type"] for request in inbox.requests]) == (1, ["digest"])
    assert inbox.requests[0].json["items"][0]["title"] == "Microsoft opens a data centre in Porto"
    assert column(folder / "newsward.db", "SELECT state FROM alerts") == ["sent", "sent"]
