"""The small web server: what it answers, and whom it does not wait for."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from pipeline.errors import CannotListen
from pipeline.observe import Page, Server
from pipeline.observe import server as module


def broken() -> Page:
    raise ValueError("a fault of ours")


@pytest.fixture
def server() -> Iterator[Server]:
    pages = {"/page": lambda: Page("小米\n".encode()), "/ill": lambda: Page(b"ill", 503), "/broken": broken}
    server = Server.start("127.0.0.1", 0, pages)
    yield server
    server.close()


def ask(server: Server, path: str, method: str = "GET") -> tuple[int, str, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection(server.address, timeout=20)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body, answer.headers


def say(server: Server, words: bytes) -> bytes:
    """All that the server answers to these bytes."""
    host, _, port = server.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(words)
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
        return answer


def test_a_page_is_answered_with_its_status_and_type(server: Server) -> None:
    status, body, headers = ask(server, "/page?whatever=1")

    assert (status, body) == (200, "小米\n")
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert ask(server, "/ill")[0] == 503


def test_head_is_answered_without_the_body(server: Server) -> None:
    status, body, headers = ask(server, "/page", "HEAD")

    assert (status, body, headers["Content-Length"]) == (200, "", "7")


@pytest.mark.parametrize("path", ["/", "/page/", "/../page", "//page", "/%70age", "//[", "http://a/page"])
def test_what_is_no_page_is_not_found(server: Server, path: str) -> None:
    assert ask(server, path)[:2] == (404, "404 Not Found\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_can_be_done_but_asking(server: Server, method: str) -> None:
    status, _, headers = ask(server, "/page", method)

    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_a_page_with_a_fault_is_told_without_its_words(server: Server) -> None:
    assert ask(server, "/broken")[:2] == (500, "500 Internal Server Error\n")
    assert ask(server, "/page")[0] == 200


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (b"GET\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n", b"400"),
        (b"GET /page HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET /page HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000, b"431"),
    ],
)
def test_what_is_not_http_is_refused(server: Server, words: bytes, status: bytes) -> None:
    assert say(server, words).startswith(b"HTTP/1.1 " + status)
    assert ask(server, "/page")[0] == 200


def test_slow_clients_hold_up_nobody_and_are_cut_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 2.0)
    host, _, port = server.address.rpartition(":")
    slow = [socket.create_connection((host, int(port)), timeout=20) for _ in range(module._MOST - 1)]
    for one in slow:
        one.sendall(b"GET /page HTTP/1.1\r\nX: ")
    deadline = time.monotonic() + 20
    while len(server._connections) < len(slow):
        assert time.monotonic() < deadline
    monkeypatch.undo()

    answered = ask(server, "/page")[0]
    ends = [_end_of(one) for one in slow]

    assert answered == 200
    assert ends == [b""] * len(slow)


def _end_of(connection: socket.socket) -> bytes:
    with connection:
        try:
            return connection.recv(100)
        except ConnectionResetError:
            return b""


def test_those_who_hold_every_place_make_room_for_whoever_comes(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    monkeypatch.setattr(module, "_PATIENCE", 600.0)
    host, _, port = server.address.rpartition(":")
    held = []
    for number in range(3):
        held.append(socket.create_connection((host, int(port)), timeout=20))
        deadline = time.monotonic() + 20
        while len(server._connections) <= number:
            assert time.monotonic() < deadline

    answered = ask(server, "/page")[0]

    assert answered == 200
    assert _end_of(held[0]) == b""  # who has been there longest
    for one in held[1:]:
        one.settimeout(0.1)
        with one, pytest.raises(TimeoutError):
            one.recv(1)


def test_closing_with_a_client_connected_is_no_fault(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    host, _, port = server.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20):
        deadline = time.monotonic() + 20
        while not server._connections:
            assert time.monotonic() < deadline

        server.close()

    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_closing_does_not_wait_for_a_page_or_a_client_that_hangs() -> None:
    over, asked = threading.Event(), threading.Event()

    def hang() -> Page:
        asked.set()
        over.wait(30)
        return Page(b"")

    server = Server.start("127.0.0.1", 0, {"/hang": hang})
    host, _, port = server.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
        assert asked.wait(20)
        began = time.monotonic()

        server.close()

        assert time.monotonic() - began < 10
        assert _end_of(connection) == b""
    over.set()


def test_an_address_that_is_taken_is_told_in_words(server: Server) -> None:
    host, _, port = server.address.rpartition(":")

    with pytest.raises(CannotListen, match=rf"cannot listen on 127\.0\.0\.1, port {port}: Address already in use"):
        Server.start(host, int(port), {})


def test_a_name_that_is_no_address_is_told_in_words() -> None:
    with pytest.raises(CannotListen, match="cannot listen on 300"):
        Server.start("300.1.1.1", 0, {})


def test_an_address_is_free_again_when_its_server_is_closed(server: Server) -> None:
    host, _, port = server.address.rpartition(":")
    server.close()

    again = Server.start(host, int(port), {})
    again.close()
    server.close()  # a second time does no harm
