"""The commands that people use: what they print, where, and with which exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipeline.store import RunLock
from tests.builders_alert import receiver
from tests.builders_behaviour import rss
from tests.builders_cli import newsward
from tests.builders_run import ask, serve_seeds, write_config
from tests.feed_server import FeedServer

ANY_AGE = 'max_age = "36500 days"'


@pytest.fixture(scope="module")
def polled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration whose feeds, the sample's, were polled once by the real command."""
    with FeedServer(host="0.0.0.0") as server, receiver() as inbox:
        config = write_config(tmp_path_factory.mktemp("watch"), serve_seeds(server), webhook=inbox.url, alert=ANY_AGE)
        outcome = newsward("--config", config, "run", "--json")
        assert outcome.code == 0, outcome.err
        report = outcome.lines[0]
        assert (report["due"], report["fetched"], report["failed"]) == (12, 12, [])
        assert report["sent"] == len(inbox.requests) > 40
        assert "12 feeds: 12 fetched" in outcome.err
    return config


def test_search_can_be_switched_off_and_on_again_and_finds_what_came_meanwhile(tmp_path: Path) -> None:
    words = ("--config", tmp_path, "search", "mill", "--json")
    with FeedServer() as server:
        url = server.serve("/feed", [rss("The mill opens"), rss("The mill is open")])
        for index, switched in enumerate(("true", "false", "false", "true")):
            write_config(tmp_path, [url])
            main = tmp_path / "newsward.toml"
            main.write_text(main.read_text(encoding="utf-8").replace("[store]", f"[store]\nsearch = {switched}"))
            assert newsward("--config", tmp_path, "feeds", "poll", "--force").code == 0
            found = newsward(*words)
            assert newsward("--config", tmp_path, "health", "--deep").code == 0, index
            if switched == "false":
                assert found.code == 2
                assert "search was off at the last run" in found.err
        assert [row["title"] for row in found.lines] == ["The mill is open", "The mill opens"]


def test_hits_are_listed_newest_first_with_their_evidence(polled: Path) -> None:
    table = newsward("--config", polled, "hits", "list", "--limit", 5)
    rows = newsward("--config", polled, "hits", "list", "--company", "xiaomi", "--json").lines

    assert table.code == 0
    assert "evidence" in table.out
    assert {row["company_id"] for row in rows} == {"xiaomi"}
    assert [row["published_at"] for row in rows] == sorted((row["published_at"] for row in rows), reverse=True)
    assert any("“Xiamio” ~ Xiaomi (fuzzy" in row["evidence"] for row in rows)


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (["智能音箱"], "微软与小米签署谅解备忘录，将在智能音箱和笔记本电脑上合作"),
        (["谅解备忘录", "小米"], "微软与小米签署谅解备忘录，将在智能音箱和笔记本电脑上合作"),
        (["米"], "微软与小米签署谅解备忘录，将在智能音箱和笔记本电脑上合作"),
        (
            ["Azure", "speak*"],
            "Microsoft and Xiaomi sign pact to put Azure and Cortana behind smart speakers and laptops",
        ),
    ],
)
def test_a_search_takes_words_as_they_are_written(polled: Path, words: list[str], title: str) -> None:
    outcome = newsward("--config", polled, "search", *words, "--json")

    assert outcome.code == 0
    assert title in [row["title"] for row in outcome.lines]
    assert all(
        set(row) == {"published_at", "publisher", "companies", "title", "url", "entry_id"} for row in outcome.lines
    )


def test_a_search_wants_every_word(polled: Path) -> None:
    outcome = newsward("--config", polled, "search", "小米", "orchard", "--json")

    assert (outcome.code, outcome.out) == (0, "")


def test_a_search_for_signs_is_misuse(polled: Path) -> None:
    outcome = newsward("--config", polled, "search", "!", "--json")

    assert (outcome.code, outcome.out) == (2, "")


def test_a_company_is_named_by_its_id_or_its_name(polled: Path) -> None:
    by_id = newsward("--config", polled, "hits", "list", "--company", "xiaomi", "--json")
    by_name = newsward("hits", "list", "--company", "XIAOMI", "--json", "--config", polled)
    explained = newsward("--config", polled, "explain", "Xiamio sells more", "--company", "Xiaomi")

    assert by_id.lines
    assert by_name == by_id
    assert (explained.code, explained.out.split()[:2]) == (0, ["HIT", "Xiaomi:"])


