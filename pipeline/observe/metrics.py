"""What Prometheus is told: counters of what runs report, and what the database says at the moment of asking."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

from pipeline import __version__
from pipeline.model import Batch, Committed, ErrorKind, RunReport

_RUN_SECONDS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
_FETCH_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40)
_DELIVERIES = ("sent", "failed", "dead")
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Figures:
    """What the database says; counts of feeds by their state."""

    feeds: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    dead: int = 0
    last_run_at: datetime | None = None
    beat_at: datetime | None = None
    bytes: int = 0
    is_healthy: bool = False
    held: int = 0
    circuits: int = 0


class Metrics:
    """The counters of one daemon, in a registry of their own.

    No label tells a feed apart: there may be 50,000.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        build = Info("newsward_build", "The version at work", registry=registry)
        build.info({"version": __version__, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version})
        self._note_kinds(registry)
        self._note_stored(registry)
        self._note_runs(registry)
        self._note_configuration(registry)

    def _note_kinds(self, registry: CollectorRegistry) -> None:
        self._fetches = Counter(
            "newsward_fetches",
            "Feeds polled, by what came of it; kind is the error kind of a failure",
            ("outcome", "kind"),
            registry=registry,
        )
        for outcome, kind in (("fetched", ""), ("not_modified", ""), *(("failed", kind.value) for kind in ErrorKind)):
            self._fetches.labels(outcome, kind)
        self._fetch_seconds = Histogram(
            "newsward_fetch_duration_seconds",
            "Time from a request to the end of its answer",
            buckets=_FETCH_SECONDS,
            registry=registry,
        )
        self._bytes = Counter("newsward_fetched_bytes", "Decoded bytes of documents fetched", registry=registry)

    def _note_stored(self, registry: CollectorRegistry) -> None:
        self._stored = {
            name: Counter(f"newsward_{metric}", what, registry=registry)
            for name, metric, what in (
                ("new", "entries", "Entries stored"),
                ("edited", "entries_edited", "Stored entries that their publishers changed"),
                ("sightings", "sightings", "Stored entries seen in a further feed"),
                ("hits", "hits", "Hits stored"),
                ("stories", "stories", "Stories opened"),
                ("alerts", "alerts", "Alerts owed"),
            )
        }
        self._deliveries = Counter(
            "newsward_deliveries",
            "Attempts to deliver an alert: sent, failed (to be tried again) or dead (given up)",
            ("channel", "outcome"),
            registry=registry,
        )

    def _note_runs(self, registry: CollectorRegistry) -> None:
        self._runs = Counter(
            "newsward_runs",
            "Runs: completed, unreachable when nothing that was due could be polled, cut_off when told to stop",
            ("outcome",),
            registry=registry,
        )
        for outcome in ("completed", "unreachable", "cut_off"):
            self._runs.labels(outcome)
        self._run_seconds = Histogram(
            "newsward_run_duration_seconds", "Time a run took", buckets=_RUN_SECONDS, registry=registry
        )
        self._tick_failures = Counter(
            "newsward_tick_failures",
            "Ticks that came to nothing: the database was in trouble, or we at fault",
            registry=registry,
        )

    def _note_configuration(self, registry: CollectorRegistry) -> None:
        self._is_loaded = Gauge(
            "newsward_config_last_reload_successful",
            "1 when the configuration as it was last read is at work, 0 when it was refused",
            registry=registry,
        )
        self._loaded_at = Gauge(
            "newsward_config_last_reload_success_timestamp_seconds",
            "When the configuration at work was loaded",
            registry=registry,
        )
        self._companies = Gauge("newsward_companies", "Companies tracked", registry=registry)

    def note_feed(self, batch: Batch, committed: Committed) -> None:
        """One feed's turn, as a run tells it to whoever watches."""
        fetch = batch.fetch
        self._fetches.labels(fetch.outcome, fetch.error_kind.value if fetch.error_kind else "").inc()
        self._bytes.inc(fetch.bytes)
        if fetch.status is not None:
            self._fetch_seconds.observe(fetch.elapsed.total_seconds())
        self._note_committed(committed)

    def note_run(self, report: RunReport) -> None:
        """What became of a run."""
        outcome = "cut_off" if report.is_cut_off else "unreachable" if report.unreachable else "completed"
        self._runs.labels(outcome).inc()
        if not report.is_cut_off:  # how long it would have taken is not known
            self._run_seconds.observe(report.took.total_seconds())
        for tally in report.deliveries:
            self._deliveries.labels(tally.channel, tally.outcome).inc(tally.count)
        self._note_committed(report.by_pages)  # what feeds brought was counted as it came

    def _note_committed(self, committed: Committed) -> None:
        for name, counter in self._stored.items():
            counter.inc(getattr(committed, name))

    def note_tick_failed(self) -> None:
        """A tick that the database spoiled."""
        self._tick_failures.inc()

    def note_loaded(self, *, companies: int, channels: Iterable[str], now: datetime) -> None:
        """A configuration is at work from now on."""
        self._is_loaded.set(1)
        self._loaded_at.set(now.timestamp())
        self._companies.set(companies)
        for channel in channels:
            for outcome in _DELIVERIES:
                self._deliveries.labels(channel, outcome)

    def note_refused(self) -> None:
        """A configuration was read that cannot be used."""
        self._is_loaded.set(0)

    def text(self, figures: Figures | None) -> bytes:
        """All of it in Prometheus' text format; without ``figures`` the database has not answered."""
        page = CollectorRegistry()
        page.register(_Page([*self.registry.collect(), *_families(figures)]))
        return generate_latest(page)


class _Page:
    """Metrics as they are now, for the library's printer."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        for family in self._families:
            # When each series began is a series of its own to the library, and of no use to anybody here.
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


def _families(figures: Figures | None) -> Iterator[Metric]:
    """The gauges of the database; only that it has not answered, when it has not."""
    yield _gauge("newsward_database_up", "1 when the database answered this scrape, else 0", figures is not None)
    yield _gauge(
        "newsward_healthy", "1 when `newsward health` would say so, else 0", figures is not None and figures.is_healthy
    )
    if figures is None:
        return
    feeds = GaugeMetricFamily(
        "newsward_feeds", "Feeds by state; overdue = not polled a day after its turn", labels=("state",)
    )
    for state, count in figures.feeds.items():
        feeds.add_metric((state,), count)
    yield feeds
    yield _gauge("newsward_alerts_waiting", "Alerts that should have gone out by now and have not", figures.waiting)
    yield _gauge("newsward_alerts_held", "Alerts that wait for a digest or for the end of quiet hours", figures.held)
    yield _gauge("newsward_circuits_open", "Channels that are left alone since they fail", figures.circuits)
    yield _gauge("newsward_alerts_dead", "Alerts that were given up and are still stored", figures.dead)
    yield _gauge("newsward_database_bytes", "Size of the database file and its write-ahead log", figures.bytes)
    if figures.last_run_at:
        at = figures.last_run_at.timestamp()
        yield _gauge("newsward_last_run_timestamp_seconds", "When the last run was completed", at)
    if figures.beat_at:
        at = figures.beat_at.timestamp()
        yield _gauge("newsward_last_beat_timestamp_seconds", "When the last run, or idle look, was completed", at)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)
