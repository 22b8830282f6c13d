"""A loopback HTTP proxy that knows one server under every name: what stands between a poll and the world."""

from __future__ import annotations

import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit


class ProxyServer:
    """Carries each request to a port of this machine, whatever host it names, until the ``with`` block ends."""

    def __init__(self, port: int, *, login: str = "", refuses: int = 0) -> None:
        self.asked: list[str] = []  # request lines, oldest first
        self.heads: list[dict[str, str]] = []  # with lower-case names
        self.to, self.login, self.refuses = port, login, refuses
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ProxyServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy: ProxyServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A plain request, with all of its address."""
        if not self._may():
            return
        parts = urlsplit(self.path)
        assert parts.scheme == "http", "a proxy must be told all of the address"
        kept = "".join(
            f"{name}: {value}\r\n"
            for name, value in self.headers.items()
            if name.lower() not in {"proxy-authorization", "connection"}
        )
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with socket.create_connection(("127.0.0.1", self.proxy.to)) as server:
            server.sendall(f"{self.command} {parts.path} HTTP/1.1\r\n{kept}connection: close\r\n\r\n".encode() + body)
            while part := server.recv(65536):
                self.wfile.write(part)
        self.close_connection = True

    do_POST = do_GET  # noqa: N815  # the server's own spelling

    def do_CONNECT(self) -> None:
        """A tunnel."""
        if not self._may():
            return
        with socket.create_connection(("127.0.0.1", self.proxy.to)) as server:
            self.send_response(200, "Connection established")
            self.end_headers()
            ends = {self.connection: server, server: self.connection}
            while True:
                for end in select.select(list(ends), [], [], 5)[0] or [self.connection]:
                    part = end.recv(65536)
                    if not part:
                        self.close_connection = True
                        return
                    ends[end].sendall(part)

    def _may(self) -> bool:
        self.proxy.asked.append(self.requestline)
        self.proxy.heads.append({name.lower(): value for name, value in self.headers.items()})
        status = self.proxy.refuses
        if not status and self.proxy.login and self.headers.get("proxy-authorization") != self.proxy.login:
            status = 407
        if status:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
        return not status

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
