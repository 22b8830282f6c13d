"""A database of months of made-up news, for questions whose cost must be known: seeded, the same every time."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

from pipeline.keys import digest
from pipeline.store import Store
from pipeline.store.connection import transaction
from pipeline.text import to_iso
from tests.builders_store import FEED, NOW

XIAOMI, MICROSOFT = "xiaomi", "microsoft"
_SYLLABLES = [f"{one}{other}" for one in "bdklmnr" for other in "aeiou"]
_WORDS = [f"{one}{two}{three}" for one in _SYLLABLES for two in _SYLLABLES[::3] for three in _SYLLABLES[::4]]
_LANGUAGES = ("en", "en", "en", "de", "fr", "zh")


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is; hits, stories, alerts and fetches follow from the entries as they do in practice."""

    entries: int = 300_000
    days: int = 90
    feeds: int = 2_000
    companies: int = 500

    @property
    def fetches(self) -> int:
        """Two thirds of the entries."""
        return self.entries * 2 // 3


def large_database(path: Path, size: Size, *, seed: int = 7, end: datetime = NOW) -> None:
    """A database at ``path`` whose news end at ``end``; a longer past adds rows before it and leaves the rate alone."""
    with Store.open(path) as store, transaction(store.database.conn):
        _fill(store.database.conn, _Maker(size, Random(seed), end))


class _Maker:
    """Draws rows; everything that is asked of it is decided by its seed."""

    def __init__(self, size: Size, random: Random, end: datetime) -> None:
        self.size, self.random, self.end = size, random, end
        named = (XIAOMI, MICROSOFT)
        self.companies = [*named, *(f"company-{number}" for number in range(len(named), size.companies))]
        # A few companies are in the news every hour and most of them seldom.
        self._weights = list(accumulate(1 / (place + 3) for place in range(len(self.companies))))
        self.feeds = [FEED, *(f"https://outlet-{number}.example/feed" for number in range(1, size.feeds))]

    def moment(self, part: float) -> str:
        """The moment after this part of all the days."""
        return to_iso(self.end - timedelta(days=self.size.days) * (1 - part))

    def words(self, count: int) -> str:
        return " ".join(self.random.choices(_WORDS, k=count))

    def company(self) -> str:
        return self.companies[bisect(self._weights, self.random.random() * self._weights[-1])]

    def of_entry(self) -> list[str]:
        """The companies of an entry: none in five of six, seldom two."""
        if self.random.random() > 1 / 6:
            return []
        return sorted({self.company() for _ in range(1 + (self.random.random() < 0.25))})


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows, None)
    if first is None:
        return
    names = ", ".join(f'"{name}"' for name in first)
    values = ", ".join(f":{name}" for name in first)
    sql = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({values})"
    connection.execute(sql, first)
    connection.executemany(sql, rows)


def _fill(connection: sqlite3.Connection, make: _Maker) -> None:
    _insert(connection, "companies", _companies(make))
    _insert(connection, "feeds", _feeds(make))
    stories: list[dict[str, Any]] = []
    for number in range(make.size.entries):
        _entry(connection, make, number, stories)
    _insert(connection, "fetches", _fetches(make))
    _insert(connection, "runs", _runs(make))
    connection.execute(
        "UPDATE stories SET (entries, last_at) = "
        "(SELECT count(*), max(published_at) FROM entries WHERE story_id = stories.id)"
    )
    connection.execute("UPDATE story_companies SET last_at = (SELECT last_at FROM stories WHERE id = story_id)")


def _companies(make: _Maker) -> Iterator[dict[str, Any]]:
    for company in make.companies:
        yield {"id": company, "name": company.title(), "added_at": make.moment(0), "changed_at": make.moment(0)}


def _feeds(make: _Maker) -> Iterator[dict[str, Any]]:
    for number, url in enumerate(make.feeds):
        failing = number % 50 == 49
        yield {
            "url": url,
            "title": f"Outlet {number}",
            "publisher": f"Outlet {number}" if number % 3 else "",
            "added_at": make.moment(0),
            "failures": 9 if failing else 0,
            "failing_since": make.moment(0.9) if failing else None,
            "error_kind": "dns" if failing else None,
            "error": "the name of the host is not known" if failing else "",
            "last_polled_at": make.moment(1),
            "last_ok_at": make.moment(0.9 if failing else 1),
            "last_full_at": make.moment(0.9 if failing else 1),
            "next_poll_at": to_iso(make.end + timedelta(days=36500)),
            "tier": 1 + number % 5,
        }


def _entry(connection: sqlite3.Connection, make: _Maker, number: int, stories: list[dict[str, Any]]) -> None:
    """One entry with all that hangs on it; ``stories`` are those that are being told."""
    random, at = make.random, make.moment(number / make.size.entries)
    key, feed = digest("entry", str(number)), random.choice(make.feeds)
    companies = make.of_entry()
    title = make.words(9) + (" orchards" if number % 997 == 0 else "")
    story = _story(connection, make, stories, key, title, at) if companies else None
    row = {
        "id": key,
        "feed_url": feed,
        "published_at": at,
        "date_kind": "given",
        "first_seen_at": at,
        "last_seen_at": at,
        "story_id": story and story["id"],
        "article_id": key if story else None,
        "relation": ("new" if story["id"] == key else "same_story") if story else None,
        "content_hash": key,
        "language": random.choice(_LANGUAGES),
        "url": f"https://outlet.example/{key}",
        "canonical_url": f"https://outlet.example/{key}",
        "guid": key,
        "title": title,
        "text": make.words(40),
        "cjk": "小米 米公 公司" if XIAOMI in companies else "",
    }
    _insert(connection, "entries", iter([row]))
    keys = (digest("guid", key), digest("url", key))
    _insert(connection, "entry_keys", ({"key": one, "entry_id": key} for one in keys))
    if number % 10 == 0:
        seen = {"entry_id": key, "feed_url": random.choice(make.feeds), "seen_at": at}
        _insert(connection, "sightings", iter([seen]))
    if number % 20 == 0:
        former = {"entry_id": key, "replaced_at": at, "content_hash": "-", "title": make.words(9), "text": "-"}
        _insert(connection, "revisions", iter([former]))
    if story:
        _place(connection, make, row, companies)


