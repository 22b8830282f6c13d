"""The outbox: alerts owed, taken under a lease, and what came of each attempt."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.model import Alert, Delivery, OwedAlert, SendFailed, Sent, Telling
from pipeline.store.columns import clean, instant, stamp, texts, to_json
from pipeline.store.queries import QUERIES

# No attempt is put off for longer than 30 days, and a lease is a matter of minutes; what lies beyond was set while the
# clock was wrong.
ABSURDLY_FAR = timedelta(days=31)
ABSURDLY_LEASED = timedelta(days=2)
TELLINGS = 40  # of a story, the earliest: enough to find ten different ones among them


def insert(connection: sqlite3.Connection, alerts: Sequence[Alert]) -> int:
    """How many of the alerts were not yet owed; the id decides."""
    return connection.executemany(QUERIES["alert_insert"], map(_alert_row, alerts)).rowcount


def claim(connection: sqlite3.Connection, now: datetime, lease: timedelta, limit: int) -> tuple[OwedAlert, ...]:
    """Alerts that are due and under no lease, in the order in which they came; leased until ``now + lease``."""
    rows = connection.execute(QUERIES["alerts_claimable"], {**_bounds(now), "limit": limit}).fetchall()
    leased = {"until": stamp(now + lease), "texts": texts(row["id"] for row in rows)}
    connection.execute(QUERIES["alerts_lease"], leased)
    return tuple(_owed(connection, row) for row in rows)


def is_owed(connection: sqlite3.Connection, now: datetime) -> bool:
    """Whether ``claim`` would bring anything."""
    return connection.execute(QUERIES["alert_is_owed"], _bounds(now)).fetchone() is not None


def fix(connection: sqlite3.Connection, alert_id: str, payload: Mapping[str, Any]) -> None:
    """The payload of all attempts; the first to be fixed stays."""
    connection.execute(QUERIES["alert_fix"], {"alert_id": clean(alert_id), "payload": to_json(dict(payload))})


def release(connection: sqlite3.Connection, alert_ids: Sequence[str], until: datetime) -> None:
    """Ends the lease of alerts that were not tried; none is due before ``until``."""
    released = {"until": stamp(until), "absurd": stamp(until + ABSURDLY_FAR), "texts": texts(alert_ids)}
    connection.execute(QUERIES["alerts_release"], released)


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
    count: int = connection.execute(QUERIES["alerts_undelivered"], _bounds(now)).fetchone()[0]
    return count


def _bounds(now: datetime) -> dict[str, Any]:
    """What counts as due, and what lies too far ahead to be believed."""
    absurd = {"absurd": stamp(now + ABSURDLY_FAR), "absurd_lease": stamp(now + ABSURDLY_LEASED)}
    return {"now": stamp(now), **absurd}


def _owed(connection: sqlite3.Connection, row: sqlite3.Row) -> OwedAlert:
    asked = {"story_id": row["story_id"], "entry_id": row["entry_id"], "limit": TELLINGS}
    told = () if row["is_fixed"] else connection.execute(QUERIES["tellings"], asked)
    return OwedAlert(_alert(row), row["attempts"], bool(row["is_fixed"]), tuple(Telling(*one) for one in told))


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
