from datetime import UTC, datetime, timedelta

from pipeline.model import Committed, ErrorKind, FailedFeed, RunReport, Tally
from pipeline.observe import summary


def report(**values):
    return RunReport(datetime(2026, 3, 2, tzinfo=UTC), timedelta(seconds=3), **values)


def test_a_run_is_one_line():
    failed = (FailedFeed("https://news.example/", ErrorKind.NOT_FOUND, "404"),)
    added = Committed(new=34, edited=2, hits=8, stories=3)

    told = summary(
        report(due=12, fetched=9, not_modified=2, failed=failed, committed=added, sent=2, undelivered=4, dead=1)
    )

    assert told == (
        "12 feeds: 9 fetched, 2 unchanged, 1 failed; 34 new entries, 2 edited, 8 hits, 3 new stories; "
        "2 alerts sent, 4 waiting, 1 given up"
    )


def test_one_is_not_many_and_zeros_of_rare_things_are_not_told():
    told = summary(report(due=1, fetched=1, committed=Committed(new=1, hits=1, stories=1), sent=1))

    assert told == "1 feed: 1 fetched, 0 unchanged; 1 new entry, 1 hit, 1 new story; 1 alert sent"


def test_a_run_without_feeds_may_still_send():
    assert summary(report(sent=3)) == "no feed is configured; 3 alerts sent"
    assert summary(report(sent=3, feeds=2)) == "no feed was due; 3 alerts sent"


def test_a_run_that_was_stopped_tells_what_is_left():
    told = summary(report(due=9, fetched=2, committed=Committed(new=20), sent=1, undelivered=3, is_cut_off=True))

    assert told == (
        "9 feeds: 2 fetched, 0 unchanged (stopped: 7 left to the next run); 20 new entries, 0 hits, 0 new stories; "
        "1 alert sent, 3 left to the next run"
    )


def test_the_alerts_of_several_channels_are_told_apart():
    def told(*channels):
        tallies = tuple(Tally(channel, "sent", 31) for channel in channels)
        return summary(report(sent=31 * len(channels), deliveries=(Tally("log", "failed", 2), *tallies), undelivered=2))

    assert told("desk") == "no feed is configured; 31 alerts sent, 2 waiting"
    assert told("desk", "log") == "no feed is configured; 62 alerts sent (31 by desk, 31 by log), 2 waiting"
    assert told(*"abcde") == "no feed is configured; 155 alerts sent (by 5 channels), 2 waiting"


def test_a_run_whose_alerts_all_wait_for_their_moment_says_so():
    told = summary(report(due=1, fetched=1, committed=Committed(new=1, hits=1, stories=1, alerts=2)))

    assert told == ("1 feed: 1 fetched, 0 unchanged; 1 new entry, 1 hit, 1 new story; 0 alerts sent, 2 held for later")
