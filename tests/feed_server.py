"""A loopback web server that does what its script says, well or badly: the other side of every fetching test.

with FeedServer() as server:
    url = server.serve("/feed.xml", Reply(b"<rss/>", etag='"v1"'))      # answers 304 by itself
    url = server.serve("/moved", redirect(url, 301))
    url = server.serve("/twice", [Reply(b"first"), Reply(b"then this")])  # the last one stays
    url = server.serve("/any", lambda request: Reply(request.headers["user-agent"].encode()))
    ...
    server.requests("/feed.xml")[0].headers["accept"]
"""

from __future__ import annotations

import gzip
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, cast

RSS = "application/rss+xml; charset=utf-8"


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; header names in lower case, the values of a repeated one joined by commas."""

    path: str
    headers: Mapping[str, str]
    connection: int  # which connection it came on, counted from 1


@dataclass(frozen=True)
class Reply:
    """One answer. A body given as pieces is made anew for each request and stops when the client leaves."""

    body: bytes | Callable[[], Iterable[bytes]] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = RSS
    etag: str = ""
    last_modified: str = ""
    gzip: bool = False
    is_chunked: bool = False
    announced: int | None = None  # a Content-Length of its own, true or not
    early_hints: bool = False  # a 103 before the answer


@dataclass(frozen=True)
class Raw:
    """Bytes as they are, status line and all; then the connection is closed."""

    pieces: Callable[[], Iterable[bytes]]


Answer = Reply | Raw
Script = Answer | Sequence[Answer] | Callable[[Seen], Answer]


def redirect(location: str, status: int = 302, **headers: str) -> Reply:
    """An answer that sends the client elsewhere."""
    return Reply(status=status, headers={"Location": location, **headers})


def raw(*pieces: bytes) -> Raw:
    """An answer given as bytes."""
    return Raw(lambda: pieces)


class FeedServer:
    """Serves scripts on a loopback address until the ``with`` block ends.

    Each 127.x.y.z is a host of its own to the product; ``host="0.0.0.0"`` answers on all of them, and ``url``
    then says which one is meant. ``tls`` makes it an HTTPS server.
    """

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.host, self._tls = host, tls
        self._scripts: dict[str, Script] = {}
        self._log: list[Seen] = []
        self._lock = threading.Lock()
        self._connections = 0
        self._server = _Server((host, 0), self)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> FeedServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, path: str, script: Script, *, host: str = "") -> str:
        """Answer requests for ``path`` by the script, replacing an earlier one; the URL to ask for."""
        with self._lock:
            self._scripts[path] = script
        return self.url(path, host=host)

    def url(self, path: str, *, host: str = "") -> str:
        """The URL of a path, scripted or not (404)."""
        shown = host or ("127.0.0.1" if self.host == "0.0.0.0" else self.host)
        return f"{'https' if self._tls else 'http'}://{shown}:{self.port}{path}"

    def requests(self, path: str = "") -> list[Seen]:
        """The requests so far, oldest first; for one path if given."""
        with self._lock:
            return [seen for seen in self._log if not path or seen.path == path]

    def _connected(self) -> int:
        with self._lock:
            self._connections += 1
            return self._connections

    def _answer(self, seen: Seen) -> Answer:
        with self._lock:
            self._log.append(seen)
            script = self._scripts.get(seen.path)
            if isinstance(script, Sequence):
                answer = script[0]
                if len(script) > 1:
                    self._scripts[seen.path] = script[1:]
                return answer
        if callable(script):
            return script(seen)
        return script or Reply(b"no such path", 404, content_type="text/plain")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False  # a test must not wait for a body that never ends
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], site: FeedServer) -> None:
        self.site = site
        super().__init__(address, _Connection)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.settimeout(10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.site._tls:
            connection = self.site._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up on misbehaviour: that is the point. What a script raises shows as a broken answer."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        site = cast("_Server", self.server).site
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        self._site, self._number = site, site._connected()
        super().setup()

    def log_message(self, format: str, *args: object) -> None:
        """Tests read ``requests`` instead."""

    def do_GET(self) -> None:
        seen = Seen(self.path, _joined(self.headers.items()), self._number)
        answer = self._site._answer(seen)
        if isinstance(answer, Raw):
            self._send(answer.pieces())
            self.close_connection = True
            return
        self._reply(_revalidated(answer, seen))

    def _reply(self, reply: Reply) -> None:
        if reply.early_hints:
            self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
        has_body = reply.status not in (204, 304)
        self.send_response_only(reply.status, _phrase(reply.status))
        for name, value in self._fields(reply, has_body):
            self.send_header(name, value)
        self.end_headers()
        if has_body:
            self._send(_chunks(_pieces(reply)) if reply.is_chunked else _pieces(reply))
        if reply.announced is not None or (callable(reply.body) and not reply.is_chunked):
            self.close_connection = True

    def _fields(self, reply: Reply, has_body: bool) -> Iterator[tuple[str, str]]:
        given = {name.lower() for name in reply.headers}
        if "date" not in given:
            yield "Date", self.date_time_string()
        if has_body and "content-type" not in given and reply.content_type:
            yield "Content-Type", reply.content_type
        if has_body and reply.is_chunked:
            yield "Transfer-Encoding", "chunked"
        elif has_body and reply.announced is not None:
            yield "Content-Length", str(reply.announced)
        elif has_body and not callable(reply.body):
            yield "Content-Length", str(len(b"".join(_pieces(reply))))
        if has_body and reply.gzip:
            yield "Content-Encoding", "gzip"
        if reply.etag:
            yield "ETag", reply.etag
        if reply.last_modified:
            yield "Last-Modified", reply.last_modified
        yield from reply.headers.items()

    def _send(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            self.wfile.write(piece)


def _revalidated(reply: Reply, seen: Seen) -> Reply:
    """304 when the request names the validators of a plain 200; a tag outranks a date (RFC 9110, 13.2.2)."""
    if reply.status != 200 or not (reply.etag or reply.last_modified):
        return reply
    asked_tag, asked_date = seen.headers.get("if-none-match"), seen.headers.get("if-modified-since")
    is_same = (
        asked_tag == reply.etag if asked_tag and reply.etag else bool(asked_date) and asked_date == reply.last_modified
    )
    return replace(reply, status=304, body=b"") if is_same else reply


def _pieces(reply: Reply) -> Iterable[bytes]:
    if callable(reply.body):
        return reply.body()
    return (gzip.compress(reply.body, mtime=0) if reply.gzip else reply.body,)


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    yield b"0\r\n\r\n"


def _joined(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in items:
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Odd"
