"""What holds for any document: no exception, bounded values, and the same answer twice."""

import os
import random
import resource
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import DateKind, Document, Feed, FetchFailed
from pipeline.parse import parse, plain_text
from pipeline.parse.dates import EARLIEST, parse_date
from pipeline.parse.encoding import decode
from pipeline.parse.markup import MAX_HTML, MAX_TEXT, MAX_TITLE, entry_text, trim_boilerplate

FEEDS = [
    path.read_bytes()
    for path in sorted((Path(__file__).parents[1] / "data" / "feeds").iterdir())
    if not path.name.endswith(".expected.json")
]
URL = "https://feeds.example.org/news/feed.xml"
CONTROLS = {
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
}


def check(body: bytes) -> None:
    """Everything that is promised of a result, whatever the body."""
    result = parse(body, feed=Feed(URL), url=URL)
    if isinstance(result, FetchFailed):
        assert result.reason
        return
    assert isinstance(result, Document)
    assert len(result.entries) <= 500
    for entry in result.entries:
        assert entry.id == entry.keys[0]
        assert len(entry.title) <= MAX_TITLE
        assert len(entry.text) <= MAX_TEXT
        assert max(len(entry.summary), len(entry.content)) <= MAX_HTML
        assert not entry.url or entry.url.lower().startswith(("http://", "https://"))
        assert not CONTROLS & set(entry.title + entry.text + entry.author + entry.publisher)
        assert entry.published_at is None or entry.published_at >= EARLIEST or entry.date_kind is DateKind.GUESSED
        # The database can only write what UTF-8 can.
        "".join((entry.guid, entry.title, entry.text, entry.summary, entry.content, entry.url)).encode()
    assert parse(body, feed=Feed(URL), url=URL) == result


def mutated(body: bytes, chance: random.Random) -> bytes:
    """The body cut off, with bytes flipped, with a piece doubled, or with a piece taken out."""
    damaged = bytearray(body)
    match chance.randrange(4):
        case 0:
            del damaged[chance.randrange(len(damaged)) :]
        case 1:
            for _ in range(chance.randrange(1, 12)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        case 2:
            start = chance.randrange(len(damaged))
            damaged[start:start] = damaged[chance.randrange(len(damaged)) :][:300]
        case _:
            start = chance.randrange(len(damaged))
            del damaged[start : start + chance.randrange(1, 200)]
    return bytes(damaged)


@pytest.mark.parametrize("seed", range(20))
def test_any_damage_to_a_feed_is_survived(seed: int) -> None:
    chance = random.Random(seed)

    for _ in range(10):
        check(mutated(chance.choice(FEEDS), chance))


@pytest.mark.soak
def test_thousands_of_damages_to_feeds_are_survived() -> None:
    chance = random.Random(1)

    for _ in range(20_000):
        check(mutated(chance.choice(FEEDS), chance))


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.skipif(
    not os.environ.get("NEWSWARD_DATA"), reason="captured feeds lie below NEWSWARD_DATA, which is not set"
)
def test_damages_to_captured_feeds_cost_neither_time_nor_memory() -> None:
    captured = sorted(
        path for path in (Path(os.environ["NEWSWARD_DATA"]) / "feeds" / "real").rglob("*") if path.is_file()
    )
    bodies, chance = [path.read_bytes() for path in captured], random.Random(1)
    for body in bodies:
        parse(body, feed=Feed(URL), url=URL)
    before, slowest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0.0

    for _ in range(int(os.environ.get("NEWSWARD_MUTATIONS", "20000"))):
        body = mutated(chance.choice(bodies), chance)
        began = time.process_time()
        result = parse(body, feed=Feed(URL), url=URL)
        slowest = max(slowest, time.process_time() - began)
        assert isinstance(result, FetchFailed) or len(result.entries) <= 500
        assert not isinstance(result, FetchFailed) or "died" not in result.reason

    assert slowest < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # kB


@given(st.binary(max_size=300))
@settings(max_examples=150)
def test_any_bytes_are_a_document_or_a_failure(body: bytes) -> None:
    check(body)


TAGS = ["item", "/item", "entry", "title", "/title", "link", "guid", "/guid", "source", "content:encoded", "pubDate"]
TAGS += ["/pubDate", "b", "/rss", "rss", "channel", "image", "textinput", "svg"]
PIECES = [f"<{tag}>" for tag in TAGS]
PIECES += [
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&",
    "&amp;",
    "&#0;",
    "&eacute;",
    "<",
    ">",
    '"',
    "/>",
    "<a:b c='",
    "x",
    "é",
]
PIECES += ["2025", " ", "\x00"]


@given(st.lists(st.sampled_from(PIECES), max_size=40))
@settings(max_examples=150)
def test_any_heap_of_tags_is_survived(pieces: list[str]) -> None:
    check(f'<rss version="2.0"><channel>{"".join(pieces)}</channel></rss>'.encode())


@given(st.text(max_size=200))
@settings(max_examples=150)
def test_plain_text_is_one_line_without_controls(text: str) -> None:
    plain = plain_text(text)

    assert plain == " ".join(plain.split())
    assert not CONTROLS & set(plain)


@given(st.text(max_size=200))
@settings(max_examples=100)
def test_boilerplate_is_gone_after_one_cut(text: str) -> None:
    cut = trim_boilerplate(f"{text}. Read more. The post X first appeared on Y.")

    assert trim_boilerplate(cut) == cut


@given(st.text(alphabet="abc <>&;p/", max_size=60), st.text(alphabet="abc <>&;p/", max_size=60))
@settings(max_examples=100)
def test_an_entrys_text_loses_no_summary(summary: str, content: str) -> None:
    opening = trim_boilerplate(plain_text(summary)).rstrip(" .…")

    assert opening in entry_text(summary, content)


@given(
    st.text(max_size=100) | st.from_regex(r"[0-9]{1,4}[-/. ][0-9A-Za-z]{1,4}[-/. ][0-9]{1,5}.{0,20}", fullmatch=True)
)
@settings(max_examples=300)
def test_any_date_is_none_or_a_moment_in_utc(raw: str) -> None:
    dated = parse_date(raw)

    assert dated is None or dated.moment.utcoffset() is not None
    assert dated is None or dated.moment >= EARLIEST or dated.kind is DateKind.GUESSED


@given(
    st.text(
        alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\ufffe\uffff")
    )
)
@settings(max_examples=100)
def test_utf8_is_read_as_it_is(text: str) -> None:
    body = f'<?xml version="1.0" encoding="utf-8"?><t>{text}</t>'.encode()

    assert decode(body).text == body.decode()
