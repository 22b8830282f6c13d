"""What a channel hears of a story from its first telling to its last, over real feeds: once, then only what is new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.app import open_stages
from pipeline.config import load
from pipeline.dedup import StoryIndex, look_at
from pipeline.model import Merge
from pipeline.run import run_once
from pipeline.store import Store
from tests.builders_alert import Receiver, receiver, violations
from tests.builders_run import MORNING, ask
from tests.feed_server import FeedServer, Reply

COMPANIES = """
[[company]]
id = "harbourline"
name = "Harbourline Ferries"
aliases = ["Harbourline"]

[[company]]
id = "quayside"
name = "Quayside Freight"
aliases = ["Quayside"]

[[company]]
id = "northwind"
name = "Northwind Traders"
aliases = ["Northwind"]
"""
OPENING = (
    "Harbourline Ferries agrees to sell its Gdynia dockyard",
    (
        "Harbourline Ferries has agreed to sell its dockyard in Gdynia, the company said. The dockyard repairs ferries "
        "and employs welders and painters. The sale needs the consent of the port authority."
    ),
)
RETOLD = (
    "Harbourline Ferries to sell Gdynia dockyard",
    (
        "The ferry operator Harbourline Ferries agreed to sell its Gdynia dockyard. Welders work there; the "
        "port authority must give its consent to the sale."
    ),
)
FIGURES = (
    "Harbourline Ferries puts price of Gdynia dockyard at $340 million, to cut 120 jobs",
    (
        "A filing shows for the first time what Harbourline Ferries wants for the yard: $340 million in cash. Some 120 "
        "welders would go before the new owner arrives, the unions were told on Thursday evening."
    ),
)
SECOND = (
    "Quayside Freight emerges as buyer of Harbourline Ferries dockyard",
    (
        "The buyer that nobody had named is Quayside Freight. Its chairman toured Gdynia last week and wants to repair "
        "river barges there as well, according to a letter to his shareholders about the dockyard deal."
    ),
)
REVERSAL = (
    "Harbourline Ferries withdraws from sale of Gdynia dockyard",
    (
        "Harbourline Ferries withdraws from the sale of its dockyard in Gdynia, after the port authority had asked for "
        "more time. The dockyard repairs ferries."
    ),
)
BAKERY = (
    "Northwind Traders opens a bakery in Turku",
    "Northwind Traders opened a bakery; rye bread is sold there.",
)


def hours(number: int) -> int:
    """In minutes."""
    return 60 * number


@dataclass
class Desk:
    """A server of feeds, a receiver, and a configuration between them; each outlet has a feed of its own."""

    server: FeedServer
    inbox: Receiver
    directory: Path
    outlets: list[str] = field(default_factory=list)
    now: datetime = MORNING
    read: int = 0

    @property
    def database(self) -> Path:
        return self.directory / "newsward.db"

    def configure(self, rules: str, alert: str = "") -> None:
        self.directory.mkdir(exist_ok=True)
        main = (
            f'[store]\ndatabase = "newsward.db"\n[fetch]\nallow_private = true\n[alert]\n{alert}\n'
            f'[[channel]]\nid = "desk"\nkind = "webhook"\nurl = "{self.inbox.url}/desk"\n'
            f'[[channel]]\nid = "ana"\nkind = "webhook"\nurl = "{self.inbox.url}/ana"\n{rules}'
        )
        (self.directory / "newsward.toml").write_text(main, encoding="utf-8")
        (self.directory / "companies.toml").write_text(COMPANIES, encoding="utf-8")
        self._write_feeds()

    def _write_feeds(self) -> None:
        feeds = [f'[[feed]]\nurl = "{self._url(outlet)}"\npublisher = "{outlet}"\n' for outlet in self.outlets]
        (self.directory / "feeds.toml").write_text("".join(feeds), encoding="utf-8")

    def _url(self, outlet: str) -> str:
        return self.server.url(f"/{outlet}.xml", host=f"127.0.0.{20 + self.outlets.index(outlet)}")

    def tell(self, outlet: str, telling: tuple[str, str], minutes: int = 20, *, guid: str = "") -> list[dict[str, Any]]:
        """The outlet tells it, ``minutes`` after what was told before; the alerts that arrive by that."""
        self.publish(outlet, telling, minutes, guid=guid)
        self.run()
        return self.arrived()

    def publish(self, outlet: str, telling: tuple[str, str], minutes: int = 20, *, guid: str = "") -> None:
        """The outlet's feed as it is from then on: of one entry, which a ``guid`` makes that of before."""
        self.now += timedelta(minutes=minutes)
        self.outlets += [outlet] if outlet not in self.outlets else []
        self._write_feeds()
        title, text = telling
        at = f"{self.now - timedelta(minutes=2):%a, %d %b %Y %H:%M:%S} +0000"
        guid = guid or f"{outlet}-{title}".replace(" ", "-")
        body = (
            f"<rss version='2.0'><channel><title>{outlet}</title><item><title>{title}</title>"
            f"<guid isPermaLink='false'>{guid}</guid><link>https://{outlet}.example/{guid}</link>"
            f"<pubDate>{at}</pubDate><description>{text}</description></item></channel></rss>"
        )
        self.server.serve(f"/{outlet}.xml", Reply(body.encode()))

    def run(self) -> None:
        with open_stages(load(self.directory, {}), self.now) as stages:
            run_once(stages, self.now, dues=stages.store.all_dues(self.now))

    def arrived(self) -> list[dict[str, Any]]:
        """What the receiver was sent since it was last asked, each with its channel as ``to``."""
        fresh, self.read = self.inbox.requests[self.read :], len(self.inbox.requests)
        for request in fresh:
            assert violations(request.json) == []
        return [{**request.json, "to": request.path.rpartition("/")[2]} for request in fresh]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with FeedServer(host="0.0.0.0") as server, receiver() as inbox:
        yield Desk(server, inbox, tmp_path / "desk")


