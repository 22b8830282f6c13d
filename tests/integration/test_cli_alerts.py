"""``newsward alerts``: what is listed, tried again, sent again, and tested."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.model import Alert, Circuit, Delivery, SendFailed, Sent
from pipeline.store import Store
from pipeline.store.outbox import insert
from tests.builders_alert import Receiver, Reply, alert, receiver
from tests.builders_cli import newsward
from tests.builders_run import ask
from tests.builders_store import claim, folded_plainly

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
QUIET = f'quiet = "{NOW:%H:%M}-{NOW + timedelta(hours=3):%H:%M}"'


@pytest.fixture
def inbox() -> Receiver:
    with receiver(Reply(204)) as received:
        yield received


def watch(folder: Path, inbox: Receiver, more: str = "") -> Path:
    (folder / "newsward.toml").write_text(
        f'feeds = []\ncompanies = []\n[store]\ndatabase = "newsward.db"\n'
        f'[[channel]]\nid = "desk"\nkind = "webhook"\nurl = "{inbox.url}"\n{more}\n'
        f'[[channel]]\nid = "screen"\nkind = "stdout"\n',
        encoding="utf-8",
    )
    return folder


def put(folder: Path, *alerts: Alert) -> Path:
    with Store.open(folder / "newsward.db") as store, store._writing() as connection:
        insert(connection, alerts)
    return folder


def owed(id: str, channel: str = "desk", **changes: object) -> Alert:
    payload = {"id": id, "title": f"News {id}", "url": "", "also_at": []}
    return alert(id, channel, **{"created_at": NOW, "not_before": NOW, "payload": payload, **changes})


def settle(folder: Path, **states: str) -> None:
    """Alerts as an attempt has left them: sent, dead or pending."""
    with Store.open(folder / "newsward.db") as store:
        for alert_id, state in states.items():
            result = Sent("204") if state == "sent" else SendFailed("answered 500")
            again = datetime.now(UTC) + timedelta(hours=3) if state == "pending" else None
            store.record([Delivery(alert_id, "desk", NOW, 1, result, again, dead=state == "dead")])


def keys(inbox: Receiver) -> list[str]:
    return [request.headers["idempotency-key"] for request in inbox.requests]


def states(folder: Path) -> dict[object, object]:
    return dict(ask(folder / "newsward.db", "SELECT id, state FROM alerts"))


# --------------------------------------------------------------------------- list


def test_alerts_are_listed_by_channel_and_state(tmp_path: Path, inbox: Receiver) -> None:
    folder = put(watch(tmp_path, inbox), owed("a1"), owed("a2"), owed("b1", "screen"))
    settle(folder, a1="dead")

    lines = newsward("--config", folder, "alerts", "list", "--json").lines
    dead = newsward("--config", folder, "alerts", "list", "--state", "dead", "--json").lines
    screen = newsward("--config", folder, "alerts", "list", "--channel", "screen")
    wrong = newsward("--config", folder, "alerts", "list", "--state", "gone")

    assert [line["id"] for line in lines] == ["b1", "a2", "a1"]
    assert [(line["id"], line["error"], line["title"]) for line in dead] == [("a1", "answered 500", "News a1")]
    assert "News b1" in screen.out
    assert "News a2" not in screen.out
    assert (wrong.code, "pending, sent, dead" in wrong.err) == (2, True)


def test_what_waits_is_listed_with_what_it_waits_for_and_until_when(tmp_path: Path, inbox: Receiver) -> None:
    later = datetime(2099, 3, 5, 8, tzinfo=UTC)
    held = [
        owed(f"a{number}", not_before=later, digest=digest) for number, digest in enumerate(("daily", "quiet", "cap"))
    ]
    folder = put(watch(tmp_path, inbox), *held, owed("due"), owed("tried"))
    settle(folder, tried="pending")

    told = {line.split()[-1]: line for line in newsward("--config", folder, "alerts", "list").out.splitlines()}

    assert "daily digest, 2099-03-05 08:00" in told["a0"]
    assert "quiet hours, 2099-03-05 08:00" in told["a1"]
    assert "max_per_hour, 2099-03-05 08:00" in told["a2"]
    assert "next attempt, " in told["tried"]
    assert "," not in told["due"]


# --------------------------------------------------------------------------- retry


def test_a_dead_alert_is_tried_again_now_under_its_id(tmp_path: Path, inbox: Receiver) -> None:
    folder = put(watch(tmp_path, inbox), owed("a1"), owed("a2"))
    settle(folder, a1="dead", a2="dead")

    outcome = newsward("--config", folder, "alerts", "retry", "a1", "--json")

    assert outcome.code == 0
    assert outcome.lines == [{"retried": 1, "channels": {"desk": 1}, "sent": 1, "pending": 0, "held": 0, "dead": 0}]
    assert keys(inbox) == ["a1"]
    assert states(folder) == {"a1": "sent", "a2": "dead"}


def test_all_that_wait_for_a_channel_are_tried_although_it_rests(tmp_path: Path, inbox: Receiver) -> None:
    folder = put(
        watch(tmp_path, inbox), owed("a1"), owed("a2"), owed("never tried", not_before=NOW + timedelta(days=1))
    )
    settle(folder, a1="pending", a2="pending")
    with Store.open(folder / "newsward.db") as store:
        store.record([], circuits=[Circuit("desk", 9, 5, NOW, datetime.now(UTC) + timedelta(hours=1), "x")])

    outcome = newsward("--config", folder, "alerts", "retry", "--channel", "desk")

    assert (outcome.code, outcome.out) == (0, "2 retried: 2 sent\n")
    assert keys(inbox) == ["a1", "a2"]
    assert states(folder)["never tried"] == "pending"


def test_what_fails_again_has_all_its_attempts_before_it_and_the_command_says_so(tmp_path: Path) -> None:
    with receiver() as down:
        down.answer = lambda request: Reply(500)
        folder = put(watch(tmp_path, down), owed("a1"))
        settle(folder, a1="dead")

        outcome = newsward("--config", folder, "alerts", "retry", "--all-dead")

    assert (outcome.code, outcome.out) == (1, "1 retried: 1 to be tried again\n")
    assert ask(folder / "newsward.db", "SELECT state, attempts FROM alerts") == [("pending", 1)]


def test_a_member_of_a_digest_that_was_given_up_means_the_digest(tmp_path: Path, inbox: Receiver) -> None:
    folder = put(watch(tmp_path, inbox), owed("a1", digest="daily"), owed("a2", digest="daily"))
    with Store.open(folder / "newsward.db") as store:
        (digest,) = claim(store, NOW)
        assert digest.alert.id == folded_plainly([owed("a1")]).id
    settle(folder, **{digest.alert.id: "dead"})
    assert set(states(folder).values()) == {"dead"}

    outcome = newsward("--config", folder, "alerts", "retry", "a2", "--json")

    assert outcome.lines[0]["retried"] == 1
    assert keys(inbox) == [digest.alert.id]
    assert set(states(folder).values()) == {"sent"}


def test_what_was_never_to_be_sent_is_not_raised_from_the_dead(tmp_path: Path, inbox: Receiver) -> None:
    folder = put(watch(tmp_path, inbox), owed("merged"))
    with Store.open(folder / "newsward.db") as store:
        store.database.execute("UPDATE alerts SET state = 'dead', error = 'its story was made one with another'")

    outcome = newsward("--config", folder, "alerts", "retry", "--all-dead")

    assert (outcome.code, outcome.err) == (0, "nothing to do: no alert is meant\n")
    assert keys(inbox) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name alerts, a --channel, or --all-dead"),
        (("nothing",), "no alert has the id 'nothing'"),
        (("--channel", "dezk"), "did you mean 'desk'?"),
    ],
)
def test_a_retry_of_nothing_is_refused_with_a_remedy(
    tmp_path: Path, inbox: Receiver, arguments: tuple[str, ...], words: str
) -> None:
    folder = put(watch(tmp_path, inbox), owed("a1"))

    outcome = newsward("--config", folder, "alerts", "retry", *arguments)

    assert (outcome.code, words in outcome.err) == (2, True)


def test_what_quiet_hours_hold_is_told_to_be_held(tmp_path: Path, inbox: Receiver) -> None:
    folder = put(watch(tmp_path, inbox, QUIET), owed("a1"))
    settle(folder, a1="dead")

    outcome = newsward("--config", folder, "alerts", "retry", "a1")

    assert (outcome.code, outcome.out) == (0, "1 retried: 1 held by quiet hours or a cap\n")
    assert keys(inbox) == []


# --------------------------------------------------------------------------- replay


def test_what_was_sent_is_sent_again_under_new_ids_once(tmp_path: Path, inbox: Receiver) -> None:
    folder = put(watch(tmp_path, inbox), owed("a1"), owed("a2"), owed("waits"), owed("w", kind="warning"))
    settle(folder, a1="sent", a2="sent", w="sent", waits="pending")

    counted = newsward("--config", folder, "alerts", "replay", "--since", "2 hours", "--dry-run", "--json").lines[0]
    outcome = newsward("--config", folder, "alerts", "replay", "--since", "2 hours", "--yes", "--json")

    assert (counted["would_replay"], counted["replayed"], counted["channels"][0]["alerts"]) == (2, 0, 2)
    assert outcome.lines == [{"replayed": 2, "channels": {"desk": 2}, "sent": 2, "pending": 0, "held": 0, "dead": 0}]
    sent = [request.json for request in inbox.requests]  # two stories: in either order
    assert sorted((one["title"], one["replay"]) for one in sent) == [("News a1", True), ("News a2", True)]
    assert keys(inbox) == [one["id"] for one in sent]
    assert not {"a1", "a2"} & set(keys(inbox))
    again = newsward("--config", folder, "alerts", "replay", "--since", "2 hours", "--dry-run", "--json").lines[0]
    assert again["would_replay"] == 2  # and not four


def test_nothing_is_sent_again_that_was_sent_before(tmp_path: Path, inbox: Receiver) -> None:
    folder = put(watch(tmp_path, inbox), owed("a1"))
    settle(folder, a1="sent")

    outcome = newsward("--config", folder, "alerts", "replay", "--since", "10 minutes", "--yes")

    assert (outcome.code, "nothing was sent since" in outcome.err) == (0, True)
    assert keys(inbox) == []


def test_nothing_is_sent_again_without_a_yes(tmp_path: Path, inbox: Receiver) -> None:
    folder = put(watch(tmp_path, inbox), owed("a1"))
    settle(folder, a1="sent")

    outcome = newsward("--config", folder, "alerts", "replay", "--since", "2026-03-05")

    assert (outcome.code, "give --yes" in outcome.err) == (2, True)
    assert "desk" in outcome.out
    assert len(states(folder)) == 1


def test_a_moment_that_is_none_is_refused(tmp_path: Path, inbox: Receiver) -> None:
    folder = put(watch(tmp_path, inbox))

    outcome = newsward("--config", folder, "alerts", "replay", "--since", "yesterday")

    assert (outcome.code, "neither a moment nor a duration" in outcome.err) == (2, True)


# --------------------------------------------------------------------------- test


def test_a_test_message_says_that_it_is_one_and_is_not_stored(tmp_path: Path, inbox: Receiver) -> None:
    folder = put(watch(tmp_path, inbox, QUIET))

    outcome = newsward("--config", folder, "alerts", "test", "desk", "--json")

    (request,) = inbox.requests
    assert (outcome.code, outcome.lines[0]["sent"], outcome.lines[0]["reason"]) == (0, True, None)
    assert (request.json["test"], request.json["type"]) == (True, "story")
    assert "Test message" in request.json["title"]
    assert states(folder) == {}


def test_a_test_message_that_is_not_taken_fails_with_the_reason(tmp_path: Path) -> None:
    with receiver(Reply(403)) as refusing:
        outcome = newsward("--config", watch(tmp_path, refusing), "alerts", "test", "desk")

    assert outcome.code == 1
    assert "channel 'desk': not taken: 127.0.0.1: answered 403 Forbidden" in outcome.err


def test_a_test_message_by_the_screen_leaves_the_json_line_alone(tmp_path: Path, inbox: Receiver) -> None:
    outcome = newsward("--config", watch(tmp_path, inbox), "alerts", "test", "screen", "--json")

    assert [line["channel"] for line in outcome.lines] == ["screen"]
    assert "Test message" in outcome.err


def test_a_test_message_needs_no_other_channels_secrets(tmp_path: Path, inbox: Receiver) -> None:
    folder = watch(tmp_path, inbox)
    main = folder / "newsward.toml"
    main.write_text(f'{main.read_text()}\n[[channel]]\nid = "pager"\nkind = "webhook"\nurl = "${{NOT_SET_HERE}}"\n')

    taken = newsward("--config", folder, "alerts", "test", "desk")
    lacking = newsward("--config", folder, "alerts", "test", "pager")
    unknown = newsward("--config", folder, "alerts", "test", "dekk")

    assert (taken.code, len(inbox.requests)) == (0, 1)
    assert (lacking.code, "environment variable NOT_SET_HERE is not set" in lacking.err) == (2, True)
    assert (unknown.code, "did you mean 'desk'?" in unknown.err) == (2, True)
