"""Our own labelled cases: every trap kind, twenty languages; the floors are only ever raised."""

import json
from pathlib import Path

from pipeline.evaluate.match import score_items
from pipeline.match import MatchEngine, Matcher, read_companies_jsonl

HERE = Path(__file__).parent
PRECISION_FLOOR, RECALL_FLOOR = 0.985, 0.99


def test_own_cases_stay_above_their_floors() -> None:
    watchlist = read_companies_jsonl((HERE / "match_companies.jsonl").read_text(encoding="utf-8").splitlines())
    cases = [json.loads(line) for line in (HERE / "match_cases.jsonl").read_text(encoding="utf-8").splitlines()]

    score = score_items("own cases", cases, MatchEngine.build(watchlist, [Matcher()]))

    wrong = "\n".join(f"{'missed' if m.missed else 'false'} {m.company_id}: {m.title}" for m in score.mistakes)
    assert len(cases) >= 440
    assert len({case["lang"] for case in cases}) >= 20
    assert score.total.precision >= PRECISION_FLOOR, wrong
    assert score.total.recall >= RECALL_FLOOR, wrong
