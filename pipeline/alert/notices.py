"""Messages that bring no news: that a channel gives up, that a channel works, what was sent before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pipeline.alert.payload import VERSION, cut, in_zone, story_payload
from pipeline.alert.rules import Severity
from pipeline.keys import digest
from pipeline.model import Alert, Delivery, Entry, EntryField, Hit, Mention, Method, SendFailed
from pipeline.text import to_iso

_REASON = 500
_WARNING: Severity = "high"
_TEST = "Test message: this channel works"


def warning(delivery: Delivery, channel: str, now: datetime) -> Alert:
    """What ``channel`` is told of an alert that another channel gave up: one and the same for all of a day."""
    about, day = delivery.channel, to_iso(now)[:10]
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
        created_at=now,
        not_before=now,
        severity=_WARNING,
        payload={
            "version": VERSION,
            "type": "warning",
            "id": alert_id,
            "created_at": to_iso(now),
            "severity": _WARNING,
            "title": cut(title, 300),
            "text": cut(text, 2000),
            "channel": about,
            "count": 1,
        },
    )


def trial(channel: str, now: datetime, zone: str = "UTC") -> Alert:
    """A message that only shows that the channel works, and says so. Two of one second are the same to a receiver."""
    alert_id = digest("alert", channel, "test", to_iso(now))
    mention = Mention("newsward", EntryField.TEXT, 9, 17, "Newsward", "Newsward", Method.EXACT, 100.0)
    text = "No news: Newsward was asked, by `newsward alerts test`, whether alerts arrive here."
    lead = Entry(alert_id, "", _TEST, text, publisher="Newsward", language="en", published_at=now)
    payload = story_payload(
        alert_id=alert_id,
        rules=["test"],
        severity="normal",
        story_id=alert_id,
        lead=lead,
        hits=[Hit(alert_id, "newsward", 100.0, 100.0, (mention,))],
        others=(),
        names={"newsward": "Newsward"},
        now=now,
    )
    return Alert(
        id=alert_id,
        channel=channel,
        rule="test",
        kind="story",
        story_id=alert_id,
        entry_id=alert_id,
        created_at=now,
        not_before=now,
        payload=in_zone({**payload, "test": True}, zone),
    )


def replayed(alert: Alert, now: datetime) -> Alert:
    """What was sent, to be sent again: the same message under an id of its own, since receivers drop an id that they
    have seen; ``replay`` in it says so."""
    alert_id = digest("alert", "replay", alert.id, to_iso(now))
    payload = {**alert.payload, "id": alert_id, "replay": True}
    return replace(alert, id=alert_id, created_at=now, not_before=now, digest="", payload=payload)
