"""Alerts as JSON by HTTP POST, with an idempotency key and a signature (``docs/webhook.md``)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import ClassVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, field_validator

from pipeline import __version__
from pipeline.alert.reach import is_this_machine, why_unreachable
from pipeline.model import Alert, SendFailed, SendResult, Sent
from pipeline.urls import proxy_problem

# What these say of a message stays true however often it is sent, unless a Retry-After denies it: it is malformed, too
# large, of the wrong type, not acceptable, or (410) nobody wants any. All other refusals, 401, 403 and 404 among them,
# are about the receiver's state or our configuration, which a person mends while the alert waits.
_PERMANENT = frozenset({400, 410, 413, 414, 415, 422, 431})
_OURS = frozenset(
    {"content-type", "content-length", "transfer-encoding", "host", "user-agent", "idempotency-key"}
    | {"webhook-id", "webhook-timestamp", "webhook-signature"}
)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2, token
_HEADER_VALUE = re.compile(r"[\x20-\x7e]+")
_ANSWER_LIMIT = 65_536  # bytes read of an answer, only so that its connection can serve the next alert


class Channel(BaseModel):
    """A receiver of webhooks. Its address and keys are secrets: neither is ever shown."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    in_flight: ClassVar[int] = 16  # sends at once; the client keeps a connection for each

    url: SecretStr = Field(
        description="Where alerts are posted: http or https; user:password@ gives basic auth.",
        examples=["${DESK_WEBHOOK}"],
    )
    secret: SecretStr | None = Field(
        None, description="Signing key of the Standard Webhooks specification: whsec_ and 24 to 64 bytes in base64."
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description='Further headers, e.g. Authorization = "Bearer ${TOKEN}".'
    )
    proxy: SecretStr | None = Field(
        None,
        description="An HTTP proxy by which the receiver is asked; user:password@ logs in to it. That of [fetch] is "
        "for feeds alone.",
        examples=["http://proxy.example.com:3128"],
    )
    timeout: timedelta = Field(
        timedelta(seconds=15),
        gt=timedelta(),
        le=timedelta(seconds=30),
        description="Patience for the connection and for each part of the answer, in seconds.",
    )
    _client: httpx.Client | None = PrivateAttr(None)
    _making: Lock = PrivateAttr(default_factory=Lock)

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: SecretStr) -> SecretStr:
        try:
            parsed = httpx.URL(url.get_secret_value())
        except httpx.InvalidURL:
            raise ValueError("must be a URL") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError("must be an http:// or https:// address")
        return url

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, proxy: SecretStr | None) -> SecretStr | None:
        if proxy and (problem := proxy_problem(proxy.get_secret_value())):
            raise ValueError(problem)
        return proxy

    @field_validator("secret")
    @classmethod
    def _is_signing_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and not 24 <= len(_key(secret)) <= 64:
            raise ValueError("must hold 24 to 64 bytes")
        return secret

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value.get_secret_value()):
                raise ValueError(f"must have names and values of printable ASCII, as {name!r} has not")
            if name.lower() in _OURS:
                raise ValueError(f"must not have {name!r}, which the channel sets itself")
        return headers

    def send(self, alert: Alert) -> SendResult:
        """One POST. 2xx is sent, whatever happens to the rest of the answer; redirects are not followed."""
        body = json.dumps(alert.payload, ensure_ascii=False, separators=(",", ":")).encode()
        headers = self._headers(alert.id, body, int(time.time()))
        try:
            with self._connected().stream(
                "POST", self.url.get_secret_value(), content=body, headers=headers
            ) as response:
                _drain(response, self.timeout)
                return self._judge(response)
        except httpx.TransportError as error:
            return SendFailed(f"{self._host()}: {_reason(error, self.timeout)}")

    def concerns(self) -> Iterator[tuple[str, str]]:
        """What is readable on the way."""
        url = httpx.URL(self.url.get_secret_value())
        if url.scheme != "http" or is_this_machine(url.host):
            return
        if self.headers or url.userinfo:
            yield "its credentials are sent over plain http, readable on the way", "use https"
        elif self.secret:
            yield "its alerts are signed, yet sent over plain http, readable on the way", "use https"

    def receiver(self) -> str:
        """Where alerts go, whatever else is said about it."""
        return self.url.get_secret_value()

    def probe(self) -> str:
        """Why no connection can be had: the name, the host, its certificate, or the proxy. No request is made."""
        if self.proxy:
            by = httpx.URL(self.proxy.get_secret_value())
            return why_unreachable(by.host, by.port or 80, self.timeout, tls=False)
        url = httpx.URL(self.url.get_secret_value())
        is_secure = url.scheme == "https"
        port = url.port or (443 if is_secure else 80)
        return why_unreachable(url.host, port, self.timeout, tls=is_secure)

    def close(self) -> None:
        """Closes the connections; the next alert opens them again."""
        with self._making:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self) -> httpx.Client:
        with self._making:
            if self._client is None:
                # trust_env off: the environment and .netrc are read by the configuration alone.
                proxy = self.proxy.get_secret_value() if self.proxy else None
                self._client = httpx.Client(timeout=self.timeout.total_seconds(), trust_env=False, proxy=proxy)
            return self._client

    def _headers(self, alert_id: str, body: bytes, timestamp: int) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"newsward/{__version__}",
            "Idempotency-Key": alert_id,
            "webhook-id": alert_id,
            "webhook-timestamp": str(timestamp),
            **{name: value.get_secret_value() for name, value in self.headers.items()},
        }
        if self.secret:
            headers["webhook-signature"] = sign(_key(self.secret), alert_id, timestamp, body)
        return headers

    def _judge(self, response: httpx.Response) -> SendResult:
        status = response.status_code
        if response.is_success:
            return Sent(str(status))
        # The receiver's own phrase may quote the request.
        reason = f"{self._host()}: answered {status} {httpx.codes.get_reason_phrase(status)}".rstrip()
        if response.has_redirect_location:
            reason += ", a redirect, which is not followed: configure the new address"
        wait = _retry_after(response.headers, datetime.now(UTC))
        return SendFailed(reason, wait, permanent=status in _PERMANENT and wait is None)

    def _host(self) -> str:
        """All of the address that may be shown: many services put their token into the path."""
        return httpx.URL(self.url.get_secret_value()).host


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The ``webhook-signature`` of Standard Webhooks 1.0.0: HMAC-SHA256, scheme ``v1``."""
    mac = hmac.new(key, b".".join((message_id.encode(), str(timestamp).encode(), body)), hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def _key(secret: SecretStr) -> bytes:
    text = secret.get_secret_value()
    if not text.startswith("whsec_"):
        raise ValueError("must begin with whsec_")
    try:
        return base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("must be base64 after whsec_") from None


def _drain(response: httpx.Response, patience: timedelta, clock: Callable[[], float] = time.monotonic) -> None:
    """Reads a short answer to its end; the status is already known, so that nothing here can fail the attempt."""
    ends = clock() + patience.total_seconds()
    size = 0
    try:
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > _ANSWER_LIMIT or clock() > ends:
                return
    except httpx.TransportError:
        return


def _retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """RFC 9110 10.2.3: seconds or an HTTP date; None when absent or unreadable."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:10]), 10**9))
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(aware - now, timedelta())


def _reason(error: httpx.TransportError, patience: timedelta) -> str:
    """In words, and only from what cannot quote the request: it holds secrets."""
    seconds = f"{patience.total_seconds():g} s"
    match error:
        case httpx.ConnectTimeout():
            return f"no connection within {seconds}"
        case httpx.TimeoutException():
            return f"no answer within {seconds}"
        case httpx.ConnectError():
            return f"cannot connect ({error})"
        case httpx.RemoteProtocolError():
            # Behind a colon it quotes what the receiver said, which may be our request.
            return f"no proper answer ({str(error).partition(':')[0]})"
        case _:
            return f"connection broken ({type(error).__name__})"
