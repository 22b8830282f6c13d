"""When an answer speaks for its whole host."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.fetch.head import Head
from pipeline.fetch.rests import Plea, Rests, not_asked
from pipeline.model import ErrorKind, FetchFailed
from tests.builders_fetch import answer, ok, same

HOUR = timedelta(hours=1)
HOST = "mill.example"


def _failed(kind: ErrorKind, status: int, **head: timedelta) -> FetchFailed:
    return FetchFailed(kind, "words", answer(status, **head))


def test_a_429_is_a_plea_for_the_time_it_names_or_for_an_hour() -> None:
    named = Rests().note(_failed(ErrorKind.RATE_LIMITED, 429, retry_after=2 * HOUR))
    unnamed = Rests().note(_failed(ErrorKind.RATE_LIMITED, 429))

    assert (named, unnamed) == (Plea(HOST, 2 * HOUR), Plea(HOST, HOUR))


def test_a_spent_quota_is_a_plea_of_a_good_answer_too() -> None:
    assert Rests().note(ok(spent_for=HOUR)) == Rests().note(same(spent_for=HOUR)) == Plea(HOST, HOUR)


def test_the_third_503_with_a_time_is_a_plea() -> None:
    rests = Rests()
    busy = _failed(ErrorKind.HTTP, 503, retry_after=HOUR)

    assert [rests.note(busy), rests.note(busy), rests.note(busy)] == [None, None, Plea(HOST, HOUR)]


@pytest.mark.parametrize(
    "result",
    [
        ok(retry_after=HOUR),
        same(),
        _failed(ErrorKind.HTTP, 503),
        _failed(ErrorKind.HTTP, 500, retry_after=HOUR),
        FetchFailed(ErrorKind.DNS, "no such name"),
        not_asked(Plea(HOST, HOUR)),
    ],
)
def test_other_answers_speak_for_their_feed_alone(result: FetchFailed) -> None:
    rests = Rests()

    assert [rests.note(result) for _ in range(4)] == [None] * 4


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"RateLimit": '"day";r=0;t=60'}, 60),
        ({"RateLimit": "limit=10, r=0, t=60"}, 60),
        ({"RateLimit": '"day";r=0'}, None),
        ({"RateLimit": '"day";r=10;t=60'}, None),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "60"}, 60),
        ({"X-RateLimit-Remaining": "0.0", "X-RateLimit-Reset": "60.5"}, 60.5),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 18}, 7 * 24 * 3600),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000000000"}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, None),
        ({"X-RateLimit-Remaining": "0"}, None),
        ({"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "60"}, None),
        ({"X-RateLimit-Remaining": "", "X-RateLimit-Reset": "60"}, None),
    ],
)
def test_a_quota_is_read_in_each_of_its_forms(fields: dict[str, str], seconds: float | None) -> None:
    head = Head((name.encode(), value.encode()) for name, value in fields.items())

    assert head.spent_for() == (timedelta(seconds=seconds) if seconds else None)
