"""Values, an outbox in memory, a scripted channel, a real receiver and a schema check for the tests of alerts."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pipeline.alert import Candidate
from pipeline.model import (
    Alert,
    DateKind,
    Delivery,
    Entry,
    EntryField,
    Hit,
    Mention,
    Method,
    OwedAlert,
    Placement,
    Relation,
    SendResult,
    Sent,
    Telling,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_ABSURD = timedelta(days=31)
SCHEMA = json.loads(Path("docs/webhook.schema.json").read_text(encoding="utf-8"))


# --------------------------------------------------------------------------- values


def entry(id: str = "e1", **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "feed_url": "https://news.example/feed",
        "title": "Xiamio opens a plant in Gdynia",
        "text": "The plant will build speakers.",
        "url": f"https://news.example/{id}",
        "publisher": "Example News",
        "language": "en",
        "published_at": NOW - timedelta(hours=1),
        "date_kind": DateKind.GIVEN,
    }
    return Entry(id=id, **{**values, **changes})


def hit(
    entry_id: str = "e1", company: str = "xiaomi", *, score: float = 91, salience: float = 80, **changes: Any
) -> Hit:
    mention = Mention(company, EntryField.TITLE, 0, 6, "Xiamio", "Xiaomi", Method.FUZZY, score)
    return Hit(entry_id, company, score, salience, **{"mentions": (mention,), **changes})


def candidate(
    id: str = "e1",
    *,
    story: str = "s1",
    companies: Sequence[str] = ("xiaomi",),
    relation: Relation = Relation.NEW,
    hits: tuple[Hit, ...] | None = None,
    **changes: Any,
) -> Candidate:
    found = tuple(hit(id, company) for company in companies) if hits is None else hits
    return Candidate(entry(id, **changes), found, Placement(id, id, story, relation, "test"))


def alert(id: str = "a1", channel: str = "desk", *, story: str = "", **changes: Any) -> Alert:
    values = {"rule": "all", "kind": "story", "entry_id": "e1", "created_at": NOW, "not_before": NOW}
    return Alert(id=id, channel=channel, story_id=story or f"story-{id}", **{**values, **changes})


def still(moment: datetime) -> Callable[[], datetime]:
    """A clock that stands."""
    return lambda: moment


# --------------------------------------------------------------------------- an outbox in memory


@dataclass
class _Row:
    alert: Alert
    attempts: int = 0
    next_attempt_at: datetime | None = None
    leased_until: datetime | None = None
    state: str = "owed"
    is_fixed: bool = False


@dataclass
class MemoryOutbox:
    """``Outbox`` as the store promises it, with a list for a table; keeps every delivery for the asserts."""

    rows: dict[str, _Row] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    released: list[tuple[tuple[str, ...], datetime]] = field(default_factory=list)
    tellings: dict[str, tuple[Telling, ...]] = field(default_factory=dict)  # by story

    @classmethod
    def of(cls, *alerts: Alert) -> MemoryOutbox:
        outbox = cls()
        for one in alerts:
            outbox.rows.setdefault(one.id, _Row(one))
        return outbox

    def claim(self, now: datetime, *, lease: timedelta, limit: int) -> Sequence[OwedAlert]:
        ordered = sorted(self.rows.values(), key=lambda row: row.alert.created_at)
        due: list[_Row] = []
        earlier: set[tuple[str, str]] = set()
        for row in (row for row in ordered if row.state == "owed"):
            pair = (row.alert.channel, row.alert.story_id)
            if pair not in earlier and self._is_due(row, now):
                due.append(row)
            earlier.add(pair)
        for row in due[:limit]:
            row.leased_until = now + lease
        return [self._owed(row) for row in due[:limit]]

    def _owed(self, row: _Row) -> OwedAlert:
        told = () if row.is_fixed else self.tellings.get(row.alert.story_id, ())
        return OwedAlert(row.alert, row.attempts, row.is_fixed, told)

    @staticmethod
    def _is_due(row: _Row, now: datetime) -> bool:
        moments = (row.alert.not_before, row.next_attempt_at, row.leased_until)
        return all(moment is None or not now < moment < now + _ABSURD for moment in moments)

    def fix(self, alert_id: str, payload: Mapping[str, Any]) -> None:
        row = self.rows[alert_id]
        assert not row.is_fixed
        row.alert, row.is_fixed = replace(row.alert, payload=payload), True

    def record(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        row = self.rows[delivery.alert_id]
        row.attempts, row.leased_until = delivery.attempt, None
        row.next_attempt_at = delivery.next_attempt_at
        row.state = "sent" if isinstance(delivery.result, Sent) else "dead" if delivery.dead else "owed"

    def release(self, alert_ids: Sequence[str], *, until: datetime) -> None:
        self.released.append((tuple(alert_ids), until))
        for alert_id in alert_ids:
            row = self.rows[alert_id]
            row.leased_until, row.next_attempt_at = None, until

    def states(self) -> dict[str, str]:
        return {alert_id: row.state for alert_id, row in self.rows.items()}


# --------------------------------------------------------------------------- a channel


@dataclass
class ScriptedChannel:
    """Answers by the script, then ``Sent``; a callable in the script is called with the alert."""

    script: list[SendResult | Callable[[Alert], SendResult]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def send(self, alert: Alert) -> SendResult:
        self.seen.append(alert.id)
        answer = self.script.pop(0) if self.script else Sent()
        return answer(alert) if callable(answer) else answer

    def close(self) -> None:
        """Nothing is open."""


# --------------------------------------------------------------------------- a receiver


@dataclass(frozen=True)
class Reply:
    """What the receiver answers; ``status`` 0 = reads the request and cuts the connection."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    announced: int | None = None  # Content-Length, when it is a lie


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """What a loopback webhook was sent, and how it answers: by ``script`` first, then by ``answer``."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    script: list[Reply] = field(default_factory=list)
    answer: Callable[[Request], Reply] = lambda request: Reply()
    connections: int = 0


@contextmanager
def receiver(*script: Reply) -> Iterator[Receiver]:
    received = Receiver(script=list(script))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            received.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            received.requests.append(request)
            reply = received.script.pop(0) if received.script else received.answer(request)
            if not reply.status:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send_response(reply.status)
            length = len(reply.body) if reply.announced is None else reply.announced
            for name, value in {"Content-Length": str(length), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = length != len(reply.body)

        def log_message(self, *args: Any) -> None:
            """The asserts tell."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    received.url = f"http://127.0.0.1:{server.server_address[1]}/in"
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --------------------------------------------------------------------------- the schema


