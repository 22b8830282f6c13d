"""By way of a proxy: its address, and tunnels through it (RFC 9110, 9.3.6)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from pipeline.fetch.failures import PollError
from pipeline.fetch.http1 import Fields, Reply, Stream
from pipeline.model import ErrorKind
from pipeline.urls import STRAIGHT

_PORT = 80  # what http:// means (RFC 9110, 4.2.1)
PROXY_WANTS_LOGIN = 407


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that was configured; ``login`` is a secret."""

    host: str
    port: int
    login: bytes = field(default=b"", repr=False)  # the value of Proxy-Authorization

    @property
    def fields(self) -> Fields:
        """What the proxy itself must be told with each request."""
        return ((b"proxy-authorization", self.login),) if self.login else ()

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def route(of_feed: str, of_all: str) -> Proxy | None:
    """The way that a feed is asked: by its own proxy, else by everybody's; None = straight."""
    address = of_feed or of_all
    return None if address in ("", STRAIGHT) else _proxy(address)


@lru_cache(maxsize=64)
def _proxy(address: str) -> Proxy:
    parts = urlsplit(address)
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    login = b"Basic " + b64encode(pair.encode()) if parts.username is not None else b""
    return Proxy(parts.hostname or "", parts.port or _PORT, login)


async def open_tunnel(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    """Makes of a connection to the proxy one to the host. PollError: CONNECT when the proxy refuses."""
    target = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}").encode("ascii")
    reply = Reply(stream)
    await reply.ask(target, [(b"host", target), *proxy.fields], method=b"CONNECT")
    if not 200 <= reply.status < 300:
        raise refused(proxy, reply.status, f"a tunnel to {host}:{port}")


def refused(proxy: Proxy, status: int, what: str = "") -> PollError:
    """The proxy's own no, which says nothing about the feed's server."""
    if status == PROXY_WANTS_LOGIN:
        return PollError(ErrorKind.CONNECT, f'the proxy {proxy} wants a login: proxy = "http://user:password@..."')
    return PollError(ErrorKind.CONNECT, f"the proxy {proxy} refuses {what}: it answers {status}")
