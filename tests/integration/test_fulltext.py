"""Articles read over real HTTP: only what may be read, only what is the article's, and only once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from pipeline import reading
from pipeline.app import open_stages
from pipeline.config import load
from pipeline.dedup import Lookups, StoryIndex
from pipeline.errors import ConfigError
from pipeline.model import Merge, Placement, RunReport
from pipeline.run import run_once
from pipeline.store import Store
from tests.builders_alert import Receiver, receiver
from tests.builders_alert import Reply as ReceiverReply
from tests.builders_run import MORNING, ask, write_config
from tests.feed_server import FeedServer, Reply, Seen, redirect

HOST = "127.0.0.33"
MORE = (
    "The works had begun in the spring of the year before last, had to stop twice since the ground was softer than "
    "expected, and cost a third more than planned."
)
PAGE = """<html><head><title>{title} - The Mill</title></head><body><a href="#m">Skip to main content</a>
<nav>Home Nokia</nav><article id="m"><h1>{title}</h1><p>{text}</p><p>{more}</p>
<h3>Editors' Recommendations</h3><ul><li><a href="/x">Nokia signs a deal</a></li></ul></article></body></html>"""
CONFIG = """
[fulltext]
enabled = true
{0}
"""


def page(title: str, text: str) -> Reply:
    html = PAGE.format(title=title, text=text, more=MORE)
    return Reply(html.encode(), content_type="text/html; charset=utf-8")


@dataclass
class Watch:
    server: FeedServer
    inbox: Receiver
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "newsward.db"

    def configure(self, *, fulltext: str = "", marked: bool = False, options: str = CONFIG) -> None:
        """One feed, and Xiaomi and Nokia to be found."""
        feed = self.server.url("/feed.xml", host="127.0.0.32")
        write_config(self.folder, [], webhook=self.inbox.url, fetch='spacing = "0 seconds"')
        mark = "fulltext = true\n" if marked else ""
        (self.folder / "feeds.toml").write_text(f'[[feed]]\nurl = "{feed}"\n{mark}')
        companies = '[[company]]\nname = "Xiaomi"\n[[company]]\nname = "Nokia"\n[[company]]\nname = "Sunrise Lidar"\n'
        (self.folder / "companies.toml").write_text(companies)
        main = self.folder / "newsward.toml"
        main.write_text(main.read_text() + options.format(fulltext))

    def tell(self, *titles: str, text: str = "News of the day.", hours_ago: float = 1) -> None:
        date = f"{MORNING - timedelta(hours=hours_ago):%a, %d %b %Y %H:%M:%S} +0000"
        items = "".join(
            f"<item><title>{title}</title><link>{self.server.url(f'/{place}', host=HOST)}</link>"
            f"<guid>{place}</guid><pubDate>{date}</pubDate><description>{text}</description></item>"
            for place, title in enumerate(titles, 1)
        )
        body = f"<rss version='2.0'><channel><title>The Mill</title>{items}</channel></rss>"
        self.server.serve("/feed.xml", Reply(body.encode()))

    def run(self, now: datetime = MORNING, **changes: Any) -> RunReport:
        with open_stages(load(self.folder, {}), now) as stages:
            return run_once(replace(stages, **changes), now, dues=stages.store.all_dues(now))

    def hits(self) -> list[tuple[object, ...]]:
        return ask(self.database, "SELECT company, title FROM hit_list ORDER BY 1, 2")

    def articles(self) -> list[tuple[object, ...]]:
        return ask(self.database, "SELECT outcome, reason FROM articles ORDER BY rowid")

    def asked(self) -> list[str]:
        """The pages asked for; feeds apart."""
        return [seen.path for seen in self.server.requests() if seen.path != "/feed.xml"]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with FeedServer(host="0.0.0.0") as server, receiver() as inbox:
        watch = Watch(server, inbox, tmp_path)
        watch.configure()
        yield watch


