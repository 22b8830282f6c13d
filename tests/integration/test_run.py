"""Whole runs over real HTTP into a real database: the sample, broken feeds among good ones, edits, copies, no flood."""

from __future__ import annotations

import itertools
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pipeline.app import open_stages
from pipeline.config import load
from pipeline.dedup import Lookups, StoryIndex
from pipeline.errors import StoreError
from pipeline.model import Entry, ErrorKind, Hit, Merge, Placement, RunReport
from pipeline.run import run_once
from pipeline.store import Store
from pipeline.text import from_iso
from tests.builders_alert import Receiver, receiver
from tests.builders_run import IN_ORDER, LATER, MORNING, SEEDS, ask, remembered, serve_seeds, write_config
from tests.feed_server import RSS, FeedServer, Raw, Reply


@dataclass
class House:
    """A server of feeds, a webhook's receiver and a configuration between them."""

    server: FeedServer
    inbox: Receiver
    directory: Path
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.directory / "newsward.db"

    def configure(self, urls: dict[str, str] | list[str], **sections: str) -> None:
        write_config(self.directory, urls, webhook=self.inbox.url, **{"fetch": IN_ORDER, **sections})

    def run(self, now: datetime, *, everything: bool = False) -> RunReport:
        with open_stages(load(self.directory, {}), now) as stages:
            return run_once(stages, now, dues=stages.store.all_dues(now) if everything else None)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with FeedServer(host="0.0.0.0") as server, receiver() as inbox:
        yield House(server, inbox, tmp_path)


@pytest.fixture
def sample(house: House) -> House:
    """The sample, polled once."""
    house.urls = serve_seeds(house.server)
    house.configure(house.urls)
    house.run(MORNING)
    return house


def rss(*items: str, title: str = "Mill News") -> Reply:
    channel = f"<channel><title>{title}</title><link>https://mill.example/</link>{''.join(items)}</channel>"
    return Reply(f'<?xml version="1.0"?><rss version="2.0">{channel}</rss>'.encode(), content_type=RSS)


def item(title: str, *, guid: str = "", link: str = "", hours_ago: float | None = 1, text: str = "") -> str:
    date = ""
    if hours_ago is not None:
        moment = MORNING - timedelta(hours=hours_ago)
        date = f"<pubDate>{moment:%a, %d %b %Y %H:%M:%S} +0000</pubDate>"
    guid = guid or title.lower().replace(" ", "-")
    link = link or f"https://mill.example/{guid}"
    return (
        f'<item><title>{title}</title><link>{link}</link><guid isPermaLink="false">{guid}</guid>{date}'
        f"<description>{text}</description></item>"
    )


def silence() -> Iterator[bytes]:
    """A server that takes the request and says nothing until the client has long gone."""
    time.sleep(3)
    yield b""


def test_the_sample_is_stored_whole_and_unchanged_feeds_bring_nothing(sample: House) -> None:
    before = remembered(sample.database)

    report = sample.run(MORNING + timedelta(minutes=45), everything=True)

    assert report.not_modified == len(sample.urls)
    assert remembered(sample.database) == before
    assert len(before["entries"]) + len(before["sightings"]) == 174


def test_the_story_told_by_three_outlets_and_a_copy_is_one_alert(sample: House) -> None:
    gold = tomllib.loads((SEEDS / "expected.toml").read_text(encoding="utf-8"))
    told = next(story for story in gold["story"] if "xiaomi" in story["title"].lower())
    files = {(member["file"], member["guid"]) for member in told["members"]}
    rows = ask(sample.database, "SELECT feed_url, guid, story_id FROM entries WHERE story_id IS NOT NULL")
    stories = {story for url, guid, story in rows if (str(url).rsplit("/", 1)[1], guid) in files}
    alerts = [request.json for request in sample.inbox.requests if request.json["story_id"] in stories]

    assert len(stories) == 1
    assert len(alerts) == 1
    assert {company["id"] for company in alerts[0]["companies"]} == {"microsoft", "xiaomi"}