def violations(value: Any, schema: Mapping[str, Any] = SCHEMA, at: str = "$") -> list[str]:
    """What in the value contradicts the schema: the part of JSON Schema that our schema uses.

    Stricter in one thing: a key that the schema does not describe is a violation.
    """
    if "$ref" in schema:
        target = SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        return violations(value, {**target, **{key: rest for key, rest in schema.items() if key != "$ref"}}, at)
    if "anyOf" in schema:
        return min((violations(value, one, at) for one in schema["anyOf"]), key=len)
    unknown = set(schema) - _KEYWORDS
    assert not unknown, f"the check does not know {unknown}"
    if "type" in schema and (isinstance(value, bool) or not isinstance(value, _TYPES[schema["type"]])):
        return [f"{at}: is no {schema['type']}"]
    rules = [(word, holds) for word, holds in _RULES.items() if word in schema]
    found = [f"{at}: {word} {schema[word]!r}" for word, holds in rules if not holds(value, schema[word])]
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [f"{at}.{key}: not described" for key in value if key not in properties]
        for key in value.keys() & properties.keys():
            found += violations(value[key], properties[key], f"{at}.{key}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += violations(item, schema["items"], f"{at}[{index}]")
    return found


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "null": (type(None),),
}
_RULES: dict[str, Callable[[Any, Any], bool]] = {
    "const": lambda value, const: value == const,
    "enum": lambda value, options: value in options,
    "required": lambda value, keys: set(keys) <= set(value),
    "maxLength": lambda value, limit: len(value) <= limit,
    "pattern": lambda value, pattern: re.search(pattern, value) is not None,
    "minimum": lambda value, least: value >= least,
    "maximum": lambda value, most: value <= most,
    "minItems": lambda value, least: len(value) >= least,
    "maxItems": lambda value, most: len(value) <= most,
}
_KEYWORDS = {*_RULES, "type", "properties", "items", "description", "title", "$schema", "$id", "$defs"}
