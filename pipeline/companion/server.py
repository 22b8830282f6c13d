"""What the second process does."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from threading import Lock, Thread
from typing import IO, Any

import structlog

from pipeline.companion.answers import READY, Logged, packed, send
from pipeline.engine import Shard
from pipeline.fetch import GATE, FetchOptions
from pipeline.model import Polled
from pipeline.poll import poll_feeds

_GLANCE = 0.01  # seconds
_LATE = 0.005  # seconds, by which a busy loop misses them


def serve() -> None:
    """What it does: polls the shards that it is given until its input ends."""
    requests, answers = os.fdopen(0, "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    gc.freeze()  # as the command line does
    gc.set_threshold(20_000, 20, 20)
    asyncio.run(_Server(requests, answers).serve())


class _Server:
    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests, self._answers, self._sending = requests, answers, Lock()
        self._logged: list[Logged] = []
        structlog.configure(
            processors=[structlog.stdlib.add_log_level, structlog.processors.format_exc_info, self._note]
        )
        self._under_way: set[asyncio.Task[None]] = set()

    def _note(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        """Keeps what is logged for the process that knows where it belongs."""
        self._logged.append((event.pop("level"), event.pop("event"), dict(event)))
        raise structlog.DropEvent

    async def serve(self) -> None:
        fetch, directory = pickle.load(self._requests)  # noqa: S301 - from our own program
        asked: asyncio.Queue[tuple[int, Shard]] = asyncio.Queue()
        with GATE.shared(directory, create=True):
            self._answer(READY, ())
            Thread(target=self._receive, args=(asked, asyncio.get_running_loop()), daemon=True).start()
            while True:
                number, dues = await asked.get()
                task = asyncio.create_task(self._poll(number, dues, fetch))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
                await self._find_time()

    def _receive(self, asked: asyncio.Queue[tuple[int, Shard]], loop: asyncio.AbstractEventLoop) -> None:
        with suppress(EOFError, OSError):
            while True:
                request = pickle.load(self._requests)  # noqa: S301 - from our own program
                loop.call_soon_threadsafe(asked.put_nowait, request)
        os._exit(0)  # whoever asked is gone

    async def _poll(self, number: int, dues: Shard, fetch: FetchOptions) -> None:
        sending: list[asyncio.Task[None]] = []
        try:
            await poll_feeds(
                dues, lambda polled: sending.append(asyncio.create_task(self._send(number, polled, dues))), fetch
            )
            await asyncio.gather(*sending)
        except Exception:  # noqa: BLE001 - whoever asked polls the shard then, comes upon it too, and tells of it
            os._exit(1)

    async def _send(self, number: int, polled: Sequence[Polled], dues: Shard) -> None:
        logged, self._logged = self._logged, []
        # In a thread: an answer is larger than the pipe.
        await asyncio.to_thread(self._answer, number, packed(polled, dues, logged))

    def _answer(self, number: int, parts: Sequence[bytes]) -> None:
        try:
            with self._sending:
                send(self._answers, number, parts)
        except OSError:
            os._exit(0)

    async def _find_time(self) -> None:
        """Returns when there is time for a further shard: servers are waited for, or one is done. One after the other
        they are done sooner, and who writes has something to write.
        """
        now = asyncio.get_running_loop().time
        while self._under_way:
            began = now()
            done, _ = await asyncio.wait(self._under_way, timeout=_GLANCE, return_when=asyncio.FIRST_COMPLETED)
            if done or now() - began < _GLANCE + _LATE:
                return
