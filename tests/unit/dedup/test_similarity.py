"""Similarity: the model is readable and sane, rarity is smoothed, other languages need hard evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.dedup.similarity import Idf, Model, cross_language_score, rarest_first, story_features, story_model
from pipeline.dedup.wording import wording
from pipeline.model import Member, StoryView
from tests.builders_dedup import START

ACME = frozenset({"acme"})


def a_story(title: str, text: str = "", companies: frozenset[str] = ACME) -> StoryView:
    member = Member("m", "m", "m", title, text, START, companies=companies)
    return StoryView("m", companies, START, START + timedelta(hours=1), (member,))


def features(title: str, story: StoryView) -> dict[str, float]:
    return story_features(wording(title, ""), ACME, 1.0, story, 1.0, Idf({}, 0, ACME))


@pytest.mark.parametrize("name", ["broad", "normal", "ungated"])
def test_the_stored_weights_mean_what_their_features_say(name: str) -> None:
    model = story_model(name)

    assert model.weights["core"] > 0
    assert all(weight <= 0 for feature, weight in model.weights.items() if feature.endswith("_clash"))
    assert set(model.weights) <= set(features("A", a_story("B")))


@pytest.mark.parametrize("name", ["broad", "normal", "ungated"])
def test_equal_headlines_score_higher_than_strange_ones(name: str) -> None:
    story = a_story("Acme sells ferry line to Harbour fund for 40 million")
    same, strange = (
        features("Harbour fund buys Acme ferry line for 40 million", story),
        features("Acme hires cooks", story),
    )

    assert story_model(name).probability(same) > 0.5 > story_model(name).probability(strange)


def a_story_of(*titles: str) -> StoryView:
    members = tuple(
        Member(str(number), "m", "m", title, "", START, companies=ACME) for number, title in enumerate(titles)
    )
    return StoryView("m", ACME, START, START + timedelta(hours=1), members)


def test_the_backbone_is_a_rare_word_that_most_members_tell() -> None:
    told = a_story_of("Acme loses ferries to Harbour", "Harbour takes Acme line", "Harbour wins ferries at Acme")

    by_all, by_some, by_none = (
        features(title, told)["backbone"] for title in ("Harbour on Acme", "Acme ferries", "Acme hires cooks")
    )

    assert by_all > by_some > by_none == 0


def test_one_telling_has_no_backbone() -> None:
    assert features("Harbour on Acme", a_story("Acme loses ferries to Harbour"))["backbone"] == 0


def test_words_are_telling_that_are_likelier_in_the_story_than_elsewhere() -> None:
    told = a_story_of("Acme loses ferries to Harbour", "Harbour takes Acme line", "Harbour wins ferries at Acme")

    by_two, by_one, by_none = (
        features(title, told)["telling"] for title in ("Harbour wants ferries", "Harbour hires", "Acme hires cooks")
    )

    assert 1 > by_two > by_one > by_none == 0


def test_what_every_story_tells_is_not_telling() -> None:
    frequencies = {"harbour": 900}
    told = a_story_of("Harbour opens", "Harbour closes", "Harbour sinks")

    found = story_features(wording("Harbour shines", ""), ACME, 1.0, told, 1.0, Idf(frequencies, 900, ACME))

    assert found["telling"] < 0.1 < features("Harbour shines", told)["telling"]


def test_with_texts_to_compare_no_word_is_telling() -> None:
    told = a_story("Harbour takes ferries", "The harbour fund of the north takes all the ferries of the line.")

    entry = wording("Harbour takes ferries", "All ferries of the line go to the fund of the harbour.")
    assert story_features(entry, ACME, 1.0, told, 1.0, Idf({}, 0, ACME))["telling"] == 0


@pytest.mark.parametrize(
    ("title", "agrees", "clashes"),
    [("Acme stock falls", 1, 0), ("Acme stock rises", 0, 1), ("Acme stock in the news", 0, 0)],
)
def test_two_headlines_may_go_one_way_the_other_or_none(title: str, agrees: int, clashes: int) -> None:
    found = features(title, a_story("Why Acme shares drop today"))

    assert (found["direction"], found["direction_clash"]) == (agrees, clashes)


def test_a_model_explains_itself_by_its_largest_parts() -> None:
    model = Model(0.0, {"small": 0.1, "large": -3.0, "absent": 9.0})

    assert model.leading({"small": 1.0, "large": 1.0}) == (("large", -3.0), ("small", 0.1))


def test_a_probability_never_overflows() -> None:
    assert Model(0.0, {"x": 1e9}).probability({"x": 1.0}) == pytest.approx(1.0)
    assert Model(0.0, {"x": -1e9}).probability({"x": 1.0}) == pytest.approx(0.0)


def test_common_words_and_the_companys_own_name_weigh_little() -> None:
    idf = Idf({"ferri": 40}, 100, ["acme-lines"])

    assert idf["welder"] > idf["ferri"] > idf["acm"]
    assert idf["welder"] > idf["share"]


def test_another_language_needs_companies_and_figures_or_names() -> None:
    story = a_story(
        "Acme and Boro build 35 trams with Cobalt in Lyon", "It is the first order since 2019 for the two firms."
    )
    pair = frozenset({"acme", "boro"})
    both = a_story(story.members[0].title, story.members[0].text, pair)
    told = wording("两家公司将与Cobalt合作制造35辆有轨电车", "")
    bare = wording("两家公司将合作制造有轨电车", "")

    assert cross_language_score(told, pair, 2.0, both)[0] > 0.5
    assert cross_language_score(bare, pair, 2.0, both)[0] < 0.5
    assert cross_language_score(told, ACME, 2.0, story)[0] < 0.5
    assert cross_language_score(told, pair, 60.0, both)[0] == 0.0
    assert cross_language_score(told, None, 2.0, both)[0] == 0.0


@pytest.mark.parametrize(
    ("title", "clashes"),
    [("Acme talks start on 14 April", 0.0), ("Acme talks start April 14", 0.0), ("Acme sells ferries for $14 mn", 1.0)],
)
def test_a_day_of_the_month_contradicts_no_amount(title: str, clashes: float) -> None:
    assert features(title, a_story("Acme sells ferries for $40 million"))["figures_clash"] == clashes


def test_a_day_counts_as_one_figure_where_a_story_is_told_in_another_language() -> None:
    story = StoryView(
        "m", ACME, START, START, (Member("m", "m", "m", "Acme lädt zum 24. März", "", START, "", "de", companies=ACME),)
    )

    _, evidence = cross_language_score(
        wording("Acme invites to an event on 24 March", "", language="en"), ACME, 1.0, story
    )

    assert evidence["shared_figures"] == 1


def test_the_rarest_terms_come_first_and_everyday_ones_count_as_common() -> None:
    counts = [("market", 1), ("quay", 3), ("ferri", 1), ("crane", 1), ("tram", 70)]

    assert rarest_first(counts) == ["crane", "ferri", "quay", "market", "tram"]
    idf = Idf(dict(counts), 100)
    assert [idf[term] for term in rarest_first(counts)] == sorted((idf[term] for term, _ in counts), reverse=True)


@pytest.mark.parametrize(("hours", "clashes"), [(2.0, 0.0), (20.0, 1.0)])
def test_what_a_share_did_is_told_until_it_is_traded_again(hours: float, clashes: float) -> None:
    story = a_story("Why Acme shares are up today")
    entry = wording("Acme shares are up 3%", "")

    assert story_features(entry, ACME, hours, story, hours, Idf({}, 0, ACME))["sessions_clash"] == clashes


@pytest.mark.parametrize(
    ("text", "clashes"),
    [
        ("Acme calls back 62,000 irons.", 1.0),
        ("Acme calls back 19,000 irons, after 40 reports.", 0.0),
        ("Acme calls back irons.", 0.0),
    ],
)
def test_texts_clash_where_none_of_their_figures_is_the_same(text: str, clashes: float) -> None:
    story = a_story("Regulator announces Acme recall", "Acme calls back 19,000 irons.")
    entry = wording("Regulator announces Acme recall", text)

    assert story_features(entry, ACME, 1.0, story, 1.0, Idf({}, 0, ACME))["texts_clash"] == clashes


def test_copies_of_a_headline_do_not_make_a_story_large() -> None:
    one = a_story("Acme opens a plant in Turku")
    (member,) = one.members
    copied = replace(one, members=(member, replace(member, entry_id="c1"), replace(member, entry_id="c2")))
    retold = replace(one, members=(member, replace(member, entry_id="r", article_id="r", title="A plant for Turku")))

    assert features("Acme plant for Turku", copied)["size"] == 0.0
    assert features("Acme plant for Turku", retold)["size"] == 0.5


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Why Acme shares are down today", 1.0),
        ("Why Acme shares are up today", 0.0),
        ("Acme shares down 7% on Wednesday", 0.0),
    ],
)
def test_what_a_share_does_in_a_session_is_one_story_where_nothing_contradicts(title: str, told: float) -> None:
    story = a_story("Acme shares down 3% on Tuesday")

    assert features(title, story)["session"] == told


def test_results_of_one_quarter_have_figures_of_many_things() -> None:
    story = a_story("Acme Q2 sales reach $34 billion")

    assert features("Acme lifts outlook to $116 billion after Q2 profit", story)["figures_clash"] == 0.0
    assert features("Acme lifts outlook to $116 billion", story)["figures_clash"] == 1.0
