"""Apprise's services, spoken to over loopback: what each is sent, and what becomes of a refusal."""

import json
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from pydantic import ValidationError

from pipeline.alert.channels.apprise import Channel
from pipeline.model import SendFailed, Sent
from pipeline.observe import configure_logging
from tests.builders_alert import Reply, receiver
from tests.builders_message import HOSTILE, alert, company, digest, story, update, warning

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
TELEGRAM = "tgram://123456789:abcdefg_hijklmnop-ABCDEFGHIJKLMNO/12315544"


@contextmanager
def service(monkeypatch, plugin, attribute, *script, path=""):
    """The service's own code, its server replaced by one on loopback."""
    Channel(url="json://localhost")  # loads the library
    with receiver(*script) as server:
        monkeypatch.setattr(f"apprise.plugins.{plugin}.{attribute}", server.url + path)
        yield server


@pytest.fixture
def slack(monkeypatch):
    with service(monkeypatch, "slack", "NotifySlack.webhook_url") as server:
        server.answer = lambda request: Reply(200, body=b"ok")
        yield server


@pytest.fixture
def telegram(monkeypatch):
    with service(monkeypatch, "telegram", "NotifyTelegram.notify_url", path="/bot") as server:
        server.answer = lambda request: Reply(200, body=b'{"ok": true, "result": {}}')
        yield server


def own(server, scheme="json"):
    """The address of a service that people run themselves."""
    return server.url.replace("http", scheme, 1)


def hostile():
    return story(
        title=HOSTILE,
        summary="",
        publisher="<i>P</i>",
        url="javascript:alert(1)",
        also_at=[{"publisher": "*P*", "title": "x", "url": "https://e.example/(a)?b&c"}],
        companies=[company(name="Mi & Co")],
    )


# --------------------------------------------------------------------------- what each is sent


def test_slack_gets_its_own_markup_and_the_title_as_a_link(slack):
    assert Channel(url=SLACK).send(alert(update(severity="high"))) == Sent()

    (attachment,) = slack.requests[0].json["attachments"]
    assert attachment["title"] == ""
    assert attachment["text"].splitlines() == [
        "*<https://news.example/plant?a=1&amp;b=2|[HIGH] Update: Xiaomi: Xiamio opens a plant in Gdynia>*  ",
        "Example News · 2 Mar 2026, 08:30 UTC  ",
        "*New:* 40 million euros  ",
        "*New:* Northwind is named too  ",
        "",
        "The plant will build speakers.",
        "",
        "Began with <https://wire.example/1|Xiaomi looks for a site>, Wire, 1 Mar 2026, 12:00 UTC",
        "",
        'Why Xiaomi: "Xiamio" in the title (fuzzy, taken for "Xiaomi")  ',
        "The story also at <https://times.example/plant|Sample Times>",
    ]


def test_a_hostile_feed_calls_nobody_in_slack_and_makes_no_link(slack):
    Channel(url=SLACK).send(alert(hostile()))

    (attachment,) = slack.requests[0].json["attachments"]
    title = (
        r"&lt;%s!channel&gt; @%shere &lt;b&gt;x&lt;/b&gt; &amp; \*b\* \_i\_ \`c\` [click](javascript:alert(1)) "
        r"{{ 7\*7 }} Bcc: all@%sevil.example [2Jevil"
    ) % (("\u2060",) * 3)
    assert attachment["text"].splitlines() == [
        f"*Mi &amp; Co: {title}*  ",
        "&lt;i&gt;P&lt;/i&gt; · 2 Mar 2026, 08:30 UTC  ",
        "",
        'Why Mi &amp; Co: "Xiamio" in the title (fuzzy, taken for "Mi &amp; Co")  ',
        "Also at <https://e.example/%28a%29?b&amp;c|\\*P\\*>",
    ]


