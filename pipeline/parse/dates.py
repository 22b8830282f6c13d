"""Dates as feeds write them: certain where the text is, guessed where we had to add something, else nothing."""

from __future__ import annotations

import re
import time
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pipeline.model import DateKind, Entry
from pipeline.parse.markup import first_words

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # what is older than the web is an empty or zero field somewhere
CLOCK_SKEW = timedelta(minutes=10)  # a publisher's clock may be this much ahead of ours
ZONE_MISTAKE = timedelta(days=1)  # local time labelled UTC is at most 14 hours ahead
_LONGEST = 80  # characters of a date

_CLOCK = r"(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d|60)(?:[.,]\d+)?)?"
_CLOCK_TIME = re.compile(r"(?<![\d:])" + _CLOCK + r"(?:\s?(?P<half>[ap])\.?m\b\.?)?", re.IGNORECASE)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>\d{2})?(?!\d)")
_ZONE_NAME = re.compile(r"(?<![A-Za-z])[A-Z]{1,5}(?![A-Za-z])")

# RFC 3339 5.6 and RFC 822 5 with a zone that can mean one thing only; all else is guessed.
_HOUR, _ZONE = r"(?:[01]?\d|2[0-3])", r"(?:Z|UTC?|GMT|[+-](?:0\d|1[0-4]):?[0-5]\d)"
_CERTAIN = re.compile(
    rf"\d{{4}}-\d\d-\d\d[T ]{_HOUR}:\d\d(?::\d\d(?:[.,]\d+)?)?\s?{_ZONE}"
    rf"|\d{{8}}T\d{{6}}{_ZONE}"
    rf"|(?:[A-Z]{{3,9}},?\s)?\d{{1,2}}\s[A-Z]{{3}}\s\d{{4}}\s{_HOUR}:\d\d(?::\d\d)?\s{_ZONE}(?:\s\([A-Z]{{2,5}}\))?",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?:[-/.]|年\s?|년\s?)(?P<month>\d{1,2})(?:[-/.]|月\s?|월\s?)(?P<day>\d{1,2})(?!\d)"
)
_BASIC = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:T(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?)?(?!\d)"
)
_DAY_MONTH_YEAR = re.compile(
    r"(?<!\d)(?P<day>\d{1,2})(?:\.|st|nd|rd|th|er|º)?[\s-]+(?:de\s+)?(?P<name>[^\W\d_]{3,10})\.?,?[\s-]+(?:de\s+)?"
    r"(?P<year>\d{4}|\d{2})(?![\d:])",
    re.IGNORECASE,
)
_MONTH_DAY_YEAR = re.compile(
    r"(?P<name>[^\W\d_]{3,10})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?:[\d:.]{4,12}\s+(?:[A-Z]{2,5}\s+)?)?(?P<year>\d{4})(?!\d)",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"(?<!\d)(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})(?!\d)")
_SLASHED = re.compile(r"(?<!\d)(?P<one>\d{1,2})[/-](?P<two>\d{1,2})[/-](?P<year>\d{4})(?!\d)")
_EPOCH = re.compile(r"\d{9,10}(?:\.\d+)?|\d{13}")

# English, German, French, Spanish, Italian, Portuguese, Dutch, Russian; without accents.
_MONTH_NAMES = (
    "jan january januar janner janvier janv enero ene gennaio gen janeiro januari января январь янв",
    "feb february februar fevrier fevr fev febrero febbraio fevereiro februari февраля февраль фев февр",
    "mar march marz maerz mrz mars marzo marco maart mrt марта март мар",
    "apr april avril avr abril abr aprile апреля апрель апр",
    "may mai mayo maggio mag maio mei мая маи май",
    "jun june juni juin junio giugno giu junho июня июнь июн",
    "jul july juli juillet juil julio luglio lug julho июля июль июл",
    "aug august aout agosto ago augustus августа август авг",
    "sep sept september septembre septiembre setiembre settembre set setembro сентября сентябрь сен сент",
    "oct october oktober okt octobre octubre ottobre ott outubro out октября октябрь окт",
    "nov november novembre noviembre novembro ноября ноябрь ноя",
    "dec december dezember dez decembre diciembre dic dicembre dezembro декабря декабрь дек",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}

