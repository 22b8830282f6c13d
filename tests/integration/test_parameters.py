"""Whole runs that learn which parameters of a host's addresses are tracking, from its own feeds only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.app import open_stages
from pipeline.config import load
from pipeline.model import RunReport
from pipeline.run import run_once
from tests.builders_alert import Receiver, receiver
from tests.builders_cli import newsward
from tests.builders_run import MORNING, ask, write_config
from tests.feed_server import FeedServer, Reply

HOUR = timedelta(hours=1)
ARTICLES = ("quay", "dyke", "mole")
VERDICTS = "SELECT name, verdict, decided_by, confirmations FROM parameter_list ORDER BY 1"


@dataclass
class Paper:
    """A paper with two feeds on its own host, and an aggregator on another one."""

    server: FeedServer
    inbox: Receiver
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "newsward.db"

    @property
    def host(self) -> str:
        return self.server.url("", host="127.0.0.61").removeprefix("http://")

    def configure(self, *files: str) -> None:
        urls = [
            self.server.url(f"/{file}", host="127.0.0.62" if file == "links.xml" else "127.0.0.61") for file in files
        ]
        write_config(self.folder, urls, webhook=self.inbox.url, fetch='spacing = "0 seconds"')

    def tell(self, file: str, *links: tuple[str, str], hours_ago: float = 1, text: str = "News.") -> None:
        """A feed's document: titles, each with its link on the paper's host."""
        items = "".join(
            f"<item><title>{title}</title><link>http://{self.host}/{link.replace('&', '&amp;')}</link>"
            f"<pubDate>{MORNING - hours_ago * HOUR:%a, %d %b %Y %H:%M:%S} +0000</pubDate>"
            f"<description>{text}</description></item>"
            for title, link in links
        )
        body = f"<rss version='2.0'><channel><title>The Mill</title>{items}</channel></rss>"
        self.server.serve(f"/{file}", Reply(body.encode()))

    def run(self, hours: float = 0) -> RunReport:
        now: datetime = MORNING + hours * HOUR
        with open_stages(load(self.folder, {}), now) as stages:
            return run_once(stages, now, dues=stages.store.all_dues(now))

    def entries(self) -> list[str]:
        return [str(row[0]).partition("?")[2] for row in ask(self.database, "SELECT url FROM entries ORDER BY seq")]


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Paper]:
    with FeedServer(host="0.0.0.0") as server, receiver() as inbox:
        paper = Paper(server, inbox, tmp_path / "watch")
        paper.configure("all.xml", "top.xml")
        yield paper


def told(place: str, *names: str) -> list[tuple[str, str]]:
    return [(f"Xiaomi and the {name}", f"{name}?spot={place}") for name in names]


def learn(paper: Paper, other: str = "top.xml") -> None:
    """Three articles, told in two feeds with another value each."""
    paper.tell("all.xml", *told("list", *ARTICLES))
    paper.tell(other, *told("front", *ARTICLES))
    paper.run()


def test_after_three_articles_the_fourth_is_one_entry_and_one_alert(paper: Paper) -> None:
    learn(paper)
    assert ask(paper.database, VERDICTS) == [("spot", "tracking", "learned", 3)]
    before, sent = paper.entries(), len(paper.inbox.requests)

    paper.tell("all.xml", *told("list", *ARTICLES, "sluice"))
    paper.tell("top.xml", *told("front", *ARTICLES, "sluice"))
    report = paper.run(1)

    assert len(paper.entries()) == len(before) + 1
    assert (report.committed.new, report.committed.sightings) == (1, 1)
    assert len(paper.inbox.requests) == sent + 1


def test_what_was_stored_before_is_neither_told_again_nor_lost(paper: Paper) -> None:
    learn(paper)
    before, sent = paper.entries(), len(paper.inbox.requests)

    report = paper.run(1)

    assert len(before) == 6
    assert (report.committed.new, report.committed.alerts, len(paper.inbox.requests)) == (0, 0, sent)
    assert paper.entries() == before


def test_an_article_that_came_without_the_parameter_is_known_again_with_it_and_the_other_way_round(
    paper: Paper,
) -> None:
    learn(paper)
    paper.tell("all.xml", ("Xiaomi and the weir", "weir"), ("Xiaomi and the lock", "lock?spot=list"))
    paper.tell("top.xml", ("Xiaomi and the weir", "weir?spot=front"), ("Xiaomi and the lock", "lock"))

    report = paper.run(1)

    assert (report.committed.new, report.committed.sightings) == (2, 2)


def test_other_words_of_the_same_minute_at_a_learned_address_are_an_entry_and_no_second_alert(paper: Paper) -> None:
    learn(paper)
    sent = len(paper.inbox.requests)
    paper.tell("all.xml", *told("list", "sluice"))
    paper.tell("top.xml", ("The sluice of Xiaomi", "sluice?spot=front"))

    report = paper.run(1)

    assert (report.committed.new, report.committed.sightings) == (2, 0)
    assert len(paper.inbox.requests) == sent + 1
    assert ask(paper.database, VERDICTS)[0][1] == "tracking"


def test_turns_about_nobody_teach_too_and_know_again_what_another_turn_of_the_run_brought(paper: Paper) -> None:
    def tell(*names: str) -> None:
        for file, place in (("all.xml", "list"), ("top.xml", "front")):
            paper.tell(file, *((f"Weather at the {name}", f"{name}?spot={place}") for name in names))

    tell(*ARTICLES)
    paper.run()
    assert ask(paper.database, VERDICTS) == [("spot", "tracking", "learned", 3)]

    tell(*ARTICLES, "sluice")
    report = paper.run(1)

    assert (report.committed.new, report.committed.sightings) == (1, 1)


def test_other_content_at_a_learned_address_is_another_entry_and_ends_the_learning_for_good(paper: Paper) -> None:
    learn(paper)
    sent = len(paper.inbox.requests)
    paper.tell("all.xml", *told("list", "sluice"))
    paper.run(1)
    paper.tell("top.xml", ("Xiaomi opens a museum", "sluice?spot=front"), hours_ago=-1, text="A house of clocks.")

    assert paper.run(2).committed.new == 1
    assert len(paper.inbox.requests) == sent + 2
    assert ask(paper.database, VERDICTS) == [("spot", "identity", "learned", 3)]

    learn(paper)
    assert ask(paper.database, VERDICTS) == [("spot", "identity", "learned", 3)]


def test_a_parameter_that_tells_articles_apart_is_never_tracking(paper: Paper) -> None:
    paper.tell("all.xml", ("Xiaomi opens", "story?id=1"), ("Xiaomi closes", "story?id=2"))
    paper.run()
    paper.tell("top.xml", ("Xiaomi wins", "story?id=3"), hours_ago=0)
    paper.run(1)
    assert ask(paper.database, "SELECT name, verdict FROM parameter_list") == [("id", "identity")]

    paper.tell("all.xml", *[(f"Xiaomi in {name}", f"{name}?id=1") for name in ARTICLES], hours_ago=-1)
    paper.tell("top.xml", *[(f"Xiaomi in {name}", f"{name}?id=2") for name in ARTICLES], hours_ago=-1)
    assert paper.run(2).committed.new == 6
    assert ask(paper.database, "SELECT name, verdict FROM parameter_list") == [("id", "identity")]


def test_one_article_in_many_dressings_is_one_confirmation(paper: Paper) -> None:
    paper.tell("all.xml", *[("Xiaomi and the quay", f"quay?spot={number}") for number in range(5)])
    paper.run()

    assert ask(paper.database, VERDICTS) == [("spot", "undecided", "learned", 1)]


def test_a_column_of_one_title_and_one_teaser_every_day_teaches_nothing(paper: Paper) -> None:
    for day, hours_ago in enumerate((1, -23, -47)):
        paper.tell(
            "all.xml",
            *[(f"Xiaomi: the {name} today", f"{name}?day={day}") for name in ARTICLES],
            hours_ago=hours_ago,
            text="All that counts.",
        )
        assert paper.run(24 * day).committed.new == 3

    assert ask(paper.database, VERDICTS) == []


def test_what_another_host_links_to_teaches_nothing_of_this_one(paper: Paper) -> None:
    paper.configure("all.xml", "links.xml")
    learn(paper, "links.xml")

    assert ask(paper.database, VERDICTS) == []
    assert len(paper.entries()) == 6


def test_a_learned_parameter_counts_also_where_another_host_links_to_the_article(paper: Paper) -> None:
    learn(paper)
    paper.tell("all.xml", *told("list", "sluice"))
    paper.run(1)
    paper.configure("all.xml", "top.xml", "links.xml")
    paper.tell("links.xml", *told("elsewhere", "sluice"))

    report = paper.run(2)

    assert (report.committed.new, report.committed.sightings) == (0, 1)


def test_a_guid_that_stays_while_the_links_change_teaches_it(paper: Paper) -> None:
    def tell(place: str) -> None:
        items = "".join(
            f"<item><title>Xiaomi and the {name}</title><link>http://{paper.host}/{name}?spot={place}</link>"
            f"<guid isPermaLink='false'>{name}</guid></item>"
            for name in ARTICLES
        )
        body = f"<rss version='2.0'><channel><title>The Mill</title>{items}</channel></rss>"
        paper.server.serve("/all.xml", Reply(body.encode()))

    paper.configure("all.xml")
    for hours, place in enumerate(("a", "b", "c")):
        tell(place)
        paper.run(hours)

    assert ask(paper.database, VERDICTS) == [("spot", "tracking", "learned", 3)]
    assert paper.entries() == ["spot=a"] * 3


def test_a_person_sees_what_was_learned_and_by_which_addresses(paper: Paper) -> None:
    learn(paper)

    rows = newsward("--config", paper.folder, "feeds", "parameters", "--json").lines
    pairs = newsward("--config", paper.folder, "feeds", "parameters", paper.host, "spot", "--json").lines

    assert [(row["host"], row["name"], row["verdict"]) for row in rows] == [(paper.host, "spot", "tracking")]
    assert {pair["tells"] for pair in pairs} == {"the same"}
    assert sorted(pair["one"].rpartition("/")[2] for pair in pairs) == [
        f"{name}?spot=front" for name in sorted(ARTICLES)
    ]


def test_a_persons_word_counts_before_what_was_seen_until_it_is_forgotten(paper: Paper) -> None:
    learn(paper)
    say = ("--config", paper.folder, "feeds", "parameters", f"http://{paper.host}/quay", "spot")
    newsward(*say, "--identity")
    paper.tell("all.xml", *told("list", "sluice"))
    paper.tell("top.xml", *told("front", "sluice"))

    assert paper.run(1).committed.new == 2
    assert ask(paper.database, VERDICTS)[0][1:3] == ("identity", "person")

    newsward(*say, "--forget")
    assert ask(paper.database, VERDICTS) == []

    newsward(*say, "--tracking")
    paper.tell("all.xml", *told("list", "weir"))
    paper.tell("top.xml", *told("front", "weir"))
    assert paper.run(2).committed.new == 1


def test_two_words_at_once_and_a_word_on_nothing_are_refused(paper: Paper) -> None:
    say = ("--config", paper.folder, "feeds", "parameters")

    assert newsward(*say, "mill.example", "spot", "--identity", "--tracking").code == 2
    assert "which parameter" in newsward(*say, "mill.example", "--identity").err
    assert "no host" in newsward(*say, "http://[", "spot", "--identity").err
