"""``newsward health``: exit code and reasons, over real databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.model import ErrorKind, FeedState, RunReport
from pipeline.store import Store
from pipeline.text import to_iso
from tests.builders_cli import newsward
from tests.builders_run import write_config
from tests.builders_store import FEED, FEEDS, WATCHLIST, make_batch, make_entry

NOW = datetime.now(UTC)


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """A configuration whose database had a run a moment ago; one of its two feeds fails."""
    write_config(tmp_path, [feed.url for feed in FEEDS])
    state = FeedState(FEED, failures=1, error_kind=ErrorKind.TIMEOUT, error="no answer", last_polled_at=NOW)
    with Store.open(tmp_path / "newsward.db") as store:
        store.remember(WATCHLIST, FEEDS, NOW)
        run = store.open_run(NOW)
        store.commit(make_batch(state=state, at=NOW), run_id=run, now=NOW)
        store.close_run(run, RunReport(NOW, timedelta(seconds=2)))
    return tmp_path


def test_a_watch_that_is_well_exits_with_0(watched: Path) -> None:
    outcome = newsward("--config", watched, "health")

    assert (outcome.code, outcome.out) == (0, "healthy\n")


def test_the_facts_come_as_json(watched: Path) -> None:
    outcome = newsward("--config", watched, "health", "--json")

    assert outcome.lines == [
        {
            "healthy": True,
            "reasons": [],
            "beat_at": to_iso(NOW + timedelta(seconds=2)),
            "first_run_at": to_iso(NOW),
            "feeds": 2,
            "failing": 1,
            "overdue": 0,
            "stuck": [],
            "dead": 0,
            "answered_at": None,
            "unreached": 0,
        }
    ]


def test_what_is_too_much_stands_in_the_configuration(watched: Path) -> None:
    with (watched / "newsward.toml").open("a", encoding="utf-8") as file:
        file.write("\n[health]\nmax_failing = 40\n")

    outcome = newsward("--config", watched, "health")

    assert outcome.code == 1
    assert outcome.out == "unhealthy: 1 of 2 feeds fail, more than 40 percent (newsward feeds list)\n"


def test_a_silence_is_told(watched: Path) -> None:
    with Store.open(watched / "newsward.db") as store:
        store.beat(NOW - timedelta(hours=5))

    outcome = newsward("--config", watched, "health", "--json")

    assert outcome.code == 1
    assert outcome.lines[0]["reasons"] == ["the last run was completed 5 hours ago; more than 1 hour is too long"]


def test_a_missing_database_is_told_and_not_made(watched: Path) -> None:
    for path in watched.glob("newsward.db*"):
        path.unlink()

    outcome = newsward("--config", watched, "health", "--json")

    assert outcome.code == 1
    assert set(outcome.lines[0]) == {"healthy", "reasons"}
    assert "there is no database yet" in outcome.lines[0]["reasons"][0]
    assert not (watched / "newsward.db").exists()


def test_a_database_that_cannot_be_read_is_told(watched: Path) -> None:
    (watched / "newsward.db").write_bytes(b"no database, but long enough to be looked at" * 100)

    outcome = newsward("--config", watched, "health")

    assert outcome.code == 1
    assert "is not a SQLite database" in outcome.out


def test_asking_while_another_program_writes_does_no_harm(watched: Path) -> None:
    with Store.open(watched / "newsward.db") as store:
        store.database.execute("BEGIN IMMEDIATE")
        outcome = newsward("--config", watched, "health")
        store.database.execute("ROLLBACK")

    assert outcome.code == 0


def test_a_faulty_configuration_exits_with_2(watched: Path) -> None:
    (watched / "newsward.toml").write_text("[health]\nmax_age = 1\n", encoding="utf-8")

    outcome = newsward("--config", watched, "health")

    assert outcome.code == 2
    assert "max_age" in outcome.err


def test_the_deep_look_at_a_sound_database_adds_its_facts(watched: Path) -> None:
    with (watched / "newsward.toml").open("a", encoding="utf-8") as file:
        file.write("\n[health]\nmin_free = 0\n")

    with Store.open(watched / "newsward.db") as daemon:
        daemon.database.execute("BEGIN IMMEDIATE")
        outcome = newsward("--config", watched, "health", "--deep", "--json")
        daemon.database.execute("ROLLBACK")

    assert outcome.code == 0, outcome.out
    assert outcome.lines[0]["free_mb"] > 0
    assert {name: outcome.lines[0][name] for name in ("faults", "unindexed", "left_over")} == {
        "faults": [],
        "unindexed": 0,
        "left_over": 0,
    }


def test_the_deep_look_tells_of_too_little_room(watched: Path) -> None:
    with (watched / "newsward.toml").open("a", encoding="utf-8") as file:
        file.write("\n[health]\nmin_free = 1000000000\n")

    outcome = newsward("--config", watched, "health", "--deep")

    assert outcome.code == 1
    assert "MB free, fewer than 1000000000 (free some" in outcome.out


def test_the_deep_look_tells_of_a_search_index_out_of_step_and_its_remedy_mends_it(watched: Path) -> None:
    entry = make_entry()
    with Store.open(watched / "newsward.db") as store:
        store.commit(make_batch(entry, at=NOW), run_id=None, now=NOW)
        store.database.execute(
            "INSERT INTO entries_fts (entries_fts, rowid, title, text, cjk)"
            " SELECT 'delete', seq, title, text, cjk FROM entries"
        )
        outcome = newsward("--config", watched, "health", "--deep")
        store.database.execute("INSERT INTO entries_fts (entries_fts) VALUES ('rebuild')")
        mended = store.unindexed()

    assert outcome.code == 1
    assert "full-text search is out of step: 1 entry missing, 0 left over (sqlite3 DATABASE" in outcome.out
    assert "VALUES ('rebuild')" in outcome.out
    assert mended == (0, 0)


def test_the_deep_look_tells_of_references_to_what_is_not_there(watched: Path) -> None:
    with Store.open(watched / "newsward.db") as store:
        store.database.execute("PRAGMA foreign_keys = OFF")
        store.database.execute("INSERT INTO sightings VALUES ('gone', 'https://gone.example', '', '', '')")

    outcome = newsward("--config", watched, "health", "--deep")

    assert outcome.code == 1
    assert "the database is damaged: a row of sightings refers to one of " in outcome.out
    assert "(newsward restore BACKUP)" in outcome.out
    assert newsward("--config", watched, "health").code == 0


def test_the_deep_look_tells_of_damaged_pages(watched: Path) -> None:
    with Store.open(watched / "newsward.db") as store:
        (root,) = store.database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'sketches'").fetchone()
    with (watched / "newsward.db").open("r+b") as file:
        file.seek(4096 * (root - 1))
        file.write(b"\x0dbroken" * 100)

    outcome = newsward("--config", watched, "health", "--deep")

    assert outcome.code == 1
    assert "is damaged" in outcome.out


def test_neither_secrets_nor_sound_feeds_are_needed(watched: Path) -> None:
    with (watched / "newsward.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[channel]]\nid = "pager"\nkind = "webhook"\nurl = "${SET_FOR_THE_DAEMON_ALONE}"\n')
    (watched / "feeds.toml").write_text("[[feed]]\n", encoding="utf-8")

    outcome = newsward("--config", watched, "health")

    assert (outcome.code, outcome.out) == (0, "healthy\n")
