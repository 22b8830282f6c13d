"""How the matcher does on the labelled cases of ``tests/quality`` by itself, solved ones and those not solved together.

    python -m bench.own_cases [match_apart ...]

A line a list of cases (and half of one that was divided), all of it and by what its entries are of: F1, and false hits
in 1,000 entries. ``undeclared`` = the same entries without the language that they declare.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.evaluate.match import score_items
from pipeline.match import MatchEngine, Matcher, read_companies_jsonl

HERE = Path(__file__).parents[1] / "tests" / "quality"
BOOKS = sorted(path.name.removesuffix("_companies.jsonl") for path in HERE.glob("*_companies.jsonl"))
Case = dict[str, Any]
# Categories that have few cases each are told together.
TOGETHER = {
    "fr es pt it": "French, Spanish, Portuguese, Italian",
    "nl pl tr ru": "Dutch, Polish, Turkish, Russian",
    "zh ja ko": "Chinese, Japanese, Korean",
    "ar hi vi th id": "Arabic, Hindi, Vietnamese, Thai, Indonesian",
    "person place sport sponsor": "persons, places, clubs, sponsors",
    "plain zhname ticker typo": "plain names",
}
GROUP_OF = {category: group for categories, group in TOGETHER.items() for category in categories.split()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("books", nargs="*", metavar="book", help=f"of {', '.join(BOOKS)}; all of them if none is named")
    print(f"{'list':13} {'entries of':43} {'entries':>7} {'F1':>6} {'false':>6}")
    for book in parser.parse_args().books or BOOKS:
        engine = MatchEngine.build(read_companies_jsonl(_lines(f"{book}_companies.jsonl")), [Matcher()])
        for name, kind, cases in _parts(book):
            score = score_items(name, cases, engine).total
            print(f"{name:13} {kind:43} {score.entries:>7} {score.f1:>6.3f} {score.false_per_1000:>6.0f}")


def _parts(book: str) -> Iterator[tuple[str, str, list[Case]]]:
    """The cases by half and by what they are of, each with its names."""
    cases = [json.loads(line) for kind in ("cases", "unsolved") for line in _lines(f"{book}_{kind}.jsonl")]
    for half in sorted({case.get("half", "") for case in cases}):
        own = [case for case in cases if case.get("half", "") == half]
        name = f"{book} {half}".strip()
        yield name, "all", own
        yield name, "undeclared", [{**case, "lang": ""} for case in own]
        by_kind: dict[str, list[Case]] = defaultdict(list)
        for case in own:
            category = str(case.get("cat") or "").removesuffix("-neg")
            by_kind[GROUP_OF.get(category, category)].append(case)
        yield from ((name, kind, by_kind[kind]) for kind in sorted(by_kind))


def _lines(name: str) -> list[str]:
    path = HERE / name
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


if __name__ == "__main__":
    main()