def test_every_alert_is_sent_once_and_none_is_old(sample: House) -> None:
    keys = [request.headers["idempotency-key"] for request in sample.inbox.requests]
    dates = [request.json["published_at"] for request in sample.inbox.requests]

    assert len(keys) == len(set(keys)) > 20
    assert min(dates) >= "2026-03-04T06:00:00Z"


def test_later_news_is_added_and_an_edited_headline_is_no_new_entry(sample: House) -> None:
    before = len(remembered(sample.database)["entries"])
    sent = len(sample.inbox.requests)
    serve_seeds(sample.server, "later")

    report = sample.run(LATER, everything=True)

    assert report.committed.edited == 5
    assert len(remembered(sample.database)["entries"]) == before + report.committed.new
    assert report.committed.new + report.committed.sightings == 13
    assert ask(sample.database, "SELECT count(*) FROM revisions") == [(5,)]
    assert sent < len(sample.inbox.requests) < sent + 13


def test_a_broken_feed_of_every_sort_is_named_and_the_others_go_on(house: House) -> None:
    server = house.server
    good = server.serve("/good.xml", rss(item("Microsoft opens a lab")), host="127.0.0.21")
    broken = {
        server.url("/missing.xml", host="127.0.0.22"): ErrorKind.NOT_FOUND,
        server.serve(
            "/page",
            Reply(b"<!doctype html><html><body>Hello</body></html>", content_type="text/html"),
            host="127.0.0.23",
        ): ErrorKind.NOT_A_FEED,
        server.serve("/empty.xml", Reply(b""), host="127.0.0.24"): ErrorKind.EMPTY,
        server.serve(
            "/cut.xml", Reply(b"<rss version='2.0'><channel>", announced=5000), host="127.0.0.25"
        ): ErrorKind.TRUNCATED,
        server.serve("/cutting.xml", Raw(lambda: ()), host="127.0.0.26"): ErrorKind.CONNECT,
        server.serve("/silent.xml", Raw(silence), host="127.0.0.27"): ErrorKind.TIMEOUT,
        "http://127.0.0.28:9/refused.xml": ErrorKind.CONNECT,
    }
    house.configure([*broken, good], fetch='deadline = "1 second"')

    report = house.run(MORNING)

    assert {feed.url: feed.kind for feed in report.failed} == broken
    assert all(feed.reason for feed in report.failed)
    assert report.committed.new == 1
    assert not report.unreachable
    failing = ask(house.database, "SELECT url FROM feed_health WHERE status = 'failing' AND error <> ''")
    assert {url for (url,) in failing} == set(broken)


def test_a_first_poll_does_not_flood(house: House) -> None:
    house.configure(
        [
            house.server.serve(
                "/archive.xml",
                rss(
                    item("Microsoft opens a lab in Porto", hours_ago=2),
                    item("Microsoft closes its chess club", hours_ago=30),
                    item("Microsoft paints a bridge", hours_ago=None),
                ),
            )
        ]
    )

    house.run(MORNING)

    assert [request.json["title"] for request in house.inbox.requests] == ["Microsoft opens a lab in Porto"]
    assert ask(house.database, "SELECT count(*) FROM hits") == [(3,)]


def test_an_undated_entry_that_comes_later_is_news(house: House) -> None:
    first = rss(item("Microsoft paints a bridge", hours_ago=None))
    house.configure([house.server.serve("/feed.xml", first)])
    house.run(MORNING)
    house.server.serve(
        "/feed.xml",
        rss(item("Microsoft builds a tower", hours_ago=None), item("Microsoft paints a bridge", hours_ago=None)),
    )

    house.run(LATER, everything=True)

    assert [request.json["title"] for request in house.inbox.requests] == ["Microsoft builds a tower"]


