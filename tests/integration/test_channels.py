"""Every kind of channel in one configuration, through the commands."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipeline.config import Problem, load
from pipeline.config.checks import Reached, check, probe
from tests.builders_alert import Reply, receiver
from tests.builders_cli import newsward
from tests.builders_run import ask, serve_seeds, write_config
from tests.feed_server import FeedServer

CHANNELS = """
[[channel]]
id = "log"
kind = "file"
path = "alerts.jsonl"

[[channel]]
id = "reader"
kind = "feed"
directory = "feeds"

[[channel]]
id = "chat"
kind = "apprise"
url = "{chat}"

[[rule]]
name = "everything"
channels = ["log", "reader", "chat"]
"""


def with_channels(folder: Path, urls: dict[str, str], channels: str) -> Path:
    write_config(folder, urls, alert='max_age = "36500 days"')
    main = folder / "newsward.toml"
    main.write_text(main.read_text(encoding="utf-8") + channels, encoding="utf-8")
    return folder


def test_a_run_sends_by_every_channel_what_it_owes(tmp_path: Path) -> None:
    with FeedServer(host="0.0.0.0") as server, receiver() as chat:
        channels = CHANNELS.format(chat=chat.url.replace("http", "json"))
        config = with_channels(tmp_path / "watch", serve_seeds(server), channels)
        assert newsward("--config", config, "run").code == 0

    owed = {
        str(row[0]): json.loads(str(row[1]))
        for row in ask(config / "newsward.db", "SELECT id, payload FROM alerts WHERE channel = 'log'")
    }
    lines = [json.loads(line) for line in (config / "alerts.jsonl").read_text().splitlines()]
    assert {line["id"]: line for line in lines} == owed
    titles = {line["title"] for line in lines}
    items = json.loads((config / "feeds" / "everything.json").read_text(encoding="utf-8"))["items"]
    entries = ElementTree.parse(config / "feeds" / "everything.atom").findall("{http://www.w3.org/2005/Atom}entry")
    assert len(items) == len(entries) == len(lines) == len(chat.requests) > 3
    assert all(any(title in item["title"] for title in titles) for item in items)
    assert {str(row[0]) for row in ask(config / "newsward.db", "SELECT DISTINCT state FROM alerts")} == {"sent"}


def test_check_asks_every_channel(tmp_path: Path) -> None:
    with receiver() as chat:
        text = CHANNELS.format(chat=chat.url.replace("http", "json"))
        text += '[[channel]]\nid = "system"\nkind = "apprise"\nurl = "syslog://"\n'
        text += '[[channel]]\nid = "lost"\nkind = "file"\npath = "absent/alerts.jsonl"\n'
        text += '[[channel]]\nid = "again"\nkind = "feed"\ndirectory = "./feeds"\n'
        config = load(with_channels(tmp_path / "watch", {}, text), {})
        answers = {
            answer.what.removeprefix("channel "): answer.is_tried
            for answer in probe(config)
            if isinstance(answer, Reached)
        }
        failures = [problem.what for problem in probe(config) if isinstance(problem, Problem)]
        assert chat.requests == []

    assert answers == {"desk": False, "log": True, "reader": True, "chat": True, "system": False, "again": True}
    assert failures == [f"cannot be reached: there is no folder {tmp_path / 'watch' / 'absent'}"]
    assert "it leads where channel 'reader' leads: who reads there is told twice" in [one.what for one in check(config)]
    assert not (tmp_path / "watch" / "feeds").exists()


def test_a_template_that_cannot_be_loaded_is_a_fault_with_file_and_line(tmp_path: Path) -> None:
    config = with_channels(tmp_path / "watch", {}, '[[channel]]\nid = "own"\nkind = "stdout"\ntemplates = "words"\n')
    (config / "words").mkdir()
    (config / "words" / "story.txt").write_text("{{ title }}\n{{ title")

    outcome = newsward("--config", config, "check")

    assert outcome.code == 2
    assert "newsward.toml: channel 2 (own): key 'templates': story.txt, line 2: unexpected end of" in outcome.err


def test_a_changed_template_is_noticed(tmp_path: Path) -> None:
    folder = with_channels(tmp_path / "watch", {}, '[[channel]]\nid = "own"\nkind = "stdout"\ntemplates = "words"\n')
    (folder / "words").mkdir()
    template = folder / "words" / "story.txt"
    template.write_text("{{ title }}")
    files = load(folder, {}).files
    template.write_text("{{ title | upper }}")

    assert (files.changed(), files.changed()) == ((), (template,))


@pytest.mark.parametrize("kind", ["apprise", "email", "feed", "file"])
def test_a_kind_without_its_options_says_what_it_needs(tmp_path: Path, kind: str) -> None:
    config = with_channels(tmp_path / "watch", {}, f'[[channel]]\nid = "x"\nkind = "{kind}"\n')

    outcome = newsward("--config", config, "check")

    assert outcome.code == 2
    assert "is missing" in outcome.err


def test_a_service_that_refuses_is_told_without_its_address(tmp_path: Path) -> None:
    token = "sesame-0123456789abcdef"
    with FeedServer(host="0.0.0.0") as server, receiver() as chat:
        chat.answer = lambda request: Reply(403, body=token.encode())
        channels = CHANNELS.format(chat=chat.url.replace("http", "json").replace("/in", f"/{token}"))
        config = with_channels(tmp_path / "watch", serve_seeds(server), channels)
        run = newsward("--config", config, "--verbose", "run")
        told = newsward("--config", config, "alerts", "list", "--json", "--limit", "1000")

    assert "JSON: answered 403 Forbidden" in told.out
    assert token not in run.out + run.err + told.out + told.err