def test_the_page_of_a_hit_is_read_and_names_a_further_company(watch: Watch) -> None:
    watch.tell("Xiaomi opens a quay", "Weather of the day")
    watch.server.serve("/1", page("Xiaomi opens a quay", "Built with Sunrise Lidar by Xiaomi, it opened on Monday."))

    report = watch.run()

    assert watch.asked() == ["/robots.txt", "/1"]
    assert watch.hits() == [("Sunrise Lidar", "Xiaomi opens a quay"), ("Xiaomi", "Xiaomi opens a quay")]
    assert watch.articles() == [("read", "")]
    assert report.pages == 1
    [(text,)] = ask(watch.database, "SELECT text FROM entries WHERE title LIKE 'Xiaomi%'")
    assert str(text).startswith("News of the day. Xiaomi opens a quay Built with Sunrise Lidar")
    assert "Editors" not in str(text)


def test_an_entry_is_known_again_by_where_its_link_led_and_by_what_the_page_calls_itself(watch: Watch) -> None:
    watch.tell("Xiaomi opens a quay")
    whole = page("Xiaomi opens a quay", "It was built by Xiaomi and opened on Monday.").body.decode()
    named = whole.replace("<head>", '<head><link rel="canonical" href="/by-name">')
    watch.server.serve("/1", redirect(watch.server.url("/moved", host=HOST), status=302))
    watch.server.serve("/moved", Reply(named.encode(), content_type="text/html; charset=utf-8"))
    watch.run()

    date = f"{MORNING:%a, %d %b %Y %H:%M:%S} +0000"
    items = "".join(
        f"<item><title>Xiaomi opens a quay {place}</title><link>{watch.server.url(place, host=HOST)}</link>"
        f"<guid>{place}</guid><pubDate>{date}</pubDate></item>"
        for place in ("/moved", "/by-name", "/3")
    )
    body = f"<rss version='2.0'><channel><title>The Mill</title>{items}</channel></rss>"
    watch.server.serve("/feed.xml", Reply(body.encode()))
    watch.run(MORNING + timedelta(hours=1))

    assert len(ask(watch.database, "SELECT id FROM entries")) == 2


def test_pages_that_name_themselves_without_a_parameter_teach_that_it_is_tracking(watch: Watch) -> None:
    date = f"{MORNING:%a, %d %b %Y %H:%M:%S} +0000"
    items = ""
    for place in ("quay", "dyke", "mole"):
        title, url = f"Xiaomi opens a {place}", watch.server.url(f"/{place}", host=HOST)
        named = page(title, f"The {place} was opened on Monday.").body.replace(
            b"<head>", f'<head><link rel="canonical" href="/{place}">'.encode()
        )
        watch.server.serve(f"/{place}?spot=front", Reply(named, content_type="text/html; charset=utf-8"))
        items += f"<item><title>{title}</title><link>{url}?spot=front</link><pubDate>{date}</pubDate></item>"
    body = f"<rss version='2.0'><channel><title>The Mill</title>{items}</channel></rss>"
    watch.server.serve("/feed.xml", Reply(body.encode()))

    assert watch.run().pages == 3
    verdicts = ask(watch.database, "SELECT host, name, verdict, confirmations FROM parameter_list")
    assert verdicts == [(watch.server.url("", host=HOST).removeprefix("http://"), "spot", "tracking", 3)]


def test_the_evidence_stands_where_it_says(watch: Watch) -> None:
    watch.tell("Xiaomi opens a quay")
    watch.server.serve("/1", page("Xiaomi opens a quay", "Built with Sunrise Lidar by Xiaomi, it opened on Monday."))
    watch.run()

    query = (
        'SELECT substr(e.text, h.start + 1, h."end" - h.start), h.found FROM hits AS h JOIN entries AS e '
        "ON e.id = h.entry_id WHERE h.field = 'text'"
    )

    assert ask(watch.database, query) == [("Sunrise Lidar", "Sunrise Lidar")]


def test_only_a_marked_feed_has_all_its_pages_read(watch: Watch) -> None:
    watch.configure(marked=True)
    watch.tell("A quay opens")
    watch.server.serve("/1", page("A quay opens", "It was built by Xiaomi and opened on Monday."))

    watch.run()

    assert watch.hits() == [("Xiaomi", "A quay opens")]
    assert [request.json["title"] for request in watch.inbox.requests] == ["A quay opens"]


