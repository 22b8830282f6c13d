"""The side of the process that asks: shards out, what came of them in. If it is lost, its shards are polled here."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import Enum, auto
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Condition, Thread

import structlog

from pipeline.companion.answers import READY, receive, unpacked
from pipeline.companion.process import Fork, Process, program, threads
from pipeline.engine import Give, PollShard, Shard
from pipeline.fetch import FetchOptions
from pipeline.model import Due, Polled
from pipeline.poll import poll_shard

log = structlog.get_logger()

# Feeds of which nothing is known, from which on it is worth it: a program takes as long to start as 100 to be polled.
WORTH_A_FORK, WORTH_A_PROGRAM = 100, 400
_ENOUGH = 3  # shards that it has to do


@contextmanager
def polling(dues: Sequence[Due], fetch: FetchOptions, directory: Path, *, processes: int) -> Iterator[PollShard]:
    """How the shards of these feeds are polled: here, or by a second process too where that is sooner done.

    ``directory`` is where the processes that poll mind each other. At the end nothing is waited for.
    """
    companion = _started(dues, fetch, directory) if processes > 1 else None
    if companion is None:
        yield partial(poll_shard, options=fetch)
        return
    try:
        yield companion.poll
    finally:
        companion.end()


def how_to_start(dues: Sequence[Due], *, cores: int, threads: int) -> Callable[[], Process] | None:
    """How a process is started where it is worth it for these feeds; None = it is not.

    ``threads``: how many this process has, 0 = the system does not tell.
    """
    unknown = sum(due.state.last_full_at is None for due in dues)
    if cores < 2 or unknown < WORTH_A_FORK:
        return None
    if threads == 1:
        return Fork
    return program if unknown >= WORTH_A_PROGRAM and sys.executable else None


def _started(dues: Sequence[Due], fetch: FetchOptions, directory: Path) -> Companion | None:
    start = how_to_start(dues, cores=_cores(), threads=threads())
    if start is None:
        return None
    try:
        process = start()
    except OSError as error:
        log.warning("companion_not_started", reason=str(error))
        return None
    log.debug("companion_started", process=process.pid, kind="fork" if start is Fork else "program")
    room = max(fetch.max_in_flight // 2, 1)  # for bodies, in each of the two
    return Companion(process, fetch.model_copy(update={"max_in_flight": room}), directory)


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _State(Enum):
    STARTING = auto()
    READY = auto()
    LOST = auto()
    ENDED = auto()


class Companion:
    """The other process; ``poll`` may be called by many threads."""

    def __init__(self, process: Process, fetch: FetchOptions, directory: Path) -> None:
        self._fetch = fetch
        self._changed = Condition()
        self._state = _State.STARTING
        self._is_here = False  # whether a shard is polled here
        self._count, self._next = 0, 1  # shards
        self._asked: dict[int, SimpleQueue[Sequence[bytes] | None]] = {}  # answers to each; None = it is lost
        self.process = process
        assert process.stdin
        assert process.stdout
        self._requests, self._answers = process.stdin, process.stdout
        self._listener = Thread(target=self._listen, name="companion", daemon=True)
        self._listener.start()
        with suppress(OSError):  # then it is lost, as ``_listen`` will find
            self._request(pickle.dumps((fetch, directory)))

    def poll(self, dues: Shard, give: Give) -> None:
        """``poll_shard``: there; here, one shard at a time, while it starts or has enough to do; here too what has not
        come when it is lost. Nothing after the end, for which nobody waits."""
        with self._changed:
            self._count += 1
            number = self._count
            self._changed.wait_for(lambda: self._is_next(number))
            self._next += 1
            self._changed.notify_all()
            if self._state is _State.ENDED:
                return
            has_enough = self._state is _State.STARTING or len(self._asked) >= _ENOUGH
            is_here = has_enough and not self._is_here
            self._is_here = self._is_here or is_here
        if is_here:
            self._poll_here(dues, give)
            return
        left = self._ask(number, dues, give)
        if left and self._state is _State.LOST:
            poll_shard(left, give, self._fetch)

    def end(self) -> None:
        """Ends it at once, whatever it does."""
        self._become(_State.ENDED)
        self.process.kill()
        self.process.wait()
        self._listener.join()
        with suppress(OSError):
            self._requests.close()

    def _poll_here(self, dues: Shard, give: Give) -> None:
        try:
            poll_shard(dues, give, self._fetch)
        finally:
            with self._changed:
                self._is_here = False
                self._changed.notify_all()

    def _is_next(self, number: int) -> bool:
        """Those that were to be polled first are needed first."""
        return number == self._next and (self._state is not _State.STARTING or not self._is_here)

    def _ask(self, number: int, dues: Shard, give: Give) -> Shard:
        """Gives its answers; the feeds of which none came when it is lost."""
        answers: SimpleQueue[Sequence[bytes] | None] = SimpleQueue()
        request = pickle.dumps((number, dues))  # whole, before anything of it is in the pipe
        with self._changed:
            if self._state is not _State.READY:
                return dues
            self._asked[number] = answers
            with suppress(OSError):  # as above
                self._request(request)
        left = {due.feed.url: due for due in dues}
        while left and (answer := answers.get()) is not None:
            polled = _told(answer, dues)
            for one in polled:
                del left[one.due.feed.url]
            give(polled)
        with self._changed:
            self._asked.pop(number, None)
        return tuple(left.values())

    def _request(self, message: bytes) -> None:
        self._requests.write(message)
        self._requests.flush()

    def _listen(self) -> None:
        try:
            with suppress(OSError, EOFError), self._answers:
                self._hear()
        except (KeyError, ValueError, OverflowError, MemoryError):  # not what we asked: nobody shall wait for more
            self.process.kill()
        finally:
            self._lose()

    def _hear(self) -> None:
        while True:
            number, parts = receive(self._answers)
            if number == READY:
                self._become(_State.READY)
            else:
                self._asked[number].put(parts)

    def _lose(self) -> None:
        code = self.process.wait()
        self._become(_State.LOST)
        with self._changed:
            waiting, self._asked = self._asked, {}
        if self._state is _State.LOST:
            log.warning("companion_lost", exit_code=code, shards=len(waiting))
        for answers in waiting.values():
            answers.put(None)

    def _become(self, state: _State) -> None:
        with self._changed:
            if self._state is not _State.ENDED:
                self._state = state
            self._changed.notify_all()


def _told(answer: Sequence[bytes], dues: Sequence[Due]) -> Sequence[Polled]:
    polled, logged = unpacked(answer, dues)
    for level, event, about in logged:
        getattr(log, level)(event, **about)
    return polled
