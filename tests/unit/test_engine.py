"""The engine deals feeds into shards and gives results back in order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event, Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine import EngineOptions, Give, Shard, in_one_run, open_engine, poll_in_order, shards
from pipeline.model import Due, ErrorKind, Feed, FeedState, FetchFailed, Polled
from pipeline.urls import registrable_domain


def due(url: str) -> Due:
    return Due(Feed(url), FeedState(url))


def polled(shard: Shard, give: Give) -> None:
    # Results may come in any order, and some at a time: a shard's feeds answer when they like.
    came = [Polled(one, FetchFailed(ErrorKind.EMPTY, one.feed.url)) for one in reversed(shard)]
    give(came[:2])
    give(came[2:])


hosts = st.sampled_from(["a.example.com", "b.example.com", "example.org", "feeds.example.net", "127.0.0.9"])
due_lists = st.lists(st.tuples(hosts, st.integers(0, 50)), unique=True, max_size=30).map(
    lambda pairs: [due(f"http://{host}/{path}") for host, path in pairs]
)


@given(due_lists, st.integers(1, 7))
def test_a_domain_is_never_divided_and_no_feed_is_lost(dues: list[Due], size: int) -> None:
    dealt = shards(dues, size)

    homes: dict[str, int] = {}
    for number, shard in enumerate(dealt):
        for one in shard:
            assert homes.setdefault(registrable_domain(one.feed.url), number) == number
    assert sorted(one.feed.url for shard in dealt for one in shard) == sorted(one.feed.url for one in dues)


@given(due_lists, st.integers(1, 7), st.integers(0, 3))
def test_results_come_in_the_order_of_the_due_list(dues: list[Due], size: int, ahead: int) -> None:
    with ThreadPoolExecutor(2) as engine:
        results = list(poll_in_order(engine, dues, polled, size=size, ahead=ahead))

    assert [one.due for one in results] == dues


def test_what_came_of_a_shard_is_yielded_while_the_rest_of_it_is_asked() -> None:
    dues = [due(f"http://crowd.example/{number}") for number in range(3)]
    told, was_told = [Event() for _ in dues], []

    def one_by_one(shard: Shard, give: Give) -> None:
        for one, event in zip(shard, told, strict=True):
            polled((one,), give)
            was_told.append(event.wait(5))

    with ThreadPoolExecutor(1) as engine:
        for number, _ in enumerate(poll_in_order(engine, dues, one_by_one, size=50, ahead=1)):
            told[number].set()

    assert was_told == [True, True, True]


def test_who_has_come_waits_for_a_slow_feed_before_it_as_long_as_patience_lasts() -> None:
    dues = [due(f"http://host{number}.example/") for number in range(4)]
    are_told = Event()

    def first_is_slow(shard: Shard, give: Give) -> None:
        if shard[0] == dues[0]:
            are_told.wait(5)
        polled(shard, give)

    came = []
    with ThreadPoolExecutor(4) as engine:
        for one in poll_in_order(engine, dues, first_is_slow, size=1, ahead=4, patience=timedelta(milliseconds=1)):
            came.append(one.due)
            if len(came) == 3:
                are_told.set()

    assert sorted(came[:3], key=dues.index) == dues[1:]
    assert came[3] == dues[0]


@given(due_lists, st.integers(1, 7), st.integers(0, 3))
def test_without_any_patience_each_feed_comes_once(dues: list[Due], size: int, ahead: int) -> None:
    with ThreadPoolExecutor(2) as engine:
        results = list(poll_in_order(engine, dues, polled, size=size, ahead=ahead, patience=timedelta()))

    assert sorted(one.due.feed.url for one in results) == sorted(one.feed.url for one in dues)


def test_without_any_patience_it_is_waited_for_all_the_same() -> None:
    waits = 0

    def slow(shard: Shard, give: Give) -> None:
        Event().wait(0.1)
        polled(shard, give)

    def count() -> None:
        nonlocal waits
        waits += 1

    dues = [due("http://host.example/")]
    with ThreadPoolExecutor(1) as engine:
        list(poll_in_order(engine, dues, slow, size=1, ahead=1, patience=timedelta(), before_wait=count))

    assert waits == 1


def test_feeds_share_a_shard_by_the_address_that_each_poll_begins_at() -> None:
    moved = Due(Feed("http://a.example.com/1"), FeedState("http://a.example.com/1", current_url="http://b.example/1"))
    dues = [moved, due("http://c.example/2"), due("http://www.b.example/3")]

    assert shards(dues, 1) == ((dues[0], dues[2]), (dues[1],))


def test_a_run_takes_of_one_domain_what_can_be_asked_in_five_minutes() -> None:
    crowd = [due(f"http://n{number}.crowd.example/") for number in range(200)]
    others = [due("http://mill.example/"), due("nonsense")]

    assert in_one_run([*crowd, *others], timedelta(seconds=2)) == (*crowd[:150], *others)
    assert in_one_run(crowd, timedelta()) == tuple(crowd)


def test_what_is_no_address_is_no_domain() -> None:
    assert len(shards([due("nonsense"), due("http://[")], 1)) == 2


def test_a_slow_shard_does_not_stall_the_rest() -> None:
    dues = [due(f"http://host{number}.example/") for number in range(20)]
    others_went_on, lock = Event(), Lock()
    begun: list[str] = []
    waited: list[bool] = []

    def first_is_slow(shard: Shard, give: Give) -> None:
        with lock:
            begun.append(shard[0].feed.url)
            if len(begun) == 8:
                others_went_on.set()
        if shard[0] == dues[0]:
            waited.append(others_went_on.wait(5))
        polled(shard, give)

    with ThreadPoolExecutor(2) as engine:
        results = list(poll_in_order(engine, dues, first_is_slow, size=1, ahead=2))

    assert waited == [True]
    assert [one.due for one in results] == dues


def test_scattered_feeds_of_a_domain_leave_no_shard_unbegun() -> None:
    rounds = [[due(f"http://host{number}.example/{turn}") for number in range(30)] for turn in range(3)]
    dues = [one for each in rounds for one in each]

    with ThreadPoolExecutor(2) as engine:
        results = list(poll_in_order(engine, dues, polled, size=3, ahead=1))

    assert [one.due for one in results] == dues


def test_at_most_the_allowed_shards_are_under_way() -> None:
    dues = [due(f"http://host{number}.example/") for number in range(20)]
    begun: list[str] = []
    lock = Lock()

    def counting(shard: Shard, give: Give) -> None:
        with lock:
            begun.extend(one.feed.url for one in shard)
        polled(shard, give)

    with ThreadPoolExecutor(4) as engine:
        results = poll_in_order(engine, dues, counting, size=1, ahead=2)
        next(results)
        seen = len(begun)
        results.close()

    assert seen <= 8


def test_closing_early_cancels_what_has_not_begun() -> None:
    dues = [due(f"http://host{number}.example/") for number in range(6)]
    release = Event()
    begun: list[str] = []

    def waiting(shard: Shard, give: Give) -> None:
        begun.append(shard[0].feed.url)
        if len(begun) > 1:
            release.wait(5)
        polled(shard, give)

    with ThreadPoolExecutor(1) as engine:
        results = poll_in_order(engine, dues, waiting, size=1, ahead=5)
        next(results)
        results.close()
        release.set()

    assert len(begun) <= 2


def test_told_to_stop_it_gives_up_the_shard_that_hangs_and_what_has_not_begun() -> None:
    dues = [due(f"http://host{number}.example/") for number in range(6)]
    release, stop = Event(), Event()
    begun: list[str] = []

    def hanging(shard: Shard, give: Give) -> None:
        begun.append(shard[0].feed.url)
        if len(begun) > 1:
            stop.set()
            release.wait(5)
        polled(shard, give)

    with open_engine(EngineOptions(workers=1)) as engine:
        results = list(poll_in_order(engine, dues, hanging, size=1, ahead=5, stop=stop.is_set))
    was_waiting = not release.is_set()
    release.set()

    assert was_waiting
    assert [one.due for one in results] == dues[: len(results)]
    assert len(results) <= 1
    assert len(begun) == 2


def test_told_to_stop_beforehand_it_begins_nothing() -> None:
    with open_engine(EngineOptions()) as engine:
        results = list(poll_in_order(engine, [due("http://host.example/")], polled, size=1, ahead=1, stop=lambda: True))

    assert results == []


def test_a_fault_in_a_shard_reaches_the_caller() -> None:
    def broken(shard: Shard, give: Give) -> None:
        raise RuntimeError("out of memory")

    with ThreadPoolExecutor(1) as engine, pytest.raises(RuntimeError, match="out of memory"):
        list(poll_in_order(engine, [due("http://host.example/")], broken, size=1, ahead=1))


def test_a_shard_that_says_nothing_of_a_feed_is_a_fault() -> None:
    dues = [due("http://host.example/1"), due("http://host.example/2")]

    def forgetful(shard: Shard, give: Give) -> None:
        polled(shard[:1], give)

    with ThreadPoolExecutor(1) as engine, pytest.raises(RuntimeError, match="without a word"):
        list(poll_in_order(engine, dues, forgetful, size=2, ahead=1))
