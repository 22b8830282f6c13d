"""A receiver that fails at random, a sender killed at random: all arrives, in order, and each repeat is known."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.alert.channels.webhook import Channel
from pipeline.model import Alert
from pipeline.store import Store
from pipeline.store.outbox import insert
from tests.builders_alert import NOW, Receiver, Reply, Request, alert, receiver
from tests.builders_run import ask

TELLINGS = 4  # of a story: its alert and the updates
WEBHOOK = 'kind = "webhook"\nurl = "{url}"\ntimeout = 0.3'
IN_FLIGHT = getattr(Channel, "in_flight", 1)


def owing(folder: Path, alerts: Sequence[Alert], channel: str) -> Path:
    """A configuration of one channel, by which these alerts are owed; ``channel`` is the table without its id."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "newsward.toml").write_text(
        f'feeds = []\ncompanies = []\n[store]\ndatabase = "newsward.db"\n[[channel]]\nid = "desk"\n{channel}\n',
        encoding="utf-8",
    )
    with Store.open(folder / "newsward.db") as store, store._writing() as connection:
        insert(connection, alerts)
    return folder


def told(stories: int) -> list[Alert]:
    """The alerts of so many stories, each with its updates a minute apart."""
    return [
        alert(
            f"story{story:03}-{number}",
            story=f"story{story:03}",
            kind="update" if number else "story",
            created_at=NOW + timedelta(minutes=number),
            not_before=NOW + timedelta(minutes=number),
            payload={"id": f"story{story:03}-{number}", "url": "", "also_at": []},
        )
        for number in range(TELLINGS)
        for story in range(stories)
    ]


def failing(dice: random.Random) -> Reply:
    """One answer in eight is none, late, or a refusal that may pass."""
    faults = [Reply(500), Reply(503), Reply(0), Reply(0), Reply(429, {"Retry-After": "30"}), Reply(204, after=0.8)]
    return dice.choice(faults) if dice.random() < 0.12 else Reply(204)


def start(folder: Path, now: datetime) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.sender", str(folder), now.isoformat()]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def is_killed(process: subprocess.Popen[bytes], arrived: Callable[[], int], dice: random.Random) -> bool:
    """Kills the sender when a few more messages have arrived; False when it was done before."""
    enough = arrived() + dice.randint(1, 12)
    while arrived() < enough and process.poll() is None:
        time.sleep(0.0005)
    time.sleep(dice.uniform(0, 0.004))
    was_running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return was_running


def send_all(folder: Path, arrived: Callable[[], int], kills: int, dice: random.Random) -> int:
    """Passes ten minutes apart until nothing waits, the first of them cut off; how many were. ``arrived`` tells how
    many messages the receiver has got, of whatever kind it is."""
    now, killed = NOW + timedelta(hours=1), 0
    while ask(folder / "newsward.db", "SELECT 1 FROM alerts WHERE state = 'pending' LIMIT 1"):
        process = start(folder, now)
        if killed < kills:
            killed += is_killed(process, arrived, dice)
        else:
            _, talk = process.communicate(timeout=120)
            assert process.returncode == 0, talk.decode()
        now += timedelta(minutes=10)
    return killed


def accepted(received: Receiver) -> Mapping[str, list[int]]:
    """At which places among the requests each alert was taken by the receiver, in time."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, (request, reply) in enumerate(received.replies):
        if reply.status == 204 and not reply.after:
            places[key(request)].append(place)
    return places


def key(request: Request) -> str:
    return request.headers["idempotency-key"]


def first_places(received: Receiver) -> Mapping[str, int]:
    first: dict[str, int] = {}
    for place, (request, _) in enumerate(received.replies):
        first.setdefault(key(request), place)
    return first


def nothing_is_lost(folder: Path, *, stories: int, kills: int, seed: int) -> None:
    alerts, dice = told(stories), random.Random(seed)
    with receiver() as received:
        received.answer = lambda request: failing(dice)
        owing(folder, alerts, WEBHOOK.format(url=received.url))
        killed = send_all(folder, lambda: len(received.requests), kills, dice)
    taken, first = accepted(received), first_places(received)
    bodies: dict[str, set[bytes]] = defaultdict(set)
    for request in received.requests:
        bodies[key(request)].add(request.body)

    assert set(first) == {one.id for one in alerts}
    assert ask(folder / "newsward.db", "SELECT state, count(*) FROM alerts GROUP BY 1") == [("sent", len(alerts))]
    assert killed == kills
    # What was taken and not noted is sent again: at most what was under way when the sender was killed.
    repeats = sum(len(places) - 1 for places in taken.values())
    assert repeats <= kills * IN_FLIGHT
    assert [one for one in bodies.values() if len(one) > 1] == []
    for story in range(stories):
        for number in range(1, TELLINGS):
            before, after = f"story{story:03}-{number - 1}", f"story{story:03}-{number}"
            # One that was only answered late counts as not sent, so that it may be without a place here.
            assert min(taken[before]) < first[after]


@pytest.mark.timeout(600)  # some thirty processes are started
def test_a_sender_killed_ten_times_loses_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    nothing_is_lost(tmp_path, stories=40, kills=10, seed=1)


def test_an_undisturbed_sender_repeats_nothing_that_was_taken(tmp_path: Path) -> None:
    nothing_is_lost(tmp_path, stories=12, kills=0, seed=2)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_sender_killed_a_hundred_times_loses_nothing_of_a_thousand_alerts(tmp_path: Path) -> None:
    nothing_is_lost(tmp_path, stories=250, kills=100, seed=int(time.time()))
