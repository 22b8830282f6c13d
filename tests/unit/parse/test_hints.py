"""What a document asks of its pollers, and what of that makes sense."""

from datetime import timedelta

import pytest

from pipeline.model import Hints
from pipeline.parse.hints import read_hints


@pytest.mark.parametrize(
    ("period", "frequency", "every"),
    [
        ("hourly", "2", timedelta(minutes=30)),
        ("dayly", "1", timedelta(days=1)),
        (" Weekly\n", None, timedelta(weeks=1)),
        ("daily", "0", timedelta(days=1)),
        ("hourly", "0.1", timedelta(hours=10)),
        ("yearly", "0.001", timedelta(days=365)),
        ("always", "1", None),
        ("", "4", None),
        ("hourly", "many", timedelta(hours=1)),
    ],
)
def test_the_syndication_module_is_a_period_divided_by_a_frequency(
    period: str, frequency: str | None, every: timedelta | None
) -> None:
    assert read_hints({"sy_updateperiod": period, "sy_updatefrequency": frequency}).update_every == every


@pytest.mark.parametrize(
    ("ttl", "wait"),
    [
        ("60", timedelta(hours=1)),
        (" 1.5 ", timedelta(seconds=90)),
        ("0", None),
        ("-5", None),
        ("nan", None),
        ("soon", None),
    ],
)
def test_a_ttl_is_minutes(ttl: str, wait: timedelta | None) -> None:
    assert read_hints({"ttl": ttl}).ttl == wait


def test_hours_and_days_that_do_not_exist_are_ignored() -> None:
    hints = read_hints({"skip_hours": ["0", "24", "7", "25", "-1", "x"], "skip_days": ["Saturday", "sun", "Someday"]})

    assert hints == Hints(skip_hours=(0, 7), skip_days=(5, 6))


def test_a_feed_that_would_never_be_polled_is_mistaken() -> None:
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    assert read_hints({"skip_hours": [str(hour) for hour in range(24)], "skip_days": days}) == Hints()


def test_elements_that_are_no_text_are_no_hint() -> None:
    assert read_hints({"ttl": {"a": "b"}, "sy_updateperiod": {}, "sy_updatefrequency": []}) == Hints()