def test_the_hits_of_a_company_that_nobody_tracks_are_no_empty_list(polled: Path) -> None:
    outcome = newsward("--config", polled, "hits", "list", "--company", "xiaomy")

    assert (outcome.code, outcome.err) == (2, "newsward: no company has the id 'xiaomy' (did you mean 'xiaomi'?)\n")


def test_a_story_is_explained_entry_by_entry(polled: Path) -> None:
    stories = newsward("--config", polled, "stories", "list", "--limit", 100, "--json").lines
    told = max(stories, key=lambda story: story["entries"])

    explained = newsward("--config", polled, "stories", "explain", told["story"], "--json").lines

    assert len(explained) == told["entries"] >= 4
    assert {"new", "copy"} <= {row["relation"] for row in explained}
    assert all(row["rule"] for row in explained)
    unknown = newsward("--config", polled, "stories", "explain", "none")
    assert (unknown.code, unknown.err) == (2, "newsward: no story none; `newsward stories list` shows the ids\n")


def test_alerts_and_feeds_are_listed(polled: Path) -> None:
    alerts = newsward("--config", polled, "alerts", "list", "--limit", 500, "--json").lines
    feeds = newsward("--config", polled, "feeds", "list", "--json").lines

    assert {alert["state"] for alert in alerts} == {"sent"}
    assert {feed["status"] for feed in feeds} == {"ok"}
    assert len(feeds) == 12


def test_explain_says_why_and_why_not(polled: Path) -> None:
    why = newsward("--config", polled, "explain", "Xiamio unveils a smart speaker")
    why_not = newsward("--config", polled, "explain", "Apple orchards bloom early", "--company", "apple", "--json")
    nothing = newsward("--config", polled, "explain", "Rain is expected")
    unknown = newsward("--config", polled, "explain", "Rain is expected", "--company", "nobody")

    assert "HIT   Xiaomi" in why.out
    assert "misspelt" in why.out
    [told] = why_not.lines
    assert told["hit"] is None
    assert any(reason["points"] < 0 for candidate in told["candidates"] for reason in candidate["reasons"])
    assert "no name of a tracked company occurs" in nothing.out
    assert unknown.code == 2


def test_a_run_while_another_is_going_leaves_with_0_and_a_note(polled: Path) -> None:
    runs = ask(polled / "newsward.db", "SELECT count(*) FROM runs")
    with RunLock(polled, wait=False):
        outcome = newsward("--config", polled, "run")

    assert outcome.code == 0
    assert "nothing to do" in outcome.err
    assert ask(polled / "newsward.db", "SELECT count(*) FROM runs") == runs


def test_a_run_that_reaches_nothing_exits_with_1(tmp_path: Path) -> None:
    config = write_config(tmp_path, [f"http://127.0.0.{number}:9/feed.xml" for number in (71, 72)])

    outcome = newsward("--config", config, "run")

    assert outcome.code == 1
    assert "2 failed" in outcome.err


def test_a_dead_feed_among_living_ones_does_not_fail_the_run(tmp_path: Path) -> None:
    with FeedServer(host="0.0.0.0") as server:
        url = serve_seeds(server)["quayside-wire.xml"]
        config = write_config(tmp_path, ["http://127.0.0.71:9/feed.xml", url])
        outcome = newsward("--config", config, "run")

    assert outcome.code == 0
    assert "127.0.0.71" in outcome.err


