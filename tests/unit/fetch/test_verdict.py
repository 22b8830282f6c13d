"""Which failures are the feeds' own, and when that is known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch.verdict import DOWN, PORTAL, Judged, Jury
from pipeline.model import Answer, Due, ErrorKind, Feed, FeedState, FetchFailed, NotModified, Polled


def feed(number: int, host: str = "") -> Due:
    url = f"https://{host or f'h{number}.example'}/feed/{number}"
    return Due(Feed(url), FeedState(url))


def fine(number: int) -> Polled:
    due = feed(number)
    return Polled(due, NotModified(Answer(304, due.url)))


def lost(number: int, host: str = "") -> Polled:
    return Polled(feed(number, host), FetchFailed(ErrorKind.CONNECT, "no route"))


def led(number: int, host: str = "portal.example") -> Polled:
    page = Answer(200, f"https://{host}/login")
    return Polled(feed(number), FetchFailed(ErrorKind.NOT_A_FEED, "no feed but an HTML page", page))


def heard(*turns: Polled) -> tuple[list[Judged], list[Judged]]:
    """What was let go at once, and what at the end."""
    jury = Jury(len(turns))
    return [judged for turn in turns for judged in jury.hear(turn)], list(jury.close())


def test_in_a_short_run_a_failure_is_written_at_once() -> None:
    at_once, later = heard(*[lost(number) for number in range(19)])

    assert (len(at_once), later) == (19, [])


def test_failures_wait_until_a_fifth_has_answered_and_are_then_written_before_the_next() -> None:
    turns = [lost(0), *map(fine, range(1, 4)), lost(4), *map(fine, range(5, 20))]
    at_once, later = heard(*turns)

    assert [judged.polled.due.feed.url[-2:].strip("/") for judged in at_once][:6] == ["1", "2", "3", "0", "4", "5"]
    assert (len(at_once), later) == (20, [])


def test_with_exactly_four_in_five_failing_the_network_is_not_to_blame() -> None:
    at_once, _ = heard(*map(lost, range(16)), *map(fine, range(16, 20)))

    assert {judged.excuse for judged in at_once} == {""}
    assert len(at_once) == 20


def test_with_more_than_four_in_five_failing_it_is() -> None:
    at_once, later = heard(*map(lost, range(17)), *map(fine, range(17, 20)))

    assert (len(at_once), {judged.excuse for judged in later}) == (3, {DOWN})


def test_three_hosts_do_not_prove_a_network_down() -> None:
    _, later = heard(*[lost(number, f"h{number % 3}.example") for number in range(20)])

    assert {judged.excuse for judged in later} == {""}


def test_a_page_of_a_host_that_four_hosts_were_led_to_is_no_failure_of_theirs() -> None:
    _, three = heard(*map(led, range(3)), fine(9))
    _, four = heard(*map(led, range(4)), fine(9))

    assert {judged.excuse for judged in three} == {""}
    assert {judged.excuse for judged in four} == {PORTAL}


def test_a_host_that_answered_for_the_feed_before_is_no_portal() -> None:
    turns = [led(number) for number in range(5)]
    known = [
        Polled(Due(turn.due.feed, FeedState(turn.due.feed.url, answered_url="https://portal.example/x")), turn.result)
        for turn in turns
    ]
    at_once, later = heard(*known)

    assert ({judged.excuse for judged in at_once}, later) == ({""}, [])


@given(st.lists(st.sampled_from([fine, lost, led]), max_size=60))
def test_every_turn_is_written_once_whatever_comes(kinds: list[object]) -> None:
    turns = [kind(number) for number, kind in enumerate(kinds)]  # type: ignore[operator]
    at_once, later = heard(*turns)
    written = [judged.polled.due.feed.url for judged in (*at_once, *later)]

    assert sorted(written) == sorted(turn.due.feed.url for turn in turns)
