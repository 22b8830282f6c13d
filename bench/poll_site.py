"""The web that ``bench.poll`` polls: thousands of feeds, each on a loopback address of its own, in one process.

    python -m bench.poll_site FEEDS ENTRIES [COMPANIES]

With companies, one entry in ten names one of so many in its title.
Prints its port, then obeys one JSON object a line: ``{"latency": [0.1, 0.5]}`` seconds before each answer begins,
``{"changed": 0.1}`` one more entry in that share of the feeds. Each is answered by ``ok``.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from hashlib import sha256

from bench.poll_feeds import START, Writer


def address(number: int) -> str:
    """The host of a feed: each address is a registrable domain of its own."""
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


def url(number: int, port: int) -> str:
    """Where a feed is."""
    return f"http://{address(number)}:{port}/feed.xml"


@dataclass
class _Feed:
    """One feed as it is served now."""

    number: int
    count: int
    companies: int = 0
    body: bytes = b""
    etag: bytes = b""
    date: bytes = b""
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self.writer = Writer(self.number, self.companies)
        self.newest = self.count - 1
        self.entries = [self.writer.entry(index) for index in range(self.newest, -1, -1)]
        self._print()

    def grow(self) -> None:
        """One more entry, at the top, and the oldest is gone."""
        self.newest += 1
        self.entries = [self.writer.entry(self.newest), *self.entries[:-1]]
        self._print()

    def _print(self) -> None:
        self.body = gzip.compress(self.writer.document(self.entries), 6, mtime=0)
        self.etag = b'"%s"' % sha256(self.body).hexdigest()[:16].encode()
        self.date = format_datetime(START + timedelta(hours=self.newest), usegmt=True).encode()


@dataclass
class Site:
    """All feeds, and how they are served."""

    feeds: dict[bytes, _Feed]
    latency: tuple[float, float] = (0.0, 0.0)
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def answer(self, head: bytes) -> bytes:
        """200 with validators and gzip, or 304 to whoever names the tag."""
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        feed = self.feeds.get(fields.get(b"host", b"").split(b":")[0])
        if feed is None:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        close = b"Connection: close\r\n" if fields.get(b"connection") == b"close" else b""
        both = b"ETag: %s\r\nLast-Modified: %s\r\n%s" % (feed.etag, feed.date, close)
        if fields.get(b"if-none-match") == feed.etag:
            return b"HTTP/1.1 304 Not Modified\r\n%s\r\n" % both
        kind = b"Content-Type: application/rss+xml\r\nContent-Encoding: gzip\r\n"
        return b"HTTP/1.1 200 OK\r\n%s%sContent-Length: %d\r\n\r\n%s" % (kind, both, len(feed.body), feed.body)

    def obey(self, order: dict[str, object]) -> None:
        """What the other process asks for."""
        match order:
            case {"latency": [float(low), float(high)]}:
                self.latency = (low, high)
            case {"changed": float(share)}:
                for feed in list(self.feeds.values())[: round(len(self.feeds) * share)]:
                    feed.grow()


class _Connection(asyncio.Protocol):
    def __init__(self, site: Site) -> None:
        self._site, self._got = site, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        while b"\r\n\r\n" in self._got:
            head, self._got = self._got.split(b"\r\n\r\n", 1)
            wait = self._site.chance.uniform(*self._site.latency)
            if wait:
                asyncio.get_running_loop().call_later(wait, self._send, head)
            else:
                self._send(head)

    def _send(self, head: bytes) -> None:
        self._transport.write(self._site.answer(head))
        if b"connection: close" in head.lower():
            self._transport.close()


async def serve(count: int, entries: int, companies: int = 0) -> None:
    """Serves until standard input ends."""
    site = Site({address(number).encode(): _Feed(number, entries, companies) for number in range(count)})
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(site), "0.0.0.0", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        site.obey(json.loads(line))
        print("ok", flush=True)


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:])))