# Hours east of Greenwich. Names are no standard: CST is Chicago and China, IST is India, Ireland and Israel.
_HOURS_EAST = (
    (-10, "HST"),
    (-9, "AKST"),
    (-8, "PST PT AKDT"),
    (-7, "MST MT PDT"),
    (-6, "CST CT MDT"),
    (-5, "EST ET CDT"),
    (-4, "AST EDT"),
    (-3.5, "NST"),
    (-3, "ADT ART BRT"),
    (-2.5, "NDT"),
    (0, "Z UT UTC GMT WET"),
    (1, "BST CET MET MEZ WEST"),
    (2, "CEST MEST MESZ EET SAST"),
    (3, "EEST MSK TRT"),
    (5, "PKT"),
    (5.5, "IST"),
    (7, "ICT WIB"),
    (8, "AWST HKT PHT SGT"),
    (9, "JST KST"),
    (9.5, "ACST"),
    (10, "AEST"),
    (10.5, "ACDT"),
    (11, "AEDT"),
    (12, "NZST"),
    (13, "NZDT"),
)
_ZONES = {name: timedelta(hours=hours) for hours, names in _HOURS_EAST for name in names.split()}


# How nearly all dates are written (RFC 822, RFC 3339): read by fields, without asking what else they might be.
_USUAL = re.compile(
    r"\s*(?:(?:[A-Za-z]{3},\s)?(?P<day>\d{1,2})\s(?P<name>[A-Z][a-z]{2})\s(?P<year>\d{4})"
    r"|(?P<date>\d{4}-\d\d-\d\d)[T ])\s?"
    r"(?P<clock>(?:[01]\d|2[0-3]):[0-5]\d)(?:(?P<second>:[0-5]\d)(?:\.\d+)?)?\s?"
    r"(?:Z|UTC?|GMT|(?P<zone>[+-](?:0\d|1[0-3]):?[0-5]\d))\s*",
    re.ASCII,
)
_ENGLISH = {"Jan": "01", "Feb": "02", "Mar": "03", "Apr": "04", "May": "05", "Jun": "06"}
_ENGLISH |= {"Jul": "07", "Aug": "08", "Sep": "09", "Oct": "10", "Nov": "11", "Dec": "12"}


class Dated(NamedTuple):
    """A moment in UTC and how far it can be trusted."""

    moment: datetime
    kind: DateKind


def parse_date(raw: str, parsed: time.struct_time | None = None) -> Dated | None:
    """The moment that ``raw`` names, or None; GIVEN only where nothing had to be added.

    ``parsed`` is feedparser's reading (UTC), used as a guess for formats that we do not know ourselves. A date
    that could be two days (1/6/2025) or that does not exist (30 February) is None.
    """
    if (usual := _USUAL.fullmatch(raw)) and (dated := _usual(usual)):
        return dated
    text = " ".join(unicodedata.normalize("NFKC", raw[: _LONGEST * 4]).split())
    if not text or len(text) > _LONGEST:
        return None
    try:
        moment = _epoch(text) or _basic(text) or _written(text)
    except (ValueError, OverflowError):
        return None  # the 30th of February, the hour 25, a year that UTC cannot hold
    if moment is None:
        return _from_feedparser(text, parsed)
    return _dated(moment, is_certain=_CERTAIN.fullmatch(text) is not None)


def _dated(moment: datetime, *, is_certain: bool) -> Dated | None:
    """A date before 1990 is what the feed says, but not to be believed; nobody guesses one."""
    if moment < EARLIEST:
        return Dated(moment, DateKind.GUESSED) if is_certain else None
    return Dated(moment, DateKind.GIVEN if is_certain else DateKind.GUESSED)


def _usual(found: re.Match[str]) -> Dated | None:
    """The moment of a date in a usual form, None where it has to be looked at closely.

    Written as ISO has it, it is read at once, in a third of the time that numbers take.
    """
    day, name, year, date, clock, second, zone = found.groups()
    try:
        date = date or f"{year}-{_ENGLISH[name]}-{day:0>2}"
        moment = datetime.fromisoformat(f"{date}T{clock}{second or ':00'}{zone or '+00:00'}").astimezone(UTC)
    except (LookupError, ValueError, OverflowError):
        return None
    return _dated(moment, is_certain=True)


