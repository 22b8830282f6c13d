"""The figures over labelled sets."""

import json
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.evaluate.match import evaluate


def write(folder: Path, name: str, rows: list[dict]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")


def test_pairs_are_counted_and_ignored_ones_are_not(tmp_path: Path) -> None:
    write(tmp_path / "set", "companies.jsonl", [{"id": "s", "name": "Sony"}, {"id": "n", "name": "Nokia"}])
    write(
        tmp_path / "set",
        "dev.jsonl",
        [
            {"id": "1", "lang": "en", "title": "Sony and Nokia agree", "gold": ["s"], "ignore": ["n"], "cat": "a"},
            {"id": "2", "lang": "en", "title": "Nokia hires", "gold": [], "cat": "b"},
            {"id": "3", "lang": "en", "title": "Console maker hires", "gold": ["s"], "natural": ["s"], "cat": "b"},
        ],
    )

    (score,) = evaluate([tmp_path])

    assert (score.total.true, score.total.false, score.total.missed) == (1, 1, 1)
    assert score.total.f1 == 0.5
    assert [row["slice"] for row in score.rows()] == ["all", "cat: a", "cat: b", "natural variants"]
    assert json.dumps(score.rows())


def test_a_list_with_all_aliases_is_scored_twice(tmp_path: Path) -> None:
    write(tmp_path / "set", "companies.jsonl", [{"id": "s", "name": "Sony", "aliases_full": ["Playstation maker"]}])
    write(tmp_path / "set", "dev.jsonl", [{"id": "1", "title": "Playstation maker hires", "gold": ["s"]}])

    short, full = evaluate([tmp_path / "set" / "dev.jsonl"])

    assert (short.total.recall, full.total.recall) == (0.0, 1.0)


def test_a_folder_without_companies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"companies\.jsonl"):
        evaluate([tmp_path])


def test_a_labelled_file_without_companies_beside_it_is_refused(tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"id": 1, "gold": []}\n')

    with pytest.raises(InputError, match=r"no companies\.jsonl in or beside"):
        evaluate([labels])
