"""A secret in every place where a user can put one, every sort of failure, and nowhere a secret to be read."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from pipeline.config import load
from pipeline.daemon import Daemon
from pipeline.observe import configure_logging
from pipeline.store import Store
from tests.builders_alert import Reply as Answer
from tests.builders_alert import receiver
from tests.builders_cli import newsward
from tests.builders_run import ask, serve_seeds, write_config
from tests.feed_server import FeedServer, Raw, Reply, redirect

FEED_HEADER = "sesame-header-7f3a"
FEED_PASSWORD = "sesame-basic-11c9"
FEED_TOKEN = "sesame-query-52d8"
HOOK_PATH = "sesame-path-90ab-0123456789"
HOOK_PASSWORD = "sesame-hook-basic-4b"
HOOK_KEY = "whsec_" + base64.b64encode(b"sesame-signing-key-of-32-bytes!!").decode()
HOOK_HEADER = "sesame-hook-header-c7"
FILE = "sesame-file-e21d"
ENVIRONMENT = "sesame-environment-3e"
_BASIC = base64.b64encode(f"user:{FEED_PASSWORD}".encode()).decode()
SECRETS = {
    FEED_HEADER, FEED_PASSWORD, _BASIC, FEED_TOKEN, HOOK_PATH, HOOK_PASSWORD, HOOK_KEY[6:], HOOK_HEADER, FILE,
    ENVIRONMENT,
}  # fmt: skip
IN_THE_DATABASE = {FEED_TOKEN}  # as docs/configuration.md says: a feed's address is its name in the tables

_LOGIN = 'user = "news"\npassword = "${PAGER_TOKEN}"\nsender = "news@example.com"\nto = ["desk@example.com"]\n'
PAGER = '''
from pydantic import BaseModel, ConfigDict

class Pager(BaseModel):
    """A channel that quotes its own token when it fails, as channels do."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    token: str

    def send(self, alert):
        raise ValueError(f"GET https://pager.example/{self.token}/send?key={self.token} failed for {self!r}")

    def close(self):
        pass
