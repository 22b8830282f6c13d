"""Keys: what makes an entry known again, and what must not."""

from __future__ import annotations

from pipeline.keys import content_hash, digest, entry_keys, guid_key, reused_guid_key, url_key

FEED, OTHER_FEED = "https://example.com/feed", "https://example.org/feed"
URL = "https://example.com/a/1"


def keys(feed: str = FEED, guid: str = "g1", url: str = URL, title: str = "T", text: str = "x") -> tuple[str, ...]:
    return entry_keys(feed_url=feed, guid=guid, canonical_url=url, title=title, text=text)


def test_parts_of_a_digest_do_not_run_together() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert len(digest("\ud800")) == 16


def test_the_guid_comes_first_and_then_the_address() -> None:
    assert keys() == (guid_key(FEED, "g1"), url_key(URL))


def test_a_guid_counts_in_its_feed_and_an_address_everywhere() -> None:
    ours, theirs = keys(), keys(feed=OTHER_FEED)

    assert ours[0] != theirs[0]
    assert ours[1] == theirs[1]


def test_a_bare_host_is_nobodys_key() -> None:
    assert keys(url="https://example.com/") == (guid_key(FEED, "g1"),)
    assert keys(url="https://example.com/?p=12") == (guid_key(FEED, "g1"), url_key("https://example.com/?p=12"))


def test_an_entry_with_neither_is_known_by_its_words() -> None:
    assert keys(guid="", url="") == keys(guid="", url="")
    assert keys(guid="", url="") != keys(guid="", url="", title="U")
    assert keys(guid="", url="") != keys(guid="", url="", feed=OTHER_FEED)


def test_a_reused_guid_gets_a_key_of_its_own() -> None:
    derived = reused_guid_key(FEED, "g1", URL, "T")

    assert derived not in keys()
    assert derived != reused_guid_key(FEED, "g1", URL + "0", "T")


def test_the_content_hash_follows_what_a_reader_sees() -> None:
    assert content_hash("a", "b") == content_hash("a", "b")
    assert content_hash("a", "b") != content_hash("ab", "")
