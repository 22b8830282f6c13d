"""What may have been missed and what waits, asked of the database: for ``newsward report`` and for digests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from pipeline.errors import StoreError
from pipeline.observe.coverage import (
    PROBLEMS,
    ChannelWaits,
    CompanyTold,
    FeedTrouble,
    Polls,
    Recovered,
    Report,
    coverage_line,
    verdict,
)
from pipeline.observe.silence import SOON, Silence, judged_company, judged_silence
from pipeline.store import Store
from pipeline.text import from_iso, to_iso
from pipeline.urls import public_url

log = structlog.get_logger()

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
_PERIODS = 9  # the present one, and eight to compare it with
_SELDOM = 9  # moments: with fewer, the dates of the entries tell more than the polls
_PUBLISHED = 60  # entries of a feed that publishes seldom
_SAME_PASS = timedelta(minutes=1)
_SHARE = 0.05  # of a company's hits: a feed with less is none of its usual ones
_SOON_SENT = timedelta(minutes=10)  # an alert that waits for longer beyond its moment is late
_TOLD = 3  # feeds in a reason
_OUT_OF_REACH = ("failing", "disabled", "overdue", "paused")

Row = Mapping[str, Any]


def report(store: Store, now: datetime, window: timedelta = DAY) -> Report:
    """The report over the window that ends now. Reads only; raises StoreError when the database cannot be read."""
    watched = watch(store, now, window)
    return replace(watched, companies=_companies(store, watched, window))


def watch(store: Store, now: datetime, window: timedelta = DAY) -> Report:
    """The report without the companies. Raises as ``report`` does."""
    since = now - window
    bounds = store.rows("report_run_bounds")[0]
    runs = store.rows("report_runs", **_periods(now, window))
    rows = store.rows("report_polls", since=to_iso(since), now=to_iso(now))
    return Report(
        since=since,
        until=now,
        feeds=store.rows("report_turns")[0]["feeds"],
        runs=next((row["runs"] for row in runs if row["back"] == 0), 0),
        last_run_at=_moment(bounds["last_at"]),
        beat_at=_moment(bounds["beat_at"]),
        polls=_polls(rows),
        troubles=_troubles(store, now, since, rows),
        recovered=tuple(_recovered(row) for row in rows if row["failed"] and not row["failures"] and _answers(row)),
        channels=tuple(
            _channel(row)
            for row in store.rows(
                "report_channels", since=to_iso(since), now=to_iso(now), late=to_iso(now - _SOON_SENT)
            )
        ),
    )


def coverage(store: Store, now: datetime, window: timedelta = DAY) -> Mapping[str, Any] | None:
    """What a digest says of the coverage of its time, as plain JSON; None when no feed is configured, or the database
    cannot be asked: a digest goes out without it."""
    try:
        found = watch(store, now, window)
    except StoreError as error:
        log.warning("coverage_unknown", reason=str(error))
        return None
    if not found.feeds:
        return None
    return {
        "line": coverage_line(found),
        "feeds_failed": found.count("failing", "disabled", "overdue"),
        "feeds_silent": found.count("silent"),
        "gaps": found.count("gap"),
        "undelivered": sum(channel.tried for channel in found.channels),
        "since": to_iso(found.since),
    }


def coverage_of(store: Store) -> Callable[[datetime, timedelta], Mapping[str, Any] | None]:
    """``coverage`` of this database, asked anew after a minute at the earliest: digests of one pass say the same."""
    known: dict[timedelta, tuple[datetime, Mapping[str, Any] | None]] = {}

    def ask(now: datetime, window: timedelta) -> Mapping[str, Any] | None:
        if window not in known or not timedelta() <= now - known[window][0] < _SAME_PASS:
            known[window] = now, coverage(store, now, window)
        return known[window][1]

    return ask


def told(found: Report) -> dict[str, Any]:
    """As ``newsward report --json`` has it."""
    counts = {name: found.count(name) for name in PROBLEMS}
    return {
        "verdict": verdict(found),
        "is_whole": found.is_whole,
        "waiting": found.waiting,
        "dead_lately": found.dead_lately,
        "problems": counts,
        **_plain(asdict(found)),
    }


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return to_iso(value)
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case float():
            return round(value, 1)
        case _:
            return value


def _moment(stamp: str | None) -> datetime | None:
    return from_iso(stamp) if stamp else None


def _polls(rows: Sequence[Row]) -> Polls:
    return Polls(
        feeds=len(rows),
        polls=sum(row["polls"] for row in rows),
        failed=sum(row["failed"] for row in rows),
        unchanged=sum(row["unchanged"] for row in rows),
        conditional=int(sum(row["conditional"] for row in rows)),
        conditional_feeds=sum(row["conditional"] > 0 for row in rows),
    )


def _recovered(row: Row) -> Recovered:
    return Recovered(row["title"], public_url(row["url"]), row["failed"], from_iso(row["failed_at"]), row["error"])


def _channel(row: Row) -> ChannelWaits:
    return ChannelWaits(**{**row, "oldest_at": _moment(row["oldest_at"])})


# --------------------------------------------------------------------------- feeds


def _troubles(store: Store, now: datetime, since: datetime, polls: Sequence[Row]) -> tuple[FeedTrouble, ...]:
    """One for each feed and problem, the gravest problems first, of each the longest first."""
    silent, judged = _silences(store, now)
    found = [_gap(row) for row in store.rows("report_gaps", since=to_iso(since), now=to_iso(now))]
    found += silent
    for row in store.rows("report_troubles"):
        match row["problem"]:
            case "gap":
                continue  # told above, within the window only
            case "silent" if row["url"] in judged:
                continue  # by its own rhythm a feed is judged better than by a fixed time
            case "overdue" if not _is_overdue(row, now):
                continue
        found.append(_trouble(row))
    told = {one.url for one in found if one.problem in _OUT_OF_REACH}
    found += [_unheard(row) for row in polls if not _answers(row) and row["url"] not in told]
    order = list(PROBLEMS)
    found.sort(key=lambda one: (order.index(one.problem), one.since, one.url))
    return tuple(replace(one, url=public_url(one.url)) for one in found)


def _answers(row: Row) -> bool:
    """Whether the feed has answered since it last failed."""
    return row["failed_at"] is None or (row["last_ok_at"] or "") > row["failed_at"]


def _unheard(row: Row) -> FeedTrouble:
    """A feed whose failure was excused, since the network here was down: nothing counts against it, and yet nothing
    came of it."""
    began = row["last_ok_at"] or row["failed_at"]
    return FeedTrouble(
        "failing", from_iso(began), row["title"], row["url"], row["error"], row["publisher"], row["tier"]
    )


def _gap(row: Row) -> FeedTrouble:
    reason = "a document had nothing in common with the one before: what came in between is probably lost"
    return FeedTrouble(
        "gap", from_iso(row["last_gap_at"]), row["title"], row["url"], reason, row["publisher"], row["tier"]
    )


def _is_overdue(row: Row, now: datetime) -> bool:
    """The view asks SQLite's clock; here the moment is given."""
    return from_iso(max(row["next_poll_at"] or row["since"], row["paused_until"])) < now - DAY


