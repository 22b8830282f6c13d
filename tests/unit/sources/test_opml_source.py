"""Subscription lists: good ones, the broken ones that are published, and hostile ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.model import Feed
from pipeline.sources.opml import Source, read_opml


def opml(body: str, head: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}<opml version="2.0"><head/><body>\n{body}\n</body></opml>'


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def fault(path: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        Source(path=path).feeds()
    return str(raised.value)


def test_a_list_becomes_feeds_with_its_folders_as_tags(tmp_path: Path) -> None:
    text = opml(
        '<outline text="Tech">'
        '<outline text="Ignored" title="News &amp;amp; Views" type="rss" xmlUrl="https://a.example/rss" language="de"/>'
        '<outline text="Phones"><outline text="B" xmlUrl="http://b.example/?x=1&amp;y=2"/></outline>'
        "</outline>"
        '<outline text="C" xmlUrl="https://c.example/feed#top" language="unknown"/>'
    )

    feeds = Source(path=written(tmp_path / "list.opml", text), publisher="P", tier=4, tags=("mine",)).feeds()

    assert feeds == (
        Feed("https://a.example/rss", "News & Views", "P", "de", 4, ("mine", "tech"), source="opml:list.opml"),
        Feed("http://b.example/?x=1&y=2", "B", "P", "", 4, ("mine", "tech", "phones"), source="opml:list.opml"),
        Feed("https://c.example/feed", "C", "P", "", 4, ("mine",), source="opml:list.opml"),
    )


def test_the_language_of_the_table_wins_over_the_list(tmp_path: Path) -> None:
    path = written(tmp_path / "list.opml", opml('<outline xmlUrl="https://a.example/" language="de"/>'))

    (feed,) = Source(path=path, language="fr").feeds()

    assert feed.language == "fr"


def test_a_folder_is_read_file_by_file_and_each_address_once(tmp_path: Path) -> None:
    written(tmp_path / "b.opml", opml('<outline text="B" xmlUrl="https://b.example/"/>'))
    written(
        tmp_path / "a.OPML",
        opml('<outline text="A" xmlUrl="https://a.example/"/><outline xmlUrl="https://b.example/"/>'),
    )
    written(tmp_path / "notes.txt", "no list")

    feeds = Source(path=tmp_path).feeds()

    assert [feed.url for feed in feeds] == ["https://a.example/", "https://b.example/"]


def test_names_are_read_in_any_case_and_old_schemes_become_http(tmp_path: Path) -> None:
    text = (
        '<OPML><BODY><OUTLINE XMLURL="feed://a.example/rss"/><outline xmlurl="feed:https://b.example/"/></BODY></OPML>'
    )

    outlines = read_opml(written(tmp_path / "old.opml", text))

    assert [outline.url for outline in outlines] == ["http://a.example/rss", "https://b.example/"]


def test_bare_ampersands_and_html_in_attributes_are_repaired(tmp_path: Path) -> None:
    text = opml(
        '<outline text="Q&A" description="<p>Fish & chips &amp; more" xmlUrl="https://a.example/?x=1&y=2&lt=3"/>'
    )

    (outline,) = read_opml(written(tmp_path / "list.opml", text))

    assert (outline.title, outline.url) == ("Q&A", "https://a.example/?x=1&y=2&lt=3")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1"])
def test_lists_come_in_several_encodings(tmp_path: Path, encoding: str) -> None:
    declared = encoding if encoding.startswith("iso") else encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?><opml><body><outline text="Zürich" xmlUrl="https://a.example/"/></body></opml>'

    (outline,) = read_opml(written(tmp_path / "list.opml", text.encode(encoding)))

    assert outline.title == "Zürich"


def test_a_broken_list_is_told_with_line_and_column(tmp_path: Path) -> None:
    path = written(tmp_path / "list.opml", opml('<outline text="A" xmlUrl="https://a.example/">'))

    assert fault(path) == "list.opml: line 4, column 3: mismatched tag"


def test_addresses_that_are_not_on_the_web_are_told_by_line_without_being_repeated(tmp_path: Path) -> None:
    text = opml(
        '<outline xmlUrl="https://a.example/"/>\n<outline xmlUrl="exec:~/hunter2.sh"/>\n<outline xmlUrl="https://"/>'
    )

    assert fault(written(tmp_path / "list.opml", text)) == (
        "list.opml: line 4: xmlUrl must be an http or https address; line 5: xmlUrl names no host "
        "(correct or remove these outlines)"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "list.opml: line 1, column 1: no element found"),
        ("subscriptions", "list.opml: line 1, column 1: syntax error"),
        ("<rss><channel/></rss>", 'list.opml: is not an OPML file (for a feed use [[feed]] url = "...")'),
        (opml('<outline text="A"/>'), "list.opml: no feed in this list (no outline with an xmlUrl)"),
        (
            '<?xml version="1.0" encoding="klingon"?><opml/>',
            "list.opml: is in an encoding that cannot be read (save it as UTF-8)",
        ),
    ],
)
def test_what_is_no_list_is_told(tmp_path: Path, text: str, message: str) -> None:
    assert fault(written(tmp_path / "list.opml", text)) == message


def test_entities_are_refused_before_they_grow(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    external = '<!DOCTYPE opml [<!ENTITY a SYSTEM "file:///etc/passwd">]>'

    for head in (bomb, external):
        path = written(tmp_path / "list.opml", opml('<outline text="&a;" xmlUrl="https://a.example/"/>', head))
        assert fault(path) == "list.opml: declares entities, which no subscription list needs (remove them)"


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "list.opml", opml('<outline text="x">' * 100_000))

    assert fault(path) == "list.opml: outlines nest deeper than 64"


def test_a_folder_of_an_endless_name_does_not_give_it_to_each_of_its_feeds(tmp_path: Path) -> None:
    feed = '<outline text="A" xmlUrl="https://a.example/rss"/>'
    path = written(tmp_path / "list.opml", opml(f'<outline text="{"x" * 100_000}">{feed}</outline>'))

    assert [feed.tags for feed in Source(path=path).feeds()] == [("x" * 500,)]


def test_a_list_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.opml"
    with path.open("wb") as file:
        file.truncate(17 * 2**20)

    assert fault(path) == "list.opml: larger than 16 MB (divide the list)"


def test_a_missing_file_and_an_empty_folder_are_told(tmp_path: Path) -> None:
    assert fault(tmp_path / "none.opml") == f"{tmp_path / 'none.opml'}: cannot be read: No such file or directory"
    assert fault(tmp_path) == f"{tmp_path}: no *.opml file in this folder"
