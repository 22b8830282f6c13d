"""How well the matcher does on labelled sets: precision, recall, F1, false hits, by set, category and kind of name."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.match import MatchEngine, Matcher, read_companies_jsonl
from pipeline.model import Entry, Watchlist

_CATALOGUE = "companies.jsonl"


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over (entry, company) pairs and the measures made of them."""

    entries: int = 0
    true: int = 0  # found and labelled
    false: int = 0  # found, not labelled
    missed: int = 0  # labelled, not found

    @property
    def precision(self) -> float:
        """0 to 1; 1 where nothing was found."""
        return self.true / (self.true + self.false) if self.true + self.false else 1.0

    @property
    def recall(self) -> float:
        """0 to 1; 1 where nothing was labelled."""
        return self.true / (self.true + self.missed) if self.true + self.missed else 1.0

    @property
    def f1(self) -> float:
        """0 to 1; 1 where nothing was labelled and nothing found."""
        pairs = 2 * self.true + self.false + self.missed
        return 2 * self.true / pairs if pairs else 1.0

    @property
    def false_per_1000(self) -> float:
        """False hits in a thousand entries."""
        return 1000 * self.false / self.entries if self.entries else 0.0

    def row(self) -> dict[str, float]:
        """The figures as plain JSON data."""
        return {
            "entries": self.entries,
            "gold": self.true + self.missed,
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "f1": round(self.f1, 4),
            "false_per_1000": round(self.false_per_1000, 2),
        }


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong pair, for whoever improves the rules."""

    entry_id: str
    company_id: str
    missed: bool  # else a false hit
    title: str


@dataclass(frozen=True, slots=True)
class SetScore:
    """The figures of one labelled file with one list of names."""

    name: str
    total: Score
    categories: tuple[tuple[str, Score], ...] = ()
    kinds: tuple[tuple[str, Score], ...] = ()  # of the companies' names, where the list tells
    natural: Score | None = None  # only the pairs spelt as in real life, not as listed
    mistakes: tuple[Mistake, ...] = field(default=(), repr=False)

    def rows(self) -> list[dict[str, Any]]:
        """A row for the whole and one for each category and kind: ``set``, ``slice`` and the figures."""
        slices = [("all", self.total)]
        slices += [(f"cat: {name}", score) for name, score in self.categories]
        slices += [(f"kind: {name}", score) for name, score in self.kinds]
        if self.natural:
            slices.append(("natural variants", self.natural))
        return [{"set": self.name, "slice": label, **score.row()} for label, score in slices]


def evaluate(paths: Sequence[Path], matcher: Matcher | None = None) -> tuple[SetScore, ...]:
    """Score every labelled file below the paths; each folder needs a ``companies.jsonl`` beside it.

    A list with ``aliases_full`` is scored a second time with all of these. Raises InputError where nothing is found.
    """
    folders = sorted({found.parent for path in paths for found in _catalogues(path)})
    if not folders:
        raise InputError(f"no {_CATALOGUE} in or beside {', '.join(map(str, paths))}")
    return tuple(score for folder in folders for score in _of_folder(folder, matcher or Matcher()))


def _catalogues(path: Path) -> Iterable[Path]:
    beside = path.parent / _CATALOGUE
    return path.rglob(_CATALOGUE) if path.is_dir() else [beside] if beside.exists() else ()


def _of_folder(folder: Path, matcher: Matcher) -> Iterator[SetScore]:
    lines = (folder / _CATALOGUE).read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines if line.strip()]
    kinds = {str(record["id"]): str(record.get("kind") or "") for record in records}
    runs = [("", read_companies_jsonl(lines))]
    if any(set(record.get("aliases_full") or ()) - {record["name"], *record.get("aliases", ())} for record in records):
        runs.append((" (all names)", _all_names(records)))
    for labels in sorted(folder.glob("*.jsonl")):
        items = [json.loads(line) for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
        if labels.name == _CATALOGUE or not items or "gold" not in items[0]:
            continue
        for suffix, watchlist in runs:
            engine = MatchEngine.build(watchlist, [matcher])
            yield score_items(f"{folder.name}/{labels.stem}{suffix}", items, engine, kinds)


def _all_names(records: Iterable[Mapping[str, Any]]) -> Watchlist:
    full = [{**record, "aliases": [*record.get("aliases", ()), *record.get("aliases_full", ())]} for record in records]
    return read_companies_jsonl(json.dumps(record) for record in full)


def score_items(
    name: str, items: Iterable[Mapping[str, Any]], engine: MatchEngine, kinds: Mapping[str, str] | None = None
) -> SetScore:
    """Score labelled items: ``{id, title, text, lang, gold, ignore?, cat?, natural?}``."""
    total: Counter[str] = Counter()
    by_category: dict[str, Counter[str]] = defaultdict(Counter)
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    natural: Counter[str] = Counter()
    mistakes: list[Mistake] = []
    for item in items:
        found = {hit.company_id for hit in engine.hits(_entry(item))}
        gold, ignored = set(item["gold"]), set(item.get("ignore") or ())
        outcomes = {company: _outcome(company, found, gold) for company in (found | gold) - (ignored - gold)}
        category = str(item.get("cat") or "")
        total["entries"] += 1
        by_category[category]["entries"] += 1
        for company, outcome in outcomes.items():
            total[outcome] += 1
            by_category[category][outcome] += 1
            by_kind[(kinds or {}).get(company, "")][outcome] += 1
            if outcome != "true":
                mistakes.append(
                    Mistake(str(item["id"]), company, outcome == "missed", str(item.get("title") or item.get("text")))
                )
        for company in set(item.get("natural") or ()) & gold:
            natural[outcomes[company]] += 1
    return SetScore(
        name,
        Score(**total),
        _slices(by_category),
        tuple(
            (kind, Score(**{**counts, "entries": total["entries"]})) for kind, counts in sorted(by_kind.items()) if kind
        ),
        Score(**natural) if natural else None,
        tuple(mistakes),
    )


def _outcome(company: str, found: set[str], gold: set[str]) -> str:
    if company in gold:
        return "true" if company in found else "missed"
    return "false"


def _slices(counters: Mapping[str, Counter[str]]) -> tuple[tuple[str, Score], ...]:
    return tuple((name, Score(**counts)) for name, counts in sorted(counters.items()) if name)


def _entry(item: Mapping[str, Any]) -> Entry:
    return Entry(
        id=str(item["id"]),
        feed_url="",
        title=str(item.get("title") or ""),
        text=str(item.get("text") or ""),
        url=str(item.get("url") or ""),
        language=str(item.get("lang") or ""),
    )
