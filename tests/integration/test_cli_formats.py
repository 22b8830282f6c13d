"""The formats that other programs rely on: JSON Lines in and out, in order, unknown keys ignored."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.store import RunLock
from tests.builders_cli import newsward
from tests.builders_run import SEEDS, ask
from tests.feed_server import FeedServer, Raw, Reply, Seen, redirect

COMPANIES = SEEDS / "companies.toml"
HIT_KEYS = ["company", "score", "salience", "method", "name", "found", "field", "start", "end"]
POLL_KEYS = [
    "url", "current_url", "status", "not_modified", "entries", "new", "error", "error_kind",
    "next_poll_at", "next_poll_in", "disabled",
]  # fmt: skip


def lines(*values: object) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


# --------------------------------------------------------------------------- match


def test_match_answers_every_line_in_order_and_points_into_the_text() -> None:
    entries = [
        {"id": 7, "title": "Xiamio and Microsoft sign", "unknown": {"x": 1}},
        {"id": "b", "text": "今天，小米公司发布手机"},
        {"id": "c", "title": "Apple orchards bloom", "text": None},
        {"title": "no id, no company"},
    ]

    outcome = newsward("match", "--companies", COMPANIES, stdin=lines(*entries))

    assert outcome.code == 0
    assert [line["id"] for line in outcome.lines] == [7, "b", "c", None]
    assert [[hit["company"] for hit in line["hits"]] for line in outcome.lines] == [
        ["microsoft", "xiaomi"], ["xiaomi"], [], [],
    ]  # fmt: skip
    for entry, line in zip(entries, outcome.lines, strict=True):
        for hit in line["hits"]:
            assert list(hit) == HIT_KEYS
            assert str(entry[hit["field"]])[hit["start"] : hit["end"]] == hit["found"]
            assert 0 <= hit["salience"] <= 100
            assert 0 < hit["score"] <= 100


def test_match_counts_code_points_beyond_the_basic_plane() -> None:
    title = "🚀🚀 &amp; Ｍｉｃｒｏｓｏｆｔ’s 𝟚 plans"

    [line] = newsward("match", "--companies", COMPANIES, stdin=lines({"id": 1, "title": title})).lines

    [hit] = line["hits"]
    assert title[hit["start"] : hit["end"]] == hit["found"]
    assert hit["found"].startswith("Ｍｉｃｒｏｓｏｆｔ")


def test_match_takes_companies_as_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "companies.jsonl"
    company = {"id": "g", "name": "Globex", "aliases": ["Globex Corporation"], "tickers": ["GLBX"], "kind": "x"}
    path.write_text(lines(company), encoding="utf-8")

    outcome = newsward("match", "--companies", path, stdin=lines({"id": 1, "title": "Globex opens a mine"}))

    assert [hit["company"] for hit in outcome.lines[0]["hits"]] == ["g"]


@pytest.mark.parametrize(
    ("stdin", "said"),
    [
        ("nonsense\n", "line 1: not JSON"),
        ('{"id": 1}\n[1]\n', "line 2: a JSON object was expected"),
        ('{"id": 1, "title": 5}\n', "line 1: 'title' must be text"),
        ("[" * 100_000 + "\n", "line 1: not JSON"),
        ('{"id": ' + "9" * 5000 + "}\n", "line 1: not JSON"),
    ],
)
def test_match_names_the_line_that_it_cannot_read(stdin: str, said: str) -> None:
    outcome = newsward("match", "--companies", COMPANIES, stdin=stdin)

    assert outcome.code == 2
    assert said in outcome.err
    assert said in outcome.lines[-1]["error"]


BAD_LINES = (
    "nonsense", "[1]", '{"id": 8, "title": 5}', '{"id": 9, "text": ["Microsoft"]}', '{"id": 10, "title": "Micro'
)  # fmt: skip


def test_a_line_that_match_cannot_read_has_its_answer_and_costs_no_other() -> None:
    good = json.dumps({"id": "good", "title": "Microsoft buys a studio"})

    outcome = newsward("match", "--companies", COMPANIES, stdin="".join(f"{bad}\n{good}\n" for bad in BAD_LINES))

    assert outcome.code == 2
    assert [line["id"] for line in outcome.lines] == [
        None, "good", None, "good", 8, "good", 9, "good", None, "good"
    ]  # fmt: skip
    assert [[hit["company"] for hit in line["hits"]] for line in outcome.lines] == [[], ["microsoft"]] * 5
    assert ["error" in line for line in outcome.lines] == [True, False] * 5
    assert outcome.err.count("newsward: stdin, line ") == 5


def test_of_many_lines_that_cannot_be_read_the_first_are_told_and_the_others_counted() -> None:
    outcome = newsward("match", "--companies", COMPANIES, stdin="nonsense\n" * 3000)

    assert outcome.code == 2
    assert len(outcome.lines) == 3000
    assert outcome.err.count("not JSON") == 20
    assert outcome.err.endswith("newsward: 2980 more lines with an error\n")


def test_what_is_told_of_a_line_is_short_however_long_the_line_is() -> None:
    outcome = newsward("cluster", stdin=lines({"id": 1, "title": "x", "published": "x" * 50_000}))

    assert outcome.code == 2
    assert outcome.lines[0]["error"].startswith('stdin, line 1: "published" is no moment: ')
    assert len(outcome.lines[0]["error"]) < 400 > len(outcome.err)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400"])
def test_a_value_that_is_no_number_is_none(number: str) -> None:
    stdin = f'{{"id": {number}, "title": "Microsoft buys a studio", "text": NaN}}\n'

    outcome = newsward("match", "--companies", COMPANIES, stdin=stdin)

    assert outcome.code == 0
    assert outcome.out.startswith('{"id":null,"hits":[{"company":"microsoft",')


def test_a_lone_surrogate_comes_out_as_its_escape() -> None:
    outcome = newsward("match", "--companies", COMPANIES, stdin='{"id": "\\ud800", "title": "Microsoft \\ud800"}\n')

    assert outcome.code == 0
    assert outcome.lines[0]["id"] == "\ud800"


def test_a_missing_companies_file_is_bad_usage(tmp_path: Path) -> None:
    for name in ("none.toml", "none.jsonl"):
        outcome = newsward("match", "--companies", tmp_path / name, stdin="")

        assert outcome.code == 2
        assert name in outcome.err


# --------------------------------------------------------------------------- cluster, canonical, parse


def test_cluster_gives_the_first_members_ids_as_they_were_given() -> None:
    entries = [
        {"id": 1, "title": "Microsoft opens a research lab in Porto", "text": "The lab will hire 40 engineers.",
         "published": "2026-03-05T06:00:00Z", "url": "https://a.example/lab?utm_source=x", "companies": ["m"]},
        {"id": "again", "title": "Microsoft opens a research lab in Porto", "text": "The lab will hire 40 engineers.",
         "published": 1772690500, "url": "http://www.a.example/lab", "companies": ["m"], "extra": []},
        {"id": 3, "title": "Porto's river festival draws record crowds",
         "published": "2026-03-05T07:00:00+01:00", "url": "https://b.example/river", "companies": []},
    ]  # fmt: skip

    outcome = newsward("cluster", stdin=lines(*entries))

    assert outcome.lines == [
        {"id": 1, "entry": 1, "article": 1, "story": 1, "relation": "new"},
        {"id": "again", "entry": 1, "article": 1, "story": 1, "relation": "seen"},
        {"id": 3, "entry": 3, "article": 3, "story": 3, "relation": "new"},
    ]


def test_cluster_takes_ids_of_any_type_and_repeated_ones() -> None:
    titles = [
        "Rain floods the harbour road",
        "Choir wins a prize in Linz",
        "Bakery opens at the mill",
        "Bridge is closed",
    ]
    entries = [
        {"id": given, "title": title, "published": 1772690400 + hour, "companies": []}
        for hour, (given, title) in enumerate(zip([1, "1", None, 1], titles, strict=True))
    ]

    placed = newsward("cluster", stdin=lines(*entries)).lines

    assert [line["id"] for line in placed] == [1, "1", None, 1]
    assert [line["relation"] for line in placed] == ["new"] * 4
    assert [line["story"] for line in placed] == [1, "1", None, 1]


@pytest.mark.parametrize("command", [("match", "--companies", COMPANIES), ("cluster",)])
def test_a_byte_order_mark_is_no_part_of_the_first_line(command: tuple[object, ...]) -> None:
    outcome = newsward(*command, stdin="\ufeff" + lines({"id": 1, "title": "Microsoft", "published": 1772690400}))

    assert outcome.code == 0
    assert [line["id"] for line in outcome.lines] == [1]


@pytest.mark.parametrize(
    ("command", "code"),
    [(("match", "--companies", COMPANIES), 0), (("cluster",), 0), (("canonical",), 0), (("parse", "-"), 1)],
)
def test_a_stdin_that_is_closed_is_an_empty_one(command: tuple[object, ...], code: int) -> None:
    shell = shlex.join([sys.executable, "-m", "pipeline", *map(str, command)]) + " <&-"

    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr


def test_parse_calls_what_it_read_by_its_name() -> None:
    assert newsward("parse", "-", stdin="Hello").err == "newsward: stdin: no feed but plain text\n"


def test_a_line_that_cluster_cannot_read_has_its_answer_and_costs_no_other() -> None:
    good = {"title": "Microsoft opens a research lab in Porto", "published": "2026-03-05T06:00:00Z"}
    bad = [{"id": 2, "title": "x", "published": "soon"}, {"id": 3, "companies": "m"}]

    outcome = newsward("cluster", "--grain", "fine", stdin=lines({"id": 1, **good}, *bad, {"id": 4, **good}) + "[]\n")

    none = dict.fromkeys(("entry", "article", "story", "relation"))
    assert outcome.code == 2
    assert [{**line, "error": None} for line in outcome.lines] == [
        {"id": 1, "entry": 1, "article": 1, "story": 1, "relation": "new", "error": None},
        {"id": 2, **none, "error": None},
        {"id": 3, **none, "error": None},
        {"id": 4, "entry": 4, "article": 1, "story": 1, "relation": "copy", "error": None},
        {"id": None, **none, "error": None},
    ]
    assert [line.get("error", "")[:14] for line in outcome.lines] == [
        "", "stdin, line 2:", "stdin, line 3:", "", "stdin, line 5:"
    ]  # fmt: skip


def test_an_entry_without_a_moment_is_as_old_as_the_one_before_it() -> None:
    title = "Microsoft opens a research lab in Porto"
    entries = [{"id": 1, "title": title, "published": "2026-03-05T06:00:00Z"}, {"id": 2, "title": title}]
    later = [{"id": 3, "title": title, "published": None}, {"id": 4, "title": title, "published": ""}]

    outcome = newsward("cluster", stdin=lines(*entries, *later))

    assert outcome.code == 0
    assert [line["story"] for line in outcome.lines] == [1, 1, 1, 1]


def test_canonical_prints_one_line_for_each_line() -> None:
    stdin = "http://www.Example.com:80/a/?utm_source=x&b=2#frag\n\nhttps://example.com/a?b=2\njavascript:alert(1)\n"

    printed = newsward("canonical", stdin=stdin).out.split("\n")

    assert len(printed) == 5
    assert printed[0] == printed[2] != ""
    assert printed[1] == printed[3] == printed[4] == ""


@pytest.mark.parametrize("source", ["file", "-"])
def test_parse_prints_the_feed_and_then_its_entries(source: str) -> None:
    path = SEEDS / "feeds" / "first" / "lantern-tech.xml"

    outcome = newsward("parse", path if source == "file" else "-", stdin=path.read_bytes())

    head, *entries = outcome.lines
    assert head["feed"]["title"] == "Lantern Tech Daily"
    assert set(head["feed"]) == {"title", "link", "language", "format"}
    assert len(entries) == 15
    for entry in entries:
        assert list(entry) == ["id", "title", "link", "published", "updated", "author", "summary", "content"]


def test_parse_says_what_is_no_feed(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<!doctype html><html><body>Hello</body></html>", encoding="utf-8")

    outcome = newsward("parse", path)

    assert (outcome.code, outcome.out) == (1, "")
    assert "an HTML page" in outcome.err


# --------------------------------------------------------------------------- feeds poll


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer(host="0.0.0.0") as server:
        yield server


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """What ``init DIR --yes`` writes, its feeds taken out so that nothing leaves this machine."""
    assert newsward("init", tmp_path / "watch", "--yes").code == 0
    (tmp_path / "watch" / "feeds.toml").write_text("", encoding="utf-8")
    return tmp_path / "watch"


def feed(*titles: str, etag: str = "") -> Reply:
    items = "".join(f"<item><title>{title}</title><guid isPermaLink='false'>{title}</guid></item>" for title in titles)
    return Reply(f"<rss version='2.0'><channel><title>Mill</title>{items}</channel></rss>".encode(), etag=etag)


def test_feeds_poll_prints_a_line_for_each_feed(config: Path, server: FeedServer) -> None:
    good = server.serve("/good.xml", feed("One", "Two", etag='"1"'), host="127.0.0.51")
    gone = server.serve("/gone.xml", Reply(b"", status=410), host="127.0.0.52")
    missing = server.url("/missing.xml", host="127.0.0.53")

    outcome = newsward("--config", config, "feeds", "poll", good, gone, missing, "--allow-private", "--json")

    assert outcome.code == 0
    assert all(list(line) == POLL_KEYS for line in outcome.lines)
    told = {line["url"]: line for line in outcome.lines}
    assert (told[good]["status"], told[good]["entries"], told[good]["new"], told[good]["error"]) == (200, 2, 2, None)
    assert told[good]["next_poll_in"] > 0
    assert told[good]["next_poll_at"].endswith("Z")
    assert (told[gone]["disabled"], told[gone]["error_kind"]) == (True, "gone")
    assert (told[missing]["status"], told[missing]["error_kind"], told[missing]["disabled"]) == (
        404,
        "not_found",
        False,
    )


def test_feeds_poll_waits_for_the_turn_unless_forced_and_stays_conditional(config: Path, server: FeedServer) -> None:
    url = server.serve("/good.xml", feed("One", etag='"1"'))
    poll = ("--config", config, "feeds", "poll", url, "--allow-private", "--json")
    newsward(*poll)

    [resting] = newsward(*poll).lines
    [forced] = newsward(*poll, "--force").lines

    assert (resting["status"], resting["entries"], resting["new"]) == (None, 1, 0)
    assert (forced["status"], forced["not_modified"], forced["entries"], forced["new"]) == (304, True, 1, 0)
    assert len(server.requests("/good.xml")) == 2


def test_feeds_poll_reads_urls_from_a_file_and_without_names_polls_what_is_due(
    config: Path, server: FeedServer, tmp_path: Path
) -> None:
    one, two = (server.serve(f"/{name}.xml", feed(name), host=f"127.0.0.6{name}") for name in "12")
    names = tmp_path / "urls.txt"
    names.write_text(f"# two feeds\n{one}\n\n{two}\n{one}\n", encoding="utf-8")

    named = newsward("--config", config, "feeds", "poll", "--urls", names, "--allow-private", "--json")
    none_due = newsward("--config", config, "feeds", "poll", "--allow-private", "--json")
    all_forced = newsward("--config", config, "feeds", "poll", "--force", "--allow-private", "--json")

    assert sorted(line["url"] for line in named.lines) == [one, two]
    assert none_due.lines == []
    assert len(all_forced.lines) == 2


def test_the_line_of_a_feed_has_its_keys_and_types_whatever_came_of_it(config: Path, server: FeedServer) -> None:
    good = server.serve("/good.xml", feed("One", etag='"1"'), host="127.0.0.51")
    gone = server.serve("/gone.xml", Reply(b"", status=410), host="127.0.0.52")
    moved = server.serve("/moved.xml", redirect(good, 301), host="127.0.0.53")
    poll = ("--config", config, "feeds", "poll", good, gone, moved, "nonsense", "--allow-private", "--json")
    types = {
        "url": str, "current_url": str, "status": int | None, "not_modified": bool, "entries": int, "new": int,
        "error": str | None, "error_kind": str | None, "next_poll_at": str | None, "next_poll_in": int | None,
        "disabled": bool,
    }  # fmt: skip

    lines = [line for options in ((), (), ("--force",)) for line in newsward(*poll, *options).lines]

    assert len(lines) == 12
    for line in lines:
        assert list(line) == POLL_KEYS == list(types)
        assert [key for key, value in line.items() if not isinstance(value, types[key])] == []
        assert isinstance(line["not_modified"], bool)
        assert (line["error"] is None) == (line["error_kind"] is None)
        assert (line["next_poll_at"] is None) == (line["next_poll_in"] is None)
        assert line["next_poll_in"] is None or line["next_poll_in"] > 0
        assert line["next_poll_at"] is None or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["next_poll_at"])
    assert [line["current_url"] for line in lines[:4] if line["url"] != moved] == [good, gone, "nonsense"]
    assert [line["disabled"] for line in lines[:4]] == [False, True, False, False]


def test_the_spellings_of_a_feed_are_polled_once_and_each_has_its_line(config: Path, server: FeedServer) -> None:
    url = server.serve("/good.xml", feed("One", "Two"))
    ways = [f"{url}#top", url, f"{url}/", url]

    first = newsward("--config", config, "feeds", "poll", *ways, "--allow-private", "--json")
    again = newsward("--config", config, "feeds", "poll", f"{url}/", "--allow-private", "--json", "--force")

    assert [(line["url"], line["entries"], line["new"]) for line in (*first.lines, *again.lines)] == [
        (f"{url}#top", 2, 2),
        (url, 2, 2),
        (f"{url}/", 2, 2),
        (f"{url}/", 2, 0),
    ]
    assert len(server.requests()) == 2
    assert ask(config / "newsward.db", "SELECT url FROM feeds") == [(url,)]


def test_a_feed_that_rests_is_polled_when_it_is_named_and_forced(config: Path, server: FeedServer) -> None:
    paused = server.serve("/paused.xml", feed("One"), host="127.0.0.51")
    gone = server.serve("/gone.xml", [Reply(b"", status=410), feed("Back")], host="127.0.0.52")
    poll = ("--config", config, "feeds", "poll", "--allow-private", "--json")
    newsward(*poll, paused, gone)
    newsward("--config", config, "feeds", "pause", paused)

    unnamed, unforced = newsward(*poll, "--force").lines, newsward(*poll, paused, gone).lines
    forced = newsward(*poll, paused, gone, "--force").lines

    assert unnamed == []
    assert [(line["status"], line["disabled"], line["next_poll_in"]) for line in unforced] == [(None, True, None)] * 2
    assert [(line["status"], line["disabled"]) for line in forced] == [(200, True), (200, False)]
    assert forced[0]["next_poll_in"] is None


def test_what_pruning_forgot_is_not_counted_any_more(config: Path, server: FeedServer) -> None:
    url = server.serve("/good.xml", feed("One", "Two"))
    poll = ("--config", config, "feeds", "poll", url, "--allow-private", "--json")
    newsward(*poll)
    with closing(sqlite3.connect(config / "newsward.db")) as connection:
        connection.execute("DELETE FROM sightings")
        connection.execute("DELETE FROM entries WHERE title = 'One'")
        connection.commit()
    server.serve("/good.xml", feed("Two", "Three"))

    [resting] = newsward(*poll).lines
    [forced] = newsward(*poll, "--force").lines

    assert (resting["entries"], resting["new"]) == (1, 0)
    assert (forced["entries"], forced["new"]) == (2, 1)


def test_while_a_run_is_going_on_feeds_poll_fails_and_says_how_to_wait(config: Path, server: FeedServer) -> None:
    url = server.serve("/good.xml", feed("One"))

    with RunLock(config, wait=False):
        outcome = newsward("--config", config, "feeds", "poll", url, "--allow-private", "--json")

    assert (outcome.code, outcome.out) == (1, "")
    assert "another run is going on (process " in outcome.err
    assert "--wait waits for its end" in outcome.err
    assert server.requests() == []


def test_a_reader_that_leaves_ends_the_polling_quietly(config: Path, server: FeedServer) -> None:
    gone = threading.Event()

    def late(request: Seen) -> Reply:
        gone.wait(30)
        return feed("Two")

    urls = [server.serve("/1.xml", feed("One"), host="127.0.1.1"), server.serve("/2.xml", late, host="127.0.1.2")]
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "--config",
        config,
        "feeds",
        "poll",
        *urls,
        "--allow-private",
        "--json",
    ]

    # The first line is read, and nobody will ever read the second.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as poll:
        assert poll.stdout
        assert poll.stderr
        first = json.loads(poll.stdout.readline())
        poll.stdout.close()
        gone.set()
        told = poll.stderr.read().decode()

    assert first["url"] == urls[0]
    assert poll.returncode == 1
    assert "roken" not in told
    assert "Traceback" not in told
    assert ask(config / "newsward.db", "SELECT count(*) FROM entries") == [(2,)]  # what was polled is stored
    assert ask(config / "newsward.db", "SELECT fetched FROM runs WHERE ended_at IS NULL") == [(2,)]  # it was cut off


def test_feeds_poll_refuses_private_addresses_by_default(config: Path, server: FeedServer) -> None:
    url = server.serve("/good.xml", feed("One"))

    [line] = newsward("--config", config, "feeds", "poll", url, "--json").lines

    assert line["error_kind"] == "blocked_address"
    assert server.requests() == []


def test_feeds_poll_refuses_what_is_no_web_address_and_stores_nothing_of_it(config: Path, server: FeedServer) -> None:
    good = server.serve("/good.xml", feed("One"))
    bad = [
        "nonsense",
        "ftp://mill.example/feed",
        "127.0.0.1:8123/a.xml",
        "http://ann:s3cret@mill.example/feed",
        "http://",
    ]

    outcome = newsward("--config", config, "feeds", "poll", *bad, good, "--allow-private", "--json")

    assert outcome.code == 2
    assert [line["url"] for line in outcome.lines] == [*bad, good]
    assert [line["error_kind"] for line in outcome.lines] == ["invalid_url"] * len(bad) + [None]
    assert ask(config / "newsward.db", "SELECT url FROM feeds") == [(good,)]


def test_feeds_poll_keeps_the_order_of_the_names(config: Path, server: FeedServer) -> None:
    urls = [server.serve(f"/{name}.xml", feed(name), host=f"127.0.0.6{name}") for name in "3152"]
    newsward("--config", config, "feeds", "poll", urls[1], "--allow-private")

    outcome = newsward("--config", config, "feeds", "poll", *urls, "--allow-private", "--json")

    assert [line["url"] for line in outcome.lines] == urls
    assert [line["status"] for line in outcome.lines] == [200, None, 200, 200]


def test_the_lines_own_stdout_when_an_alert_is_for_the_screen(config: Path, server: FeedServer) -> None:
    now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    item = (
        f"<item><title>Microsoft opens a lab</title><guid>http://mill.example/1</guid><pubDate>{now}</pubDate></item>"
    )
    url = server.serve("/news.xml", Reply(f"<rss version='2.0'><channel>{item}</channel></rss>".encode()))

    outcome = newsward("--config", config, "feeds", "poll", url, "--allow-private", "--json")

    assert [line["new"] for line in outcome.lines] == [1]
    assert "Microsoft opens a lab" in outcome.err
    assert ask(config / "newsward.db", "SELECT state FROM alerts") == [("sent",)]


def test_a_feed_that_cuts_the_line_is_a_line_too(config: Path, server: FeedServer) -> None:
    url = server.serve("/cut.xml", Raw(lambda: ()))

    [line] = newsward("--config", config, "feeds", "poll", url, "--allow-private", "--json").lines

    assert (line["error_kind"], line["entries"]) == ("connect", 0)
