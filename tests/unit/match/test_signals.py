"""What the words around a name tell."""

import pytest

from pipeline.match import MatchEngine, Matcher
from pipeline.model import Watchlist
from tests.builders_match import company, engine, entry, found

WATCH = engine(
    company("apple", "Apple"),
    company("target", "Target"),
    company("delta", "Delta Air Lines", "Delta"),
    company("prakash", "Prakash Industries", tickers=("PRAKASH",)),
    company("rio", "Rio Tinto", "Rio"),
    company("santander", "Santander"),
    company("ups", "United Parcel Service", "UPS"),
    company("bahn", "Bahn"),
    company("3m", "3M"),
    company("ibm", "IBM"),
)


@pytest.mark.parametrize(
    ("title", "companies"),
    [
        ("Sell Hexaware with a target of Rs 109: Prakash Gaba", []),
        ("Markets look cheap, says Prakash Gaba", []),
        ("Prakash Gaba sees gains", ["prakash"]),  # not at the end: nothing tells that it is a person
        ("Carnival in Rio de Janeiro begins", []),
        ("Carnival in Rio begins", []),
        ("Fire in Santander, mayor says", []),
        ("Santander police find paintings", []),
        ("Santander raises profit outlook", ["santander"]),
        ("Delta Corp wins casino licence", []),
        ("Delta adds flights to Lisbon", ["delta"]),
        ("Retailer Ups Dividend Again", []),
        ("UPS raises dividend again", ["ups"]),
        ("Free meals for 3M pupils", []),
        ("3M shares fall", ["3m"]),
        ("Despite Target's warning, shares rise", ["target"]),
        ("Report praises “Target” stores", ["target"]),
        ("Revenue fell at rivals...Target shares rise", ["target"]),
        ("See www.target.example for news", []),
        ("apple unveils cheaper laptop for schools, shares rise", ["apple"]),
        ("He ate an apple before the game", []),
        ("IBMs new chief named", ["ibm"]),
    ],
)
def test_the_words_around_a_name_decide(title: str, companies: list[str]) -> None:
    assert found(WATCH, title) == companies


def test_a_link_ends_where_its_line_ends() -> None:
    assert found(WATCH, text="Read more: https://example.com/markets/\nApple raises prices") == ["apple"]
    assert found(WATCH, text="Read more: https://example.com/markets/Apple raises prices") == []


@pytest.mark.parametrize(
    ("title", "companies"),
    [
        ("Neue U-Bahn fährt ab Montag", []),
        ("Läuferin stürzt auf Bahn 8", []),
        ("Bahn streicht Stellen", ["bahn"]),
    ],
)
def test_a_german_noun_needs_evidence_though_it_has_a_capital(title: str, companies: list[str]) -> None:
    assert found(WATCH, title, language="de") == companies


def test_the_users_own_decoys_win_silently() -> None:
    watchlist = Watchlist((company("mahindra", "Mahindra"), company("sbi", "State Bank of India")))
    watch = MatchEngine.build(watchlist, [Matcher(decoys=("Tech Mahindra", "SBI", "!?"))])

    assert found(watch, "Tech Mahindra wins order") == []
    assert found(watch, "Mahindra wins order") == ["mahindra"]
    assert found(watch, "SBI wins order") == []
    assert watch.explain(entry("Tech Mahindra wins order"), "mahindra").candidates == ()
