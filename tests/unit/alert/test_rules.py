import pytest
from pydantic import ValidationError

from pipeline.alert import Group, Person, Rule
from pipeline.alert.rules import loudest, loudness, soonest
from tests.builders_alert import hit


def rule(**options):
    return Rule(name="r", channels=["desk"], **options)


@pytest.mark.parametrize(("score", "salience", "taken"), [(80, 50, True), (79.9, 50, False), (80, 49.9, False)])
def test_score_and_salience_at_the_minimum_are_enough(score, salience, taken):
    assert rule(min_score=80, min_salience=50).is_worth(hit(score=score, salience=salience)) is taken


@pytest.mark.parametrize(
    ("wanted", "told", "taken"),
    [
        ("en", "en", True),
        ("en", "en-GB", True),
        ("en", "EN_us", True),
        ("pt-BR", "pt-br", True),
        ("pt-BR", "pt", False),
        ("en", "enm", False),
        ("en", "de", False),
        ("en", "", True),
    ],
)
def test_a_language_takes_its_refinements_and_what_is_not_told(wanted, told, taken):
    assert rule(languages=[wanted]).reads(told) is taken


@pytest.mark.parametrize(
    "options",
    [
        {"min_scores": 1},
        {"min_score": 101},
        {"channels": []},
        {"name": ""},
        {"severity": "loud"},
        {"people": []},
        {"together": ["xiaomi"]},
        {"together": ["xiaomi", "xiaomi"]},
        {"together": ["xiaomi", "northwind"], "together_of": "rivals"},
        {"words": ["€"]},
        {"without": ["***"]},
        {"on": []},
        {"on": ["edits"]},
        {"digest": "monthly"},
        {"max_tier": 0},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(options):
    with pytest.raises(ValidationError):
        Rule(**{"name": "r", "channels": ["desk"], **options})


def test_the_loudest_severity_wins():
    assert loudest([rule(severity="low"), rule(severity="urgent"), rule(severity="high")]) == "urgent"


def test_a_rule_must_name_channels_or_people():
    with pytest.raises(ValidationError, match="names neither channels nor people"):
        Rule(name="r")

    assert Rule(name="r", people=["ana"]).channels == ()


def test_a_person_without_channels_is_refused():
    with pytest.raises(ValidationError):
        Person(id="ana", channels=[])


def test_a_group_may_be_of_tags_alone():
    assert Group(id="rivals", tags=["phones"]).companies == ()


@pytest.mark.parametrize(
    ("wishes", "counts"),
    [
        (["weekly", "daily"], "daily"),
        (["hourly", "daily"], "hourly"),
        (["daily", None], ""),
        ([None, "at once"], "at once"),
        (["weekly"], "weekly"),
    ],
)
def test_the_soonest_wish_counts_and_the_channels_own_rhythm_before_any_digest(wishes, counts):
    assert soonest([rule(digest=wish) for wish in wishes]) == counts


@pytest.mark.parametrize("name", ["newsward-warnings", "Newsward-Test"])
def test_a_rule_bears_no_name_that_newsward_gives_its_own_messages(name: str) -> None:
    with pytest.raises(ValidationError, match="a name that Newsward gives its own messages: call the rule otherwise"):
        Rule(name=name, channels=("desk",))


def test_what_is_no_severity_ranks_as_normal() -> None:
    assert [loudness(one) for one in ("low", "normal", "high", "urgent", "loud", None)] == [0, 1, 2, 3, 1, 1]
