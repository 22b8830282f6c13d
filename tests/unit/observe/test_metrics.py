"""What Prometheus is told, read as Prometheus reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from pipeline.model import (
    Batch,
    Committed,
    ErrorKind,
    FailedFeed,
    Feed,
    FeedState,
    FetchRecord,
    RunReport,
    Tally,
)
from pipeline.observe.metrics import Figures, Metrics

NOW = datetime(2026, 3, 5, 6, tzinfo=UTC)
URL = "https://news.example/feed?token=sesame"


def served(metrics: Metrics, figures: Figures | None = None) -> dict[str, float]:
    """The series by name, the labels in the name as Prometheus prints them."""
    return {
        sample.name + "".join(f'{{{key}="{value}"}}' for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.text(figures).decode())
        for sample in family.samples
    }


def turn(outcome: str, kind: ErrorKind | None = None, *, status: int | None = 200, size: int = 0) -> Batch:
    record = FetchRecord(
        URL, NOW, outcome, status=status, error_kind=kind, bytes=size, elapsed=timedelta(milliseconds=300)
    )
    return Batch(Feed(URL), FeedState(URL), record)


def test_turns_are_counted_by_what_came_of_them() -> None:
    metrics = Metrics()
    metrics.note_feed(turn("fetched", size=1000), Committed(new=3, hits=2, stories=1, alerts=1))
    metrics.note_feed(turn("not_modified"), Committed())
    metrics.note_feed(turn("failed", ErrorKind.DNS, status=None), Committed())

    series = served(metrics)

    assert series['newsward_fetches_total{kind=""}{outcome="fetched"}'] == 1
    assert series['newsward_fetches_total{kind=""}{outcome="not_modified"}'] == 1
    assert series['newsward_fetches_total{kind="dns"}{outcome="failed"}'] == 1
    assert series['newsward_fetches_total{kind="timeout"}{outcome="failed"}'] == 0
    assert series["newsward_fetch_duration_seconds_count"] == 2  # what was never answered took no time
    assert (series["newsward_fetched_bytes_total"], series["newsward_entries_total"]) == (1000, 3)
    assert (series["newsward_hits_total"], series["newsward_alerts_total"]) == (2, 1)


def test_runs_are_counted_with_their_time_and_their_deliveries() -> None:
    metrics = Metrics()
    sent = (Tally("desk", "sent", 4), Tally("desk", "failed", 1))
    metrics.note_run(RunReport(NOW, timedelta(seconds=3), deliveries=sent))
    failed = (FailedFeed(URL, ErrorKind.DNS, ""),)
    metrics.note_run(RunReport(NOW, timedelta(seconds=40), feeds=1, due=1, failed=failed))
    pages = Committed(hits=2, stories=1, alerts=1)
    metrics.note_run(RunReport(NOW, timedelta(), committed=Committed(hits=9), by_pages=pages, is_cut_off=True))

    series = served(metrics)

    assert series['newsward_runs_total{outcome="completed"}'] == 1
    assert series['newsward_runs_total{outcome="unreachable"}'] == 1
    assert series['newsward_runs_total{outcome="cut_off"}'] == 1
    assert series['newsward_run_duration_seconds_bucket{le="5.0"}'] == 1
    assert series["newsward_run_duration_seconds_sum"] == 43
    assert series['newsward_deliveries_total{channel="desk"}{outcome="sent"}'] == 4
    assert series['newsward_deliveries_total{channel="desk"}{outcome="failed"}'] == 1
    assert (series["newsward_hits_total"], series["newsward_alerts_total"]) == (2, 1)  # those of feeds came with them


def test_a_channel_has_its_series_before_it_sent_anything() -> None:
    metrics = Metrics()
    metrics.note_loaded(companies=7, channels=["desk"], now=NOW)

    series = served(metrics)

    assert series['newsward_deliveries_total{channel="desk"}{outcome="dead"}'] == 0
    assert series["newsward_companies"] == 7
    assert series["newsward_config_last_reload_success_timestamp_seconds"] == NOW.timestamp()


def test_a_refused_configuration_shows_until_one_is_loaded() -> None:
    metrics = Metrics()
    shown = []
    metrics.note_loaded(companies=1, channels=[], now=NOW)
    for note in (lambda: None, metrics.note_refused, lambda: metrics.note_loaded(companies=1, channels=[], now=NOW)):
        note()
        shown.append(served(metrics)["newsward_config_last_reload_successful"])

    assert shown == [1, 0, 1]


def test_what_the_database_says_is_told() -> None:
    figures = Figures({"ok": 5, "failing": 1}, waiting=2, dead=3, last_run_at=NOW, bytes=4096, is_healthy=True)

    series = served(Metrics(), figures)

    assert (series['newsward_feeds{state="ok"}'], series['newsward_feeds{state="failing"}']) == (5, 1)
    assert (series["newsward_alerts_waiting"], series["newsward_alerts_dead"]) == (2, 3)
    assert series["newsward_last_run_timestamp_seconds"] == NOW.timestamp()
    assert "newsward_last_beat_timestamp_seconds" not in series
    assert (series["newsward_database_up"], series["newsward_healthy"], series["newsward_database_bytes"]) == (
        1,
        1,
        4096,
    )


def test_a_database_that_does_not_answer_is_told_and_its_figures_are_left_out() -> None:
    series = served(Metrics(), None)

    assert (series["newsward_database_up"], series["newsward_healthy"]) == (0, 0)
    assert not [name for name in series if name.startswith(("newsward_feeds", "newsward_alerts_w", "newsward_last"))]


def test_metrics_of_two_daemons_do_not_mix() -> None:
    one, other = Metrics(), Metrics()

    one.note_tick_failed()

    assert served(one)["newsward_tick_failures_total"] == 1
    assert served(other)["newsward_tick_failures_total"] == 0


def test_no_series_tells_a_feed_apart() -> None:
    metrics = Metrics()
    before = len(served(metrics))

    for number in range(100):
        record = FetchRecord(f"https://{number}.example/?token=sesame", NOW, "fetched")
        metrics.note_feed(Batch(Feed(record.feed_url), FeedState(record.feed_url), record), Committed())

    assert len(served(metrics)) == before
    assert b"example" not in metrics.text(None)
