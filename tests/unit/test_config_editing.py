"""A command changes one table of feeds.toml; every other line stays as its owner wrote it."""

from __future__ import annotations

import resource
import stat
import tomllib
from pathlib import Path

import pytest

from pipeline.config import Config, load
from pipeline.config.editing import add_feed, remove_feed
from pipeline.errors import ConfigError

FEEDS = """\
# What the desk reads.

# ---- technology

# Lantern is the best of them
[[feed]]
url = "https://lantern.example/tech.xml"  # the short one
tags = [
  "technology",

  # and
  "lamps",
]
# paid for until May

[[feed]]
title = "Mill"
url = "https://mill.example/feed"
# Quay is slow
[[feed]]
url = "https://quay.example/feed"

# ---- lists

[[source]]
kind = "opml"
path = "list.opml"
"""
OPML = '<opml version="2.0"><body><outline xmlUrl="https://listed.example/feed"/></body></opml>'


def config(folder: Path, feeds: str = FEEDS, main: str = "") -> Config:
    folder.mkdir(exist_ok=True)
    (folder / "newsward.toml").write_text(main)
    (folder / "companies.toml").write_text('[[company]]\nname = "Xiaomi"\n')
    (folder / "feeds.toml").write_bytes(feeds.encode())
    (folder / "list.opml").write_text(OPML)
    return load(folder, {})


def text(folder: Path) -> str:
    return (folder / "feeds.toml").read_bytes().decode()


def test_a_feed_is_added_behind_all_that_stands_there(tmp_path: Path) -> None:
    name = add_feed(config(tmp_path), {"url": "https://new.example/ü", "title": 'The "New"', "tags": ["a", "b"]})

    added = '\n[[feed]]\nurl = "https://new.example/ü"\ntitle = "The \\"New\\""\ntags = ["a", "b"]\n'
    assert (name, text(tmp_path)) == ("feeds.toml", FEEDS + added)
    assert 'The "New"' in [feed.title for feed in load(tmp_path, {}).feeds]


def test_the_first_feed_of_an_empty_file_begins_it(tmp_path: Path) -> None:
    add_feed(config(tmp_path, ""), {"url": "https://new.example/a"})

    assert text(tmp_path) == '[[feed]]\nurl = "https://new.example/a"\n'


def test_of_several_files_the_last_one_is_written(tmp_path: Path) -> None:
    main = 'feeds = ["feeds.toml", "more.toml"]\n'
    (tmp_path / "more.toml").write_text("")

    assert add_feed(config(tmp_path, main=main), {"url": "https://new.example/a"}) == "more.toml"
    assert text(tmp_path) == FEEDS


def test_a_configuration_without_feed_files_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"newsward.toml: 'feeds' names no file to write into \(put feeds ="):
        add_feed(config(tmp_path, main="feeds = []\n"), {"url": "https://new.example/a"})


def test_line_ends_of_windows_stay(tmp_path: Path) -> None:
    before = '# mine\r\n[[feed]]\r\nurl = "https://a.example/"\r\n'
    add_feed(config(tmp_path, before), {"url": "https://new.example/a"})

    assert text(tmp_path) == before + '\r\n[[feed]]\r\nurl = "https://new.example/a"\r\n'


def test_feeds_in_an_inline_array_are_edited_there(tmp_path: Path) -> None:
    loaded = config(tmp_path, 'feed = [{ url = "https://a.example/" }]  # short\n')
    add_feed(loaded, {"url": "https://b.example/"})
    remove_feed(loaded, "https://a.example/")

    assert tomllib.loads(text(tmp_path)) == {"feed": [{"url": "https://b.example/"}]}
    assert "# short" in text(tmp_path)


@pytest.mark.parametrize(
    ("url", "gone", "left"),
    [
        (
            "https://lantern.example/tech.xml",
            FEEDS[FEEDS.index("# Lantern") : FEEDS.index('[[feed]]\ntitle = "Mill"')],
            '# ---- technology\n\n[[feed]]\ntitle = "Mill"',
        ),
        (
            "https://mill.example/feed",
            '[[feed]]\ntitle = "Mill"\nurl = "https://mill.example/feed"\n',
            "# paid for until May\n\n# Quay is slow\n[[feed]]",
        ),
        (
            "https://quay.example/feed",
            '# Quay is slow\n[[feed]]\nurl = "https://quay.example/feed"\n',
            'url = "https://mill.example/feed"\n\n# ---- lists\n',
        ),
    ],
)
def test_a_feed_leaves_with_its_comment_and_nothing_else(tmp_path: Path, url: str, gone: str, left: str) -> None:
    assert remove_feed(config(tmp_path), url) == "feeds.toml"

    assert text(tmp_path) == FEEDS.replace(gone, "")
    assert left in text(tmp_path)


def test_a_comment_that_begins_the_file_is_about_the_file(tmp_path: Path) -> None:
    remove_feed(config(tmp_path, '# Our feeds\n[[feed]]\nurl = "https://a.example/"\n'), "https://a.example/")

    assert text(tmp_path) == "# Our feeds\n"


def test_what_is_added_and_removed_again_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    add_feed(config(tmp_path), {"url": "https://new.example/a"})
    remove_feed(load(tmp_path, {}), "https://new.example/a")

    assert text(tmp_path).rstrip("\n") == FEEDS.rstrip("\n")


def test_a_feed_of_a_list_has_no_table_to_take_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"source 1 \(opml\): this feed is one of a list"):
        remove_feed(config(tmp_path), "https://listed.example/feed")

    assert text(tmp_path) == FEEDS


def test_a_file_that_only_looks_as_if_it_could_be_edited_is_left_alone(tmp_path: Path) -> None:
    tricky = '[[feed]]\nurl = "https://a.example/"\ntitle = """\n[[feed]]\n"""\n[[feed]]\nurl = "https://b.example/"\n'

    with pytest.raises(ConfigError, match=r"cannot be edited .*by hand"):
        remove_feed(config(tmp_path, tricky), "https://b.example/")

    assert text(tmp_path) == tricky


def test_permissions_stay_and_a_link_stays_a_link(tmp_path: Path) -> None:
    loaded = config(tmp_path)
    real = tmp_path / "real.toml"
    (tmp_path / "feeds.toml").rename(real)
    (tmp_path / "feeds.toml").symlink_to("real.toml")
    real.chmod(0o640)

    add_feed(loaded, {"url": "https://new.example/a"})

    assert (tmp_path / "feeds.toml").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "new.example" in real.read_text()


def test_a_file_that_cannot_be_written_is_told_and_stays(tmp_path: Path) -> None:
    loaded = config(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # what a full disk does, for root too
    try:
        with pytest.raises(ConfigError, match=r"feeds.toml: cannot be written: File too large \(change it by hand"):
            add_feed(loaded, {"url": "https://new.example/a"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert text(tmp_path) == FEEDS
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
