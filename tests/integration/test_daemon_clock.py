"""The real scheduler under a wall clock that is set forward and back while it waits for the next tick."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from apscheduler.schedulers import base

from pipeline import daemon as module
from pipeline.config import load
from pipeline.daemon import Daemon, serve
from tests.builders_run import write_config

JUMPS = (3600, 365 * 86400, -3600, -365 * 86400)  # seconds


class WallClock:
    """The system's clock as far as daemon and scheduler see it, and who has looked at it for a tick."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self.ticks: list[datetime] = []

    def tick(self) -> datetime:
        self.ticks.append(self.now(UTC))
        return self.ticks[-1]

    def now(self, zone: tzinfo) -> datetime:
        return datetime.now(zone) + self.offset


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    clock = WallClock()

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            assert tz is not None
            return clock.now(tz)

    monkeypatch.setattr(base, "datetime", Shifted)
    monkeypatch.setattr(module, "datetime", Shifted)
    monkeypatch.setattr(module, "_LOOK_AT_CLOCK", 0.2)
    return clock


def test_the_ticks_go_on_in_their_rhythm_whatever_becomes_of_the_clock(tmp_path: Path, clock: WallClock) -> None:
    write_config(tmp_path, [])
    with (tmp_path / "newsward.toml").open("a", encoding="utf-8") as file:
        file.write('\n[daemon]\ntick = "1 second"\n')
    daemon = Daemon(load(tmp_path, {}), lambda files: load(tmp_path, {}, files), clock.tick)
    counts: list[int] = []

    def jump() -> None:
        try:
            for seconds in JUMPS:
                before = len(clock.ticks)
                began = time.monotonic()
                clock.offset += timedelta(seconds=seconds)
                while len(clock.ticks) < before + 2 and time.monotonic() < began + 30:
                    time.sleep(0.05)
                # A second each, one that was on its way, one that makes up for the gap.
                counts.append(len(clock.ticks) - before - int(time.monotonic() - began))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    jumper = threading.Thread(target=jump)
    jumper.start()
    serve(daemon)
    jumper.join()

    assert len(counts) == len(JUMPS)
    assert all(count <= 3 for count in counts), counts
    steps = [later - sooner for sooner, later in zip(clock.ticks, clock.ticks[1:], strict=False)]
    assert [step for step in steps if step < timedelta()] != []  # the clock was set back between two ticks
    assert len(clock.ticks) >= 2 * len(JUMPS)
