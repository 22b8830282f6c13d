"""JSON Feed as careless publishers write it."""

import json
from typing import Any

from pipeline.parse.items import Channel, Unreadable
from pipeline.parse.jsonfeed import NotAFeed, read_json

VERSION = "https://jsonfeed.org/version/1.1"


def channel(**feed: Any) -> Channel:
    result = read_json(json.dumps({"version": VERSION, "title": "T", "items": []} | feed))
    assert isinstance(result, Channel), result
    return result


def test_versions_name_the_format() -> None:
    assert channel(version="https://jsonfeed.org/version/1").info.format == "json10"
    assert channel(version="http://www.jsonfeed.org/version/1.1").info.format == "json11"


def test_ids_of_every_type_become_text() -> None:
    items = channel(items=[{"id": 1}, {"id": 2.0}, {"id": 2.5}, {"id": None}, {"id": True}, {"id": ["x"]}]).items

    assert [item.guid for item in items] == ["1", "2", "2.5", "", "", ""]


def test_an_id_is_the_link_of_an_item_without_one_only_where_it_is_an_address() -> None:
    items = channel(items=[{"id": 1}, {"id": "tag:a,1"}, {"id": "https://mill.example/1"}, {"id": "/2"}]).items

    assert [item.link for item in items] == ["", "", "https://mill.example/1", "/2"]


def test_authors_of_both_versions_are_read() -> None:
    feed = channel(
        author={"name": "House"}, items=[{"authors": [{"name": "A"}, {"name": "B"}]}, {"author": {"name": "C"}}]
    )

    assert feed.author == "House"
    assert [item.author for item in feed.items] == ["A, B", "C"]


def test_plain_content_is_escaped_for_the_html_that_it_stands_beside() -> None:
    (item,) = channel(items=[{"content_text": "a < b & c", "summary": "<x>"}]).items

    assert (item.content, item.summary) == ("a &lt; b &amp; c", "&lt;x&gt;")


def test_only_true_means_expired() -> None:
    assert channel(expired=True).info.hints.expired
    assert not channel(expired="no").info.hints.expired


def test_a_document_cut_off_keeps_its_whole_items() -> None:
    whole = json.dumps({"version": VERSION, "title": "T", "items": [{"id": 1}, {"id": 2}, {"id": 3}]})

    result = read_json(whole[:-8])

    assert isinstance(result, Channel)
    assert [item.guid for item in result.items] == ["1", "2"]
    assert "broken JSON" in result.damage


def test_a_document_cut_off_in_its_first_item_is_unreadable() -> None:
    result = read_json(f'{{"version": "{VERSION}", "items": [{{"id": 1, "ti')

    assert isinstance(result, Unreadable)
    assert not isinstance(result, NotAFeed)


def test_items_that_look_like_a_feed_are_one_without_a_version() -> None:
    result = read_json('{"items": [{"id": "1", "content_html": "x"}]}')

    assert isinstance(result, Channel)


def test_other_json_is_named() -> None:
    assert read_json('{"error": "quota"}') == NotAFeed("a JSON error: quota")
    assert read_json('{"items": [1]}') == NotAFeed("JSON that is no feed")
    assert read_json("[]") == NotAFeed("JSON that is no feed")
    assert isinstance(read_json(f'{{"version": "{VERSION}", "items": {{}}}}'), Unreadable)


def test_depth_and_long_numbers_do_no_harm() -> None:
    assert isinstance(read_json(f'{{"version": "{VERSION}", "items": ' + "[" * 100_000), Unreadable)
    assert isinstance(read_json(f'{{"version": "{VERSION}", "items": [{"1" * 10_000}]}}'), Unreadable)
