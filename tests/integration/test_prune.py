"""``newsward prune``: what it tells, what it leaves, and that nobody waits long for it."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.store import Store, StoreOptions
from tests.builders_cli import newsward
from tests.builders_run import ask, write_config
from tests.builders_store import (
    FEED,
    NOW,
    dump,
    make_alert,
    make_entry,
    make_hit,
    make_placement,
    open_store,
)
from tests.unit.store.test_store_pruning import poll

DAY = timedelta(days=1)
LATER = NOW + 100 * DAY


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The command line's clock: its last moment."""
    moments = [LATER]
    monkeypatch.setattr("pipeline.cli.keep.now", lambda: moments[-1])
    return moments


@pytest.fixture
def house(tmp_path: Path, clock: list[datetime]) -> Path:
    """A database in which seven entries about nobody are old, one is young and one is a hit."""
    write_config(tmp_path, [FEED])
    hit = make_entry("hit", title="Xiaomi opens a factory")
    with open_store(tmp_path / "newsward.db") as store:
        poll(
            store,
            NOW,
            hit,
            *(make_entry(f"old {number}", text="Much to read. " * 4000) for number in range(7)),
            hits=(make_hit(hit),),
            placements=(make_placement(hit),),
            alerts=(make_alert(story=hit.id),),
        )
        poll(store, LATER - DAY, make_entry("young"))
    return tmp_path


def test_a_table_tells_what_went_and_what_stays(house: Path) -> None:
    outcome = newsward("--config", house, "prune")

    assert outcome.code == 0, outcome.err
    assert [line.split() for line in outcome.out.splitlines()] == [
        ["what", "went", "stays"],
        ["entries", "7", "2"],
        ["sightings", "0", "0"],
        ["fetches", "1", "2"],
        ["runs", "1", "1"],
        ["hits", "0", "1"],
        ["stories", "0", "1"],
        ["alerts", "0", "1"],
        ["deliveries", "0", "0"],
        ["bytes", "of", "text", "784147"],
    ]


def test_a_dry_run_tells_the_same_and_changes_nothing(house: Path) -> None:
    with Store.open(house / "newsward.db") as store:
        before = dump(store)

    told = newsward("--config", house, "prune", "--dry-run", "--json").lines[0]

    with Store.open(house / "newsward.db") as store:
        assert dump(store) == before
    done = newsward("--config", house, "prune", "--json").lines[0]
    assert (
        told["removed"]
        == done["removed"]
        == {
            "entries": 7,
            "sightings": 0,
            "fetches": 1,
            "runs": 1,
            "bytes": 784147,
        }
    )
    assert told["left"] == done["left"]
    assert (told["dry_run"], done["dry_run"], done["as_of"]) == (True, False, "2026-06-10T09:00:00Z")


def test_vacuum_gives_the_space_back_to_the_disk(house: Path) -> None:
    kept = newsward("--config", house, "prune", "--json").lines[0]
    given = newsward("--config", house, "prune", "--vacuum", "--json").lines[0]

    assert kept["database_bytes"] > 700_000 > 450_000 > given["database_bytes"]
    assert given["database_bytes"] == (house / "newsward.db").stat().st_size
    assert ask(house / "newsward.db", "PRAGMA integrity_check") == [("ok",)]
    assert [path.name for path in house.iterdir() if path.suffix not in (".toml", ".lock")] == ["newsward.db"]


def test_a_dry_run_with_vacuum_is_misuse(house: Path) -> None:
    assert newsward("--config", house, "prune", "--dry-run", "--vacuum").code == 2


def test_the_options_of_the_configuration_count(house: Path) -> None:
    main = house / "newsward.toml"
    text = main.read_text(encoding="utf-8")
    main.write_text(text.replace("[store]", '[store]\nretention = "200 days"\nhistory = "1000 days"'), encoding="utf-8")

    outcome = newsward("--config", house, "prune", "--json")

    assert outcome.lines[0]["removed"] == {"entries": 0, "sightings": 0, "fetches": 0, "runs": 0, "bytes": 0}


@pytest.mark.parametrize(("key", "value"), [("retention", "6 days"), ("history", "1 day"), ("retention", "-1 day")])
def test_a_time_so_short_that_it_must_be_a_mistake_is_a_fault(house: Path, key: str, value: str) -> None:
    main = house / "newsward.toml"
    text = main.read_text(encoding="utf-8")
    main.write_text(text.replace("[store]", f'[store]\n{key} = "{value}"'), encoding="utf-8")

    outcome = newsward("--config", house, "prune")

    assert outcome.code == 2
    assert f"[store]: key '{key}'" in outcome.err


def test_a_clock_that_no_run_bears_out_is_told(house: Path, clock: list[datetime]) -> None:
    clock.append(LATER + 500 * DAY)

    outcome = newsward("--config", house, "prune")

    assert "the runs of two days in a row must agree with the clock" in outcome.err


def test_a_database_of_today_has_nothing_to_prune_and_nothing_to_say(tmp_path: Path, clock: list[datetime]) -> None:
    write_config(tmp_path, [FEED])
    with open_store(tmp_path / "newsward.db") as store:
        poll(store, LATER, make_entry())

    outcome = newsward("--config", tmp_path, "prune", "--json")

    assert outcome.lines[0]["removed"]["entries"] == 0
    assert outcome.lines[0]["as_of"] == "2026-06-10T09:00:00Z"
    assert outcome.err == ""


def test_it_counts_as_the_upkeep_of_the_day(house: Path) -> None:
    newsward("--config", house, "prune")

    with Store.open(house / "newsward.db") as store:
        assert not store.is_upkeep_due(LATER + timedelta(hours=23))


def test_another_writer_gets_its_turn_while_much_is_forgotten(tmp_path: Path) -> None:
    """Deliveries and edits by the command line need no run lock: they write in between."""
    path = tmp_path / "newsward.db"
    with open_store(path) as store:
        entries = (make_entry(f"old {number}", text="Words to index. " * 20) for number in range(6000))
        poll(store, NOW, *entries)
        poll(store, LATER - DAY)
    written: list[int] = []

    def write(over: threading.Event) -> None:
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as other:
            while not over.is_set():
                other.execute("UPDATE heartbeat SET beat_at = '2026-06-09T00:00:00Z'")
                written.append(1)
                time.sleep(0.001)

    over = threading.Event()
    writer = threading.Thread(target=write, args=(over,))
    with Store.open(path) as store:
        writer.start()
        during: list[int] = []
        pruned = store.prune(StoreOptions(), LATER, watch=lambda count: during.append(len(written)))
        over.set()
        writer.join()

    assert pruned.entries == 6000
    assert len(set(during)) > 1  # it wrote between two transactions of the pruning
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
