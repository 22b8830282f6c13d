"""Whether the watch is well, and its figures: asked of the database without a hand on it, for commands and pages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.config import Config
from pipeline.errors import StoreError
from pipeline.observe import DeepFacts, HealthFacts, HealthOptions, Page, Pages, judge, judge_deep
from pipeline.observe.metrics import CONTENT_TYPE, Figures, Metrics
from pipeline.store import Store
from pipeline.text import from_iso, to_iso

# Whoever asks for health has a timeout of their own; readers wait only for what holds the whole file.
_BUSY_TIMEOUT = timedelta(seconds=3)
_OVERDUE = timedelta(days=1)  # beyond its turn
# Each is told also when no feed is in it.
_STATES = ("ok", "failing", "disabled", "overdue", "not_polled_yet", "not_configured")


@dataclass(frozen=True, slots=True)
class Judgement:
    """The reasons why the watch is not well, none = it is; and what they were drawn from, if it could be had."""

    reasons: tuple[str, ...]
    facts: HealthFacts | None = None
    found: DeepFacts | None = None

    def told(self) -> dict[str, Any]:
        """As ``newsward health --json`` and ``/healthz`` have it."""
        facts = {
            name: to_iso(value) if isinstance(value, datetime) else value
            for name, value in (asdict(self.facts) if self.facts else {}).items()
        }
        return {
            "healthy": not self.reasons,
            "reasons": self.reasons,
            **facts,
            **(asdict(self.found) if self.found else {}),
        }


def examine(database: Path, options: HealthOptions, now: datetime, *, deep: bool = False) -> Judgement:
    """The judgement of this moment; ``deep`` reads the whole database for it. A database that is missing or cannot be
    read is a reason too."""
    judgement = Judgement(())
    try:
        with Store.look(database, busy_timeout=_BUSY_TIMEOUT) as store:
            judgement = _judgement(store, options, now)
            return _deepened(judgement, store, database, options) if deep else judgement
    except StoreError as error:
        return replace(judgement, reasons=(*judgement.reasons, str(error)))


def figures(config: Config, now: datetime) -> Figures | None:
    """What the database says of itself; None when it cannot be asked."""
    try:
        with Store.look(config.database, busy_timeout=_BUSY_TIMEOUT) as store:
            judgement = _judgement(store, config.health, now)
            counts = store.rows("feed_states", now=to_iso(now), overdue_since=to_iso(now - _OVERDUE))
            row = store.rows("figures", now=to_iso(now))[0]
    except StoreError:
        return None
    return Figures(
        feeds={**dict.fromkeys(_STATES, 0), **{row["state"]: row["feeds"] for row in counts}},
        waiting=row["waiting"],
        dead=row["dead"],
        held=row["held"],
        circuits=row["circuits"],
        last_run_at=row["last_run_at"] and from_iso(row["last_run_at"]),
        beat_at=judgement.facts.beat_at if judgement.facts else None,
        bytes=sum(_size(config.database.with_name(f"{config.database.name}{end}")) for end in ("", "-wal")),
        is_healthy=not judgement.reasons,
    )


def pages(config: Callable[[], Config], metrics: Metrics, clock: Callable[[], datetime]) -> Pages:
    """What the daemon serves: ``/metrics``, and ``/healthz`` with the judgement (200 = well, 503 = not)."""

    def healthz() -> Page:
        present = config()
        judgement = examine(present.database, present.health, clock())
        body = json.dumps(judgement.told(), ensure_ascii=False) + "\n"
        return Page(body.encode(), 503 if judgement.reasons else 200, "application/json")

    def scrape() -> Page:
        return Page(metrics.text(figures(config(), clock())), content_type=CONTENT_TYPE)

    return {"/healthz": healthz, "/metrics": scrape}


def _judgement(store: Store, options: HealthOptions, now: datetime) -> Judgement:
    row = store.rows(
        "health_facts",
        now=to_iso(now),
        overdue_since=to_iso(now - options.max_wait),
        dead_since=to_iso(now - options.dead_window),
    )[0]
    moments = {name: row[name] and from_iso(row[name]) for name in ("beat_at", "first_run_at", "answered_at")}
    facts = HealthFacts(**{**row, **moments, "stuck": tuple(json.loads(row["stuck"]))})
    return Judgement(judge(facts, options, now), facts)


def _deepened(judgement: Judgement, store: Store, database: Path, options: HealthOptions) -> Judgement:
    faults = store.faults()
    # What is damaged may not even be counted.
    unindexed, left_over = (0, 0) if faults else store.unindexed()
    found = DeepFacts(faults, unindexed, left_over, shutil.disk_usage(database.parent).free // 1_000_000)
    return replace(judgement, reasons=(*judgement.reasons, *judge_deep(found, options)), found=found)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