@pytest.mark.parametrize("command", [("run",), ("check",), ("feeds", "poll"), ("explain", "x")])
def test_bad_configuration_exits_with_2_and_touches_nothing(tmp_path: Path, command: tuple[str, ...]) -> None:
    config = write_config(tmp_path, ["http://127.0.0.71:9/feed.xml"])
    with (config / "companies.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[company]]\nname = "Globex"\ntickres = ["X"]\n')

    outcome = newsward("--config", config, *command)

    assert outcome.code == 2
    assert "tickres" in outcome.err
    assert "tickers" in outcome.err
    assert not list(config.glob("newsward.db*"))


def test_a_missing_configuration_tells_what_to_run(tmp_path: Path) -> None:
    outcome = newsward("--config", tmp_path / "none", "run")

    assert outcome.code == 2
    assert "newsward init" in outcome.err


def test_a_database_that_cannot_be_written_exits_with_1(tmp_path: Path) -> None:
    config = write_config(tmp_path, ["http://127.0.0.71:9/feed.xml"])
    (config / "newsward.db").write_bytes(b"this is a letter and no database, and it is long enough to be read as one")

    outcome = newsward("--config", config, "run")

    assert outcome.code == 1
    assert "newsward.db" in outcome.err
    assert "Traceback" not in outcome.err


def test_lists_of_a_database_that_is_not_there_say_so(tmp_path: Path) -> None:
    config = write_config(tmp_path, [])

    outcome = newsward("--config", config, "hits", "list")

    assert outcome.code == 1
    assert "newsward.db" in outcome.err
    assert not (config / "newsward.db").exists()


def test_init_writes_a_configuration_that_checks_out(tmp_path: Path) -> None:
    folder = tmp_path / "watch"

    made = newsward("init", folder, "--company", "Siemens", "--company", "小米", "--pack", "business")
    asked = newsward("init", tmp_path / "asked", stdin="Globex, Siemens\nwires\n")
    again = newsward("init", folder, "--yes")

    assert made.code == asked.code == 0
    assert newsward("--config", folder, "check").code == 0
    assert "Globex" in (tmp_path / "asked" / "companies.toml").read_text(encoding="utf-8")
    assert again.code == 2
    assert "already there" in again.err


def test_check_counts_and_explains(polled: Path) -> None:
    outcome = newsward("--config", polled, "check", "--json")

    assert outcome.code == 0
    assert "18 companies, 12 feeds, 1 rule, 1 channel: no problem" in outcome.err
    assert all(set(json.loads(line)) >= {"where", "what", "remedy"} for line in outcome.out.splitlines())


def test_the_demo_shows_hits_stories_an_alert_and_an_update_and_can_be_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # wide enough that no cell is broken
    folder = tmp_path / "demo"

    outcome = newsward("demo", "--dir", folder)
    again = newsward("demo", "--dir", folder)

    assert outcome.code == again.code == 0, outcome.err
    assert "second poll, nothing changed: 12 feeds: 0 fetched, 12 unchanged" in outcome.err
    assert "5 edited" in outcome.err
    assert "“Xiamio” ~ Xiaomi" in outcome.out
    assert "Microsoft and Xiaomi sign pact" in outcome.out
    assert "Idempotency-Key: " in outcome.out
    _, _, updates = outcome.out.partition("later, an update: ")
    assert "Microsoft and Xiaomi extend their agreement to tablets" in updates
    assert "The headline now says “extend”." in updates
    assert ask(folder / "newsward.db", "SELECT count(*) FROM runs") == [(3,)]


def test_tables_fit_a_narrow_terminal_without_breaking_times_and_ids(
    polled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    hits = newsward("--config", polled, "hits", "list").out.splitlines()
    stories = newsward("--config", polled, "stories", "list").out

    assert max(map(len, hits)) <= 80
    assert any(re.match(r" ?\d{4}-\d\d-\d\d \d\d:\d\d ", line) for line in hits)
    assert re.search(r"\b[0-9a-f]{16}\b", stories)


def test_a_table_in_a_pipe_is_a_line_a_row(polled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)

    printed = newsward("--config", polled, "hits", "list", "--limit", 7).out.splitlines()

    assert len(printed) == 8
    assert printed[0].split() == ["published_at", "company", "score", "salience", "publisher", "title", "evidence"]
    assert all(line == line.rstrip() for line in printed)


def test_reading_needs_no_secret(polled: Path, tmp_path: Path) -> None:
    text = (polled / "newsward.toml").read_text(encoding="utf-8")
    config = tmp_path / "newsward.toml"
    database = f'database = "{polled / "newsward.db"}"'
    config.write_text(
        re.sub("database = .*", database, text).replace('url = "http', 'url = "${NOT_SET}http'), encoding="utf-8"
    )

    assert newsward("--config", config, "hits", "list", "--json").lines
    assert newsward("--config", config, "run").code == 2


def test_a_run_with_nothing_due_says_when_the_next_turn_is(polled: Path) -> None:
    outcome = newsward("--config", polled, "run")

    assert outcome.code == 0
    assert re.search(r"no feed is due before 20\d\d-.*feeds poll --force", outcome.err)


def test_the_demo_touches_no_folder_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "novel.txt").write_text("Chapter one", encoding="utf-8")

    outcome = newsward("demo", "--dir", tmp_path)

    assert outcome.code == 2
    assert "not made by the demo" in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["novel.txt"]


def test_bad_usage_exits_with_2() -> None:
    assert newsward("run", "--bogus").code == 2
    assert newsward("nonsense").code == 2
    assert newsward("--version").out.startswith("newsward ")
