"""Whose turn it is: a registrable domain gets one request at a time, and time to breathe in between.

``Turns`` orders the feeds of one shard. ``Gate`` and ``Hold`` are where all shards of a process meet: redirects lead
feeds of many domains, polled by different threads, to one host, and all of them share one memory.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from pipeline.fetch.slots import Slots
from pipeline.model import Due
from pipeline.urls import host_of, registrable_domain

_ASK_AGAIN = 0.05  # seconds between two questions whether a domain is free


@dataclass(frozen=True, slots=True)
class Turn:
    """A feed that may be asked now; ``is_last`` = no other feed of its domain waits."""

    due: Due
    domain: str
    is_last: bool
    started: float


class Turns:
    """Hands out the due feeds: one of a domain at a time, ``spacing`` seconds from start to start.

    Hosts limit by registrable domain (Reddit, Tumblr, Blogspot), so that is the unit; an IP address is its own.
    Moments are seconds of any clock that never goes back; the caller owns it.
    """

    def __init__(self, dues: Sequence[Due], spacing: float) -> None:
        self._spacing = spacing
        self._queues: dict[str, deque[Due]] = {}
        for due in dues:
            self._queues.setdefault(_domain(due.url), deque()).append(due)
        # (not before, order of the due list, domain); a domain with a request under way is not in it.
        self._waiting = [(0.0, order, domain) for order, domain in enumerate(self._queues)]
        self._order = len(self._waiting)

    def __bool__(self) -> bool:
        """Whether any domain waits for its turn; domains with a request under way come back by ``finish``."""
        return bool(self._waiting)

    def take(self, now: float) -> Turn | None:
        """The next feed that may be asked; None = none may now."""
        if not self._waiting or self._waiting[0][0] > now:
            return None
        _, _, domain = heapq.heappop(self._waiting)
        queue = self._queues[domain]
        due = queue.popleft()
        return Turn(due, domain, is_last=not queue, started=now)

    def leave_alone(self, turn: Turn, host: str) -> tuple[Due, ...]:
        """Takes out the feeds of this host that wait behind the turn, but those that a person insists on."""
        queue = self._queues[turn.domain]
        left = tuple(due for due in queue if not due.insist and host_of(due.url) == host)
        for due in left:
            queue.remove(due)
        return left

    def finish(self, turn: Turn) -> None:
        """The request of this turn is over: the domain waits for its next."""
        if not self._queues[turn.domain]:
            del self._queues[turn.domain]
            return
        self._order += 1
        heapq.heappush(self._waiting, (turn.started + self._spacing, self._order, turn.domain))

    def wait(self, now: float) -> float | None:
        """Seconds until a feed may be asked; None = that depends on requests under way, or nothing is left."""
        return max(0.0, self._waiting[0][0] - now) if self._waiting else None


class Gate:
    """Lets one request at a time into a registrable domain, ``spacing`` seconds from start to start.

    Moments are of the monotonic clock, which the threads of a process share. It never blocks: the waiting is done by
    who asks, since each thread has an event loop to serve.
    """

    _FORGET_AT = 10_000  # domains; those whose time has passed make room

    def __init__(self) -> None:
        self._lock = Lock()
        self._busy: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._slots: list[Slots] = []  # a daemon opens new ones before it closes those of before

    @contextmanager
    def shared(self, directory: Path, *, create: bool) -> Iterator[None]:
        """Inside, other processes that use this directory are minded too; without the file, each is polite alone."""
        try:
            slots = Slots(directory, create=create)
        except OSError:
            yield
            return
        with self._lock:
            self._slots.append(slots)
        try:
            yield
        finally:
            with self._lock:
                self._slots.remove(slots)
                slots.close()

    def enter(self, domain: str, now: float, spacing: float) -> float:
        """0.0 = come in, and ``leave`` afterwards; else how many seconds to wait before asking again."""
        with self._lock:
            if domain in self._busy:
                return _ASK_AGAIN
            wait = self._not_before.get(domain, now) - now
            if min(wait, spacing) > 0:
                return min(wait, spacing)
            if self._slots and (elsewhere := self._slots[-1].enter(domain, now, spacing)) != 0.0:
                return elsewhere or _ASK_AGAIN
            self._busy.add(domain)
            if len(self._not_before) >= self._FORGET_AT:
                self._not_before = {name: then for name, then in self._not_before.items() if then > now}
            self._not_before[domain] = now + spacing
            return 0.0

    def leave(self, domain: str) -> None:
        """The request is over."""
        with self._lock:
            self._busy.discard(domain)
            if self._slots:
                self._slots[-1].leave(domain)


class Hold:
    """Room for the bodies that are being read or wait to be parsed, for all threads of a process. Never blocks.

    A feed takes its room once and all of it, so that no two can wait for each other.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken = 0

    def take(self, size: int, room: int) -> bool:
        """Whether so many bytes fit into ``room`` now; a body larger than all the room gets it alone."""
        with self._lock:
            if self._taken and self._taken + size > room:
                return False
            self._taken += size
            return True

    def give_back(self, size: int) -> None:
        """The body was parsed or given up."""
        with self._lock:
            self._taken -= size


GATE = Gate()
HOLD = Hold()


def _domain(url: str) -> str:
    try:
        return registrable_domain(url) or url
    except ValueError:
        # Not an address at all: it fails by itself, and must not hold up the others.
        return url
