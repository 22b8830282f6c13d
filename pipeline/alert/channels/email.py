"""Alerts by mail: text and HTML, one thread a story, with all that tells a mail program what they are."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from pathlib import Path
from threading import Timer
from time import monotonic
from typing import Any, ClassVar, Literal, cast

import structlog
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, field_validator, model_validator

from pipeline.alert.escaping import plain
from pipeline.alert.options import Templates, template_concerns, template_files
from pipeline.alert.reach import is_this_machine, why_unreachable
from pipeline.alert.render import Medium, Messages
from pipeline.model import Alert, SendFailed, SendResult, Sent

log = structlog.get_logger()

_PORTS = {"starttls": 587, "implicit": 465, "none": 25}
_SUBJECT = 180  # characters; mail programs show some 60
_WHOLE = 45.0  # seconds for a whole conversation: a send must not take a minute
_LARGEST = 95_000  # bytes of HTML; large mail providers hide what comes after some 100 kB
_NAMED = 5  # recipients that an attempt names
_SAID = 200  # characters kept of what the server says
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_LIST_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)+")  # RFC 2919 2
# Enhanced codes (RFC 3463) of refusals that blame not the message but addresses, mailboxes, the server, the network
# or a quota ("550 5.4.5 daily limit"); two of those are about its size.
_NOT_ITS_FAULT = re.compile(r"5\.(?:1|2(?!\.3\b)|3(?!\.4\b)|4)\.\d")
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9-]+")
_LOUD = {"high", "urgent"}


class Channel(BaseModel):
    """Sends each alert as a mail by a server of yours."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    in_flight: ClassVar[int] = 4

    host: str = Field(min_length=1, description="The mail server (SMTP).", examples=["smtp.example.com"])
    port: int | None = Field(
        None, ge=1, le=65_535, description="Its port; by default 587 with starttls, 465 with implicit, 25 with none."
    )
    tls: Literal["starttls", "implicit", "none"] = Field(
        "starttls", description="starttls: encrypted after a greeting; implicit: from the start; none: readable."
    )
    user: str = Field("", description="Whom to log in as; empty = without a login.")
    password: SecretStr | None = Field(None, description="The password of that user.", examples=["${SMTP_PASSWORD}"])
    sender: str = Field(
        description="From: an address, or a name and an address.", examples=["Newsward <news@example.com>"]
    )
    to: tuple[str, ...] = Field(min_length=1, max_length=50, description="To: addresses, all in one mail.")
    list_id: str = Field(
        "", description="List-Id, by which mail programs filter; by default the channel's id and the sender's domain."
    )
    timeout: timedelta = Field(
        timedelta(seconds=15),
        gt=timedelta(),
        le=timedelta(seconds=30),
        description="Patience for the connection and for each answer of the server, in seconds.",
    )
    templates: Templates = None
    _messages: Messages = PrivateAttr(default_factory=Messages)

    @field_validator("sender")
    @classmethod
    def _is_sender(cls, sender: str) -> str:
        _address(sender)
        return sender

    @field_validator("to")
    @classmethod
    def _are_recipients(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        for one in to:
            _address(one)
        return to

    @field_validator("list_id")
    @classmethod
    def _is_list_id(cls, list_id: str) -> str:
        if list_id and not _LIST_ID.fullmatch(list_id):
            raise ValueError("must be words joined by dots, such as alerts.example.com")
        return list_id

    @model_validator(mode="after")
    def _has_both_or_neither(self) -> Channel:
        if bool(self.user) != bool(self.password):
            raise ValueError("'user' and 'password' belong together")
        return self

    def model_post_init(self, context: Any, /) -> None:
        """The messages are those of the folder of templates."""
        self._messages = Messages(self.templates)

    def send(self, alert: Alert) -> SendResult:
        """One mail. Sent is what the server has taken for at least one of the recipients."""
        mail = self._mail(alert)
        try:
            with self._server() as server:
                refused = server.send_message(mail)
        except smtplib.SMTPAuthenticationError as error:
            # What the server says to it may hold what we said.
            return SendFailed(f"{self.host}: the login was refused ({error.smtp_code})")
        except smtplib.SMTPException as error:
            return self._failure(error)
        except ssl.SSLCertVerificationError as error:
            return SendFailed(f"{self.host}: its certificate is not trusted ({error.verify_message})")
        except TimeoutError:
            return self._silence()
        except (OSError, UnicodeError) as error:
            words = error.strerror if isinstance(error, OSError) else ""
            return SendFailed(f"{self.host}: cannot connect ({words or type(error).__name__})")
        if refused:
            log.warning("mail_partly_refused", channel=alert.channel, alert=alert.id, refused=sorted(refused))
            return Sent(_partly(sorted(refused), len(self.to)), is_partial=True)
        return Sent()

    def concerns(self) -> Iterator[tuple[str, str]]:
        """What is readable on the way, and what is unwise in the templates."""
        yield from template_concerns(self.templates)
        if self.tls == "none" and not is_this_machine(self.host):
            what = "its password is" if self.user else "its alerts are"
            yield f"{what} sent unencrypted, readable on the way", 'use tls = "starttls" or tls = "implicit"'

    def receiver(self) -> tuple[str, frozenset[str]]:
        """Who reads it, by whichever server."""
        return "", frozenset(_address(one).addr_spec.lower() for one in self.to)

    def probe(self) -> str:
        """Why no connection can be had. Nothing is said to the server."""
        return why_unreachable(self.host, self._port(), self.timeout, tls=self.tls == "implicit")

    def files(self) -> Iterable[Path]:
        """The templates, so that a change of one is noticed."""
        return template_files(self.templates)

    def close(self) -> None:
        """Each mail has a connection of its own."""

    # ----------------------------------------------------------------------- the mail

    def _mail(self, alert: Alert) -> EmailMessage:
        """The mail; the same alert always has the same Message-ID, and what follows of a story answers its first."""
        sender, payload = _address(self.sender), alert.payload
        mail = EmailMessage(policy=SMTP)
        mail["From"] = sender
        mail["To"] = tuple(map(_address, self.to))
        mail["Subject"] = self._messages.title(payload, _SUBJECT)
        mail["Date"] = format_datetime(alert.created_at)
        mail["Message-ID"] = f"<{alert.id}@{sender.domain}>"
        if thread := _thread(alert, sender.domain):
            mail["References"] = thread
        mail["List-Id"] = f"<{self.list_id or _list_id(alert.channel, sender.domain)}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail["X-Newsward-Severity"] = _word(payload.get("severity"))
        mail["X-Newsward-Type"] = _word(payload.get("type"))
        if payload.get("severity") in _LOUD:
            mail["Importance"] = "high"
        # Quoted-printable: no server on the way needs to know 8 bits, and no line is too long.
        mail.set_content(self._messages.body(payload, Medium.TEXT) + "\n", cte="quoted-printable")
        html = self._messages.body(payload, Medium.HTML, limit=_LARGEST, measure=lambda text: len(text.encode()))
        mail.add_alternative(html + "\n", subtype="html", cte="quoted-printable")
        return mail

    # ----------------------------------------------------------------------- the server

    def _port(self) -> int:
        return self.port or _PORTS[self.tls]

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        """The server, greeted, encrypted as told and logged in to."""
        patience, name = self.timeout.total_seconds(), socket.gethostname()
        context = ssl.create_default_context()
        if self.tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(local_hostname=name, timeout=patience, context=context)
        else:
            server = smtplib.SMTP(local_hostname=name, timeout=patience)
        server._host = self.host  # type: ignore[attr-defined]  # smtplib looks there for whose certificate it is
        ends = monotonic() + _WHOLE
        whole = Timer(_WHOLE, _cut, (server,))  # before connecting: that, and the greeting, take of it too
        whole.start()
        try:
            server.connect(self.host, self._port())
            if monotonic() >= ends:
                raise TimeoutError
            if self.tls == "starttls":
                server.starttls(context=context)
            if self.password:
                server.login(self.user, self.password.get_secret_value())
            yield server
            with suppress(smtplib.SMTPException, OSError):  # what it took, it has
                server.quit()
        finally:
            whole.cancel()
            server.close()  # without a farewell, which a server that failed would let us wait for

    def _silence(self) -> SendFailed:
        return SendFailed(f"{self.host}: no answer within {self.timeout.total_seconds():g} s")

    def _failure(self, error: smtplib.SMTPException) -> SendFailed:
        """A message that is refused for good is given up; what a person can mend is tried again."""
        match error:
            case smtplib.SMTPDataError():
                said = _said(error.smtp_code, error.smtp_error)
                is_final = error.smtp_code >= 500 and not _NOT_ITS_FAULT.match(said.partition(" ")[2])
                return SendFailed(f"{self.host}: refused the message ({said})", permanent=is_final)
            case smtplib.SMTPRecipientsRefused():
                code, words = next(iter(error.recipients.values()))
                return SendFailed(f"{self.host}: refused all recipients ({_said(code, words)})")
            case smtplib.SMTPSenderRefused():
                return SendFailed(f"{self.host}: refused the sender ({_said(error.smtp_code, error.smtp_error)})")
            case smtplib.SMTPNotSupportedError():
                what = "encryption (STARTTLS)" if self.tls == "starttls" else "what is asked of it"
                return SendFailed(f"{self.host}: does not offer {what}")
            case smtplib.SMTPResponseException():
                return SendFailed(f"{self.host}: answered {_said(error.smtp_code, error.smtp_error)}")
            case smtplib.SMTPServerDisconnected() if isinstance(error.__context__, TimeoutError):
                return self._silence()
            case _:
                return SendFailed(f"{self.host}: broke off ({type(error).__name__})")


def _cut(server: smtplib.SMTP) -> None:
    """Ends a conversation that takes too long, answer by answer: whoever waits for the next one wakes."""
    with suppress(OSError, AttributeError):  # it may have ended just now
        cast("socket.socket", server.sock).shutdown(socket.SHUT_RDWR)


def _address(text: str) -> Address:
    """``Name <user@host>`` or ``user@host``. Raises ValueError for anything else, and for what could end a header."""
    found = getaddresses([text]) if text.isprintable() else []
    name, address = found[0] if len(found) == 1 else ("", "")
    if not _ADDRESS.fullmatch(address) or ".." in address:
        raise ValueError("must be addresses such as desk@example.com or Desk <desk@example.com>")
    return Address(name, addr_spec=address)


def _thread(alert: Alert, domain: str) -> str:
    """What all alerts of a story on a channel refer to; a digest and a warning stand alone."""
    return f"<story-{_word(alert.story_id)}.{_word(alert.channel)}@{domain}>" if alert.story_id else ""


def _list_id(channel: str, domain: str) -> str:
    return f"{_word(channel)}.newsward.{domain}"


def _word(value: object) -> str:
    """The value as one that headers and identifiers may hold."""
    return _NOT_IN_ID.sub("-", str(value))[:64].strip("-") or "x"


def _partly(refused: Sequence[str], total: int) -> str:
    more = f" and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
    return f"refused for {', '.join(refused[:_NAMED])}{more}; taken for the other {total - len(refused)} of {total}"


def _said(code: int, words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {plain(text)[:_SAID]}".rstrip()
