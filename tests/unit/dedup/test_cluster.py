"""``newsward cluster``: the stream's answers, line by line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.dedup import ClusterOutput, StoryOptions, cluster, cluster_whole, read_input
from pipeline.errors import InputError
from pipeline.model import Relation

TEXT = "The yard in Aalborg will build three ferries for the sound and takes on 120 welders for the order this spring."


def run(*lines: dict[str, Any]) -> list[ClusterOutput]:
    return list(cluster(read_input({"published": 1_772_000_000 + 600 * n, **line}) for n, line in enumerate(lines)))


def test_the_same_entry_again_is_seen_and_keeps_its_article_and_story() -> None:
    found = run(
        {
            "id": "a",
            "title": "Yard wins order",
            "text": TEXT,
            "url": "https://www.example.com/yard",
            "guid": "1",
            "feed": "f",
        },
        {"id": "b", "title": "Yard wins order", "text": TEXT, "url": "http://m.example.com/yard/?utm_source=x"},
        {"id": "c", "title": "Yard wins big order", "text": TEXT, "guid": "1", "feed": "f"},
    )

    assert [line.relation for line in found] == [Relation.NEW, Relation.SEEN, Relation.SEEN]
    assert {(line.entry, line.article, line.story) for line in found} == {("a", "a", "a")}


def test_a_guid_counts_within_its_feed() -> None:
    found = run(
        {"id": "a", "title": "Yard wins order", "guid": "1", "feed": "f", "companies": []},
        {"id": "b", "title": "Strike at the port ends", "guid": "1", "feed": "g", "companies": []},
    )

    assert [line.entry for line in found] == ["a", "b"]


def test_without_guid_and_address_equal_words_are_a_copy() -> None:
    found = run(
        {"id": "a", "title": "Yard wins order", "text": TEXT}, {"id": "b", "title": "Yard wins order", "text": TEXT}
    )

    assert found[1] == ClusterOutput("b", "b", "a", "a", Relation.COPY)


def test_numbers_serve_as_ids_and_unknown_keys_are_ignored() -> None:
    assert run({"id": 7, "title": "Yard wins order", "colour": "blue"})[0].id == "7"


def test_a_stream_is_answered_line_by_line() -> None:
    lines = iter([read_input({"id": "a", "title": "x", "published": "2026-03-02T08:00:00+01:00"})])

    assert next(cluster(lines)).id == "a"


@pytest.mark.parametrize(
    "line",
    [
        {"title": "no id", "published": 0},
        {"id": "a", "published": "yesterday"},
        {"id": "a", "published": 1e30},
        {"id": "a", "published": True},
        {"id": "a", "title": 3, "published": 0},
        {"id": "a", "companies": "siemens", "published": 0},
    ],
)
def test_a_line_that_cannot_be_understood_is_named(line: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        read_input(line)


def test_a_line_without_a_moment_has_the_one_that_is_given_for_it() -> None:
    given = datetime(2026, 3, 2, tzinfo=UTC)

    assert read_input({"id": "a", "title": "x"}, undated=given).published_at == given
    assert read_input({"id": "a", "title": "x", "published": ""}).published_at == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-02t09:00:00.123456789z", "2026-03-02T09:00:00.123456+00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59+00:00"),
        ("0001-01-03T00:00:00Z", "1970-01-01T00:00:00+00:00"),
        (-62135500000, "1970-01-01T00:00:00+00:00"),
    ],
)
def test_every_moment_of_rfc_3339_is_read_and_none_is_before_1970(written: object, meant: str) -> None:
    line = read_input({"id": 1, "title": "Harbour news", "published": written})

    assert line.published_at == datetime.fromisoformat(meant)
    assert [placed.relation for placed in cluster([line])] == [Relation.NEW]


def test_what_was_given_out_stays_and_the_whole_knows_which_stories_turned_out_to_be_one() -> None:
    titles = (
        "Storm Edda shuts Bergen airport",
        "Gales cancel Norway coast ferries",
        "Storm Edda: gales shut Bergen airport and cancel Norway coast ferries",
        "Bergen airport shut by storm Edda, gales cancel ferries on Norway coast",
    )
    lines = [
        read_input({"id": str(number), "title": title, "published": 1_772_000_000 + 600 * number})
        for number, title in enumerate(titles)
    ]

    placed, merged = cluster_whole(lines, StoryOptions(grain="broad"))
    _, apart = cluster_whole(lines, StoryOptions(grain="normal"))

    assert [line.story for line in placed] == ["0", "1", "1", "1"]
    assert merged == ["0", "0", "0", "0"]
    assert apart == ["0", "1", "1", "1"]
