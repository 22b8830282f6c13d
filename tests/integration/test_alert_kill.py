"""A receiver that fails at random, a sender killed at random: all arrives, in order, and each repeat is known."""

# ruff: noqa: N802 - the names of a handler are aiosmtpd's

from __future__ import annotations

import asyncio
import email
import email.policy
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from pipeline.alert.channels.email import Channel as Mail
from pipeline.alert.channels.webhook import Channel as Webhook
from pipeline.model import Alert
from pipeline.store import Store
from pipeline.store.outbox import insert
from tests.builders_alert import NOW, Receiver, Reply, Request, alert, receiver
from tests.builders_mail import mail_server
from tests.builders_run import ask

TELLINGS = 4  # of a story: its alert and the updates
WEBHOOK = 'kind = "webhook"\nurl = "{url}"\ntimeout = 0.3'
MAIL = """
kind = "email"
host = "127.0.0.1"
port = {port}
tls = "none"
sender = "news@example.com"
to = ["desk@example.com"]
timeout = 2"""


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
    assert repeats <= kills * Webhook.in_flight
    assert [one for one in bodies.values() if len(one) > 1] == []
    for story in range(stories):
        for number in range(1, TELLINGS):
            before, after = f"story{story:03}-{number - 1}", f"story{story:03}-{number}"
            # One that was only answered late counts as not sent, so that it may be without a place here.
            assert min(taken[before]) < first[after]


# --------------------------------------------------------------------------- by mail


@dataclass(frozen=True)
class Conduct:
    """What the mail server does with a mail: refuses it at a command, or reads it and then answers late or not."""

    refuses: Mapping[str, str] = field(default_factory=dict)  # by command
    is_cut: bool = False  # when the mail was read
    after: float = 0  # seconds


WELL = Conduct()
FAULTS = (
    Conduct({"EHLO": "421 mail.example is going down"}),
    Conduct({"MAIL": "452 4.3.1 no room"}),
    Conduct({"MAIL": "550 5.7.1 not before you have been seen more often"}),
    Conduct({"RCPT": "450 4.2.0 greylisted"}),
    Conduct({"RCPT": "552 5.2.2 the box is full"}),
    Conduct({"DATA": "451 4.7.1 try later"}),
    Conduct({"DATA": "550 5.4.5 enough for today"}),
    Conduct(is_cut=True),
    Conduct(is_cut=True),
    Conduct(after=3),
)


class MailReceiver:
    """A mail server that behaves in a way of its own towards each mail, and keeps those that it has read."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.mails: list[tuple[EmailMessage, Conduct]] = []

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        # One mail in eight; each has a connection of its own.
        session.conduct = self.dice.choice(FAULTS) if self.dice.random() < 0.12 else WELL
        refusal = session.conduct.refuses.get("EHLO")
        return [refusal] if refusal else responses

    async def handle_HELO(self, server: Any, session: Any, envelope: Any, hostname: str) -> str:
        session.host_name = hostname
        return str(session.conduct.refuses.get("EHLO", "250 mail.example"))

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        envelope.mail_from = address
        return str(session.conduct.refuses.get("MAIL", "250 OK"))

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if refusal := session.conduct.refuses.get("RCPT"):
            return str(refusal)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        conduct: Conduct = session.conduct
        self.mails.append((email.message_from_bytes(envelope.original_content, policy=email.policy.default), conduct))
        await asyncio.sleep(conduct.after)
        if conduct.is_cut:
            server.transport.abort()
        return str(conduct.refuses.get("DATA", "250 taken"))


def name(mail: EmailMessage) -> str:
    """The alert, by its Message-ID."""
    return str(mail["Message-ID"]).removeprefix("<").removesuffix("@example.com>")


def said(mail: EmailMessage) -> tuple[str, ...]:
    """All of the mail but the borders between its parts, which are drawn anew each time."""
    headers = [f"{header}: {value}" for header, value in mail.items() if header not in ("Content-Type", "X-Peer")]
    parts = [str(part.get_content()) for part in mail.iter_parts()]
    return (*headers, *parts)


def no_mail_is_lost(folder: Path, *, stories: int, kills: int, seed: int) -> None:
    alerts, dice = told(stories), random.Random(seed)
    received = MailReceiver(random.Random(seed + 1))
    with mail_server(received) as port:
        owing(folder, alerts, MAIL.format(port=port))
        killed = send_all(folder, lambda: len(received.mails), kills, dice)
    taken: dict[str, list[int]] = defaultdict(list)
    read: dict[str, list[int]] = defaultdict(list)
    contents: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for place, (mail, conduct) in enumerate(received.mails):
        read[name(mail)].append(place)
        contents[name(mail)].add(said(mail))
        if conduct == WELL:
            taken[name(mail)].append(place)

    assert set(taken) == {one.id for one in alerts}
    assert ask(folder / "newsward.db", "SELECT state, count(*) FROM alerts GROUP BY 1") == [("sent", len(alerts))]
    assert killed == kills
    assert sum(len(places) - 1 for places in taken.values()) <= kills * Mail.in_flight
    assert [one for one in contents.values() if len(one) > 1] == []
    for story in range(stories):
        for number in range(1, TELLINGS):
            before, after = f"story{story:03}-{number - 1}", f"story{story:03}-{number}"
            assert taken[before][0] < read[after][0]
    threads = {str(mail["References"]): name(mail)[:8] for mail, _ in received.mails}
    assert len(threads) == len(set(threads.values())) == stories


# --------------------------------------------------------------------------- the tests


@pytest.mark.timeout(600)  # some thirty processes are started
def test_a_sender_killed_ten_times_loses_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    nothing_is_lost(tmp_path, stories=40, kills=10, seed=1)


def test_an_undisturbed_sender_repeats_nothing_that_was_taken(tmp_path: Path) -> None:
    nothing_is_lost(tmp_path, stories=12, kills=0, seed=2)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_sender_killed_a_hundred_times_loses_nothing_of_a_thousand_alerts(tmp_path: Path) -> None:
    nothing_is_lost(tmp_path, stories=250, kills=100, seed=int(time.time()))


# A connection that the loop has taken and not yet begun with is left to the garbage collector, which says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(600)
def test_a_sender_of_mail_killed_ten_times_loses_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    no_mail_is_lost(tmp_path, stories=40, kills=10, seed=3)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_sender_of_mail_killed_a_hundred_times_loses_nothing_of_a_thousand_alerts(tmp_path: Path) -> None:
    no_mail_is_lost(tmp_path, stories=250, kills=100, seed=int(time.time()))
