"""The slow parser's process: kept, replaced, ended, and no death of it is anybody else's."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pipeline.parse import child
from pipeline.parse.child import end_child, read_apart
from pipeline.parse.items import Channel, Unreadable
from pipeline.parse.slow import read_slowly

URL = "https://a.example/feed"
TEXT = (
    '<rss version="2.0"><channel><title>T</title><ttl>60</ttl><item><title>x &amp; y</title><guid>1</guid>'
    "<pubDate>Mon, 06 Jan 2025 10:00:00 GMT</pubDate><description>é小米</description></item></channel></rss>"
)


@pytest.fixture(autouse=True)
def _no_child_is_left() -> Iterator[None]:
    end_child()
    yield
    end_child()


def pid() -> int:
    assert child._nursery.child
    return child._nursery.child.process.pid


def program(monkeypatch: pytest.MonkeyPatch, reading: str) -> None:
    """Has the child read a document by this code instead of feedparser, in a fifth of a second."""
    lines = (
        "import time",
        "from pipeline.parse import child",
        "child.CPU_SECONDS = 0.2",
        f"child._answer = lambda line: {reading}",
        "child.serve()",
    )
    monkeypatch.setattr(child, "PROGRAM", "\n".join(lines))


def test_what_the_child_reads_is_what_feedparser_reads() -> None:
    apart = read_apart(TEXT, url=URL)

    assert apart == read_slowly(TEXT, url=URL)
    assert isinstance(apart, Channel)
    assert len(apart.items) == 1


def test_a_child_reads_several_documents_and_is_replaced_after_its_last() -> None:
    read_apart(TEXT, url=URL)
    first = pid()
    read_apart(TEXT, url=URL)
    second = pid()
    assert child._nursery.child
    child._nursery.child.left = 0
    read_apart(TEXT, url=URL)

    assert first == second != pid()


def test_a_document_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, "any(iter(int, 1))")

    assert read_apart(TEXT, url=URL) == Unreadable("the parser had not read it after 1.8 seconds of processor time")


def test_a_child_that_only_waits_is_given_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, "time.sleep(60)")
    monkeypatch.setattr(child, "WALL_SECONDS", 0.1)

    assert read_apart(TEXT, url=URL) == Unreadable("the parser had not read it after 0 seconds")


def test_a_document_that_takes_too_much_memory_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, "bytes(1 << 40)")

    found = read_apart(TEXT, url=URL)

    assert isinstance(found, Unreadable)
    assert "the parser died of it" in found.reason


def test_after_a_death_another_child_reads_on(monkeypatch: pytest.MonkeyPatch) -> None:
    read_apart(TEXT, url=URL)
    os.kill(pid(), 9)

    assert isinstance(read_apart(TEXT, url=URL), (Channel, Unreadable))
    assert isinstance(read_apart(TEXT, url=URL), Channel)


def test_the_child_knows_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSWARD_TOKEN", "s3cret")
    program(monkeypatch, "child.Unreadable(' '.join(__import__('os').environ))")

    found = read_apart(TEXT, url=URL)

    assert isinstance(found, Unreadable)
    assert "NEWSWARD_TOKEN" not in found.reason
    assert "PYTHONPATH" in found.reason


def test_a_fork_of_the_process_starts_a_child_of_its_own() -> None:
    read_apart(TEXT, url=URL)
    ours = pid()
    forked = os.fork()
    if not forked:
        is_fine = isinstance(read_apart(TEXT, url=URL), Channel) and pid() != ours
        end_child()
        os._exit(0 if is_fine else 1)

    assert os.waitpid(forked, 0)[1] == 0
    assert isinstance(read_apart(TEXT, url=URL), Channel)
    assert pid() == ours
