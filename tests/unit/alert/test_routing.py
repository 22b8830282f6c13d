from datetime import timedelta

import pytest

from pipeline.alert import Rule, owed
from pipeline.model import DateKind, Relation
from tests.builders_alert import NOW, candidate, hit, violations

ALL = Rule(name="all", channels=["desk"])


def alerts(*candidates, rules=(ALL,), first_poll=False, tags=None, names=None):
    return owed(
        candidates,
        rules,
        names={"xiaomi": "Xiaomi"} if names is None else names,
        tags=tags or {},
        now=NOW,
        max_age=timedelta(hours=24),
        first_poll=first_poll,
    )


def test_a_hit_owes_one_alert_that_is_due_at_once():
    (alert,) = alerts(candidate())

    assert (alert.channel, alert.rule, alert.kind, alert.story_id, alert.entry_id) == (
        "desk",
        "all",
        "story",
        "s1",
        "e1",
    )
    assert alert.not_before == alert.created_at == NOW
    assert alert.payload["id"] == alert.id
    assert violations(alert.payload) == []


def test_one_story_told_by_three_entries_is_one_alert_that_lists_the_further_outlets():
    told = [
        candidate("e1"),
        candidate("e2", relation=Relation.SAME_STORY, publisher="Sample Times", title="A plant for Gdynia"),
        candidate("e3", relation=Relation.COPY, publisher="Harbour Post"),
    ]

    (alert,) = alerts(*told)

    assert alert.entry_id == "e1"
    assert alert.payload["also_at"] == [
        {"publisher": "Sample Times", "title": "A plant for Gdynia", "url": "https://news.example/e2"},
        {"publisher": "Harbour Post", "title": "Xiamio opens a plant in Gdynia", "url": "https://news.example/e3"},
    ]


def test_the_same_address_is_not_a_further_outlet():
    (alert,) = alerts(candidate("e1", url="https://news.example/x"), candidate("e2", url="https://news.example/x"))

    assert alert.payload["also_at"] == []


def test_a_story_owes_the_same_id_whichever_entry_and_rule_come_first():
    (first,) = alerts(candidate("e1"))
    (later,) = alerts(candidate("e9", relation=Relation.UPDATE), rules=[Rule(name="other", channels=["desk"])])

    assert first.id == later.id


def test_two_stories_and_two_channels_are_four_alerts_with_ids_of_their_own():
    both = Rule(name="both", channels=["desk", "log"])

    made = alerts(candidate("e1", story="s1"), candidate("e2", story="s2"), rules=[both])

    assert [(one.story_id, one.channel) for one in made] == [
        ("s1", "desk"),
        ("s1", "log"),
        ("s2", "desk"),
        ("s2", "log"),
    ]
    assert len({one.id for one in made}) == 4


def test_rules_that_share_a_channel_share_the_alert_under_the_first_and_the_loudest():
    rules = [
        Rule(name="never", channels=["desk"], min_score=100),
        Rule(name="phones", channels=["desk", "desk"]),
        Rule(name="loud", channels=["desk", "log"], severity="high"),
    ]

    desk, log = alerts(candidate(), rules=rules)

    assert (desk.rule, desk.severity, desk.payload["rules"]) == ("phones", "high", ["phones", "loud"])
    assert (log.rule, log.payload["rules"]) == ("loud", ["loud"])


def test_an_alert_is_led_by_the_first_entry_that_a_rule_takes():
    aside = candidate("e1", hits=(hit("e1", salience=5),))
    about = candidate("e2", relation=Relation.SAME_STORY)

    (alert,) = alerts(aside, about, rules=[Rule(name="r", channels=["desk"], min_salience=50)])

    assert alert.entry_id == "e2"
    assert [outlet["url"] for outlet in alert.payload["also_at"]] == ["https://news.example/e1"]


def test_an_alert_names_the_companies_that_its_rules_took_and_where_their_evidence_stands():
    lead = candidate("e1", hits=(hit("e1", "xiaomi", salience=40), hit("e1", "aside", salience=5)))
    other = candidate("e2", hits=(hit("e2", "xiaomi", salience=90), hit("e2", "northwind", salience=70)))
    rules = [Rule(name="r", channels=["desk"], min_salience=30)]

    (alert,) = alerts(lead, other, rules=rules, names={"xiaomi": "Xiaomi", "northwind": "Northwind"})

    told = [(one["id"], one["name"], one["entry_id"]) for one in alert.payload["companies"]]
    assert told == [("northwind", "Northwind", "e2"), ("xiaomi", "Xiaomi", "e1")]


@pytest.mark.parametrize("age", [timedelta(hours=24), timedelta(), -timedelta(minutes=5)])
def test_a_fresh_entry_alerts_even_on_a_first_poll(age):
    assert len(alerts(candidate(published_at=NOW - age), first_poll=True)) == 1


@pytest.mark.parametrize("first_poll", [True, False])
def test_an_old_entry_never_alerts(first_poll):
    old = candidate(published_at=NOW - timedelta(hours=24, seconds=1))

    assert alerts(old, first_poll=first_poll) == ()


@pytest.mark.parametrize("published_at", [None, NOW])
def test_an_entry_without_a_date_counts_as_old_on_a_first_poll_only(published_at):
    undated = candidate(published_at=published_at, date_kind=DateKind.SEEN)

    assert alerts(undated, first_poll=True) == ()
    assert len(alerts(undated)) == 1


def test_an_old_entry_is_told_as_a_further_outlet_of_a_fresh_one():
    old = candidate("e1", published_at=NOW - timedelta(days=3))

    (alert,) = alerts(old, candidate("e2", relation=Relation.UPDATE))

    assert alert.entry_id == "e2"
    assert [outlet["url"] for outlet in alert.payload["also_at"]] == ["https://news.example/e1"]


def test_the_same_entry_again_never_alerts():
    assert alerts(candidate(relation=Relation.SEEN)) == ()


def test_no_rule_no_hit_no_alert():
    assert alerts(candidate(), rules=()) == ()
    assert alerts(candidate(companies=())) == ()


def test_tags_reach_the_rules():
    rule = Rule(name="r", channels=["desk"], tags=["phones"])

    assert len(alerts(candidate(), rules=[rule], tags={"xiaomi": ("phones",)})) == 1
    assert alerts(candidate(), rules=[rule], tags={"xiaomi": ("cars",)}) == ()
