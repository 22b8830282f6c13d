"""The sample, watched: the ordinary pipeline polls ``seeds/`` over real HTTP on loopback and alerts a real webhook."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any

from pipeline.app import open_stages
from pipeline.config import load
from pipeline.errors import InputError
from pipeline.model import Batch, Committed, RunReport
from pipeline.run import run_once

# The clock of the sample: its entries are dated around this morning, and an alert is for fresh news only.
FIRST_POLL = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
POLLS = (
    ("first poll", timedelta(), "first"),
    ("second poll, nothing changed", timedelta(minutes=45), "first"),
    ("third poll, news since", timedelta(minutes=90), "later"),
)
MARK = "written by newsward demo"
_TYPES = {".json": "application/feed+json", ".xml": "application/xml", ".rss": "application/rss+xml"}


@dataclass(slots=True)
class Received:
    """What the loopback webhook was sent: (headers, payload) in order."""

    alerts: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the three runs did, what the webhook received, and where the database lies."""

    reports: tuple[tuple[str, RunReport], ...]
    received: Received
    database: Path
    config: Path


@dataclass(slots=True)
class SeedFeed:
    """One feed of the sample and the edition that its server hands out now."""

    folder: Path
    file: str
    edition: str = "first"

    def document(self) -> bytes:
        """The feed's newest edition up to the current one."""
        newer = self.folder / self.edition / self.file
        return (newer if newer.is_file() else self.folder / "first" / self.file).read_bytes()


def seeds_folder() -> Path:
    """The bundled sample: beside the package in a checkout, inside it when installed. Raises InputError."""
    package = Path(str(files("pipeline")))
    for folder in (package.parent / "seeds", package / "seeds"):
        if (folder / "feeds.toml").is_file():
            return folder
    raise InputError("the sample (seeds/) is not installed with this copy of newsward; use a checkout or the wheel")


def run_demo(
    directory: Path, *, watch: Callable[[str, int, Batch | None], None] = lambda step, feeds, batch: None
) -> DemoResult:
    """Runs the three polls below ``directory``, which a former demo may have made and is then replaced.

    ``watch(step, feeds, batch)`` is told of each poll's beginning (``batch`` None) and of each feed's turn.
    Raises InputError when the directory holds anything else.
    """
    seeds = seeds_folder()
    clear(directory)
    with _servers(seeds) as (feeds, urls, received, webhook):
        config = _write_config(directory, seeds, urls, webhook)
        reports = tuple(_polls(config, feeds, watch))
    return DemoResult(reports, received, directory / "newsward.db", config)


def clear(directory: Path) -> None:
    """Removes what a former demo left in the directory; touches nothing else. Raises InputError."""
    made = [directory / name for name in ("newsward.toml", "companies.toml", "feeds.toml")]
    if not directory.exists():
        return
    if any(directory.iterdir()) and not (made[0].is_file() and MARK in made[0].read_text(encoding="utf-8")):
        raise InputError(f"{directory} is not empty and was not made by the demo: name another with --dir")
    for path in (*made, *directory.glob("newsward.db*")):
        path.unlink(missing_ok=True)


def _polls(
    config: Path, feeds: list[SeedFeed], watch: Callable[[str, int, Batch | None], None]
) -> Iterator[tuple[str, RunReport]]:
    loaded = load(config, {})
    for step, later, edition in POLLS:
        for feed in feeds:
            feed.edition = edition
        watch(step, len(feeds), None)

        def tell(batch: Batch, _: Committed, step: str = step) -> None:
            watch(step, len(feeds), batch)

        with open_stages(loaded, FIRST_POLL + later) as stages:
            yield step, run_once(stages, FIRST_POLL + later, watch=tell)


@contextmanager
def _servers(seeds: Path) -> Iterator[tuple[list[SeedFeed], list[tuple[dict[str, Any], str]], Received, str]]:
    """One server a feed, each on a loopback address of its own, and the webhook's."""
    tables = tomllib.loads((seeds / "feeds.toml").read_text(encoding="utf-8"))["feed"]
    feeds = [SeedFeed(seeds / "feeds", table["file"]) for table in tables]
    received = Received()
    with ExitStack() as stack:
        urls = []
        for number, (table, feed) in enumerate(zip(tables, feeds, strict=True), start=11):
            address = stack.enter_context(_serving(_feed_handler(feed), f"127.0.0.{number}"))
            urls.append((table, f"{address}/{feed.file}"))
        webhook = stack.enter_context(_serving(_webhook_handler(received), "127.0.0.1"))
        yield feeds, urls, received, f"{webhook}/alerts"


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler], host: str) -> Iterator[str]:
    try:
        server = ThreadingHTTPServer((host, 0), handler)
    except OSError:
        # Systems with a single loopback address: the ports still tell the feeds apart.
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{server.server_address[0]!s}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _feed_handler(feed: SeedFeed) -> type[BaseHTTPRequestHandler]:
    class FeedHandler(_Quiet):
        """Answers with the feed and both validators, or with 304."""

        def do_GET(self) -> None:
            body = feed.document()
            etag = f'"{sha256(body).hexdigest()[:16]}"'
            if self.headers.get("If-None-Match") == etag:
                self.reply(HTTPStatus.NOT_MODIFIED, {"ETag": etag})
                return
            modified = FIRST_POLL + (timedelta(minutes=80) if feed.edition == "later" else timedelta())
            kind = _TYPES.get(Path(feed.file).suffix, "application/xml")
            validators = {"ETag": etag, "Last-Modified": format_datetime(modified, usegmt=True)}
            self.reply(HTTPStatus.OK, {"Content-Type": f"{kind}; charset=utf-8", **validators}, body)

    return FeedHandler


def _webhook_handler(received: Received) -> type[BaseHTTPRequestHandler]:
    class WebhookHandler(_Quiet):
        """Keeps what it is sent."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            received.alerts.append((dict(self.headers.items()), json.loads(body)))
            self.reply(HTTPStatus.NO_CONTENT, {})

    return WebhookHandler


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status: HTTPStatus, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """The demo tells its own story."""


def _write_config(directory: Path, seeds: Path, urls: list[tuple[dict[str, Any], str]], webhook: str) -> Path:
    """An ordinary configuration: only the loopback addresses make it the demo's."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{directory} cannot be made ({error.strerror}); name another with --dir") from error
    feeds = "\n".join(
        "[[feed]]\n"
        + "".join(f"{key} = {json.dumps(value)}\n" for key, value in {"url": url, **table}.items() if key != "file")
        for table, url in urls
    )
    (directory / "feeds.toml").write_text(f"# {MARK}\n\n{feeds}", encoding="utf-8")
    (directory / "companies.toml").write_bytes((seeds / "companies.toml").read_bytes())
    (directory / "newsward.toml").write_text(_NEWSWARD_TOML.format(mark=MARK, webhook=webhook), encoding="utf-8")
    return directory


_NEWSWARD_TOML = """\
# {mark}: replaced at its next run
[store]
database = "newsward.db"

[fetch]
allow_private = true   # the sample is served on this machine; leave it out for the real world

[polling]
max_interval = "PT30M"

[[channel]]
id = "team"
kind = "webhook"
url = "{webhook}"

[[rule]]
name = "all companies"
channels = ["team"]
"""