'''


def found(text: str) -> set[str]:
    """Which secrets stand in the text."""
    return {secret for secret in SECRETS if secret in text}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A configuration full of secrets, feeds that fail in every way and channels that all do."""
    (tmp_path / "pager_with_a_token.py").write_text(PAGER, encoding="utf-8")
    (tmp_path / "secret").write_text(FILE + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name, value in {
        "FILE_TOKEN_FILE": str(tmp_path / "secret"),
        "PAGER_TOKEN": ENVIRONMENT,
        "HOOK": HOOK_PATH,
    }.items():
        monkeypatch.setenv(name, value)
    with FeedServer(host="0.0.0.0") as server, receiver() as inbox, socket.create_server(("127.0.0.1", 0)) as mute:
        inbox.answer = lambda request: Answer(500)
        config = write_config(tmp_path / "config", serve_seeds(server), alert='max_age = "36500 days"')
        _add_feeds(config, server, mute)
        _set_channels(config, inbox.url, mute)
        yield config


def _add_feeds(config: Path, server: FeedServer, mute: socket.socket) -> None:
    token, closed = FEED_TOKEN, _closed_port()
    user = f"user:{FEED_PASSWORD}@"
    server.serve(f"/loop?token={token}", redirect(f"/loop?token={token}"))
    server.serve(f"/broken?token={token}", Raw(lambda: [b"HTTP/1.1 2OO \xff\r\n\r\n"]))
    server.serve(f"/html?token={token}", Reply(b"<html><body>no feed</body></html>"))
    urls = [
        f"http://{user}127.0.0.201:{server.port}/missing?token={token}",  # 404
        f"http://127.0.0.202:{closed}/refused?token={token}",
        f"https://{user}127.0.0.203:{server.port}/tls?token={token}",
        f"http://127.0.0.204:{server.port}/loop?token={token}",
        f"http://127.0.0.205:{server.port}/broken?token={token}",
        f"http://127.0.0.206:{server.port}/html?token={token}",
    ]
    with (config / "feeds.toml").open("a", encoding="utf-8") as file:
        for url in urls:
            file.write(f'\n[[feed]]\nurl = "{url}"\n')
            file.write(f'headers = {{ X-Who = "{FEED_HEADER}", Cookie = "${{FILE_TOKEN}}" }}\n')


def _set_channels(config: Path, inbox: str, mute: socket.socket) -> None:
    hook = inbox.replace("http://", f"http://user:{HOOK_PASSWORD}@") + "/${HOOK}"
    keys = f'secret = "{HOOK_KEY}"\nheaders = {{ X-Api = "{HOOK_HEADER}" }}\n'
    channels = [
        ("desk", f'kind = "webhook"\nurl = "{hook}"\n{keys}'),
        ("closed", f'kind = "webhook"\nurl = "http://127.0.0.1:{_closed_port()}/${{HOOK}}"\n{keys}'),
        ("tls", f'kind = "webhook"\nurl = "https://127.0.0.1:{inbox.rpartition(":")[2][:-3]}/${{HOOK}}"\n{keys}'),
        ("pager", 'kind = "pager_with_a_token:Pager"\ntoken = "${PAGER_TOKEN}"\n'),
        ("service", f'kind = "apprise"\nurl = "{hook.replace("http", "json")}"\n'),
        ("gone", f'kind = "apprise"\nurl = "jsons://user:{HOOK_PASSWORD}@127.0.0.1:{_closed_port()}/${{HOOK}}"\n'),
        ("mail", f'kind = "email"\nhost = "127.0.0.1"\nport = {_closed_port()}\n{_LOGIN}'),
    ]
    main = config / "newsward.toml"
    text = main.read_text(encoding="utf-8").partition("[[channel]]")[0]
    text += "".join(f'[[channel]]\nid = "{name}"\n{options}\n' for name, options in channels)
    names = ", ".join(f'"{name}"' for name, _ in channels)
    text += f'[[rule]]\nname = "all"\nchannels = [{names}]\n\n[metrics]\nport = 0\n'
    main.write_text(text, encoding="utf-8")


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


COMMANDS = [
    ("check",),
    ("check", "--json"),
    ("run",),
    ("feeds", "poll", "--force"),
    ("feeds", "poll", "--force", "--json"),
    ("run", "--json"),
    ("feeds", "list"),
    ("feeds", "list", "--json"),
    ("hits", "list", "--json"),
    ("stories", "list", "--json"),
    ("alerts", "list"),
    ("alerts", "list", "--json", "--limit", "1000"),
    ("health",),
    ("health", "--json"),
    ("explain", "Xiaomi opens a plant"),
]


def test_no_command_shows_a_secret_nor_is_one_stored(house: Path) -> None:
    shown = {}
    for command in COMMANDS:
        outcome = newsward("--config", house, "--verbose", *command)
        shown[" ".join(command)] = found(outcome.out + outcome.err)
        assert "Traceback" not in outcome.out

    database = house / "newsward.db"
    kinds = {row[0] for row in ask(database, "SELECT error_kind FROM fetches WHERE error_kind IS NOT NULL")}
    errors = {row[0] for row in ask(database, "SELECT DISTINCT channel FROM deliveries WHERE outcome = 'failed'")}
    assert shown == {command: set() for command in shown}
    assert {"not_found", "connect", "tls", "redirect", "http", "not_a_feed"} <= kinds
    assert errors == {"desk", "closed", "tls", "pager", "service", "gone", "mail"}
    for file in house.glob("newsward.db*"):
        text = file.read_bytes().decode("latin-1")
        assert found(text) <= IN_THE_DATABASE, file
    assert found(database.read_bytes().decode("latin-1")) == IN_THE_DATABASE


def test_no_log_and_no_page_of_the_daemon_shows_a_secret(house: Path) -> None:
    log = io.StringIO()
    config = load(house, os.environ)
    configure_logging(format="json", level="debug", stream=log, secrets=config.secrets)
    now = datetime.now(UTC)
    daemon = Daemon(config, lambda files: load(house, os.environ, files), lambda: now)
    pages = []
    try:
        daemon.tick()
        assert daemon._server
        for path in ("/metrics", "/healthz"):
            with urlopen(f"http://{daemon._server.address}{path}", timeout=30) as answer:
                pages.append(answer.read().decode())
        with (house / "feeds.toml").open("a", encoding="utf-8") as file:
            file.write(f'\n[[feed]]\nurl = "http://user:{FEED_PASSWORD}@\\u0000/"\n')
        daemon.reload()
    finally:
        daemon.close()

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    events = {line["event"] for line in lines}
    assert {"feed_failed", "channel_raised", "alert_not_sent", "channel_rests", "configuration_refused"} <= events
    assert found(log.getvalue()) == set()
    assert found("".join(pages)) == set()
    raised = next(line for line in lines if line["event"] == "channel_raised")
    assert "ValueError: GET https://pager.example/***/send?key=*** failed for Pager(token='***')" in raised["exception"]


def test_an_exception_that_nobody_foresaw_shows_no_secret(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError(" and ".join(f"https://a:{secret}@b.example/{secret}" for secret in SECRETS))

    monkeypatch.setattr(Store, "due", fail)

    outcome = newsward("--config", house, "run")

    assert outcome.code == 1
    assert "uncaught_exception" in outcome.err
    assert "ValueError" in outcome.err
    # A feed's address is no secret of its own: its token is masked where it stands in an address.
    assert found(outcome.out + outcome.err) <= {FEED_TOKEN, FEED_PASSWORD}
