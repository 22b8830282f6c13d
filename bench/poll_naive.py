"""The script that one would write first: httpx, feedparser and sqlite-utils, one feed after the other.

python poll_naive.py DATABASE FILE_OF_URLS
"""

from __future__ import annotations

import sys
from pathlib import Path

import feedparser
import httpx
from sqlite_utils import Database


def main(path: str, urls: list[str]) -> None:
    database = Database(path)
    feeds = database.table("feeds", pk="url")
    entries = database.table("entries", pk="id")
    known = {row["url"]: row for row in feeds.rows} if feeds.exists() else {}
    with httpx.Client(timeout=30, headers={"User-Agent": "naive/1"}) as client:
        for url in urls:
            state = known.get(url, {})
            fields = {"If-None-Match": state.get("etag"), "If-Modified-Since": state.get("modified")}
            answer = client.get(url, headers={name: value for name, value in fields.items() if value})
            if answer.status_code == 304:
                continue
            found = feedparser.parse(answer.content)
            entries.upsert_all(
                {"id": one.get("id") or one.link, "feed": url, "title": one.title, "text": one.get("summary", "")}
                for one in found.entries
            )
            etag, modified = answer.headers.get("etag"), answer.headers.get("last-modified")
            feeds.upsert({"url": url, "etag": etag, "modified": modified})


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8").split())
