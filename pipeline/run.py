"""One run, the stages in order: ``make_batch`` decides what one feed's turn wants written, ``run_once`` acts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol, Self

import structlog

from pipeline.alert import AlertOptions, Candidate, Channel, Rule, deliver, owed
from pipeline.article import FulltextOptions
from pipeline.dedup import (
    Arrival,
    Lookups,
    Remembered,
    Sorted,
    StoryIndex,
    find_twins,
    lookup_keys,
    recognise,
    sort_entries,
)
from pipeline.engine import EngineOptions, never, poll_in_order
from pipeline.errors import DataRefused, NewswardError, StoreError
from pipeline.fetch import (
    FetchOptions,
    Judged,
    Jury,
    PollingOptions,
    Rests,
    excused,
    next_state,
    overlap_of,
    public_url,
    rested,
)
from pipeline.match import MatchEngine
from pipeline.model import (
    Alert,
    Answer,
    Batch,
    Committed,
    DateKind,
    Document,
    Due,
    Entry,
    EntryField,
    ErrorKind,
    FailedFeed,
    Feed,
    FeedKind,
    FetchFailed,
    FetchRecord,
    Hit,
    Known,
    Mention,
    Method,
    NotModified,
    Placement,
    Polled,
    Reason,
    Relation,
    RunReport,
)
from pipeline.pages import Judgement, PagePass, page_url
from pipeline.parse import settle
from pipeline.poll import poll_shard
from pipeline.store import Store

log = structlog.get_logger()
Watcher = Callable[[Batch, Committed], None]
BEAT_EVERY = timedelta(minutes=1)
_TOGETHER = 50  # feeds in one transaction
_HOLD_SECONDS = 0.25  # how long a transaction may last
_TOLD = 20  # addresses in one line of the log
_DOWNGRADED = "came by plain HTTP, to which a redirect led from HTTPS"


@dataclass(frozen=True, slots=True)
class Stages:
    """All that a run works with, put together by ``app.py``."""

    store: Store
    engine: Executor
    matching: MatchEngine
    stories: StoryIndex
    rules: tuple[Rule, ...] = ()
    channels: Mapping[str, Channel] = field(default_factory=dict)
    company_names: Mapping[str, str] = field(default_factory=dict)
    company_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    feeds: Mapping[str, Feed] = field(default_factory=dict)  # as configured, with what the database must not hold
    fetch: FetchOptions = field(default_factory=FetchOptions)
    polling: PollingOptions = field(default_factory=PollingOptions)
    alert: AlertOptions = field(default_factory=AlertOptions)
    engine_options: EngineOptions = field(default_factory=EngineOptions)
    fulltext: FulltextOptions = field(default_factory=FulltextOptions)
    monotonic: Callable[[], float] = time.monotonic


def run_once(
    stages: Stages,
    now: datetime,
    *,
    dues: Sequence[Due] | None = None,
    watch: Watcher | None = None,
    stop: Callable[[], bool] = never,
) -> RunReport:
    """Polls the due feeds (or the given ones), stores what they bring, sends the alerts owed, and reads the pages owed.

    Feeds are committed in the order of the due list, all that are there in one transaction, each all or nothing.
    A feed that fails never stops the others, nor does one whose matches cannot be stored; failures that may be those of
    the network here wait until that is known. While feeds are committed the heart beats, at most once a minute.
    ``stop`` is asked between feeds and while they are waited for: what is not committed when it says yes is polled
    again, and the alerts owed are sent, by the next run.
    Raises StoreError when the database cannot be written: what was committed before stays.
    """
    began = stages.monotonic()
    store = stages.store
    turn = [_configured(stages, due) for due in (store.due(now) if dues is None else dues)]
    run_id = store.open_run(now)
    report = RunReport(started_at=now, took=timedelta(), feeds=len(stages.feeds), due=len(turn))
    options = stages.engine_options
    poll = partial(poll_shard, options=stages.fetch)
    beaten_at: datetime | None = None

    def tell(batch: Batch, committed: Committed) -> None:
        nonlocal report, beaten_at
        moment = _moment(stages, now, began)
        if beaten_at is None or moment - beaten_at >= BEAT_EVERY:
            store.beat(moment)
            beaten_at = moment
        report = _count(report, batch, committed)
        _tell(batch, committed)
        if watch:
            watch(batch, committed)

    manners = _Manners(stages, len(turn))
    with _Writer(stages, run_id, now, tell) as writer:
        results = poll_in_order(
            *(stages.engine, turn, poll),
            size=options.shard_size,
            ahead=options.workers,
            stop=stop,
            before_wait=writer.settle,
        )
        for judged in manners.judge(results, stop):
            writer.take(judged)
    manners.remember(_moment(stages, now, began))
    if stop():
        report = replace(report, is_cut_off=True)
    else:
        # Leases are counted from the moment of sending: polling may have taken longer than a lease lasts.
        report = _deliver(report, stages, _moment(stages, now, began))
        report = _with_pages(report, stages, partial(_moment, stages, now, began), stop)
    report = replace(report, took=_moment(stages, now, began) - now)
    store.close_run(run_id, report)
    return report


class _Manners:
    """What one run learns beyond its single feeds: hosts that want rest, a network that is down or lies."""

    def __init__(self, stages: Stages, due: int) -> None:
        self._store, self._options, self._jury, self._rests = stages.store, stages.polling, Jury(due), Rests()
        self._resting: dict[str, timedelta] = {}

    def judge(self, results: Iterable[Polled], stop: Callable[[], bool]) -> Iterator[Judged]:
        """The turns as they can be written; what waited for the end of a run that was stopped is polled again."""
        for polled in results:
            if plea := self._rests.note(polled.result):
                self._resting[plea.host] = max(plea.rest, self._resting.get(plea.host, plea.rest))
            yield from self._jury.hear(polled)
        if not stop():
            yield from self._jury.close()

    def remember(self, now: datetime) -> None:
        """Has the hosts' other feeds wait, in later runs too, and forgets moves that nobody should believe."""
        for host, rest in self._resting.items():
            log.warning("host_rests", host=host, seconds=rest.total_seconds())
        if self._resting:
            hosts = {host: now + rest for host, rest in self._resting.items()}
            self._store.rest_hosts(hosts, partial(rested, options=self._options), now)
        if led := self._jury.led_by_portal:
            log.warning("redirects_not_believed", feeds=len(led))
            self._store.forget_moves(led)