def test_an_edit_that_brings_a_company_in_is_a_hit_and_an_alert(house: House) -> None:
    house.configure([house.server.serve("/feed.xml", rss(item("A software firm opens a lab", guid="lab")))])
    house.run(MORNING)
    house.server.serve("/feed.xml", rss(item("Microsoft opens a lab", guid="lab")))

    report = house.run(LATER, everything=True)

    assert (report.committed.new, report.committed.edited) == (0, 1)
    assert [request.json["title"] for request in house.inbox.requests] == ["Microsoft opens a lab"]


def watch_by_company(house: House) -> None:
    """A rule for each of the two companies, each to a channel of its own."""
    config = house.directory / "newsward.toml"
    text = config.read_text(encoding="utf-8").split("[[channel]]")[0]
    for company in ("microsoft", "xiaomi"):
        text += f'[[channel]]\nid = "{company}"\nkind = "webhook"\nurl = "{house.inbox.url}"\n'
        text += f'[[rule]]\nname = "{company}"\ncompanies = ["{company}"]\nchannels = ["{company}"]\n'
    config.write_text(text, encoding="utf-8")


def test_an_edit_that_brings_a_further_company_into_a_story_alerts_its_rule_once(house: House) -> None:
    house.configure([house.server.serve("/feed.xml", rss(item("Microsoft plans a lab with a partner", guid="lab")))])
    watch_by_company(house)
    house.run(MORNING)
    for minutes, title in ((30, "Microsoft plans a lab with Xiaomi"), (60, "Microsoft plans a big lab with Xiaomi")):
        house.server.serve("/feed.xml", rss(item(title, guid="lab")))
        house.run(MORNING + timedelta(minutes=minutes), everything=True)

    assert [(request.json["rules"], request.json["title"]) for request in house.inbox.requests] == [
        (["microsoft"], "Microsoft plans a lab with a partner"),
        (["xiaomi"], "Microsoft plans a lab with Xiaomi"),
    ]
    assert ask(house.database, "SELECT company_id FROM hits ORDER BY 1") == [("microsoft",), ("xiaomi",)]
    assert ask(house.database, "SELECT company_id FROM story_companies ORDER BY 1") == [("microsoft",), ("xiaomi",)]
    assert ask(house.database, "SELECT relation, rule FROM placements") == [("new", "nothing_like_it")]


def test_an_old_entry_that_is_edited_alerts_nobody(house: House) -> None:
    old = item("Microsoft plans a lab with a partner", guid="lab", hours_ago=30)
    house.configure([house.server.serve("/feed.xml", rss(old))])
    house.run(MORNING)
    house.server.serve("/feed.xml", rss(item("Microsoft plans a lab with Xiaomi", guid="lab", hours_ago=None)))

    house.run(LATER, everything=True)

    assert ask(house.database, "SELECT count(*) FROM hits") == [(2,)]
    assert house.inbox.requests == []


def test_an_edit_that_takes_a_company_out_takes_its_hit_away_and_leaves_the_story(house: House) -> None:
    house.configure([house.server.serve("/feed.xml", rss(item("Microsoft plans a lab", guid="lab")))])
    house.run(MORNING)
    house.server.serve("/feed.xml", rss(item("A software firm plans a lab", guid="lab")))

    house.run(LATER, everything=True)

    assert ask(house.database, "SELECT count(*) FROM hits") == [(0,)]
    assert ask(house.database, "SELECT title, entries FROM stories") == [("Microsoft plans a lab", 1)]


def test_an_alert_names_the_outlets_of_other_feeds(house: House) -> None:
    title = "Microsoft opens a research lab for quantum chips in Porto"
    text = "The lab will employ forty engineers and open its doors in spring, the company said on Thursday morning."
    one = house.server.serve(
        "/one.xml", rss(item(title, guid="1", text=text, hours_ago=2), title="One"), host="127.0.0.31"
    )
    two = house.server.serve(
        "/two.xml",
        rss(item(title, guid="2", text=text, link="https://two.example/lab"), title="Two"),
        host="127.0.0.32",
    )
    house.configure([one, two])

    house.run(MORNING)

    (request,) = house.inbox.requests
    assert request.json["also_at"] == [{"publisher": "Two", "title": title, "url": "https://two.example/lab"}]


