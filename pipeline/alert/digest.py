"""Several alerts as one message, and the message that a channel has given up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from pipeline.alert.payload import VERSION, cut
from pipeline.alert.rules import Severity
from pipeline.keys import digest
from pipeline.model import Alert, Delivery, SendFailed
from pipeline.text import to_iso

_REASON = 500
_LOUDNESS = {severity: rank for rank, severity in enumerate(get_args(Severity))}
WARNING: Severity = "high"


def folded(members: Sequence[Alert], coverage: Mapping[str, Any] | None, now: datetime) -> Alert:
    """The digest of these alerts of one channel and rhythm, in their order. Its id comes from the first of them, so
    that folding again what was folded makes no second one."""
    first = members[0]
    alert_id = digest("alert", first.channel, "digest", first.id)
    severity = max((member.severity for member in members), key=lambda one: _LOUDNESS.get(one, 0))
    return Alert(
        id=alert_id,
        channel=first.channel,
        rule=first.rule,
        kind="digest",
        story_id="",
        entry_id="",
        created_at=now,
        not_before=now,
        severity=severity,
        payload={
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
        },
    )


def warning(delivery: Delivery, channel: str) -> Alert:
    """What ``channel`` is told of an alert that another channel gave up: the same for all of one day."""
    about, day = delivery.channel, to_iso(delivery.attempted_at)[:10]
    alert_id = digest("alert", channel, "warning", about, day)
    reason = delivery.result.reason if isinstance(delivery.result, SendFailed) else ""
    title = f"Alerts for channel {about!r} were given up"
    text = (
        f"Channel {about!r} did not take what it was owed, and it will not be tried again: {cut(reason, _REASON)}. "
        f"`newsward alerts list --channel {about} --state dead` shows which; when the cause is mended, "
        f"`newsward alerts retry --channel {about} --all-dead` sends them."
    )
    return Alert(
        id=alert_id,
        channel=channel,
        rule="",
        kind="warning",
        story_id="",
        entry_id="",
        created_at=delivery.attempted_at,
        not_before=delivery.attempted_at,
        severity=WARNING,
        payload={
            "version": VERSION,
            "type": "warning",
            "id": alert_id,
            "created_at": to_iso(delivery.attempted_at),
            "severity": WARNING,
            "title": cut(title, 300),
            "text": cut(text, 2000),
            "channel": about,
            "count": 1,
        },
    )
