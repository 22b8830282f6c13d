"""The watch that goes on: one APScheduler tick calls the same ``run_once`` as cron does; signals end or reload it, and
so do changed files."""

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
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from pipeline.app import mind_the_clock, open_stages
from pipeline.config import Config, ConfigFiles
from pipeline.decide import Stages
from pipeline.errors import AlreadyRunning, CannotListen, ConfigError, DatabaseBusy, StoreError
from pipeline.health import pages
from pipeline.maintenance import keep_house
from pipeline.model import RunReport
from pipeline.observe import Heartbeat, MetricsOptions, Server
from pipeline.observe.metrics import Metrics
from pipeline.run import run_once
from pipeline.store import DaemonLock, RunLock, file_identity

# Container runtimes kill 10 seconds after SIGTERM. What takes longer is cut off, as by a crash, for which it is made.
GRACE = timedelta(seconds=5)
BEAT_EVERY = timedelta(minutes=1)
HOGGED_AFTER = timedelta(minutes=10)  # a run of another process beside the daemon is done by then
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_OPENED = 0  # no signal has this number
_TICK = "tick"
_RELOAD = "reload"
_LOOK_AT_CLOCK = 30.0  # seconds

log = structlog.get_logger()


@dataclass(slots=True)
class Daemon:
    """The stages, kept open between ticks. ``open``, ``tick``, ``reload`` and ``close`` belong to one thread, the
    database's; ``stop`` may be set from any, and ends the tick under way.

    ``load`` notes in what it is given which files it reads.
    """

    config: Config
    load: Callable[[ConfigFiles], Config]
    clock: Callable[[], datetime]
    stop: Event = field(default_factory=Event)
    metrics: Metrics = field(default_factory=Metrics)
    _heartbeat: Heartbeat = field(default_factory=Heartbeat)
    _opened: ExitStack = field(default_factory=ExitStack)
    _stages: Stages | None = None
    _file: tuple[int, int] | None = None
    _beat_at: datetime | None = None
    _skipping_since: datetime | None = None
    _is_hogged: bool = False  # and it was told
    _refused: ConfigFiles | None = None  # what the last load read, if it was refused
    _server: Server | None = None
    _served: MetricsOptions = field(default_factory=MetricsOptions)

    def open(self) -> Stages:
        """The stages, opened if they are not, and the metrics served where the configuration wants them.

        Raises StoreError when the database cannot be used, CannotListen when the address cannot be had.
        """
        return self._stages or self._use(self.config)

    def close(self) -> None:
        """Closes all that is open; a later ``open`` or ``tick`` opens it again."""
        self._let_go()
        if self._server:
            self._server.close()
        self._server, self._served = None, MetricsOptions()

    def _let_go(self) -> None:
        """Closes the stages; whoever asks for health is still answered."""
        self._stages = None
        self._opened.close()

    def tick(self) -> None:
        """One look: what is due is polled and sent, nothing due leaves no trace but a sign of life.

        A configuration whose files have changed is loaded anew first. Another run that is going on, a database in
        trouble, or a fault of ours, costs the tick and not the daemon.
        """
        if self.stop.is_set():
            return
        try:
            self._mind_the_files()
            self._look(self.clock())
        except AlreadyRunning as error:
            self._skip(str(error))
        except StoreError as error:
            log.error("tick_failed", reason=str(error))
            self.metrics.note_tick_failed()
            self._heart.note_failure(self.clock())
            if not isinstance(error, DatabaseBusy):
                # Its disk may be mended or a backup put in its place; this connection would not see it.
                self._let_go()
        except Exception:
            log.exception("tick_broke")
            self.metrics.note_tick_failed()
            self._heart.note_failure(self.clock())
            self._let_go()

    def _skip(self, reason: str) -> None:
        """Nothing polled since another run goes on; one that never ends is likely a second daemon."""
        log.debug("tick_skipped", reason=reason)
        now = self.clock()
        self._skipping_since = self._skipping_since or now
        if now - self._skipping_since >= HOGGED_AFTER and not self._is_hogged:
            self._is_hogged = True
            log.warning("ticks_skipped", since=self._skipping_since, reason=reason)

    def reload(self) -> None:
        """Goes on with the configuration as it is now; one that cannot be used is told, and the old one stays."""
        if self.stop.is_set():
            return
        files = ConfigFiles()
        try:
            self._use(self.load(files))
        except DatabaseBusy as error:
            self._refuse(str(error))
        except (ConfigError, StoreError, CannotListen) as error:
            self._refuse(str(error), files)
        except Exception as error:  # sources and channels may be code of others
            log.exception("configuration_broke")
            self._refuse(f"a fault in loading it: {type(error).__name__}", files)
        else:
            config = self.config
            log.info("configuration_loaded", companies=len(config.watchlist.companies), feeds=len(config.feeds))

    def _refuse(self, reason: str, files: ConfigFiles | None = None) -> None:
        """Tells it; what was read in ``files`` is not tried again until one of them changes."""
        log.error("configuration_refused", faults=reason.splitlines())
        self.metrics.note_refused()
        self._refused = files or self._refused

    def _mind_the_files(self) -> None:
        """Reloads when a file was changed, has come or gone; a look is a `stat` of each, whatever its size."""
        try:
            changed = (self._refused or self.config.files).changed()
        except Exception:  # a source of others tells its files
            log.exception("files_not_told")
            return
        if changed:
            log.info("files_changed", files=sorted(map(str, changed)))
            self.reload()

    def _use(self, config: Config) -> Stages:
        """Opens the stages of this configuration in place of others; when that fails, those stay."""
        now = self.clock()
        with ExitStack() as opening:
            stages = opening.enter_context(open_stages(config, now))
            self._serve(config.metrics)
            self._opened.close()
            self._opened, self._stages, self.config = opening.pop_all(), stages, config
        self._file = _identity(config.database)
        self._refused = None
        self.metrics.note_loaded(companies=len(config.watchlist.companies), channels=config.channels, now=now)
        return stages

    def _serve(self, options: MetricsOptions) -> None:
        """Serves the metrics there, and no longer elsewhere; when that fails they stay where they were."""
        if options == self._served:
            return
        before, was = self._server, self._served
        is_same_port = before is not None and options.port == was.port
        if before and is_same_port:
            before.close()  # one port cannot be had twice, at whatever address
            self._server, self._served = None, MetricsOptions()
        try:
            self._server, self._served = self._listen(options), options
        except CannotListen:
            if is_same_port:
                self._server, self._served = self._listen(was), was
            raise
        if before:
            before.close()

    def _listen(self, options: MetricsOptions) -> Server | None:
        if options.port is None:
            return None
        return Server.start(options.host, options.port, pages(lambda: self.config, self.metrics, self.clock))

    def _look(self, now: datetime) -> None:
        if self._file and self._file != _identity(self.config.database):
            # SQLite would go on writing into the file that was moved away, and nobody would ever see it.
            log.warning("database_replaced", database=str(self.config.database))
            self._let_go()
        stages = self.open()
        mind_the_clock(stages.store, now)
        if not stages.store.has_work(now, pages=stages.fulltext.enabled):
            self._beat(stages, now)
            self._heart.note_idle(now)
            return
        with RunLock(self.config.database.parent, wait=False):
            self._skipping_since, self._is_hogged = None, False
            report = run_once(stages, now, watch=self.metrics.note_feed, stop=self.stop.is_set)
            self.metrics.note_run(report)
            _tell(report)
            keep_house(stages.store, self.config.store, now, stop=self.stop.is_set)
        self._heart.note_run(report, self.clock())

    @property
    def _heart(self) -> Heartbeat:
        """That of the present configuration; a reload that leaves it alone lets it go on."""
        if self._heartbeat.options != self.config.heartbeat:
            self._heartbeat = Heartbeat(self.config.heartbeat)
        return self._heartbeat

    def _beat(self, stages: Stages, now: datetime) -> None:
        """A sign of life, a write at most a minute; the clock may have been set back since the last."""
        if self._beat_at is None or abs(now - self._beat_at) >= BEAT_EVERY:
            stages.store.beat(now)
            self._beat_at = now


