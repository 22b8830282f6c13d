"""The watch that goes on: one APScheduler tick calls the same ``run_once`` as cron does; signals end or reload it."""

from __future__ import annotations

import logging
import select
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event

import structlog
from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from pipeline.app import open_stages
from pipeline.config import Config
from pipeline.errors import AlreadyRunning, ConfigError, DatabaseBusy, StoreError
from pipeline.maintenance import keep_house
from pipeline.model import RunReport
from pipeline.run import Stages, run_once
from pipeline.store import RunLock, file_identity

# Container runtimes kill 10 seconds after SIGTERM. What takes longer is cut off, as by a crash, for which it is made.
GRACE = timedelta(seconds=5)
BEAT_EVERY = timedelta(minutes=1)
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_OPENED = 0  # no signal has this number
_TICK = "tick"
_LOOK_AT_CLOCK = 30.0  # seconds

log = structlog.get_logger()


@dataclass(slots=True)
class Daemon:
    """The stages, kept open between ticks. ``open``, ``tick``, ``reload`` and ``close`` belong to one thread, the
    database's; ``stop`` may be set from any, and ends the tick under way."""

    config: Config
    load: Callable[[], Config]
    clock: Callable[[], datetime]
    stop: Event = field(default_factory=Event)
    _opened: ExitStack = field(default_factory=ExitStack)
    _stages: Stages | None = None
    _file: tuple[int, int] | None = None
    _beat_at: datetime | None = None

    def open(self) -> Stages:
        """The stages, opened if they are not. Raises StoreError when the database cannot be used."""
        return self._stages or self._use(self.config)

    def close(self) -> None:
        """Closes what is open; a later ``open`` or ``tick`` opens it again."""
        self._stages = None
        self._opened.close()

    def tick(self) -> None:
        """One look: what is due is polled and sent, nothing due leaves no trace but a sign of life.

        Another run that is going on, or a database in trouble, costs the tick and not the daemon.
        """
        if self.stop.is_set():
            return
        try:
            self._look(self.clock())
        except AlreadyRunning as error:
            log.debug("tick_skipped", reason=str(error))
        except DatabaseBusy as error:
            log.error("tick_failed", reason=str(error))
        except StoreError as error:
            log.error("tick_failed", reason=str(error))
            # Its disk may be mended or a backup put in its place; this connection would not see it.
            self.close()

    def reload(self) -> None:
        """Goes on with the configuration as it is now; one that cannot be used is told, and the old one stays."""
        if self.stop.is_set():
            return
        try:
            self._use(self.load())
        except (ConfigError, StoreError) as error:
            log.error("configuration_refused", reason=str(error))
            return
        config = self.config
        log.info("configuration_loaded", companies=len(config.watchlist.companies), feeds=len(config.feeds))

    def _use(self, config: Config) -> Stages:
        """Opens the stages of this configuration in place of others; when that fails, those stay."""
        opening = ExitStack()
        stages = opening.enter_context(open_stages(config, self.clock()))
        self._opened.close()
        self._opened, self._stages, self.config = opening, stages, config
        self._file = _identity(config.database)
        return stages

    def _look(self, now: datetime) -> None:
        if self._file and self._file != _identity(self.config.database):
            # SQLite would go on writing into the file that was moved away, and nobody would ever see it.
            log.warning("database_replaced", database=str(self.config.database))
            self.close()
        stages = self.open()
        if not stages.store.has_work(now):
            self._beat(stages, now)
            return
        with RunLock(self.config.database.parent, wait=False):
            report = run_once(stages, now, stop=self.stop.is_set)
            _tell(report)
            keep_house(stages.store, self.config.store, now, stop=self.stop.is_set)

    def _beat(self, stages: Stages, now: datetime) -> None:
        """A sign of life, a write at most a minute; the clock may have been set back since the last."""
        if self._beat_at is None or abs(now - self._beat_at) >= BEAT_EVERY:
            stages.store.beat(now)
            self._beat_at = now


def serve(daemon: Daemon) -> None:
    """Ticks until SIGTERM or SIGINT, and is then back within ``GRACE``; SIGHUP reloads. For the main thread.

    Polls and deliveries that hang at the end are left behind: nothing committed is lost, and what they would have
    brought is polled or sent again. Raises StoreError when the database cannot be used at the start.
    """
    # One worker: the database's connection belongs to the thread that opened it.
    worker = ThreadPoolExecutor(1, thread_name_prefix="tick")
    scheduler = _scheduler(daemon, worker)
    with _wakeups() as (heard, told):
        try:
            opening = worker.submit(daemon.open)
            opening.add_done_callback(lambda _: _wake(told))
            _listen(heard, daemon, scheduler, opening)
        finally:
            _end(daemon, scheduler, worker)


