"""Lists, sites, sitemaps and searches over real HTTP: feeds come and go with what names them, and nobody is silent."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import capture_logs

from pipeline.app import open_stages
from pipeline.config import load
from pipeline.model import RunReport
from pipeline.run import run_once
from tests.builders_cli import newsward
from tests.builders_run import MORNING, ask, write_config
from tests.feed_server import FeedServer, Reply

ITEM = "<item><title>{0} one</title><guid>{0}-1</guid><link>https://mill.example/{0}</link></item>"
RSS = f"<rss version='2.0'><channel><title>{{0}}</title>{ITEM}</channel></rss>"


def document(title: str) -> Reply:
    return Reply(RSS.format(title).encode(), etag=f'"{title}"')


def opml(*outlines: str) -> Reply:
    body = "".join(outlines)
    return Reply(f'<opml version="2.0"><body>{body}</body></opml>'.encode(), content_type="text/x-opml")


def outline(url: str, title: str = "") -> str:
    return f'<outline type="rss" text="{title}" xmlUrl="{url.replace("&", "&amp;")}"/>'


@dataclass
class Watch:
    """A server and a configuration whose feeds.toml is given."""

    server: FeedServer
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "newsward.db"

    def configure(self, feeds: str, *, fetch: str = 'spacing = "0 seconds"') -> None:
        write_config(self.folder, [], fetch=fetch)
        (self.folder / "feeds.toml").write_text(feeds)

    def run(self, now: datetime = MORNING) -> RunReport:
        with open_stages(load(self.folder, {}), now) as stages:
            return run_once(stages, now)

    def feeds(self) -> dict[str, tuple[object, ...]]:
        """Path: whether in turn, why retired, by which list."""
        rows = ask(self.database, "SELECT url, configured, disabled, listed_by <> '' FROM feeds")
        return {urlsplit(str(url)).path: tuple(rest) for url, *rest in rows}

    def titles(self) -> list[object]:
        return [title for (title,) in ask(self.database, "SELECT title FROM entries ORDER BY title")]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with FeedServer(host="0.0.0.0") as server:
        yield Watch(server, tmp_path)


# --------------------------------------------------------------------------- OPML on the web


@pytest.fixture
def listed(watch: Watch) -> Watch:
    """A list of Mill and Quay, polled; its feeds not yet."""
    watch.server.serve("/list.opml", opml(*(outline(served(watch, name), name) for name in ("Mill", "Quay"))))
    watch.configure(f'[[source]]\nkind = "opml"\nurl = "{watch.server.url("/list.opml")}"\ntier = 2\ntags = ["mine"]\n')
    watch.run()
    return watch


def served(watch: Watch, name: str) -> str:
    return watch.server.serve(f"/{name}", document(name))


def test_the_feeds_of_a_list_on_the_web_are_polled_in_the_next_run(listed: Watch) -> None:
    assert listed.feeds() == {"/list.opml": (1, "", 0), "/Mill": (1, "", 1), "/Quay": (1, "", 1)}
    assert listed.titles() == []

    listed.run(MORNING + timedelta(seconds=1))

    assert listed.titles() == ["Mill one", "Quay one"]
    assert ask(listed.database, "SELECT DISTINCT tier, tags FROM feeds WHERE listed_by <> ''") == [(2, '["mine"]')]


def test_a_feed_that_leaves_the_list_is_retired_aloud(listed: Watch) -> None:
    listed.server.serve("/list.opml", opml(outline(listed.server.url("/Mill")), outline(served(listed, "Lantern"))))

    with capture_logs() as logs:
        listed.run(MORNING + timedelta(hours=13))

    retired = f"it left the list {listed.server.url('/list.opml')} on 2026-03-05"
    assert listed.feeds()["/Quay"] == (1, retired, 1)
    assert listed.feeds()["/Lantern"] == (1, "", 1)
    [line] = [line for line in logs if line["event"] == "feeds_left_list"]
    assert (line["log_level"], line["count"], line["feeds"]) == ("warning", 1, [listed.server.url("/Quay")])
    [rests] = newsward("--config", listed.folder, "feeds", "list", "--resting", "--json").lines
    assert (rests["status"], rests["reason"]) == ("disabled", retired)
    listed.run(MORNING + timedelta(hours=40))
    assert len(listed.server.requests("/Quay")) <= 1


def test_a_feed_that_comes_back_to_the_list_takes_its_turns_again(listed: Watch) -> None:
    both = opml(outline(listed.server.url("/Mill")), outline(listed.server.url("/Quay")))
    listed.server.serve("/list.opml", [opml(outline(listed.server.url("/Mill"))), both])
    listed.run(MORNING + timedelta(hours=13))
    assert listed.feeds()["/Quay"][1] != ""

    listed.run(MORNING + timedelta(hours=26))

    assert listed.feeds()["/Quay"] == (1, "", 1)


def test_who_enables_a_feed_that_left_has_it_for_good(listed: Watch) -> None:
    listed.server.serve("/list.opml", opml(outline(listed.server.url("/Mill"))))
    listed.run(MORNING + timedelta(hours=13))

    newsward("--config", listed.folder, "feeds", "enable", "Quay")
    listed.run(MORNING + timedelta(hours=26))

    assert listed.feeds()["/Quay"] == (1, "", 0)


@pytest.mark.parametrize(
    "answer",
    [
        Reply(status=500),
        Reply(b"<html><title>Back soon</title></html>"),
        Reply(b'<opml version="2.0"><body/></opml>'),
        Reply(b'<opml version="2.0"><body><outline xmlUrl="https://a.example/"/>'),  # cut off
    ],
    ids=["down", "a page", "empty", "cut off"],
)
def test_a_list_that_fails_takes_no_feed_away(listed: Watch, answer: Reply) -> None:
    listed.server.serve("/list.opml", answer)

    report = listed.run(MORNING + timedelta(hours=13))

    assert [failed.url for failed in report.failed] == [listed.server.url("/list.opml")]
    assert listed.feeds()["/Quay"] == listed.feeds()["/Mill"] == (1, "", 1)


def test_a_feed_that_is_configured_too_is_not_the_lists_to_retire(watch: Watch) -> None:
    mill, quay = served(watch, "Mill"), served(watch, "Quay")
    watch.server.serve("/list.opml", [opml(outline(mill), outline(quay)), opml(outline(quay))])
    watch.configure(f'[[feed]]\nurl = "{mill}"\n[[source]]\nkind = "opml"\nurl = "{watch.server.url("/list.opml")}"\n')
    watch.run()
    watch.run(MORNING + timedelta(hours=13))

    assert watch.feeds()["/Mill"] == (1, "", 0)


def test_a_feed_that_leaves_one_list_is_taken_over_by_another(watch: Watch) -> None:
    mill, quay = served(watch, "Mill"), served(watch, "Quay")
    watch.server.serve("/one.opml", [opml(outline(mill), outline(quay)), opml(outline(quay))])
    watch.server.serve("/two.opml", Reply(opml(outline(mill)).body, etag='"two"'))
    urls = [watch.server.url(f"/{name}.opml", host=f"127.0.0.{place}") for place, name in ((41, "one"), (42, "two"))]
    watch.configure("".join(f'[[source]]\nkind = "opml"\nurl = "{url}"\n' for url in urls))

    watch.run()
    watch.run(MORNING + timedelta(hours=13))

    assert watch.feeds()["/Mill"] == (1, "", 1)
    assert ask(watch.database, "SELECT listed_by FROM feeds WHERE url = ?", mill) == [(urls[1],)]

    watch.configure(f'[[source]]\nkind = "opml"\nurl = "{urls[0]}"\n')
    watch.run(MORNING + timedelta(hours=14))

    assert watch.feeds()["/Mill"][0] == 0
    assert watch.feeds()["/Quay"] == (1, "", 1)


def test_a_feed_of_a_list_that_is_taken_out_stays_with_another_that_names_it(watch: Watch) -> None:
    mill = served(watch, "Mill")
    for name in ("one", "two"):
        watch.server.serve(f"/{name}.opml", opml(outline(mill)))
    watch.configure(
        "".join(f'[[source]]\nkind = "opml"\nurl = "{watch.server.url(f"/{name}.opml")}"\n' for name in ("one", "two"))
    )
    watch.run()

    watch.configure(f'[[source]]\nkind = "opml"\nurl = "{watch.server.url("/two.opml")}"\n')
    watch.run(MORNING + timedelta(hours=1))

    assert watch.feeds()["/Mill"] == (1, "", 1)


def test_the_feeds_of_a_list_go_when_the_list_is_taken_out(listed: Watch) -> None:
    listed.configure("")
    listed.run(MORNING + timedelta(hours=1))

    assert {configured for configured, _, _ in listed.feeds().values()} == {0}


def test_a_list_that_is_tried_is_no_feed_without_entries(listed: Watch) -> None:
    [line] = newsward("--config", listed.folder, "feeds", "test", "--json").lines

    assert (line["verdict"], line["format"], line["advice"]) == ("ok", "opml", [])


def test_a_listed_feed_cannot_be_removed_only_paused(listed: Watch) -> None:
    refused = newsward("--config", listed.folder, "feeds", "remove", "Mill")

    assert refused.code == 2
    assert "comes from the list" in refused.err
    assert newsward("--config", listed.folder, "feeds", "pause", "Mill").code == 0


def test_a_feed_that_left_its_list_can_be_removed(listed: Watch) -> None:
    listed.server.serve("/list.opml", opml(outline(listed.server.url("/Mill"))))
    listed.run(MORNING + timedelta(hours=13))

    removed = newsward("--config", listed.folder, "feeds", "remove", "Quay")

    assert removed.code == 0
    assert "taken out of the database's feeds; what it brought stays" in removed.out
    assert newsward("--config", listed.folder, "feeds", "list", "--resting", "--json").lines == []


# --------------------------------------------------------------------------- sites


PAGE = "<html><head><title>The Mill</title>{0}</head><body><p>News of the mill.</p></body></html>"
LINK = '<link rel="alternate" type="application/rss+xml" href="{0}">'


def test_a_site_is_followed_by_the_feeds_that_it_announces(watch: Watch) -> None:
    served(watch, "Mill")
    links = LINK.format("/Mill/comments/feed") + LINK.format("/Mill")
    watch.server.serve("/", Reply(PAGE.format(links).encode(), content_type="text/html"))
    watch.configure(f'[[source]]\nkind = "site"\nurl = "{watch.server.url("/")}"\n')

    watch.run()
    watch.run(MORNING + timedelta(seconds=1))

    assert watch.feeds() == {"/": (1, "", 0), "/Mill": (1, "", 1)}
    assert watch.titles() == ["Mill one"]


def test_a_site_that_announces_nothing_is_asked_at_the_usual_places(watch: Watch) -> None:
    watch.server.serve("/rss.xml", document("Quay"))
    watch.server.serve("/", Reply(PAGE.format("").encode(), content_type="text/html"))
    watch.configure(f'[[source]]\nkind = "site"\nurl = "{watch.server.url("/")}"\n')

    watch.run()
    watch.run(MORNING + timedelta(seconds=1))

    assert [seen.path for seen in watch.server.requests()] == ["/", "/feed/", "/rss.xml", "/rss.xml"]
    assert watch.titles() == ["Quay one"]


def test_a_site_without_a_feed_fails_and_says_so(watch: Watch) -> None:
    watch.server.serve("/", Reply(PAGE.format("").encode(), content_type="text/html"))
    watch.configure(f'[[source]]\nkind = "site"\nurl = "{watch.server.url("/")}"\n')

    [failed] = watch.run().failed

    assert failed.reason.endswith("it announces no feed, and at none of 7 usual places is one")
    assert len(watch.server.requests()) == 8


def test_a_site_whose_address_is_a_feed_is_read_as_one(watch: Watch) -> None:
    url = served(watch, "Mill")
    watch.configure(f'[[source]]\nkind = "site"\nurl = "{url}"\n')

    watch.run()

    assert watch.titles() == ["Mill one"]


# --------------------------------------------------------------------------- sitemaps


URL = (
    "<url><loc>https://mill.example/{0}</loc><news:news><news:publication><news:name>The Mill</news:name>"
    "<news:language>en</news:language></news:publication><news:publication_date>2026-03-05T05:00:00Z"
    "</news:publication_date><news:title>Xiaomi opens a {0}</news:title></news:news></url>"
)


def sitemap(*names: str) -> bytes:
    spaces = (
        'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    )
    return f"<?xml version='1.0'?><urlset {spaces}>{''.join(map(URL.format, names))}</urlset>".encode()


def test_a_news_sitemap_is_a_feed(watch: Watch) -> None:
    watch.server.serve("/news.xml", Reply(sitemap("quay", "mill"), content_type="application/xml"))
    watch.configure(f'[[source]]\nkind = "sitemap"\nurl = "{watch.server.url("/news.xml")}"\n')

    watch.run()

    assert ask(watch.database, "SELECT title, publisher, published_at, company_id FROM hit_list ORDER BY 1") == [
        ("Xiaomi opens a mill", "The Mill", "2026-03-05T05:00:00Z", "xiaomi"),
        ("Xiaomi opens a quay", "The Mill", "2026-03-05T05:00:00Z", "xiaomi"),
    ]


def test_the_newest_sitemaps_of_an_index_are_followed_and_old_ones_go_quietly(watch: Watch) -> None:
    def index(day: int) -> Reply:
        rows = "".join(
            f"<sitemap><loc>{watch.server.url(f'/news-{one}.xml.gz')}</loc><lastmod>2026-03-{one:02}</lastmod></sitemap>"
            for one in range(1, day + 1)
        )
        return Reply(f"<sitemapindex>{rows}</sitemapindex>".encode(), content_type="application/xml")

    for day in range(1, 10):
        body = gzip.compress(sitemap(f"day{day}"))
        watch.server.serve(f"/news-{day}.xml.gz", Reply(body, content_type="application/gzip"))
    watch.server.serve("/index.xml", [index(5), index(9)])
    watch.configure(f'[[source]]\nkind = "sitemap"\nurl = "{watch.server.url("/index.xml")}"\n')

    watch.run()
    watch.run(MORNING + timedelta(seconds=1))
    followed = {path for path, (configured, _, _) in watch.feeds().items() if configured}
    watch.run(MORNING + timedelta(hours=25))
    later = {path for path, (configured, _, _) in watch.feeds().items() if configured}

    assert followed == {"/index.xml", *(f"/news-{day}.xml.gz" for day in (2, 3, 4, 5))}
    assert later == {"/index.xml", *(f"/news-{day}.xml.gz" for day in (6, 7, 8, 9))}
    assert {disabled for _, disabled, _ in watch.feeds().values()} == {""}
    assert watch.titles() == [f"Xiaomi opens a day{day}" for day in (2, 3, 4, 5)]


# --------------------------------------------------------------------------- searches and filings


def test_a_search_asks_for_the_companies_by_name(watch: Watch) -> None:
    url = watch.server.url("/search") + "?q={query}&hl={language}"
    watch.configure(f'[[source]]\nkind = "query"\ntemplate = "{url}"\nmax_query = 120\n')

    config = load(watch.folder, {})
    names = " ".join(parse_qs(urlsplit(feed.url).query)["q"][0] for feed in config.feeds)

    assert all(f'"{company.name}"' in names for company in config.watchlist.companies)
    assert {parse_qs(urlsplit(feed.url).query)["hl"][0] for feed in config.feeds} == {"en"}


FILING = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>GAP INC (0000000042)</title>
<entry><title>8-K  - Current report</title><id>urn:tag:sec.gov,2026:accession-number=1</id>
<link rel="alternate" type="text/html" href="https://www.sec.gov/Archives/1-index.htm"/>
<updated>2026-03-05T00:00:00-05:00</updated>
<summary type="html">&lt;b&gt;Filed:&lt;/b&gt; 2026-03-05</summary></entry></feed>"""
GAP = '[[company]]\nname = "Gap"\ncontext = ["Old Navy"]\ncik = "42"\n'