def serve(daemon: Daemon) -> None:
    """Ticks until SIGTERM or SIGINT, and is then back within ``GRACE``; SIGHUP reloads. For the main thread.

    Polls and deliveries that hang at the end are left behind: nothing committed is lost, and what they would have
    brought is polled or sent again. Raises StoreError when the database cannot be used at the start, CannotListen when
    the address of the metrics cannot be had.
    """
    # One worker: the database's connection belongs to the thread that opened it.
    worker = ThreadPoolExecutor(1, thread_name_prefix="tick")
    scheduler = _scheduler(daemon, worker)
    with _wakeups() as (heard, told), _sole(daemon.config.database.parent):
        try:
            opening = worker.submit(daemon.open)
            opening.add_done_callback(lambda _: _wake(told))
            _listen(heard, daemon, scheduler, opening)
        finally:
            _end(daemon, scheduler, worker)


@contextmanager
def _sole(directory: Path) -> Iterator[None]:
    """Tells of another daemon on the same data: both may work, in turns, but few want that. When one is put in the
    place of another, they overlap for a moment."""
    with ExitStack() as held:
        try:
            held.enter_context(DaemonLock(directory, wait=False))
        except AlreadyRunning as error:
            log.warning("second_daemon", reason=str(error))
        except StoreError:
            pass  # the database cannot be used either, and that is told
        yield