def test_a_page_that_shows_two_stories_to_be_one_has_them_made_one(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether they are one is asked of the stories; that it is asked, and done, is the matter here."""
    watch.tell("Xiaomi opens a quay", "A ferry for the north")
    watch.configure(marked=True)
    for place, title in enumerate(("Xiaomi opens a quay", "A ferry for the north"), 1):
        watch.server.serve(f"/{place}", page(title, f"{title}, as Xiaomi said on Monday."))
    judged = []

    def one_after_all(self: StoryIndex, placement: Placement, lookups: Lookups) -> Merge | None:
        judged.append(placement.entry_id)
        views = lookups.stories([row[0] for row in ask(watch.database, "SELECT id FROM stories")])
        return Merge(views[0].id, views[1].id, 0.95) if len(views) == 2 else None

    monkeypatch.setattr(StoryIndex, "repair", one_after_all)
    watch.run()

    assert len(judged) == 2
    assert ask(watch.database, "SELECT entries FROM stories") == [(2,)]


def test_a_run_that_ends_while_two_stories_are_made_one_reads_the_page_again(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.tell("Xiaomi opens a quay", "A ferry for the north")
    watch.configure(marked=True)
    for place, title in enumerate(("Xiaomi opens a quay", "A ferry for the north"), 1):
        watch.server.serve(f"/{place}", page(title, f"{title}, as Xiaomi said on Monday."))

    def one_after_all(self: StoryIndex, placement: Placement, lookups: Lookups) -> Merge | None:
        views = lookups.stories([row[0] for row in ask(watch.database, "SELECT id FROM stories")])
        return Merge(views[0].id, placement.story_id, 0.95) if views else None

    def killed(self: Store, merge: Merge, *, rule: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StoryIndex, "repair", one_after_all)
    with monkeypatch.context() as dying:
        dying.setattr(Store, "merge", killed)
        with pytest.raises(KeyboardInterrupt):
            watch.run()
    assert ask(watch.database, "SELECT entries FROM stories") == [(1,)]

    watch.run()

    assert ask(watch.database, "SELECT entries FROM stories") == [(2,)]
    assert len(watch.inbox.requests) == 1


def test_nothing_is_read_while_it_is_off(watch: Watch) -> None:
    watch.configure(marked=True, options="{0}")
    watch.tell("Xiaomi opens a quay")

    watch.run()

    assert watch.asked() == []


def test_a_story_is_one_alert_whatever_its_page_adds(watch: Watch) -> None:
    watch.tell("Xiaomi opens a quay")
    watch.server.serve("/1", page("Xiaomi opens a quay", "Built with Sunrise Lidar by Xiaomi, it opened on Monday."))

    watch.run()
    watch.run(MORNING + timedelta(hours=1))

    assert len(watch.inbox.requests) == 1


def test_a_page_is_asked_for_once_and_the_feed_that_stays_the_same_edits_nothing(watch: Watch) -> None:
    watch.tell("Xiaomi opens a quay")
    watch.server.serve("/1", page("Xiaomi opens a quay", "Xiaomi built it, and it opened on Monday."))

    watch.run()
    watch.run(MORNING + timedelta(hours=1))

    assert watch.asked() == ["/robots.txt", "/1"]
    assert ask(watch.database, "SELECT count(*) FROM revisions") == [(0,)]
    assert "Monday" in str(ask(watch.database, "SELECT text FROM entries")[0][0])


def test_robots_txt_is_kept(watch: Watch) -> None:
    watch.tell("Xiaomi opens a quay")
    watch.server.serve("/robots.txt", Reply(b"User-agent: newsward\nDisallow: /\n", content_type="text/plain"))
    watch.server.serve("/1", page("Xiaomi opens a quay", "Built with Sunrise Lidar."))

    watch.run()

    assert watch.asked() == ["/robots.txt"]
    assert watch.articles() == [("refused", "the site's robots.txt does not allow it")]
    assert watch.hits() == [("Xiaomi", "Xiaomi opens a quay")]


def test_nothing_is_read_while_robots_txt_cannot_be_had_and_it_is_tried_again(watch: Watch) -> None:
    watch.tell("Xiaomi opens a quay")
    rules = Reply(b"User-agent: *\nAllow: /\n", content_type="text/plain")
    watch.server.serve("/robots.txt", [Reply(status=503), rules])
    watch.server.serve("/1", page("Xiaomi opens a quay", "Built with Sunrise Lidar by Xiaomi."))

    watch.run()
    first = watch.articles()
    watch.run(MORNING + timedelta(minutes=61))

    assert first == [("failed", "the site's robots.txt cannot be had, so that nothing may be read")]
    assert watch.asked() == ["/robots.txt", "/robots.txt", "/1"]
    assert watch.articles() == [("read", "")]


def test_robots_txt_is_asked_for_once_a_day(watch: Watch) -> None:
    watch.server.serve("/robots.txt", Reply(b"User-agent: *\nAllow: /\n", content_type="text/plain"))
    for number in (1, 2, 3):
        watch.server.serve(f"/{number}", page(f"Xiaomi opens quay {number}", "Xiaomi built it."))
    watch.tell("Xiaomi opens quay 1", "Xiaomi opens quay 2")
    watch.run()
    watch.tell("Xiaomi opens quay 1", "Xiaomi opens quay 2", "Xiaomi opens quay 3")
    watch.run(MORNING + timedelta(hours=1))

    assert watch.asked() == ["/robots.txt", "/1", "/2", "/3"]


def test_a_redirect_to_a_site_that_refuses_is_not_read(watch: Watch) -> None:
    watch.tell("Xiaomi opens a quay")
    elsewhere = watch.server.url("/there", host="127.0.0.34")
    watch.server.serve("/1", redirect(elsewhere))
    watch.server.serve("/there", page("Xiaomi opens a quay", "Built with Sunrise Lidar."))
    rules = b"User-agent: *\nDisallow: /there\n"
    watch.server.serve("/robots.txt", Reply(rules, content_type="text/plain"))

    watch.run()

    assert watch.hits() == [("Xiaomi", "Xiaomi opens a quay")]
    assert [outcome for outcome, _ in watch.articles()] == ["refused"]


def test_a_crawl_delay_spreads_the_pages_over_runs(watch: Watch) -> None:
    watch.server.serve("/robots.txt", Reply(b"User-agent: *\nCrawl-delay: 60\n", content_type="text/plain"))
    for number in (1, 2):
        watch.server.serve(f"/{number}", page(f"Xiaomi opens quay {number}", "Xiaomi built it."))
    watch.tell("Xiaomi opens quay 1", "Xiaomi opens quay 2")

    watch.run()
    watch.run(MORNING + timedelta(seconds=30))
    early = watch.asked()
    watch.run(MORNING + timedelta(seconds=90))

    assert early == ["/robots.txt", "/1"]
    assert watch.asked() == ["/robots.txt", "/1", "/2"]


def test_a_page_that_cannot_be_had_is_tried_again_and_then_given_up(watch: Watch) -> None:
    watch.configure(fulltext="attempts = 2")
    watch.tell("Xiaomi opens a quay")
    watch.server.serve("/1", Reply(status=500))

    watch.run()
    watch.run(MORNING + timedelta(minutes=30))
    watch.run(MORNING + timedelta(minutes=61))
    watch.run(MORNING + timedelta(hours=9))

    assert watch.asked() == ["/robots.txt", "/1", "/1"]
    assert ask(watch.database, "SELECT outcome, attempts, next_attempt_at FROM articles") == [("failed", 2, None)]


OTHER = "the page speaks of something else than its entry"
LARGE = "the body is larger than 2,000,000 bytes as sent"


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (Reply(b"%PDF-1.7", content_type="application/pdf"), "refused", "no page but application/pdf"),
        (Reply(status=403), "refused", "403 Forbidden: the server refuses us"),
        (Reply(status=404), "refused", "404 Not Found: nothing is there now"),
        (page("Before you continue", "Agree to all of Sunrise Lidar's terms."), "empty", OTHER),
        (Reply(b"<html><body>x</body></html>", content_type="text/html"), "empty", "no article in the page"),
        (Reply(b"<html>" + b"a" * 3_000_000, content_type="text/html"), "refused", LARGE),
    ],
    ids=["pdf", "403", "404", "consent", "nothing", "large"],
)
def test_a_page_that_brings_nothing_costs_no_hit(watch: Watch, answer: Reply, outcome: str, reason: str) -> None:
    watch.tell("Xiaomi opens a quay")
    watch.server.serve("/1", answer)

    watch.run()

    assert watch.articles() == [(outcome, reason)]
    assert watch.hits() == [("Xiaomi", "Xiaomi opens a quay")]


def test_a_fault_of_our_own_in_one_page_costs_that_page_and_no_other(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.tell("Xiaomi opens a quay", "Xiaomi and the cursed word")
    watch.server.serve("/1", page("Xiaomi opens a quay", "Xiaomi opened it on Monday."))
    watch.server.serve("/2", page("Xiaomi and the cursed word", "Xiaomi said it on Monday."))
    understood = reading.article_lines

    def cursed(text: str) -> tuple[str, ...] | None:
        if "cursed" in text:
            raise ZeroDivisionError("cursed")
        return understood(text)

    monkeypatch.setattr(reading, "article_lines", cursed)
    report = watch.run()

    assert report.pages == 1
    assert sorted(watch.articles()) == [("failed", "a fault in newsward: ZeroDivisionError: cursed"), ("read", "")]


def test_what_several_pages_of_a_site_say_proves_nothing(watch: Watch) -> None:
    slogan = "Read by everybody who works for Nokia, and by their friends at home and abroad."
    titles = [f"Xiaomi opens quay {number}" for number in range(1, 5)]
    for number, title in enumerate(titles, 1):
        watch.server.serve(f"/{number}", page(title, f"Quay {number} was built by Xiaomi.</p><p>{slogan}"))
    watch.tell(*titles)

    watch.run()

    assert [title for company, title in watch.hits() if company == "Nokia"] == titles[:2]


def test_entries_that_are_too_old_are_not_read(watch: Watch) -> None:
    watch.configure(fulltext='max_age = "3 hours"')
    watch.tell("Xiaomi opens a quay", hours_ago=4)

    watch.run()

    assert watch.asked() == []


def test_an_edited_entry_is_read_once_more_after_an_hour(watch: Watch) -> None:
    watch.tell("Xiaomi opens a quay")
    watch.server.serve("/1", page("Xiaomi opens a quay", "Xiaomi built it, with Sunrise Lidar."))
    watch.run()
    watch.tell("Xiaomi opens a quay", text="News of the evening.")

    watch.run(MORNING + timedelta(minutes=10))
    watch.run(MORNING + timedelta(minutes=61))

    assert watch.asked() == ["/robots.txt", "/1", "/1"]
    assert len(watch.hits()) == 2


def test_a_page_that_is_read_again_and_again_keeps_its_lines(watch: Watch) -> None:
    watch.server.serve("/1", page("Xiaomi opens a quay", "Xiaomi built it, with Sunrise Lidar."))
    for hour in range(4):
        watch.tell("Xiaomi opens a quay", text=f"News of the day, edition {hour}.")
        watch.run(MORNING + timedelta(minutes=65 * hour))

    assert watch.asked() == ["/robots.txt", "/1", "/1", "/1", "/1"]
    assert watch.articles() == [("read", "")]
    assert len(watch.hits()) == 2
    assert ask(watch.database, "SELECT DISTINCT pages FROM page_lines") == [(1,)]


def test_the_pages_of_one_run_are_bounded(watch: Watch) -> None:
    watch.configure(fulltext="max_pages = 2")
    titles = [f"Xiaomi opens quay {name}" for name in ("Anna", "Berta", "Clara", "Dora", "Emma")]
    for number, title in enumerate(titles, 1):
        watch.server.serve(f"/{number}", page(title, f"{title}, and built it."))
    watch.tell(*titles)

    counts = [watch.run(MORNING + timedelta(minutes=number)).pages for number in range(4)]

    assert counts == [2, 2, 1, 0]


def test_the_pages_of_one_site_are_bounded_too(watch: Watch) -> None:
    watch.configure(fulltext="max_pages_of_site = 1")
    for number, name in enumerate(("Anna", "Berta"), 1):
        watch.server.serve(f"/{number}", page(f"Xiaomi opens {name}", f"Xiaomi built it for {name}."))
    watch.tell("Xiaomi opens Anna", "Xiaomi opens Berta")

    counts = [watch.run(MORNING + timedelta(minutes=number)).pages for number in range(3)]

    assert counts == [1, 1, 0]


def test_the_alert_of_a_page_goes_out_in_the_run_that_read_it(watch: Watch) -> None:
    watch.configure(marked=True)
    watch.tell("Xiaomi opens a quay", "A mill closes")
    watch.server.serve("/1", page("Xiaomi opens a quay", "Xiaomi built it."))
    watch.server.serve("/2", page("A mill closes", "Nokia is the one who had it built and now closes it."))

    report = watch.run()

    assert [request.json["title"] for request in watch.inbox.requests] == ["Xiaomi opens a quay", "A mill closes"]
    assert (report.sent, report.undelivered) == (2, 0)


def test_the_alert_of_a_page_does_not_wait_for_a_site_that_is_slow(watch: Watch) -> None:
    told: list[bool] = []

    def late(request: Seen) -> Reply:
        until = time.monotonic() + 30
        while not watch.inbox.requests and time.monotonic() < until:
            time.sleep(0.01)
        told.append(bool(watch.inbox.requests))
        return page("A second quay", "Nothing happened there.")

    watch.configure(marked=True, options=CONFIG + "[engine]\nshard_size = 1\npatience = 0.1\n")
    watch.tell("A quay was opened", "A second quay")
    feed = watch.server.url("/feed.xml", host="127.0.0.32")
    body = (
        urlopen(feed).read().replace(f"{HOST}:{watch.server.port}/2".encode(), b"127.0.0.34:%d/2" % watch.server.port)
    )
    watch.server.serve("/feed.xml", Reply(body))
    watch.server.serve("/1", page("A quay was opened", "Xiaomi, the maker of phones, paid for most of it."))
    watch.server.serve("/2", late)

    report = watch.run()

    assert told == [True]
    assert (report.pages, report.sent) == (2, 1)


def test_what_is_sent_while_pages_are_read_is_noted_though_they_bring_no_alert(watch: Watch) -> None:
    leaps = [0.0]

    def late(request: Seen) -> Reply:
        leaps.append(60.0)  # the second attempt falls due
        until = time.monotonic() + 30
        while len(watch.inbox.requests) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        return page("Xiaomi opens a quay", "It is the second one there.")

    watch.configure()
    watch.tell("Xiaomi opens a quay")
    watch.server.serve("/1", late)
    watch.inbox.script = [ReceiverReply(500), ReceiverReply(204, after=0.5)]

    report = watch.run(monotonic=lambda: time.monotonic() + leaps[-1])

    assert (report.pages, report.sent, report.undelivered) == (1, 1, 0)
    assert ask(watch.database, "SELECT state, attempts, leased_until FROM alerts") == [("sent", 2, None)]
    assert [(tally.outcome, tally.count) for tally in report.deliveries] == [("failed", 1), ("sent", 1)]


def test_links_of_google_news_are_never_followed(watch: Watch) -> None:
    item = (
        "<item><title>Xiaomi opens a quay - The Mill</title><link>https://news.google.com/rss/articles/CBMi</link>"
        f"<guid>1</guid><pubDate>{MORNING - timedelta(hours=1):%a, %d %b %Y %H:%M:%S} +0000</pubDate>"
        '<source url="https://mill.example">The Mill</source></item>'
    )
    watch.server.serve("/feed.xml", Reply(f"<rss version='2.0'><channel>{item}</channel></rss>".encode()))

    watch.run()

    assert watch.hits() == [("Xiaomi", "Xiaomi opens a quay")]
    assert watch.articles() == []


def test_a_misspelt_option_is_told(watch: Watch) -> None:
    watch.configure(fulltext="max_page = 3")

    with pytest.raises(ConfigError, match=r"\[fulltext\]: key 'max_page' is unknown \(did you mean 'max_pages'\?\)"):
        load(watch.folder, {})
