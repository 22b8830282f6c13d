"""Which files a configuration was read from, and when they count as changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.config import ConfigFiles, load
from pipeline.errors import ConfigError
from tests.builders_run import write_config

LIST = '<opml version="2.0"><body><outline text="a" xmlUrl="https://{}.example/feed"/></body></opml>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration of every sort of file: a folder of lists, a list, two files of companies, a secret."""
    write_config(tmp_path / "config", [], webhook="https://hooks.example/${HOOK}")
    config, lists = tmp_path / "config", tmp_path / "lists"
    main = config / "newsward.toml"
    text = main.read_text(encoding="utf-8")
    main.write_text('companies = ["companies.toml", "more.toml"]\n' + text, encoding="utf-8")
    (config / "more.toml").write_text('[[company]]\nname = "Globex"\n', encoding="utf-8")
    sources = "".join(f'[[source]]\nkind = "opml"\npath = "{path}"\n' for path in ("mine.opml", lists))
    (config / "feeds.toml").write_text(sources, encoding="utf-8")
    lists.mkdir()
    for path, host in ((config / "mine.opml", "mine"), (lists / "one.opml", "one")):
        path.write_text(LIST.format(host), encoding="utf-8")
    (tmp_path / "secret").write_text("sesame", encoding="utf-8")
    return config


def loaded(folder: Path) -> ConfigFiles:
    """The files of a load, looked at once, as by the tick after it."""
    files = load(folder, {"HOOK_FILE": str(folder.parent / "secret")}).files
    assert files.changed() == ()
    return files


def twice(files: ConfigFiles) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    return files.changed(), files.changed()


def test_nothing_changed_is_nothing_to_tell(folder: Path) -> None:
    assert twice(loaded(folder)) == ((), ())


@pytest.mark.parametrize(
    "name",
    ["newsward.toml", "companies.toml", "more.toml", "feeds.toml", "mine.opml", "../lists/one.opml", "../secret"],
)
def test_every_file_that_was_read_is_watched(folder: Path, name: str) -> None:
    files = loaded(folder)
    path = (folder / name).resolve()
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")

    first, second = twice(files)

    assert first == ()
    assert [one.resolve() for one in second] == [path]


def test_a_file_put_in_anothers_place_with_its_time_and_size_is_another(folder: Path) -> None:
    files = loaded(folder)
    path, new = folder / "companies.toml", folder / "new.toml"
    new.write_bytes(path.read_bytes())
    os.utime(new, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    new.rename(path)

    assert twice(files) == ((), (path,))


def test_lists_that_come_into_a_folder_or_leave_it_are_a_change(folder: Path) -> None:
    files = loaded(folder)
    one, two = folder.parent / "lists" / "one.opml", folder.parent / "lists" / "two.opml"
    two.write_text(LIST.format("two"), encoding="utf-8")
    came = twice(files)
    two.unlink()
    undone = twice(files)
    one.unlink()

    assert came == ((), (two,))
    assert undone == ((), ())
    assert set(twice(files)[1]) == {one, one.parent}


def test_what_is_no_list_in_such_a_folder_is_none_of_our_business(folder: Path) -> None:
    files = loaded(folder)
    (folder.parent / "lists" / "newsward.db-wal").write_bytes(b"x")

    assert twice(files) == ((), ())


def test_a_mounted_folder_swapped_behind_a_link_is_a_change(tmp_path: Path) -> None:
    """As Kubernetes does it: newsward.toml -> ..data/newsward.toml, ..data -> a folder named after the moment."""
    for version in ("..2026_a", "..2026_b"):
        write_config(tmp_path / version, ["https://news.example/feed"])
    data = tmp_path / "..data"
    data.symlink_to("..2026_a")
    for name in ("newsward.toml", "companies.toml", "feeds.toml"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    files = load(tmp_path, {}).files
    files.changed()

    (tmp_path / "..tmp").symlink_to("..2026_b")
    (tmp_path / "..tmp").rename(data)

    assert len(twice(files)[1]) == 3


def test_what_changed_while_it_was_read_is_a_change(folder: Path) -> None:
    files = ConfigFiles()
    files.note(folder / "more.toml")
    (folder / "more.toml").write_text("", encoding="utf-8")

    assert twice(files) == ((), (folder / "more.toml",))


def test_a_refused_load_tells_what_it_read_and_what_it_missed(folder: Path) -> None:
    (folder / "more.toml").unlink()
    files = ConfigFiles()

    with pytest.raises(ConfigError, match=r"more\.toml"):
        load(folder, {"HOOK_FILE": str(folder / "none")}, files)

    assert {folder / "newsward.toml", folder / "more.toml", folder / "none"} <= set(files.read)
    assert (files.read[folder / "more.toml"], files.read[folder / "none"]) == (None, None)


@pytest.mark.parametrize("name", ["newsward.toml", "companies.toml", "mine.opml", "../lists/one.opml", "../secret"])
def test_a_pipe_that_never_says_a_word_is_refused_and_not_waited_for(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)

    with pytest.raises(ConfigError, match="cannot be read: it is no regular file"):
        loaded(folder)


def test_a_folder_in_the_place_of_a_file_is_told_as_one(folder: Path) -> None:
    (folder / "companies.toml").unlink()
    (folder / "companies.toml").mkdir()

    with pytest.raises(ConfigError, match=r"companies\.toml: cannot be read: Is a directory"):
        loaded(folder)
