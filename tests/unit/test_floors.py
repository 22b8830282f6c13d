"""Floors hold figures from below and above, and are told in words when they break."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.evaluate.floors import Floor, broken, read_floors
from tests.builders_cli import newsward


def test_only_what_was_measured_and_fell_short_is_told() -> None:
    floors = [
        Floor("traps", "f1", at_least=0.9),
        Floor("traps", "false_per_1000", at_most=20),
        Floor("traps", "recall", at_least=0.5),
        Floor("traps", "speed", at_least=1),
        Floor("elsewhere", "f1", at_least=1),
    ]
    figures = {("traps", "f1"): 0.8999, ("traps", "false_per_1000"): 20.5, ("traps", "recall"): 0.5}

    assert broken(floors, figures) == (
        "traps: f1 is 0.8999, below its floor of 0.9",
        "traps: false_per_1000 is 20.5000, above its ceiling of 20",
        "traps: speed was not measured",
    )


def test_the_pinned_floors_can_be_read() -> None:
    floors = read_floors(Path(__file__).parent.parent / "quality" / "floors.toml")

    assert len(floors) > 10
    assert all((floor.at_least is None) != (floor.at_most is None) for floor in floors)


@pytest.mark.parametrize("text", ["floor = 1", "[[floor]]\nsett = 'x'", "[[floor", "[[floor]]\nset = 'x'"])
def test_what_is_no_file_of_floors_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "floors.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match="floors"):
        read_floors(path)


def test_eval_measures_a_labelled_set_and_holds_its_floors(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    company = {"id": "g", "name": "Globex", "aliases": []}
    items = [
        {"id": "1", "lang": "en", "title": "Globex opens a mine", "text": "", "gold": ["g"], "ignore": []},
        {"id": "2", "lang": "en", "title": "Nobody opens a mine", "text": "", "gold": ["g"], "ignore": []},
    ]
    (folder / "companies.jsonl").write_text(json.dumps(company) + "\n", encoding="utf-8")
    (folder / "dev.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    floors = tmp_path / "floors.toml"
    floors.write_text('[[floor]]\nset = "own/dev"\nmeasure = "recall"\nat_least = 0.9\n', encoding="utf-8")

    shown = newsward("eval", "match", folder, "--json")
    held = newsward("eval", "match", folder, "--floors", floors)

    assert shown.code == 0
    assert (shown.lines[0]["precision"], shown.lines[0]["recall"]) == (1.0, 0.5)
    assert held.code == 1
    assert "own/dev: recall is 0.5000, below its floor of 0.9" in held.err