class Memory(Remembered, Protocol):
    """What deciding asks of the memory: the look-ups of deduplication, and the feeds of a list."""

    def listed(self, url: str) -> Sequence[str]:
        """The addresses of the feeds that are polled since the list at this address names them."""


def make_batch(polled: Polled, stages: Stages, lookups: Memory, now: datetime) -> Batch:
    """What one feed's turn wants written. Reads through ``lookups``, writes nothing."""
    due, result, document = polled.due, polled.result, polled.document
    if document is None:
        state = next_state(due, result, None, now=now, new=0, options=stages.polling)
        return Batch(due.feed, state, _record(polled, now))
    first_poll = due.state.last_full_at is None
    entries = [settle(entry, now=now, first_poll=first_poll) for entry in document.entries]
    known = lookups.known(lookup_keys(entries))
    found = sort_entries(entries, due.feed, known)
    twins = () if first_poll else find_twins(found, due.feed, lookups)
    found = recognise(found, twins)
    stored = [*known.values(), *twins]
    overlap = None if first_poll else _overlap(found, stored, due.feed)
    hits = [hit for entry in (*found.new, *found.edited) for hit in _hits(entry, due.feed, stages)]
    placed = {entry.entry_id for entry in stored if entry.story_id}
    unplaced = [entry for entry in (*found.new, *found.edited) if entry.id not in placed]
    placements = _place(unplaced, hits, stages, lookups)
    candidates = (
        *_arrived(unplaced, hits, placements),
        *_enlarged([entry for entry in found.edited if entry.id in placed], hits, lookups),
    )
    return Batch(
        due.feed,
        next_state(due, result, document, now=now, new=len(found.new), options=stages.polling, overlap=overlap),
        replace(_record(polled, now, document, found), gap=overlap == 0),
        info=document.info,
        new=found.new,
        edited=found.edited,
        sightings=found.sightings,
        seen=found.seen,
        hits=tuple(hits),
        placements=placements,
        alerts=_alerts(candidates, stages, now, first_poll=first_poll),
        pages=_pages((*found.new, *found.edited), hits, due.feed, stages, now, first_poll=first_poll),
        **_listed(document, due.feed, lookups),
    )


