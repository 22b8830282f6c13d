"""Which feed a person means."""

import pytest

from pipeline.config import Named, holds, meant, spellings

LANTERN = Named("https://lantern.example/tech.xml", "Lantern Tech", "https://www.lantern.example/tech.xml")
SPORT = Named("https://courier.example/sport", "Courier: sport")
SCIENCE = Named("http://courier.example/science/", "Courier: science")
ALL = (LANTERN, SPORT, SCIENCE)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("https://lantern.example/tech.xml", [LANTERN]),
        (" https://lantern.example/tech.xml#top ", [LANTERN]),
        ("https://www.lantern.example/tech.xml", [LANTERN]),  # where it was last answered
        ("http://courier.example/sport/", [SPORT]),
        ("https://COURIER.example/science", [SCIENCE]),
        ("lantern tech", [LANTERN]),
        ("sport", [SPORT]),
        ("lantern.example", [LANTERN]),
        ("Courier", [SPORT, SCIENCE]),
        ("nobody", []),
        ("", []),
        ("http://[broken", []),
    ],
)
def test_a_feed_is_meant_by_its_address_its_title_or_a_part_of_them(word: str, expected: list[Named]) -> None:
    assert list(meant(word, ALL)) == expected


def test_a_whole_title_means_that_feed_although_others_have_it_as_a_part() -> None:
    courier = Named("https://courier.example/all", "Courier")

    assert meant("courier", (*ALL, courier)) == (courier,)


def test_an_address_comes_first_as_it_is_and_without_its_fragment() -> None:
    assert spellings("https://Mill.example/a/?q=1#x") == (
        "https://Mill.example/a/?q=1",
        "https://Mill.example/a?q=1",
        "https://mill.example/a?q=1",
        "https://mill.example/a/?q=1",
        "http://Mill.example/a?q=1",
        "http://Mill.example/a/?q=1",
        "http://mill.example/a?q=1",
        "http://mill.example/a/?q=1",
    )


def test_a_port_of_its_own_serves_one_scheme_only() -> None:
    assert spellings("http://mill.example:8080/a") == ("http://mill.example:8080/a", "http://mill.example:8080/a/")


def test_an_empty_word_stands_in_nothing() -> None:
    assert not holds(" ", "anything")
    assert holds("MILL", "The windmill")
