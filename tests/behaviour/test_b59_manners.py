"""What a site owner sees of us, through the whole product; the numbers are rows of the behaviour catalogue."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from tests.builders_cli import newsward
from tests.builders_wire import FEED, QUICK, Product, feed, resolve_as
from tests.feed_server import FeedServer, Reply, Seen, redirect


@pytest.fixture
def product(tmp_path: Path) -> Product:
    return Product(tmp_path)


def _seen(product: Product, **configuration: object) -> Seen:
    """The one request of a poll."""
    with FeedServer() as server:
        line = product.line(server.serve("/feed?page=1", feed()), **configuration)
        [seen] = server.requests()
    assert line["error"] is None
    return seen


class Queue:
    """Answers after a moment, and knows when requests came and how many were there at once.

    A busy machine notes a request late, so half the spacing is enough of a distance; without any there were a tenth.
    """

    def __init__(self, lasting: float = 0.05) -> None:
        self._lasting, self._lock = lasting, threading.Lock()
        self.starts: list[float] = []
        self.now = self.most = 0

    def __call__(self, seen: Seen) -> Reply:
        with self._lock:
            self.starts.append(time.monotonic())
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self._lasting)
        with self._lock:
            self.now -= 1
        return feed()

    @property
    def closest(self) -> float:
        return min(later - earlier for earlier, later in pairwise(sorted(self.starts)))


def test_row_59_we_say_who_we_are_and_where_to_complain(product: Product) -> None:
    agent = _seen(product).headers["user-agent"]

    assert agent.startswith("newsward/")
    assert "(+https://" in agent


def test_row_59_the_user_agent_can_be_set_for_all_feeds(product: Product) -> None:
    seen = _seen(product, fetch=QUICK + 'user_agent = "mill/1 (+https://mill.example)"')

    assert seen.headers["user-agent"] == "mill/1 (+https://mill.example)"


def test_row_59_the_user_agent_can_be_set_for_one_feed(product: Product) -> None:
    assert _seen(product, headers={"User-Agent": "special/2"}).headers["user-agent"] == "special/2"


def test_row_60_no_cookie_is_kept_between_polls(product: Product) -> None:
    with FeedServer() as server:
        url = server.serve("/feed", feed(headers={"Set-Cookie": "id=1; Path=/"}))
        product.line(url)
        product.line(url)

        assert ["cookie" in seen.headers for seen in server.requests()] == [False, False]


def test_row_61_a_request_has_no_referer_and_the_address_stays_as_it_is(product: Product) -> None:
    seen = _seen(product)

    assert seen.path == "/feed?page=1"
    assert seen.headers.keys() == {"host", "user-agent", "accept", "accept-encoding", "connection"}


def test_row_62_feed_types_come_first_and_anything_last(product: Product) -> None:
    accepted = [part.strip() for part in _seen(product).headers["accept"].split(",")]

    assert accepted[:3] == ["application/atom+xml", "application/rss+xml", "application/feed+json"]
    assert accepted[-1] == "*/*;q=0.1"


def test_row_63_only_codings_that_we_undo_are_asked_for(product: Product) -> None:
    assert _seen(product).headers["accept-encoding"] == "gzip, deflate, br, zstd"


def test_row_64_a_poll_is_one_request(product: Product) -> None:
    with FeedServer() as server:
        product.line(server.serve("/feed", Reply(gzip.compress(FEED), headers={"Content-Encoding": "gzip"})))

        assert [seen.path for seen in server.requests()] == ["/feed"]


def test_row_65_feeds_of_one_domain_are_asked_one_at_a_time_and_apart(product: Product) -> None:
    queue = Queue()
    with FeedServer() as server:
        lines = product.poll(*(server.serve(f"/{index}", queue) for index in range(3)), fetch="spacing = 0.5")

    assert [line["status"] for line in lines] == [200, 200, 200]
    assert queue.most == 1
    assert queue.closest >= 0.25


def test_row_65_feeds_of_many_domains_that_lead_to_one_are_asked_there_one_at_a_time_and_apart(
    product: Product, tmp_path: Path
) -> None:
    """Each in a shard, and so in a thread, of its own."""
    queue = Queue()
    with FeedServer("0.0.0.0") as server, FeedServer("127.0.0.60") as target:
        shared = target.serve("/feed", queue)
        server.serve("/moved", redirect(shared))
        urls = [server.url("/moved", host=f"127.0.1.{index}") for index in range(1, 5)]
        lines = product.poll(*urls, fetch="spacing = 0.5\n[engine]\nshard_size = 1\nworkers = 4")

    assert [line["status"] for line in lines] == [200, 200, 200, 200]
    assert queue.most == 1
    assert queue.closest >= 0.25


def test_row_65_waiting_for_ones_turn_does_not_count_as_the_servers_slowness(product: Product) -> None:
    with FeedServer("0.0.0.0") as server, FeedServer("127.0.0.61") as target:
        server.serve("/moved", redirect(target.serve("/feed", Queue())))
        urls = [server.url("/moved", host=f"127.0.2.{index}") for index in range(1, 5)]
        lines = product.poll(*urls, fetch="spacing = 1\ndeadline = 2")

    assert [line["error"] for line in lines] == [None] * 4


def test_row_65_another_process_that_tries_feeds_is_minded(product: Product, tmp_path: Path) -> None:
    queue = Queue(lasting=0.4)
    with FeedServer() as server:
        url = server.serve("/feed", queue)
        product.configure(url, fetch="spacing = 0.5\nallow_private = true")
        # The database, and with it the file that processes share.
        assert newsward("--config", tmp_path, "feeds", "poll", "--json").code == 0
        commands = (("feeds", "poll", "--force", "--json"), ("feeds", "test", "--json"))
        with ThreadPoolExecutor(2) as pool:
            codes = list(pool.map(lambda command: _in_a_process(tmp_path, command), commands))

    assert codes == [0, 0]
    assert len(queue.starts) == 3
    assert queue.most == 1
    assert queue.closest >= 0.25


def _in_a_process(directory: Path, command: tuple[str, ...]) -> int:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "--config", directory, *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode


def test_row_66_robots_txt_is_not_asked_about_a_feed_that_a_person_chose(product: Product) -> None:
    with FeedServer() as server:
        server.serve("/robots.txt", Reply(b"User-agent: *\nDisallow: /\n", content_type="text/plain"))
        line = product.line(server.serve("/feed", feed()))

        assert line["status"] == 200
        assert [seen.path for seen in server.requests()] == ["/feed"]


def test_row_67_a_host_with_one_dead_and_one_living_address_is_reached(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_as(monkeypatch, {"mill.test": ["::1", "127.0.0.62", "127.0.0.63"]})
    with FeedServer("127.0.0.63") as server:
        assert product.line(server.serve("/feed", feed(), host="mill.test"))["status"] == 200


def test_row_68_feeds_of_one_host_share_a_connection_and_the_last_one_closes_it(product: Product) -> None:
    with FeedServer() as server:
        product.poll(*(server.serve(f"/{index}", feed()) for index in range(4)))
        seen = server.requests()

    assert {request.connection for request in seen} == {1}
    assert [request.headers["connection"] for request in seen] == ["keep-alive"] * 3 + ["close"]


def test_row_68_an_unchanged_feed_leaves_its_connection_to_the_next(product: Product) -> None:
    with FeedServer() as server:
        urls = [server.serve(f"/{index}", feed(etag=f'"{index}"')) for index in range(3)]
        product.poll(*urls)
        lines = product.poll(*urls)
        connections = [seen.connection for seen in server.requests()]

    assert [line["not_modified"] for line in lines] == [True] * 3
    assert connections == [1, 1, 1, 2, 2, 2]


def test_row_69_proxies_of_the_environment_are_not_used(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert _seen(product).path == "/feed?page=1"
