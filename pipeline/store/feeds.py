"""Companies and feeds: what is configured, and what is remembered of each feed between two polls."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from pipeline.model import GONE, Batch, Company, Due, ErrorKind, Feed, FeedInfo, FeedState, Hints, Watchlist
from pipeline.store.columns import clean, duration, moment, seconds, stamp, texts, to_json
from pipeline.store.queries import QUERIES
from pipeline.urls import host_of

# No feed rests for longer than a week; a turn beyond that was set while the clock was wrong.
ABSURDLY_FAR = timedelta(days=8)


def remember(connection: sqlite3.Connection, watchlist: Watchlist, feeds: Sequence[Feed], now: datetime) -> None:
    """Companies and feeds as configured; the others are marked and stay, with all that hangs on them."""
    at = stamp(now)
    connection.executemany(QUERIES["company_upsert"], (_company_row(one, at) for one in watchlist.companies))
    connection.execute(QUERIES["companies_dropped"], {"now": at, "texts": texts(one.id for one in watchlist.companies)})
    connection.executemany(QUERIES["feed_upsert"], (_feed_row(feed, at) for feed in feeds))
    connection.execute(QUERIES["feeds_dropped"], {"texts": texts(feed.url for feed in feeds)})


def add(connection: sqlite3.Connection, feeds: Iterable[Feed], now: datetime) -> int:
    """How many feeds were not polled before and are now."""
    at = stamp(now)
    return connection.executemany(QUERIES["feed_add"], (_feed_row(feed, at) for feed in feeds)).rowcount


def due(
    connection: sqlite3.Connection, now: datetime, limit: int | None, urls: Collection[str] | None = None
) -> tuple[Due, ...]:
    """The feeds (of these URLs) whose turn it is, those that wait longest first, those never polled before all."""
    resting = _resting(connection, now)
    # The address tells the host, and SQL cannot read addresses: while a host rests, more rows than asked for are read.
    most = None if resting else limit
    bounds = {
        "now": stamp(now),
        "absurd": stamp(now + ABSURDLY_FAR),
        "gone": GONE,
        "texts": None if urls is None else texts(urls),
        "limit": -1 if most is None else most,
    }
    dues = map(_due, connection.execute(QUERIES["feeds_due"], bounds))
    return tuple(islice((one for one in dues if not resting or host_of(one.url) not in resting), limit))


def polled(connection: sqlite3.Connection, now: datetime) -> tuple[Due, ...]:
    """All feeds that take turns, due or not."""
    return tuple(map(_due, connection.execute(QUERIES["feeds_polled"], {"now": stamp(now)})))


def named(connection: sqlite3.Connection, urls: Sequence[str]) -> tuple[Due, ...]:
    """The feeds of these URLs in their order, whatever their state; unknown ones are left out."""
    rows = connection.execute(QUERIES["feeds_named"], {"texts": texts(urls)})
    found = {row["url"]: _due(row) for row in rows}
    return tuple(found[url] for url in dict.fromkeys(map(clean, urls)) if url in found)


def rest(
    connection: sqlite3.Connection,
    hosts: Mapping[str, datetime],
    rested: Callable[[FeedState, datetime], FeedState],
    now: datetime,
) -> None:
    """Has these hosts left alone until then: their feeds get the turns that ``rested`` gives them."""
    connection.execute(QUERIES["hosts_rested"], {"now": stamp(now), "absurd": stamp(now + ABSURDLY_FAR)})
    rows = ({"host": host, "now": stamp(now), "until": stamp(until)} for host, until in hosts.items())
    connection.executemany(QUERIES["host_rest"], rows)
    neighbours = [one for one in polled(connection, now) if host_of(one.url) in hosts]
    turns = (
        {"url": one.feed.url, "next_poll_at": stamp(rested(one.state, hosts[host_of(one.url)]).next_poll_at)}
        for one in neighbours
    )
    connection.executemany(QUERIES["feed_postpone"], list(turns))


def forget_moves(connection: sqlite3.Connection, urls: Collection[str]) -> None:
    """Redirects that these feeds were led by do not count towards a move."""
    connection.execute(QUERIES["feeds_forget_moves"], {"texts": texts(urls)})


def _resting(connection: sqlite3.Connection, now: datetime) -> frozenset[str]:
    bounds = {"now": stamp(now), "absurd": stamp(now + ABSURDLY_FAR)}
    return frozenset(host for (host,) in connection.execute(QUERIES["hosts_resting"], bounds))


def configured(connection: sqlite3.Connection, urls: Collection[str]) -> frozenset[str]:
    """Those of these URLs that are a feed's that takes turns, or would if it were enabled."""
    return frozenset(row[0] for row in connection.execute(QUERIES["feeds_configured"], {"texts": texts(urls)}))


def paused(connection: sqlite3.Connection, urls: Collection[str], now: datetime) -> Mapping[str, datetime | None]:
    """Those of these feeds that a person lets rest, each with the end of it; None = until somebody enables it."""
    rows = connection.execute(QUERIES["feeds_paused"], {"texts": texts(urls), "now": stamp(now)})
    return {url: moment(until) for url, until in rows}


def pause(connection: sqlite3.Connection, urls: Collection[str], words: str, until: datetime | None) -> None:
    """Lets feeds rest, whatever becomes of a poll that is under way."""
    values = {"texts": texts(urls), "words": clean(words), "until": stamp(until)}
    connection.execute(QUERIES["feeds_pause"], values)