def _scheduler(daemon: Daemon, worker: ThreadPoolExecutor) -> BackgroundScheduler:
    """The schedule of the one tick, not yet started."""
    # It warns of a tick that is left out because the one before still works: no fault, and told by nobody else either.
    logger = logging.getLogger("apscheduler.scheduler.tick")
    logger.setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(executors={"default": _OneThread(worker)}, timezone=UTC, logger=logger)
    scheduler.add_job(
        partial(_tick, daemon, scheduler),
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
                # However many signals come while a tick works, one reload after it is enough.
                reload = partial(_reload, daemon, scheduler)
                scheduler.add_job(reload, id=_RELOAD, replace_existing=True, max_instances=2, misfire_grace_time=None)
            elif number in (signal.SIGTERM, signal.SIGINT):
                log.info("daemon_stopping", signal=signal.Signals(number).name)
                return
        _mind_the_clock(daemon, scheduler)


def _tick(daemon: Daemon, scheduler: BackgroundScheduler) -> None:
    """The tick, and the new rhythm if it brought one."""
    rhythm = daemon.config.daemon.tick
    daemon.tick()
    if daemon.config.daemon.tick != rhythm:
        _keep_time(daemon, scheduler)


def _reload(daemon: Daemon, scheduler: BackgroundScheduler) -> None:
    """Reloads, and looks at once with the new configuration."""
    daemon.reload()
    _keep_time(daemon, scheduler)


def _keep_time(daemon: Daemon, scheduler: BackgroundScheduler) -> None:
    """The next tick now, the others in the rhythm of the configuration."""
    with suppress(JobLookupError):  # the daemon has been told to end meanwhile
        scheduler.modify_job(_TICK, trigger=_interval(daemon), next_run_time=datetime.now(UTC))


def _mind_the_clock(daemon: Daemon, scheduler: BackgroundScheduler) -> None:
    """APScheduler keeps its appointments by the wall clock; one set back by an hour would make it sleep as long."""
    now = datetime.now(UTC)
    job = scheduler.get_job(_TICK)
    if job and job.next_run_time > now + 2 * daemon.config.daemon.tick:
        log.info("tick_brought_forward", by=str(job.next_run_time - now))
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


def _interval(daemon: Daemon) -> _Interval:
    return _Interval(daemon.config.daemon.tick)


def _tell(report: RunReport) -> None:
    """One line a run; one in which nothing could be reached is an error, since the fault is likely ours."""
    if report.is_cut_off:
        done = report.fetched + report.not_modified + len(report.failed)
        log.info("run_cut_off", due=report.due, done=done)
        return
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


class _Interval(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Every so often, whatever was missed left out.

    APScheduler's own counts each tick that was missed, and keeps them all: two million when the clock of a board
    without a battery goes from last year to now.
    """

    def __init__(self, interval: timedelta) -> None:
        self.interval = interval

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        if previous is None:
            return now
        return previous + self.interval * (max(timedelta(), now - previous) // self.interval + 1)


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