def _listed(document: Document, feed: Feed, lookups: Memory) -> dict[str, Any]:
    """What a list's document changes: feeds that are named, and those that it names no more."""
    if document.feeds is None or document.is_cut:
        return {}
    named = {one.url for one in document.feeds}
    unlisted = tuple(url for url in lookups.listed(feed.url) if url not in named)
    return {"listed": document.feeds, "unlisted": unlisted, "retires": feed.kind is not FeedKind.SITEMAP}


def _hits(entry: Entry, feed: Feed, stages: Stages) -> tuple[Hit, ...]:
    """The entry's hits; of a feed that is about one company, that company is always among them."""
    hits = stages.matching.hits(entry)
    if not feed.company_id or feed.company_id not in stages.company_names:
        return hits
    if any(hit.company_id == feed.company_id for hit in hits):
        return hits
    end = len(feed.company_name)
    own = Mention(
        feed.company_id,
        EntryField.TITLE,
        0,
        end,
        entry.title[:end],
        feed.company_name,
        Method.EXACT,
        100.0,
        (Reason("the feed is about this company alone", 100.0),),
    )
    return (*hits, Hit(entry.id, feed.company_id, 100.0, 100.0, (own,), rule_version="feed"))


def _pages(
    entries: Sequence[Entry], hits: Sequence[Hit], feed: Feed, stages: Stages, now: datetime, *, first_poll: bool
) -> tuple[str, ...]:
    """The entries whose pages are worth reading: those that hit, or all of a marked feed; not those that are too old
    to alert anybody, and no filings, whose pages are lists of files.
    """
    if not stages.fulltext.enabled or feed.company_id:
        return ()
    hit = {one.entry_id for one in hits}

    def is_fresh(entry: Entry) -> bool:
        is_dated = entry.date_kind is not DateKind.SEEN or not first_poll
        return is_dated and bool(entry.published_at and now - entry.published_at <= stages.fulltext.max_age)

    return tuple(one.id for one in entries if (feed.fulltext or one.id in hit) and is_fresh(one) and page_url(one))


def _with_pages(
    report: RunReport, stages: Stages, clock: Callable[[], datetime], stop: Callable[[], bool]
) -> RunReport:
    """The report with the pages owed, and the alerts that they brought; what is left waits for the next run."""
    if not stages.fulltext.enabled:
        return report
    alerts = report.committed.alerts
    report = _read_pages(report, stages, clock(), stop)
    return _deliver(report, stages, clock()) if report.committed.alerts > alerts and not stop() else report


def _read_pages(report: RunReport, stages: Stages, now: datetime, stop: Callable[[], bool]) -> RunReport:
    """The report with what the pages brought."""

    def judge(entry: Entry) -> Judgement:
        feed = stages.feeds.get(entry.feed_url, Feed(entry.feed_url))
        hits = _hits(entry, feed, stages)
        is_placed = bool(stages.store.members([entry.id]))
        placements = () if is_placed else _place([entry], hits, stages, stages.store)
        candidates = _enlarged([entry], hits, stages.store) if is_placed else _arrived([entry], hits, placements)
        return Judgement(hits, placements, _alerts(candidates, stages, now, first_poll=False))

    pages = PagePass(
        stages.store, stages.engine, stages.fetch, stages.fulltext, stages.engine_options.shard_size, judge
    )
    for batch, committed in pages.read(now, stop):
        _repair(batch.placements, stages)  # before the next page is judged
        say = log.info if committed.hits else log.debug
        page, outcome, reason = public_url(batch.entry.url), batch.outcome, batch.reason or None
        say("page_read", page=page, outcome=outcome, reason=reason, hits=committed.hits, alerts=committed.alerts)
        read = report.pages + (batch.outcome == "read")
        report = replace(report, committed=_sum(report.committed, committed), pages=read)
    return report


