"""The quick reader against feedparser, its referee: every rule of which element means what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.parse.encoding import decode
from pipeline.parse.items import Channel
from pipeline.parse.quick import Unusual, parse_tree, read_tree
from pipeline.parse.slow import read_slowly
from pipeline.parse.sniff import Kind, sniff

URL = "https://a.example/news/feed"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "atom": "http://www.w3.org/2005/Atom",
        "dc": "http://purl.org/dc/elements/1.1/",
        "dcterms": "http://purl.org/dc/terms/",
        "content": "http://purl.org/rss/1.0/modules/content/",
        "media": "http://search.yahoo.com/mrss/",
        "itunes": "http://www.itunes.com/DTDs/PodCast-1.0.dtd",
        "sy": "http://purl.org/rss/1.0/modules/syndication/",
        "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
        "odd": "urn:odd",
        "News": "https://www.bing.com/news/search?q=mill&amp;format=rss",
    }.items()
)
RSS = f'<rss version="2.0" {NAMESPACES}><channel><title>T</title>{{}}</channel></rss>'
ATOM = f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES}><title>T</title>{{}}</feed>'
RDF = (
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='{}'>"
    "<channel><title>x</title></channel>{}</rdf:RDF>"
)


def quick(text: str) -> Channel:
    return read_tree(parse_tree(text.encode()), url=URL)


def slow(text: str) -> Channel:
    channel = read_slowly(text, url=URL)
    assert isinstance(channel, Channel)
    return channel


RSS_ITEMS = [
    "<title>one</title><media:title>two</media:title>",
    "<media:content><media:title>deep</media:title></media:content><title>own</title>",
    "<image><title>picture</title><link>/p</link></image><title>own</title><link>/own</link>",
    "<title>first</title><title>second</title>",
    "<title></title><dc:title>second</dc:title>",
    "<title>one</title><News:Source>The Mill</News:Source>",
    "<title>R&amp;amp;D &lt;b&gt;x&lt;/b&gt;</title>",
    "<description>short</description><content:encoded>&lt;p&gt;long&lt;/p&gt;</content:encoded>",
    "<content:encoded>long</content:encoded><description>short</description>",
    "<description>one</description><description>two</description>",
    "<description>one</description><itunes:summary>two</itunes:summary>",
    "<media:group><media:description>deep</media:description></media:group><description>own</description>",
    "<guid>https://a.example/1</guid>",
    "<guid isPermaLink='false'>https://a.example/1</guid>",
    "<guid> a\n</guid><link> /b?x=1&amp;amp;y=2&amp;copy=3 </link>",
    "<link>/own</link><atom:link rel='self' href='/self'/><atom:link href='/other'/>",
    "<link/><guid>https://a.example/1</guid>",
    "<author>ann@a.example (Ann)</author>",
    "<dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator><author>c@a.example</author>",
    "<pubDate>Mon, 06 Jan 2025 10:00:00 GMT</pubDate><dc:date>2025-01-07T00:00:00Z</dc:date>",
    "<dcterms:created>2025-01-05</dcterms:created><dcterms:modified>2025-01-07</dcterms:modified>",
    "<source url='https://b.example/'>B &amp; Co</source><title>x</title>",
    "<feedburner:origLink>https://a.example/o</feedburner:origLink><link>/f</link>",
    "<dc:language>de</dc:language><title xml:lang='fr_CA'>x</title>",
    "<category>c</category><enclosure url='/e' type='audio/mpeg'/><odd:x a='b'><title>o</title></odd:x>",
    "<title>It\x92s Ã©</title>",
    "<pubDate>2025 Idus Januariae</pubDate>",
    "",
]
ATOM_ENTRIES = [
    "<title type='html'>&lt;b&gt;x&lt;/b&gt;</title><id>urn:1</id>",
    "<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>a <b>c</b></div></title>",
    "<link href='/a'/><link rel='alternate' type='application/pdf' href='/b'/><link rel='enclosure' href='/c'/>",
    "<link rel='self' href='/s'/><id>https://a.example/id</id>",
    "<summary>s</summary><content type='html'>&lt;p&gt;c&lt;/p&gt;</content>",
    "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>c &lt; d</p></div></content>",
    "<content type='text'>a &lt; b</content>",
    "<content type='application/octet-stream' mode='base64'>YQ==</content>",
    "<author><name>Ann</name><email>ann@a.example</email></author><contributor><name>Bob</name></contributor>",
    "<author><email>ann@a.example</email></author>",
    "<source><id>urn:s</id><title>S</title><author><name>N</name></author><updated>2020-01-01T00:00:00Z</updated></source>",
    "<published>2025-01-06T10:00:00Z</published><updated>2025-01-07T10:00:00+01:00</updated>",
    "<link xml:base='https://b.example/x/' href='y'/>",
]


@pytest.mark.parametrize("item", RSS_ITEMS)
def test_an_item_means_what_feedparser_says(item: str) -> None:
    text = RSS.format(f"<item>{item}</item>")

    assert quick(text) == slow(text)


@pytest.mark.parametrize("entry", ATOM_ENTRIES)
def test_an_entry_means_what_feedparser_says(entry: str) -> None:
    text = ATOM.format(f"<entry>{entry}</entry><author><name>Feed</name></author>")

    assert quick(text) == slow(text)


@pytest.mark.parametrize(
    "text",
    [
        RSS.format("<link>https://a.example/</link><language>en-gb</language><ttl>60</ttl><skipHours><hour>1</hour></skipHours>"),
        RSS.format("<image><title>picture</title></image><dc:title>other</dc:title><item><title>x</title></item>"),
        RSS.format("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency><managingEditor>x</managingEditor>"),
        ATOM.format("<link href='/'/><link rel='self' href='/feed'/><id>urn:f</id><subtitle>s</subtitle>"),
        "<rss version='0.91'><channel><title>x</title></channel></rss>",
        "<rss><channel><title>x</title></channel><item><title>y</title></item></rss>",
        "<feed version='0.3' xmlns='http://purl.org/atom/ns#' xml:lang='de'><entry><title>y</title></entry></feed>",
        RDF.format("http://purl.org/rss/1.0/", "<item rdf:about='https://a.example/1'><title>y</title></item>"),
        RDF.format("http://my.netscape.com/rdf/simple/0.9/", "<item><title>y</title><link>/y</link></item>"),
    ],
)  # fmt: skip
def test_a_document_means_what_feedparser_says(text: str) -> None:
    assert quick(text) == slow(text)


@pytest.mark.parametrize(
    "path",
    sorted((Path(__file__).parents[2] / "data" / "feeds").glob("*.xml")),
    ids=lambda path: path.name,
)
def test_whole_files_mean_what_feedparser_says(path: Path) -> None:
    decoded = decode(path.read_bytes())
    sniffed = sniff(decoded.text)
    if sniffed.kind is not Kind.XML_FEED or path.name in ("careless.xml", "cut-off.xml", "mis-nested.xml"):
        pytest.skip("is not well-formed")
    text = decoded.text[sniffed.start :]

    assert replace(quick(text), damage="") == slow(text)


def test_what_only_feedparser_knows_is_left_to_it() -> None:
    for text in (
        "<channel href='https://a.example/'><item href='/1'><title>x</title></item></channel>",
        RSS.format("<item href='/1'/>"),
        RSS.format("<item><item/></item>"),
    ):
        with pytest.raises(Unusual):
            quick(text)


def test_depth_is_bounded() -> None:
    deep = f"{'<odd:a>' * 200}<title>x</title>{'</odd:a>' * 200}"

    assert quick(RSS.format(f"<item>{deep}</item>")).items[0].title == ""


def test_the_outlet_that_bing_names_is_the_source() -> None:
    (item,) = quick(RSS.format("<item><title>one</title><News:Source>The Mill</News:Source></item>")).items

    assert item.source == "The Mill"


def test_what_would_be_read_again_from_each_of_its_letters_or_names_is_read_once() -> None:
    letters = "a" * 1_000_000
    spaces = " ".join(f'xmlns:n{number}="urn:x"' for number in range(3000))

    (item,) = quick(RSS.format(f"<item><author>@ {letters}</author></item>")).items
    assert item.author == f"@ {letters}"
    (item,) = quick(RSS.format(f"<item><description><b {spaces}>one</b>{letters}</description></item>")).items
    assert item.summary == f"<b>one</b>{letters}"
    assert quick(f"<RDF {spaces}>{'<a/>' * 50_000}</RDF>").info.format == ""
