"""A month under the daemon by a clock of its own, and a few days of it in the normal suite: see ``month.py``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.soak.month import trouble

ROOT = Path(__file__).parents[2]


def lived(directory: Path, *, days: int, feeds: int, step: int, seed: int = 1) -> dict[str, Any]:
    """The report of the simulation; in a process of its own, whose memory is the daemon's alone."""
    options = {"--days": days, "--feeds": feeds, "--step": step, "--seed": seed}
    command = [sys.executable, "-W", "error", "-m", "tests.soak.month", str(directory)]
    command += [str(word) for pair in options.items() for word in pair]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def check_polls(report: dict[str, Any], *, days: int, feeds: int) -> None:
    """Each feed once every half hour; those with a day of trouble less often, the one that is gone no more."""
    due = 48 * days
    troubled = {feed for feed in range(feeds) if (trouble(feed) or days) < days}
    rare = {feed for feed, polls in enumerate(report["by_feed"]) if polls != due}
    assert rare == troubled | {3}
    assert report["by_feed"][3] == 49
    # Waits after a failure double from half an hour: six polls in some 32 hours, where there are 64 at other times.
    assert all(due - 70 < report["by_feed"][feed] < due - 40 for feed in troubled - {3})
    assert report["polls"] == sum(report["by_feed"])


def check_alerts(report: dict[str, Any]) -> None:
    """Every alert once, those too that the receiver refused at first."""
    assert report["alerts"] == {"sent": report["taken"]}
    assert report["taken_twice"] == []
    assert report["taken"] > report["refused"] > 0


def test_four_days_miss_no_turn_send_every_alert_once_and_leave_nothing_in_memory(tmp_path: Path) -> None:
    report = lived(tmp_path, days=4, feeds=10, step=600)

    check_polls(report, days=4, feeds=10)
    check_alerts(report)
    second, fourth = report["days"][1]["objects"], report["days"][3]["objects"]
    assert report["runs"] >= 48 * 4
    assert fourth - second < 0.01 * second


@pytest.mark.soak
def test_a_month_misses_no_turn_sends_every_alert_once_and_outgrows_neither_memory_nor_retention(
    tmp_path: Path,
) -> None:
    report = lived(tmp_path, days=30, feeds=200, step=15)

    check_polls(report, days=30, feeds=200)
    check_alerts(report)
    assert report["ticks"] == 30 * 24 * 3600 // 15
    first, second = report["days"][5:15], report["days"][15:]
    for what, leeway in (("objects", 1.01), ("resident", 1.05)):
        before, after = (median(day[what] for day in half) for half in (first, second))
        assert after < leeway * before, (what, [day[what] for day in report["days"]])
    check_size(report["days"])


def check_size(days: list[dict[str, Any]]) -> None:
    """From the second week of pruning on the file grows only by what stays for ever: hits, stories, alerts."""
    assert all(day["oldest_fetch"] < 8.1 for day in days)
    settled = days[14:]
    idle = [day["idle"] for day in settled]
    assert max(idle) < 1.05 * min(idle), idle
    assert settled[-1]["database"] < 1.25 * settled[0]["database"], [day["database"] for day in settled]