def enable(connection: sqlite3.Connection, urls: Collection[str], now: datetime) -> None:
    """Puts feeds in turn again, at once, whoever took them out."""
    connection.execute(QUERIES["feeds_enable"], {"texts": texts(urls), "now": stamp(now)})


def drop(connection: sqlite3.Connection, urls: Collection[str]) -> None:
    """Takes feeds out of turn for good; what they brought stays."""
    connection.execute(QUERIES["feeds_remove"], {"texts": texts(urls)})


def entry_counts(connection: sqlite3.Connection, urls: Collection[str]) -> Mapping[str, int]:
    """Entries stored for each feed: its own, and those seen first in another."""
    return dict(map(tuple, connection.execute(QUERIES["feed_entry_counts"], {"texts": texts(urls)})))


def write_states(connection: sqlite3.Connection, batches: Sequence[Batch], now: datetime) -> None:
    """What polls taught about their feeds, which need not have been known."""
    at = stamp(now)
    connection.executemany(QUERIES["feed_known"], [_feed_row(batch.feed, at) for batch in batches])
    rows = (
        {**_state_row(batch.state), **_info_row(batch.info or FeedInfo()), "url": clean(batch.feed.url)}
        for batch in batches
    )
    connection.executemany(QUERIES["feed_state"], rows)


def _company_row(company: Company, at: str | None) -> dict[str, Any]:
    aliases = [{"text": one.text, "kind": one.kind} if one.kind else one.text for one in company.aliases]
    lists = ("tickers", "domains", "context", "exclude", "tags")
    row = {name: to_json(list(getattr(company, name))) for name in lists}
    return {**row, "id": clean(company.id), "name": clean(company.name), "aliases": to_json(aliases), "now": at}


def _feed_row(feed: Feed, at: str | None) -> dict[str, Any]:
    """Headers are left out: they carry secrets, and the file is for everybody's eyes."""
    words = {name: clean(getattr(feed, name)) for name in ("url", "title", "publisher", "language", "source")}
    return {**words, "tier": feed.tier, "tags": to_json(list(feed.tags)), "now": at}


def _info_row(info: FeedInfo) -> dict[str, Any]:
    return {
        "title": clean(info.title),
        "language": clean(info.language),
        "site_url": clean(info.link),
        "format": clean(info.format),
    }


def _state_row(state: FeedState) -> dict[str, Any]:
    words = (
        "current_url",
        "answered_url",
        "etag",
        "last_modified",
        "asked_as",
        "body_hash",
        "error",
        "disabled",
        "moved_to",
    )
    moments = (
        "failing_since",
        "last_polled_at",
        "last_ok_at",
        "last_full_at",
        "next_poll_at",
        "moved_since",
        "last_gap_at",
    )
    return {
        **{name: clean(getattr(state, name)) for name in words},
        **{name: stamp(getattr(state, name)) for name in moments},
        "status": state.status,
        "failures": state.failures,
        "moved_polls": state.moved_polls,
        "squeeze": state.squeeze,
        "error_kind": state.error_kind,
        "interval_s": seconds(state.interval),
        "hints": to_json(_hints_row(state.hints)),
    }


def _hints_row(hints: Hints) -> dict[str, Any]:
    """Only what the document asked for: most ask for nothing."""
    row = {
        "ttl_s": seconds(hints.ttl),
        "update_every_s": seconds(hints.update_every),
        "skip_hours": list(hints.skip_hours),
        "skip_days": list(hints.skip_days),
    }
    return {name: value for name, value in row.items() if value}


def _hints(row: Mapping[str, Any]) -> Hints:
    return Hints(
        ttl=duration(row.get("ttl_s")),
        update_every=duration(row.get("update_every_s")),
        skip_hours=tuple(row.get("skip_hours", ())),
        skip_days=tuple(row.get("skip_days", ())),
    )


def _due(row: sqlite3.Row) -> Due:
    state = FeedState(
        url=row["url"],
        current_url=row["current_url"],
        answered_url=row["answered_url"],
        asked_as=row["asked_as"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        body_hash=row["body_hash"],
        status=row["status"],
        failures=row["failures"],
        failing_since=moment(row["failing_since"]),
        error_kind=ErrorKind(row["error_kind"]) if row["error_kind"] else None,
        error=row["error"],
        last_polled_at=moment(row["last_polled_at"]),
        last_ok_at=moment(row["last_ok_at"]),
        last_full_at=moment(row["last_full_at"]),
        interval=duration(row["interval_s"]),
        next_poll_at=moment(row["next_poll_at"]),
        disabled=row["disabled"],
        hints=_hints(json.loads(row["hints"])),
        moved_to=row["moved_to"],
        moved_since=moment(row["moved_since"]),
        moved_polls=row["moved_polls"],
        squeeze=row["squeeze"],
        last_gap_at=moment(row["last_gap_at"]),
    )
    return Due(_feed(row), state)


def _feed(row: sqlite3.Row) -> Feed:
    return Feed(
        url=row["url"],
        title=row["title"],
        publisher=row["publisher"],
        language=row["language"],
        tier=row["tier"],
        tags=tuple(json.loads(row["tags"])),
        source=row["source"],
    )