def settle(entry: Entry, *, now: datetime, first_poll: bool) -> Entry:
    """The entry under the title and the dates that it is stored with.

    No title: the first words of its text. No date (or one before 1990): the time we saw it. More than ten minutes
    ahead: clamped to ``now`` and guessed; but on the first poll of a feed a date more than a day ahead (no zone
    mistake, but a calendar of coming events) tells nothing of the age of the entry, and it counts as undated.
    """
    published, kind = entry.published_at, entry.date_kind
    if published is None or published < EARLIEST:
        published, kind = now, DateKind.SEEN
    elif published > now + CLOCK_SKEW:
        unknown_age = first_poll and published > now + ZONE_MISTAKE
        published, kind = now, DateKind.SEEN if unknown_age else DateKind.GUESSED
    updated = entry.updated_at
    if updated is not None:
        updated = None if updated < EARLIEST else now if updated > now + CLOCK_SKEW else updated
    title = entry.title or first_words(entry.text)
    if (title, published, updated, kind) == (entry.title, entry.published_at, entry.updated_at, entry.date_kind):
        return entry  # nearly always, and making an entry anew costs more than all of this
    return replace(entry, title=title, published_at=published, updated_at=updated, date_kind=kind)


def _epoch(text: str) -> datetime | None:
    if not _EPOCH.fullmatch(text):
        return None
    seconds = float(text) / (1000 if len(text) == 13 else 1)
    return datetime.fromtimestamp(int(seconds), UTC)


def _basic(text: str) -> datetime | None:
    found = _BASIC.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC) - _offset(text[found.end() :])


def _written(text: str) -> datetime | None:
    """A day in one of the known orders, with the time of day and zone that stand behind it, if any."""
    day = _day(text)
    if day is None:
        return None
    clock = _CLOCK_TIME.search(text) or _CLOCK_TIME.search(re.sub(r"(?<=\d)[hH](?=\d\d)", ":", text))
    if not clock:
        return day
    hour = int(clock["hour"])
    if clock["half"]:
        hour = hour % 12 + (12 if clock["half"] in "pP" else 0)
    second = min(int(clock["second"] or 0), 59)  # a leap second
    span = timedelta(hours=hour, minutes=int(clock["minute"]), seconds=second)
    if span > timedelta(days=1):
        raise ValueError(f"no time of day: {text}")
    return day + span - _offset(text[clock.end() :])


def _day(text: str) -> datetime | None:
    if found := _YEAR_FIRST.match(text):
        return _midnight(found["year"], int(found["month"]), found["day"])
    for pattern in (_DAY_MONTH_YEAR, _MONTH_DAY_YEAR):
        for found in pattern.finditer(text):
            if month := _MONTHS.get(_unaccented(found["name"])):
                return _midnight(found["year"], month, found["day"])
    if found := _DOTTED.search(text):
        return _midnight(found["year"], int(found["month"]), found["day"])
    if found := _SLASHED.search(text):
        return _slashed(found, text)
    return None


def _slashed(found: re.Match[str], text: str) -> datetime | None:
    """Month first where a 12-hour clock or the day's size tells so; a day that could be two is not guessed."""
    one, two = int(found["one"]), int(found["two"])
    clock = _CLOCK_TIME.search(text)
    if two > 12 or one == two or (clock and clock["half"]):
        return _midnight(found["year"], one, str(two))
    return _midnight(found["year"], two, str(one)) if one > 12 else None


def _midnight(year: str, month: int, day: str) -> datetime:
    number = int(year)
    if len(year) == 2:
        number += 2000 if number < 70 else 1900  # POSIX strptime %y turns at 69
    return datetime(number, month, int(day), tzinfo=UTC)


def _offset(rest: str) -> timedelta:
    """How far the zone behind a time is ahead of UTC; an unknown or impossible zone is taken for UTC."""
    if found := _OFFSET.search(rest):
        offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
        if offset > timedelta(hours=14):
            return timedelta()
        return -offset if found["sign"] == "-" else offset
    for name in _ZONE_NAME.findall(rest):
        if name in _ZONES:
            return _ZONES[name]
    return timedelta()


def _unaccented(name: str) -> str:
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _from_feedparser(text: str, parsed: time.struct_time | None) -> Dated | None:
    """feedparser's reading where it can be right: it also makes dates of half a year's digits or of a time alone."""
    if parsed is None or not any(str(year) in text for year in range(parsed.tm_year - 1, parsed.tm_year + 2)):
        return None
    try:
        moment = datetime(*parsed[:6], tzinfo=UTC)
    except ValueError:
        return None
    return Dated(moment, DateKind.GUESSED) if moment >= EARLIEST else None
