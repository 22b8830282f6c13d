"""How often a document asks to be polled: RSS ttl, skipHours, skipDays, and the syndication module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from pipeline.model import Hints

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# RSS 1.0 syndication module, with the spellings that are met: "dayly", "day", "hour". "always" asks for nothing.
_PERIODS = {
    "hour": timedelta(hours=1),
    "da": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
_LONGEST = timedelta(days=365)


def read_hints(feed: Mapping[str, Any]) -> Hints:
    """The hints among feedparser's feed-level elements; what makes no sense is no hint."""
    return Hints(
        ttl=_ttl(feed.get("ttl")),
        update_every=_update_every(feed.get("sy_updateperiod"), feed.get("sy_updatefrequency")),
        skip_hours=_hours(feed.get("skip_hours") or ()),
        skip_days=_days(feed.get("skip_days") or ()),
    )


def _ttl(value: object) -> timedelta | None:
    """RSS 2.0: minutes."""
    minutes = _number(value)
    return min(timedelta(minutes=minutes), _LONGEST) if minutes else None


def _update_every(period: object, frequency: object) -> timedelta | None:
    """A period divided by a frequency; without a usable period there is no hint, without a frequency it is 1."""
    word = period.strip().lower() if isinstance(period, str) else ""
    span = next((span for start, span in _PERIODS.items() if word.startswith(start)), None)
    if span is None:
        return None
    times = _number(frequency) or 1.0
    return min(span / max(times, 0.001), _LONGEST)


def _hours(values: Iterable[str]) -> tuple[int, ...]:
    """Hours in UTC, 0 to 23 (some write 24 for midnight); a feed that skips every hour is mistaken."""
    hours = sorted({int(value) % 24 for value in values if value.isdecimal() and len(value) <= 2 and int(value) <= 24})
    return () if len(hours) == 24 else tuple(hours)


def _days(values: Iterable[str]) -> tuple[int, ...]:
    """English names of days, 0 = Monday; a feed that skips every day is mistaken."""
    days = sorted({_DAYS.index(value[:3].lower()) for value in values if value[:3].lower() in _DAYS})
    return () if len(days) == 7 else tuple(days)


def _number(value: object) -> float:
    """A finite number above 0, else 0."""
    if not isinstance(value, str) or len(value) > 12:
        return 0.0
    try:
        number = float(value)
    except ValueError:
        return 0.0
    return number if 0 < number < 1e9 else 0.0