def test_a_filing_is_about_its_company_and_is_asked_for_with_a_contact(watch: Watch) -> None:
    query = "action=getcompany&CIK=0000000042&type=8-K&dateb=&owner=exclude&count=40&output=atom"
    watch.server.serve(f"/edgar?{query}", Reply(FILING.encode(), content_type="application/atom+xml"))
    watch.configure(
        '[[source]]\nkind = "edgar"\ncontact = "desk@mill.example"\nforms = ["8-k"]\n'
        f'address = "{watch.server.url("/edgar")}"\n'
    )
    (watch.folder / "companies.toml").write_text(GAP)

    watch.run()

    [request] = watch.server.requests()
    assert request.headers["user-agent"].endswith(" (desk@mill.example)")
    assert ask(watch.database, "SELECT company_id, title, score, salience, evidence, publisher FROM hit_list") == [
        ("gap", "Gap: 8-K - Current report", 100, 100, "title: “Gap” (exact 100)", "SEC EDGAR")
    ]
    assert ask(watch.database, "SELECT title FROM feeds") == [("EDGAR: Gap, 8-K",)]


# --------------------------------------------------------------------------- import, export, discover


def test_a_list_is_imported_once_and_what_is_configured_stays(watch: Watch, tmp_path: Path) -> None:
    mill, quay = served(watch, "Mill"), served(watch, "Quay")
    watch.configure(f'# ours\n[[feed]]\nurl = "{mill}"\n')
    list_file = tmp_path / "list.opml"
    body = f'<outline text="Trade">{outline(mill, "Mill")}{outline(quay, "The Quay")}</outline>'
    list_file.write_text(f'<opml version="2.0"><body>{body}</body></opml>')

    first = newsward("--config", watch.folder, "feeds", "import", list_file, "--tag", "mine", "--json")
    again = newsward("--config", watch.folder, "feeds", "import", list_file, "--json")

    assert [line["state"] for line in first.lines] == ["already", "added"]
    assert [line["state"] for line in again.lines] == ["already", "already"]
    assert first.err == "1 feed added to feeds.toml, 1 configured already\n"
    assert (watch.folder / "feeds.toml").read_text() == (
        f'# ours\n[[feed]]\nurl = "{mill}"\n\n[[feed]]\nurl = "{quay}"\ntitle = "The Quay"\ntags = ["mine", "trade"]\n'
    )