def _trouble(row: Row) -> FeedTrouble:
    began = row["failing_since"] if row["problem"] == "failing" and row["failing_since"] else row["since"]
    return FeedTrouble(
        row["problem"], from_iso(began), row["title"], row["url"], row["reason"], row["publisher"], row["tier"]
    )


def _silences(store: Store, now: datetime) -> tuple[list[FeedTrouble], set[str]]:
    """The feeds that fell silent against their own rhythm, and all whose rhythm is known."""
    asked = {"now": to_iso(now), "since": to_iso(now - WEEK), "soon": f"-{SOON // timedelta(hours=1)} hours"}
    rows = {row["url"]: row for row in store.rows("report_rhythms", **asked)}
    moments = {url: _moments(row["moments"]) for url, row in rows.items()}
    seldom = [url for url, found in moments.items() if len(found) <= _SELDOM]
    published = store.rows("report_published", texts=json.dumps(seldom), limit=_PUBLISHED)
    dated = {row["url"]: _moments(row["moments"]) for row in published}
    verdicts = {url: _judged(row, moments[url], dated.get(url, [])) for url, row in rows.items()}
    suspects = [url for url, found in verdicts.items() if isinstance(found, Silence)]
    # What another feed told first is news of this one all the same.
    for row in store.rows("report_sighted", texts=json.dumps(suspects), since=to_iso(now - 4 * WEEK)):
        url, seen = row["url"], _moments(row["moments"])
        verdicts[url] = _judged(rows[url], sorted({*moments[url], *seen}), dated.get(url, []))
    return (
        [_silent(rows[url], found) for url, found in verdicts.items() if isinstance(found, Silence)],
        {url for url, found in verdicts.items() if found != "unknown"},
    )


