"""The sentences of a report."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.observe.coverage import ChannelWaits, CompanyTold, FeedTrouble, Polls, Report, coverage_line, verdict

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
WELL = Report(NOW - timedelta(days=1), NOW, feeds=412, runs=48, last_run_at=NOW)


def trouble(problem: str, name: str = "one") -> FeedTrouble:
    return FeedTrouble(problem, NOW, name, f"https://{name}.example/feed", "for a reason")


def test_all_is_well() -> None:
    expected = "Nothing of the last 24 hours is known to be missed: all 412 feeds work, and no alert waits."
    assert (WELL.is_whole, verdict(WELL)) == (True, expected)
    assert coverage_line(WELL) == "Coverage of the last 24 hours: all 412 feeds work."


def test_what_may_have_been_missed_is_counted_by_its_kind() -> None:
    names = ("failing", "failing", "disabled", "silent", "gap", "gap")
    troubles = tuple(trouble(problem, f"feed{number}") for number, problem in enumerate(names))
    report = replace(WELL, troubles=troubles, channels=(ChannelWaits("desk", 4, NOW, 0, 1, 1),))

    assert verdict(report) == (
        "News of the last 24 hours may have been missed: 2 of 412 feeds fail, 1 is disabled, 1 fell silent, "
        "2 probably lost entries; 4 alerts wait and 1 alert was given up."
    )
    assert coverage_line(report) == (
        "Coverage of the last 24 hours: 3 of 412 feeds failed, 1 fell silent; in 2 feeds entries were probably missed."
    )
    assert not report.is_whole


def test_without_a_run_nothing_is_known() -> None:
    report = replace(WELL, since=NOW - timedelta(days=7), runs=0, last_run_at=NOW - timedelta(days=9))

    assert verdict(report) == (
        "What happened in the last 7 days is unknown: "
        "no run was completed (the last one ended at 2026-02-24 09:00 UTC)."
    )
    assert coverage_line(report) == "Coverage: unknown, no run was completed in the last 7 days."
    assert not report.is_whole


def test_a_look_that_found_nothing_due_and_a_run_under_way_are_a_watch() -> None:
    idle = replace(WELL, runs=0, beat_at=NOW - timedelta(hours=1))
    under_way = replace(WELL, runs=0, polls=Polls(feeds=9, polls=9))

    assert idle.is_whole
    assert under_way.is_whole


def test_without_a_feed_nothing_is_watched() -> None:
    assert verdict(replace(WELL, feeds=0)) == "Nothing is watched: no feed is configured."


def test_a_feed_that_a_person_paused_is_told_and_no_trouble() -> None:
    report = replace(WELL, troubles=(trouble("paused"),))

    assert report.is_whole
    assert "all 411 feeds work (1 paused)" in verdict(report)


def test_alerts_that_were_given_up_long_ago_are_no_news() -> None:
    assert replace(WELL, channels=(ChannelWaits("desk", 0, None, 3, dead=7),)).is_whole


def test_companies_that_are_unlike_themselves_get_a_sentence_of_their_own() -> None:
    kinds = ("quiet", "loud", "loud", "unknown")
    report = replace(WELL, companies=tuple(CompanyTold(kind, "acme", "Acme", 0, 9.0) for kind in kinds))

    assert verdict(report).endswith("Companies: 1 unusually quiet, 2 unusually loud, 1 of unknown coverage.")