def test_what_fails_its_try_is_left_out_of_an_import(watch: Watch) -> None:
    watch.configure("")
    lists = opml(outline(served(watch, "Mill")), outline(watch.server.url("/none")))
    url = watch.server.serve("/list.opml", lists)

    outcome = newsward("--config", watch.folder, "feeds", "import", url, "--test")

    assert outcome.code == 0
    assert "/none: not added, its try failed" in outcome.out
    assert "1 feed added to feeds.toml, 0 configured already, 1 not added since they failed" in outcome.err
    assert [urlsplit(feed.url).path for feed in load(watch.folder, {}).feeds] == ["/Mill"]


def test_a_list_that_is_followed_becomes_a_source(watch: Watch) -> None:
    watch.configure("")
    url = watch.server.serve("/list.opml", opml(outline(served(watch, "Mill"))))
    (watch.folder / "mine.opml").write_bytes(opml(outline("https://a.example/feed")).body)  # type: ignore[arg-type]

    by_web = newsward("--config", watch.folder, "feeds", "import", url, "--follow")
    by_file = newsward("--config", watch.folder, "feeds", "import", watch.folder / "mine.opml", "--follow")

    assert (by_web.code, by_file.code) == (0, 0)
    assert by_web.err == f"{url}: followed from feeds.toml; it names 1 feed now\n"
    assert (watch.folder / "feeds.toml").read_text() == (
        f'[[source]]\nkind = "opml"\nurl = "{url}"\n\n[[source]]\nkind = "opml"\npath = "mine.opml"\n'
    )