def _judged(row: Row, moments: list[datetime], dated: list[datetime]) -> Silence | str:
    """By the polls that brought something; of a feed that publishes seldom, by the dates of its entries."""
    until, known_since = from_iso(row["last_ok_at"]), from_iso(row["known_since"])
    # A first document brings what had long been there: its dates tell when.
    older = [moment for moment in dated if moment < known_since]
    if older:
        moments, known_since = [*older, *(moment for moment in moments if moment > known_since)], older[0]
    return judged_silence(moments, known_since, until) if moments else "unknown"


def _silent(row: Row, found: Silence) -> FeedTrouble:
    return FeedTrouble("silent", found.since, row["title"], row["url"], found.reason, row["publisher"], row["tier"])


def _moments(joined: str | None) -> list[datetime]:
    return [from_iso(stamp) for stamp in sorted(set(joined.split(",")))] if joined else []


# --------------------------------------------------------------------------- companies


def _companies(store: Store, watched: Report, window: timedelta) -> tuple[CompanyTold, ...]:
    """Those with unusually few or many new stories, against the same stretch of the periods before."""
    asked = _periods(watched.until, window)
    counts: dict[str, dict[int, int]] = {}
    for row in store.rows("report_companies", **asked):
        counts.setdefault(row["company_id"], {})[row["back"]] = row["stories"]
    lived = {row["back"] for row in store.rows("report_runs", **asked)}
    lived |= {back for company in counts.values() for back in company}
    period = timedelta(seconds=asked["period"])
    tracked = [row for row in store.rows("report_tracked") if row["id"] in counts]
    found = []
    for row in tracked:
        stories, added_at = counts[row["id"]], from_iso(row["added_at"])
        past = [
            stories.get(back, 0)
            for back in range(1, _PERIODS)
            if back in lived and watched.since - back * period >= added_at
        ]
        if unusual := judged_company(stories.get(0, 0), past, len(tracked)):
            told = CompanyTold(unusual.kind, row["id"], row["name"], unusual.stories, unusual.usual)
            found.append(_covered(told, store, watched) if told.kind == "quiet" else told)
    return tuple(sorted(found, key=lambda one: (one.kind, -max(one.usual, one.stories), one.company)))


def _covered(told: CompanyTold, store: Store, watched: Report) -> CompanyTold:
    """A quiet company, or one of which nothing can be said since not all of its usual feeds worked."""
    if not watched.is_watched:
        return replace(told, kind="unknown", reason="no run was completed")
    since = to_iso(watched.since - 4 * WEEK)
    feeds = store.rows("report_usual_feeds", company=told.company, since=since)
    total = sum(row["hits"] for row in feeds)
    usual = {public_url(row["url"]) for row in feeds if row["hits"] >= _SHARE * total}
    troubles = {one.url: one for one in watched.troubles if one.url in usual}
    if not troubles:
        return told
    names = [f"{one.title or one.url} ({one.problem})" for one in troubles.values()]
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return replace(told, kind="unknown", reason=f"of its usual feeds: {', '.join(names[:_TOLD])}{more}")


def _periods(now: datetime, window: timedelta) -> dict[str, Any]:
    """The same stretch of the week, in whole weeks: what SQL needs to count by periods."""
    period = -(-window // WEEK) * WEEK
    return {
        "now": to_iso(now),
        "now_s": int(now.timestamp()),
        "period": int(period.total_seconds()),
        "periods": _PERIODS,
        "window": int(window.total_seconds()),
        "horizon": to_iso(now - _PERIODS * period),
    }
