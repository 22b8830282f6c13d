"""``newsward feeds test``: what a person is told of each sort of feed, and that nothing is left behind."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.store import RunLock
from tests.builders_cli import newsward
from tests.feed_server import FeedServer, Reply, redirect

CERTIFICATE = Path(__file__).with_name("fetch_localhost.pem")
MAIN = '[[channel]]\nid = "screen"\nkind = "stdout"\n[[rule]]\nname = "all"\nchannels = ["screen"]\n{}'


def feed(*items: tuple[str, str, timedelta | None], language: str = "en") -> bytes:
    """An RSS document: title, link and age of each item."""
    now = datetime.now(UTC)
    told = "".join(
        f"<item><title>{title}</title>"
        + (f"<link>{link}</link>" if link else f"<guid isPermaLink='false'>{title}</guid>")
        + (f"<pubDate>{format_datetime(now - age)}</pubDate>" if age is not None else "")
        + "</item>"
        for title, link, age in items
    )
    channel = f"<title>Harbour News</title><link>https://h.example/</link><language>{language}</language>{told}"
    return f"<rss version='2.0'><channel>{channel}</channel></rss>".encode()


GOOD = feed(("One", "https://h.example/1", timedelta(hours=2)), ("Two", "https://h.example/2", timedelta(hours=5)))


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    with FeedServer(host="0.0.0.0") as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "watch")


def write(folder: Path, feeds: str = "", main: str = "") -> Path:
    folder.mkdir()
    (folder / "newsward.toml").write_text(MAIN.format(main))
    (folder / "companies.toml").write_text('[[company]]\nname = "Xiaomi"\n')
    (folder / "feeds.toml").write_text(feeds)
    return folder


def trial(folder: Path, *arguments: object, code: int = 0) -> Mapping[str, Any]:
    """The one line of ``feeds test --json``."""
    outcome = newsward("--config", folder, "feeds", "test", *arguments, "--allow-private", "--json")
    assert outcome.code == code, outcome.err
    [line] = outcome.lines
    return line


def test_a_good_feed_is_ok_and_told_in_full(server: FeedServer, folder: Path) -> None:
    # Made now: GOOD is as old as the whole suite.
    items = (("One", "https://h.example/1", timedelta(hours=2)), ("Two", "https://h.example/2", timedelta(hours=5)))
    url = server.serve("/good", Reply(feed(*items)))

    line = trial(folder, url)

    assert line | {"seconds": 0, "newest_at": "", "newest_age": 0} == {
        "url": url,
        "verdict": "ok",
        "status": 200,
        "error": None,
        "error_kind": None,
        "title": "Harbour News",
        "format": "rss20",
        "language": "en",
        "entries": 2,
        "dated": 2,
        "newest_at": "",
        "newest_age": 0,
        "moved_to": None,
        "announced": [],
        "seconds": 0,
        "advice": [],
    }
    assert 7200 <= line["newest_age"] < 7200 + 300
    assert line["newest_at"].endswith("Z")
    assert 0 < line["seconds"] < 40


def test_nothing_is_stored_and_no_lock_is_needed(server: FeedServer, folder: Path) -> None:
    url = server.serve("/good", Reply(GOOD, etag='"1"'))
    (folder / "data").mkdir()
    (folder / "newsward.toml").write_text('[store]\ndatabase = "data/n.db"\n' + MAIN.format(""))

    with RunLock(folder / "data", wait=False):
        before = sorted(folder.rglob("*"))
        assert trial(folder, url)["status"] == 200
        assert trial(folder, url)["status"] == 200  # asked without conditions: there is no 304

    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        (
            feed(("Old", "https://h.example/1", timedelta(days=400, hours=1))),
            ["its newest entry is 400 days old: look whether the site has a newer feed"],
        ),
        (
            feed(("One", "https://h.example/1", None)),
            ["no entry has a date: those of the first poll never alert, later ones count from our first sight"],
        ),
        (
            feed(("One", "", timedelta(hours=1)), ("Two", "", timedelta(hours=2))),
            ["2 of 2 entries have no link: alerts cannot link to the articles"],
        ),
        (feed(), ["it has no entries now: look again later"]),
        (
            GOOD.replace(b"<title>One", b"<title>A & B"),
            [
                (
                    "the document is damaged and was repaired (mended: xmlParseEntityRef: no name, line 1, "
                    "column 126): tell its owner"
                )
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_readable_feed_is_a_warning(
    server: FeedServer, folder: Path, body: bytes, advice: list[str]
) -> None:
    line = trial(folder, server.serve("/odd", Reply(body)))

    assert (line["verdict"], line["advice"]) == ("warning", advice)


def test_a_quiet_feed_is_ok_and_told_that_it_would_not_alert(server: FeedServer, folder: Path) -> None:
    url = server.serve("/quiet", Reply(feed(("Old", "https://h.example/1", timedelta(days=3, minutes=1)))))

    line = trial(folder, url)

    assert line["verdict"] == "ok"
    assert line["advice"] == [
        "nothing in it would alert now: the newest entry is 72 hours old, [alert] max_age is shorter"
    ]


def test_a_feed_that_moved_for_good_is_told_where_to(server: FeedServer, folder: Path) -> None:
    new = server.serve("/new", Reply(GOOD))
    moved = server.serve("/moved", redirect(new, 301))
    lent = server.serve("/lent", redirect(new, 302))

    line = trial(folder, moved)

    assert (line["verdict"], line["moved_to"]) == ("warning", new)
    assert line["advice"] == ["it moved for good: put the new address into feeds.toml"]
    assert trial(folder, lent)["verdict"] == "ok"


@pytest.mark.parametrize(
    ("reply", "kind", "advice"),
    [
        (Reply(status=401), "blocked", "the site wants credentials (headers in feeds.toml) or keeps programs out"),
        (Reply(status=403), "blocked", "the site wants credentials (headers in feeds.toml) or keeps programs out"),
        (Reply(status=404), "not_found", "nothing is at this address: look on the site for where its feed is now"),
        (Reply(status=410), "gone", "the feed is gone for good: remove it from feeds.toml"),
        (Reply(status=429), "rate_limited", "the site was asked too often: try again later"),
        (Reply(status=503), "http", "the server failed: try again later"),
        (Reply(b""), "empty", "the server answers with nothing: try again later"),
        (Reply(b"<p>Hello</p>"), "not_a_feed", "look on the page for the address of its feed"),
        (Reply(b"<urlset><url/></urlset>"), "not_a_feed", "put a [[source]] of that kind into feeds.toml"),
        (Reply(b"x" * 5_000_001), "too_large", "look for a shorter feed of this site, or raise max_raw"),
    ],
)
def test_a_feed_that_failed_is_told_what_to_do(
    server: FeedServer, folder: Path, reply: Reply, kind: str, advice: str
) -> None:
    line = trial(folder, server.serve("/bad", reply), code=1)

    assert (line["verdict"], line["status"], line["error_kind"]) == ("failed", reply.status, kind)
    assert line["error"]
    assert line["advice"][0].startswith(advice)


def test_a_page_is_told_with_the_feeds_that_it_names(server: FeedServer, folder: Path) -> None:
    page = b"<html><head><link rel='alternate' type='application/rss+xml' href='/feed.xml'></head></html>"

    line = trial(folder, server.serve("/page", Reply(page, content_type="text/html")), code=1)

    assert line["announced"] == [server.url("/feed.xml")]
    assert line["advice"] == [
        "a page, and not a feed: put the address of the feed that it names into feeds.toml"
    ]  # fmt: skip


def test_a_name_that_nobody_has_an_untrusted_certificate_and_a_dead_port_are_told(folder: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with FeedServer(tls=context) as server:
        untrusted = trial(folder, server.serve("/feed", Reply(GOOD)), code=1)
    dead = trial(folder, server.url("/feed"), code=1)

    assert (untrusted["error_kind"], untrusted["status"]) == ("tls", None)
    assert untrusted["advice"] == [
        "the certificate is no good: a trusted one of your own goes into ca_file in [fetch]"
    ]  # fmt: skip
    assert dead["error_kind"] == "connect"


def test_a_private_address_is_refused_and_how_to_allow_it_is_told(server: FeedServer, folder: Path) -> None:
    outcome = newsward("--config", folder, "feeds", "test", server.serve("/good", Reply(GOOD)))

    assert outcome.code == 1
    assert "127.0.0.1 is not polled: this machine itself" in outcome.out
    assert "if you trust this address, allow it: --allow-private here, [fetch] for a run" in outcome.out
    assert outcome.err == "1 feed tried: 0 ok, 0 with warnings, 1 failed\n"


def test_without_names_all_configured_feeds_are_tried_and_the_worst_comes_first(
    server: FeedServer, tmp_path: Path
) -> None:
    good = server.serve("/good", Reply(GOOD), host="127.0.0.21")
    old = server.serve("/old", Reply(feed(("Old", "https://h.example/1", timedelta(days=99)))), host="127.0.0.22")
    gone = server.serve("/gone", Reply(status=410), host="127.0.0.23")
    feeds = "".join(f'[[feed]]\nurl = "{url}"\n' for url in (good, old, gone))
    folder = write(tmp_path / "watch", feeds)

    told = newsward("--config", folder, "feeds", "test", "--allow-private")
    streamed = newsward("--config", folder, "feeds", "test", "--allow-private", "--json")

    assert [line.split()[0] for line in told.out.splitlines()[1:4]] == ["failed", "warning", "ok"]
    assert f"\nfailed: {gone}\n    410 Gone" in told.out
    assert told.err == "3 feeds tried: 1 ok, 1 with warnings, 1 failed\n"
    assert [line["url"] for line in streamed.lines] == [good, old, gone]
    assert (told.code, streamed.code) == (1, 1)


def test_secrets_of_configured_feeds_are_sent_and_never_shown(server: FeedServer, tmp_path: Path) -> None:
    url = server.serve("/private?token=hunter2", redirect("/private2?token=hunter3", 301), host="127.0.0.24")
    server.serve("/private2?token=hunter3", Reply(GOOD))
    folder = write(tmp_path / "watch", f'[[feed]]\nurl = "{url}"\nheaders = {{ X-Api-Key = "hunter4" }}\n')

    told = newsward("--config", folder, "feeds", "test", "--allow-private")
    [line] = newsward("--config", folder, "feeds", "test", "--allow-private", "--json").lines

    assert server.requests("/private2?token=hunter3")[0].headers["x-api-key"] == "hunter4"
    assert line["verdict"] == "warning"
    assert "hunter" not in told.out + told.err + json.dumps(line)


def test_a_named_feed_that_is_configured_is_asked_with_its_headers(server: FeedServer, tmp_path: Path) -> None:
    url = server.serve("/asked", Reply(GOOD), host="127.0.0.25")
    folder = write(tmp_path / "watch", f'[[feed]]\nurl = "{url}"\nheaders = {{ X-Api-Key = "hunter4" }}\n')

    trial(folder, url)

    assert server.requests("/asked")[0].headers["x-api-key"] == "hunter4"


def test_what_is_no_address_is_exit_code_2_and_the_others_are_tried(server: FeedServer, folder: Path) -> None:
    good = server.serve("/good", Reply(GOOD))
    (folder / "urls.txt").write_text(f"# mine\n{good}\n")

    outcome = newsward(
        "--config", folder, "feeds", "test", "ftp://h.example/x", "--urls", folder / "urls.txt", "--json",
        "--allow-private",
    )  # fmt: skip
    nothing = newsward("--config", folder, "feeds", "test")

    assert outcome.code == 2
    assert [(line["verdict"], line["error"]) for line in outcome.lines] == [
        ("failed", "not tried: the address must be an http or https address"),
        ("ok", None),
    ]
    assert nothing.code == 2
    assert nothing.err == "newsward: there is no feed to try: name one, or add [[feed]] tables to feeds.toml\n"


def test_when_nothing_can_be_reached_the_network_here_is_named(folder: Path) -> None:
    gone = [f"http://127.0.0.{number}:9/feed" for number in (1, 2)]

    outcome = newsward("--config", folder, "feeds", "test", "--allow-private", *gone)

    assert outcome.code == 1
    assert "2 failed (none could be reached: look at this machine's network, name server, proxy)\n" in outcome.err
