"""Rows 22 to 43 of docs/behaviour.md: when a feed is asked again."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from email.utils import formatdate

import pytest

from pipeline.config import load
from pipeline.model import FINISHED, GONE, ErrorKind
from tests.builders_behaviour import DAY, HOUR, MINUTE, NOW, Desk, entries, rss
from tests.feed_server import Raw, Reply, raw

SPREAD = 1.1  # a wait is drawn out by up to a tenth
SECOND = timedelta(seconds=1)
# One an hour: the pace alone leads to 40 minutes or less.
HOURLY = entries(1, 20)
HOURS_AGO = formatdate(1_000_000_000, usegmt=True)
HOURS_LATER = formatdate(1_000_007_200, usegmt=True)


def times(wait: timedelta, least: timedelta) -> bool:
    """The wait is this long, or up to a tenth longer."""
    return least <= wait <= least * SPREAD + SECOND


@pytest.mark.parametrize(
    ("headers", "hours"),
    [
        ({"Cache-Control": "max-age=7200"}, 2),
        ({"Cache-Control": "public, s-maxage=36000, max-age=7200", "Age": "1800"}, 1.5),
        ({"Cache-Control": "max-age=31536000"}, 24),
    ],
    ids=["two hours", "less its age", "a year is a day"],
)
def test_row_22_not_before_max_age_is_over(desk: Desk, headers: dict[str, str], hours: float) -> None:
    desk.watch(desk.server.serve("/feed", rss(*HOURLY, headers=headers)))
    desk.poll()

    assert times(desk.wait(), hours * HOUR)


def test_row_22_a_max_age_of_seconds_is_a_quarter_of_an_hour(desk: Desk) -> None:
    headers = {"Cache-Control": "max-age=5"}
    desk.watch(desk.server.serve("/feed", rss(*entries(1, 40), every=timedelta(seconds=20), headers=headers)))
    desk.poll()

    assert 15 * MINUTE <= desk.wait() <= 17 * MINUTE


def test_row_23_max_age_holds_on_a_304_too(desk: Desk) -> None:
    fresh = Reply(status=304, headers={"Cache-Control": "max-age=10800"})
    desk.watch(desk.server.serve("/feed", [rss(*HOURLY, etag='"1"'), fresh]))
    desk.poll()
    desk.poll()

    assert desk.state().status == 304
    assert times(desk.wait(), 3 * HOUR)


def test_row_24_expires_counts_from_the_servers_own_date(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", rss(*HOURLY, headers={"Date": HOURS_AGO, "Expires": HOURS_LATER})))
    desk.poll()

    assert times(desk.wait(), 2 * HOUR)


@pytest.mark.parametrize(
    "headers",
    [{"Expires": "0"}, {"Expires": "-1"}, {"Date": HOURS_LATER, "Expires": HOURS_AGO}],
    ids=["0", "-1", "past"],
)
def test_row_24_an_expires_that_is_over_asks_for_nothing(desk: Desk, headers: dict[str, str]) -> None:
    desk.watch(desk.server.serve("/feed", rss(*HOURLY, headers=headers)))
    desk.poll()

    assert desk.wait() < HOUR


@pytest.mark.parametrize("value", ["no-cache", "no-store", "max-age=0", "no-cache, max-age=7200"])
def test_row_25_no_cache_asks_for_no_rest(desk: Desk, value: str) -> None:
    desk.watch(desk.server.serve("/feed", rss(*HOURLY, headers={"Cache-Control": value})))
    desk.poll()

    assert desk.wait() < HOUR


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "7200"}, {"Retry-After": HOURS_LATER, "Date": HOURS_AGO}],
    ids=["seconds", "date"],
)
def test_row_26_a_429_is_obeyed(desk: Desk, headers: dict[str, str]) -> None:
    desk.watch(desk.server.serve("/feed", Reply(b"slow down", 429, headers)))
    desk.poll()

    assert desk.state().error_kind is ErrorKind.RATE_LIMITED
    assert 2 * HOUR <= desk.wait() < 3 * HOUR


def test_row_26_a_429_speaks_for_every_feed_of_its_host_also_in_later_runs(desk: Desk) -> None:
    busy = Reply(b"slow down", 429, {"Retry-After": "7200"})
    limited = desk.server.serve("/1", [busy, rss("One")], host="127.0.0.21")
    neighbour = desk.server.serve("/2", rss("Two"), host="127.0.0.21")
    added_later = desk.server.serve("/3", rss("Three"), host="127.0.0.21")
    stranger = desk.server.serve("/4", rss("Four"), host="127.0.0.22")
    desk.watch(limited, neighbour, stranger)
    desk.run()
    desk.watch(limited, neighbour, stranger, added_later)
    desk.run(after=HOUR)
    in_its_rest = [seen.path for seen in desk.server.requests()]
    desk.run(after=2.5 * HOUR)

    assert sorted(in_its_rest) == ["/1", "/4", "/4"]
    assert desk.titles() == {"One", "Two", "Three", "Four"}


def test_row_26_a_feed_that_was_not_asked_has_not_failed(desk: Desk) -> None:
    limited = desk.server.serve("/1", Reply(b"slow down", 429, {"Retry-After": "7200"}))
    neighbour = desk.server.serve("/2", rss("Two"))
    desk.watch(limited, neighbour)
    desk.run()

    assert (desk.state(limited).failures, desk.state(neighbour).failures) == (1, 0)
    assert 2 * HOUR <= desk.wait(neighbour) < 3 * HOUR
    assert desk.ask("SELECT outcome, status, error FROM fetches WHERE feed_url = ?", neighbour) == [
        (
            "failed",
            None,
            f"not asked: 127.0.0.1:{desk.server.port} asked for fewer requests, and is left alone for 7200 s",
        )
    ]


def test_row_26_a_feed_that_a_person_insists_on_is_asked(desk: Desk) -> None:
    limited = desk.server.serve("/1", Reply(b"slow down", 429, {"Retry-After": "7200"}))
    neighbour = desk.server.serve("/2", rss("Two"))
    desk.watch(limited, neighbour)
    desk.line(limited)

    assert desk.line(neighbour)["status"] == 200


@pytest.mark.parametrize("status", [503, 302])
def test_row_27_retry_after_of_a_503_or_a_redirect_is_obeyed(desk: Desk, status: int) -> None:
    desk.server.serve("/target", rss(*HOURLY))
    desk.watch(desk.server.serve("/feed", Reply(b"", status, {"Retry-After": "7200", "Location": "/target"})))
    desk.poll()

    assert times(desk.wait(), 2 * HOUR)


def test_row_27_a_503_speaks_for_its_host_when_three_feeds_say_it(desk: Desk) -> None:
    busy = Reply(b"", 503, {"Retry-After": "7200"})
    urls = [desk.server.serve(f"/{number}", busy if number < 4 else rss("Four")) for number in range(1, 5)]
    desk.watch(urls[0], urls[1], urls[3])
    desk.run()
    with_two = [seen.path for seen in desk.server.requests()]
    desk.watch(*urls)
    desk.poll(urls[0], urls[1], urls[2], urls[3], after=DAY)

    assert with_two == ["/1", "/2", "/4"]
    assert [seen.path for seen in desk.server.requests()[3:]] == ["/1", "/2", "/3"]


def test_row_28_months_of_retry_after_are_a_week(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", Reply(b"", 503, {"Retry-After": "99999999999999"})))
    desk.poll()

    assert desk.wait() == 7 * DAY


@pytest.mark.parametrize("value", ["-5", "0", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "1e9", "²"])
def test_row_28_a_senseless_retry_after_leaves_the_usual_back_off(desk: Desk, value: str) -> None:
    head = f"HTTP/1.1 503 Busy\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n"
    desk.watch(desk.server.serve("/feed", raw(head.encode())))
    desk.poll()

    assert times(desk.wait(), 30 * MINUTE)


def test_row_29_a_429_without_a_time_waits_for_an_hour_and_more(desk: Desk) -> None:
    urls = [desk.server.serve(f"/{n}", Reply(b"", 429), host=f"127.0.0.{n}") for n in range(31, 37)]
    desk.watch(*urls)
    desk.poll()
    waits = {desk.wait(url) for url in urls}

    assert all(HOUR <= wait <= 2.2 * HOUR + SECOND for wait in waits)
    assert len(waits) > 1


@pytest.mark.parametrize(
    "headers",
    [
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7200"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000007200", "Date": HOURS_AGO},
        {"RateLimit-Remaining": "0", "RateLimit-Reset": "7200"},
        {"RateLimit": '"default";r=0;t=7200'},
    ],
    ids=["seconds", "a moment", "draft", "list"],
)
def test_row_30_a_quota_that_is_used_up_is_a_plea_for_the_host(desk: Desk, headers: dict[str, str]) -> None:
    spent = desk.server.serve("/1", rss(*HOURLY, headers=headers))
    neighbour = desk.server.serve("/2", rss("Two"))
    desk.watch(spent, neighbour)
    desk.run()

    assert [seen.path for seen in desk.server.requests()] == ["/1"]
    assert 2 * HOUR <= desk.wait(spent) < 3 * HOUR
    assert 2 * HOUR <= desk.wait(neighbour) < 3 * HOUR


def test_row_30_a_quota_that_is_left_asks_for_nothing(desk: Desk) -> None:
    headers = {"X-RateLimit-Remaining": "10", "X-RateLimit-Reset": "7200", "RateLimit": '"a";r=05;t=7200'}
    desk.watch(desk.server.serve("/feed", rss(*HOURLY, headers=headers)))
    desk.poll()

    assert desk.wait() < HOUR


@pytest.mark.parametrize(("ttl", "hours"), [("180", 3), ("100000", 24)])
def test_row_31_ttl_is_a_floor_of_at_most_a_day(desk: Desk, ttl: str, hours: int) -> None:
    desk.watch(desk.server.serve("/feed", rss(*HOURLY, channel=f"<ttl>{ttl}</ttl>", etag='"1"')))
    desk.poll()
    first = desk.wait()
    desk.poll(after=HOUR)

    assert times(first, hours * HOUR)
    assert desk.state().status == 304
    # The hour in which nothing came draws its own interval out a little.
    assert hours * HOUR <= desk.wait() <= 1.2 * hours * HOUR


@pytest.mark.parametrize("ttl", ["0", "-60", "often"])
def test_row_31_a_senseless_ttl_is_ignored(desk: Desk, ttl: str) -> None:
    desk.watch(desk.server.serve("/feed", rss(*HOURLY, channel=f"<ttl>{ttl}</ttl>")))
    desk.poll()

    assert desk.wait() < HOUR


@pytest.mark.parametrize(
    ("channel", "hours"),
    [
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 6),
        ("<sy:updatePeriod>dayly</sy:updatePeriod>", 24),
        ("<sy:updatePeriod>weekly</sy:updatePeriod>", 24),
    ],
)
def test_row_32_update_period_is_a_floor_of_at_most_a_day(desk: Desk, channel: str, hours: int) -> None:
    desk.watch(desk.server.serve("/feed", rss(*entries(1, 3), every=5 * HOUR, channel=channel)))
    desk.poll()

    assert times(desk.wait(), hours * HOUR)


@pytest.mark.parametrize(
    "channel",
    [
        "<sy:updatePeriod>daily</sy:updatePeriod>",
        "<sy:updatePeriod>always</sy:updatePeriod>",
        "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
    ],
    ids=["outpaced", "no period", "frequency 0"],
)
def test_row_32_a_feed_that_is_faster_than_it_says_is_asked_as_often_as_it_publishes(desk: Desk, channel: str) -> None:
    desk.watch(desk.server.serve("/feed", rss(*HOURLY, channel=channel)))
    desk.poll()

    assert desk.wait() <= 70 * MINUTE


@pytest.mark.parametrize(
    ("channel", "first", "last"),
    [
        ("<skipHours><hour>13</hour><hour>14</hour><hour>15</hour></skipHours>", 16, 16.25),
        ("<skipHours>" + "".join(f"<hour>{hour}</hour>" for hour in range(13, 25)) + "</skipHours>", 25, 25.25),
        ("<skipDays><day>Wednesday</day><day>Thursday</day></skipDays>", 48, 48.25),
    ],
    ids=["hours", "to 24", "days"],
)
def test_row_33_quiet_hours_and_days_are_kept_in_utc(desk: Desk, channel: str, first: float, last: float) -> None:
    desk.watch(desk.server.serve("/feed", rss(*HOURLY, channel=channel)))
    desk.poll()  # at 13:00 of a Wednesday
    since_midnight = desk.state().next_poll_at - datetime.combine(NOW, datetime.min.time(), NOW.tzinfo)  # type: ignore[operator]

    assert first * HOUR <= since_midnight <= last * HOUR


def test_row_33_a_list_of_all_hours_is_a_mistake(desk: Desk) -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(24))
    desk.watch(desk.server.serve("/feed", rss(*HOURLY, channel=f"<skipHours>{hours}</skipHours>")))
    desk.poll()

    assert desk.wait() < HOUR


def test_row_34_a_feed_that_says_it_is_finished_is_not_asked_again(desk: Desk) -> None:
    last = {"version": "https://jsonfeed.org/version/1.1", "title": "Mill", "expired": True}
    items = [{"id": "1", "title": "The last", "content_text": "Good-bye"}]
    body = json.dumps({**last, "items": items}).encode()
    desk.watch(desk.server.serve("/feed", Reply(body, content_type="application/feed+json")))
    desk.run()
    for _ in range(3):
        desk.run(after=30 * DAY)

    assert len(desk.server.requests()) == 1
    assert desk.state().disabled == FINISHED
    assert desk.titles() == {"The last"}


def test_row_35_the_interval_goes_with_the_pace_seen(desk: Desk) -> None:
    paces = {"busy": 36 * MINUTE, "hourly": HOUR, "daily": DAY, "monthly": 30 * DAY, "flood": SECOND}
    urls = {name: desk.server.serve(f"/{name}", rss(*entries(1, 40), every=every)) for name, every in paces.items()}
    desk.watch(*urls.values())
    desk.poll()
    interval = {name: desk.state(url).interval or DAY for name, url in urls.items()}

    assert 10 * MINUTE <= interval["flood"] < 15 * MINUTE  # the newest is an hour old
    assert interval["flood"] < interval["busy"] < interval["hourly"] < interval["daily"] < interval["monthly"]
    assert interval["monthly"] == 12 * HOUR


def test_row_36_no_overlap_between_two_polls_is_on_record(desk: Desk) -> None:
    replies = [rss(*entries(1, 10)), rss(*entries(8, 17)), rss(*entries(18, 27)), rss(*entries(18, 27))]
    desk.watch(desk.server.serve("/feed", replies))
    for _ in range(4):
        desk.poll()

    assert desk.ask("SELECT gap FROM fetches ORDER BY fetched_at") == [(0,), (0,), (1,), (0,)]
    assert desk.state().last_gap_at == NOW + 3 * HOUR


def test_row_36_the_interval_is_halved_while_little_overlaps_and_comes_back(desk: Desk) -> None:
    documents = [rss(*entries(first, first + 9), every=4 * HOUR) for first in (1, 9, 17, 17, 17, 17, 17)]
    desk.watch(desk.server.serve("/feed", documents))
    intervals = []
    for _ in documents:
        desk.poll()
        intervals.append(desk.state().interval or DAY)
    shares = [round(interval / intervals[0], 1) for interval in intervals]

    assert shares[:3] == [1.0, 0.5, 0.3]
    assert shares[3:] == sorted(shares[3:])
    assert shares[-1] > 0.6


def test_row_37_feeds_that_were_due_together_after_a_stop_do_not_stay_together(desk: Desk) -> None:
    urls = [desk.server.serve(f"/{n}", rss(*HOURLY), host=f"127.0.1.{n}") for n in range(1, 41)]
    desk.watch(*urls)
    desk.run()
    first = Counter(desk.wait(url) // (5 * MINUTE) for url in urls)
    desk.run(after=3 * DAY)
    again = Counter(desk.wait(url) // (5 * MINUTE) for url in urls)

    assert len(desk.server.requests()) == 80
    for spread in (first, again):
        assert len(spread) >= 4
        assert max(spread.values()) <= 20


@pytest.mark.parametrize(
    "script",
    [Reply(b"", 404), Reply(b"", 500), Reply(b"<html></html>"), raw()],
    ids=["404", "500", "no feed", "no answer"],
)
def test_row_38_error_after_error_doubles_the_wait_up_to_a_day_and_a_success_ends_it(
    desk: Desk, script: Reply | Raw
) -> None:
    desk.watch(desk.server.serve("/feed", [rss(*HOURLY, every=2 * HOUR), *[script] * 8, rss(*HOURLY)]))
    desk.poll()
    interval = desk.state().interval or HOUR
    waits = []
    for _ in range(8):
        desk.poll(after=DAY)
        waits.append(desk.wait())
    desk.poll(after=DAY)

    for number, wait in enumerate(waits):
        least = min(interval * 2**number, DAY)
        assert least <= wait <= min(least * SPREAD + SECOND, DAY)
    assert desk.state().failures == 0
    assert desk.wait() < 12 * HOUR  # its entries have become old meanwhile


def test_row_38_a_feed_that_fails_for_a_month_is_asked_weekly_and_never_dropped(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", Reply(b"", 404)))
    for _ in range(40):
        desk.run(after=DAY)
    state = desk.state()

    assert (state.next_poll_at or NOW) - (state.last_polled_at or NOW) == 7 * DAY
    assert state.disabled == ""


def test_row_39_a_feed_that_is_gone_is_retired_aloud_and_looked_in_on_once(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", Reply(b"", 410)))
    for _ in range(100):
        desk.run(after=DAY)

    assert len(desk.server.requests()) == 2
    assert desk.state().disabled == GONE
    assert desk.ask("SELECT status, reason FROM feed_health") == [("disabled", GONE)]


def test_row_39_a_feed_that_is_back_after_its_410_takes_its_turns_again(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", [Reply(b"", 410), rss("One")]))
    for _ in range(33):
        desk.run(after=DAY)

    assert desk.titles() == {"One"}
    assert desk.state().disabled == ""
    assert len(desk.server.requests()) > 2


def test_row_40_a_turn_set_by_a_clock_that_was_wrong_does_not_silence_a_feed(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", rss(*HOURLY)))
    desk.run(after=400 * DAY)
    desk.run(after=-400 * DAY)

    assert len(desk.server.requests()) == 2
    assert desk.wait() < HOUR


def test_row_40_a_rest_set_by_a_clock_that_was_wrong_does_not_silence_a_host(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", [Reply(b"", 429, {"Retry-After": "7200"}), rss("One")]))
    desk.run(after=400 * DAY)
    desk.run(after=-400 * DAY)

    assert desk.titles() == {"One"}


def _unreachable(number: int) -> str:
    """An address of this machine that nobody listens at."""
    return f"http://127.0.2.{number}:1/feed"


def test_row_41_failures_of_nearly_all_feeds_count_against_none_and_are_tried_again_in_a_minute(desk: Desk) -> None:
    here = [desk.server.serve(f"/{n}", rss(f"Entry {n}"), host=f"127.0.0.{n}") for n in (41, 42, 43)]
    away = [_unreachable(number) for number in range(1, 21)]
    desk.watch(*away[:10], *here, *away[10:])
    report = desk.run()

    assert len(report.failed) == 20
    assert {desk.state(url).failures for url in away} == {0}
    assert {desk.wait(url) for url in away} == {MINUTE}
    assert len(desk.titles()) == 3
    assert "the network here seems to be down" in str(desk.ask("SELECT error FROM fetches WHERE outcome = 'failed'")[0])


def test_row_41_failures_count_when_a_fifth_of_the_feeds_answers(desk: Desk) -> None:
    here = [desk.server.serve(f"/{n}", rss(f"Entry {n}"), host=f"127.0.0.{n}") for n in range(41, 46)]
    away = [_unreachable(number) for number in range(1, 21)]
    desk.watch(*away, *here)
    desk.run()

    assert {desk.state(url).failures for url in away} == {1}
    assert min(desk.wait(url) for url in away) >= 30 * MINUTE


def test_row_41_one_host_that_is_down_with_all_its_feeds_is_not_the_network(desk: Desk) -> None:
    desk.watch(*[f"http://127.0.2.1:1/{number}" for number in range(25)])
    desk.run()

    assert {desk.state(url).failures for url in desk.urls} == {1}


def test_row_43_one_feed_under_two_spellings_is_polled_once_and_told(desk: Desk) -> None:
    url = desk.server.serve("/feed", rss("One"))
    desk.watch(url, f"{url}/", f"{url}#top")
    desk.run()

    assert len(desk.server.requests()) == 1
    assert [problem.what for problem in load(desk.directory, {}).problems].count(
        "the same feed as feed 1 (127.0.0.1); polled once"
    ) == 2
