"""What a document is, by what stands in it."""

import time

import pytest

from pipeline.parse import feed_links
from pipeline.parse.sniff import Kind, sniff


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<?xml version='1.0'?>\n<rss>", Kind.XML_FEED),
        ("<?xml?><?xml-stylesheet href='x'?><!-- <html> --><feed xmlns='a'>", Kind.XML_FEED),
        ("<!DOCTYPE rss [<!ENTITY a '<html>'>]><rdf:RDF>", Kind.XML_FEED),
        ("Warning: line 3\n<rss version='2.0'>", Kind.XML_FEED),
        ("<CHANNEL>", Kind.XML_FEED),
        (" {", Kind.JSON),
        ("<!doctype html><p>", Kind.HTML),
        ("<div>part of a page</div>", Kind.HTML),
        ("<html><body>about <code>&lt;rss&gt;</code></body></html>", Kind.HTML),
        ("<sitemapindex>", Kind.SITEMAP),
        ("<opml version='1.0'>", Kind.OPML),
        ("<note/>", Kind.XML),
        ("rss feed", Kind.TEXT),
        ("\ufffdPNG\ufffd\ufffd", Kind.BINARY),
        ("<!-- never closed", Kind.TEXT),
        ("<? never closed", Kind.TEXT),
    ],
)
def test_the_root_tells_what_a_document_is(text: str, kind: Kind) -> None:
    assert sniff(text).kind is kind


def test_the_root_begins_behind_all_that_is_declared() -> None:
    text = "\n<?xml version='1.0'?><!-- c --><!DOCTYPE rss [<!ENTITY a 'b'>]>\n<rss></rss>"

    assert text[sniff(text).start :] == "<rss></rss>"
    assert sniff(text).damage == ""


def test_feed_links_are_absolute_and_follow_the_base() -> None:
    page = (
        '<base href="/blog/"><link rel=alternate type="application/rss+xml" href=feed.xml>'
        "<LINK HREF='//cdn.example/atom' TYPE='application/atom+xml' REL='Alternate'>"
        '<link rel="alternate" type="text/html" href="/de">'
        '<link rel="stylesheet" type="application/rss+xml" href="/no">'
        '<link rel="alternate" type="application/json" href="?a=1&amp;b=2">'
    )

    assert feed_links(page, "https://a.example/home") == (
        "https://a.example/blog/feed.xml",
        "https://cdn.example/atom",
        "https://a.example/blog/?a=1&b=2",
    )


@pytest.mark.parametrize("piece", ["<link rel=", "<!--", "<?a ", "<!DOCTYPE a [", "<", ' a="', "<link a='"])
def test_hostile_pages_take_linear_time(piece: str) -> None:
    page = piece * (300_000 // len(piece))

    began = time.process_time()
    sniff(page)
    feed_links(page, "https://a.example/")

    assert time.process_time() - began < 1.0
