"""The judgement of health, fact by fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.observe import DeepFacts, HealthFacts, HealthOptions, judge, judge_deep

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WELL = HealthFacts(
    beat_at=NOW - timedelta(minutes=1),
    first_run_at=NOW - timedelta(days=9),
    feeds=10,
    failing=5,
    overdue=0,
    dead=0,
)


def reasons(now: datetime = NOW, **changes: object) -> tuple[str, ...]:
    return judge(replace(WELL, **changes), HealthOptions(), now)  # type: ignore[arg-type]


def test_a_watch_that_goes_on_is_well() -> None:
    assert reasons() == ()


def test_a_sign_of_life_just_recent_enough_will_do() -> None:
    assert reasons(beat_at=NOW - timedelta(hours=1)) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"beat_at": NOW - timedelta(hours=3)}, "the last run was completed 3 hours ago; more than 1 hour"),
        ({"beat_at": NOW + timedelta(days=2)}, "2 days in the future: the clock has been set back"),
        ({"beat_at": None, "first_run_at": None}, "no run has begun yet"),
        ({"beat_at": None, "first_run_at": NOW - timedelta(hours=2)}, "since the first began, 2 hours ago"),
        ({"feeds": 0, "failing": 0}, "no feed is polled"),
        ({"failing": 6}, "6 of 10 feeds fail, more than 50 percent"),
        ({"unreached": 20}, "the last run reached none of 20 feeds, and none has ever answered"),
        (
            {"unreached": 42, "answered_at": NOW - timedelta(hours=3)},
            "the last run reached none of 42 feeds, and none has answered for 3 hours",
        ),
        ({"overdue": 1}, "1 alert not sent for longer than 1 hour"),
        ({"dead": 2}, "2 alerts given up in the last 1 day"),
    ],
)
def test_each_trouble_is_told_by_itself(changes: dict[str, object], words: str) -> None:
    (reason,) = reasons(**changes)

    assert words in reason


@pytest.mark.parametrize("changes", [{"unreached": 42, "answered_at": NOW - timedelta(minutes=50)}, {"unreached": 19}])
def test_a_network_that_is_down_for_a_moment_or_few_feeds_that_fail_are_no_trouble(changes: dict[str, object]) -> None:
    assert reasons(**changes) == ()


def test_a_first_run_that_takes_its_time_is_no_trouble() -> None:
    assert reasons(beat_at=None, first_run_at=NOW - timedelta(minutes=20)) == ()


def test_all_troubles_are_told_the_silence_first() -> None:
    told = reasons(beat_at=NOW - timedelta(days=3), failing=10, overdue=4, dead=1)

    assert len(told) == 4
    assert told[0].startswith("the last run was completed 3 days ago")


def test_the_limits_are_those_of_the_options() -> None:
    strict = HealthOptions(max_age=timedelta(minutes=2), max_failing=0)

    told = judge(replace(WELL, beat_at=NOW - timedelta(seconds=150)), strict, NOW)

    assert told == (
        "the last run was completed 2 minutes ago; more than 2 minutes is too long",
        "5 of 10 feeds fail, more than 0 percent (newsward feeds list)",
    )


def test_a_sound_file_on_a_disk_with_room_is_well() -> None:
    assert judge_deep(DeepFacts((), 0, 0, 200), HealthOptions()) == ()


def test_each_fault_of_the_file_is_told_with_its_remedy() -> None:
    facts = DeepFacts(("page 7 is never used", "row 3 missing from index hits_by_time"), 2, 1, 199)

    assert judge_deep(facts, HealthOptions()) == (
        "the database is damaged: page 7 is never used (newsward restore BACKUP)",
        "the database is damaged: row 3 missing from index hits_by_time (newsward restore BACKUP)",
        (
            "full-text search is out of step: 2 entries missing, 1 left over "
            "(sqlite3 DATABASE \"INSERT INTO entries_fts (entries_fts) VALUES ('rebuild')\")"
        ),
        "the disk has 199 MB free, fewer than 200 (free some, or newsward prune --vacuum while there is still room)",
    )
