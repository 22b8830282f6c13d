"""Values, an outbox in memory, a scripted channel, a real receiver and a schema check for the tests of alerts."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from pipeline.alert import AlertOptions, Candidate, Group, Person, Routing, Rule, owed
from pipeline.alert.channels.webhook import Channel as Webhook
from pipeline.model import (
    Alert,
    Batch,
    DateKind,
    Delivery,
    Entry,
    EntryField,
    Feed,
    FeedState,
    FetchRecord,
    Hit,
    Mention,
    Method,
    OwedAlert,
    Placement,
    Relation,
    SendResult,
    Sent,
    StorySoFar,
    Told,
    Untold,
)
from pipeline.store import BUSY_TIMEOUT, Store
from pipeline.store.outbox import insert

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_ABSURD = timedelta(days=31)
_NOTHING = Untold()
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
    tier: int = 3,
    outlet: str = "",
    untold: Untold = _NOTHING,
    news: Sequence[str] = (),
    **changes: Any,
) -> Candidate:
    """An entry placed in a story; ``news`` are the kinds of what it adds: figures, companies, reversal, words."""
    found = tuple(hit(id, company) for company in companies) if hits is None else hits
    placement = Placement(id, id, story, relation, "test", features=tuple((f"new:{kind}", 1.0) for kind in news))
    return Candidate(entry(id, **changes), found, placement, tier, outlet or f"outlet of {id}", untold)


@dataclass(frozen=True)
class Recalled:
    """``StoryMemory`` with the given stories in it."""

    channels: Mapping[str, Mapping[str, Told]] = field(default_factory=dict)  # by story
    stories: Mapping[str, StorySoFar] = field(default_factory=dict)
    heard: Collection[str] = ()  # the companies of which something was told within a day

    def told(self, story_ids: Collection[str]) -> Mapping[str, Mapping[str, Told]]:
        return {story: self.channels[story] for story in story_ids if story in self.channels}

    def so_far(self, story_ids: Collection[str]) -> Mapping[str, StorySoFar]:
        return {story: self.stories[story] for story in story_ids if story in self.stories}

    def heard_of(self, companies: Collection[str], since: datetime, besides: Collection[str]) -> Collection[str]:
        return set(companies).intersection(self.heard)


def route(
    candidates: Sequence[Candidate],
    rules: Sequence[Rule],
    memory: Recalled = Recalled(),
    *,
    first_poll: bool = False,
    names: Mapping[str, str] | None = None,
    tags: Mapping[str, Collection[str]] | None = None,
    groups: Sequence[Group] = (),
    people: Sequence[Person] = (),
    **options: Any,
) -> tuple[Alert, ...]:
    """What these rules owe; further options are those of ``[alert]``."""
    routing = Routing.of(rules, names=names or {}, tags=tags or {}, groups=groups, people=people)
    return owed(candidates, routing, memory, now=NOW, options=AlertOptions(**options), first_poll=first_poll)


def alert(id: str = "a1", channel: str = "desk", *, story: str = "", **changes: Any) -> Alert:
    values = {"rule": "all", "kind": "story", "entry_id": "e1", "created_at": NOW, "not_before": NOW}
    return Alert(id=id, channel=channel, story_id=story or f"story-{id}", **{**values, **changes})


def still(moment: datetime) -> Callable[[], datetime]:
    """A clock that stands."""
    return lambda: moment


# --------------------------------------------------------------------------- an outbox


class Outbox(Store):
    """The outbox of the store, in memory unless told where; keeps what it is told for the asserts."""

    @classmethod
    def of(cls, *alerts: Alert, path: Path | str = ":memory:", busy_timeout: timedelta = BUSY_TIMEOUT) -> Outbox:
        opened = Store.open(path, busy_timeout=busy_timeout)
        outbox = cls(opened.database, opened.path)
        outbox.deliveries, outbox.released = [], []
        outbox.owe(*alerts)
        return outbox

    deliveries: list[Delivery]
    released: list[tuple[str, ...]]

    def owe(self, *alerts: Alert) -> None:
        with self._writing() as connection:
            insert(connection, alerts)

    def record(self, deliveries: Sequence[Delivery], **rest: Any) -> None:
        super().record(deliveries, **rest)
        self.deliveries.extend(deliveries)

    def release(self, owed: Sequence[OwedAlert]) -> None:
        super().release(owed)
        self.released.append(tuple(one.alert.id for one in owed))

    def tell(self, story: str, *entries: Entry) -> None:
        """Puts entries into a story, the first of them opening it."""
        for one in entries:
            fed = replace(one, keys=(f"key-{one.id}",))
            relation = Relation.NEW if one.id == story else Relation.SAME_STORY
            place = Placement(one.id, one.id, story, relation, "test")
            record = FetchRecord(one.feed_url, NOW, "fetched")
            feed = Feed(one.feed_url)
            self.add_feeds([feed], NOW)
            batch = Batch(feed, FeedState(feed.url), record, new=(fed,), placements=(place,))
            self.commit(batch, run_id=None, now=NOW)

    def column(self, name: str, kind: str = "story") -> dict[str, Any]:
        """By alert."""
        rows = self.database.query(f"SELECT id, {name} AS value FROM alerts WHERE kind = ? ORDER BY seq", (kind,))
        return {row["id"]: row["value"] for row in rows}

    def states(self) -> dict[str, str]:
        return self.column("state")

    def alerts(self, kind: str) -> list[dict[str, Any]]:
        """The payloads of all alerts of a kind."""
        rows = self.database.query("SELECT payload FROM alerts WHERE kind = ? ORDER BY seq", (kind,))
        return [json.loads(row["payload"]) for row in rows]


# --------------------------------------------------------------------------- a channel


@dataclass
class ScriptedChannel:
    """Answers by the script, then ``Sent``; a callable in the script is called with the alert."""

    script: list[SendResult | Callable[[Alert], SendResult]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    in_flight: int = 1

    def send(self, alert: Alert) -> SendResult:
        self.seen.append(alert.id)
        answer = self.script.pop(0) if self.script else Sent()
        return answer(alert) if callable(answer) else answer

    def close(self) -> None:
        """Nothing is open."""


class OneAtATime(Webhook):
    """A webhook whose requests can be told in their order."""

    in_flight: ClassVar[int] = 1


# --------------------------------------------------------------------------- a receiver


@dataclass(frozen=True)
class Reply:
    """What the receiver answers; ``status`` 0 = reads the request and cuts the connection."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    announced: int | None = None  # Content-Length, when it is a lie
    after: float = 0  # seconds


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
    replies: list[tuple[Request, Reply]] = field(default_factory=list)
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
            announced = int(self.headers["Content-Length"])
            body = self.rfile.read(announced)
            if len(body) < announced:  # the sender was killed
                self.close_connection = True
                return
            request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            received.requests.append(request)
            reply = received.script.pop(0) if received.script else received.answer(request)
            received.replies.append((request, reply))
            time.sleep(reply.after)
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
