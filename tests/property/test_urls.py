"""Whatever text comes in: a canonical URL is stable, printable and never an exception."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.urls import MAX_LENGTH, canonical_url, registrable_domain

PIECES = st.sampled_from(
    ["http://", "https://", "//", "www.", "m.", "amp.", "example.com", "google.com/url?q=", "google.com/amp/s/",
     "l.facebook.com/l.php?u=", "/amp", ".amp", "/../", "/./", "?", "&", "&amp;", "amp;", "=", "#", "#!", "%", "%2",
     "%2F", "%41", "%20", "+", " ", ":", ":80", "@", ";", ";sid=1", "utm_source=x", "url=", "http%3A%2F%2Fa.com%2Fb",
     "é", "小米", "\ud800", "\u3000", "[", "]", "::1", "a", "1", ".html", "\t", "\\"]
)  # fmt: skip
URLISH = st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=60).map(
    lambda tail: f"https://example.com/{tail}"
)


@given(URLISH)
@example("https://example.com/amp.amp.amp")
@example("https://example.com/a?amp;amp;utm_source=1&amp;b=1")
@example("https://google.com/url?q=+https://a.com/b")
@example("https://google.com/url?q=https%253A%252F%252Fa.com")
def test_the_canonical_form_of_a_canonical_url_is_itself(url: str) -> None:
    once = canonical_url(url)

    assert canonical_url(once) == once


@given(st.text(max_size=200) | URLISH)
def test_no_text_raises_and_what_comes_out_is_plain_https(text: str) -> None:
    found = canonical_url(text)

    assert found == "" or (found.startswith("https://") and found.isascii() and " " not in found)
    assert len(found) <= MAX_LENGTH
    registrable_domain(text)


@given(st.permutations(["a=1", "b=2", "b=1", "id=77", "c"]), st.sampled_from(["utm_source=x", "fbclid=1", "mc_eid=2"]))
def test_neither_order_nor_tracking_changes_the_identity(fields: list[str], tracking: str) -> None:
    plain = canonical_url("https://example.com/x?a=1&b=1&b=2&c&id=77")

    assert canonical_url(f"http://www.example.com/x/?{'&'.join([*fields, tracking])}") == plain
