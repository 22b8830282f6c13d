"""A small web server for those who watch the watch: fixed pages, read only, on a thread of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from threading import Thread

import h11
import structlog
from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import CannotListen

_PATIENCE = 10.0  # seconds for a connection in all: the request, the page, and taking the answer
_LARGEST_HEAD = 16 * 1024  # bytes
_MOST = 32  # connections at a time; a scraper and a load balancer need two
_PATIENCE_AT_END = 2.0  # seconds for the thread to end
_TEXT = "text/plain; charset=utf-8"
_HEADERS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), ("Connection", "close"))

log = structlog.get_logger()


class MetricsOptions(BaseModel):
    """Where ``newsward daemon`` serves ``/metrics`` and ``/healthz``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="port of /metrics and /healthz; none: not served; 0: any free one (see the log)",
    )
    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="address to listen on; 0.0.0.0 = all, as a container needs: there is no login",
    )


@dataclass(frozen=True, slots=True)
class Page:
    """An answer."""

    body: bytes
    status: int = 200
    content_type: str = _TEXT


Pages = Mapping[str, Callable[[], Page]]


class Server:
    """Serves GET and HEAD of the pages until it is closed; no client can hold it up.

    A page is made anew for each request, in a thread, so that one that waits for a disk holds up no other.
    """

    def __init__(self, listening: socket.socket, pages: Pages) -> None:
        self._listening, self._pages = listening, pages
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        self._makers = ThreadPoolExecutor(2, thread_name_prefix="page")
        self._thread = Thread(target=self._run, name="metrics", daemon=True)
        self._connections: dict[asyncio.StreamWriter, None] = {}  # in the order in which they came

    @classmethod
    def start(cls, host: str, port: int, pages: Pages) -> Server:
        """A server at work. Raises CannotListen when the address cannot be had."""
        try:
            listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as error:
            why = (error.strerror or str(error)).partition(" (while")[0]  # Python repeats the address
            what = f"[metrics] cannot listen on {host}, port {port}: {why}"
            raise CannotListen(f"{what} (is another program there? choose another port or host)") from error
        server = cls(listening, pages)
        server._thread.start()
        log.info("metrics_served", address=server.address)
        return server

    @property
    def address(self) -> str:
        """Where it listens, as in a URL."""
        host, port, *_ = self._listening.getsockname()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def close(self) -> None:
        """Frees the address and cuts off whoever is still connected."""
        with suppress(RuntimeError):  # its loop has ended
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(_PATIENCE_AT_END)
        self._listening.close()
        self._makers.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen())

    async def _listen(self) -> None:
        # Whoever is connected when this ends is cancelled by the runner.
        server = await asyncio.start_server(self._connected, sock=self._listening)
        await self._ending.wait()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections[writer] = None
        if len(self._connections) > _MOST:
            # Whoever has been here longest is the slowest: those who only hold a place must not keep others out.
            next(iter(self._connections)).transport.abort()
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._talk(reader, writer)
        except (TimeoutError, OSError):
            pass  # a slow or broken client: nothing is owed to it
        except asyncio.CancelledError:
            pass  # the server ends, and asyncio would log a traceback for each who is connected
        finally:
            del self._connections[writer]
            # Not closed in peace: what a client does not take must not be kept for it.
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and its answer."""
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_LARGEST_HEAD)
        try:
            while (event := connection.next_event()) is h11.NEED_DATA:
                connection.receive_data(await reader.read(4096))
            if not isinstance(event, h11.Request):
                return
            page = await self._answer(event)
        except h11.RemoteProtocolError as error:
            page, event = _failure(HTTPStatus(error.error_status_hint)), None
        head = [("Content-Type", page.content_type), ("Content-Length", str(len(page.body))), *_HEADERS]
        if page.status == HTTPStatus.METHOD_NOT_ALLOWED:
            head.append(("Allow", "GET, HEAD"))
        writer.write(connection.send(h11.Response(status_code=page.status, headers=head)) or b"")
        if event is None or event.method != b"HEAD":
            writer.write(page.body)
        await writer.drain()
        writer.write_eof()
        # What the client still sends is read, else the system would reset the connection and the answer be lost.
        while await reader.read(4096):
            pass

    async def _answer(self, request: h11.Request) -> Page:
        path = request.target.partition(b"?")[0].decode("latin-1")
        make = self._pages.get(path)
        if make is None:
            return _failure(HTTPStatus.NOT_FOUND)
        if request.method not in (b"GET", b"HEAD"):
            return _failure(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            return await self._loop.run_in_executor(self._makers, make)
        except Exception:
            log.exception("page_failed", page=path)
            return _failure(HTTPStatus.INTERNAL_SERVER_ERROR)


def _failure(status: HTTPStatus) -> Page:
    return Page(f"{status.value} {status.phrase}\n".encode(), status.value)
