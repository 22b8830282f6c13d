"""Identity, links and the other fields of an entry."""

from typing import Any

import pytest

from pipeline.keys import digest
from pipeline.model import Entry, Feed, FeedInfo
from pipeline.parse.entries import MAX_GUID, absolute_url, clean_language, make_entries
from pipeline.parse.items import Channel, Item
from pipeline.parse.markup import MAX_HTML

URL = "https://a.example/feed"


NOTHING_TOLD = FeedInfo()


def entries(*items: Item, info: FeedInfo = NOTHING_TOLD, **feed: Any) -> tuple[Entry, ...]:
    return make_entries(Channel(info, items), info, feed=Feed(URL, **feed), url=URL)


def entry(**item: Any) -> Entry:
    return entries(Item(**item))[0]


def test_the_guid_as_published_is_the_first_identity_and_the_address_the_second() -> None:
    told = entry(guid=" g1\n", link="https://a.example/1?utm_source=x", title="t")

    assert told.guid == "g1"
    assert told.keys == (digest("guid", URL, "g1"), digest("url", told.canonical_url))
    assert told.id == told.keys[0]
    assert told.url == "https://a.example/1?utm_source=x"


def test_without_a_guid_the_address_is_the_identity() -> None:
    assert entry(link="/1", title="t").keys == (digest("url", "https://a.example/1"),)


def test_without_both_it_is_what_the_entry_says_over_every_poll() -> None:
    first, second = entry(title="t", summary="x"), entry(title="t", summary="x")

    assert first.keys == second.keys == (digest("words", URL, "t", "x"),)


def test_one_guid_on_different_addresses_is_told_apart_by_them() -> None:
    same = [Item(guid="site", link=f"/{number}", title=f"t{number}") for number in range(10)]

    told = entries(*same)

    assert len({one.id for one in told}) == 10
    assert {one.guid for one in told} == {"site"}
    assert [one.id for one in reversed(entries(*reversed(same)))] == [one.id for one in told]


def test_one_guid_on_one_address_stays_one_identity() -> None:
    first, second = entries(Item(guid="g", link="/1", title="a"), Item(guid="g", link="/1", title="b"))

    assert first.id == second.id


def test_a_link_of_a_feed_service_counts_as_the_article_it_stands_for() -> None:
    told = entry(link="https://feedproxy.example/~r/1", original_link="https://a.example/story", title="t")

    assert told.url == "https://feedproxy.example/~r/1"
    assert told.canonical_url == "https://a.example/story"


def test_the_hash_changes_with_what_a_reader_sees_and_with_nothing_else() -> None:
    first = entry(title="t", summary="<p>x</p>", author="a")

    assert entry(title="t", summary="<div>x</div>", author="b").content_hash == first.content_hash
    assert entry(title="t", summary="<p>y</p>").content_hash != first.content_hash


def test_the_publisher_is_the_source_else_the_feeds_else_its_title() -> None:
    info = FeedInfo(title="Document")

    assert entries(Item(source="Wire"), info=info, publisher="P", title="F")[0].publisher == "Wire"
    assert entries(Item(), info=info, publisher="P", title="F")[0].publisher == "P"
    assert entries(Item(), info=info, title="F")[0].publisher == "F"
    assert entries(Item(), info=info)[0].publisher == "Document"


def test_the_language_is_the_items_else_the_documents_else_the_feeds() -> None:
    assert entries(Item(language="pt_BR"), info=FeedInfo(language="de"), language="en")[0].language == "pt-BR"
    assert entries(Item(language="??"), info=FeedInfo(language="de"), language="en")[0].language == "de"
    assert entries(Item(), language="en")[0].language == "en"


def test_an_entry_without_a_title_has_none_and_is_known_by_the_first_words_of_its_text() -> None:
    untitled, titled = entry(summary="<p>Only this.</p>"), entry(title="Only this.", summary="<p>Only this.</p>")

    assert untitled.title == ""
    assert (untitled.id, untitled.content_hash) == (titled.id, titled.content_hash)


def test_sizes_are_bounded() -> None:
    told = entry(guid="g" * 10_000, title="t", summary="s" * 300_000, content="c" * 300_000, link="/" + "x" * 9000)

    assert (len(told.guid), len(told.summary), len(told.content), told.url) == (MAX_GUID, MAX_HTML, MAX_HTML, "")


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("story", "https://a.example/story"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("?p=1", "https://a.example/feed?p=1"),
        ("HTTP://B.example/", "HTTP://B.example/"),
        (" https://b.example/a\n\t b ", "https://b.example/ab"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("mailto:a@b.example", ""),
        ("http:///nohost", ""),
        ("http://[broken", ""),
        ("", ""),
    ],
)
def test_only_web_addresses_are_links(reference: str, url: str) -> None:
    assert absolute_url(URL, reference) == url


def test_a_language_that_is_no_tag_is_none() -> None:
    assert [clean_language(tag) for tag in ("en-US", "zh_Hans_CN", " de ", "English (US)", "", "<b>")] == [
        "en-US",
        "zh-Hans-CN",
        "de",
        "",
        "",
        "",
    ]
