"""One run, the stages in order: ``make_batch`` decides what one feed's turn wants written, ``run_once`` acts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from pipeline.alert import AlertOptions, Candidate, Channel, Rule, deliver, owed
from pipeline.dedup import Arrival, Lookups, Sorted, StoryIndex, lookup_keys, sort_entries
from pipeline.engine import EngineOptions, never, poll_in_order
from pipeline.errors import DataRefused, NewswardError
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
    Document,
    Due,
    Entry,
    ErrorKind,
    FailedFeed,
    Feed,
    FetchFailed,
    FetchRecord,
    Hit,
    Known,
    NotModified,
    Placement,
    Polled,
    Relation,
    RunReport,
)
from pipeline.parse import settle
from pipeline.poll import poll_shard
from pipeline.store import Store

log = structlog.get_logger()
Watcher = Callable[[Batch, Committed], None]
BEAT_EVERY = timedelta(minutes=1)
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
    monotonic: Callable[[], float] = time.monotonic


def run_once(
    stages: Stages,
    now: datetime,
    *,
    dues: Sequence[Due] | None = None,
    watch: Watcher | None = None,
    stop: Callable[[], bool] = never,
) -> RunReport:
    """Polls the due feeds (or the given ones), stores what they bring and sends the alerts owed.

    Each feed is committed by itself, in the order of the due list. A feed that fails never stops the others, nor does
    one whose matches cannot be stored; failures that may be those of the network here wait until that is known. While
    feeds are committed the heart beats, at most once a minute.
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
    results = poll_in_order(stages.engine, turn, poll, size=options.shard_size, ahead=options.workers, stop=stop)
    manners = _Manners(stages, len(turn))
    for judged in manners.judge(results, stop):
        batch, committed = _take_turn(judged, stages, run_id, now)
        moment = _moment(stages, now, began)
        if beaten_at is None or moment - beaten_at >= BEAT_EVERY:
            store.beat(moment)
            beaten_at = moment
        _repair(batch, stages)
        report = _count(report, batch, committed)
        _tell(batch, committed)
        if watch:
            watch(batch, committed)
    manners.remember(_moment(stages, now, began))
    if stop():
        report = replace(report, is_cut_off=True)
    else:
        # Leases are counted from the moment of sending: polling may have taken longer than a lease lasts.
        polled_at = _moment(stages, now, began)
        outcome = deliver(store, stages.channels, now=polled_at, options=stages.alert)
        report = replace(
            report,
            sent=outcome.sent,
            undelivered=outcome.waiting,
            dead=outcome.dead,
            deliveries=outcome.deliveries,
        )
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


def make_batch(polled: Polled, stages: Stages, lookups: Lookups, now: datetime) -> Batch:
    """What one feed's turn wants written. Reads through ``lookups``, writes nothing."""
    due, result, document = polled.due, polled.result, polled.document
    if document is None:
        state = next_state(due, result, None, now=now, new=0, options=stages.polling)
        return Batch(due.feed, state, _record(polled, now))
    first_poll = due.state.last_full_at is None
    entries = [settle(entry, now=now, first_poll=first_poll) for entry in document.entries]
    known = lookups.known(lookup_keys(entries))
    found = sort_entries(entries, due.feed, known)
    overlap = None if first_poll else _overlap(found, known.values(), due.feed)
    hits = [hit for entry in (*found.new, *found.edited) for hit in stages.matching.hits(entry)]
    placed = {entry.entry_id for entry in known.values() if entry.story_id}
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
    )


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


def _take_turn(judged: Judged, stages: Stages, run_id: int, now: datetime) -> tuple[Batch, Committed]:
    """One feed decided and committed; what the database refuses costs this feed its turn and nobody else."""
    polled = judged.polled
    batch = _excused(judged, now) if judged.excuse else _decide(polled, stages, now)
    try:
        return batch, stages.store.commit(batch, run_id=run_id, now=now)
    except DataRefused as error:
        log.exception("feed_refused_by_database", feed=public_url(polled.due.feed.url))
        batch = _lost_turn(polled, f"{error}; please report it with the log", stages, now)
        return batch, stages.store.commit(batch, run_id=run_id, now=now)


def _repair(batch: Batch, stages: Stages) -> None:
    """Makes one story of two that an entry of this batch has shown to be one."""
    for placement in batch.placements:
        if merge := stages.stories.repair(placement, stages.store):
            stages.store.merge(merge, rule="merged_late")
            log.info("stories_merged", story=merge.story_id, other=merge.other_id, score=merge.score)


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
    total = report.committed
    sums = {one.name: getattr(total, one.name) + getattr(committed, one.name) for one in fields(Committed)}
    return replace(
        report,
        fetched=report.fetched + (fetch.outcome == "fetched"),
        not_modified=report.not_modified + (fetch.outcome == "not_modified"),
        failed=failed,
        committed=Committed(**sums),
    )


def _tell(batch: Batch, committed: Committed) -> None:
    """One line a feed; a failure is a warning, what went as always is only there for those who ask."""
    fetch = batch.fetch
    if fetch.error_kind:
        log.warning("feed_failed", feed=public_url(fetch.feed_url), kind=fetch.error_kind.value, reason=fetch.error)
        return
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
