"""Move the points in ``pipeline/match/data/weights.toml`` towards labelled entries.

    NEWSWARD_DATA=... python bench/train_match.py            # what it would change, checked by halves
    NEWSWARD_DATA=... python bench/train_match.py --write    # writes the file

A logistic model over the signs that the matcher found: a score of 60 is even odds. Every sign starts from what the
file says, is held to it the more the fewer entries show it, keeps its direction, and is rounded. The check fits on the
entries of one half (drawn by a hash of their ids) and counts the errors of the other, each way round.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.evaluate.match import _all_names, _entry
from pipeline.match import MatchEngine, Matcher, read_companies_jsonl
from pipeline.match.weights import _table

FILE = Path(__file__).parent.parent / "pipeline/match/data/weights.toml"
SETS = ("agnews", "sentfin", "traps", "perturb", "cluener", "stockmark", "smartdata")
SPREAD = 10.0  # points that make the odds e to one
HOLD = 1.0  # points that a sign moves as easily as one entry is wrong; larger ones did worse on the other half
STEPS = 300


class Cases:
    """Candidates as a matrix of signs, with what no sign of the file gave and the pairs that they belong to."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = {key: place for place, key in enumerate(keys)}
        self.rows: list[np.ndarray] = []
        self.rest: list[float] = []
        self.pairs: list[int] = []
        self.gold: list[bool] = []
        self.half: list[int] = []
        self.weight: list[float] = []

    def read(self, folder: Path, full: bool) -> None:
        """All candidates of one labelled set."""
        lines = (folder / "companies.jsonl").read_text(encoding="utf-8").splitlines()
        watchlist = _all_names(map(json.loads, lines)) if full else read_companies_jsonl(lines)
        engine = MatchEngine.build(watchlist, [Matcher()])
        items = [json.loads(line) for line in (folder / "dev.jsonl").read_text(encoding="utf-8").splitlines()]
        before = len(self.gold)
        for item in items:
            self._read_item(item, engine)
        made = len(self.gold) - before
        self.weight += [1000.0 / made] * made  # every set counts the same

    def _read_item(self, item: dict[str, Any], engine: MatchEngine) -> None:
        ignored = set(item.get("ignore") or ()) - set(item["gold"])
        for found in engine.explain_all(_entry(item)):
            if found.company_id in ignored:
                continue
            for candidate in found.candidates:
                row, rest = np.zeros(len(self.keys)), 0.0
                for reason in candidate.mention.reasons:
                    key = getattr(reason.points, "key", "")
                    if key:
                        row[self.keys[key]] += 1
                    else:
                        rest += reason.points
                self.rows.append(row)
                self.rest.append(rest)
                self.pairs.append(len(self.gold))
            self.gold.append(found.company_id in item["gold"])
            self.half.append(sha256(str(item["id"]).encode()).digest()[0] & 1)

    def freeze(self) -> None:
        """Lists to arrays."""
        self.matrix, self.offset = np.array(self.rows), np.array(self.rest)
        self.of, self.label = np.array(self.pairs), np.array(self.gold, dtype=float)
        self.side, self.share = np.array(self.half), np.array(self.weight)

    def best(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each pair's best score, and the candidate that has it."""
        scores = self.matrix @ points + self.offset
        order = np.lexsort((scores, self.of))
        last = np.append(self.of[order][1:] != self.of[order][:-1], True)
        return scores[order][last], order[last]

    def errors(self, points: np.ndarray, side: int | None) -> float:
        """Wrong pairs in a thousand, every set weighing the same."""
        scores, _ = self.best(points)
        chosen = np.ones(len(scores), dtype=bool) if side is None else self.side == side
        wrong = ((scores >= 60.0) != (self.label > 0.5)) & chosen
        return float(1000 * (self.share * wrong).sum() / (self.share * chosen).sum())


def fit(cases: Cases, start: np.ndarray, side: int | None) -> np.ndarray:
    """The points that the entries of one half (None = all) ask for."""
    points = start.copy()
    chosen = np.ones(len(cases.label), dtype=bool) if side is None else cases.side == side
    weight = cases.share * chosen
    for _ in range(STEPS):
        scores, rows = cases.best(points)
        odds = 1.0 / (1.0 + np.exp(-np.clip((scores - 60.0) / SPREAD, -30, 30)))
        shown = cases.matrix[rows]
        gradient = shown.T @ ((odds - cases.label) * weight) / SPREAD + (points - start) / HOLD**2
        steepest = shown.sum(axis=1) @ (np.abs(shown) * weight[:, None]) / (4 * SPREAD**2) + 1 / HOLD**2
        points -= gradient / steepest
        points = np.where(start >= 0, np.maximum(points, 0), np.minimum(points, 0))
    return np.round(points)


def write(changed: dict[str, float]) -> None:
    """The new points into the file, comments and order kept."""
    group, lines = "", []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\[(\w+)\]", line):
            group = match[1]
        elif (match := re.match(r"(\w+) = \S+(.*)", line)) and f"{group}.{match[1]}" in changed:
            line = f"{match[1]} = {changed[f'{group}.{match[1]}']:g}{match[2]}"
        lines.append(line)
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the weights instead of only showing them")
    asked = parser.parse_args()
    data, table = Path(os.environ["NEWSWARD_DATA"]) / "matching", _table()
    keys = list(table)
    start = np.array([float(table[key]) for key in keys])
    cases = Cases(keys)
    for name in SETS:
        cases.read(data / name, full=False)
    cases.read(data / "sentfin", full=True)
    cases.freeze()
    for side in (0, 1):
        held = 1 - side
        print(f"fitted on half {side}: errors of half {held}, a thousand pairs:", end=" ")
        print(f"{cases.errors(start, held):.1f} -> {cases.errors(fit(cases, start, side), held):.1f}")
    points = fit(cases, start, None)
    print(f"fitted on both: {cases.errors(start, None):.1f} -> {cases.errors(points, None):.1f}")
    changed = {key: new for key, old, new in zip(keys, start, points, strict=True) if new != old}
    for key, value in changed.items():
        print(f"  {key}: {table[key]:g} -> {value:g}")
    if asked.write:
        write(changed)


if __name__ == "__main__":
    main()
