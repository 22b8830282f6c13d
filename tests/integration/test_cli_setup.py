"""``init``, ``check`` and ``schema`` as a person uses them."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from pipeline.config import Problem, Reached, load, probe, schemas, written
from pipeline.model import Alert, SendResult, Sent
from tests.builders_alert import receiver
from tests.builders_cli import newsward
from tests.feed_server import FeedServer

CERTIFICATE = Path(__file__).with_name("fetch_localhost.pem")
FILES = ("newsward.toml", "companies.toml", "feeds.toml")
RULE = '[[rule]]\nname = "all"\nchannels = ["desk"]\n'


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and says nothing, ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def write(folder: Path, url: str, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    hook = f'[[channel]]\nid = "desk"\nkind = "webhook"\nurl = "{url}"\n'
    (folder / "newsward.toml").write_text(f"{hook}{more}\n{RULE}")
    (folder / "companies.toml").write_text('[[company]]\nname = "Xiaomi"\n')
    (folder / "feeds.toml").write_text('[[feed]]\nurl = "https://news.example/rss"\n')
    return folder


# --------------------------------------------------------------------------- init


def test_init_writes_into_config_when_no_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEWSWARD_CONFIG", raising=False)

    made = newsward("init", "--yes")
    checked = newsward("check")

    assert (made.code, made.out) == (0, "")
    assert [(tmp_path / "config" / name).is_file() for name in FILES] == [True] * 3
    assert "  newsward check       # what is wrong, or could be better\n" in made.err
    assert (checked.code, checked.err) == (0, "2 companies, 22 feeds, 1 rule, 1 channel: no problem\n")


def test_init_names_the_folder_in_what_comes_next(tmp_path: Path) -> None:
    made = newsward("init", tmp_path / "my watch", "--yes")

    assert f"  newsward --config '{tmp_path}/my watch' feeds test  # whether the feeds can be reached\n" in made.err
    assert load(tmp_path / "my watch", {}).database == tmp_path / "my watch" / "newsward.db"


def test_init_asks_shows_what_there_is_and_says_what_it_knows(tmp_path: Path) -> None:
    asked = newsward("init", tmp_path / "asked", stdin="Siemens, Orchid\nwirse\nwires, world\n")

    assert asked.code == 0
    assert "Siemens: known, with 3 aliases, 1 ticker and 4 words of context\n" in asked.err
    assert "Orchid: new; “Orchid” is an ordinary word too: add context" in asked.err
    assert "official      4 feeds  regulators and public bodies in their own words\n" in asked.err
    assert "feed pack 'wirse' does not exist (did you mean 'wires'?)" in asked.err
    assert {tag for feed in load(tmp_path / "asked", {}).feeds for tag in feed.tags} >= {"wires", "world"}


def test_init_without_anyone_to_answer_says_how_to_choose_and_writes_nothing(tmp_path: Path) -> None:
    for given in ("", "Siemens\n"):
        outcome = newsward("init", tmp_path / "watch", stdin=given)

        assert outcome.code == 2
        assert "\nnewsward: nobody is there to answer: name --company and --pack (technology, business," in outcome.err
        assert not (tmp_path / "watch").exists()


def test_init_says_what_it_took_since_nothing_was_named(tmp_path: Path) -> None:
    half, whole = newsward("init", tmp_path / "a", "--company", "Siemens"), newsward("init", tmp_path / "b", "--yes")
    named = newsward("init", tmp_path / "c", "--company", "Siemens", "--pack", "none")

    assert "no feed pack was named: technology, 22 feeds (--pack chooses others: business, wires," in half.err
    assert "no company was named" not in half.err
    assert "no company was named: Microsoft and Xiaomi stand for yours" in whole.err
    assert "was named" not in named.err


@pytest.mark.parametrize("name", FILES)
def test_init_overwrites_nothing_and_asks_nothing_first(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("# mine\n")

    outcome = newsward("init", tmp_path, stdin="Siemens\nwires\n")

    message = f"newsward: {tmp_path}: {name} already there (choose another folder, or move them away)\n"
    assert (outcome.code, outcome.err) == (2, message)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "# mine\n")]


# --------------------------------------------------------------------------- check


def test_check_tells_errors_first_and_counts_both(tmp_path: Path) -> None:
    folder = write(tmp_path / "watch", "https://desk.example/x")
    (folder / "companies.toml").write_text(
        '[[company]]\nname = "Target"\n[[company]]\nname = "Zzyrtek"\nexclude = ["zzyrtek"]\n'
    )

    told = newsward("--config", folder, "check")
    lines = newsward("--config", folder, "check", "--json").lines

    assert told.code == 2
    assert told.out == (
        "error: companies.toml: company 2 (zzyrtek): every name holds the exclusion 'zzyrtek': there can be no hit\n"
        "    remove it from exclude\n"
        "warning: companies.toml: company 1 (target): “Target” is an ordinary word too\n"
        "    add context (words that stand beside it: products, people, trade) or a ticker\n"
    )
    assert told.err == "2 companies, 1 feed, 1 rule, 1 channel: 1 error, 1 warning\n"
    assert [line["severity"] for line in lines] == ["error", "warning"]
    assert set(lines[0]) == {"where", "what", "remedy", "severity"}


def test_check_tells_what_many_have_in_common_once_and_each_of_them_as_json(tmp_path: Path) -> None:
    folder = write(tmp_path / "watch", "https://desk.example/x")
    urls = [f"http://127.0.0.{number}/feed" for number in range(1, 7)]
    (folder / "feeds.toml").write_text("".join(f'[[feed]]\nurl = "{url}"\n' for url in urls))

    told = newsward("--config", folder, "check")
    lines = newsward("--config", folder, "check", "--json").lines

    assert told.code == 0
    assert told.out == (
        "warning: feeds.toml: feed 1 (127.0.0.1): host '127.0.0.1' is not public: it will be refused\n"
        "    to poll it, set allow_private = true or allow_networks in [fetch]\n"
        "    the same of 5 more (--json lists all): feed 2 (127.0.0.2), feed 3 (127.0.0.3), feed 4 (127.0.0.4), ...\n"
    )
    assert told.err.endswith(": 6 warnings\n")
    assert [line["where"] for line in lines] == [f"feeds.toml: feed {n} (127.0.0.{n})" for n in range(1, 7)]


def test_check_is_done_with_warnings_only(tmp_path: Path) -> None:
    folder = write(tmp_path / "watch", "https://desk.example/x")
    (folder / "companies.toml").write_text('[[company]]\nname = "Target"\n[[company]]\nname = "Visa"\n')

    outcome = newsward("--config", folder, "check")

    assert outcome.code == 0
    assert outcome.err == "2 companies, 1 feed, 1 rule, 1 channel: 2 warnings\n"


def test_check_makes_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "watch", "https://desk.example/x", '[store]\ndatabase = "data/n.db"')

    assert newsward("--config", folder, "check").code == 0

    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def test_check_online_reaches_the_receiver_and_sends_nothing(tmp_path: Path) -> None:
    with FeedServer() as server:
        folder = write(tmp_path / "watch", server.url("/hook"), '[[channel]]\nid = "screen"\nkind = "stdout"')
        outcome = newsward("--config", folder, "check", "--online")
        assert server.requests() == []

    assert outcome.code == 0
    assert "channel desk: can be reached\n" in outcome.err
    assert "channel screen: not tried: its kind offers no way but to send an alert\n" in outcome.err
    assert "feeds are tried by: newsward feeds test\n" in outcome.err


def test_check_online_tells_what_stands_in_the_way_without_secrets(tmp_path: Path) -> None:
    with FeedServer() as server:
        dead = server.url("/hunter2")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    refused = newsward("--config", write(tmp_path / "a", dead), "check", "--online", "--json")
    with FeedServer(tls=context) as server:
        untrusted = newsward("--config", write(tmp_path / "b", server.url("/hunter2")), "check", "--online", "--json")

    for outcome, words in (
        (refused, "cannot be reached: 127.0.0.1: cannot connect (Connection refused)"),
        (untrusted, "cannot be reached: 127.0.0.1: its certificate is not trusted (self-signed certificate)"),
    ):
        [line] = outcome.lines
        assert outcome.code == 2
        assert (line["where"], line["what"]) == ("newsward.toml: channel 1 (desk)", words)
        assert line["severity"] == "error"
        assert "hunter2" not in outcome.out + outcome.err


def test_a_receiver_that_says_nothing_is_given_up_in_time(tmp_path: Path, silent: int) -> None:
    config = load(write(tmp_path / "watch", f"https://127.0.0.1:{silent}/x", 'timeout = "30 s"'), {})

    [answer] = probe(config, timedelta(seconds=0.3))

    assert isinstance(answer, Problem)
    assert answer.what == "cannot be reached: no answer within 0.3 s"


def test_check_tries_the_heartbeats_service_and_sends_no_beat(tmp_path: Path) -> None:
    with receiver() as inbox:
        folder = write(tmp_path / "watch", inbox.url)
        main = folder / "newsward.toml"
        main.write_text(
            f'{main.read_text()}\n[heartbeat]\nurl = "{inbox.url}/hunter2"\nfail_url = "http://127.0.0.1:9/hunter2"\n'
        )
        outcome = newsward("--config", folder, "check", "--online", "--json")

        assert inbox.requests == []
    told = [(line["where"], line["what"]) for line in outcome.lines if "reached" in line["what"]]
    assert told == [
        (
            "newsward.toml: [heartbeat] fail_url",
            "cannot be reached: 127.0.0.1: cannot connect (Connection refused)",
        )
    ]
    assert "[heartbeat] url: can be reached" in outcome.err
    assert "hunter2" not in outcome.out + outcome.err


class Pager(BaseModel):
    """A channel from outside whose probe is broken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def send(self, alert: Alert) -> SendResult:
        return Sent()

    def close(self) -> None:
        """Nothing is open."""

    def probe(self) -> str:
        raise RuntimeError("hunter2")


