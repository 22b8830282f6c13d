"""Mail, handed to a real server on loopback."""

# ruff: noqa: N802 - the names of a handler are aiosmtpd's

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
import ssl

import pytest
import structlog
import trustme
from aiosmtpd.smtp import AuthResult
from pydantic import ValidationError

from pipeline.alert.channels.email import Channel
from pipeline.model import SendFailed, Sent
from tests.builders_mail import mail_server
from tests.builders_message import HOSTILE, alert, digest, story, update, warning

# A connection that the loop has taken and not yet begun with is left to the garbage collector, which says so.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Box:
    """What the server took, and what it refuses: a command's name to its answer."""

    def __init__(self, **refusals: str) -> None:
        self.taken: list[tuple[list[str], email.message.EmailMessage]] = []
        self.raw: list[bytes] = []
        self.refusals = refusals

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "RCPT" in self.refusals and address.startswith("no"):
            return self.refusals["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_MAIL(self, server, session, envelope, address, options):
        if "MAIL" in self.refusals:
            return self.refusals["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if "DATA" in self.refusals:
            return self.refusals["DATA"]
        self.raw.append(envelope.original_content)
        message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        self.taken.append((envelope.rcpt_tos, message))
        return "250 taken"


def channel(port: int = 25, **changes) -> Channel:
    values = {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "sender": "Newsward <news@example.com>",
        "to": ["desk@example.com"],
        "timeout": 5,
    }
    return Channel.model_validate({**values, **changes})


def sent(payload, **changes):
    box = Box()
    with mail_server(box) as port:
        assert channel(port, **changes).send(alert(payload)) == Sent()
    (taken,) = box.taken
    return taken


# --------------------------------------------------------------------------- the mail


def test_a_mail_says_what_it_is():
    recipients, mail = sent(story(severity="urgent"), to=["desk@example.com", "Ann Ó <ann@example.com>"])

    headers = {name: str(value) for name, value in mail.items() if not name.startswith(("Content", "X-Peer", "X-Mail"))}
    assert headers == {
        "From": "Newsward <news@example.com>",
        "To": "desk@example.com, Ann Ó <ann@example.com>",
        "Subject": "[URGENT] Xiaomi: Xiamio opens a plant in Gdynia",
        "Date": "Mon, 02 Mar 2026 09:30:00 +0000",
        "Message-ID": f"<{1:016x}@example.com>",
        "References": "<story-9d0c5b7a1e3f4c22.desk@example.com>",
        "List-Id": "<desk.newsward.example.com>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Newsward-Severity": "urgent",
        "X-Newsward-Type": "story",
        "Importance": "high",
        "MIME-Version": "1.0",
    }
    assert recipients == ["desk@example.com", "ann@example.com"]


def test_a_mail_has_a_part_as_text_and_one_as_html():
    _, mail = sent(story())

    text, html = mail.iter_parts()
    assert mail.get_content_type() == "multipart/alternative"
    assert text.get_content().splitlines()[0] == "Xiaomi: Xiamio opens a plant in Gdynia"
    assert html.get_content().startswith("<!doctype html>")
    assert 'href="https://news.example/plant?a=1&amp;b=2"' in html.get_content()


def test_every_line_is_ascii_and_short_enough_for_any_server():
    box = Box()
    with mail_server(box) as port:
        channel(port).send(alert(digest([story(number, title="小米 " * 80) for number in range(50)])))

    assert box.raw[0].isascii()
    assert max(map(len, box.raw[0].split(b"\r\n"))) <= 200


def test_a_digest_of_hundreds_is_told_in_full_as_text_and_as_much_as_is_shown_as_html():
    items = [story(number, title=f"Story {number:03} " + "x" * 200) for number in range(200)]
    _, mail = sent(digest(items))

    text, html = (part.get_content() for part in mail.iter_parts())
    assert [number for number in range(200) if f"Story {number:03}" not in text] == []
    assert len(html.encode()) <= 95_000
    assert "more stories that did not fit in here" in html


def test_the_same_alert_has_the_same_message_id_and_a_storys_mails_are_one_thread():
    mails = [sent(payload)[1] for payload in (story(), story(), update(), digest([story()]), warning())]

    assert mails[0]["Message-ID"] == mails[1]["Message-ID"] != mails[2]["Message-ID"]
    assert mails[0]["References"] == mails[2]["References"]
    assert [mail["References"] for mail in mails[3:]] == [None, None]
    assert str(mails[3]["Subject"]) == "[HIGH] Daily digest: 1 story about Xiaomi"


def test_a_hostile_title_adds_no_header_and_no_markup():
    recipients, mail = sent(story(title=HOSTILE, publisher="x\r\nBcc: y@evil.example"))

    assert recipients == ["desk@example.com"]
    assert mail["Bcc"] is None
    assert mail["Subject"] == (
        "Xiaomi: <!channel> @here <b>x</b> & *b* _i_ `c` [click](javascript:alert(1)) {{ 7*7 }} "
        "Bcc: all@evil.example [2Jevil"
    )
    _, html = mail.iter_parts()
    assert "<b>x</b>" not in html.get_content()
    assert "\u202e" not in html.get_content()


def test_a_line_of_one_dot_does_not_end_the_mail(tmp_path):
    (tmp_path / "story.txt").write_text("one\n.\nthree\n")
    _, mail = sent(story(), templates=tmp_path)

    text, _ = mail.iter_parts()
    assert text.get_content().splitlines() == ["one", ".", "three"]


def test_the_list_id_is_the_users_where_given():
    _, mail = sent(story(), list_id="news.desk.example.com")

    assert mail["List-Id"] == "<news.desk.example.com>"


# --------------------------------------------------------------------------- the server


def test_a_server_with_starttls_and_a_login(monkeypatch, tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    asked = []

    def judge(server, session, envelope, mechanism, data):
        asked.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)

    box = Box()
    with mail_server(box, tls_context=context, require_starttls=True, authenticator=judge) as port:
        secure = {"host": "localhost", "tls": "starttls", "user": "u"}
        untrusted = channel(port, **secure, password="right").send(alert(story()))
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        right = channel(port, **secure, password="right").send(alert(story()))
        wrong = channel(port, **secure, password="wr0ng-secret").send(alert(story()))

    assert untrusted == SendFailed("localhost: its certificate is not trusted (unable to get local issuer certificate)")
    assert right == Sent()
    assert wrong == SendFailed("localhost: the login was refused (535)")
    assert asked[0] == (b"u", b"right")
    assert len(box.taken) == 1


def test_a_server_without_starttls_gets_neither_password_nor_mail():
    box = Box()
    with mail_server(box) as port:
        result = channel(port, tls="starttls", user="u", password="secret").send(alert(story()))

    assert result == SendFailed("127.0.0.1: does not offer encryption (STARTTLS)")
    assert box.taken == []


@pytest.mark.parametrize(
    ("refusals", "result"),
    [
        (
            {"DATA": "554 5.7.1 looks like spam"},
            SendFailed("127.0.0.1: refused the message (554 5.7.1 looks like spam)", permanent=True),
        ),
        (
            {"DATA": "552 5.3.4 larger than we take"},
            SendFailed("127.0.0.1: refused the message (552 5.3.4 larger than we take)", permanent=True),
        ),
        ({"DATA": "554 no"}, SendFailed("127.0.0.1: refused the message (554 no)", permanent=True)),
        (
            {"DATA": "550-5.4.5 daily limit\r\n550 5.4.5 exceeded"},
            SendFailed("127.0.0.1: refused the message (550 5.4.5 daily limit 5.4.5 exceeded)"),
        ),
        (
            {"DATA": "552 5.2.2 the box is full"},
            SendFailed("127.0.0.1: refused the message (552 5.2.2 the box is full)"),
        ),
        ({"DATA": "451 try later"}, SendFailed("127.0.0.1: refused the message (451 try later)")),
        ({"MAIL": "550 who are you"}, SendFailed("127.0.0.1: refused the sender (550 who are you)")),
        ({"RCPT": "550 no such box"}, SendFailed("127.0.0.1: refused all recipients (550 no such box)")),
    ],
)
def test_a_refusal_tells_what_the_server_said(refusals, result):
    with mail_server(Box(**refusals)) as port:
        assert channel(port, to=["nobody@example.com"]).send(alert(story())) == result


def test_a_mail_that_some_recipients_cannot_get_is_sent_and_told():
    box = Box(RCPT="550 no such box")
    with mail_server(box) as port, structlog.testing.capture_logs() as logged:
        result = channel(port, to=["nobody@example.com", "desk@example.com"]).send(alert(story()))

    assert result == Sent("refused for nobody@example.com; taken for the other 1 of 2", is_partial=True)
    assert box.taken[0][0] == ["desk@example.com"]
    assert [(line["event"], line["refused"]) for line in logged] == [("mail_partly_refused", ["nobody@example.com"])]


def test_a_server_that_takes_for_ever_is_not_waited_for(monkeypatch):
    class Slow(Box):
        async def handle_MAIL(self, server, session, envelope, address, options):
            await asyncio.sleep(60)

    monkeypatch.setattr("pipeline.alert.channels.email._WHOLE", 0.2)
    with mail_server(Slow()) as port:
        result = channel(port, timeout=30).send(alert(story()))

    assert result == SendFailed("127.0.0.1: broke off (SMTPServerDisconnected)")


def test_a_server_that_does_not_greet_is_not_waited_for_either(monkeypatch):
    monkeypatch.setattr("pipeline.alert.channels.email._WHOLE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = channel(silent.getsockname()[1], timeout=30).send(alert(story()))

    assert result == SendFailed("127.0.0.1: broke off (SMTPServerDisconnected)")


def test_a_server_that_does_not_answer_is_told_apart_from_one_that_breaks_off():
    class Silent(Box):
        async def handle_DATA(self, server, session, envelope):
            await asyncio.sleep(60)

    class Gone(Box):
        async def handle_DATA(self, server, session, envelope):
            server.transport.abort()
            return "250 taken"

    with mail_server(Silent()) as port:
        silent = channel(port, timeout=0.3).send(alert(story()))
    with mail_server(Gone()) as port:
        gone = channel(port).send(alert(story()))

    assert silent == SendFailed("127.0.0.1: no answer within 0.3 s")
    assert gone == SendFailed("127.0.0.1: broke off (SMTPServerDisconnected)")


def test_a_server_that_is_not_there_is_a_failure_that_may_pass():
    with mail_server(Box()) as port:
        assert channel(port).probe() == ""

    assert channel(port).send(alert(story())) == SendFailed("127.0.0.1: cannot connect (Connection refused)")
    assert channel(port).probe() == "127.0.0.1: cannot connect (Connection refused)"


# --------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "news"},
        {"sender": "a@b.example\nBcc: x@evil.example"},
        {"sender": "a@b.example, c@d.example"},
        {"to": []},
        {"to": ["x@y.example\r\nBcc: z@evil.example"]},
        {"to": ["ü@example.com"]},
        {"to": ["<script>@example.com"]},
        {"list_id": "one"},
        {"list_id": "a.b>\r\nX: y"},
        {"user": "u"},
        {"password": "p"},
        {"tls": "ssl"},
        {"port": 0},
    ],
)
def test_options_that_cannot_be_are_refused(changes):
    with pytest.raises(ValidationError):
        channel(**changes)


def test_ports_follow_the_encryption():
    assert [channel(None, tls=tls)._port() for tls in ("starttls", "implicit", "none")] == [587, 465, 25]


def test_what_is_unwise_is_told():
    assert list(channel(host="mail.example").concerns()) == [
        ("its alerts are sent unencrypted, readable on the way", 'use tls = "starttls" or tls = "implicit"')
    ]
    ((what, _),) = channel(host="mail.example", user="u", password="p").concerns()
    assert what == "its password is sent unencrypted, readable on the way"
    assert list(channel().concerns()) == []
    assert list(channel(host="mail.example", tls="starttls").concerns()) == []


def test_the_same_readers_by_two_servers_are_one_receiver():
    one = channel(to=["A@example.com", "b@example.com"])
    other = channel(host="other.example", to=["Bea <b@example.com>", "a@example.com"])

    assert one.receiver() == other.receiver()


def test_the_password_is_not_shown():
    assert "hunter22" not in repr(channel(user="u", password="hunter22"))