def test_a_feed_that_is_configured_or_listed_under_another_spelling_is_polled_once(watch: Watch) -> None:
    mill, quay = served(watch, "Mill"), watch.server.serve("/Quay/", document("Quay"))
    others = (outline(mill.replace("http:", "https:")), outline(quay), outline(quay.removesuffix("/")))
    listing = watch.server.serve("/list.opml", opml(*others))
    watch.configure(f'[[feed]]\nurl = "{mill}"\n[[source]]\nkind = "opml"\nurl = "{listing}"\n')

    for seconds in (0, 1):
        watch.run(MORNING + timedelta(seconds=seconds))

    assert ask(watch.database, "SELECT url FROM feeds WHERE configured ORDER BY url") == [(mill,), (quay,), (listing,)]
    assert watch.titles() == ["Mill one", "Quay one"]


def test_what_is_exported_can_be_imported_elsewhere(listed: Watch, tmp_path: Path) -> None:
    listed.run(MORNING + timedelta(seconds=1))
    other = write_config(tmp_path / "other", [])

    exported = newsward("--config", listed.folder, "feeds", "export")
    (tmp_path / "out.opml").write_text(exported.out)
    imported = newsward("--config", other, "feeds", "import", tmp_path / "out.opml", "--json")

    assert exported.err == "2 feeds\n"
    assert [(line["url"], line["title"], line["state"]) for line in imported.lines] == [
        (listed.server.url("/Mill"), "Mill", "added"),
        (listed.server.url("/Quay"), "Quay", "added"),
    ]
    assert [feed.tags for feed in load(other, {}).feeds] == [("mine",), ("mine",)]


