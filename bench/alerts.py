"""Send many alerts that are due to one webhook, and say how long it takes and what it holds in memory.

    python -m bench.alerts [--alerts 10000] [--answer 0.02] [--waiting 100000] [--sample 300]

The receiver is a process of its own that answers each request after ``--answer`` seconds. The alerts are of as many
stories, in a database in a file, with payloads as rules make them. Beside the wall clock stand the processor time of
the sender and its memory at the start, half way and at the end. ``--sample``: that the time goes with the channel's
``in_flight`` is shown by so many further alerts sent one at a time, in the same run.

``--waiting``: as many alerts of the same channel that wait for tomorrow are put in, and the claims of a pass are timed
with and without them.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from pipeline.alert import AlertOptions, deliver
from pipeline.alert.channels.webhook import Channel
from pipeline.alert.notices import trial
from pipeline.model import Alert, Claim, SendResult
from pipeline.store import Store
from pipeline.store.outbox import insert

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class OneAtATime:
    """The channel as it would be without several sends under way."""

    channel: Channel
    in_flight: int = 1

    def send(self, alert: Alert) -> SendResult:
        """As the channel does."""
        return self.channel.send(alert)

    def close(self) -> None:
        """The channel is closed by who made it."""


def main() -> None:
    """Prints the figures."""
    options = _arguments()
    with tempfile.TemporaryDirectory() as folder, receiver(options.answer) as url:
        channel = Channel(url=url)  # type: ignore[arg-type]  # pydantic makes a secret of it
        with Store.open(Path(folder) / "newsward.db") as store:
            owe(store, options.alerts, NOW)
            print(f"in flight: {channel.in_flight}")
            print(f"memory at the start: {memory():.0f} MB")
            sent(store, channel, options.alerts)
            owe(store, options.sample, NOW + timedelta(seconds=1))
            print(f"{options.sample} one at a time: {timed(store, OneAtATime(channel), options.sample)[0]:.2f} s")
            claims(store, options.waiting)
        channel.close()


def sent(store: Store, channel: Channel, count: int) -> None:
    """Sends them in one pass, and tells what it took."""
    wall, cpu, half_way = timed(store, channel, count)
    print(f"{count} alerts: {wall:.1f} s, {count / wall:.0f} a second, {1000 * cpu / count:.2f} ms CPU each")
    print(f"memory half way: {half_way:.0f} MB, at the end: {memory():.0f} MB")


def timed(store: Store, channel: Channel | OneAtATime, count: int) -> tuple[float, float, float]:
    """Seconds by the wall clock and of the processor, and the memory half way."""
    done, half_way = 0, memory()

    def watch(attempts: int) -> None:
        nonlocal done, half_way
        done += attempts
        if done - attempts < count / 2 <= done:
            half_way = memory()

    began, worked = time.perf_counter(), time.process_time()
    now = NOW + timedelta(hours=1)
    outcome = deliver(store, {"desk": channel}, now=now, options=AlertOptions(), watch=watch)
    assert outcome.sent == count, outcome
    return time.perf_counter() - began, time.process_time() - worked, half_way


def claims(store: Store, waiting: int) -> None:
    """What a claim takes, and the question whether anything is due, with and without alerts that wait for later."""
    for count in (0, waiting):
        if count:
            owe(store, count, NOW + timedelta(days=1))
        owe(store, 2000, NOW + timedelta(minutes=1), prefix=f"due{count}")
        now = NOW + timedelta(hours=2)
        took, asked = [], []
        for _ in range(20):
            began = time.perf_counter()
            store.owed_channels(now)
            asked.append(time.perf_counter() - began)
            began = time.perf_counter()
            claim = Claim("desk", now, now, now + timedelta(minutes=5), 100)
            owed = store.claim(claim, fix=lambda alert, told: alert.payload, fold=lambda members: members[0])
            took.append(time.perf_counter() - began)
            assert len(owed) == claim.limit
            store.release(owed)
        print(
            f"{count} waiting: a claim of 100 takes {1000 * median(took):.1f} ms, "
            f"asking whether any is due {1000 * median(asked):.2f} ms"
        )


def owe(store: Store, count: int, at: datetime, prefix: str = "") -> None:
    """So many alerts of as many stories."""
    one = trial("desk", NOW)
    made = (
        replace(one, id=f"{prefix}{at:%d%H%M%S}-{number}", story_id=f"{prefix}{at:%d%H%M%S}-{number}", not_before=at)
        for number in range(count)
    )
    with store._writing() as connection:
        insert(connection, tuple(made))


def memory() -> float:
    """Resident now, in MB; the greatest ever where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return pages * resource.getpagesize() / 1e6


# --------------------------------------------------------------------------- the receiver


@contextmanager
def receiver(answer: float) -> Iterator[str]:
    """A process that takes every alert after so many seconds; its address."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_receive, args=(there, answer), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{here.recv()}/"
    process.terminate()
    process.join()


def _receive(told: Connection, answer: float) -> None:
    async def serve() -> None:
        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while head := await _head(reader):
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                await reader.readexactly(int(length.partition(b":")[2]))
                await asyncio.sleep(answer)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--answer", type=float, default=0.02, help="seconds")
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=300)
    return parser.parse_args()


if __name__ == "__main__":
    main()
