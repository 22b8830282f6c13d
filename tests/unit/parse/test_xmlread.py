"""XML that is broken, and XML that was made to break us."""

import time

import pytest

from pipeline.parse.xmlread import MAX_LENGTH, MAX_TAGS, Reading, read

URL = "https://a.example/feed"
HEAD = '<rss version="2.0"><channel><title>T</title>'
ITEM = "<item><title>x</title><link>https://a.example/1</link></item>"
TAIL = "</channel></rss>"


def titles(text: str) -> list[str]:
    return [entry.get("title", "") for entry in read(text, url=URL).entries]


def timed(text: str) -> tuple[Reading, float]:
    began = time.process_time()
    reading = read(text, url=URL)
    return reading, time.process_time() - began


def test_relative_guids_stay_as_published_while_links_are_resolved() -> None:
    (entry,) = read(f"{HEAD}<item><guid>/p/1</guid><link>/p/1</link></item>{TAIL}", url=URL).entries

    assert (entry["id"], entry["link"]) == ("/p/1", "https://a.example/p/1")


def test_html_comes_as_it_was() -> None:
    html = '<p onclick="x()">a<script>b</script><a href="rel">c</a></p>'

    (entry,) = read(f"{HEAD}<item><description><![CDATA[{html}]]></description></item>{TAIL}", url=URL).entries

    assert entry["summary"] == html


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("AT&T", "AT&T"),
        ("R&D < 3", "R&D < 3"),
        ("Caf&eacute; &mdash; &AMP; &hellip;", "Café — & …"),
        ("a&#0;b&#xFFFF;c&#x1F600;", "abc😀"),
        ("<![CDATA[R&D &eacute; <3]]> & more", "R&D &eacute; <3 & more"),
        ("&nosuch;", "&nosuch;"),
    ],
)
def test_mistakes_of_templates_are_mended(title: str, words: str) -> None:
    reading = read(f"{HEAD}<item><title>{title}</title></item>{TAIL}", url=URL)

    assert [entry["title"].replace("&amp;", "&") for entry in reading.entries] == [words]
    assert "mended" in reading.damage


def test_html_that_is_not_escaped_costs_neither_item_nor_link() -> None:
    text = f"{HEAD}<item><title>a</title><description><p>one<br>two</p></description><link>/1</link></item>{ITEM}{TAIL}"

    assert titles(text) == ["a", "x"]


def test_a_mistake_spoils_its_own_item_only() -> None:
    bad = "<item><title>bad</titel><link>/2</link></item>"

    reading = read(f"{HEAD}{ITEM}{bad}{ITEM}{TAIL}", url=URL)

    assert [entry["title"] for entry in reading.entries] == ["x", "x"]
    assert reading.feed["title"] == "T"
    assert "not well-formed" in reading.damage


def test_unbound_prefixes_and_bare_attributes_are_read() -> None:
    assert titles(f"{HEAD}<item><media:x url='a'/><title>x</title></item>{TAIL}") == ["x"]
    assert titles(f"<rss version=2.0><channel>{ITEM}{TAIL}") == ["x"]
    assert titles(
        "<rss rss:version=2.0><rss:channel><rss:item><rss:title>x</rss:title></rss:item></rss:channel></rss>"
    ) == ["x"]


@pytest.mark.parametrize(
    "cut", ["<item><title>half", "<item><title>half</title", "<item><![CDATA[half", "<item", "<!-- "]
)
def test_a_document_cut_off_keeps_its_whole_items(cut: str) -> None:
    reading = read(HEAD + ITEM + ITEM + cut, url=URL)

    assert [entry["title"] for entry in reading.entries] == ["x", "x"]
    assert "cut off" in reading.damage
    assert not reading.lost


def test_items_of_which_none_could_be_read_are_told_from_none_at_all() -> None:
    assert read(HEAD + "<item><title>half", url=URL).lost
    assert not read(HEAD + TAIL, url=URL).lost


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "&",
        '<a "',
        "<item>",
        "<item><title>",
        "</item>",
        "<!--",
        "<![CDATA[",
        "<b>",
        "<a/",
        "<?x ",
        "<!x ",
        "&eacute;",
    ],
)
def test_hostile_repetition_takes_bounded_time(piece: str) -> None:
    reading, took = timed(HEAD + ITEM + piece * (60_000 // len(piece)) + TAIL)

    assert took < 2.0
    assert reading.entries


@pytest.mark.parametrize("tail", ["", "<br>"], ids=["well-formed", "not well-formed"])
def test_twenty_thousand_attributes_take_bounded_time(tail: str) -> None:
    attributes = " ".join(f'a{number}="{number}"' for number in range(20_000))

    reading, took = timed(f"{HEAD}<item {attributes}><title>x</title></item>{tail}{TAIL}")

    assert took < 1.0
    assert [entry["title"] for entry in reading.entries] == ["x"]


@pytest.mark.parametrize("tail", ["", "<br>"], ids=["well-formed", "not well-formed"])
def test_depth_takes_bounded_time_and_no_stack(tail: str) -> None:
    reading, took = timed(f"{HEAD}{ITEM}<item>{'<b>' * 50_000}{'</b>' * 50_000}</item>{tail}{TAIL}")

    assert took < 1.0
    assert [entry["title"] for entry in reading.entries] == ["x"]


def test_a_document_of_too_many_tags_is_refused() -> None:
    reading, took = timed(HEAD + "<b/>" * (MAX_TAGS + 1) + TAIL)

    assert took < 1.0
    assert reading.lost
    assert "tags" in reading.damage


def test_of_a_very_long_document_the_beginning_is_read() -> None:
    reading, took = timed(HEAD + ITEM + "<item><title>" + "& " * MAX_LENGTH + "</title></item>" + TAIL)

    assert took < 2.0
    assert [entry["title"] for entry in reading.entries] == ["x"]
    assert reading.damage.startswith("only its first 1000000 characters were read")