def _overlap(found: Sorted, known: Iterable[Known], feed: Feed) -> float | None:
    """How much of the document this feed itself had brought before; from other feeds does not count."""
    own = {entry.entry_id for entry in known if entry.feed_url == feed.url}
    elsewhere = {sighting.entry_id for sighting in found.sightings} - own
    return overlap_of(known=len(set(found.seen) - elsewhere), total=len(found.seen) + len(found.new))


def _decide(polled: Polled, stages: Stages, now: datetime) -> Batch:
    """``make_batch``; a fault of ours costs this feed its turn, is told with its traceback, and stops nobody else."""
    try:
        return make_batch(polled, stages, stages.store, now)
    except NewswardError:
        raise
    except Exception as error:
        log.exception("feed_failed_unexpectedly", feed=public_url(polled.due.feed.url))
        reason = f"a fault in newsward: {type(error).__name__}: {error}; please report it with the log"
        return _lost_turn(polled, reason, stages, now)


def _lost_turn(polled: Polled, reason: str, stages: Stages, now: datetime) -> Batch:
    """What is written of a feed when its turn came to nothing by a fault."""
    failed = Polled(polled.due, FetchFailed(ErrorKind.UNEXPECTED, reason, polled.result.answer))
    return make_batch(failed, stages, stages.store, now)


class _Writer:
    """Writes turns in their order, several in one transaction; what a turn came to is told once it is committed.

    A transaction costs more than most of what it holds. It ends before anything is waited for, and after a quarter of
    a second: others may want to write. Used as a context: a turn that an exception cuts off is polled again.
    """

    def __init__(self, stages: Stages, run_id: int, now: datetime, tell: Watcher) -> None:
        self._stages, self._run_id, self._now, self._tell = stages, run_id, now, tell
        self._quiet: list[Judged] = []  # turns that brought no document, decided and written at once
        self._written: list[tuple[Batch, Committed]] = []
        self._ends = 0.0  # by the monotonic clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.settle()
            return
        with suppress(StoreError):  # what was taken before is whole, and stays if it can
            self._stages.store.commit_group()

    def take(self, judged: Judged) -> None:
        """One turn, decided on what was written before it."""
        if judged.polled.document is None:
            self._quiet.append(judged)
        else:
            if not self._stages.matching.is_ready:
                self.settle()  # names may be compiled for this turn, which takes long: nobody shall wait for that
            self._write_quiet()
            batch = _batch(judged, self._stages, self._now)
            self._begin()
            batch, committed = _commit(batch, judged, self._stages, self._run_id, self._now)
            _repair(batch.placements, self._stages)  # before the next turn is decided, which shall see one story
            self._written.append((batch, committed))
        is_late = bool(self._written) and self._stages.monotonic() >= self._ends
        if is_late or len(self._quiet) + len(self._written) >= _TOGETHER:
            self.settle()

    def settle(self) -> None:
        """Commits what was taken, and tells of it."""
        self._write_quiet()
        written, self._written = self._written, []
        self._stages.store.commit_group()
        for batch, committed in written:
            self._tell(batch, committed)

    def _begin(self) -> None:
        if not self._written:
            self._ends = self._stages.monotonic() + _HOLD_SECONDS
            self._stages.store.begin_group()

    def _write_quiet(self) -> None:
        quiet, self._quiet = self._quiet, []
        if not quiet:
            return
        self._begin()
        batches = [_batch(judged, self._stages, self._now) for judged in quiet]
        try:
            self._stages.store.commit_quiet(batches, run_id=self._run_id, now=self._now)
        except DataRefused:
            # One of them cannot be stored: each by itself finds out which.
            self._written += [
                _commit(batch, judged, self._stages, self._run_id, self._now)
                for batch, judged in zip(batches, quiet, strict=True)
            ]
        else:
            self._written += [(batch, Committed()) for batch in batches]


