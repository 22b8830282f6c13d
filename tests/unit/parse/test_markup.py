"""Markup to plain text, and what publishing systems put round it."""

import time
from collections.abc import Callable

import pytest

from pipeline.parse.markup import (
    MAX_TEXT,
    MAX_TITLE,
    entry_text,
    first_words,
    plain_text,
    plain_title,
    trim_boilerplate,
)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>two</p>three<br>four", "One two three four"),
        ("Micro<b>soft</b> and <a href='x'>App</a>le", "Microsoft and Apple"),
        ("a<script>var x = '<p>no</p>';</script>b<style>p{}</style>c", "a b c"),
        ("a<!-- not <b>this</b> -->b", "a b"),
        ("<a title='5 > 4' href=\"x>y\">link</a>", "link"),
        ("AT&amp;T &lt;b&gt; &#8217;&#x2019; &nbsp;x&shy;y", "AT&T <b> ’’ xy"),
        ("R&D; a&b=c&copy=3 &unknown; &#99999999;", "R&D; a&b=c&copy=3 &unknown; &#99999999;"),
        ("3 < 4 and 5 > 4", "3 < 4 and 5 > 4"),
        ("&lt;p&gt;escaped &amp;amp; twice&lt;/p&gt;", "escaped & twice"),
        ("<p>&amp;amp;</p>", "&amp;"),
        ("cut <a href='", "cut"),
        ("<script>never closed", ""),
        ("a\x1b[31mred\x07\u202eevil\u2066\ud800\u0085z", "a[31mredevil z"),
        ("<![CDATA[inside]]> out", "inside out"),
        ("<p>x > y <b>z</b></p>", "x > y z"),
        ("<p>1 > 2 <i", "1 > 2"),
        ("a > b < c", "a > b < c"),
        ("<p>a</p>>\0p<", "a >p<"),
        ('<a href="x" rel="]]>">y</a>', "y"),
        ("", ""),
    ],
)
def test_plain_text_is_the_words_alone(markup: str, text: str) -> None:
    assert plain_text(markup) == text


def test_a_title_that_is_no_markup_keeps_its_angle_brackets() -> None:
    assert plain_title("R&D <3 &amp; the <table> <b>tag</b>", is_markup=False) == "R&D <3 & the <table> tag"
    assert plain_title("x <script>y</script> <table>z", is_markup=True) == "x z"


def test_titles_and_texts_are_capped() -> None:
    assert len(plain_title("x" * 1_000_000, is_markup=True)) == MAX_TITLE
    assert len(entry_text("word " * 100_000, "")) == MAX_TEXT


@pytest.mark.parametrize(
    ("summary", "content", "text"),
    [
        ("<p>Short</p>", "", "Short"),
        ("", "<p>Long</p>", "Long"),
        ("Begins here [&#8230;]", "<p>Begins here and goes on.</p>", "Begins here and goes on."),
        ("Begins here...", "Begins here and goes on.", "Begins here and goes on."),
        ("A whole article about cranes.", "about cranes", "A whole article about cranes."),
        ("One thing.", "Another thing.", "One thing. Another thing."),
        ("", "", ""),
    ],
)
def test_content_is_added_where_it_says_more_than_the_summary(summary: str, content: str, text: str) -> None:
    assert entry_text(summary, content) == text


@pytest.mark.parametrize(
    "text",
    [
        "The port opened. The post Port opens first appeared on Harbour Weekly.",
        "The port opened. The post Port opens appeared first on Harbour Weekly",
        "The port opened. Der Beitrag Hafen offen erschien zuerst auf Hafenblatt.",
        "The port opened. L’article Le port est apparu en premier sur Le quai.",
        "The port opened. La entrada El puerto se publicó primero en El muelle.",
        "The port opened. Continue reading Port opens →",
        "The port opened. Read more »",
        "The port opened. Weiterlesen",
        "The port opened. Share this: Tweet Share on Facebook (Opens in new window) Like Loading...",
        "The port opened. submitted by /u/crane to r/ports [link] [comments]",
        "Skip to main content The port opened.",
    ],
)
def test_what_a_publishing_system_added_is_cut(text: str) -> None:
    assert trim_boilerplate(text) == "The port opened."


@pytest.mark.parametrize(
    "text",
    [
        "The post office opened. He first appeared on television in 1990, and stayed there for thirty years of news.",
        "Children should read more books",
        "They said: read more. Then they left for the harbour, where the cranes stood still that day.",
        "Please share this with care",
    ],
)
def test_ordinary_sentences_are_left_alone(text: str) -> None:
    assert trim_boilerplate(text) == text


def test_the_trailer_is_cut_and_not_the_article_before_it() -> None:
    text = "The post office is open. The post Open again first appeared on Village News."

    assert trim_boilerplate(text) == "The post office is open."


def test_first_words_end_between_words_where_there_are_any() -> None:
    assert first_words("short") == "short"
    assert first_words("one two, three four", limit=10) == "one two…"
    assert first_words("x" * 50, limit=10) == "x" * 10 + "…"


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        '<a "',
        "<a b='",
        "<!--",
        "<script>",
        "<script",
        "<b <i ",
        "&",
        "&#x",
        "<![CDATA[",
        "<style><",
        "</",
        "<b>",
        "Share this: Tweet ",
        "[link] [comments] ",
    ],
)
@pytest.mark.parametrize("read", [plain_text, trim_boilerplate, lambda text: plain_title(text, is_markup=False)])
def test_hostile_text_takes_linear_time(piece: str, read: Callable[[str], str]) -> None:
    hostile = piece * (200_000 // len(piece))

    began = time.process_time()
    read(hostile)

    assert time.process_time() - began < 1.0


def test_a_heap_of_trailers_is_cut_in_a_few_rounds() -> None:
    heap = "Share this: Tweet " * 11_000

    began = time.process_time()
    left = trim_boilerplate(heap)

    assert time.process_time() - began < 0.2
    assert len(left) < len(heap)
    assert trim_boilerplate("The port opened. " + "Share this: Tweet " * 5) == "The port opened."
