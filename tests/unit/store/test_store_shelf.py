"""Files that can be made anew: kept if possible, and never in the way."""

import os
from pathlib import Path

from pipeline.store import Shelf


def test_what_is_put_on_the_shelf_is_found_again(tmp_path: Path) -> None:
    Shelf.beside(tmp_path / "newsward.db").put("names-1", b"abc")

    shelf = Shelf.beside(tmp_path / "newsward.db")
    assert shelf.get("names-1") == b"abc"
    assert shelf.get("names-2") is None
    assert (tmp_path / "newsward.db.cache" / "names-1").read_bytes() == b"abc"


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    for number in range(5):
        shelf.put(f"names-{number}", b"x")
        os.utime(tmp_path / "shelf" / f"names-{number}", (number, number))
    shelf.put("names-5", b"x")

    assert sorted(path.name for path in (tmp_path / "shelf").iterdir()) == ["names-3", "names-4", "names-5"]


def test_a_shelf_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "shelf").write_text("a file in its place")
    shelf = Shelf(tmp_path / "shelf")
    shelf.put("names-1", b"x")

    assert shelf.get("names-1") is None


def test_what_was_half_written_is_not_left_behind(tmp_path: Path) -> None:
    (tmp_path / "shelf" / "names-1").mkdir(parents=True)
    shelf = Shelf(tmp_path / "shelf")
    shelf.put("names-1", b"x")  # a folder lies in its place

    assert [path.name for path in (tmp_path / "shelf").iterdir()] == ["names-1"]
    assert shelf.get("names-1") is None
