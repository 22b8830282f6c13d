import pytest
from pydantic import ValidationError

from pipeline.alert import Rule
from pipeline.alert.rules import loudest
from tests.builders_alert import entry, hit


def rule(**options):
    return Rule(name="r", channels=["desk"], **options)


def test_a_rule_without_conditions_takes_every_hit():
    assert rule().takes(entry(), hit(), {})


def test_a_rule_for_companies_takes_only_theirs():
    only = rule(companies=["xiaomi"])

    assert only.takes(entry(), hit(company="xiaomi"), {})
    assert not only.takes(entry(), hit(company="northwind"), {})


def test_a_rule_for_a_tag_takes_companies_that_bear_it():
    tags = {"xiaomi": ("phones", "china"), "northwind": ("software",)}

    assert rule(tags=["phones"]).takes(entry(), hit(company="xiaomi"), tags)
    assert not rule(tags=["phones"]).takes(entry(), hit(company="northwind"), tags)
    assert not rule(tags=["phones"]).takes(entry(), hit(company="unknown"), tags)


def test_companies_and_tags_add_up():
    both = rule(companies=["northwind"], tags=["phones"])
    tags = {"xiaomi": ("phones",)}

    assert both.takes(entry(), hit(company="northwind"), tags)
    assert both.takes(entry(), hit(company="xiaomi"), tags)
    assert not both.takes(entry(), hit(company="other"), tags)


@pytest.mark.parametrize(("score", "salience", "taken"), [(80, 50, True), (79.9, 50, False), (80, 49.9, False)])
def test_score_and_salience_at_the_minimum_are_enough(score, salience, taken):
    assert rule(min_score=80, min_salience=50).takes(entry(), hit(score=score, salience=salience), {}) is taken


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
    assert rule(languages=[wanted]).takes(entry(language=told), hit(), {}) is taken


@pytest.mark.parametrize(
    "options",
    [
        {"min_scores": 1},
        {"min_score": 101},
        {"channels": []},
        {"name": ""},
        {"severity": "loud"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(options):
    with pytest.raises(ValidationError):
        Rule(**{"name": "r", "channels": ["desk"], **options})


def test_the_loudest_severity_wins():
    assert loudest([rule(severity="low"), rule(severity="urgent"), rule(severity="high")]) == "urgent"
