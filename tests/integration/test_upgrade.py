"""Databases that older versions left behind are opened by this one, and nothing in them is lost."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from pipeline.store import Store, StoreOptions
from pipeline.store.migrations import STEPS, migrate
from tests.builders_alert import receiver
from tests.builders_cli import newsward
from tests.builders_run import ask, write_config
from tests.builders_store import FEED, NOW

KEPT = Path(__file__).parents[1] / "data" / "databases"
OLDER = [step.__name__ for step in STEPS[:-1]]
FIRST = {step.__name__ for step in STEPS[:5]}
FILES = sorted(path.name.removesuffix(".db.gz") for path in KEPT.glob("*.db.gz"))


@pytest.fixture(params=FILES)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "newsward.db"
    path.write_bytes(gzip.decompress((KEPT / f"{request.param}.db.gz").read_bytes()))
    return path


@pytest.fixture
def more(request: pytest.FixtureRequest) -> int:
    """How many stories the example has gained, with a given-up alert, since the first files were made of it."""
    return int(request.node.callspec.params["old"] not in FIRST)


def contents(path: Path, columns: dict[str, list[str]] | None = None) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, of these columns where they are given; with what the search index finds."""
    columns = columns or columns_of(path)
    found = {
        table: sorted(ask(path, f"SELECT {', '.join(names)} FROM {table}"), key=repr)
        for table, names in columns.items()
        if table != "story_terms"
    }
    return {**found, "story_terms": terms_of(path)}


def terms_of(path: Path) -> list[tuple[object, ...]]:
    """Each story's terms, which had a row each before they came into one."""
    rows = ask(path, "SELECT * FROM story_terms")
    if '"term"' in columns_of(path)["story_terms"]:
        return sorted((story, term) for story, term, *_ in rows)
    return sorted((story, term) for story, terms in rows for term in json.loads(terms))


def columns_of(path: Path) -> dict[str, list[str]]:
    tables = ask(path, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite_%'")
    names = [str(name) for (name,) in tables if not str(name).startswith("entries_fts")]
    return {name: [f'"{row[1]}"' for row in ask(path, f"PRAGMA table_info({name})")] for name in names}


def test_of_every_schema_that_was_ever_written_a_file_is_kept() -> None:
    missing = sorted(set(OLDER) - set(FILES))

    assert missing == [], "before a step is added: python tests/data/databases/make.py"


def test_every_row_is_there_after_the_upgrade(old: Path, more: int) -> None:
    columns, before = columns_of(old), contents(old)

    with Store.open(old, create=False) as store:
        faults, unindexed = store.faults(), store.unindexed()

    assert contents(old, columns) == before
    assert {table: len(before[table]) for table in ("entries", "hits", "stories", "alerts", "deliveries")} == {
        "entries": 28 + more,
        "hits": 17 + more,
        "stories": 13 + more,
        "alerts": 13 + more,
        "deliveries": 10 + 2 * more,
    }
    assert (faults, unindexed) == ((), (0, 0))


def test_search_and_views_answer_after_the_upgrade(old: Path, more: int) -> None:
    Store.open(old, create=False).close()

    found = ask(old, "SELECT count(*) FROM entries_fts WHERE entries_fts MATCH 'notice'")
    chinese = ask(old, "SELECT count(*) FROM entries_fts WHERE entries_fts MATCH '小米'")
    views = {view: ask(old, f"SELECT count(*) FROM {view}")[0][0] for view in ("hit_list", "story_list", "feed_health")}
    states = ask(old, "SELECT state, count(*) FROM alerts GROUP BY state ORDER BY state")

    assert (found, chinese) == ([(12,)], [(1,)])
    assert views == {"hit_list": 16 + more, "story_list": 13 + more, "feed_health": 4}
    assert states == [("dead", 2 + more), ("pending", 6), ("sent", 5)]


def test_what_an_upgrade_sorts_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    path.write_bytes(gzip.decompress((KEPT / "m009_sources.db.gz").read_bytes()))
    steps: list[str] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.set_trace_callback(steps.append)
        migrate(Database(connection), str(path))

        sorting = next(place for place, step in enumerate(steps) if "CREATE INDEX sketches_by_entry" in step)
        stores = [step for step in steps[:sorting] if step.startswith("PRAGMA temp_store ")]
        assert stores == ["PRAGMA temp_store = FILE"]
        assert f"PRAGMA temp_store_directory = '{tmp_path}'" in steps[:sorting]
        assert connection.execute("PRAGMA temp_store").fetchone() == (2,)  # in memory again


def test_a_second_opening_changes_not_a_byte(old: Path) -> None:
    Store.open(old, create=False).close()
    once = old.read_bytes()

    Store.open(old, create=False).close()

    assert old.read_bytes() == once


def test_the_schema_is_that_of_a_new_database(old: Path, tmp_path: Path) -> None:
    Store.open(old, create=False).close()
    Store.open(tmp_path / "new.db").close()

    schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name"

    assert ask(old, schema) == ask(tmp_path / "new.db", schema)


def test_what_was_not_marked_as_seen_by_older_versions_is_not_forgotten_for_that(old: Path) -> None:
    """A first whole document after the upgrade may come from another feed, or a day before the marks are renewed."""
    year = NOW + timedelta(days=365)
    with Store.open(old, create=False) as store:
        store.database.execute("UPDATE upkeep SET seen_since = (SELECT max(last_full_at) FROM feeds)")
        store.database.execute("UPDATE feeds SET last_full_at = ? WHERE url = ?", ("2026-03-03T09:00:00Z", FEED))
        store.open_run(year - timedelta(days=1))

        assert store.prune(StoreOptions(), year).entries == 0


def test_alerts_owed_by_the_older_version_are_sent_once(old: Path) -> None:
    with receiver() as inbox:
        config = write_config(old.parent, [], webhook=inbox.url)
        for _ in range(2):
            outcome = newsward("--config", config, "run")
            assert outcome.code == 0, outcome.err

    keys = [request.headers["idempotency-key"] for request in inbox.requests]
    assert sorted(keys) == ["kept-10", "kept-11", "kept-4", "kept-5", "kept-6", "kept-9"]
    assert ask(old, "SELECT count(*) FROM alerts WHERE state = 'sent'") == [(11,)]


def test_a_backup_of_an_older_version_is_restored_as_one_of_this(old: Path, tmp_path: Path) -> None:
    columns, before = columns_of(old), contents(old)
    config = write_config(tmp_path / "config", [FEED])
    Store.open(config / "newsward.db").close()
    untouched = old.read_bytes()

    outcome = newsward("--config", config, "restore", old)

    assert outcome.code == 0, outcome.err
    assert contents(config / "newsward.db", columns) == before
    assert old.read_bytes() == untouched
    with Store.open(config / "newsward.db", create=False) as store:
        assert (store.faults(), store.unindexed()) == ((), (0, 0))


def test_a_backup_before_the_upgrade_leaves_the_old_schema_as_it_is(old: Path) -> None:
    config = write_config(old.parent, [FEED])
    with closing(sqlite3.connect(old)) as connection:
        before = connection.execute("SELECT name FROM _sqlite_migrations").fetchall()

    outcome = newsward("--config", config, "backup", old.parent / "copy.db")

    assert outcome.code == 0, outcome.err
    for path in (old, old.parent / "copy.db"):
        assert ask(path, "SELECT name FROM _sqlite_migrations") == before
