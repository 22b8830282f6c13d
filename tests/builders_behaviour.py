"""The whole product against a scripted server: feeds polled by real runs at the moments a test names."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.app import open_stages
from pipeline.config import load
from pipeline.model import FeedState, RunReport
from pipeline.run import run_once
from pipeline.store import Store
from tests.builders_cli import newsward
from tests.builders_run import ask
from tests.feed_server import FeedServer, Reply, Seen

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CERTIFICATE = Path(__file__).parent / "integration" / "fetch_localhost.pem"


def rss(*titles: str, at: datetime = NOW, every: timedelta | None = HOUR, channel: str = "", **reply: Any) -> Reply:
    """A feed of these entries, newest first, one each ``every`` before ``at`` (None = undated)."""
    items = []
    for number, title in enumerate(titles):
        date = f"<pubDate>{at - every * (number + 1):%a, %d %b %Y %H:%M:%S} +0000</pubDate>" if every else ""
        items.append(f"<item><title>{title}</title><guid isPermaLink='false'>{title}</guid>{date}</item>")
    head = "<rss version='2.0' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>"
    body = f"{head}<channel><title>Mill News</title>{channel}{''.join(items)}</channel></rss>"
    return Reply(body.encode(), **reply)


def entries(first: int, last: int) -> list[str]:
    """Titles, newest first."""
    return [f"Entry {number}" for number in range(last, first - 1, -1)]


@dataclass
class Desk:
    """A configuration, its database, and the feeds of a scripted server in it."""

    server: FeedServer
    directory: Path
    now: datetime = NOW
    urls: tuple[str, ...] = ()
    reports: list[RunReport] = field(default_factory=list)

    def watch(self, *urls: str, fetch: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Configures these feeds (each with the headers); again = a changed configuration."""
        self.urls = urls
        self.directory.mkdir(exist_ok=True)
        extra = "".join(f"headers.{name} = {json.dumps(value)}\n" for name, value in (headers or {}).items())
        feeds = "\n".join(f"[[feed]]\nurl = {json.dumps(url)}\n{extra}" for url in urls)
        (self.directory / "feeds.toml").write_text(feeds, encoding="utf-8")
        (self.directory / "companies.toml").write_text('[[company]]\nname = "Xiaomi"\n', encoding="utf-8")
        (self.directory / "newsward.toml").write_text(
            f'[store]\ndatabase = "newsward.db"\n[fetch]\nallow_private = true\nspacing = 0\n{fetch}\n',
            encoding="utf-8",
        )

    def poll(self, *urls: str, after: timedelta = HOUR) -> RunReport:
        """A run over these feeds (none = all), due or not, so long after the one before; a process of its own."""
        return self._run(after, urls or self.urls)

    def run(self, after: timedelta = HOUR) -> RunReport:
        """A run over the feeds that are due."""
        return self._run(after, None)

    def _run(self, after: timedelta, urls: tuple[str, ...] | None) -> RunReport:
        self.now += after
        with open_stages(load(self.directory, {}), self.now) as stages:
            dues = None if urls is None else stages.store.dues(urls)
            self.reports.append(run_once(stages, self.now, dues=dues))
        return self.reports[-1]

    def line(self, url: str) -> dict[str, Any]:
        """What the command tells of a poll forced now."""
        outcome = newsward("--config", self.directory, "feeds", "poll", url, "--force", "--allow-private", "--json")
        assert outcome.code == 0, outcome.err
        [line] = outcome.lines
        return line

    def state(self, url: str = "") -> FeedState:
        """What is remembered of a feed (of the first)."""
        with Store.open(self.directory / "newsward.db", create=False) as store:
            return store.dues([url or self.urls[0]])[0].state

    def wait(self, url: str = "") -> timedelta:
        """How long it is until the feed's next turn."""
        due_at = self.state(url).next_poll_at
        assert due_at
        return due_at - self.now

    def due(self, after: timedelta = timedelta(0)) -> list[str]:
        """The feeds whose turn has come by then."""
        with Store.open(self.directory / "newsward.db", create=False) as store:
            return [due.feed.url for due in store.due(self.now + after)]

    def titles(self) -> set[str]:
        """The entries stored."""
        return {str(title) for (title,) in self.ask("SELECT title FROM entries")}

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Rows of the database."""
        return ask(self.directory / "newsward.db", query, *values)

    def sent(self, path: str = "/feed") -> list[tuple[str | None, str | None]]:
        """The validators of each request for the path, tag and date."""
        return [_validators(seen) for seen in self.server.requests(path)]


def _validators(seen: Seen) -> tuple[str | None, str | None]:
    return seen.headers.get("if-none-match"), seen.headers.get("if-modified-since")


@contextmanager
def https() -> Iterator[FeedServer]:
    """A server with a certificate for 127.0.0.1 and localhost, to be trusted by ``ca_file``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with FeedServer("0.0.0.0", tls=context) as server:
        yield server


def frozen(reply: Reply) -> Any:
    """A script that answers 304 to whatever validators, and the reply to none."""

    def answer(seen: Seen) -> Reply:
        return Reply(status=304) if any(_validators(seen)) else reply

    return answer
