"""Searches for companies: who is asked for in which query, and how little changes when the list does."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from pipeline.errors import ConfigError
from pipeline.model import Company, Feed, Name
from pipeline.sources.query import Source

XIAOMI = Company("xiaomi", "Xiaomi", aliases=(Name("小米"),), tags=("phones",))
GAP = Company("gap", 'The "Gap"', tags=("retail",))


def query(feed: Feed) -> str:
    return parse_qs(urlsplit(feed.url).query)["q"][0]


def many(count: int) -> list[Company]:
    return [Company(f"c{number:03}", f"Company {number:03}") for number in range(count)]


def test_google_news_is_asked_for_quoted_names_joined_by_or() -> None:
    feeds = Source(service="google_news", language="de", country="AT", days=3).feeds_for([XIAOMI, GAP])

    assert " ".join(map(query, feeds)).count(" OR ") + len(feeds) == 2
    assert {feed.publisher for feed in feeds} == {"Google News"}
    assert {feed.language for feed in feeds} == {"de"}
    assert {feed.source for feed in feeds} == {"query:google_news"}
    assert feeds[0].url.startswith("https://news.google.com/rss/search?q=")
    assert feeds[0].url.endswith("+when%3A3d&hl=de-AT&gl=AT&ceid=AT:de")


def test_bing_news_has_its_own_address() -> None:
    (feed,) = Source(service="bing_news").feeds_for([XIAOMI])

    assert feed.url == (
        "https://www.bing.com/news/search?q=%22Xiaomi%22&format=rss&setlang=en&cc=US&qft=sortbydate%3D%221%22"
    )
    assert feed.title == "Bing News: Xiaomi"


def test_names_are_quoted_aliases_are_asked_for_on_wish_and_words_can_be_added() -> None:
    template = "https://search.example/?q={query}"

    (plain,) = Source(template=template).feeds_for([GAP])
    (rich,) = Source(template=template, aliases=True, extra="-stock").feeds_for([XIAOMI])

    assert query(plain) == '"The Gap"'
    assert query(rich) == '("Xiaomi" OR "小米") -stock'
    assert rich.title == "search.example: Xiaomi"


def test_every_company_is_asked_for_once_and_no_query_is_too_long() -> None:
    source = Source(template="https://search.example/?q={query}", companies_per_feed=5, max_query=60)

    queries = [query(feed) for feed in source.feeds_for(many(200))]
    asked = [name for words in queries for name in words.split(" OR ")]

    assert sorted(asked) == sorted(f'"{company.name}"' for company in many(200))
    assert max(map(len, queries)) <= 60
    assert max(words.count(" OR ") for words in queries) < 5


def test_one_company_more_changes_one_query_and_not_all_behind_it() -> None:
    source = Source(service="google_news")
    companies = many(300)

    before = {feed.url for feed in source.feeds_for(companies)}
    after = {feed.url for feed in source.feeds_for([*companies[:40], Company("c0395", "Newcomer"), *companies[40:]])}

    assert len(before - after) <= 3
    assert len(before) < 300 / 4


def test_only_companies_with_one_of_the_tags_are_asked_for() -> None:
    source = Source(service="google_news", company_tags=("retail",))

    assert [query(feed) for feed in source.feeds_for([XIAOMI, GAP])] == ['"The Gap" when:2d']
    with pytest.raises(ConfigError, match="there is no company to ask for"):
        source.feeds_for([XIAOMI])


def test_names_that_no_query_can_hold_are_told() -> None:
    company = Company("long", "A" * 150, aliases=tuple(Name(f"{'B' * 90}{number}") for number in range(5)))

    with pytest.raises(ConfigError, match=r"company 'long' make a query of \d+ characters \(max_query is 400"):
        Source(service="bing_news", aliases=True).feeds_for([company])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "needs either 'service'"),
        ({"service": "google_news", "template": "https://a.example/{query}"}, "needs either 'service'"),
        ({"template": "https://a.example/"}, "must have {query}"),
        ({"template": "https://a.example/{query}{sort}"}, "and nothing else"),
        ({"template": "https://a.example/{query}{query.x}"}, "and nothing else"),
        ({"template": "ftp://a.example/{query}"}, "must be an http or https address"),
        ({"service": "google_news", "language": "english"}, "language"),
        ({"service": "google_news", "country": "us"}, "country"),
    ],
)
def test_what_makes_no_search_is_refused(options: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Source.model_validate(options)

    assert told in str(raised.value)
