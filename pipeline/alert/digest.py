"""Several alerts as one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.alert.payload import VERSION, in_zone
from pipeline.alert.rules import loudness
from pipeline.keys import digest
from pipeline.model import Alert
from pipeline.text import to_iso

_DAY = timedelta(days=1)


def folded(members: Sequence[Alert], coverage: Mapping[str, Any] | None, now: datetime, zone: str = "UTC") -> Alert:
    """The digest of these alerts of one channel and rhythm, in their order. Its id comes from the first of them, so
    that folding again what was folded makes no second one; ``zone`` is the channel's."""
    first = members[0]
    alert_id = digest("alert", first.channel, "digest", first.id)
    severity = max((member.severity for member in members), key=loudness)
    payload = {
        "version": VERSION,
        "type": "digest",
        "id": alert_id,
        "created_at": to_iso(now),
        "severity": severity,
        "rhythm": first.digest,
        "channel": first.channel,
        "count": len(members),
        "items": [dict(member.payload) for member in members],
        "coverage": dict(coverage) if coverage is not None else None,
    }
    return Alert(
        id=alert_id,
        channel=first.channel,
        rule=first.rule,
        kind="digest",
        story_id="",
        entry_id="",
        created_at=now,
        not_before=min(member.not_before for member in members),  # since then they should have gone out
        severity=severity,
        payload=in_zone(payload, zone),
    )


def gathered_over(rhythm: str) -> timedelta:
    """How far back a digest of this rhythm tells what may have been missed: a week, or a day."""
    return 7 * _DAY if rhythm == "weekly" else _DAY
