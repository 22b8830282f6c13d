import socket
import threading
import time
from base64 import b64encode
from datetime import timedelta
from itertools import cycle
from random import Random

import pytest
from pydantic import ValidationError

from pipeline.alert import AlertOptions, Outcome, Rule, deliver
from pipeline.alert.channels.webhook import Channel, sign
from pipeline.model import SendFailed, Sent
from tests.builders_alert import NOW, OneAtATime, Outbox, Reply, alert, candidate, receiver, route, still, violations
from tests.proxy_server import ProxyServer

KEY = bytes(range(32))


@pytest.fixture
def received():
    with receiver() as running:
        yield running


@pytest.fixture
def channel(received):
    made = Channel(
        url=f"{received.url}/private?token=abc",
        secret=f"whsec_{b64encode(KEY).decode()}",
        headers={"Authorization": "Bearer abc"},
        timeout=2,
    )
    yield made
    made.close()


def story(title="小米 opens a plant", **changes):
    (one,) = route([candidate(title=title, **changes)], [Rule(name="all", channels=["desk"])], names={"xiaomi": "小米"})
    return one


def test_an_alert_arrives_as_json_under_its_id_and_signed(received, channel):
    owed_alert = story()

    assert channel.send(owed_alert) == Sent("204")

    (request,) = received.requests
    assert request.path == "/in/private?token=abc"
    assert request.json == owed_alert.payload
    assert violations(request.json) == []
    assert "小米".encode() in request.body
    headers = request.headers
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("newsward/")
    assert headers["authorization"] == "Bearer abc"
    assert headers["idempotency-key"] == headers["webhook-id"] == owed_alert.id
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert headers["webhook-signature"] == sign(KEY, owed_alert.id, int(headers["webhook-timestamp"]), request.body)


def test_without_a_secret_nothing_is_signed_and_credentials_become_basic_auth(received):
    bare = Channel(url=received.url.replace("http://", "http://user:word@"))

    assert bare.send(alert()) == Sent("204")
    bare.close()

    assert "webhook-signature" not in received.requests[0].headers
    assert received.requests[0].headers["authorization"] == f"Basic {b64encode(b'user:word').decode()}"


def test_one_connection_serves_many_alerts_and_a_closed_channel_opens_again(received, channel):
    received.answer = lambda request: Reply(200, body=b"thanks")
    for number in range(5):
        channel.send(alert(f"a{number}"))
    channel.close()
    channel.send(alert("late"))

    assert (len(received.requests), received.connections) == (6, 2)


@pytest.mark.parametrize(
    "title",
    [
        "One\r\nX-Evil: 1\r\n\r\n{}",
        '"}, {"title": "forged',
        "<!channel> <https://evil.example|click> [a](javascript:x) <script>",
        "\u202egnp.exe \x1b[2J \x00",
        "lone \ud83d surrogate",
    ],
)
def test_a_hostile_title_is_data_in_one_json_string(received, channel, title):
    channel.send(story(title, url="javascript:alert(1)"))

    (request,) = received.requests
    assert request.json["title"] == " ".join(title.replace("\ud83d", "\ufffd").split())
    assert request.json["url"] == ""
    assert "x-evil" not in request.headers
    assert violations(request.json) == []


def test_a_megabyte_of_title_is_a_small_request(received, channel):
    channel.send(story("A" * 1_000_000, text="B" * 1_000_000))

    assert len(received.requests[0].body) < 3_000


@pytest.mark.parametrize("status", [400, 410, 413, 414, 415, 422, 431])
def test_a_message_that_is_refused_is_refused_for_good(received, channel, status):
    received.script = [Reply(status)]

    result = channel.send(alert())

    assert result.permanent
    assert result.reason.startswith(f"127.0.0.1: answered {status} ")


