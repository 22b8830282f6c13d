"""One run, the stages in order: what is due is polled, decided, written, told and sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog

from pipeline.alert import Courier, Outcome
from pipeline.companion import polling
from pipeline.decide import Stages, judge
from pipeline.engine import in_one_run, never, poll_in_order
from pipeline.fetch import public_url
from pipeline.model import Batch, Committed, Due, FailedFeed, RunReport
from pipeline.pages import PagePass
from pipeline.turns import Manners, Watcher, Writer, repair, tell_merged

log = structlog.get_logger()
BEAT_EVERY = timedelta(minutes=1)
_TOLD = 20  # addresses in one line of the log


def run_once(
    stages: Stages,
    now: datetime,
    *,
    dues: Sequence[Due] | None = None,
    watch: Watcher | None = None,
    stop: Callable[[], bool] = never,
) -> RunReport:
    """Polls the due feeds (or the given ones), stores what they bring, sends the alerts owed, and reads the pages owed.

    Feeds are committed in the order of the due list, but slow ones as they come, all that are there in one transaction,
    each all or nothing. While slow ones are waited for, alerts go out already; at the end, all that are due.
    A feed that fails never stops the others, nor does one whose matches cannot be stored; failures that may be those of
    the network here wait until that is known. While feeds are committed the heart beats, at most once a minute.
    ``stop`` is asked between feeds and while they are waited for: what is not committed when it says yes is polled
    again, and the alerts owed are sent, by the next run.
    Of many feeds of one domain, a run takes as many as politeness lets it ask in five minutes; the others stay due.
    Raises StoreError when the database cannot be written: what was committed before stays.
    """
    began = stages.monotonic()
    clock = partial(_moment, stages, now, began)
    store = stages.store
    if dues is None:
        dues = in_one_run(store.due(now), stages.fetch.spacing)
    run_id = store.open_run(now)
    report = RunReport(now, timedelta(), feeds=len(stages.feeds), due=len(dues))
    with _courier(stages, clock, stop) as courier:
        course = _Course(stages, clock, report, courier, watch)
        _poll([_configured(stages, due) for due in dues], course, run_id, now, stop)
        report = replace(course.report, is_cut_off=stop())
        courier.finish()
        if not stop():
            report = _with_pages(report, stages, courier, stop)
        report = _with_alerts(report, courier.outcome)
    report = replace(report, took=clock() - now)
    store.close_run(run_id, report)
    return report


def _courier(stages: Stages, clock: Callable[[], datetime], stop: Callable[[], bool]) -> Courier:
    return Courier(
        stages.store,
        stages.channels,
        options=stages.alert,
        rhythms=stages.rhythms,
        coverage=stages.coverage,
        clock=clock,
        patience=stages.engine_options.patience,
        stop=stop,
    )


@dataclass(slots=True)
class _Course:
    """How far a run has come: what was committed is counted and told, and the heart beats."""

    stages: Stages
    clock: Callable[[], datetime]
    report: RunReport
    courier: Courier
    watch: Watcher | None
    beaten_at: datetime | None = None

    def tell(self, batch: Batch, committed: Committed) -> None:
        moment = self.clock()
        if self.beaten_at is None or moment - self.beaten_at >= BEAT_EVERY:
            self.stages.store.beat(moment)
            self.beaten_at = moment
        self.report = _count(self.report, batch, committed)
        if committed.alerts:
            self.courier.owe()
        _tell(batch, committed)
        if self.watch:
            self.watch(batch, committed)


def _poll(turn: Sequence[Due], course: _Course, run_id: int, now: datetime, stop: Callable[[], bool]) -> None:
    """Polls these feeds and commits what they bring."""
    stages, options = course.stages, course.stages.engine_options
    manners = Manners(stages, len(turn))
    directory = Path(stages.store.path).parent
    with (
        polling(turn, stages.fetch, directory, processes=options.processes) as poll,
        Writer(stages, run_id, now, course.tell) as writer,
    ):

        def before_wait() -> None:
            writer.settle()
            course.courier.go_on()

        results = poll_in_order(
            *(stages.engine, turn, poll),
            size=options.shard_size,
            ahead=options.workers,
            patience=options.patience,
            stop=stop,
            before_wait=before_wait,
        )
        for judged in manners.judge(results, stop):
            writer.take(judged)
    manners.remember(course.clock())


def _with_pages(report: RunReport, stages: Stages, courier: Courier, stop: Callable[[], bool]) -> RunReport:
    """The report with the pages owed, and the alerts that they brought; what is left waits for the next run."""
    if not stages.fulltext.enabled:
        return report
    alerts = report.committed.alerts
    report = _read_pages(report, stages, courier, stop)
    if report.committed.alerts > alerts or courier.is_under_way:
        courier.finish()
    return report


def _read_pages(report: RunReport, stages: Stages, courier: Courier, stop: Callable[[], bool]) -> RunReport:
    """The report with what the pages brought."""
    now = courier.clock()
    judged = partial(judge, stages=stages, now=now)
    pages = PagePass(
        stages.store,
        stages.engine,
        stages.fetch,
        stages.fulltext,
        stages.engine_options.shard_size,
        judged,
        partial(repair, stages=stages, now=now),
        courier.go_on,
    )
    for batch, committed, merges in pages.read(now, stop):
        tell_merged(merges)
        if committed.alerts:
            courier.owe()
        say = log.info if committed.hits else log.debug
        page, outcome, reason = public_url(batch.entry.url), batch.outcome, batch.reason or None
        say("page_read", page=page, outcome=outcome, reason=reason, hits=committed.hits, alerts=committed.alerts)
        read = report.pages + (batch.outcome == "read")
        report = replace(
            report,
            committed=_sum(report.committed, committed),
            by_pages=_sum(report.by_pages, committed),
            pages=read,
        )
    return report


def _moment(stages: Stages, now: datetime, began: float) -> datetime:
    """The time during a run that began at ``now``."""
    return now + timedelta(seconds=stages.monotonic() - began)


def _configured(stages: Stages, due: Due) -> Due:
    """The feed as the configuration has it: headers with secrets are never stored."""
    return replace(due, feed=stages.feeds.get(due.feed.url, due.feed))


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


def _with_alerts(report: RunReport, outcome: Outcome) -> RunReport:
    """The report with what became of the alerts owed."""
    return replace(
        report, sent=outcome.sent, undelivered=outcome.waiting, dead=outcome.dead, deliveries=outcome.deliveries
    )


def _sum(one: Committed, other: Committed) -> Committed:
    return Committed(**{part.name: getattr(one, part.name) + getattr(other, part.name) for part in fields(Committed)})


def _tell(batch: Batch, committed: Committed) -> None:
    """One line a feed; a failure is a warning, what went as always is only there for those who ask, and so is what
    failed with nearly all others, of which the run tells once."""
    fetch = batch.fetch
    if fetch.error_kind:
        lament = log.debug if batch.is_excused else log.warning
        lament("feed_failed", feed=public_url(fetch.feed_url), kind=fetch.error_kind.value, reason=fetch.error)
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
