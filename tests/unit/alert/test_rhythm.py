"""When a channel is to speak, across both clock changes."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, reset_tzpath

import pytest
from pydantic import ValidationError

from pipeline.alert import Rhythm, timed
from tests.builders_alert import NOW, alert

BERLIN = "Europe/Berlin"
# In Berlin 02:00 is 03:00 on 29 March 2026, and 03:00 is 02:00 again on 25 October 2026.


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def digests(rhythm: Rhythm, kind: str, start: str, count: int) -> list[str]:
    """The moments of the digests after ``start``, as the clocks of the zone show them."""
    moment, found = utc(start), []
    for _ in range(count):
        moment = rhythm.next_digest(kind, moment)
        found.append(f"{moment.astimezone(ZoneInfo(rhythm.zone)):%a %d %H:%M %z}")
    return found


def test_a_daily_digest_keeps_its_local_time_when_the_clocks_change() -> None:
    rhythm = Rhythm(at="08:00", zone=BERLIN)

    assert digests(rhythm, "daily", "2026-03-27T12:00", 3) == [
        "Sat 28 08:00 +0100",
        "Sun 29 08:00 +0200",
        "Mon 30 08:00 +0200",
    ]
    assert digests(rhythm, "daily", "2026-10-23T12:00", 3) == [
        "Sat 24 08:00 +0200",
        "Sun 25 08:00 +0100",
        "Mon 26 08:00 +0100",
    ]


def test_a_local_time_that_the_clock_change_leaves_out_comes_once_with_the_offset_before_it() -> None:
    rhythm = Rhythm(at="02:30", zone=BERLIN)

    assert digests(rhythm, "daily", "2026-03-27T12:00", 3) == [
        "Sat 28 02:30 +0100",
        "Sun 29 03:30 +0200",
        "Mon 30 02:30 +0200",
    ]


def test_a_local_time_that_comes_twice_counts_the_first_time_alone() -> None:
    rhythm = Rhythm(at="02:30", zone=BERLIN)

    assert digests(rhythm, "daily", "2026-10-23T12:00", 3) == [
        "Sat 24 02:30 +0200",
        "Sun 25 02:30 +0200",
        "Mon 26 02:30 +0100",
    ]
    assert rhythm.next_digest("daily", utc("2026-10-25T00:30")) == utc("2026-10-26T01:30")  # between the two


def test_a_weekly_digest_comes_on_its_day_a_week_apart_by_the_calendar() -> None:
    rhythm = Rhythm(at="09:15", weekday="sunday", zone="America/New_York")  # the clocks change on 8 March 2026

    assert digests(rhythm, "weekly", "2026-02-23T00:00", 3) == [
        "Sun 01 09:15 -0500",
        "Sun 08 09:15 -0400",
        "Sun 15 09:15 -0400",
    ]


def test_the_digest_of_this_very_moment_was_the_last_one() -> None:
    rhythm = Rhythm(at="08:00", weekday="monday")

    assert rhythm.next_digest("daily", utc("2026-03-02T07:59:59")) == utc("2026-03-02T08:00")
    assert rhythm.next_digest("daily", utc("2026-03-02T08:00")) == utc("2026-03-03T08:00")
    assert rhythm.next_digest("weekly", utc("2026-03-02T08:00")) == utc("2026-03-09T08:00")


def test_an_hourly_digest_comes_on_the_full_hour_of_its_zone() -> None:
    assert Rhythm().next_digest("hourly", utc("2026-03-02T09:30:20")) == utc("2026-03-02T10:00")
    assert Rhythm(zone="Asia/Kolkata").next_digest("hourly", utc("2026-03-02T09:31")) == utc("2026-03-02T10:30")
    assert digests(Rhythm(zone=BERLIN), "hourly", "2026-10-24T23:30", 3) == [
        "Sun 25 02:00 +0200",
        "Sun 25 02:00 +0100",
        "Sun 25 03:00 +0100",
    ]


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-03-02T20:59:59", None),
        ("2026-03-02T21:00", "2026-03-03T06:00"),
        ("2026-03-03T05:59:59", "2026-03-03T06:00"),
        ("2026-03-03T06:00", None),
        ("2026-03-28T22:00", "2026-03-29T05:00"),  # an hour shorter
        ("2026-10-24T21:00", "2026-10-25T06:00"),  # an hour longer
    ],
)
def test_quiet_hours_are_local_over_midnight_and_over_clock_changes(moment: str, until: str | None) -> None:
    rhythm = Rhythm(quiet="22:00-07:00", zone=BERLIN)

    assert rhythm.quiet_until(utc(moment)) == (utc(until) if until else None)


def test_quiet_hours_within_a_day() -> None:
    rhythm = Rhythm(quiet="12:00 - 13:30")

    assert rhythm.quiet_until(utc("2026-03-02T11:59")) is None
    assert rhythm.quiet_until(utc("2026-03-02T12:00")) == utc("2026-03-02T13:30")
    assert rhythm.quiet_until(utc("2026-03-02T13:30")) is None


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])
@pytest.mark.parametrize("at", ["00:00", "02:15", "02:30", "23:45"])
def test_whatever_the_clocks_do_each_day_has_one_digest(zone: str, at: str) -> None:
    rhythm, moment = Rhythm(at=at, zone=zone), utc("2026-01-01T00:00")
    days = []
    while moment < utc("2027-01-01T00:00"):
        moment = rhythm.next_digest("daily", moment)
        days.append(moment.astimezone(ZoneInfo(zone)).date())

    assert len(days) == len(set(days)) == (days[-1] - days[0]).days + 1


# --------------------------------------------------------------------------- alerts at their moments


def test_without_a_rhythm_alerts_go_out_at_once() -> None:
    one, other = alert(), alert("a2", "unknown")

    assert timed([one, other], {"desk": Rhythm()}, NOW) == (one, other)


def test_a_channels_digest_is_waited_for_and_the_wish_of_a_rule_comes_first() -> None:
    rhythms = {"desk": Rhythm(digest="daily", at="18:00")}
    given = [
        alert("own"),
        alert("soon", digest="at once"),
        alert("hourly", digest="hourly"),
        alert("weekly", digest="weekly"),
    ]

    made = {one.id: (one.digest, one.not_before) for one in timed(given, rhythms, NOW)}

    assert made == {
        "own": ("daily", utc("2026-03-02T18:00")),
        "soon": ("", NOW),
        "hourly": ("hourly", utc("2026-03-02T10:00")),
        "weekly": ("weekly", utc("2026-03-02T18:00")),  # a Monday
    }


def test_quiet_hours_hold_alerts_and_digests_and_let_pass_what_is_urgent() -> None:
    rhythms = {"desk": Rhythm(quiet="09:00-12:00"), "strict": Rhythm(quiet="09:00-12:00", urgent_passes=False)}
    noon = utc("2026-03-02T12:00")
    given = [
        alert("held"),
        alert("digest", digest="hourly"),
        alert("urgent", severity="urgent"),
        alert("strict", "strict", severity="urgent"),
    ]

    made = {one.id: (one.digest, one.not_before) for one in timed(given, rhythms, NOW)}

    assert made == {
        "held": ("quiet", noon),
        "digest": ("hourly", noon),
        "urgent": ("", NOW),
        "strict": ("quiet", noon),
    }


def test_a_digest_in_quiet_hours_is_a_concern() -> None:
    night = {"digest": "daily", "zone": "Asia/Tokyo", "quiet": "22:00-07:00"}

    assert [what for what, _ in Rhythm(at="06:00", **night).concerns()] == [
        "its digests of 06:00 fall into its quiet hours, and wait for their end"
    ]
    assert list(Rhythm(at="07:00", **night).concerns()) == []
    assert list(Rhythm(quiet="22:00-07:00", zone="Asia/Tokyo").concerns()) == []


def test_keys_of_a_digest_that_goes_out_nowhere_are_told() -> None:
    said = {"at": "06:00", "weekday": "friday"}

    def idle(wished: tuple[str, ...] = (), **keys: str) -> list[str]:
        return [what.split()[0] for what, _ in Rhythm(**said, **keys).concerns(wished)]

    assert idle() == ["'at'", "'weekday'"]
    assert idle(digest="hourly") == ["'at'", "'weekday'"]
    assert idle(quiet="22:00-05:00") == ["'at'", "'weekday'"]
    assert idle(digest="daily") == ["'weekday'"]
    assert idle(wished=("daily",)) == ["'weekday'"]
    assert idle(digest="weekly") == idle(wished=("weekly",)) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"at": "8:00"}, "must be a time of day"),
        ({"at": "24:00"}, "must be a time of day"),
        ({"zone": "Berlin"}, "must be the name of a time zone"),
        ({"zone": "../etc/passwd"}, "must be the name of a time zone"),
        ({"zone": ""}, "must be the name of a time zone"),
        ({"quiet": "22-7"}, "must be two times of day"),
        ({"quiet": "22:00"}, "must be two times of day"),
        ({"quiet": "07:00-07:00"}, "nothing would ever be sent"),
        ({"digest": "yearly"}, "'hourly', 'daily' or 'weekly'"),
        ({"max_per_hour": 0}, "greater than or equal to 1"),
        ({"weekday": "caturday"}, "'monday'"),
    ],
)
def test_a_rhythm_that_makes_no_sense_is_refused_in_words(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Rhythm.model_validate(options)


def test_the_time_zones_are_there_without_those_of_the_system() -> None:
    ZoneInfo.clear_cache()
    reset_tzpath(to=())
    try:
        assert Rhythm(zone="Europe/Vilnius").next_digest("daily", NOW) == utc("2026-03-03T06:00")
    finally:
        reset_tzpath()


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Berlin", "did you mean 'Europe/Berlin'?"),
        ("new york", "did you mean 'America/New_York'?"),
        ("Europe/Berln", "did you mean 'Europe/Berlin'?"),
    ],
)
def test_a_zone_that_is_none_brings_those_that_may_be_meant(zone: str, hint: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(hint)):
        Rhythm(zone=zone)


def test_a_zone_that_resembles_none_brings_no_guess() -> None:
    with pytest.raises(ValidationError, match=r"continent and city \["):
        Rhythm(zone="qqqqqq")
