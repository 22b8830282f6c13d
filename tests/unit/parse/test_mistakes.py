"""Repairs on the text of a document: what they change, and what they leave alone."""

from __future__ import annotations

import pytest

from pipeline.parse.mistakes import (
    before_mistake,
    close_voids,
    declare,
    is_cut,
    mend,
    quote_values,
    rename_ends,
    whole_items,
)

HEAD = '<rss version="2.0"><channel>'
CDATA = "<![CDATA[<br> a=b & </x>]]><!-- <br> & -->"


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("AT&T <3 &eacute; &amp; &#0;", "AT&amp;T &lt;3 é &amp; "),
        ("&AMP; &Lt; &&lt;", "&amp; ≪ &amp;&lt;"),
        (CDATA, CDATA),
    ],
)
def test_bare_signs_are_escaped_and_entities_become_characters(text: str, mended: str) -> None:
    assert mend(text) == mended


def test_what_stands_before_a_mistake_is_told_by_its_number() -> None:
    text = f"a &amp; b & c {CDATA} d <3 &lt;"

    assert before_mistake(text, 1) == "a &amp; b "
    assert before_mistake(text, 2) == f"a &amp; b & c {CDATA} d "
    assert before_mistake(text, 3) == ""


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("a<br>b<img src='x'>c<br/>d<br></br>", "a<br/>b<img src='x'/>c<br/>d<br></br>"),
        ("<link>https://a.example/</link>", "<link>https://a.example/</link>"),
        (CDATA, CDATA),
    ],
)
def test_tags_that_hold_nothing_are_closed(text: str, closed: str) -> None:
    assert close_voids(text) == closed


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("<rss version=2.0 x='a=b'>", "<rss version=\"2.0\" x='a=b'>"),
        ("<guid isPermaLink=false>a=b</guid>", '<guid isPermaLink="false">a=b</guid>'),
        (CDATA, CDATA),
    ],
)
def test_bare_values_are_quoted(text: str, quoted: str) -> None:
    assert quote_values(text) == quoted


def test_an_end_tag_takes_the_name_of_its_start_tag() -> None:
    assert rename_ends("<title>a</titel><link>b</link>") == "<title>a</title><link>b</link>"
    assert rename_ends(CDATA) == CDATA


def test_a_prefix_is_declared_at_the_root() -> None:
    assert declare("<rss><a:b/></rss>", "a", "urn:x") == '<rss xmlns:a="urn:x"><a:b/></rss>'


def test_a_document_that_breaks_off_is_closed_behind_its_last_whole_item() -> None:
    cut = f"{HEAD}<item>1</item><item>2</item><item>3"

    assert is_cut(cut)
    assert whole_items(cut) == f"{HEAD}<item>1</item><item>2</item></channel></rss>"
    assert whole_items("<rdf:RDF><channel></channel><item>1</item><it") == (
        "<rdf:RDF><channel></channel><item>1</item></rdf:RDF>"
    )
    assert whole_items(f"{HEAD}<item>1") == ""
    assert not is_cut(f"{HEAD}</channel></rss>")