def test_a_hostile_feed_is_text_in_telegram(telegram):
    assert Channel(url=TELEGRAM).send(alert(hostile())) == Sent()

    message = telegram.requests[0].json
    title = (
        "&lt;\u2060!channel&gt; @\u2060here &lt;b&gt;x&lt;/b&gt; &amp; *b* _i_ `c` [click](javascript:alert(1)) "
        "{{ 7*7 }} Bcc: all@\u2060evil.example [2Jevil"
    )
    assert message["parse_mode"] == "HTML"
    assert [line.strip() for line in message["text"].splitlines() if line.strip()] == [
        f"<b>Mi &amp; Co: {title}</b>",
        "&lt;i&gt;P&lt;/i&gt; · 2 Mar 2026, 08:30 UTC",
        'Why <b>Mi &amp; Co</b>: "Xiamio" in the title (fuzzy, taken for "Mi &amp; Co")',
        'Also at <a href="https://e.example/(a)?b&amp;c">*P*</a>',
    ]


def test_a_hostile_feed_calls_nobody_in_discord(monkeypatch):
    with service(monkeypatch, "discord", "NotifyDiscord.notify_url") as server:
        assert Channel(url=DISCORD).send(alert(hostile())) == Sent()

    message = server.requests[0].json
    assert message["content"].splitlines()[0] == (
        r"**Mi & Co: \<%s!channel\> @%shere \<b\>x\</b\> & \*b\* \_i\_ \`c\` \[click\](javascript:alert(1)) {{ 7\*7 }} "
        r"Bcc: all@%sevil.example \[2Jevil**  " % (("\u2060",) * 3)
    )
    assert "allow_mentions" not in message


def test_mattermost_shows_markdown_and_so_it_gets_markdown():
    with receiver(Reply(200, body=b"ok")) as server:
        address = own(server, "mmost").removesuffix("/in") + "/" + "a" * 26
        assert Channel(url=address).send(alert(hostile())) == Sent()

    assert server.requests[0].json["text"].startswith(r"**Mi & Co: \<")


def test_a_program_gets_a_title_and_text():
    with receiver() as server:
        assert Channel(url=own(server)).send(alert(digest([story(), update()], severity="urgent"))) == Sent()

    sent = server.requests[0].json
    assert sent["title"] == "[URGENT] Daily digest: 1 story and 1 update about Xiaomi"
    assert sent["type"] == "failure"
    assert sent["message"].splitlines()[:2] == ["Xiaomi (2)", "- Xiamio opens a plant in Gdynia"]


def test_an_alert_that_is_all_title_is_sent():
    bare = story(url="", publisher="", published_at=None, summary="", companies=[], also_at=[], rules=[])
    with receiver() as server:
        assert Channel(url=own(server)).send(alert(bare)) == Sent()

    assert server.requests[0].json["message"] == "Xiamio opens a plant in Gdynia"


def test_the_address_may_ask_for_a_format():
    with receiver() as server:
        Channel(url=own(server) + "?format=html").send(alert(story()))

    assert server.requests[0].json["message"].startswith('<a href="https://news.example/plant?a=1&amp;b=2">')


@pytest.mark.parametrize("count", [1, 50])
def test_a_message_keeps_to_the_length_that_the_service_takes(telegram, count):
    items = [
        story(number, title=f"A headline of some length, and rather long, number {number:02}")
        for number in range(count)
    ]

    assert Channel(url=TELEGRAM).send(alert(digest(items))) == Sent()

    assert len(telegram.requests) == 1
    text = telegram.requests[0].json["text"]
    assert len(text) <= 4096
    assert ("more stories that did not fit in here" in text) == (count == 50)
    assert text.count("<b>") == text.count("</b>")


def test_a_megabyte_is_one_message(telegram):
    huge = story(title="&" * 1_000_000, summary="<" * 1_000_000)

    assert Channel(url=TELEGRAM).send(alert(huge)) == Sent()
    assert [len(request.json["text"]) <= 4096 for request in telegram.requests] == [True]