ALL = '[[rule]]\nname = "all"\nchannels = ["desk"]\n'


def news(alerts: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    return [(alert["type"], [one["text"] for one in alert.get("news", ())]) for alert in alerts]


def test_a_story_is_told_once_then_what_is_new_in_it_and_repeats_are_silent(desk: Desk) -> None:
    desk.configure(ALL)

    first = desk.tell("Mill", OPENING)
    assert news(first) == [("story", [])]
    assert first[0]["companies"][0]["why"] == "“Harbourline Ferries” in the title"
    assert desk.tell("Dock", OPENING) == []
    assert desk.tell("Pier", RETOLD, hours(6)) == []

    (update,) = desk.tell("Wharf", FIGURES, hours(6))
    assert news([update]) == [("update", ["New in the headline: $340 million, 120 jobs."])]
    assert (update["title"], update["publisher"]) == (FIGURES[0], "Wharf")
    assert update["story_id"] == first[0]["story_id"]
    assert update["first"] == {key: first[0][key] for key in ("title", "url", "publisher", "published_at")}
    assert {outlet["publisher"] for outlet in update["also_at"]} == {"Mill", "Dock", "Pier"}
    assert desk.tell("Buoy", FIGURES) == []

    assert news(desk.tell("Mast", SECOND)) == [("update", ["Quayside Freight is part of the story now."])]
    assert news(desk.tell("Keel", REVERSAL)) == [("update", ["The headline now says “withdraws”."])]


def test_a_rule_for_two_companies_alerts_when_the_second_arrives(desk: Desk) -> None:
    desk.configure('[[rule]]\nname = "both"\ntogether = ["harbourline", "quayside"]\nchannels = ["desk"]\n')

    assert desk.tell("Mill", OPENING) == []
    (alert,) = desk.tell("Mast", SECOND, hours(1))

    assert (alert["type"], alert["title"]) == ("story", SECOND[0])
    assert {company["id"] for company in alert["companies"]} == {"harbourline", "quayside"}
    assert desk.tell("Jib", SECOND) == []


def test_that_two_of_a_group_have_met_is_news_on_a_channel_that_knows_the_story(desk: Desk) -> None:
    desk.configure(
        ALL + '[[group]]\nid = "port"\ncompanies = ["harbourline", "quayside", "northwind"]\n'
        '[[rule]]\nname = "port"\ntogether_of = "port"\nseverity = "urgent"\npeople = ["ana"]\n'
        '[[person]]\nid = "ana"\nchannels = ["ana", "desk"]\nmin_severity = "high"\n'
    )

    assert [(one["to"], one["people"]) for one in desk.tell("Mill", OPENING)] == [("desk", [])]
    told = {one["to"]: one for one in desk.tell("Mast", SECOND, hours(1))}

    assert {channel: one["type"] for channel, one in told.items()} == {"desk": "update", "ana": "story"}
    assert [one["text"] for one in told["desk"]["news"]] == [
        "Harbourline Ferries and Quayside Freight are in one story now.",
        "Quayside Freight is part of the story now.",
    ]
    assert (told["desk"]["rules"], told["desk"]["severity"]) == (["all", "port"], "urgent")
    assert told["desk"]["people"] == told["ana"]["people"] == ["ana"]


def test_a_channel_gets_no_more_updates_of_a_story_than_it_should(desk: Desk) -> None:
    desk.configure(ALL, alert="max_updates = 1")
    desk.tell("Mill", OPENING)

    assert news(desk.tell("Mast", SECOND, hours(1))) == [("update", ["Quayside Freight is part of the story now."])]
    assert desk.tell("Keel", REVERSAL, hours(1)) == []


def test_that_many_outlets_tell_a_story_is_news_each_time_their_number_has_doubled(desk: Desk) -> None:
    desk.configure(ALL, alert="outlets = 2")

    told = [news(desk.tell(f"Outlet{number}", OPENING, 5)) for number in range(1, 6)]

    assert told == [
        [("story", [])],
        [("update", ["2 outlets tell the story now."])],
        [],
        [("update", ["4 outlets tell the story now."])],
        [],
    ]


def test_what_one_run_brings_by_two_feeds_is_one_alert_and_its_update(desk: Desk) -> None:
    desk.configure(ALL)
    desk.publish("Mill", OPENING)
    desk.publish("Dock", OPENING, 5)
    desk.publish("Keel", REVERSAL, hours(1))

    desk.run()

    assert news(desk.arrived()) == [("story", []), ("update", ["The headline now says “withdraws”."])]


def test_a_rule_for_what_is_new_alone_is_silent_about_updates_and_the_other_way_round(desk: Desk) -> None:
    desk.configure(
        '[[rule]]\nname = "new"\non = ["new"]\nchannels = ["desk"]\n'
        '[[rule]]\nname = "updates"\non = ["updates"]\nchannels = ["ana"]\n'
    )

    assert [(one["to"], one["type"]) for one in desk.tell("Mill", OPENING)] == [("desk", "story")]
    assert [(one["to"], one["type"]) for one in desk.tell("Mast", SECOND, hours(1))] == [("ana", "story")]
    assert [(one["to"], one["type"]) for one in desk.tell("Keel", REVERSAL, hours(1))] == [("ana", "update")]


def test_an_edit_that_brings_a_company_into_a_story_that_was_told_is_an_update(desk: Desk) -> None:
    desk.configure(ALL)
    desk.tell("Mill", OPENING, guid="Mill-1")

    edited = desk.tell("Mill", (OPENING[0], OPENING[1] + " Northwind Traders, a lender, opposes it."), guid="Mill-1")

    assert news(edited) == [("update", ["Northwind Traders is part of the story now."])]
    assert [company["id"] for company in edited[0]["companies"]] == ["northwind"]


@pytest.mark.parametrize("splits", [False, True])
def test_a_story_that_was_made_one_with_another_is_not_told_as_new_again(desk: Desk, splits: bool) -> None:
    desk.configure(ALL)
    (mine,) = desk.tell("Mill", OPENING)
    (theirs,) = desk.tell("Pier", BAKERY)
    with Store.open(desk.database) as store:
        store.merge(Merge(mine["story_id"], theirs["story_id"], 1.0), rule="merged_by_hand")
        if splits:
            assert store.split(mine["story_id"], [], look_at, rule="split_by_hand", now=MORNING) == theirs["story_id"]

    assert desk.tell("Dock", BAKERY) == []
    assert desk.tell("Wharf", RETOLD) == []


def test_a_rule_may_wish_for_a_digest_unless_another_is_in_a_hurry(desk: Desk) -> None:
    desk.configure(
        '[[rule]]\nname = "later"\nchannels = ["desk"]\ndigest = "daily"\n'
        '[[rule]]\nname = "now"\nchannels = ["desk"]\ncompanies = ["northwind"]\ndigest = "at once"\n'
    )

    assert desk.tell("Mill", OPENING) == []
    assert news(desk.tell("Pier", BAKERY)) == [("story", [])]
    assert ask(desk.database, "SELECT state, digest FROM alerts ORDER BY seq") == [("pending", "daily"), ("sent", "")]


def test_companies_of_two_stories_that_are_made_one_have_met(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = '[[rule]]\nname = "both"\ntogether = ["harbourline", "northwind"]\nchannels = ["ana"]\n'
    desk.configure(ALL + pair)
    (mine,), (theirs,) = desk.tell("Mill", OPENING), desk.tell("Pier", BAKERY)
    merge = Merge(mine["story_id"], theirs["story_id"], 1.0)
    monkeypatch.setattr(StoryIndex, "repair", lambda *_: merge)

    (alert,) = desk.tell("Dock", OPENING)

    assert (alert["to"], alert["type"], alert["rules"]) == ("ana", "story", ["both"])
    assert {company["id"] for company in alert["companies"]} == {"harbourline", "northwind"}
    assert desk.tell("Buoy", RETOLD) == []


LISTED = ("Morning briefing: Harbourline, Quayside, Northwind and more", "What moves the ports today.")


def test_a_round_up_is_no_update_and_is_told_only_where_nothing_else_is(desk: Desk) -> None:
    desk.configure(ALL)
    desk.tell("Mill", OPENING)
    desk.tell("Dock", BAKERY)

    (alert,) = desk.tell("Pier", LISTED, hours(2))

    assert (alert["type"], [company["id"] for company in alert["companies"]]) == ("story", ["quayside"])
    assert desk.tell("Wharf", LISTED, 30) == []
    assert desk.tell("Buoy", ("5 things to know today: Quayside Freight", "Five.")) == []
    assert news(desk.tell("Mast", SECOND)) == [("update", ["Quayside Freight is part of the story now."])]


def test_a_round_up_of_companies_without_news_is_told_once(desk: Desk) -> None:
    desk.configure(ALL)

    (alert,) = desk.tell("Pier", LISTED)

    assert {company["id"] for company in alert["companies"]} == {"harbourline", "quayside", "northwind"}
    assert desk.tell("Wharf", LISTED) == []
    assert news(desk.tell("Mill", OPENING)) == [("story", [])]


def test_a_round_up_that_is_edited_brings_no_update(desk: Desk) -> None:
    desk.configure(ALL)
    desk.tell("Pier", ("Morning briefing: Harbourline, Bollard and more", "Ports."), guid="briefing")

    assert desk.tell("Pier", ("Morning briefing: Harbourline, Northwind and more", "Ports."), guid="briefing") == []
