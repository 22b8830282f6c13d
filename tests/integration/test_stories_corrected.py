"""``newsward stories split|merge|same|notsame|rebuild``: what people know better."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.evaluate.dedup import Score, evaluate
from pipeline.model import Feed
from pipeline.store import RunLock, Store
from tests.builders_cli import newsward
from tests.builders_store import FEED, NOW, WATCHLIST, make_batch, make_entry, make_hit, make_placement


@pytest.fixture
def watch(tmp_path: Path) -> Path:
    """A configuration with two stories: a ferry sold, and a yard sold that two entries tell."""
    assert newsward("init", tmp_path / "watch", "--yes").code == 0
    folder = tmp_path / "watch"
    with Store.open(database_of(folder)) as store:
        store.remember(WATCHLIST, (Feed(FEED),), NOW)
        ferry, yard, again = (make_entry(name, title=f"Xiaomi: {name} sold") for name in ("ferry", "yard", "dock"))
        for entry, story in ((ferry, None), (yard, None), (again, yard)):
            placement = make_placement(entry, story, terms=("sold", "xiaomi"))
            store.commit(make_batch(entry, hits=(make_hit(entry),), placements=(placement,)), run_id=None, now=NOW)
    return folder


def database_of(folder: Path) -> Path:
    return next(iter(folder.rglob("*.db")), folder / "newsward.db")


def stories(folder: Path) -> dict[str, str]:
    """The story of each entry, by the word of its title that tells which it is."""
    with closing(sqlite3.connect(database_of(folder))) as connection:
        rows = connection.execute("SELECT title, story_id FROM entries").fetchall()
    return {title.split()[1]: story for title, story in rows}


def test_two_stories_are_made_one_and_two_again(watch: Path) -> None:
    before = stories(watch)

    merged = newsward("--config", watch, "stories", "merge", before["ferry"], before["yard"])
    assert merged.code == 0
    assert merged.out == f"{before['yard']} is now part of {before['ferry']}\n"
    assert set(stories(watch).values()) == {before["ferry"]}

    split = newsward("--config", watch, "stories", "split", before["ferry"], "--json")
    assert split.lines == [{"story": before["ferry"], "new_story": before["yard"]}]
    assert stories(watch) == before


def test_an_entry_is_taken_out_of_its_story(watch: Path) -> None:
    before = stories(watch)
    dock = make_entry("dock").id

    assert newsward("--config", watch, "stories", "split", before["yard"], dock).code == 0

    assert stories(watch) == {**before, "dock": dock}
    told = newsward("--config", watch, "stories", "explain", dock, "--json").lines
    assert [(row["relation"], row["rule"]) for row in told] == [("new", "split_by_hand")]


def test_a_story_keeps_the_entry_that_opened_it_also_when_that_one_is_taken_out(watch: Path) -> None:
    before = stories(watch)
    dock = make_entry("dock").id

    split = newsward("--config", watch, "stories", "split", before["yard"], before["yard"])

    assert split.out == f"{before['yard']} is two stories now; the other is {dock}\n"
    assert stories(watch) == {**before, "dock": dock}


@pytest.mark.parametrize("arguments", [("split", "nowhere"), ("merge", "nowhere", "elsewhere"), ("merge", "a", "a")])
def test_a_story_that_is_not_there_is_misuse_and_said(watch: Path, arguments: tuple[str, ...]) -> None:
    outcome = newsward("--config", watch, "stories", *arguments)

    assert outcome.code == 2
    assert arguments[1] in outcome.err


def test_a_story_that_nobody_merged_cannot_be_split_without_entries(watch: Path) -> None:
    outcome = newsward("--config", watch, "stories", "split", stories(watch)["yard"])

    assert outcome.code == 2
    assert "no merge is on record" in outcome.err


def test_nothing_is_corrected_while_a_run_is_at_work(watch: Path) -> None:
    before = stories(watch)

    with RunLock(database_of(watch).parent, wait=False):
        outcome = newsward("--config", watch, "stories", "merge", before["ferry"], before["yard"])

    assert outcome.code == 1
    assert stories(watch) == before


def test_noted_pairs_are_a_labelled_set(watch: Path) -> None:
    ferry, yard, dock = (make_entry(name).id for name in ("ferry", "yard", "dock"))

    assert newsward("--config", watch, "stories", "same", yard, dock).code == 0
    assert newsward("--config", watch, "stories", "notsame", yard, ferry).code == 0

    file = database_of(watch).parent / "story_pairs.jsonl"
    pairs = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [pair["same"] for pair in pairs] == [True, False]
    assert {pairs[0]["a"]["id"], pairs[0]["b"]["id"]} == {yard, dock}
    assert [score.measure for score in evaluate([file])] == [
        "pairs of one story found",
        "pairs of two stories kept apart",
    ]


def test_pairs_are_scored_by_whether_they_come_out_as_noted(tmp_path: Path) -> None:
    one = {"title": "Xiaomi sells its ferry yard in Genoa to Lindqvist", "published": "2026-03-02T08:00:00Z"}
    other = {"title": "Xiaomi sells Genoa ferry yard to Lindqvist", "published": "2026-03-02T09:00:00Z"}
    file = tmp_path / "story_pairs.jsonl"
    lines = [{"a": one, "b": other, "same": same} for same in (True, False)]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")

    assert list(evaluate([file])) == [
        Score("story_pairs", "pairs of one story found", 1.0),
        Score("story_pairs", "pairs of two stories kept apart", 0.0),
    ]


def test_rebuilding_the_indexes_leaves_the_stories_as_they_are(watch: Path) -> None:
    before = stories(watch)

    assert newsward("--config", watch, "stories", "rebuild", "--json").lines == [{"entries": 3}]

    assert stories(watch) == before