def test_an_import_from_the_web_says_what_it_leaves_out(watch: Watch) -> None:
    watch.configure("")
    url = watch.server.serve("/list.opml", opml(outline(served(watch, "Mill")), outline("file:///mill.xml")))

    outcome = newsward("--config", watch.folder, "feeds", "import", url)

    assert outcome.code == 0
    assert "1 outline was left out: no web address" in outcome.err
    assert "1 feed added to feeds.toml" in outcome.err


def test_what_left_its_list_is_not_exported(listed: Watch) -> None:
    listed.server.serve("/list.opml", opml(outline(listed.server.url("/Mill"))))
    listed.run(MORNING + timedelta(hours=13))

    exported = newsward("--config", listed.folder, "feeds", "export")

    assert "/Mill" in exported.out
    assert "/Quay" not in exported.out


def test_an_export_holds_no_secret_unless_it_is_asked_to(watch: Watch) -> None:
    watch.configure(
        '[[feed]]\nurl = "https://mill.example/feed?token=s3cr3ts3cr3t"\n'
        '[[feed]]\nurl = "https://quay.example/feed"\nheaders = { X-Key = "k" }\n'
        '[[feed]]\nurl = "https://lantern.example/feed"\n'
    )

    plain = newsward("--config", watch.folder, "feeds", "export")
    whole = newsward("--config", watch.folder, "feeds", "export", "--with-secrets")

    assert plain.err == "1 feed; 2 left out: they hold or need a secret\n"
    assert "s3cr3t" not in plain.out
    assert "s3cr3ts3cr3t" in whole.out
    assert "quay.example" not in whole.out


def test_a_sites_feeds_are_found_tried_and_added(watch: Watch) -> None:
    served(watch, "Mill")
    page = PAGE.format(LINK.format("/Mill") + LINK.format("/none"))
    site = watch.server.serve("/", Reply(page.encode(), content_type="text/html"))
    watch.configure("")

    outcome = newsward("--config", watch.folder, "feeds", "discover", site, "--add", "--tag", "mill", "--json")

    assert outcome.code == 0
    assert [(urlsplit(line["url"]).path, line["verdict"], line["added"]) for line in outcome.lines] == [
        ("/Mill", "warning", True),
        ("/none", "failed", False),
    ]
    assert [(urlsplit(feed.url).path, feed.tags) for feed in load(watch.folder, {}).feeds] == [("/Mill", ("mill",))]


def test_a_site_without_feeds_makes_discover_fail(watch: Watch) -> None:
    site = watch.server.serve("/", Reply(PAGE.format("").encode(), content_type="text/html"))
    watch.configure("")

    outcome = newsward("--config", watch.folder, "feeds", "discover", site)

    assert outcome.code == 1
    assert "no feed" in outcome.out
    assert "at none of 7 usual places is one" in outcome.out
