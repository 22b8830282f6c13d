"""The outbox: alerts owed, taken under a lease, and what came of each attempt."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.model import Alert, Delivery, OwedAlert, SendFailed, Sent
from pipeline.store.columns import clean, instant, stamp, texts, to_json
from pipeline.store.queries import QUERIES


def insert(connection: sqlite3.Connection, alerts: Sequence[Alert]) -> int:
    """How many of the alerts were not yet owed; the id decides."""
    return connection.executemany(QUERIES["alert_insert"], map(_alert_row, alerts)).rowcount


def claim(connection: sqlite3.Connection, now: datetime, lease: timedelta, limit: int) -> tuple[OwedAlert, ...]:
    """Alerts that are due and under no lease, in the order in which they came; leased until ``now + lease``."""
    rows = connection.execute(QUERIES["alerts_claimable"], {"now": stamp(now), "limit": limit}).fetchall()
    leased = {"until": stamp(now + lease), "texts": texts(row["id"] for row in rows)}
    connection.execute(QUERIES["alerts_lease"], leased)
    return tuple(OwedAlert(_alert(row), row["attempts"]) for row in rows)


def is_owed(connection: sqlite3.Connection, now: datetime) -> bool:
    """Whether ``claim`` would bring anything."""
    return connection.execute(QUERIES["alerts_claimable"], {"now": stamp(now), "limit": 1}).fetchone() is not None


def release(connection: sqlite3.Connection, alert_ids: Sequence[str], until: datetime) -> None:
    """Ends the lease of alerts that were not tried; none is due before ``until``."""
    connection.execute(QUERIES["alerts_release"], {"until": stamp(until), "texts": texts(alert_ids)})


def record(connection: sqlite3.Connection, delivery: Delivery) -> None:
    """Notes the attempt and settles its alert: sent, dead, or due again."""
    failed = delivery.result if isinstance(delivery.result, SendFailed) else None
    row = {
        "alert_id": clean(delivery.alert_id),
        "channel": clean(delivery.channel),
        "attempt": delivery.attempt,
        "attempted_at": stamp(delivery.attempted_at),
        "outcome": "failed" if failed else "sent",
        "detail": clean(_detail(delivery.result)),
    }
    connection.execute(QUERIES["delivery_insert"], row)
    settled = {
        "state": "dead" if delivery.dead else "pending" if failed else "sent",
        "sent_at": None if failed else row["attempted_at"],
        "next_attempt_at": stamp(delivery.next_attempt_at),
        "error": row["detail"] if failed else "",
    }
    connection.execute(QUERIES["alert_settle"], {**row, **settled})


def undelivered(connection: sqlite3.Connection, now: datetime) -> int:
    """How many alerts should have gone out by now and have not, the given up ones left out."""
    count: int = connection.execute(QUERIES["alerts_undelivered"], {"now": stamp(now)}).fetchone()[0]
    return count


def _detail(result: Sent | SendFailed) -> str:
    return result.reason if isinstance(result, SendFailed) else result.detail


def _alert_row(alert: Alert) -> dict[str, Any]:
    words = ("id", "channel", "rule", "kind", "story_id", "entry_id", "severity")
    return {
        **{name: clean(getattr(alert, name)) for name in words},
        "created_at": stamp(alert.created_at),
        "not_before": stamp(alert.not_before),
        "payload": to_json(dict(alert.payload)),
    }


def _alert(row: sqlite3.Row) -> Alert:
    words = ("id", "channel", "rule", "kind", "story_id", "entry_id", "severity")
    return Alert(
        **{name: row[name] for name in words},
        created_at=instant(row["created_at"]),
        not_before=instant(row["not_before"]),
        payload=json.loads(row["payload"]),
    )
