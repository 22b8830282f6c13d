"""Whose turn it is: a registrable domain gets one request at a time, and time to breathe in between."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.model import Due
from pipeline.urls import host_of, registrable_domain


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


def _domain(url: str) -> str:
    try:
        return registrable_domain(url) or url
    except ValueError:
        # Not an address at all: it fails by itself, and must not hold up the others.
        return url
