"""What the head of a response tells: validators, freshness, when to come back, where to go."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from pipeline.model import Answer

FRESH_CAP = timedelta(hours=24)
RETRY_CAP = timedelta(days=7)
# A larger number of seconds until a reset is a moment: seconds since 1970.
_LONGEST_COUNT = 10**9

# Fields whose repetition means a list (RFC 9110, 5.3); of any other the first counts.
_LISTS = frozenset({b"cache-control", b"content-encoding"})
# A longer validator would make the next request fail: servers take 8 kB of head and less.
_MAX_VALIDATOR = 2048
_MAX_AGE = re.compile(r"""(?:^|[,\s])max-age\s*=\s*"?(\d{1,18})""", re.IGNORECASE)
_SPENT = re.compile(r"(?:^|[;,\s])r\s*=\s*0(?![\d.])")
_RESET = re.compile(r"(?:^|[;,\s])t\s*=\s*(\d{1,18})")
_ZERO = re.compile(r"0+(?:\.0*)?")
_NUMBER = re.compile(r"\d{1,18}(?:\.\d{0,9})?", re.ASCII)
_UNSTORABLE = re.compile(r"(?:^|[,\s])no-(?:cache|store)(?:[,\s=]|$)", re.IGNORECASE)


class Head:
    """Header fields by lower-case name. Values are Latin-1: any bytes, and back again unharmed."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._fields: dict[bytes, bytes] = {}
        for name, value in raw:
            key = name.lower()
            if key in self._fields and key in _LISTS:
                self._fields[key] += b", " + value
            else:
                self._fields.setdefault(key, value)

    def get(self, name: str) -> str:
        """The field's value, "" when absent."""
        return self._fields.get(name.encode("ascii"), b"").decode("latin-1")

    @property
    def location(self) -> str:
        """Where a redirect points. Servers that do not encode it send UTF-8 (RFC 3986 would have them encode)."""
        value = self._fields.get(b"location", b"").strip()
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1")

    def answer(self, *, status: int, url: str, moved_to: str, elapsed: timedelta) -> Answer:
        """All that the rest of the product wants to know of this head."""
        return Answer(
            status=status,
            url=url,
            moved_to=moved_to,
            etag=self._validator("etag"),
            last_modified=self._validator("last-modified"),
            content_type=self.get("content-type")[:200],
            fresh_for=self.fresh_for(),
            retry_after=self.retry_after(),
            spent_for=self.spent_for(),
            elapsed=elapsed,
        )

    def _validator(self, name: str) -> str:
        value = self.get(name)
        return value if len(value) <= _MAX_VALIDATOR else ""

    def fresh_for(self) -> timedelta | None:
        """How long the answer says it stays good, at most 24 h; None = it does not say, or is stale already.

        RFC 9111, 4.2.1, without ``s-maxage``, which speaks to shared caches. A year is a setting meant for
        pictures, not for a feed, hence the cap. ``no-cache`` and ``no-store`` ask for no rest at all.
        """
        cache_control = self.get("cache-control")
        if _UNSTORABLE.search(cache_control):
            return None
        max_age = _MAX_AGE.search(cache_control)
        seconds = self._seconds_of_max_age(max_age.group(1)) if max_age else self._seconds_until_expires()
        if seconds <= 0:
            return None
        return min(timedelta(seconds=min(seconds, FRESH_CAP.total_seconds())), FRESH_CAP)

    def _seconds_of_max_age(self, digits: str) -> float:
        age = self.get("age").strip()
        return int(digits) - (int(age) if age.isascii() and age.isdigit() and len(age) < 18 else 0)

    def _seconds_until_expires(self) -> float:
        expires, date = _moment(self.get("expires")), _moment(self.get("date"))
        # The server's own clock on both sides: ours may be wrong, or its may.
        return (expires - date).total_seconds() if expires and date else 0.0

    def retry_after(self) -> timedelta | None:
        """How long we are asked to stay away, at most 7 days; None = not asked, or not understood."""
        value = self.get("retry-after").strip()
        if not value:
            return None
        if value.isascii() and value.isdigit():
            seconds = float(value[:18])
        else:
            until = _moment(value)
            since = _moment(self.get("date")) or datetime.now(UTC)
            seconds = (until - since).total_seconds() if until else 0.0
        if seconds <= 0:
            return None
        return timedelta(seconds=min(seconds, RETRY_CAP.total_seconds()))

    def spent_for(self) -> timedelta | None:
        """How long the host grants no more requests, at most 7 days; None = it does, or does not say.

        ``RateLimit: "name";r=0;t=60`` and the older ``RateLimit-Remaining`` and ``X-RateLimit-Remaining`` with their
        ``-Reset``, which counts seconds or names a moment in seconds since 1970.
        """
        spent = _SPENT.search(self.get("ratelimit"))
        if spent and (reset := _RESET.search(self.get("ratelimit"))):
            return timedelta(seconds=min(float(reset[1]), RETRY_CAP.total_seconds())) or None
        for prefix in ("ratelimit", "x-ratelimit"):
            if not _ZERO.fullmatch(self.get(f"{prefix}-remaining").strip()):
                continue
            reset_at = self.get(f"{prefix}-reset").strip()
            return self._until_reset(float(reset_at)) if _NUMBER.fullmatch(reset_at) else None
        return None

    def _until_reset(self, reset: float) -> timedelta | None:
        if reset >= _LONGEST_COUNT:
            reset -= (_moment(self.get("date")) or datetime.now(UTC)).timestamp()
        return timedelta(seconds=min(reset, RETRY_CAP.total_seconds())) if reset > 0 else None


def _moment(value: str) -> datetime | None:
    """An HTTP date; None for what is none, such as ``0`` and ``-1``."""
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
