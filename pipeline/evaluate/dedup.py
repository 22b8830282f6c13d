"""How well deduplication does on the labelled sets: identity, addresses, stories, alerts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from pipeline.dedup import ClusterInput, ClusterOutput, StoryOptions, cluster, cluster_whole, read_input
from pipeline.errors import InputError
from pipeline.evaluate.dedup_sets import STREAMS, Grain, Labelled, read_stress, rows_of, titles, ungated
from pipeline.model import Relation
from pipeline.urls import canonical_url

PAIRS = 8000  # of each kind, drawn with a fixed seed
PAIR_WINDOW = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Score:
    """One figure: the set it was measured on, what was measured, and the value."""

    name: str
    measure: str
    value: float


def evaluate(paths: Iterable[Path]) -> Iterator[Score]:
    """The figures of every known set among ``paths`` (files, or directories that hold them), set by set.

    Raises InputError for a path that is missing or a file that is no known set.
    """
    for path in paths:
        for file in _files(path):
            yield from _SETS[_set_of(file)](file)


def b_cubed(found: Sequence[str], gold: Sequence[str]) -> tuple[float, float, float]:
    """Precision, recall and F1 over items (Bagga and Baldwin 1998)."""
    clusters, stories, both = Counter(found), Counter(gold), Counter(zip(found, gold, strict=True))
    precision = sum(count * count / clusters[cluster] for (cluster, _), count in both.items()) / max(1, len(found))
    recall = sum(count * count / stories[story] for (_, story), count in both.items()) / max(1, len(gold))
    return precision, recall, 2 * precision * recall / max(1e-12, precision + recall)


# --------------------------------------------------------------------------- streams


def _score_stream(name: str, items: Sequence[Labelled], grain: Grain) -> Iterator[Score]:
    placed, merged = cluster_whole((_line(item, identity=False) for item in items), StoryOptions(grain=grain))
    found, gold = [line.story for line in placed], [item.story for item in items]
    for measure, value in zip(("precision", "recall", "f1"), b_cubed(found, gold), strict=True):
        yield Score(name, f"b-cubed {measure}", value)
    yield Score(name, "b-cubed f1 after merging", b_cubed(merged, gold)[2])
    yield Score(name, "alerts a story", len(set(found)) / max(1, len(set(gold))))
    yield Score(name, "stories missed", 1 - len(_opened(placed, items)) / max(1, len(set(gold))))


def _opened(placed: Sequence[ClusterOutput], items: Sequence[Labelled]) -> set[str]:
    """True stories that open a story of ours; a story that never does was swallowed by another."""
    return {item.story for line, item in zip(placed, items, strict=True) if line.relation is Relation.NEW}


def _cluster(items: Sequence[Labelled], grain: Grain, *, identity: bool = False) -> list[ClusterOutput]:
    return list(cluster((_line(item, identity=identity) for item in items), StoryOptions(grain=grain)))


def _line(item: Labelled, *, identity: bool) -> ClusterInput:
    entry = item.entry
    assert entry.published_at is not None
    return ClusterInput(
        id=entry.id,
        title=entry.title,
        published_at=entry.published_at,
        text=entry.text,
        url=entry.url if identity else "",
        guid=entry.guid if identity else "",
        feed=entry.feed_url if identity else "",
        publisher=entry.publisher,
        companies=item.companies,
    )


def _score_pairs(name: str, items: Sequence[Labelled], placed: Sequence[ClusterOutput]) -> Iterator[Score]:
    """Look-alikes: pairs of one template within three days, told apart or not."""
    story_of = {line.id: line.story for line in placed}
    for kind, pairs in _pairs(items).items():
        together = sum(story_of[a.entry.id] == story_of[b.entry.id] for a, b in pairs)
        yield Score(name, kind, together / max(1, len(pairs)))


def _pairs(items: Sequence[Labelled]) -> dict[str, list[tuple[Labelled, Labelled]]]:
    kinds: dict[str, list[tuple[Labelled, Labelled]]] = {
        "pairs of one story found": [],
        "look-alikes of the same company merged": [],
        "look-alikes of another company merged": [],
    }
    same, own, other = kinds.values()
    for a, b in _near(items):
        if a.story == b.story:
            if a.article != b.article:
                same.append((a, b))
        else:
            (own if a.companies == b.companies else other).append((a, b))
    draw = Random(1)  # noqa: S311  # a sample, not a secret
    return {kind: draw.sample(pairs, min(PAIRS, len(pairs))) for kind, pairs in kinds.items()}


def _near(items: Sequence[Labelled]) -> Iterator[tuple[Labelled, Labelled]]:
    families: defaultdict[str, list[Labelled]] = defaultdict(list)
    for item in items:
        assert item.entry.published_at is not None
        for earlier in reversed(families[item.family]):
            assert earlier.entry.published_at is not None
            if item.entry.published_at - earlier.entry.published_at > PAIR_WINDOW:
                break
            yield earlier, item
        families[item.family].append(item)


def _score_identity(name: str, items: Sequence[Labelled]) -> Iterator[Score]:
    """Of the items seen again, how many were known; of the new ones, how many were wrongly dropped."""
    known: set[str] = set()
    again: list[bool] = []
    new: list[bool] = []
    for line, item in zip(_cluster(items, "normal", identity=True), items, strict=True):
        (again if item.first_telling in known else new).append(line.relation is Relation.SEEN)
        known.add(item.first_telling)
    yield Score(name, "seen again: recall", sum(again) / max(1, len(again)))
    yield Score(name, "new wrongly dropped", sum(new) / max(1, len(new)))


def _score_updates(name: str, items: Sequence[Labelled], placed: Sequence[ClusterOutput]) -> Iterator[Score]:
    """The first telling of a true update must be marked; anything else so marked is superfluous."""
    met: set[str] = set()
    true = found = right = 0
    for line, item in zip(placed, items, strict=True):
        if line.relation is Relation.NEW:
            met.add(item.article)
            continue
        is_first_update = item.is_update and item.article not in met
        met.add(item.article)
        is_found = line.relation is Relation.UPDATE
        true, found, right = true + is_first_update, found + is_found, right + (is_found and is_first_update)
    precision, recall = right / max(1, found), right / max(1, true)
    yield Score(name, "updates precision", precision)
    yield Score(name, "updates recall", recall)
    yield Score(name, "updates f1", 2 * precision * recall / max(1e-12, precision + recall))
    yield Score(name, "superfluous updates a story", (found - right) / max(1, len({item.story for item in items})))


# --------------------------------------------------------------------------- the sets


def _score_stress(file: Path) -> Iterator[Score]:
    items = read_stress(rows_of(file))
    yield from _score_identity("stress", items)
    yield from _score_stream("stress titles", titles(items), "normal")
    placed = _cluster(items, "normal")
    yield from _score_stream("stress", items, "normal")
    yield from _score_pairs("stress", items, placed)
    yield from _score_updates("stress", items, placed)
    yield from _score_stream("stress, no companies", ungated(items), "normal")
    yield from _score_stream("stress titles, no companies", titles(ungated(items)), "normal")


def _score_broad(name: str) -> Callable[[Path], Iterator[Score]]:
    def score(file: Path) -> Iterator[Score]:
        yield from _score_stream(name, STREAMS[name].read(rows_of(file)), STREAMS[name].grain)

    return score


def _score_urls(file: Path) -> Iterator[Score]:
    found: list[bool] = []
    merged: list[bool] = []
    for row in rows_of(file):
        base = canonical_url(row["base"])
        found.extend(canonical_url(url) == base for url in row["pos"].values())
        merged.extend(canonical_url(url) == base for url in row["neg"].values())
    yield Score("urls", "dressed forms recognised", sum(found) / max(1, len(found)))
    yield Score("urls", "look-alikes merged", sum(merged) / max(1, len(merged)))


def _score_story_pairs(file: Path) -> Iterator[Score]:
    """What a person noted by `stories same` and `stories notsame`, each pair by itself."""
    right: dict[bool, list[bool]] = {True: [], False: []}
    for row in rows_of(file):
        one, other = list(cluster([read_input({**row[side], "id": side}) for side in ("a", "b")]))
        right[row["same"]].append((one.story == other.story) is row["same"])
    for is_same, measure in ((True, "pairs of one story found"), (False, "pairs of two stories kept apart")):
        if right[is_same]:
            yield Score("story_pairs", measure, sum(right[is_same]) / len(right[is_same]))


_SETS: Mapping[str, Callable[[Path], Iterator[Score]]] = {
    "uci": _score_broad("uci"),
    "gnews": _score_broad("gnews"),
    "basil": _score_broad("basil"),
    "stress": _score_stress,
    "urls": _score_urls,
    "story_pairs": _score_story_pairs,
}
_KNOWN = f"known are {', '.join(_SETS)} (by the file's name)"


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if any(file.name.startswith(name) for name in _SETS))
        if not found:
            raise InputError(f"{path}: holds no known set of deduplication; {_KNOWN}")
        return found
    if not path.is_file():
        raise InputError(f"{path}: no such file or directory")
    return [path]


def _set_of(file: Path) -> str:
    name = next((name for name in _SETS if file.name.startswith(name)), None)
    if name is None:
        raise InputError(f"{file}: no known set of deduplication; {_KNOWN}")
    return name