def _scheduler(daemon: Daemon, worker: ThreadPoolExecutor) -> BackgroundScheduler:
    """The schedule of the one tick, not yet started."""
    # It warns of a tick that is left out because the one before still works: no fault, and told by nobody else either.
    logger = logging.getLogger("apscheduler.scheduler.tick")
    logger.setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(executors={"default": _OneThread(worker)}, timezone=UTC, logger=logger)
    scheduler.add_job(
        daemon.tick,
        _interval(daemon),
        id=_TICK,
        next_run_time=datetime.now(UTC),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    return scheduler


def _listen(heard: socket.socket, daemon: Daemon, scheduler: BackgroundScheduler, opening: Future[Stages]) -> None:
    """Does what the signals say, until one says to end."""
    while True:
        readable, _, _ = select.select([heard], [], [], _LOOK_AT_CLOCK)
        for number in heard.recv(64) if readable else b"":
            if number == _OPENED:
                opening.result()
                scheduler.start()
                log.info("daemon_started", feeds=len(daemon.config.feeds), tick=str(daemon.config.daemon.tick))
            elif number == signal.SIGHUP:
                scheduler.add_job(partial(_reload, daemon, scheduler), misfire_grace_time=None)
            elif number in (signal.SIGTERM, signal.SIGINT):
                log.info("daemon_stopping", signal=signal.Signals(number).name)
                return
        _mind_the_clock(daemon, scheduler)


def _reload(daemon: Daemon, scheduler: BackgroundScheduler) -> None:
    """Reloads, and looks at once with the new configuration."""
    daemon.reload()
    scheduler.modify_job(_TICK, trigger=_interval(daemon), next_run_time=datetime.now(UTC))


def _mind_the_clock(daemon: Daemon, scheduler: BackgroundScheduler) -> None:
    """APScheduler keeps its appointments by the wall clock; one set back by an hour would make it sleep as long."""
    now = datetime.now(UTC)
    job = scheduler.get_job(_TICK)
    if job and job.next_run_time > now + 2 * daemon.config.daemon.tick:
        log.warning("clock_set_back", by=str(job.next_run_time - now))
        job.modify(next_run_time=now)


def _end(daemon: Daemon, scheduler: BackgroundScheduler, worker: ThreadPoolExecutor) -> None:
    """Ends the tick and closes the database in its own thread, if that can be done in time."""
    daemon.stop.set()
    closing = worker.submit(daemon.close)
    if scheduler.running:
        scheduler.shutdown(wait=False)
    worker.shutdown(wait=False)
    if not wait([closing], timeout=GRACE.total_seconds()).done:
        log.warning("tick_cut_off", after=str(GRACE))


def _identity(database: Path) -> tuple[int, int]:
    """What tells the file from another under its name. Raises StoreError when there is none any more."""
    found = file_identity(database)
    if found is None:
        raise StoreError(f"{database}: the database is gone (put it back, or restart the daemon to begin a new one)")
    return found


def _interval(daemon: Daemon) -> IntervalTrigger:
    return IntervalTrigger(seconds=daemon.config.daemon.tick.total_seconds(), timezone=UTC)


def _tell(report: RunReport) -> None:
    """One line a run; one in which nothing could be reached is an error, since the fault is likely ours."""
    say = log.error if report.unreachable else log.info
    say(
        "nothing_could_be_polled" if report.unreachable else "run_completed",
        due=report.due,
        fetched=report.fetched,
        not_modified=report.not_modified,
        failed=len(report.failed),
        new=report.committed.new,
        hits=report.committed.hits,
        sent=report.sent,
        undelivered=report.undelivered,
        dead=report.dead,
        took_s=round(report.took.total_seconds(), 1),
    )


class _OneThread(BasePoolExecutor):  # type: ignore[misc]  # APScheduler ships no types
    """APScheduler's executor over a pool of ours, which can close the database after the last tick."""

    def __init__(self, worker: ThreadPoolExecutor) -> None:
        super().__init__(worker)


@contextmanager
def _wakeups() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a line: signals are heard on the first as bytes, what is written to the second too.

    A Python handler may interrupt the main thread inside any lock, so ours do nothing.
    """
    heard, told = socket.socketpair()
    with heard, told:
        told.setblocking(False)
        handlers = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
        before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
        try:
            yield heard, told
        finally:
            signal.set_wakeup_fd(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _wake(told: socket.socket) -> None:
    with suppress(OSError):  # the daemon has been told to end meanwhile
        told.send(bytes([_OPENED]))
