"""Canonical URLs: dressings fall away, addresses of other articles stay apart."""

from __future__ import annotations

import pytest

from pipeline.urls import MAX_LENGTH, canonical_url, feed_spellings, registrable_domain

ARTICLE = "https://example.com/business/2026/03/harbour-deal?id=7731"


@pytest.mark.parametrize(
    "dressed",
    [
        "http://www.example.com/business/2026/03/harbour-deal?id=7731",
        "HTTPS://WWW.EXAMPLE.COM:443/business/2026/03/harbour-deal/?id=7731",
        "https://m.example.com/business/2026/03/harbour-deal?id=7731#comments",
        "https://mobile.example.com/business/2026/03/harbour-deal?id=7731#:~:text=harbour",
        "https://amp.example.com/business/2026/03/harbour-deal?id=7731",
        "https://www.example.com/business/2026/03/harbour-deal/amp/?id=7731",
        "https://www.example.com/amp/business/2026/03/harbour-deal?id=7731",
        "https://www.example.com/business/2026/03/harbour-deal?id=7731&outputType=amp",
        "https://example.com/business/2026/03/harbour-deal?utm_source=rss&id=7731&UTM_Medium=feed",
        "https://example.com/business/2026/03/harbour-deal?id=7731&fbclid=IwAR0&ref=home",
        "https://example.com/business/2026/03/harbour-deal?id=7731&amp;utm_campaign=x",
        "https://reader:secret@example.com/business/2026/03/harbour%2Ddeal?id=7731",
        "//example.com/business//2026/./03/harbour-deal;jsessionid=1A2B?id=7731",
        "  https://example.com/business/2026/\n03/harbour-deal?id=7731 ",
    ],
)
def test_the_dressings_of_an_address_fall_away(dressed: str) -> None:
    assert canonical_url(dressed) == ARTICLE


@pytest.mark.parametrize(
    "other",
    [
        "https://example.com/business/2026/03/harbour-deal?id=7732",
        "https://example.com/business/2026/03/harbour-deal?id=7731&page=2",
        "https://example.com/business/2026/03/harbour-deal?id=7731&aid=9",
        "https://example.com/business/2026/03/harbour-deal?id=7731&ref=20931",
        "https://example.com/business/2026/03/harbour-deal-off?id=7731",
        "https://news.example.com/business/2026/03/harbour-deal?id=7731",
        "https://example.com:8080/business/2026/03/harbour-deal?id=7731",
        "https://example.com/Business/2026/03/harbour-deal?id=7731",
        "https://example.com/business/2026/03/harbour-deal?id=7731#!/part/2",
    ],
)
def test_other_articles_keep_their_own_address(other: str) -> None:
    assert canonical_url(other) != ARTICLE
    assert canonical_url(other) != ""


@pytest.mark.parametrize(
    "wrapped",
    [
        "https://www.google.com/url?rct=j&sa=t&url=https%3A%2F%2Fexample.com%2Fa%2Fb%3Fid%3D1&ct=ga&usg=x",
        "https://www.google.co.uk/url?q=https://example.com/a/b?id=1",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fwww.example.com%2Fa%2Fb%3Fid%3D1%26fbclid%3Dz&h=A",
        "http://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&url=https%3a%2f%2fexample.com%2fa%2fb%3fid%3d1",
        "https://www.google.com/amp/s/amp.example.com/a/b?id=1",
        "https://www-example-com.cdn.ampproject.org/c/s/www.example.com/a/b.amp?id=1",
        "https://out.reddit.com/t3?url=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3Dhttps%253A%252F%252Fexample.com%252Fa%252Fb%253Fid%253D1",
    ],
)
def test_a_redirector_stands_for_the_target_it_carries(wrapped: str) -> None:
    assert canonical_url(wrapped) == "https://example.com/a/b?id=1"


def test_opaque_links_of_google_news_are_never_decoded() -> None:
    link = "https://news.google.com/rss/articles/CBMiX0FVX3lxTE5q?oc=5"

    assert canonical_url(link) == link


@pytest.mark.parametrize(
    "text",
    ["", "   ", "mailto:desk@example.com", "urn:uuid:1225c695", "tag:example.com,2026:1", "javascript:alert(1)",
     "http://", "http://[::1", "http://exa mple.com/", "http://example.com:99999/", "12345", "http://a..b/c",
     "https://example.com/" + "a" * MAX_LENGTH],
)  # fmt: skip
def test_what_is_no_address_of_an_article_is_empty(text: str) -> None:
    assert canonical_url(text) == ""


def test_hosts_in_other_scripts_are_printed_in_ascii() -> None:
    assert canonical_url("https://www.bücher.example/Größe") == "https://xn--bcher-kva.example/Gr%C3%B6%C3%9Fe"
    assert canonical_url("https://XN--BCHER-KVA.example/Gr%c3%b6%c3%9fe") == canonical_url(
        "https://bücher.example/Größe"
    )


def test_a_device_label_that_is_the_domain_itself_stays() -> None:
    assert canonical_url("https://m.com/story") == "https://m.com/story"
    assert canonical_url("https://en.m.wikipedia.org/wiki/Harbour") == "https://en.wikipedia.org/wiki/Harbour"
    assert canonical_url("http://127.0.0.5:8080/a") == "https://127.0.0.5:8080/a"


@pytest.mark.parametrize(
    ("url", "others"),
    [
        ("http://a.example/rss", {"https://a.example/rss", "https://a.example/rss/", "http://a.example/rss/"}),
        ("https://a.example/?x=/", {"http://a.example/?x=/", "https://a.example?x=/", "http://a.example?x=/"}),
    ],
)
def test_a_feed_has_other_spellings_of_its_address(url: str, others: set[str]) -> None:
    assert set(feed_spellings(url)) == others


def test_the_order_of_parameters_makes_no_difference() -> None:
    assert canonical_url("https://example.com/a?b=2&a=1&a=1") == canonical_url("https://example.com/a?a=1&b=2")


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://news.bbc.co.uk/1", "bbc.co.uk"),
        ("https://shop.example.com./x", "example.com"),
        ("http://127.0.0.7:80/", "127.0.0.7"),
        ("http://localhost/feed", "localhost"),
        ("http://[", ""),
        ("nothing", ""),
    ],
)
def test_a_domain_is_what_one_pays_for(url: str, domain: str) -> None:
    assert registrable_domain(url) == domain
