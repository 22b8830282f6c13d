"""The figures of deduplication: the measures themselves, and the sets as their files say."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.evaluate.dedup import b_cubed, evaluate


def test_b_cubed_rewards_purity_and_completeness() -> None:
    assert b_cubed(["a", "a", "b"], ["x", "x", "y"]) == (1.0, 1.0, pytest.approx(1.0))
    assert b_cubed(["a", "b"], ["x", "x"])[:2] == (1.0, 0.5)
    assert b_cubed(["a", "a"], ["x", "y"])[:2] == (0.5, 1.0)
    assert b_cubed([], []) == (0.0, 0.0, 0.0)


def test_addresses_are_scored_by_dressed_forms_and_look_alikes(tmp_path: Path) -> None:
    row = {
        "base": "https://example.com/a",
        "pos": {"www": "https://www.example.com/a", "lost": "https://short.example/x"},
        "neg": {"page": "https://example.com/a?page=2"},
    }
    with gzip.open(tmp_path / "urls_dev.jsonl.gz", "wt") as out:
        out.write(json.dumps(row) + "\n")

    found = {score.measure: score.value for score in evaluate([tmp_path])}

    assert found == {"dressed forms recognised": 0.5, "look-alikes merged": 0.0}


def test_a_stress_set_gives_every_figure_of_identity_stories_pairs_and_updates(tmp_path: Path) -> None:
    def row(name: str, entry: str, story: str, title: str, hours: int) -> dict[str, object]:
        return {
            "id": name, "entry": entry, "article": entry, "story": story, "family": "deal",
            "company": "Acme", "update": 0,
            "source": "Daily Quay", "guid": entry, "url": f"https://example.com/{entry}", "title": title,
            "summary": "", "ts": 1_772_000_000 + 3600 * hours,
        }  # fmt: skip

    rows = [
        row("1", "e1", "s1", "Acme to buy Lindqvist Robotics of Malmö", 0),
        row("2", "e2", "s2", "Acme to buy Castellan Sensors of Leeds", 1),
        row("3", "e1", "s1", "Acme to buy Lindqvist Robotics of Malmö", 2),
    ]
    (tmp_path / "stress_dev.jsonl").write_text("\n".join(map(json.dumps, rows)))

    found = {(score.name, score.measure): score.value for score in evaluate([tmp_path / "stress_dev.jsonl"])}

    assert found["stress", "seen again: recall"] == 1.0
    assert found["stress", "new wrongly dropped"] == 0.0
    assert found["stress", "b-cubed f1"] == pytest.approx(1.0)
    assert found["stress", "look-alikes of the same company merged"] == 0.0
    assert found["stress titles", "alerts a story"] == 1.0


def test_a_folder_without_any_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no known set of deduplication; known are uci, gnews"):
        list(evaluate([tmp_path]))


def test_unknown_and_missing_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "other.jsonl").write_text("{}")
    (tmp_path / "urls_dev.jsonl").write_text("{broken")

    for path in (tmp_path / "other.jsonl", tmp_path / "missing", tmp_path / "urls_dev.jsonl"):
        with pytest.raises(InputError, match=path.name):
            list(evaluate([path]))
