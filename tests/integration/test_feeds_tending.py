"""``newsward feeds add|remove|pause|enable|list``: what a person wants holds, whatever runs beside it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.builders_cli import newsward
from tests.builders_run import ask, write_config
from tests.feed_server import FeedServer, Reply

ITEM = "<item><title>{0} one</title><guid>{0}-1</guid></item>"
RSS = f"<rss version='2.0'><channel><title>{{0}}</title>{ITEM}</channel></rss>"


def document(title: str) -> Reply:
    return Reply(RSS.format(title).encode(), etag=f'"{title}"')


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer(host="0.0.0.0") as server:
        yield server


@pytest.fixture
def urls(server: FeedServer) -> list[str]:
    """Three feeds: Mill, Quay, Lantern."""
    names = ("Mill", "Quay", "Lantern")
    return [
        server.serve(f"/{name}.xml", document(name), host=f"127.0.0.{place}") for place, name in enumerate(names, 71)
    ]


@pytest.fixture
def watch(urls: list[str], tmp_path: Path) -> Path:
    """Two of them are configured and were polled."""
    folder = write_config(tmp_path / "watch", urls[:2])
    assert newsward("--config", folder, "run").code == 0
    return folder


def polled_by_a_run(watch: Path) -> list[str]:
    """The names of the feeds that take a turn when all do."""
    lines = newsward("--config", watch, "feeds", "poll", "--force", "--json").lines
    return sorted(Path(line["url"]).stem for line in lines)


# --------------------------------------------------------------------------- pause and enable


def test_a_paused_feed_rests_and_says_who_wants_it_and_why(watch: Path, urls: list[str]) -> None:
    before = datetime.now(UTC)
    outcome = newsward(
        "--config", watch, "feeds", "pause", "mill", "--for", "3 days", "--reason", "too  noisy", "--json"
    )

    [line] = outcome.lines
    assert (outcome.code, list(line)) == (0, ["url", "title", "paused", "paused_until"])
    assert (line["url"], line["title"]) == (urls[0], "Mill")
    assert re.fullmatch(
        r"paused by \S.* on \d{4}-\d\d-\d\d until \d{4}-\d\d-\d\d \d\d:\d\d UTC: too noisy", line["paused"]
    )
    end = datetime.fromisoformat(line["paused_until"])
    assert timedelta(0) <= end - before - timedelta(days=3) + timedelta(seconds=1) < timedelta(minutes=2)
    assert polled_by_a_run(watch) == ["Quay"]
    [rests] = newsward("--config", watch, "feeds", "list", "--resting", "--json").lines
    assert (rests["status"], rests["reason"]) == ("paused", line["paused"])


def test_enable_ends_a_pause(watch: Path) -> None:
    newsward("--config", watch, "feeds", "pause", "Mill")

    outcome = newsward("--config", watch, "feeds", "enable", "Mill", "--json")

    [line] = outcome.lines
    assert (outcome.code, list(line)) == (0, ["url", "title", "was", "next_poll_at"])
    assert line["was"].startswith("paused by ")
    assert newsward("--config", watch, "feeds", "list", "--resting", "--json").lines == []
    assert newsward("--config", watch, "run", "--json").lines[0]["due"] == 1
    assert polled_by_a_run(watch) == ["Mill", "Quay"]


def test_enable_brings_back_a_feed_that_was_gone(server: FeedServer, watch: Path) -> None:
    server.serve("/Mill.xml", Reply(status=410))
    newsward("--config", watch, "feeds", "poll", "--force")
    assert polled_by_a_run(watch) == ["Quay"]

    told = newsward("--config", watch, "feeds", "enable", "Mill")
    server.serve("/Mill.xml", document("Mill"))

    assert "Mill <" in told.out
    assert "enabled (the server says that the feed is gone for good (410)); the next run polls it" in told.out
    assert newsward("--config", watch, "run", "--json").lines[0]["not_modified"] == 1


def test_a_feed_that_no_run_has_seen_yet_can_be_paused(urls: list[str], tmp_path: Path) -> None:
    folder = write_config(tmp_path / "new", urls[:2])

    assert newsward("--config", folder, "feeds", "pause", urls[1]).code == 0

    assert polled_by_a_run(folder) == ["Mill"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("pause", "nobody"), "'nobody': no feed has this address, title, or part of either"),
        (("pause", "127.0.0.7"), "'127.0.0.7' means 2 feeds; say more, or give the address:\n  Mill <http"),
        (("pause", "Mill", "--for", "long"), "--for 'long' is no duration: write it as \"3 days\""),
        (("pause", "Mill", "--until", "soon"), "--until 'soon' is no date: write it as 2026-03-05"),
        (("pause", "Mill", "--until", "2020-01-01"), "--until '2020-01-01' is over already (2020-01-01T00:00:00Z)"),
        (("pause", "Mill", "--until", "2999-01-01", "--for", "1 day"), "give one of them"),
        (("enable", "Mill", "nobody"), "'nobody': no feed"),
        (("add", "nonsense"), "nonsense: the address must be an http or https address"),
        (("add", "http://a.example", "http://b.example", "--title", "A"), "--title is for one feed"),
    ],
)
def test_what_is_not_clear_changes_nothing(watch: Path, arguments: tuple[str, ...], message: str) -> None:
    outcome = newsward("--config", watch, "feeds", *arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert newsward("--config", watch, "feeds", "list", "--resting", "--json").lines == []


def test_a_feed_can_be_paused_where_the_secrets_of_the_channels_are_not_known(watch: Path) -> None:
    with (watch / "newsward.toml").open("a") as file:
        file.write('[[channel]]\nid = "far"\nkind = "webhook"\nurl = "https://x.example/${NOT_SET_HERE}"\n')

    assert newsward("--config", watch, "feeds", "pause", "Mill").code == 0


# --------------------------------------------------------------------------- add


def test_a_feed_is_tried_and_added_and_the_next_run_polls_it(watch: Path, urls: list[str]) -> None:
    written = (watch / "feeds.toml").read_text()

    outcome = newsward(
        "--config", watch, "feeds", "add", urls[2], "--language", "en", "--tier", 2, "--tag", "lamps", "--json"
    )

    [line] = outcome.lines
    assert (outcome.code, list(line)) == (0, ["url", "added", "file", "already", "trial"])
    assert (line["url"], line["added"], line["file"], line["already"]) == (urls[2], True, "feeds.toml", None)
    assert (line["trial"]["verdict"], line["trial"]["title"], line["trial"]["entries"]) == ("warning", "Lantern", 1)
    table = f'\n[[feed]]\nurl = "{urls[2]}"\nlanguage = "en"\ntags = ["lamps"]\ntier = 2\n'
    assert (watch / "feeds.toml").read_text() == written + table
    assert newsward("--config", watch, "run", "--json").lines[0]["due"] == 1
    assert polled_by_a_run(watch) == ["Lantern", "Mill", "Quay"]


def test_a_feed_that_fails_its_try_is_not_added(server: FeedServer, watch: Path, urls: list[str]) -> None:
    page = server.serve(
        "/page", Reply(b"<html><link rel=alternate type='application/rss+xml' href='/Lantern.xml'></html>")
    )
    written = (watch / "feeds.toml").read_text()

    outcome = newsward("--config", watch, "feeds", "add", page, urls[2])

    assert outcome.code == 1
    assert f"{page}: not added, its try failed (--no-test adds it all the same)" in outcome.out
    assert outcome.out.count("it announces http://127.0.0.1:") == 1
    assert f"{urls[2]}: added to feeds.toml; the next run polls it" in outcome.out
    assert page not in (watch / "feeds.toml").read_text().removeprefix(written)


def test_without_a_try_nothing_is_asked(server: FeedServer, watch: Path, urls: list[str]) -> None:
    assert newsward("--config", watch, "feeds", "add", urls[2], "--no-test").code == 0

    assert server.requests("/Lantern.xml") == []
    assert urls[2] in (watch / "feeds.toml").read_text()


def test_a_feed_that_is_configured_is_not_added_again(watch: Path, urls: list[str]) -> None:
    written = (watch / "feeds.toml").read_text()

    outcome = newsward("--config", watch, "feeds", "add", f"{urls[0]}/#top")

    assert outcome.code == 0
    assert re.search(r"is configured already \(feeds\.toml: feed 1 \(.+\)\)", outcome.out)
    assert (watch / "feeds.toml").read_text() == written


def test_of_commands_that_edit_at_the_same_time_each_change_is_kept(watch: Path) -> None:
    new = [f"https://new{number}.example/feed" for number in range(4)]
    command = [sys.executable, "-m", "pipeline", "--config", watch, "feeds", "add", "--no-test"]

    adding = [subprocess.Popen([*command, url], stdout=subprocess.DEVNULL) for url in new]

    assert [one.wait() for one in adding] == [0] * 4
    text = (watch / "feeds.toml").read_text()
    assert [url for url in new if url not in text] == []
    assert len(ask(watch / "newsward.db", "SELECT url FROM feeds WHERE configured = 1")) == 6


# --------------------------------------------------------------------------- remove


def test_a_removed_feed_leaves_the_file_and_what_it_brought_stays(watch: Path, urls: list[str]) -> None:
    outcome = newsward("--config", watch, "feeds", "remove", "Mill", "--json")

    [line] = outcome.lines
    assert line == {"url": urls[0], "title": "Mill", "file": "feeds.toml", "still": None}
    assert urls[0] not in (watch / "feeds.toml").read_text()
    assert polled_by_a_run(watch) == ["Quay"]
    assert ask(watch / "newsward.db", "SELECT title FROM entries WHERE feed_url = ?", urls[0]) == [("Mill one",)]
    assert [row["status"] for row in newsward("--config", watch, "feeds", "list", "mill", "--json").lines] == [
        "not configured"
    ]


def test_a_feed_that_was_only_ever_polled_by_name_is_removed_from_the_database(watch: Path, urls: list[str]) -> None:
    newsward("--config", watch, "feeds", "poll", urls[2])
    assert polled_by_a_run(watch) == ["Lantern", "Mill", "Quay"]

    outcome = newsward("--config", watch, "feeds", "remove", urls[2])

    assert outcome.out == f"Lantern <{urls[2]}>: taken out of the database's feeds; what it brought stays\n"
    assert polled_by_a_run(watch) == ["Mill", "Quay"]
    again = newsward("--config", watch, "feeds", "remove", urls[2])
    assert (again.code, "was taken out before" in again.out) == (0, True)
    assert newsward("--config", watch, "feeds", "enable", urls[2]).code == 2


def test_a_feed_of_a_list_is_left_to_its_list(watch: Path, urls: list[str]) -> None:
    (watch / "list.opml").write_text(f'<opml version="2.0"><body><outline xmlUrl="{urls[2]}"/></body></opml>')
    with (watch / "feeds.toml").open("a") as file:
        file.write(f'\n[[source]]\nkind = "opml"\npath = "list.opml"\n\n[[feed]]\nurl = "{urls[2]}"\ntitle = "Mine"\n')
    newsward("--config", watch, "run")

    both = newsward("--config", watch, "feeds", "remove", urls[2])
    listed = newsward("--config", watch, "feeds", "remove", urls[2], urls[0])

    assert "taken out of feeds.toml, and still polled by feeds.toml: source 1 (opml)" in both.out
    assert listed.code == 2
    assert "comes from feeds.toml: source 1 (opml)" in listed.err
    assert "let it rest with `newsward feeds pause`" in listed.err
    assert urls[0] in (watch / "feeds.toml").read_text()  # nothing is done by halves
    assert polled_by_a_run(watch) == ["Lantern", "Mill", "Quay"]


# --------------------------------------------------------------------------- list


def test_the_list_is_narrowed_by_word_and_by_state_and_counted(server: FeedServer, watch: Path) -> None:
    server.serve("/Quay.xml", Reply(status=500))
    newsward("--config", watch, "feeds", "poll", "--force")
    newsward("--config", watch, "feeds", "pause", "Mill")

    def titles(*options: str) -> list[str]:
        return [row["title"] for row in newsward("--config", watch, "feeds", "list", *options, "--json").lines]

    assert titles() == ["Quay", "Mill"]
    assert titles("--failing") == ["Quay"]
    assert titles("--silent") == []
    assert titles("--failing", "--resting") == ["Quay", "Mill"]
    assert titles("MILL") == ["Mill"]
    assert titles("mill", "--failing") == []
    whole = newsward("--config", watch, "feeds", "list")
    assert whole.err == "2 feeds: 1 failing, 1 paused\n"
    assert newsward("--config", watch, "feeds", "list", "mill").err == "1 of 2 feeds: 1 paused\n"
    assert newsward("--config", watch, "feeds", "list", "--silent").err == "nothing to list\n"


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_terminal(watch: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    newsward("--config", watch, "feeds", "pause", "Mill", "--reason", "a long story " * 10)
    monkeypatch.setenv("COLUMNS", str(width))

    table = newsward("--config", watch, "feeds", "list").out.splitlines()

    assert max(map(len, table)) <= width
    assert ("url" in table[1].split()) == (width == 120)
    assert {"paused", "Mill", "ok", "Quay"} <= {word for line in table for word in line.split()}
