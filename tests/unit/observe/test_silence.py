"""When a silence is unusual, and when a company's day is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from pipeline.observe.silence import Silence, judged_company, judged_silence

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


def steady(every: timedelta, until: datetime, past: timedelta = 4 * WEEK) -> list[datetime]:
    """Moments at an even pace, the last of them at ``until``."""
    return [until - every * back for back in range(past // every, -1, -1)]


def office(until: datetime, past: timedelta = 4 * WEEK) -> list[datetime]:
    """Every hour from eight to six, Monday to Friday."""
    return [one for one in steady(HOUR, until, past) if one.weekday() < 5 and 8 <= one.hour < 18]


def test_a_feed_that_tells_every_hour_is_silent_after_half_a_day() -> None:
    moments = steady(HOUR, MONDAY)

    assert judged_silence(moments, moments[0], MONDAY + 1.5 * HOUR) == "usual"
    found = judged_silence(moments, moments[0], MONDAY + 12 * HOUR)
    assert found == Silence(MONDAY, "nothing new for 12 hours; its usual pauses end within 1 hour")


def test_a_weekend_is_no_silence_of_a_feed_that_rests_at_weekends() -> None:
    friday = MONDAY - 3 * DAY + 17 * HOUR
    moments = office(friday)

    assert moments[-1] == friday
    assert judged_silence(moments, MONDAY - 5 * WEEK, MONDAY + 7 * HOUR) == "usual"


def test_the_same_feed_is_silent_after_two_working_days() -> None:
    friday = MONDAY - 3 * DAY + 17 * HOUR
    moments = office(friday)

    found = judged_silence(moments, MONDAY - 5 * WEEK, MONDAY + DAY + 18 * HOUR)

    assert found == Silence(
        friday, "nothing new for 4 days; in the same hours of the weeks before, 20 polls brought something"
    )


def test_a_newsletter_of_each_week_is_silent_when_two_issues_are_missing() -> None:
    moments = steady(WEEK, MONDAY, 10 * WEEK)

    assert judged_silence(moments, moments[0], MONDAY + 13 * DAY) == "usual"
    assert isinstance(judged_silence(moments, moments[0], MONDAY + 15 * DAY), Silence)


@pytest.mark.parametrize("moments", [[], steady(HOUR, MONDAY, 5 * DAY), steady(WEEK, MONDAY, 5 * WEEK)])
def test_a_feed_with_a_short_past_is_not_judged(moments: list[datetime]) -> None:
    assert not moments or judged_silence(moments, moments[0], MONDAY + 30 * DAY) == "unknown"


def test_a_time_in_which_nobody_polled_hides_no_later_silence() -> None:
    holiday = (MONDAY - 2 * WEEK, MONDAY - 2 * WEEK + 6 * DAY)
    moments = [one for one in steady(HOUR, MONDAY) if not holiday[0] < one < holiday[1]]

    assert isinstance(judged_silence(moments, moments[0], MONDAY + 12 * HOUR), Silence)


def _by_chance(dice: Random, every: float) -> Iterator[float]:
    while True:
        yield dice.expovariate(1 / every)


def _in_bursts(dice: Random, every: float) -> Iterator[float]:
    while True:
        yield every * dice.choice([0.1] * 8 + [3, 5])


@pytest.mark.parametrize("pauses", [_by_chance, _in_bursts])
@pytest.mark.parametrize("every", [1.0, 6.0, 30.0])
def test_feeds_that_go_on_as_ever_are_seldom_called_silent(
    pauses: Callable[[Random, float], Iterator[float]], every: float
) -> None:
    """Forty feeds of four weeks, watched for a further week: five false alarms in 280 days at most."""
    dice, alarms = Random(5), 0
    for _ in range(40):
        moments, draw = [MONDAY], pauses(dice, every)
        while moments[-1] < MONDAY + 5 * WEEK:
            moments.append(moments[-1] + next(draw) * HOUR)
        is_silent = False
        for step in range(7 * 4):
            now = MONDAY + 4 * WEEK + step * 6 * HOUR
            known = [one for one in moments if now - 4 * WEEK < one <= now]
            was, is_silent = is_silent, isinstance(judged_silence(known, now - 4 * WEEK, now), Silence)
            alarms += is_silent and not was

    assert alarms <= 5


def test_a_company_without_a_story_where_twenty_are_usual_is_quiet() -> None:
    found = judged_company(0, [20, 22, 18, 21], tests=50)

    assert found is not None
    assert (found.kind, found.stories, found.usual) == ("quiet", 0, 20.25)


def test_a_company_with_three_times_its_stories_is_loud() -> None:
    found = judged_company(60, [20, 22, 18, 21], tests=50)

    assert found is not None
    assert found.kind == "loud"


@pytest.mark.parametrize(
    ("stories", "past"),
    [
        (0, [2, 1, 3, 2]),  # none is no wonder where two are usual
        (4, [0, 0, 0, 0]),  # four are easily one affair
        (0, [40, 0, 0, 0, 40, 0, 0, 0]),  # it comes in waves
        (14, [20, 22, 18, 21]),
        (0, [20, 22]),  # too short a past
    ],
)
def test_what_is_within_its_past_is_not_told(stories: int, past: list[int]) -> None:
    assert judged_company(stories, past, tests=50) is None


def test_of_many_companies_at_a_steady_rate_hardly_one_is_named() -> None:
    dice = Random(11)

    def drawn(rate: float) -> int:
        count, at = -1, 0.0
        while at < 1:
            at += dice.expovariate(rate)
            count += 1
        return count

    rates = [dice.uniform(0.2, 30) for _ in range(2000)]
    named = [judged_company(drawn(rate), [drawn(rate) for _ in range(8)], tests=len(rates)) for rate in rates]

    assert sum(found is not None for found in named) <= 1
