"""Whole runs over the sample: its feeds on loopback, a configuration that polls them, what came of it."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from tests.feed_server import FeedServer, Reply

SEEDS = Path(__file__).parent.parent / "seeds"
MORNING = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)  # the sample's news are of that day
LATER = MORNING + timedelta(minutes=90)
# For what is compared: which entry is the first of its story shall not depend on how busy this machine is.
IN_ORDER = "[engine]\npatience = 600\n"


def seed_tables() -> list[dict[str, object]]:
    """The sample's feeds as configured, each with its ``file``."""
    return tomllib.loads((SEEDS / "feeds.toml").read_text(encoding="utf-8"))["feed"]


def serve_seeds(server: FeedServer, edition: str = "first") -> dict[str, str]:
    """Serves every feed of the sample on an address of its own; the URL of each file."""
    urls = {}
    for number, table in enumerate(seed_tables(), start=11):
        file = str(table["file"])
        path = SEEDS / "feeds" / edition / file
        body = (path if path.exists() else SEEDS / "feeds" / "first" / file).read_bytes()
        server.serve(f"/{file}", Reply(body, etag=f'"{sha256(body).hexdigest()[:12]}"', content_type="text/plain"))
        urls[file] = server.url(f"/{file}", host=f"127.0.0.{number}")
    return urls


def write_config(
    directory: Path, urls: Sequence[str] | Mapping[str, str], *, webhook: str = "", alert: str = "", fetch: str = ""
) -> Path:
    """An ordinary configuration for these feeds and the sample's companies; only loopback is allowed besides."""
    directory.mkdir(parents=True, exist_ok=True)
    tables = {str(table["file"]): table for table in seed_tables()}
    by_file = urls if isinstance(urls, Mapping) else {url: url for url in urls}
    feeds = []
    for file, url in by_file.items():
        known = {key: value for key, value in tables.get(file, {}).items() if key != "file"}
        feeds.append("[[feed]]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in {"url": url, **known}.items()))
    (directory / "feeds.toml").write_text("\n".join(feeds), encoding="utf-8")
    (directory / "companies.toml").write_bytes((SEEDS / "companies.toml").read_bytes())
    channel = f'kind = "webhook"\nurl = "{webhook}"' if webhook else 'kind = "stdout"'
    (directory / "newsward.toml").write_text(
        f'[store]\ndatabase = "newsward.db"\n\n[fetch]\nallow_private = true\n{fetch}\n\n[alert]\n{alert}\n\n'
        f'[[channel]]\nid = "desk"\n{channel}\n\n[[rule]]\nname = "all"\nchannels = ["desk"]\n',
        encoding="utf-8",
    )
    return directory


def ask(database: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    """Rows of a query on a connection of its own, as any SQLite client would get them."""
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def remembered(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that two runs over the same feeds must agree on."""
    return {
        "entries": ask(database, "SELECT id, title, article_id, story_id, relation FROM entries ORDER BY id"),
        "sightings": ask(database, "SELECT entry_id, feed_url FROM sightings ORDER BY 1, 2"),
        "hits": ask(database, "SELECT entry_id, company_id, score, salience, story_id FROM hits ORDER BY 1, 2"),
        "stories": ask(database, "SELECT id, title, entries FROM stories ORDER BY id"),
        "alerts": ask(database, "SELECT id, channel, state FROM alerts ORDER BY id"),
    }