def test_the_same_entry_in_a_second_feed_is_a_sighting(house: House) -> None:
    link = "https://mill.example/2026/lab"
    one = house.server.serve("/one.xml", rss(item("Microsoft opens a lab", guid="1", link=link)), host="127.0.0.31")
    two = house.server.serve(
        "/two.xml", rss(item("Microsoft opens a lab", guid="x", link=link + "?utm_source=rss")), host="127.0.0.32"
    )
    house.configure([one, two])

    house.run(MORNING)

    assert ask(house.database, "SELECT feed_url FROM entries") == [(one,)]
    assert ask(house.database, "SELECT feed_url FROM sightings") == [(two,)]
    assert len(house.inbox.requests) == 1


def test_an_alert_refused_now_is_sent_by_a_later_run(house: House) -> None:
    from tests.builders_alert import Reply as Answer

    house.inbox.script.append(Answer(503))
    house.configure([house.server.serve("/feed.xml", rss(item("Microsoft opens a lab")))])

    first = house.run(MORNING)
    second = house.run(LATER)

    assert (first.sent, first.undelivered) == (0, 1)
    assert (second.sent, second.undelivered) == (1, 0)
    keys = {request.headers["idempotency-key"] for request in house.inbox.requests}
    assert len(house.inbox.requests) == 2
    assert len(keys) == 1


