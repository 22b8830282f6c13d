"""Alerts to chats, phones and other services by an address of Apprise's: ``slack://``, ``tgram://``, ``ntfy://`` ..."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, field_validator

from pipeline.alert.options import Templates, template_concerns, template_files
from pipeline.alert.reach import is_this_machine, why_unreachable
from pipeline.alert.render import Medium, Messages
from pipeline.model import Alert, SendFailed, SendResult, Sent

_MEDIA = {"text": Medium.TEXT, "markdown": Medium.MARKDOWN, "html": Medium.PART}
# They take all three, and hand on to a program what people would want in one of them.
_FOR_PROGRAMS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms", "apprise", "apprises", "amqp", "amqps"})
# Apprise counts them among those that show plain text, yet what they are sent they show as Markdown.
_SHOW_MARKDOWN = frozenset({"mmost", "mmosts", "zulip", "revolt", "fluxer", "fluxers", "nctalk", "nctalks"})
# Chats that print a title above the message: there the message has it already, as a link.
_TITLE_IN_BODY = frozenset({"slack", "discord", "guilded", "workflow", "workflows", "twist", "cliq", *_SHOW_MARKDOWN})
_TYPES = {"low": "info", "normal": "info", "high": "warning", "urgent": "failure"}
_SCHEME = re.compile(r"[a-z0-9][a-z0-9+.-]{0,30}", re.IGNORECASE)
_STATUS = re.compile(r"\berror=(\d{3})\b")
_WAIT = timedelta(minutes=1)  # after 429: Apprise does not pass on how long the service asked us to wait
_PATIENCE = timedelta(seconds=10)

_heard: ContextVar[list[str] | None] = ContextVar("heard_of_apprise", default=None)


class Channel(BaseModel):
    """One of the services that Apprise knows. Its address is a secret: it is never shown."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    in_flight: ClassVar[int] = 4

    url: SecretStr = Field(
        description="The service's address as Apprise writes it; most hold a token.", examples=["${TEAM_CHAT}"]
    )
    templates: Templates = None
    _messages: Messages = PrivateAttr(default_factory=Messages)
    _idle: list[Any] = PrivateAttr(default_factory=list)
    _lock: Lock = PrivateAttr(default_factory=Lock)

    @field_validator("url")
    @classmethod
    def _is_known_to_apprise(cls, url: SecretStr) -> SecretStr:
        scheme, separator, _ = url.get_secret_value().partition("://")
        if not separator or not _SCHEME.fullmatch(scheme):
            raise ValueError("must begin with the name of a service and ://, such as slack://")
        with _listening():
            if not _library().is_known(scheme):
                raise ValueError(f"begins with {scheme}://, which is no service of Apprise")
            if _library().service(url.get_secret_value()) is None:
                raise ValueError(f"is no complete {scheme}:// address: see Apprise's page about the service")
        return url

    def model_post_init(self, context: Any, /) -> None:
        """No @ in a feed's words calls anybody."""
        self._messages = Messages(self.templates, calls=False)

    def send(self, alert: Alert) -> SendResult:
        """One message, in the format and the length that the service takes. Its refusal is told by its status."""
        with _listening() as heard, self._service() as service:
            name = str(service.service_name)
            try:
                was_sent = service.notify(**self._message(service, alert.payload))
            except Exception as error:  # noqa: BLE001 - Apprise has 140 services, and each its own faults
                return SendFailed(f"{name}: a fault in Apprise ({type(error).__name__})")
        return Sent() if was_sent else _failure(name, heard)

    def concerns(self) -> Iterator[tuple[str, str]]:
        """What is readable on the way, what is unwise in the templates, what another kind does better."""
        yield from template_concerns(self.templates)
        with self._service() as service:
            scheme, host = _scheme(self.url), str(service.host or "")
            if scheme in _names(service.protocol) and _names(service.secure_protocol) and not is_this_machine(host):
                yield "its alerts are sent unencrypted", f"use {_names(service.secure_protocol)[0]}://"
            if scheme in {"mailto", "mailtos"}:
                yield "mail by Apprise has no List-Id, and no thread for a story", 'use kind = "email"'

    def receiver(self) -> str:
        """Where alerts go."""
        return self.url.get_secret_value()

    def probe(self) -> str | None:
        """Why no connection can be had; None when it is not known where Apprise would connect to."""
        with self._service() as service:
            place = _place(service, _scheme(self.url))
        return None if place is None else why_unreachable(place[0], place[1], _PATIENCE, tls=place[2])

    def files(self) -> Iterable[Path]:
        """The templates, so that a change of one is noticed."""
        return template_files(self.templates)

    def close(self) -> None:
        """Forgets the services' own connections; the next alert opens them again."""
        with self._lock:
            self._idle.clear()

    @contextmanager
    def _service(self) -> Iterator[Any]:
        """A service for this thread alone: they keep logins and what a host has asked for, and lock nothing."""
        with self._lock:
            service = self._idle.pop() if self._idle else None
        if service is None:
            service = _library().service(self.url.get_secret_value())
        try:
            yield service
        finally:
            with self._lock:
                self._idle.append(service)

    def _message(self, service: Any, payload: Mapping[str, Any]) -> dict[str, Any]:
        scheme = _scheme(self.url)
        wanted = _format(service, scheme)
        medium = _MEDIA[wanted.value]
        most = int(service.title_maxlen)
        title = self._messages.title(payload, most) if most > 0 and scheme not in _TITLE_IN_BODY else ""
        limit = max(1, int(service.body_maxlen) - (len(title) + 2 if service.overflow_amalgamate_title else 0))

        def measure(text: str) -> int:
            return len(service.dialect_convert(text, body_format=wanted))

        body = self._messages.body(payload, medium, titled=bool(title), limit=limit, measure=measure)
        if not body.strip():  # all that there is to say is the title, and no service takes a message without a body
            title, body = "", self._messages.body(payload, medium, limit=limit, measure=measure)
        kind = _TYPES.get(str(payload.get("severity", "")), "info")
        # A body that a template of the user's made too long is cut: in pieces, a repetition would send some twice.
        return {"title": title, "body": body, "body_format": wanted, "notify_type": kind, "overflow": "truncate"}


