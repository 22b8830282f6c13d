"""The outbox: alerts owed, taken under a lease, and what came of each attempt."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pipeline.model import Alert, Circuit, Claim, Delivery, OwedAlert, SendFailed, Sent, Telling
from pipeline.store.columns import clean, instant, moment, stamp, texts, to_json
from pipeline.store.queries import QUERIES

# No attempt is put off for longer than 30 days, and a lease is a matter of minutes; what lies beyond was set while the
# clock was wrong.
ABSURDLY_FAR = timedelta(days=31)
ABSURDLY_LEASED = timedelta(days=2)
TELLINGS = 40  # of a story, the earliest: enough to find ten different ones among them
_HOUR = timedelta(hours=1)
_DIGESTS = 20  # made in one transaction at most: others want to write too
_HELD = ("quiet", "cap")  # digests of what was only held up: one that holds a single alert is none

Fix = Callable[[Alert, Sequence[Telling]], Mapping[str, Any]]
Fold = Callable[[Sequence[Alert]], Alert]


def insert(connection: sqlite3.Connection, alerts: Sequence[Alert]) -> int:
    """How many of the alerts were not yet owed; the id decides."""
    rows = list(map(_alert_row, alerts))
    added = connection.executemany(QUERIES["alert_insert"], rows).rowcount
    connection.executemany(QUERIES["alerts_bring"], (row for row in rows if row["kind"] != "story"))
    return added


# --------------------------------------------------------------------------- what may go out


def owed_channels(connection: sqlite3.Connection, now: datetime) -> tuple[str, ...]:
    """The channels of which something can be claimed, or held up, by name."""
    return tuple(row["channel"] for row in connection.execute(QUERIES["owed_channels"], _bounds(now)))


def digests_owed(connection: sqlite3.Connection, channel: str, now: datetime) -> tuple[str, ...]:
    """The rhythms of the digests that a claim folds, by name."""
    asked = {"channel": clean(channel), "now": stamp(now)}
    return tuple(row["digest"] for row in connection.execute(QUERIES["digests_due"], asked))


def claim(connection: sqlite3.Connection, claim: Claim, fix: Fix, fold: Fold) -> tuple[OwedAlert, ...]:
    """Alerts of the channel that are due and under no lease; leased until ``claim.until``, their payloads fixed.

    What quiet hours or the hourly cap hold is put off first; what waited for a digest that is due goes into one.
    """
    asked = {**_bounds(claim.now), "channel": clean(claim.channel), "urgent_passes": int(claim.urgent_passes)}
    open_until = _open_until(connection, claim)
    if open_until and claim.at < open_until <= claim.at + ABSURDLY_FAR:
        return ()
    connection.execute(QUERIES["alerts_believe"], asked)
    if claim.held_until:
        _hold(connection, asked, "quiet", claim.held_until)
    _make_digests(connection, asked, claim, fix, fold)
    limit = 1 if open_until else claim.limit
    if claim.per_hour is not None:
        limit = min(limit, _room(connection, asked, claim))
    rows = connection.execute(QUERIES["alerts_claimable"], {**asked, "limit": limit, "page": claim.limit}).fetchall()
    if not rows:
        return ()
    leased = {"until": stamp(claim.until), "texts": texts(row["id"] for row in rows)}
    connection.execute(QUERIES["alerts_lease"], leased)
    if open_until:
        connection.execute(QUERIES["circuit_try"], asked | leased)  # until it is known what became of the one
    return tuple(
        OwedAlert(_fixed(connection, row, fix), row["attempts"], not row["is_fixed"], claim.until) for row in rows
    )


def release(connection: sqlite3.Connection, owed: Sequence[OwedAlert]) -> None:
    """Ends the lease of alerts that were not tried; they stay due. A lease that another sender has by now stays."""
    rows = ({"id": clean(one.alert.id), "fresh": one.is_fresh, "lease": stamp(one.leased_until)} for one in owed)
    connection.executemany(QUERIES["alerts_release"], rows)


def _hold(
    connection: sqlite3.Connection, asked: Mapping[str, Any], word: str, until: datetime, spared: str = ""
) -> None:
    connection.execute(QUERIES["alerts_hold"], {**asked, "digest": word, "until": stamp(until), "spared": spared})


def _room(connection: sqlite3.Connection, asked: Mapping[str, Any], claim: Claim) -> int:
    """How many messages the channel takes now; with no room left, all but what no cap holds is put off until there is
    some."""
    assert claim.per_hour is not None
    window = {**asked, "since": stamp(claim.at - _HOUR), "at": stamp(claim.at)}
    passed = connection.execute(QUERIES["alerts_passed"], window).fetchone()
    room = claim.per_hour - int(passed["messages"])
    if room > 0:
        return room
    _hold(connection, asked, "cap", (moment(passed["first_at"]) or claim.at) + _HOUR, spared="warning")
    return claim.limit


def _make_digests(connection: sqlite3.Connection, asked: Mapping[str, Any], claim: Claim, fix: Fix, fold: Fold) -> None:
    """Folds what waits for a digest that is due."""
    made = 0
    words = [row["digest"] for row in connection.execute(QUERIES["digests_due"], asked)]
    for word in words:
        # All that may be folded now at once: to find the first of a hundred thousand, all of them are looked at.
        sought = {**asked, "digest": word, "limit": claim.per_digest * (_DIGESTS - made)}
        rows = connection.execute(QUERIES["digest_members"], sought).fetchall()
        for page in _pages(rows, claim.per_digest):
            made += 1
            if word in _HELD and len(page) == 1:
                connection.execute(QUERIES["alert_unfold"], {"alert_id": page[0]["id"]})
            else:
                _fold(connection, page, fix, fold)


def _pages(rows: Iterable[sqlite3.Row], size: int) -> Iterator[list[sqlite3.Row]]:
    """The members of each digest; what finds no place beside what its story owed before waits until that is sent."""
    page: list[sqlite3.Row] = []
    paged: set[str] = set()  # the stories of the pages before
    for row in rows:
        if row["story_id"] not in paged:
            page.append(row)
        if len(page) == size:
            yield page
            paged.update(row["story_id"] for row in page if row["story_id"])
            page = []
    if page:
        yield page


def _fold(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row], fix: Fix, fold: Fold) -> None:
    members = [
        replace(alert, payload=fix(alert, _tellings(connection, row))) for row in rows for alert in [_alert(row)]
    ]
    digest = fold(members)
    # It is as old as the first of them: among what waits it must not come last again and again.
    row = {**_alert_row(digest), "next_attempt_at": rows[0]["created_at"]}
    connection.execute(QUERIES["fixed_insert"], row)
    connection.execute(QUERIES["alerts_fold"], {"folded_into": row["id"], "texts": texts(one["id"] for one in rows)})


def _fixed(connection: sqlite3.Connection, row: sqlite3.Row, fix: Fix) -> Alert:
    """The alert with the payload of all its attempts."""
    alert = _alert(row)
    if row["is_fixed"]:
        return alert
    payload = fix(alert, _tellings(connection, row))
    connection.execute(QUERIES["alert_fix"], {"alert_id": row["id"], "payload": to_json(dict(payload))})
    return replace(alert, payload=payload)


def _tellings(connection: sqlite3.Connection, row: sqlite3.Row) -> tuple[Telling, ...]:
    """The other tellings of its story that are stored by now."""
    if not row["story_id"]:
        return ()
    asked = {"story_id": row["story_id"], "entry_id": row["entry_id"], "limit": TELLINGS}
    return tuple(Telling(*one) for one in connection.execute(QUERIES["tellings"], asked))


# --------------------------------------------------------------------------- what came of it


def record(
    connection: sqlite3.Connection,
    deliveries: Sequence[Delivery],
    circuits: Iterable[Circuit],
    warnings: Iterable[Alert],
) -> None:
    """Notes attempts and settles their alerts: sent, dead, or due again; how the channels fare; and whom to warn."""
    for delivery in deliveries:
        _settle(connection, delivery)
    for circuit in circuits:
        _note(connection, circuit)
    for warning in warnings:
        connection.execute(QUERIES["warning_insert"], _alert_row(warning))


def _settle(connection: sqlite3.Connection, delivery: Delivery) -> None:
    """Notes the attempt and settles its alert, with what went into it if it is a digest."""
    failed = delivery.result if isinstance(delivery.result, SendFailed) else None
    row = {
        "alert_id": clean(delivery.alert_id),
        "channel": clean(delivery.channel),
        "attempt": delivery.attempt,
        "attempted_at": stamp(delivery.attempted_at),
        "outcome": "failed" if failed else "sent",
        "detail": clean(_detail(delivery.result)),
        "lease": stamp(delivery.leased_until),
    }
    connection.execute(QUERIES["delivery_insert"], row)
    settled = {
        "state": "dead" if delivery.dead else "pending" if failed else "sent",
        "sent_at": None if failed else row["attempted_at"],
        "next_attempt_at": stamp(delivery.next_attempt_at),
        "error": row["detail"] if failed or _is_partial(delivery.result) else "",
    }
    connection.execute(QUERIES["alert_settle"], {**row, **settled})
    connection.execute(QUERIES["members_settle"], {**row, **settled})


def circuits(connection: sqlite3.Connection) -> dict[str, Circuit]:
    """The channels that have failed since they last took something."""
    rows = connection.execute(QUERIES["circuits"])
    return {
        row["channel"]: Circuit(
            row["channel"],
            row["failures"],
            row["openings"],
            moment(row["opened_at"]),
            moment(row["open_until"]),
            row["reason"],
        )
        for row in rows
    }


def _note(connection: sqlite3.Connection, circuit: Circuit) -> None:
    row = {
        "channel": clean(circuit.channel),
        "failures": circuit.failures,
        "openings": circuit.openings,
        "opened_at": stamp(circuit.opened_at),
        "open_until": stamp(circuit.open_until),
        "reason": clean(circuit.reason),
    }
    connection.execute(QUERIES["circuit_note" if circuit.failures else "circuit_close"], row)


def _open_until(connection: sqlite3.Connection, claim: Claim) -> datetime | None:
    """Until when the circuit is open, or was; None = it is closed."""
    row = connection.execute(QUERIES["circuit_of"], {"channel": clean(claim.channel)}).fetchone()
    return None if row is None else instant(row["open_until"])


# --------------------------------------------------------------------------- once more


def retry(
    connection: sqlite3.Connection, now: datetime, ids: Iterable[str], channel: str, state: str
) -> dict[str, str]:
    """Makes alerts due now, also those that were given up, and asks their channels again; the channel of each."""
    asked = {"texts": texts(ids), "channel": clean(channel), "state": state}
    found = texts(row["id"] for row in connection.execute(QUERIES["alerts_retry"], asked))
    rows = connection.execute(QUERIES["alerts_revive"], {"texts": found, "now": stamp(now)}).fetchall()
    connection.execute(QUERIES["members_revive"], {"texts": found})
    channels = {row["id"]: row["channel"] for row in rows}
    for name in set(channels.values()):
        connection.execute(QUERIES["circuit_end"], {"channel": name, "now": stamp(now)})
    return channels


def replay(
    connection: sqlite3.Connection, since: datetime, channel: str, again: Callable[[Alert], Alert]
) -> dict[str, str]:
    """Owes once more what was sent since then, as ``again`` makes it; the channel of each."""
    asked = {"since": stamp(since), "channel": clean(channel)}
    rows = connection.execute(QUERIES["alerts_replayable"], asked).fetchall()
    alerts = [again(_alert(row)) for row in rows]
    owed = ({**_alert_row(alert), "next_attempt_at": stamp(alert.not_before)} for alert in alerts)
    connection.executemany(QUERIES["fixed_insert"], owed)
    return {alert.id: alert.channel for alert in alerts}


def states(connection: sqlite3.Connection, ids: Iterable[str], now: datetime) -> dict[str, str]:
    """How these alerts are: ``sent``, ``dead``, ``held`` (for later) or ``pending``; unknown ones are left out."""
    rows = connection.execute(QUERIES["alert_states"], {"texts": texts(ids), "now": stamp(now)})
    return {row["id"]: "held" if row["is_held"] else row["state"] for row in rows}


def undelivered(connection: sqlite3.Connection, now: datetime, channels: Collection[str] | None) -> int:
    """How many alerts should have gone out by now and have not, the given up ones left out."""
    asked = {**_bounds(now), "texts": None if channels is None else texts(channels)}
    count: int = connection.execute(QUERIES["alerts_undelivered"], asked).fetchone()[0]
    return count


def _bounds(now: datetime) -> dict[str, Any]:
    """What counts as due, and what lies too far ahead to be believed."""
    absurd = {"absurd": stamp(now + ABSURDLY_FAR), "absurd_lease": stamp(now + ABSURDLY_LEASED)}
    return {"now": stamp(now), **absurd}


def _detail(result: Sent | SendFailed) -> str:
    return result.reason if isinstance(result, SendFailed) else result.detail


def _is_partial(result: Sent | SendFailed) -> bool:
    return isinstance(result, Sent) and result.is_partial


def _alert_row(alert: Alert) -> dict[str, Any]:
    words = ("id", "channel", "rule", "kind", "story_id", "entry_id", "severity")
    return {
        **{name: clean(getattr(alert, name)) for name in words},
        "created_at": stamp(alert.created_at),
        "not_before": stamp(alert.not_before),
        "digest": clean(alert.digest),
        "payload": to_json(dict(alert.payload)),
    }


def _alert(row: sqlite3.Row) -> Alert:
    words = ("id", "channel", "rule", "kind", "story_id", "entry_id", "severity", "digest")
    return Alert(
        **{name: row[name] for name in words},
        created_at=instant(row["created_at"]),
        not_before=instant(row["not_before"]),
        payload=json.loads(row["payload"]),
    )
