"""Every file of tests/data/feeds against what stands beside it, and what ``parse`` promises of any document."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pipeline.model import Document, ErrorKind, Feed, FetchFailed, Hints
from pipeline.parse import parse, parse_at_once

FEEDS = Path(__file__).parents[2] / "data" / "feeds"
FILES = sorted(path for path in FEEDS.iterdir() if not path.name.endswith(".expected.json"))
URL = "https://feeds.example.org/news/feed.xml"
FEED = Feed(URL)

RSS = '<rss version="2.0"><channel><title>T</title><link>https://a.example/</link>{}</channel></rss>'


def told(result: Document | FetchFailed) -> dict[str, Any]:
    """A result as plain JSON; fields that are empty are left out, ids and hashes are tested elsewhere."""
    if isinstance(result, FetchFailed):
        return {"kind": result.kind.value, "reason": result.reason}
    hints = {name: str(value) for name, value in asdict(result.info.hints).items() if value}
    info = {name: value for name, value in (asdict(result.info) | {"hints": hints}).items() if value}
    opaque = ("id", "feed_url", "keys", "canonical_url", "content_hash")
    entries = [
        {name: str(value) for name, value in asdict(entry).items() if value and name not in opaque}
        for entry in result.entries
    ]
    return {"info": info, "entries": entries, "damage": result.damage}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_reads_as_written_beside_it(path: Path) -> None:
    expected = json.loads(path.with_suffix(".expected.json").read_text())

    assert told(parse(path.read_bytes(), feed=FEED, url=URL)) == expected


def document(body: str | bytes, **feed: Any) -> Document:
    raw = body if isinstance(body, bytes) else body.encode()
    result = parse(raw, feed=Feed(**({"url": URL} | feed)), url=URL)
    assert isinstance(result, Document), result
    return result


def failure(body: str | bytes) -> FetchFailed:
    result = parse(body if isinstance(body, bytes) else body.encode(), feed=FEED, url=URL)
    assert isinstance(result, FetchFailed), result
    return result


@pytest.mark.parametrize("body", [b"", b" \n\t\r\n", b"\xef\xbb\xbf \n", b"\0\0\0\0"])
def test_a_blank_answer_is_empty_and_not_a_feed_without_items(body: bytes) -> None:
    assert failure(body).kind is ErrorKind.EMPTY


def test_a_feed_without_items_is_a_document_without_entries() -> None:
    result = document(RSS.format(""))

    assert result.entries == ()
    assert result.damage == ""
    assert result.info.title == "T"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<html><head><title>404 Not Found</title></head><body>x</body></html>", "a page that reports an error"),
        ("<!DOCTYPE html><title>Just a moment...</title><div id='cf-wrapper'></div>", "a challenge page"),
        ("<html><title>Before you continue</title><form>Accept all cookies</form></html>", "a consent page"),
        ("<html><form><input type='password' name='p'></form></html>", "a login page"),
        (
            "<html><meta http-equiv='refresh' content='0; url=/new.xml'></html>",
            "leads on to https://feeds.example.org/new.xml",
        ),
        ("Service restarting, please wait.", "plain text"),
        ('{"error": {"message": "rate limited"}}', "a JSON error: rate limited"),
        ('{"data": []}', "JSON that is no feed"),
        ("[1, 2", "broken JSON"),
        ("<note xmlns='urn:x'><to>you</to></note>", "XML whose root is <note>"),
        (b"\x89PNG\r\n\x1a\n" + b"\xff\xfe\xfd\x00\x81" * 40, "no feed but"),
    ],
)
def test_what_is_no_feed_is_named(body: str | bytes, words: str) -> None:
    result = failure(body)

    assert result.kind is ErrorKind.NOT_A_FEED
    assert words in result.reason
    assert result.answer is None


def test_a_feed_cut_off_in_its_first_item_is_malformed_and_not_empty() -> None:
    result = failure('<rss version="2.0"><channel><title>T</title><item><title>Half a tit')

    assert result.kind is ErrorKind.MALFORMED
    assert "cut off" in result.reason


def test_the_content_decides_the_format_and_not_the_content_type() -> None:
    body = RSS.format("<item><title>x</title></item>").encode()

    result = parse(body, feed=FEED, url=URL, content_type="text/html; charset=utf-8")

    assert isinstance(result, Document)
    assert [entry.title for entry in result.entries] == ["x"]


def test_the_http_charset_beats_the_prolog() -> None:
    body = '<?xml version="1.0" encoding="ISO-8859-1"?>' + RSS.format("<item><title>Новости</title></item>")

    result = parse(body.encode("koi8-r"), feed=FEED, url=URL, content_type="application/rss+xml; charset=koi8-r")

    assert isinstance(result, Document)
    assert result.entries[0].title == "Новости"


def test_relative_links_follow_the_address_that_answered() -> None:
    body = RSS.format("<item><title>x</title><link>../story?id=1</link></item>").encode()

    result = parse(body, feed=Feed("https://old.example/rss"), url="https://new.example/a/b/feed")

    assert isinstance(result, Document)
    assert result.entries[0].url == "https://new.example/a/story?id=1"
    assert result.entries[0].feed_url == "https://old.example/rss"


def test_only_the_newest_five_hundred_entries_are_kept_in_the_order_of_the_document() -> None:
    items = "".join(
        f"<item><title>{number}</title><guid isPermaLink='false'>{number}</guid>"
        f"<pubDate>Mon, 06 Jan 2025 {number // 60:02}:{number % 60:02}:00 GMT</pubDate></item>"
        for number in range(700)
    )

    result = document(RSS.format(items))

    assert [entry.title for entry in result.entries] == [str(number) for number in range(200, 700)]
    assert "200 older entries" in result.damage


def test_undated_entries_are_cut_by_position() -> None:
    items = "".join(f"<item><title>{number}</title></item>" for number in range(510))

    result = document(RSS.format(items))

    assert [result.entries[0].title, result.entries[-1].title, len(result.entries)] == ["0", "499", 500]


def test_the_second_of_two_documents_glued_together_is_left_out() -> None:
    one = RSS.format("<item><title>one</title></item>")
    two = RSS.format("<item><title>two</title></item>")

    result = document(f'{one}<?xml version="1.0"?>{two}')

    assert [entry.title for entry in result.entries] == ["one"]
    assert "left out" in result.damage


def test_entities_are_neither_expanded_nor_loaded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    item = "<item><title>&a; &x; &y;</title><guid>1</guid></item>"
    bomb = (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "{"ha" * 50}"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
        f'<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY % y SYSTEM "http://127.0.0.1:9/y.dtd"> %y;]>'
    )

    result = document(bomb + RSS.format(item))

    assert result.entries[0].title == "&a; &x; &y;"


def test_names_of_the_format_survive_prefixes_and_capitals() -> None:
    prefixed = (
        '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>T</a:title><a:entry><a:id>urn:1</a:id>'
        "<a:title>x</a:title></a:entry></a:feed>"
    )
    shouted = '<RSS VERSION="2.0"><CHANNEL><TITLE>T</TITLE><ITEM><TITLE>x</TITLE></ITEM></CHANNEL></RSS>'

    assert [entry.title for entry in document(prefixed).entries] == ["x"]
    assert [entry.title for entry in document(shouted).entries] == ["x"]


def test_netscapes_document_type_names_the_format() -> None:
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/rss.dtd">'

    assert document(doctype + RSS.format("")).info.format == "rss091n"
    assert document(RSS.format("")).info.format == "rss20"


def test_hints_that_skip_every_hour_are_ignored() -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(24))

    assert document(RSS.format(f"<skipHours>{hours}</skipHours><ttl>0</ttl>")).info.hints == Hints()


def test_of_a_document_of_nothing_but_mistakes_the_items_before_them_are_read() -> None:
    whole = "<item><guid>1</guid><title>AT&T</title></item>"
    spoilt = f"<item><title>{'&' * 100_000}</title></item>"

    result = document(RSS.format(whole + spoilt))
    nothing = parse(RSS.format(f"&{spoilt}").encode(), feed=FEED, url=URL)

    assert [entry.title for entry in result.entries] == ["AT&T"]
    assert result.damage.startswith("only what stands before its mistake number 100001 was read; mended: ")
    assert isinstance(nothing, FetchFailed)
    assert nothing.reason == "a feed of which no entry could be read: it has more than 100000 mistakes"


def test_what_is_read_at_once_is_what_is_read_otherwise_and_nothing_that_may_take_long() -> None:
    sound = RSS.format("<item><guid>1</guid><title>AT&amp;T</title></item>").encode()

    assert parse_at_once(sound, feed=FEED, url=URL) == parse(sound, feed=FEED, url=URL)
    assert parse_at_once(sound.replace(b"&amp;", b"&"), feed=FEED, url=URL) is None
    assert parse_at_once(sound + b" " * 300_000, feed=FEED, url=URL) is None