def _scheme(url: SecretStr) -> str:
    return url.get_secret_value().partition("://")[0].lower()


def _format(service: Any, scheme: str) -> Any:
    """The richest format that the service takes, unless the address asks for another with ?format=."""
    given = service.notify_format
    formats: list[Any] = [given] if isinstance(given, str) else list(given)
    ranked = sorted(formats, key=lambda one: ("html", "markdown", "text").index(str(one.value)))
    return service.resolve_format(formats[0] if scheme in _FOR_PROGRAMS else ranked[0])


def _failure(name: str, heard: list[str]) -> SendFailed:
    """Only the status of what Apprise said: the rest may quote the address."""
    status = next((int(found[1]) for line in heard if (found := _STATUS.search(line))), 0)
    if status in set(HTTPStatus):
        return SendFailed(f"{name}: answered {status} {HTTPStatus(status).phrase}", _WAIT if status == 429 else None)
    if any("onnection" in line for line in heard):
        return SendFailed(f"{name}: cannot connect, or the connection broke")
    return SendFailed(f"{name}: did not take the message{f' (error {status})' if status else ''}")


def _names(value: object) -> tuple[str, ...]:
    """Apprise's protocol names: none, one or several."""
    if not value:
        return ()
    return (value,) if isinstance(value, str) else tuple(map(str, cast("Iterable[Any]", value)))


def _place(service: Any, scheme: str) -> tuple[str, int, bool] | None:
    """Host, port and whether TLS: of one's own server as the address has it, else as the service's class has it."""
    host = str(service.host or "")
    is_own = bool(_names(service.protocol)) and ("." in host or ":" in host or is_this_machine(host))
    if is_own and scheme not in {"mailto", "mailtos"}:
        is_secure = scheme in _names(service.secure_protocol)
        return host, int(service.port or (443 if is_secure else 80)), is_secure
    for attribute in ("notify_url", "webhook_url", "api_url", "cloud_notify_url"):
        parts = urlsplit(str(getattr(type(service), attribute, "")))
        if parts.scheme == "https" and parts.hostname and not set("{}%") & set(parts.hostname):
            return parts.hostname, parts.port or 443, True
    return None


# --------------------------------------------------------------------------- the library


class _Library:
    """Apprise, loaded when the first such channel is: it takes half a second."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own affair, and old modules of Python are
            import apprise
            from apprise.manager_plugins import NotificationManager

            self._schemes = frozenset(cast("Any", NotificationManager)().schemas())
        logger = logging.getLogger("apprise")
        # It tells addresses; what of it may be known is told by ``_failure``.
        logger.propagate = False
        logger.setLevel(logging.WARNING)
        logger.addHandler(_Listener())
        self._apprise = apprise
        self._asset = apprise.AppriseAsset(
            app_id="Newsward",
            app_desc="Newsward",
            app_url="",
            async_mode=False,
            http_redirects=False,  # a redirect would take the token along
            image_url_mask="",  # no pictures from elsewhere
            image_url_logo="",
            interpret_emojis=False,  # :smile: in a title stays what it is
            interpret_escapes=False,
            pem_autogen=False,
            pgp_autogen=False,
            secure_logging=True,
            storage_mode="memory",
        )

    def is_known(self, scheme: str) -> bool:
        return scheme.lower() in self._schemes

    def service(self, url: str) -> Any:
        """The service behind an address; None when Apprise does not accept it."""
        service = self._apprise.Apprise.instantiate(url, asset=self._asset)
        if service is not None and url.partition("://")[0].lower() in _SHOW_MARKDOWN:
            service.notify_format = self._apprise.NotifyFormat.MARKDOWN
        return service


@cache
def _library() -> _Library:
    return _Library()


class _Listener(logging.Handler):
    """Keeps what Apprise says for whoever listens in this thread."""

    def emit(self, record: logging.LogRecord) -> None:
        heard = _heard.get()
        if heard is not None:
            heard.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[list[str]]:
    heard: list[str] = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)