def test_names_are_compiled_while_everybody_may_write(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = house.server.serve("/quiet.xml", rss(), host="127.0.0.41")
    talking = house.server.serve("/talking.xml", rss(item("Microsoft opens a lab")), host="127.0.0.42")
    house.configure([quiet, talking])
    locked: list[bool] = []
    with open_stages(load(house.directory, {}), MORNING) as stages:
        engine, connection = stages.matching, stages.store.database.conn
        compiled = engine._compiled
        monkeypatch.setattr(engine, "_compiled", lambda: (locked.append(connection.in_transaction), compiled())[1])
        report = run_once(stages, MORNING)

    assert locked == [False]
    assert report.committed.hits == 1


def test_stories_that_cannot_be_made_one_stay_two_and_stop_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = house.server.serve("/one.xml", rss(item("Microsoft opens a lab")), host="127.0.0.41")
    other = house.server.serve("/other.xml", rss(item("Xiaomi sells a ferry")), host="127.0.0.42")
    house.configure([one, other])

    def broken(self: StoryIndex, placement: Placement, lookups: Lookups) -> Merge | None:
        raise ZeroDivisionError("broken")

    monkeypatch.setattr(StoryIndex, "repair", broken)
    with open_stages(load(house.directory, {}), MORNING) as stages:
        report = run_once(stages, MORNING)

    assert report.failed == ()
    assert (report.committed.new, report.committed.stories, report.sent) == (2, 2, 2)


def test_that_stories_were_made_one_is_told_once_it_is_written(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    one = house.server.serve("/one.xml", rss(item("Microsoft opens a lab")), host="127.0.0.41")
    other = house.server.serve("/other.xml", rss(item("Xiaomi sells a ferry")), host="127.0.0.42")
    house.configure([one, other])
    told_before: list[bool] = []
    commit = Store.commit_group

    def one_after_all(self: StoryIndex, placement: Placement, lookups: Lookups) -> Merge | None:
        first = next(lookups.database.query("SELECT id FROM stories ORDER BY seq"))["id"]  # type: ignore[attr-defined]
        return Merge(first, placement.story_id, 0.95) if first != placement.story_id else None

    def watched(self: Store) -> bool:
        if self.database.conn.in_transaction:
            told_before.append("stories_merged" in [line["event"] for line in logs])
        return commit(self)

    monkeypatch.setattr(StoryIndex, "repair", one_after_all)
    monkeypatch.setattr(Store, "commit_group", watched)
    with open_stages(load(house.directory, {}), MORNING) as stages, capture_logs() as logs:
        run_once(stages, MORNING)

    assert told_before
    assert not any(told_before)
    assert [line["score"] for line in logs if line["event"] == "stories_merged"] == [0.95]


def test_a_fault_of_our_own_costs_one_feed_its_turn(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = house.server.serve("/bad.xml", rss(item("Microsoft and the cursed word")), host="127.0.0.41")
    good = house.server.serve("/good.xml", rss(item("Microsoft opens a lab")), host="127.0.0.42")
    house.configure([bad, good])
    with open_stages(load(house.directory, {}), MORNING) as stages:
        hits = stages.matching.hits

        def cursed(entry):  # type: ignore[no-untyped-def]
            if "cursed" in entry.title:
                raise ZeroDivisionError("cursed")
            return hits(entry)

        monkeypatch.setattr(type(stages.matching), "hits", lambda self, entry: cursed(entry))
        report = run_once(stages, MORNING)

    assert [(feed.url, feed.kind) for feed in report.failed] == [(bad, ErrorKind.UNEXPECTED)]
    assert report.committed.new == 1


@pytest.mark.parametrize(
    "spoil",
    [{"score": 120.0}, {"score": float("nan")}, {"company_id": "nobody"}, {"mentions": ()}],
    ids=["too high", "no number", "unknown company", "no mention"],
)
def test_a_hit_that_the_database_refuses_costs_one_feed_its_turn(
    house: House, monkeypatch: pytest.MonkeyPatch, spoil: dict[str, object]
) -> None:
    bad = house.server.serve("/bad.xml", rss(item("Microsoft and the cursed word")), host="127.0.0.41")
    good = house.server.serve("/good.xml", rss(item("Microsoft opens a lab")), host="127.0.0.42")
    house.configure([bad, good])
    with open_stages(load(house.directory, {}), MORNING) as stages:
        engine = stages.matching

        class Cursed:
            """A matcher from outside that spoils the hits of one entry."""

            is_ready = True

            def hits(self, entry: Entry) -> tuple[Hit, ...]:
                hits = engine.hits(entry)
                return tuple(replace(hit, **spoil) for hit in hits) if "cursed" in entry.title else hits

        report = run_once(replace(stages, matching=Cursed()), MORNING)  # type: ignore[arg-type]

    assert [(feed.url, feed.kind) for feed in report.failed] == [(bad, ErrorKind.UNEXPECTED)]
    assert "cannot be stored" in report.failed[0].reason
    assert report.committed.new == 1
    assert ask(house.database, "SELECT error_kind FROM feeds WHERE url = ?", bad) == [("unexpected",)]
    assert len(house.inbox.requests) == 1


def test_an_entry_that_the_database_refuses_costs_one_feed_its_turn(house: House) -> None:
    urls = [
        house.server.serve(f"/{number}.xml", rss(item(f"Grain report {number}")), host=f"127.0.0.{number}")
        for number in range(61, 64)
    ]
    house.configure(urls)
    with open_stages(load(house.directory, {}), MORNING) as stages:
        stages.store.database.execute(
            "CREATE TEMP TRIGGER refuse BEFORE INSERT ON main.entries WHEN new.title = 'Grain report 62'"
            " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
        report = run_once(stages, MORNING)

    assert [(one.url, one.kind) for one in report.failed] == [(urls[1], ErrorKind.UNEXPECTED)]
    assert "not this one" in report.failed[0].reason
    titles = ask(house.database, "SELECT title FROM entries ORDER BY seq")
    assert titles == [("Grain report 61",), ("Grain report 63",)]


def test_a_database_that_cannot_be_written_ends_the_run(house: House) -> None:
    house.configure([house.server.serve("/good.xml", rss(item("Microsoft opens a lab")))])
    with open_stages(load(house.directory, {}), MORNING) as stages:
        stages.store.database.execute("PRAGMA query_only = ON")

        with pytest.raises(StoreError, match="cannot be written"):
            run_once(stages, MORNING)


def test_turns_that_a_full_disk_undoes_are_told_and_polled_again_and_the_others_stay(house: House) -> None:
    text = " ".join(f"word{number}" for number in range(900))
    urls = [
        house.server.serve(
            f"/{number}.xml", rss(item(f"Microsoft opens lab {number}", text=text)), host=f"127.0.1.{number}"
        )
        for number in range(11, 51)
    ]
    house.configure(urls, fetch=IN_ORDER)
    told: list[str] = []
    clock = itertools.count(0, 0.025)  # seconds a look: a transaction lasts for ten
    with open_stages(load(house.directory, {}), MORNING) as stages:
        (pages,) = stages.store.database.execute("PRAGMA page_count").fetchone()
        stages.store.database.execute(f"PRAGMA max_page_count = {pages + 100}")
        slow = replace(stages, monotonic=lambda: float(next(clock)))
        with capture_logs() as logs, pytest.raises(StoreError, match="the disk is full"):
            run_once(slow, MORNING, watch=lambda batch, committed: told.append(batch.feed.url))
    stored = [url for (url,) in ask(house.database, "SELECT feed_url FROM fetches")]
    [line] = [line for line in logs if line["event"] == "turns_undone"]
    house.run(MORNING)
    again = [url for (url,) in ask(house.database, "SELECT feed_url FROM fetches")][len(stored) :]

    assert stored
    assert 0 < line["count"] == len(line["feeds"])
    assert stored == told == urls[: len(stored)]
    assert line["feeds"] == urls[len(stored) : len(stored) + line["count"]]
    assert sorted(again) == sorted(urls[len(stored) :])
    assert ask(house.database, "SELECT count(*) FROM hits") == [(40,)]


def test_the_heart_beats_during_a_run_at_most_once_a_minute(house: House) -> None:
    urls = [
        house.server.serve(f"/{number}.xml", rss(item(f"Mill number {number}")), host=f"127.0.0.{number}")
        for number in range(51, 57)
    ]
    house.configure(urls)
    with open_stages(load(house.directory, {}), MORNING) as stages:
        clock = itertools.count(0, 10)  # seconds a look
        stages.store.database.execute("CREATE TEMP TABLE beats (at TEXT)")
        for change in ("INSERT", "UPDATE"):
            stages.store.database.execute(
                f"CREATE TEMP TRIGGER on_{change} AFTER {change} ON main.heartbeat"
                " BEGIN INSERT INTO beats VALUES (new.beat_at); END"
            )
        report = run_once(replace(stages, monotonic=lambda: float(next(clock))), MORNING)
        *beats, at_the_end = [from_iso(at) for (at,) in stages.store.database.execute("SELECT at FROM temp.beats")]

    assert report.committed.new == 6
    assert 2 <= len(beats) < 6
    assert all(later - earlier >= timedelta(minutes=1) for earlier, later in itertools.pairwise(beats))
    assert at_the_end >= beats[-1]


def test_the_order_of_shards_does_not_change_the_stories(tmp_path: Path) -> None:
    found = []
    for workers, size in ((1, 100), (4, 1)):
        with FeedServer(host="0.0.0.0") as server, receiver() as inbox:
            urls = serve_seeds(server)
            directory = write_config(tmp_path / f"w{workers}", urls, webhook=inbox.url)
            with (directory / "newsward.toml").open("a", encoding="utf-8") as file:
                file.write(f"\n{IN_ORDER}workers = {workers}\nshard_size = {size}\n")
            with open_stages(load(directory, {}), MORNING) as stages:
                run_once(stages, MORNING)
            rows = ask(
                directory / "newsward.db", "SELECT e.title, s.title FROM entries e JOIN stories s ON s.id = e.story_id"
            )
            found.append(sorted(rows, key=str))

    assert found[0] == found[1]
