"""Feeds tried and judged, nothing remembered: what ``newsward feeds test`` tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from pipeline.engine import EngineOptions, never, poll_in_order
from pipeline.fetch import FetchOptions
from pipeline.model import Document, Due, Entry, ErrorKind, Feed, FeedState, FetchFailed, Polled
from pipeline.parse import EARLIEST
from pipeline.poll import poll_shard

Verdict = Literal["ok", "warning", "failed"]

_DAY = timedelta(days=1)
_SILENT = timedelta(days=90)  # longer than any holiday: whoever relied on such a feed would be told nothing

# What its owner can do about a feed that failed, by the kind of failure.
_REMEDIES = {
    ErrorKind.DNS: "the host does not exist (any more), or this machine has no name server: look at the address",
    ErrorKind.CONNECT: "the server is down, or a firewall stands between: try again later",
    ErrorKind.TLS: "the certificate is no good: a trusted one of your own goes into ca_file in [fetch]",
    ErrorKind.TIMEOUT: "the server is slow or silent: try again later, or lengthen deadline in [fetch]",
    ErrorKind.TOO_LARGE: "look for a shorter feed of this site, or raise max_raw and max_decoded in [fetch]",
    ErrorKind.REDIRECT: "open the address in a browser and put the one that it ends at into feeds.toml",
    ErrorKind.BLOCKED_ADDRESS: "if you trust this address, allow it: --allow-private here, [fetch] for a run",
    ErrorKind.BLOCKED: "the site wants credentials (headers in feeds.toml) or keeps programs out: ask its owner",
    ErrorKind.RATE_LIMITED: "the site was asked too often: try again later, and lengthen spacing in [fetch]",
    ErrorKind.GONE: "the feed is gone for good: remove it from feeds.toml",
    ErrorKind.NOT_FOUND: "nothing is at this address: look on the site for where its feed is now",
    ErrorKind.HTTP: "the server failed: try again later",
    ErrorKind.ENCODING: "the server's compression is broken: tell its owner",
    ErrorKind.TRUNCATED: "the answer broke off: try again later",
    ErrorKind.EMPTY: "the server answers with nothing: try again later",
    ErrorKind.NOT_A_FEED: "look on the page for the address of its feed",
    ErrorKind.MALFORMED: "the document is too broken to be read: tell its owner",
    ErrorKind.INVALID_URL: "correct the address",
    ErrorKind.UNEXPECTED: "this is a fault of ours: please report it",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying one feed. ``advice`` says what to do, the weightiest first; empty = nothing."""

    feed: Feed
    verdict: Verdict
    status: int | None = None  # of HTTP; None = no answer
    error_kind: ErrorKind | None = None
    error: str = ""
    title: str = ""
    format: str = ""  # rss20, atom10 ..., as in model.FeedInfo
    language: str = ""
    entries: int = 0
    dated: int = 0  # entries that have a date
    newest_at: datetime | None = None
    moved_to: str = ""  # where it moved for good
    announced: tuple[str, ...] = ()  # feeds that a page names which is none itself
    took: timedelta | None = None
    advice: tuple[str, ...] = ()


def try_feeds(
    feeds: Sequence[Feed],
    engine: Executor,
    now: datetime,
    *,
    fetch: FetchOptions,
    options: EngineOptions,
    max_age: timedelta,
    patience: timedelta = timedelta.max,
    stop: Callable[[], bool] = never,
) -> Iterator[Trial]:
    """Each feed asked once, without conditions, as politely as in a run; in the order given, as far as nobody has to
    wait longer than ``patience`` for it. After a yes of ``stop`` no more come. Addresses are unique."""
    dues = [Due(feed, FeedState(feed.url)) for feed in feeds]
    poll = partial(poll_shard, options=fetch)
    size, ahead = options.shard_size, options.workers
    for polled in poll_in_order(engine, dues, poll, size=size, ahead=ahead, patience=patience, stop=stop):
        yield judge(polled, now, max_age=max_age)


def judge(polled: Polled, now: datetime, *, max_age: timedelta) -> Trial:
    """The verdict on one answer; pure. Entries older than ``max_age`` would not alert."""
    feed, result = polled.due.feed, polled.result
    answer = result.answer
    status, took = (answer.status, answer.elapsed) if answer else (None, None)
    moved_to = answer.moved_to if answer else ""
    if isinstance(result, FetchFailed):
        return Trial(
            feed,
            "failed",
            status,
            error_kind=result.kind,
            error=result.reason,
            moved_to=moved_to,
            announced=result.announced,
            took=took,
            advice=(_remedy(result),),
        )
    assert polled.document
    document = polled.document
    dates = [moment for entry in document.entries if (moment := _date(entry, now))]
    newest_at = max(dates, default=None)
    faults = tuple(_faults(document, newest_at, now, moved_to=moved_to))
    return Trial(
        feed,
        "warning" if faults else "ok",
        status,
        title=document.info.title,
        format=document.info.format,
        language=document.info.language or feed.language,
        entries=len(document.entries),
        dated=len(dates),
        newest_at=newest_at,
        moved_to=moved_to,
        took=took,
        advice=faults or tuple(_notes(newest_at, now, max_age)),
    )


def _remedy(failed: FetchFailed) -> str:
    if failed.announced:
        return "a page, and not a feed: put the address of the feed that it names into feeds.toml"
    if failed.kind is ErrorKind.NOT_A_FEED and "[[source]]" in failed.reason:
        return "put a [[source]] of that kind into feeds.toml, with this address as its url"
    return _REMEDIES[failed.kind]


def _faults(document: Document, newest_at: datetime | None, now: datetime, *, moved_to: str) -> Iterator[str]:
    """What is wrong with a feed that can be read, the weightiest first, each with what to do."""
    entries = document.entries
    if document.info.hints.expired:
        yield "the feed says that it is finished: remove it from feeds.toml"
    if newest_at and now - newest_at > _SILENT:
        yield f"its newest entry is {(now - newest_at) // _DAY} days old: look whether the site has a newer feed"
    if not entries and document.feeds is None:
        yield "it has no entries now: look again later"
    if moved_to:
        yield "it moved for good: put the new address into feeds.toml"
    if entries and newest_at is None:
        yield "no entry has a date: those of the first poll never alert, later ones count from our first sight"
    for what, harm in (("title", "hits will be hard to read"), ("url", "alerts cannot link to the articles")):
        lacking = sum(not getattr(entry, what) for entry in entries)
        if lacking * 2 > len(entries):
            yield f"{lacking} of {len(entries)} entries have no {'link' if what == 'url' else what}: {harm}"
    if document.damage:
        yield f"the document is damaged and was repaired ({document.damage}): tell its owner"


def _notes(newest_at: datetime | None, now: datetime, max_age: timedelta) -> Iterator[str]:
    """What is no fault, and good to know."""
    if newest_at and now - newest_at > max_age:
        age = (now - newest_at) / timedelta(hours=1)
        yield f"nothing in it would alert now: the newest entry is {age:.0f} hours old, [alert] max_age is shorter"


def _date(entry: Entry, now: datetime) -> datetime | None:
    """The date a reader would go by; one in the future (an event's) tells nothing of the entry's age."""
    moment = entry.published_at or entry.updated_at
    return min(moment, now) if moment and EARLIEST <= moment <= now + _DAY else None
