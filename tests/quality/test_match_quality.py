"""Our own labelled cases: every trap kind, twenty languages; the floors are only ever raised.

``match_more_*`` are of another watchlist: 800 companies without context words, as someone may type them in;
``match_held_*`` and ``match_fresh_*`` of two more, of whose companies hardly more than the name is known;
``match_apart_*`` of a fifth, divided by a hash of the titles: rules were learnt from the errors of half ``a`` alone.
``match_thin_*`` of a sixth are of kinds that the others have few of: no rule was learnt from them yet.
``match_beside_*`` are headlines in which a word that goes with people and places stands right beside a firm that is
meant: all of them are found, and rules that take such a word for proof show here.
``match_plain_*`` are short headlines of known firms that say hardly a word of business, and traps of the same names:
rules that doubt too much show here.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline.evaluate.match import score_items
from pipeline.match import MatchEngine, Matcher, read_companies_jsonl
from pipeline.model import Entry

HERE = Path(__file__).parent
PRECISION_FLOOR, RECALL_FLOOR = 0.995, 0.995
PLAIN_FOUND, PLAIN_FALSE = 129, 19  # of 134 headlines, in 70 traps
UNSOLVED = {"match": 17, "match_more": 42, "match_held": 30, "match_fresh": 9, "match_apart": 50, "match_thin": 56}
SOLVED = {
    "match_more": 631,
    "match_held": 494,
    "match_fresh": 103,
    "match_apart": 475,
    "match_thin": 191,
    "match_beside": 575,
}


@cache
def engine(book: str = "match") -> MatchEngine:
    watchlist = read_companies_jsonl((HERE / f"{book}_companies.jsonl").read_text(encoding="utf-8").splitlines())
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
    assert len(cases()) >= 850
    assert len({case["lang"] for case in cases()}) >= 20
    assert score.total.precision >= PRECISION_FLOOR, wrong
    assert score.total.recall >= RECALL_FLOOR, wrong


def test_plain_headlines_of_known_firms_are_found() -> None:
    plain = cases("match_plain_cases.jsonl")

    score = score_items("plain", plain, engine("match_plain"))

    missed = [mistake.title for mistake in score.mistakes if mistake.missed]
    assert len(plain) >= 204
    assert score.total.true >= PLAIN_FOUND, "\n".join(missed)
    assert score.total.false <= PLAIN_FALSE, "\n".join(m.title for m in score.mistakes if not m.missed)


@pytest.mark.parametrize("book", SOLVED)
def test_cases_of_a_longer_watchlist_stay_solved(book: str) -> None:
    more = cases(f"{book}_cases.jsonl")

    score = score_items(book, more, engine(book))

    assert len(more) >= SOLVED[book]
    assert not score.mistakes, "\n".join(f"{m.company_id}: {m.title}" for m in score.mistakes)


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


@pytest.mark.parametrize("book", UNSOLVED)
def test_what_is_told_wrongly_so_far_is_listed_and_nothing_else(book: str) -> None:
    """What a change solves belongs to the other cases, so that it stays solved."""
    unsolved = cases(f"{book}_unsolved.jsonl")

    score = score_items("unsolved", unsolved, engine(book))

    wrong = {mistake.entry_id for mistake in score.mistakes}
    assert [case["id"] for case in unsolved if case["id"] not in wrong] == []
    assert len(unsolved) <= UNSOLVED[book]
