"""Lists of other articles in a feed's HTML are no words of the entry."""

from __future__ import annotations

import pytest

from pipeline.model import Document, Feed
from pipeline.parse import parse
from pipeline.parse.elsewhere import own_words
from pipeline.parse.markup import plain_text

BEFORE, BEHIND = "<p>The quay opened on Monday.</p>", "<p>Ships came at once.</p>"
LIST = '<ul class="x"><li><a href="/a">Xiaomi wins</a></li><li>Nokia loses</li></ul>'


@pytest.mark.parametrize(
    "elsewhere",
    [
        f"<h3>Editors' Recommendations</h3>{LIST}",
        f'<h4 id="r"><strong>Editors&#8217; Recommendations</strong></h4>\n{LIST}',
        f"<h2>Related stories:</h2> {LIST}",
        f"<p><b>Related</b></p>{LIST.replace('ul', 'ol')}",
        f"<h3>More from The Mill</h3>{LIST}",
        f"<h3>Mehr zum Thema</h3>{LIST}",
        f"<h3>Читайте также</h3>{LIST}",
    ],
)
def test_what_points_to_other_articles_is_left_out(elsewhere: str) -> None:
    assert plain_text(own_words(BEFORE + elsewhere + BEHIND)) == "The quay opened on Monday. Ships came at once."


@pytest.mark.parametrize(
    "html",
    [
        "<p>Editors' Recommendations were read aloud: Xiaomi won.</p>",
        f"<h3>What is new</h3>{LIST}",
        f"<p>Related companies fell too.</p>{LIST}",
        "Read more: Xiaomi wins",
        "<h3>Related</h3><p>Xiaomi wins</p>",
    ],
)
def test_words_of_the_entry_stay(html: str) -> None:
    assert own_words(html) == html


@pytest.mark.parametrize(
    "html",
    ["<h3>Related</h3><ul>" * 20_000, "<p>" * 60_000, "<h3><b>" * 40_000, "<p>Related:" * 20_000, "<p " * 60_000],
)
def test_hostile_html_takes_no_time(html: str) -> None:
    assert len(own_words(html)) <= len(html)


def test_an_entry_is_matched_by_its_own_words_and_kept_as_it_came() -> None:
    html = f"{BEFORE}<h3>Editors' Recommendations</h3>{LIST}"
    item = f"<item><title>Quay</title><description><![CDATA[{html}]]></description></item>"
    body = f"<rss version='2.0'><channel>{item}</channel></rss>"

    document = parse(body.encode(), feed=Feed("https://mill.example/feed"), url="https://mill.example/feed")

    assert isinstance(document, Document)
    [entry] = document.entries
    assert entry.text == "The quay opened on Monday."
    assert entry.summary == html


def test_the_outlets_name_leaves_the_title_and_an_aggregators_words_leave_the_text() -> None:
    items = (
        "<item><title>Quay opens - Reuters</title><link>https://news.google.com/rss/articles/CB</link>"
        "<description>&lt;a&gt;Quay opens&lt;/a&gt; Reuters</description><source url='https://r.example'>Reuters</source></item>"
        "<item><title>Mill - a story</title><link>https://mill.example/a</link><description>Words.</description>"
        "<source url='https://r.example'>Reuters</source></item>"
    )
    body = f"<rss version='2.0'><channel>{items}</channel></rss>"

    document = parse(body.encode(), feed=Feed("https://mill.example/feed"), url="https://mill.example/feed")

    assert isinstance(document, Document)
    told = [(entry.title, entry.publisher, entry.text) for entry in document.entries]
    assert told == [("Quay opens", "Reuters", ""), ("Mill - a story", "Reuters", "Words.")]
