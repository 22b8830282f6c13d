"""``newsward report``: the sentence, the tables, JSON and exit codes, over runs over the sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders_cli import newsward
from tests.builders_run import serve_seeds, write_config
from tests.feed_server import FeedServer, Reply


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer(host="0.0.0.0") as server:
        yield server


@pytest.fixture
def watched(server: FeedServer, tmp_path: Path) -> Path:
    """A configuration that had a run over the sample, and a feed that is not there."""
    urls = dict(list(serve_seeds(server).items())[:3])
    urls["missing"] = server.url("/missing", host="127.0.0.99")
    server.serve("/missing", Reply(status=404))
    write_config(tmp_path, urls)
    assert newsward("--config", tmp_path, "run", "--json").code == 0
    return tmp_path


def test_the_page_begins_with_the_verdict_and_names_what_failed(watched: Path) -> None:
    outcome = newsward("--config", watched, "report")

    first, *rest = outcome.out.splitlines()
    assert outcome.code == 0
    assert first.startswith("News of the last 24 hours may have been missed: 1 of 4 feeds fails; no alert waits.")
    assert "Feeds of which something may have been missed (1)" in rest
    assert "4 feeds, 4 polls: 1 failed, 0 found nothing changed; polled conditionally: 0 feeds." in rest[-1]


def test_the_same_for_machines(watched: Path) -> None:
    outcome = newsward("--config", watched, "report", "--since", "7d", "--json")

    [told] = outcome.lines
    assert outcome.code == 0
    assert told["verdict"].startswith("News of the last 7 days may have been missed")
    assert (told["is_whole"], told["feeds"], told["runs"]) == (False, 4, 1)
    assert told["problems"]["failing"] == 1
    assert told["polls"]["polls"] == 4
    [trouble] = told["troubles"]
    assert (trouble["problem"], trouble["url"].rpartition("/")[2]) == ("failing", "missing")
    assert "404" in trouble["reason"]


def test_without_a_database_it_exits_with_1(watched: Path) -> None:
    for path in watched.glob("newsward.db*"):
        path.unlink()

    outcome = newsward("--config", watched, "report")

    assert outcome.code == 1
    assert "there is no database yet" in outcome.err
    assert not (watched / "newsward.db").exists()


@pytest.mark.parametrize("since", ["yesterday", "5 minutes", "53w", "-1d"])
def test_a_stretch_that_is_none_exits_with_2(watched: Path, since: str) -> None:
    outcome = newsward("--config", watched, "report", f"--since={since}")

    assert outcome.code == 2
    assert "from 1h to 26w" in outcome.err