def _batch(judged: Judged, stages: Stages, now: datetime) -> Batch:
    return _excused(judged, now) if judged.excuse else _decide(judged.polled, stages, now)


def _commit(batch: Batch, judged: Judged, stages: Stages, run_id: int, now: datetime) -> tuple[Batch, Committed]:
    """One feed's turn committed; what the database refuses costs this feed its turn and nobody else."""
    try:
        return batch, stages.store.commit(batch, run_id=run_id, now=now)
    except DataRefused as error:
        log.exception("feed_refused_by_database", feed=public_url(batch.feed.url))
        batch = _lost_turn(judged.polled, f"{error}; please report it with the log", stages, now)
        return batch, stages.store.commit(batch, run_id=run_id, now=now)


def _repair(placements: Sequence[Placement], stages: Stages) -> None:
    """Makes one story of two that an entry placed just now has shown to be one. Where that fails by a fault of ours
    they stay two, which a person can merge; nobody's turn is lost for it.
    """
    for placement in placements:
        try:
            merge = stages.stories.repair(placement, stages.store)
            if merge:
                stages.store.merge(merge, rule="merged_late")
                log.info("stories_merged", story=merge.story_id, other=merge.other_id, score=merge.score)
        except DataRefused:
            log.exception("merge_failed_unexpectedly", story=placement.story_id, other=placement.rival)
        except NewswardError:
            raise
        except Exception:
            log.exception("merge_failed_unexpectedly", story=placement.story_id, other=placement.rival)


def _excused(judged: Judged, now: datetime) -> Batch:
    """What is written of a feed that failed for no fault of its own: the history tells, and nothing counts."""
    due, record = judged.polled.due, _record(judged.polled, now)
    return Batch(due.feed, excused(due, now), replace(record, error=f"{record.error} ({judged.excuse})"))


def _moment(stages: Stages, now: datetime, began: float) -> datetime:
    """The time during a run that began at ``now``."""
    return now + timedelta(seconds=stages.monotonic() - began)


def _configured(stages: Stages, due: Due) -> Due:
    """The feed as the configuration has it: headers with secrets are never stored."""
    return replace(due, feed=stages.feeds.get(due.feed.url, due.feed))


def _place(entries: Sequence[Entry], hits: Sequence[Hit], stages: Stages, lookups: Lookups) -> tuple[Placement, ...]:
    """The places of entries that are hits, told oldest first so that a story begins where the news began."""
    hits_of: dict[str, list[Hit]] = {}
    for hit in hits:
        hits_of.setdefault(hit.entry_id, []).append(hit)
    arrivals = [_arrival(entry, hits_of[entry.id]) for entry in entries if entry.id in hits_of]
    arrivals.sort(key=lambda arrival: (str(arrival.entry.published_at), arrival.entry.id))
    return stages.stories.place(arrivals, lookups)


def _arrival(entry: Entry, hits: Sequence[Hit]) -> Arrival:
    names = (name for hit in hits for mention in hit.mentions for name in (mention.name, mention.found))
    return Arrival(entry, frozenset(hit.company_id for hit in hits), frozenset(names))


def _arrived(entries: Sequence[Entry], hits: Sequence[Hit], placements: Sequence[Placement]) -> Sequence[Candidate]:
    """Entries that were placed just now."""
    by_id = {entry.id: entry for entry in entries}
    return [
        Candidate(by_id[place.entry_id], tuple(hit for hit in hits if hit.entry_id == place.entry_id), place)
        for place in placements
    ]


def _enlarged(edited: Sequence[Entry], hits: Sequence[Hit], lookups: Lookups) -> Sequence[Candidate]:
    """Edited entries, with the companies that the edit brought in. They keep their place, and their date.

    What they were about before has had its chance of an alert.
    """
    members = lookups.members([entry.id for entry in edited]) if edited and hits else {}
    candidates = []
    for entry in edited:
        member = members.get(entry.id)
        if member is None:
            continue
        news = tuple(hit for hit in hits if hit.entry_id == entry.id and hit.company_id not in member.companies)
        place = Placement(entry.id, member.article_id, member.story_id, Relation.UPDATE, "edited")
        if news:
            candidates.append(Candidate(replace(entry, published_at=member.published_at), news, place))
    return candidates


