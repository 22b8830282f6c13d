"""Our own labelled cases: every trap kind, twenty languages; the floors are only ever raised."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pipeline.evaluate.match import score_items
from pipeline.match import MatchEngine, Matcher, read_companies_jsonl
from pipeline.model import Entry

HERE = Path(__file__).parent
PRECISION_FLOOR, RECALL_FLOOR = 0.99, 0.994


def engine() -> MatchEngine:
    watchlist = read_companies_jsonl((HERE / "match_companies.jsonl").read_text(encoding="utf-8").splitlines())
    return MatchEngine.build(watchlist, [Matcher()])


def cases(name: str = "match_cases.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def entry(case: dict[str, Any]) -> Entry:
    return Entry(case["id"], "", title=case["title"], text=case["text"], language=case["lang"])


def explanations() -> str:
    """All that the matcher says of every case, also of what it rejects."""
    ours = engine()
    return "\n".join(repr(ours.explain_all(entry(case))) for case in cases())


def test_own_cases_stay_above_their_floors() -> None:
    score = score_items("own cases", cases(), engine())

    wrong = "\n".join(f"{'missed' if m.missed else 'false'} {m.company_id}: {m.title}" for m in score.mistakes)
    assert len(cases()) >= 840
    assert len({case["lang"] for case in cases()}) >= 20
    assert score.total.precision >= PRECISION_FLOOR, wrong
    assert score.total.recall >= RECALL_FLOOR, wrong


def test_every_process_says_the_same_of_every_case() -> None:
    """The order in which sets are walked differs from process to process."""
    command = [sys.executable, "-c", "from tests.quality.test_match_quality import explanations; print(explanations())"]
    root = HERE.parents[1]
    told = {
        subprocess.run(
            command, cwd=root, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }

    (answer,) = told
    assert len(answer.splitlines()) == len(cases())


def test_what_is_told_wrongly_so_far_is_listed_and_nothing_else() -> None:
    """What a change solves belongs to the other cases, so that it stays solved."""
    ours = engine()
    unsolved = cases("match_unsolved.jsonl")

    solved = [
        case["id"] for case in unsolved if {hit.company_id for hit in ours.hits(entry(case))} == set(case["gold"])
    ]

    assert solved == []
    assert len(unsolved) <= 30
