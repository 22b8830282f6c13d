import pytest

from pipeline.alert.news import News, news_of, outlets_reached, pair_news
from pipeline.model import Placement, Relation, Untold


def update(*kinds):
    return Placement("e1", "e1", "s1", Relation.UPDATE, "alike", features=tuple((f"new:{kind}", 1.0) for kind in kinds))


def test_each_kind_of_news_is_a_sentence():
    untold = Untold(("$3.5 billion", "12%"), ("withdraws",), ("bid",))

    assert news_of(update("figures", "companies", "reversal"), untold, ["Globex"]) == [
        News("company", "Globex is part of the story now."),
        News("figures", "New in the headline: $3.5 billion, 12%."),
        News("reversal", "The headline now says “withdraws”."),
    ]


def test_an_update_without_a_kind_of_its_own_tells_its_new_words():
    assert news_of(update("words"), Untold(words=("strike", "vote")), []) == [
        News("words", "New words in the headline: strike, vote.")
    ]


def test_what_cannot_be_shown_is_still_said():
    assert [one.text for one in news_of(update("figures", "reversal"), Untold(), [])] == [
        "There is a new figure.",
        "The story takes a turn.",
    ]
    assert [one.text for one in news_of(update("words"), Untold(), [])] == ["It is told in new words."]


def test_no_sentence_tells_more_than_five_figures():
    untold = Untold(figures=tuple(f"{number}%" for number in range(10, 20)))

    assert news_of(update("figures"), untold, [])[0].text == "New in the headline: 10%, 11%, 12%, 13%, 14%."


def test_companies_that_met_are_named():
    assert pair_news(["Globex", "Initech"]).text == "Globex and Initech are in one story now."
    assert pair_news(["Globex", "Initech", "Xiaomi"]).text == "Globex, Initech and Xiaomi are in one story now."


@pytest.mark.parametrize(
    ("before", "after", "reached"),
    [(1, 4, 0), (4, 5, 5), (5, 6, 0), (9, 10, 10), (5, 19, 10), (4, 45, 40), (0, 0, 0)],
)
def test_outlets_are_news_at_the_first_number_and_when_it_has_doubled(before, after, reached):
    assert outlets_reached(before, after, 5) == reached


def test_without_a_number_outlets_are_never_news():
    assert outlets_reached(0, 100, 0) == 0
