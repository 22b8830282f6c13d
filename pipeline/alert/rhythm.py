"""When a channel is to speak: at once, in a digest at a local time, after the quiet hours."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline.model import Alert
from pipeline.plugins import PublicWords, nearest

Digest = Literal["hourly", "daily", "weekly"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
AT_ONCE = "at once"
QUIET = "quiet"
URGENT = "urgent"
_WEEKDAYS: tuple[str, ...] = get_args(Weekday)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


class Rhythm(BaseModel):
    """When a channel sends what it is owed: the keys that every kind of channel has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: Digest | None = Field(
        None, description="Gathers alerts and sends them together: hourly, daily or weekly. Without it, each at once."
    )
    at: str = Field("08:00", description="When daily and weekly digests go out, local time.", examples=["08:00"])
    weekday: Weekday = Field("monday", description="The day of weekly digests.")
    zone: str = Field(
        "UTC",
        description="The time zone of at and quiet, and of the times in messages for people, by its name.",
        examples=["Europe/Berlin"],
    )
    quiet: str = Field(
        "",
        description="Hours, local time, in which nothing is sent; what falls due in them goes out together when they "
        "end. Empty = none.",
        examples=["22:00-07:00"],
    )
    urgent_passes: bool = Field(True, description="Alerts of severity urgent heed neither quiet nor max_per_hour.")
    max_per_hour: int | None = Field(
        None,
        ge=1,
        description="Messages within any 60 minutes; the alerts beyond go out together as soon as there is room.",
    )
    warns: bool = Field(
        False,
        description="This channel is told when another one gives up an alert, once a day. If none is marked so, the "
        "first other one is told.",
    )

    @field_validator("at")
    @classmethod
    def _is_a_time(cls, at: str) -> str:
        _time(at)
        return at

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            words = "must be the name of a time zone, with continent and city"
            raise PublicWords(words + _zone_like(zone)) from None
        return zone

    @field_validator("quiet")
    @classmethod
    def _are_hours(cls, quiet: str) -> str:
        if quiet:
            start, end = _hours(quiet)
            if start == end:
                raise ValueError("must not begin when it ends: nothing would ever be sent")
        return quiet

    def concerns(self, wished: Collection[str] = ()) -> Iterator[tuple[str, str]]:
        """What is valid and unwise about it, each with its remedy; ``wished`` are the digests that rules wish for."""
        gathered = {self.digest, *wished}
        has_moment = bool(gathered & {"daily", "weekly"})
        if "at" in self.model_fields_set and not has_moment:
            yield "'at' does nothing: no daily or weekly digest goes out here", 'set digest = "daily", or remove at'
        if "weekday" in self.model_fields_set and "weekly" not in gathered:
            yield "'weekday' does nothing: no weekly digest goes out here", 'set digest = "weekly", or remove weekday'
        local = datetime.combine(date(2026, 1, 1), _time(self.at), UTC)
        is_at_night = self.model_copy(update={"zone": "UTC"}).quiet_until(local) is not None
        if self.digest in ("daily", "weekly") and is_at_night:
            what = f"its digests of {self.at} fall into its quiet hours, and wait for their end"
            yield what, "let the quiet hours end before, or move the digest"

    def next_digest(self, digest: str, now: datetime) -> datetime:
        """The first moment after ``now`` at which a digest of this rhythm goes out, quiet or not.

        A local time that the clock change leaves out is taken with the offset before it (02:30 is 03:30 then); of one
        that comes twice, the first counts (RFC 5545, 3.3.5). So each day has exactly one.
        """
        local = now.astimezone(ZoneInfo(self.zone))
        if digest == "hourly":
            past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
            return now - past + _HOUR
        days = (local.date() + _DAY * offset for offset in range(9))
        moments = (self._moment(day, self.at) for day in days if digest == "daily" or self._is_the_day(day))
        return next(moment for moment in moments if moment > now)

    def quiet_until(self, now: datetime) -> datetime | None:
        """The end of the quiet hours that ``now`` falls into; None = it falls into none."""
        if not self.quiet:
            return None
        start, end = _hours(self.quiet)
        today = now.astimezone(ZoneInfo(self.zone)).date()
        for day in (today - _DAY, today):
            ends = self._moment(day + _DAY if end <= start else day, end)
            if self._moment(day, start) <= now < ends:
                return ends
        return None

    def awake(self, moment: datetime, severity: str) -> datetime:
        """The moment, or the end of the quiet hours that it falls into, if they hold what is as urgent as this."""
        return moment if self.passes(severity) else self.quiet_until(moment) or moment

    def passes(self, severity: str) -> bool:
        """Is it urgent enough to be sent at any hour?"""
        return self.urgent_passes and severity == URGENT

    def timed(self, alert: Alert, now: datetime) -> Alert:
        """The alert at its moment: ``digest`` is the wish of the rules before, and what it waits for afterwards."""
        digest = "" if alert.digest == AT_ONCE else alert.digest or self.digest or ""
        if digest:
            moment = self.awake(self.next_digest(digest, now), alert.severity)
            return replace(alert, digest=digest, not_before=moment)
        moment = self.awake(now, alert.severity)
        return replace(alert, digest=QUIET if moment > now else "", not_before=moment)

    def _is_the_day(self, day: date) -> bool:
        return _WEEKDAYS[day.weekday()] == self.weekday

    def _moment(self, day: date, at: str) -> datetime:
        return datetime.combine(day, _time(at), ZoneInfo(self.zone)).astimezone(UTC)


def timed(alerts: Sequence[Alert], rhythms: Mapping[str, Rhythm], now: datetime) -> tuple[Alert, ...]:
    """The alerts, each at the moment that its channel's rhythm says; by channel id, unknown ones speak at once."""
    always = Rhythm()
    return tuple(rhythms.get(alert.channel, always).timed(alert, now) for alert in alerts)


def _time(text: str) -> time:
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError("must be a time of day in four digits, HH:MM")
    return time(int(found[1]), int(found[2]))


def _hours(text: str) -> tuple[str, str]:
    start, dash, end = (part.strip() for part in text.partition("-"))
    if not dash or not _TIME.fullmatch(start) or not _TIME.fullmatch(end):
        raise ValueError("must be two times of day in four digits, HH:MM-HH:MM")
    return start, end


def _zone_like(word: str) -> str:
    """What may have been meant: a zone of that city, or one spelt nearly so; an empty string when there is none."""
    zones = sorted(available_timezones())
    wanted = word.strip().replace(" ", "_").casefold()
    of_city = [zone for zone in zones if "/" in zone and zone.casefold().rpartition("/")[2] == wanted]
    if of_city:
        return f": did you mean {' or '.join(map(repr, of_city[:3]))}?"
    near = nearest(wanted, [zone.casefold() for zone in zones])
    spelt = next((zone for zone in zones if repr(zone.casefold()) in near), "")
    return f": did you mean {spelt!r}?" if spelt else ""
