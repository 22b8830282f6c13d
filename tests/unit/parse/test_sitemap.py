"""News sitemaps and their indexes: good ones, broken ones, hostile ones."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from pipeline.model import Document, ErrorKind, Feed, FeedKind, FetchFailed
from pipeline.parse import parse_sitemap

URL = "https://www.mill.example/news.xml"
FEED = Feed(URL, publisher="Mill", kind=FeedKind.SITEMAP)
SPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
)


def news(loc: str, title: str, date: str = "2026-03-05T06:00:00+01:00") -> str:
    return (
        f"<url><loc> {loc} </loc><news:news><news:publication><news:name>The Mill</news:name>"
        f"<news:language>en</news:language></news:publication><news:publication_date>{date}</news:publication_date>"
        f"<news:title>{title}</news:title></news:news></url>"
    )


def urlset(*urls: str, spaces: str = SPACES) -> bytes:
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<urlset {spaces}>{''.join(urls)}</urlset>".encode()


def index(*sitemaps: tuple[str, str]) -> bytes:
    rows = "".join(
        f"<sitemap><loc>{loc}</loc>{f'<lastmod>{date}</lastmod>' if date else ''}</sitemap>" for loc, date in sitemaps
    )
    return f"<sitemapindex {SPACES}>{rows}</sitemapindex>".encode()


def read(body: bytes, feed: Feed = FEED) -> Document:
    document = parse_sitemap(body, feed=feed, url=URL)
    assert isinstance(document, Document), document
    return document


def failure(body: bytes, feed: Feed = FEED) -> FetchFailed:
    failed = parse_sitemap(body, feed=feed, url=URL)
    assert isinstance(failed, FetchFailed), failed
    return failed


def test_each_address_with_a_news_title_is_an_entry() -> None:
    plain = "<url><loc>https://www.mill.example/imprint</loc></url>"

    document = read(urlset(news("https://www.mill.example/a", "Quay &amp; sons"), plain, news("/b", "小米")))

    assert [(entry.title, entry.url) for entry in document.entries] == [
        ("Quay & sons", "https://www.mill.example/a"),
        ("小米", "https://www.mill.example/b"),
    ]
    first = document.entries[0]
    assert (first.publisher, first.language) == ("The Mill", "en")
    assert first.published_at == datetime(2026, 3, 5, 5, tzinfo=UTC)
    assert (document.info.format, document.damage, document.feeds) == ("sitemap", "", None)


def test_a_sitemap_that_is_compressed_as_a_file_is_read() -> None:
    assert len(read(gzip.compress(urlset(news("/a", "Quay")))).entries) == 1


def test_prefixes_that_are_never_declared_mean_what_they_are_called() -> None:
    assert [entry.title for entry in read(urlset(news("/a", "Quay"), spaces="")).entries] == ["Quay"]


def test_mistakes_are_repaired_and_told() -> None:
    document = read(urlset(news("/a?x=1&y=2", "Quay & sons")))

    assert document.entries[0].title.startswith("Quay")
    assert document.damage.startswith("not well-formed: ")


def test_a_sitemap_that_breaks_off_keeps_its_whole_entries() -> None:
    document = read(urlset(news("/a", "Quay"), news("/b", "Mill"))[:-150])

    assert [entry.title for entry in document.entries] == ["Quay"]
    assert document.is_cut


def test_only_the_newest_five_hundred_are_taken() -> None:
    rows = [news(f"/{n}", f"News {n}", f"2026-03-05T{n // 60:02}:{n % 60:02}:00Z") for n in range(700)]

    document = read(urlset(*rows))

    assert (document.entries[0].title, len(document.entries)) == ("News 200", 500)
    assert document.damage == "200 older entries beyond 500 were left out"


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (urlset("<url><loc>/a</loc></url>"), ErrorKind.NOT_A_FEED, "a sitemap without news"),
        (b"<html><body>Not found</body></html>", ErrorKind.NOT_A_FEED, "no sitemap but an HTML page"),
        (b"<rss version='2.0'><channel/></rss>", ErrorKind.NOT_A_FEED, "no sitemap but a feed"),
        (index(("https://other.example/a.xml", "")), ErrorKind.NOT_A_FEED, "an index that names no sitemap of its own"),
        (b"", ErrorKind.NOT_A_FEED, "no sitemap but plain text"),
    ],
)
def test_what_is_no_news_sitemap_is_named(body: bytes, kind: ErrorKind, reason: str) -> None:
    failed = failure(body)

    assert failed.kind is kind
    assert failed.reason.startswith(reason)


def test_an_empty_sitemap_is_a_quiet_day() -> None:
    assert read(urlset()).entries == ()


def test_an_index_names_the_news_sitemaps_of_its_own_site() -> None:
    document = read(
        index(
            ("https://www.mill.example/news/a.xml", "2026-03-05T06:00:00Z"),
            ("https://static.mill.example/news-b.xml.gz", "2026-03-04"),
            ("https://www.mill.example/news/old.xml", "2026-02-01"),
            ("https://www.mill.example/pages.xml", "2026-03-05"),
            ("https://other.example/news.xml", "2026-03-05"),
            ("file:///etc/news", "2026-03-05"),
        )
    )

    assert document.feeds
    assert [feed.url for feed in document.feeds] == [
        "https://www.mill.example/news/a.xml",
        "https://static.mill.example/news-b.xml.gz",
    ]
    assert {(feed.kind, feed.listed_by, feed.publisher) for feed in document.feeds} == {(FeedKind.SITEMAP, URL, "Mill")}


def test_at_most_ten_sitemaps_of_an_index_are_followed() -> None:
    document = read(index(*((f"https://www.mill.example/news{n}.xml", "") for n in range(5000))))

    assert len(document.feeds or ()) == 10


def test_an_index_within_an_index_is_not_followed() -> None:
    listed = Feed(URL, kind=FeedKind.SITEMAP, listed_by="https://www.mill.example/index.xml")

    assert "within an index" in failure(index(("https://www.mill.example/news.xml", "")), listed).reason


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE urlset [<!ENTITY a "' + b"x" * 1000 + b'">'
        + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (n + 1, n, n, n, n) for n in range(97, 120))
        + b"]>" + urlset(news("/a", "Quay &x;"))[40:],
        b'<!DOCTYPE urlset [<!ENTITY f SYSTEM "file:///etc/hostname">]>' + urlset(news("/a", "Quay &f;"))[40:],
        urlset("<a>" * 50_000),
        urlset("<url " + " ".join(f"a{n}='x'" for n in range(20_000)) + "/>"),
        urlset(news("/a", "Q" * 2_000_000)),
        urlset(*["<url>"] * 100_000),
        b"<urlset" * 50_000,
    ],
    ids=["bomb", "file", "deep", "attributes", "title", "unclosed", "roots"],
)  # fmt: skip
def test_hostile_sitemaps_are_bounded(body: bytes) -> None:
    document = parse_sitemap(body, feed=FEED, url=URL)

    if isinstance(document, Document):
        assert all(len(entry.title) <= 1000 for entry in document.entries)
        assert all("root:" not in entry.title for entry in document.entries)