def _story(
    connection: sqlite3.Connection, make: _Maker, stories: list[dict[str, Any]], key: str, title: str, at: str
) -> dict[str, Any]:
    """A story that is being told, or a new one with its terms and its alert."""
    random = make.random
    if stories and random.random() < 0.58:
        return random.choice(stories)
    story = {"id": key, "title": title, "first_at": at, "last_at": at, "entries": 1}
    _insert(connection, "stories", iter([story]))
    seq = connection.execute("SELECT seq FROM stories WHERE id = ?", (key,)).fetchone()[0]
    terms = random.sample(_WORDS, 12)
    _insert(connection, "story_terms", iter([{"story": seq, "terms": json.dumps(dict.fromkeys(terms, 1))}]))
    counting = "INSERT INTO terms VALUES (?, 1) ON CONFLICT DO UPDATE SET stories = stories + 1"
    connection.executemany(counting, zip(terms))
    stories.append(story)
    del stories[:-8]
    _alert(connection, make, key, at)
    return story


def _alert(connection: sqlite3.Connection, make: _Maker, story: str, at: str) -> None:
    fate = make.random.random()
    state = "dead" if fate < 0.01 else "pending" if fate < 0.012 else "sent"
    alert = {
        "id": digest("alert", story),
        "channel": make.random.choice(("desk", "pager")),
        "rule": "all",
        "kind": "story",
        "story_id": story,
        "entry_id": story,
        "severity": "normal",
        "state": state,
        "attempts": 1,
        "created_at": at,
        "not_before": at,
        "next_attempt_at": at if state == "pending" else None,
        "sent_at": at if state == "sent" else None,
        "error": "503" if state == "dead" else "",
        "payload": json.dumps({"title": make.words(9), "summary": make.words(40)}),
    }
    _insert(connection, "alerts", iter([alert]))
    attempts = 4 if state == "dead" else 1
    _insert(
        connection,
        "deliveries",
        (
            {
                "alert_id": alert["id"],
                "attempt": attempt,
                "attempted_at": at,
                "channel": alert["channel"],
                "outcome": "sent" if state == "sent" else "failed",
                "detail": "200" if state == "sent" else "503",
            }
            for attempt in range(1, attempts + 1)
        ),
    )


def _place(connection: sqlite3.Connection, make: _Maker, entry: dict[str, Any], companies: list[str]) -> None:
    """The entry in its story, with its hits."""
    random = make.random
    key, story, relation, at = entry["id"], entry["story_id"], entry["relation"], entry["published_at"]
    placement = {
        "entry_id": key,
        "article_id": key,
        "story_id": story,
        "relation": relation,
        "rule": "nothing_like_it" if story == key else "alike",
        "partner": "" if story == key else story,
        "score": 0.7,
        "features": json.dumps([["known_words", 1.4], ["title_set", 0.9]]),
        "companies": json.dumps(companies),
        "placed_at": at,
    }
    _insert(connection, "placements", iter([placement]))
    seq = connection.execute("SELECT seq FROM entries WHERE id = ?", (key,)).fetchone()[0]
    _insert(connection, "sketches", ({"hash": random.getrandbits(62), "entry": seq} for _ in range(12)))
    _insert(
        connection,
        "story_companies",
        ({"story_id": story, "company_id": company, "last_at": at} for company in companies),
    )
    _insert(connection, "hits", (_hit(make, entry, company) for company in companies))


def _hit(make: _Maker, entry: dict[str, Any], company: str) -> dict[str, Any]:
    score = make.random.choice((62.0, 76.0, 88.0, 96.0, 96.0, 100.0))
    reasons = [{"signal": "name stands in the title", "points": 20.0}]
    mention = {"field": "title", "start": 0, "end": 6, "found": company, "name": company, "score": score}
    return {
        "entry_id": entry["id"],
        "company_id": company,
        "published_at": entry["published_at"],
        "score": score,
        "salience": make.random.choice((20.0, 60.0, 80.0, 100.0)),
        "method": "fuzzy" if score == 88 else "exact",
        "name": company,
        "found": company,
        "field": "title",
        "start": 0,
        "end": 6,
        "story_id": entry["story_id"],
        "relation": entry["relation"],
        "created_at": entry["first_seen_at"],
        "evidence": f"title: “{company}” (exact {score:.0f})",
        "mentions": json.dumps([{**mention, "method": "exact", "reasons": reasons}]),
    }


def _fetches(make: _Maker) -> Iterator[dict[str, Any]]:
    for number in range(make.size.fetches):
        failed = number % 25 == 24
        yield {
            "feed_url": make.feeds[number % len(make.feeds)],
            "fetched_at": make.moment(number / make.size.fetches),
            "outcome": "failed" if failed else "fetched",
            "status": 503 if failed else 200,
            "error_kind": "http" if failed else None,
            "error": "503" if failed else "",
            "entries": 20,
            "new": 1,
            "bytes": 40_000,
            "elapsed_s": 0.2,
        }


def _runs(make: _Maker) -> Iterator[dict[str, Any]]:
    """One every half an hour."""
    total = make.size.days * 48
    for number in range(total):
        at = make.moment(number / total)
        yield {"started_at": at, "ended_at": at, "took_s": 9.0, "feeds": make.size.feeds, "due": 40, "new": 70}
