"""docs/behaviour.md lists every row of the catalogue, each with tests that exist or with a reason."""

from __future__ import annotations

import re

import pytest

from tests.docs.documents import ROOT

_ROW = re.compile(r"^\| (\d+) \| (MUST|SHOULD|MAY) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
_TEST = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")
ROWS = [(int(row[0]), row[4]) for row in _ROW.findall((ROOT / "docs" / "behaviour.md").read_text(encoding="utf-8"))]


def _names(row: int) -> re.Pattern[str]:
    """How a file tells that one of its tests tries the row."""
    return re.compile(rf"def test_row_{row:02}_|\b[Rr]ows? (?:\d+(?:, | and ))*{row}\b")


def test_all_rows_are_there_in_order() -> None:
    assert [row for row, _ in ROWS] == list(range(1, 121))


@pytest.mark.parametrize(("row", "tests"), ROWS, ids=[str(row) for row, _ in ROWS])
def test_a_row_has_tests_that_exist_or_a_reason(row: int, tests: str) -> None:
    if tests.startswith("no test: "):
        return
    named = _TEST.findall(tests)

    assert named, tests
    for path, name in named:
        text = (ROOT / "tests" / path).read_text(encoding="utf-8")
        assert f"def {name}(" in text if name else _names(row).search(text), (row, path, name)


def test_every_test_that_is_named_by_a_row_is_listed_under_it() -> None:
    listed = {(row, path) for row, tests in ROWS for path, _ in _TEST.findall(tests)}
    folder = ROOT / "tests"
    made = {
        (int(row), file.relative_to(folder).as_posix())
        for file in folder.rglob("test_*.py")
        for row in re.findall(r"^def test_row_(\d+)_", file.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert made - listed == set()
    assert len({row for row, _ in made}) >= 57
