"""Quality floors on our own labelled stream: raised when the figures rise, never lowered silently."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from pipeline.dedup import ClusterOutput, cluster, is_round_up, read_input
from pipeline.evaluate.dedup import b_cubed
from pipeline.model import Relation

CASES = Path(__file__).with_name("story_cases.jsonl")

# Reached when they were pinned: B-cubed precision 1.00, recall .99, relations 122 of 124; one error more is room.
MIN_PRECISION = 0.99
MIN_RECALL = 0.97
MIN_RELATIONS = 0.97


@lru_cache(maxsize=1)
def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


@lru_cache(maxsize=1)
def answers() -> list[ClusterOutput]:
    return list(cluster(map(read_input, cases())))


def test_the_stream_is_large_enough_to_mean_something() -> None:
    assert len(cases()) >= 120
    assert len({case["gold"]["story"] for case in cases()}) >= 35


def test_stories_reach_their_floor() -> None:
    precision, recall, _ = b_cubed([line.story for line in answers()], [case["gold"]["story"] for case in cases()])

    assert precision >= MIN_PRECISION
    assert recall >= MIN_RECALL


def test_relations_reach_their_floor() -> None:
    right = sum(line.relation == case["gold"]["relation"] for line, case in zip(answers(), cases(), strict=True))

    assert right / len(cases()) >= MIN_RELATIONS


@pytest.mark.parametrize("what", ["entry", "article"])
def test_entries_seen_again_and_copies_are_all_found(what: str) -> None:
    wrong = [
        line.id for line, case in zip(answers(), cases(), strict=True) if getattr(line, what) != case["gold"][what]
    ]

    assert wrong == []


def test_the_seed_story_is_one_story_in_two_languages() -> None:
    mou = [line for line in answers() if line.id.startswith("mou-")]

    assert len({line.story for line in mou}) == 1
    assert mou[0].relation is Relation.NEW


def test_quarters_of_one_company_are_two_stories() -> None:
    story = {line.id: line.story for line in answers()}

    assert story["q2-0"] != story["q3-0"]
    assert story["recall1-0"] != story["recall2-0"]
    assert story["move-0"] != story["move2-0"]


def test_the_same_entries_in_the_same_order_give_the_same_stories_in_every_process() -> None:
    """The order in which sets are walked differs from process to process."""
    command = [sys.executable, "-m", "pipeline", "cluster"]
    answers = {
        subprocess.run(
            command,
            input=CASES.read_bytes(),
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    (answer,) = answers
    assert len(answer.splitlines()) == len(cases())


# --------------------------------------------------------------------------- updates within the hour

UPDATES = Path(__file__).with_name("update_cases.jsonl")
START = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)


def update_cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in UPDATES.read_text(encoding="utf-8").splitlines()]


def relation_of(case: dict[str, Any]) -> str:
    """What the last telling of a case is, which comes within an hour of the first."""
    lines = [
        {**telling, "id": f"{case['id']}-{place}", "publisher": f"Outlet {place}", "companies": [case["company"]]}
        | {"published": (START + timedelta(minutes=telling["minutes"])).isoformat()}
        for place, telling in enumerate((*case["told"], case["entry"]))
    ]
    return list(cluster(map(read_input, lines)))[-1].relation.value


@pytest.mark.parametrize("case", update_cases(), ids=lambda case: case["id"])
def test_what_changes_a_story_is_an_update_within_the_hour_and_what_completes_it_is_none(case: dict[str, Any]) -> None:
    relation = relation_of(case)

    assert (relation == "update") == (case["gold"] == "update"), relation


# --------------------------------------------------------------------------- figures that are no news

CALM = Path(__file__).with_name("calm_cases.jsonl")

# 28 stories of one company each, in which every outlet has figures of its own: rounded, in another currency, what the
# share did at the time of writing, another side of the same deal. 18 of the 124 further tellings are updates.
# Reached when pinned: 2 superfluous updates and 17 found (titles alone: 1 and 13, as more stories open twice).
MAX_SUPERFLUOUS = {"with texts": 3, "titles alone": 2}
MIN_FOUND = {"with texts": 16, "titles alone": 12}


@pytest.mark.parametrize("told", ["with texts", "titles alone"])
def test_figures_that_say_the_same_in_other_words_are_no_updates(told: str) -> None:
    cases = sorted(map(json.loads, CALM.read_text(encoding="utf-8").splitlines()), key=lambda case: case["minutes"])
    lines = (
        {"id": case["id"], "title": case["title"], "text": case["text"] if told == "with texts" else ""}
        | {"publisher": f"Outlet {case['id'][-1]}", "companies": [case["story"]]}
        | {"published": (START + timedelta(minutes=case["minutes"])).isoformat()}
        for case in cases
    )

    updates = {line.id for line in cluster(map(read_input, lines)) if line.relation is Relation.UPDATE}
    true = {case["id"] for case in cases if case["gold"] == "update"}

    assert len(updates - true) <= MAX_SUPERFLUOUS[told], sorted(updates - true)
    assert len(updates & true) >= MIN_FOUND[told], sorted(true - updates)


# --------------------------------------------------------------------------- round-ups

ROUND_UPS = Path(__file__).with_name("round_up_cases.jsonl")

# Of 263 headlines in 18 languages 125 are round-ups. Those of Bosch were written before the rules that stand now were
# asked about them: 18 of 22 were found, and none of 30 others was taken for one. Four are left.
MIN_ROUND_UPS_FOUND = 0.96


def test_round_ups_are_told_from_the_news_of_one_company() -> None:
    cases = [json.loads(line) for line in ROUND_UPS.read_text(encoding="utf-8").splitlines()]
    found = {case["title"] for case in cases if is_round_up(case["title"], case["companies"])}
    gold = {case["title"] for case in cases if case["round_up"]}

    assert found - gold == set()
    assert len(found & gold) / len(gold) >= MIN_ROUND_UPS_FOUND, gold - found
