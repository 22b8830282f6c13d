"""A sign of life to a service outside, which raises the alarm when none comes: healthchecks.io and the like."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from pipeline import __version__
from pipeline.model import RunReport

log = structlog.get_logger()


class HeartbeatOptions(BaseModel):
    """Whom to tell that the watch is alive."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr | None = Field(
        None,
        description="asked by GET after each completed run; the daemon also asks it when nothing was due",
        examples=["${HEARTBEAT_URL}"],
    )
    fail_url: SecretStr | None = Field(
        None,
        description="asked instead after a run in which nothing could be polled or written; "
        "none: such a run stays silent, and the service notices after its own patience",
    )
    every: timedelta = Field(
        timedelta(minutes=5),
        ge=timedelta(seconds=10),
        description="how often the daemon asks when nothing was due, and how often it repeats that it failed",
    )
    timeout: timedelta = Field(
        timedelta(seconds=5),
        gt=timedelta(),
        le=timedelta(seconds=10),
        description="patience for the connection and for the answer",
    )

    @field_validator("url", "fail_url")
    @classmethod
    def _is_web_address(cls, url: SecretStr | None) -> SecretStr | None:
        try:
            parsed = httpx.URL(url.get_secret_value()) if url else None
        except httpx.InvalidURL:
            raise ValueError("must be a URL") from None
        if parsed and (parsed.scheme not in ("http", "https") or not parsed.host):
            raise ValueError("must be an http:// or https:// address")
        return url


@dataclass(slots=True)
class Heartbeat:
    """Tells of completed runs and of failures. Never raises: that nobody listens is logged, once until it is mended."""

    options: HeartbeatOptions = field(default_factory=HeartbeatOptions)
    _beat_at: datetime | None = None
    _failed_at: datetime | None = None
    _unheard: frozenset[str] = frozenset()  # of the two, those that did not answer well last time

    def note_run(self, report: RunReport, now: datetime) -> None:
        """A run ended; one that was told to stop says nothing."""
        if report.unreachable:
            self.note_failure(now)
        elif not report.is_cut_off:
            self._beat(now)

    def note_idle(self, now: datetime) -> None:
        """Nothing was due."""
        if self._beat_at is None or abs(now - self._beat_at) >= self.options.every:
            self._beat(now)

    def note_failure(self, now: datetime) -> None:
        """Nothing could be polled, or nothing written."""
        if self._failed_at is None or abs(now - self._failed_at) >= self.options.every:
            self._failed_at, self._beat_at = now, None
            self._ask("fail_url", self.options.fail_url)

    def _beat(self, now: datetime) -> None:
        self._beat_at, self._failed_at = now, None
        self._ask("url", self.options.url)

    def _ask(self, which: str, url: SecretStr | None) -> None:
        if url is None:
            return
        reason = _reason(url.get_secret_value(), self.options.timeout)
        if reason and which not in self._unheard:
            log.warning("heartbeat_not_heard", option=which, reason=reason)
        self._unheard = self._unheard | {which} if reason else self._unheard - {which}


def _reason(url: str, timeout: timedelta) -> str:
    """Why the service did not hear; "" = it did. The address is a secret, and an error of a library may quote it."""
    headers = {"User-Agent": f"newsward/{__version__}"}
    try:
        # trust_env off: the environment and .netrc are read by the configuration alone. The body is not read.
        with (
            httpx.Client(timeout=timeout.total_seconds(), trust_env=False, follow_redirects=False) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.is_success:
                return ""
            told = ", and redirects are not followed" if response.is_redirect else ""
            return f"it answered {response.status_code}{told}"
    except httpx.TimeoutException:
        return f"no answer within {timeout.total_seconds():g} seconds"
    except httpx.ConnectError:
        return "no connection: its name, the network, or its certificate"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"no answer ({type(error).__name__})"