def _alerts(candidates: Sequence[Candidate], stages: Stages, now: datetime, *, first_poll: bool) -> tuple[Alert, ...]:
    """What the rules ask for."""
    return owed(
        candidates,
        stages.rules,
        names=stages.company_names,
        tags=stages.company_tags,
        now=now,
        max_age=stages.alert.max_age,
        first_poll=first_poll,
    )


def _record(
    polled: Polled, now: datetime, document: Document | None = None, found: Sorted | None = None
) -> FetchRecord:
    """The line of the fetch history."""
    result, answer = polled.result, polled.result.answer
    failed = result if isinstance(result, FetchFailed) else None
    outcome = "failed" if failed else "not_modified" if isinstance(result, NotModified) else "fetched"
    return FetchRecord(
        feed_url=polled.due.feed.url,
        fetched_at=now,
        outcome=outcome,
        status=answer.status if answer else None,
        error_kind=failed.kind if failed else None,
        error=failed.reason if failed else "",
        entries=len(document.entries) if document else 0,
        new=len(found.new) if found else 0,
        edited=len(found.edited) if found else 0,
        bytes=answer.size if answer else 0,
        elapsed=answer.elapsed if answer else timedelta(),
        damage=_damage(answer, document),
        is_conditional=answer.is_conditional if answer else None,
    )


def _damage(answer: Answer | None, document: Document | None) -> str:
    """What was odd about a document, on its way or in itself."""
    way = _DOWNGRADED if document and answer and answer.is_downgraded else ""
    return "; ".join(filter(None, (way, document.damage if document else "")))


def _count(report: RunReport, batch: Batch, committed: Committed) -> RunReport:
    """The report with one more feed in it."""
    fetch = batch.fetch
    failed = report.failed
    if fetch.error_kind:
        failed = (*failed, FailedFeed(fetch.feed_url, fetch.error_kind, fetch.error))
    return replace(
        report,
        fetched=report.fetched + (fetch.outcome == "fetched"),
        not_modified=report.not_modified + (fetch.outcome == "not_modified"),
        failed=failed,
        committed=_sum(report.committed, committed),
    )


def _deliver(report: RunReport, stages: Stages, now: datetime) -> RunReport:
    """The report with what became of the alerts owed."""
    outcome = deliver(stages.store, stages.channels, now=now, options=stages.alert)
    return replace(
        report,
        sent=report.sent + outcome.sent,
        undelivered=outcome.waiting,
        dead=report.dead + outcome.dead,
        deliveries=(*report.deliveries, *outcome.deliveries),
    )


def _sum(one: Committed, other: Committed) -> Committed:
    return Committed(**{part.name: getattr(one, part.name) + getattr(other, part.name) for part in fields(Committed)})


def _tell(batch: Batch, committed: Committed) -> None:
    """One line a feed; a failure is a warning, what went as always is only there for those who ask."""
    fetch = batch.fetch
    if fetch.error_kind:
        log.warning("feed_failed", feed=public_url(fetch.feed_url), kind=fetch.error_kind.value, reason=fetch.error)
        return
    if batch.unlisted:
        tell = log.warning if batch.retires else log.info
        left = [public_url(url) for url in batch.unlisted[:_TOLD]]
        tell("feeds_left_list", list=public_url(fetch.feed_url), count=len(batch.unlisted), feeds=left)
    if committed.feeds:
        log.info("feeds_listed", list=public_url(fetch.feed_url), added=committed.feeds, count=len(batch.listed))
    say = log.info if committed.hits or fetch.damage else log.debug
    say(
        "feed_polled",
        feed=public_url(fetch.feed_url),
        outcome=fetch.outcome,
        status=fetch.status,
        new=committed.new,
        edited=committed.edited,
        hits=committed.hits,
        alerts=committed.alerts,
        damage=fetch.damage or None,
    )