class Plain(BaseModel):
    """One that offers no probe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def send(self, alert: Alert) -> SendResult:
        return Sent()

    def close(self) -> None:
        """Nothing is open."""


def test_a_probe_that_breaks_is_told_by_its_kind_of_fault_and_others_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_probe.py").write_text(f"from {__name__} import Pager, Plain\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = write(tmp_path / "watch", "https://desk.example/x")
    channels = "".join(
        f'[[channel]]\nid = "{one}"\nkind = "acme_probe:{one}"\n' for one in ("Pager", "Plain")
    )  # fmt: skip
    (folder / "newsward.toml").write_text(channels)

    broken, untried = probe(load(folder, {}))

    assert isinstance(broken, Problem)
    assert broken.what == "cannot be reached: its probe broke (RuntimeError)"
    assert untried == Reached("channel Plain", is_tried=False)


# --------------------------------------------------------------------------- schema


@pytest.mark.parametrize("file", ["companies", "feeds", "newsward"])
def test_schema_prints_one_and_needs_no_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.chdir(tmp_path)

    outcome = newsward("schema", file)

    assert (outcome.code, outcome.err) == (0, "")
    assert json.loads(outcome.out) == schemas()[file]


def test_schema_write_refreshes_them_beside_the_files_and_tells_of_files_that_do_not_name_theirs(
    tmp_path: Path,
) -> None:
    newsward("init", tmp_path, "--yes")
    (tmp_path / ".schema" / "feeds.json").write_text("{}")
    (tmp_path / "feeds.toml").write_text("nonsense = ")

    outcome = newsward("--config", tmp_path, "schema", "--write")

    assert outcome.code == 0
    assert (tmp_path / ".schema" / "feeds.json").read_text(encoding="utf-8") == written(schemas()["feeds"])
    assert outcome.err.count("wrote ") == 3
    assert "put into the first line of feeds.toml: #:schema ./.schema/feeds.json\n" in outcome.err
    assert "companies.toml: #:schema" not in outcome.err


def test_schema_says_how_it_is_used(tmp_path: Path) -> None:
    neither = newsward("schema")
    both = newsward("schema", "feeds", "--write")
    nowhere = newsward("--config", tmp_path, "schema", "--write")

    assert (neither.code, both.code, nowhere.code) == (2, 2, 2)
    assert neither.err == both.err
    assert "say either which schema to print (companies, feeds or newsward), or --write" in neither.err
    assert "there is no such file" in nowhere.err
    assert list(tmp_path.iterdir()) == []