@pytest.mark.parametrize("status", [401, 403, 404, 405, 408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_a_receiver_that_is_not_ready_may_be_later(received, channel, status):
    received.script = [Reply(status)]

    result = channel.send(alert())

    assert isinstance(result, SendFailed)
    assert not result.permanent
    assert result.retry_after is None


@pytest.mark.parametrize("status", [413, 429, 503])
def test_a_wish_to_wait_is_passed_on_and_nothing_is_for_good_then(received, channel, status):
    received.script = [Reply(status, {"Retry-After": "90"})]

    result = channel.send(alert())

    assert (result.retry_after, result.permanent) == (timedelta(seconds=90), False)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_the_remedy_told(received, channel, status):
    received.script = [Reply(status, {"Location": f"{received.url}/elsewhere?token=abc"})]

    result = channel.send(alert())

    assert len(received.requests) == 1
    assert "configure the new address" in result.reason
    assert not result.permanent
    assert "token" not in result.reason


def test_a_connection_cut_after_the_request_is_a_failure_that_may_pass(received, channel):
    received.script = [Reply(0)]

    result = channel.send(alert())

    assert result.reason.startswith("127.0.0.1: no proper answer (Server disconnected")
    assert not result.permanent


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 401 bad %s\r\n\r\n", b"SSH-2.0 %s\r\n\r\n", b"HTTP/1.1 200\r\n%s\r\n\r\n"]
)
def test_a_receiver_that_echoes_the_request_does_not_make_its_secrets_known(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo() -> None:
            connection, _ = server.accept()
            with connection:
                path = connection.recv(65_536).split(b" ")[1]
                connection.sendall(answer % path)

        thread = threading.Thread(target=echo)
        thread.start()
        result = Channel(url=f"http://127.0.0.1:{server.getsockname()[1]}/hooks/S3SAME-token").send(alert())
        thread.join()

    assert "S3SAME" not in result.reason
    assert result.reason.startswith(("127.0.0.1: answered 401 Unauthorized", "127.0.0.1: no proper answer (illegal"))


def test_an_answer_that_breaks_off_after_its_status_counts(received, channel):
    received.script = [Reply(200, body=b"half", announced=1_000)]

    assert channel.send(alert()) == Sent("200")


def test_a_long_answer_is_left_and_the_next_alert_goes_on(received, channel):
    received.script = [Reply(200, body=b"x" * 1_000_000)]

    assert channel.send(alert()) == Sent("200")
    assert channel.send(alert("a2")) == Sent("204")
    assert received.connections == 2


def test_nobody_listening_is_told_without_the_address():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    result = Channel(url=f"http://user:word@127.0.0.1:{port}/private?token=abc").send(alert())

    assert result.reason == "127.0.0.1: cannot connect ([Errno 111] Connection refused)"
    assert not result.permanent


def test_a_receiver_that_does_not_answer_costs_no_more_than_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = Channel(url=f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.1)
        began = time.monotonic()
        result = slow.send(alert())
        slow.close()

    assert result.reason == "127.0.0.1: no answer within 0.1 s"
    assert time.monotonic() - began < 1.5


def test_every_alert_arrives_though_the_receiver_fails_at_random(received, channel):
    random = Random(7)
    faults = cycle(
        [Reply(500), Reply(503, {"Retry-After": "20"}), Reply(429, {"Retry-After": "60"}), Reply(0), Reply(401)]
    )
    received.answer = lambda request: next(faults) if random.random() < 0.4 else Reply(200)
    alerts = [story(story=f"s{number}") for number in range(100)]
    outbox = Outbox.of(*alerts)
    now, total = NOW, 0

    for _ in range(300):
        outcome = deliver(outbox, {"desk": channel}, now=now, options=AlertOptions(), clock=still(now))
        total += outcome.sent
        if set(outbox.states().values()) == {"sent"}:
            break
        now += timedelta(minutes=1)

    assert total == 100
    assert {request.headers["idempotency-key"] for request in received.requests} == {one.id for one in alerts}
    assert len(received.requests) == len(outbox.deliveries)
    assert not any(delivery.dead for delivery in outbox.deliveries)


def test_a_dead_receiver_does_not_hold_the_other(received, channel):
    with receiver() as other:
        other.answer = lambda request: Reply(500)
        broken = OneAtATime(url=other.url)
        outbox = Outbox.of(*(alert(f"{name}{n}", name) for n in range(20) for name in ("broken", "desk")))

        outcome = deliver(outbox, {"desk": channel, "broken": broken}, now=NOW, options=AlertOptions())
        broken.close()

    assert outcome == Outcome(sent=20, waiting=20)
    assert len(other.requests) == 3


def test_a_receiver_is_asked_by_a_proxy_that_logs_in() -> None:
    with (
        receiver() as inbox,
        ProxyServer(
            int(inbox.url.split(":")[2].partition("/")[0]), login=f"Basic {b64encode(b'ana:pw').decode()}"
        ) as proxy,
    ):
        channel = Channel(url="http://desk.example/in", proxy=f"http://ana:pw@{proxy.address}")
        result = channel.send(story())
        channel.close()

        assert (result, channel.probe()) == (Sent("204"), "")
        assert proxy.asked == ["POST http://desk.example/in HTTP/1.1"]
        assert [request.headers["host"] for request in inbox.requests] == ["desk.example"]
        assert "pw" not in repr(channel)


@pytest.mark.parametrize("proxy", ["socks5://a.example:1080", "http://a.example/path", "a.example:3128"])
def test_what_is_no_http_proxy_is_refused_without_its_words(proxy: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Channel(url="http://desk.example/in", proxy=proxy)

    assert "a.example" not in str(refused.value)