def test_a_template_of_the_users_own_is_used(tmp_path, slack):
    (tmp_path / "story.md").write_text("*{{ title }}*")

    Channel.model_validate({"url": SLACK, "templates": tmp_path}).send(alert(story(title="*x*")))

    assert slack.requests[0].json["attachments"][0]["text"] == r"_\*x\*_"


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (Reply(500), SendFailed("JSON: answered 500 Internal Server Error")),
        (Reply(403, body=b"token TIiajkdnlazkcOXrIdevi7FQ refused"), SendFailed("JSON: answered 403 Forbidden")),
        (Reply(429), SendFailed("JSON: answered 429 Too Many Requests", timedelta(minutes=1))),
        (Reply(302, {"Location": "http://127.0.0.1:9/"}), SendFailed("JSON: answered 302 Found")),
        (Reply(0), SendFailed("JSON: cannot connect, or the connection broke")),
    ],
)
def test_a_refusal_is_told_by_its_status_and_by_nothing_else(reply, result):
    with receiver(reply) as server:
        assert Channel(url=own(server)).send(alert(story())) == result


def test_a_fault_in_apprise_is_a_failure(monkeypatch, slack):
    def raises(*args, **kwargs):
        raise KeyError(SLACK)

    monkeypatch.setattr("apprise.plugins.slack.NotifySlack.send", raises)

    assert Channel(url=SLACK).send(alert(story())) == SendFailed("Slack: a fault in Apprise (KeyError)")


def test_nothing_that_apprise_says_gets_into_the_log():
    said = StringIO()
    configure_logging(format="json", level="debug", stream=said)
    with receiver(Reply(500)) as server:
        Channel(url=own(server).replace("/in", "/a-token-in-the-path")).send(alert(warning()))
    with pytest.raises(ValidationError):
        Channel(url="slack://only-one-part-of-a-secret")

    assert said.getvalue() == ""


# --------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https//hooks.example", "must begin with the name of a service and ://, such as slack://"),
        ("slakc://T1/A1/X", "begins with slakc://, which is no service of Apprise"),
        ("slack://T1", "is no complete slack:// address: see Apprise's page about the service"),
    ],
)
def test_an_address_that_apprise_does_not_take_is_a_fault_and_not_shown(url, fault):
    with pytest.raises(ValidationError) as raised:
        Channel(url=url)

    assert fault in str(raised.value)
    assert "T1" not in str(raised.value)
    assert "hooks.example" not in str(raised.value)


def test_what_is_unwise_is_told_without_the_address():
    assert list(Channel(url="json://hooks.example/token").concerns()) == [
        ("its alerts are sent unencrypted", "use jsons://")
    ]
    assert list(Channel(url="json://127.0.0.1/token").concerns()) == []
    assert list(Channel(url=SLACK).concerns()) == []
    assert list(Channel(url="mailtos://a:b@example.com").concerns()) == [
        ("mail by Apprise has no List-Id, and no thread for a story", 'use kind = "email"')
    ]


def test_a_server_of_ones_own_is_connected_to_and_sent_nothing():
    with receiver() as server:
        assert Channel(url=own(server)).probe() == ""
        address = own(server)
    assert server.requests == []

    assert "cannot connect" in (Channel(url=address).probe() or "")


def test_what_apprise_would_connect_to_may_be_unknown():
    assert Channel(url="syslog://").probe() is None


def test_the_address_is_not_shown():
    channel = Channel(url=SLACK)

    assert "TIiajkdnlazkcOXrIdevi7FQ" not in repr(channel)
    assert channel.receiver() == SLACK


def test_apprise_is_loaded_with_the_first_such_channel_and_not_before():
    code = (
        "import sys; from pipeline.plugins import kinds;"
        "assert 'apprise' in kinds(role='Channel', package='pipeline.alert.channels');"
        "import pipeline.cli; assert 'apprise' not in sys.modules;"
        "from pipeline.alert.channels.apprise import Channel; Channel(url='json://localhost');"
        "assert 'apprise' in sys.modules"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_several_threads_send_at_once():
    from concurrent.futures import ThreadPoolExecutor

    with receiver() as server, ThreadPoolExecutor(Channel.in_flight) as pool:
        channel = Channel(url=own(server))
        results = list(pool.map(channel.send, [alert(story(number, title=f"T{number}")) for number in range(8)]))

    assert results == [Sent()] * 8
    assert sorted(json.loads(request.body)["title"] for request in server.requests) == [
        f"Xiaomi: T{number}" for number in range(8)
    ]
