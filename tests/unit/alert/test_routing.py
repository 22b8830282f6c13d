from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.alert import Person, Rule
from pipeline.keys import digest
from pipeline.model import DateKind, Relation, StorySoFar, Telling, Told, Untold
from tests.builders_alert import NOW, Recalled, candidate, hit, route, violations

ALL = Rule(name="all", channels=["desk"])


def alerts(*candidates, rules=(ALL,), names=None, **given):
    return route(candidates, rules, names={"xiaomi": "Xiaomi"} if names is None else names, **given)


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


# --------------------------------------------------------------------------- what one turn brings together


def test_the_best_source_leads_and_of_equals_the_first_to_tell_it():
    late_wire = candidate("e1", tier=1, published_at=NOW - timedelta(minutes=5))
    blog = candidate("e2", tier=4, published_at=NOW - timedelta(hours=2), relation=Relation.SAME_STORY)
    wire = candidate("e3", tier=1, published_at=NOW - timedelta(minutes=50), relation=Relation.SAME_STORY)

    (alert,) = alerts(blog, late_wire, wire)

    assert alert.entry_id == "e3"


def test_a_rule_that_sends_by_a_person_and_one_that_names_the_channel_share_the_alert():
    rules = [Rule(name="all", channels=["desk"]), Rule(name="loud", people=["ana"], severity="high", digest="at once")]

    (alert,) = alerts(candidate(), rules=rules, people=[Person(id="ana", channels=["desk"])])

    assert (alert.payload["rules"], alert.payload["people"], alert.severity) == (["all", "loud"], ["ana"], "high")
    assert alert.digest == "at once"


def test_words_and_tier_are_asked_of_each_telling():
    rule = Rule(name="r", channels=["desk"], words=["plant"], without=["rumour"], max_tier=2)

    def told(title, tier):
        return [one.entry_id for one in alerts(candidate("e1", title=title, tier=tier), rules=[rule])]

    assert told("Xiamio opens a plant", 2) == ["e1"]
    assert told("Xiamio opens a plant", 3) == []
    assert told("Xiamio opens a shop", 2) == ["e1"]  # its text has the word
    assert told("Rumour: Xiamio opens a plant", 1) == []


# --------------------------------------------------------------------------- a story that is known already

FIRST = Telling("Example News", "Xiamio plans a plant", "https://news.example/e0", NOW - timedelta(hours=5))


def remembering(*, channels=("desk",), companies=("xiaomi",), outlets=("outlet of e0",), updates=0, rules=("all",)):
    told = {channel: Told(updates, frozenset(rules)) for channel in channels}
    story = StorySoFar("s1", FIRST, tuple(hit("e0", company) for company in companies), frozenset(outlets))
    return Recalled({"s1": told} if told else {}, {"s1": story})


def update(id="e1", *, news=("figures",), **given):
    return candidate(id, relation=Relation.UPDATE, news=news, **given)


@pytest.mark.parametrize("relation", [Relation.SEEN, Relation.COPY, Relation.SAME_STORY])
def test_a_repeat_is_silent_on_a_channel_that_knows_the_story(relation):
    assert alerts(candidate(relation=relation), memory=remembering()) == ()


def test_an_update_says_what_is_new_and_how_the_story_began():
    (alert,) = alerts(update(untold=Untold(figures=("$3 billion",))), memory=remembering())

    assert (alert.kind, alert.payload["type"], alert.entry_id, alert.story_id) == ("update", "update", "e1", "s1")
    assert alert.payload["news"] == [{"kind": "figures", "text": "New in the headline: $3 billion."}]
    assert alert.payload["first"] == {
        "title": "Xiamio plans a plant",
        "url": "https://news.example/e0",
        "publisher": "Example News",
        "published_at": "2026-03-02T04:30:00Z",
    }
    assert violations(alert.payload) == []


def test_two_updates_of_one_turn_are_one_alert_that_says_both_once():
    told = [
        update("e1", untold=Untold(figures=("$3 billion",))),
        update("e2", untold=Untold(figures=("$3 billion",))),
        update("e3", news=("reversal",), untold=Untold(reversals=("denies",))),
    ]

    (alert,) = alerts(*told, memory=remembering())

    assert [one["kind"] for one in alert.payload["news"]] == ["figures", "reversal"]


def test_only_companies_that_the_story_did_not_have_are_told_as_new():
    both = update(companies=("xiaomi", "northwind"), news=("companies",))

    (alert,) = alerts(both, memory=remembering(), names={"northwind": "Northwind", "xiaomi": "Xiaomi"})

    assert [one["text"] for one in alert.payload["news"]] == ["Northwind is part of the story now."]


def test_each_update_has_an_id_of_its_own_that_is_the_same_next_time():
    one, again, other = (alerts(update(entry), memory=remembering())[0].id for entry in ("e1", "e1", "e2"))

    assert one == again != other


def test_an_update_is_the_first_alert_of_a_channel_that_does_not_know_the_story():
    rule = Rule(name="r", channels=["desk", "log"])

    desk, log = alerts(update(), rules=[rule], memory=remembering())

    assert (desk.channel, desk.kind) == ("desk", "update")
    assert (log.channel, log.kind) == ("log", "story")
    assert log.id == alerts(candidate(), rules=[Rule(name="other", channels=["log"])])[0].id


def test_what_a_rule_does_not_take_is_no_update_for_its_channel():
    assert alerts(update(), rules=[Rule(name="r", channels=["desk"], companies=["globex"])], memory=remembering()) == ()


def test_rules_choose_between_what_is_new_and_updates():
    new = Rule(name="new", channels=["desk"], on=["new"])
    updates = Rule(name="updates", channels=["desk"], on=["updates"])

    assert [one.kind for one in alerts(candidate(), rules=[new])] == ["story"]
    assert alerts(update(), rules=[new], memory=remembering()) == ()
    assert alerts(candidate(), rules=[updates]) == ()
    assert [one.kind for one in alerts(update(), rules=[updates], memory=remembering())] == ["update"]
    assert [one.kind for one in alerts(update(), rules=[updates], memory=remembering(channels=()))] == ["story"]
    assert [one.payload["rules"] for one in alerts(candidate(), update("e2"), rules=[updates, new])] == [
        ["updates", "new"]
    ]


@pytest.mark.parametrize(("before", "limit", "kinds"), [(4, 5, ["update"]), (5, 5, []), (0, 0, [])])
def test_a_channel_gets_no_more_updates_of_a_story_than_max_updates(before, limit, kinds):
    made = alerts(update(), memory=remembering(updates=before), max_updates=limit)

    assert [one.kind for one in made] == kinds


def test_the_number_of_outlets_is_told_by_itself_or_with_the_other_news():
    five = remembering(outlets=[f"o{number}" for number in range(4)])

    (copy,) = alerts(candidate("e5", relation=Relation.COPY, outlet="o5"), memory=five, outlets=5)
    (both,) = alerts(update("e5", outlet="o5"), memory=five, outlets=5)

    assert copy.payload["news"] == [{"kind": "outlets", "text": "5 outlets tell the story now."}]
    assert copy.id == digest("alert", "desk", "s1", "outlets", "5")
    assert [one["kind"] for one in both.payload["news"]] == ["figures", "outlets"]
    assert both.id == digest("alert", "desk", "s1", "update", "e5")


@pytest.mark.parametrize(("outlet", "options"), [("o1", {"outlets": 5}), ("o5", {})])
def test_an_outlet_that_told_it_before_does_not_count_and_without_the_option_none_does(outlet, options):
    four = remembering(outlets=[f"o{number}" for number in range(4)])

    assert alerts(candidate(relation=Relation.COPY, outlet=outlet), memory=four, **options) == ()


# --------------------------------------------------------------------------- companies that meet

PAIR = Rule(name="pair", channels=["desk"], together=["xiaomi", "northwind"])


def test_a_pair_of_one_telling_alerts_at_once_and_one_of_it_alone_does_not():
    assert [one.rule for one in alerts(candidate(companies=("xiaomi", "northwind")), rules=[PAIR])] == ["pair"]
    assert alerts(candidate(companies=("xiaomi",)), rules=[PAIR]) == ()


def test_a_pair_of_two_tellings_in_one_turn_has_met():
    told = candidate("e1"), candidate("e2", companies=("northwind",), relation=Relation.SAME_STORY)

    (alert,) = alerts(*told, rules=[PAIR])

    assert {company["id"] for company in alert.payload["companies"]} == {"xiaomi", "northwind"}


def test_the_second_company_makes_the_alert_that_shows_where_the_first_was_named():
    second = candidate("e1", companies=("northwind",), relation=Relation.SAME_STORY)

    (alert,) = alerts(second, rules=[PAIR], memory=remembering(channels=()))

    assert (alert.kind, alert.entry_id) == ("story", "e1")
    assert [(one["id"], one["entry_id"]) for one in alert.payload["companies"]] == [
        ("northwind", "e1"),
        ("xiaomi", "e0"),
    ]


@pytest.mark.parametrize("relation", [Relation.SAME_STORY, Relation.COPY, Relation.UPDATE])
def test_a_meeting_is_an_update_where_the_story_is_known_whatever_the_telling_adds(relation):
    second = candidate("e1", companies=("northwind",), relation=relation, news=("companies",))

    (alert,) = alerts(second, rules=[PAIR], memory=remembering(), names={"xiaomi": "Xiaomi", "northwind": "Northwind"})

    assert alert.kind == "update"
    assert alert.payload["news"][0] == {"kind": "company", "text": "Northwind and Xiaomi are in one story now."}


def test_a_meeting_that_was_told_is_not_told_again():
    known = remembering(companies=("xiaomi", "northwind"), rules=("pair",))

    assert alerts(candidate(relation=Relation.SAME_STORY), rules=[PAIR], memory=known) == ()
    assert [one.kind for one in alerts(update(), rules=[PAIR], memory=known)] == ["update"]


def test_an_edit_that_brings_in_a_company_is_an_update_each_time():
    def edited(company):
        one = candidate(companies=(company,), relation=Relation.UPDATE)
        return replace(one, placement=replace(one.placement, rule="edited"))

    (first,) = alerts(edited("northwind"), memory=remembering())
    (second,) = alerts(edited("globex"), memory=remembering(companies=("xiaomi", "northwind")))

    assert [one["text"] for one in first.payload["news"]] == ["northwind is part of the story now."]
    assert first.id != second.id


@pytest.mark.parametrize(("days", "told"), [(0, ["news"]), (9, ["briefing"])])
def test_a_round_up_is_silent_beside_news_of_its_turn_unless_that_is_old(days, told):
    listed = candidate("briefing", story="s2")
    listed = replace(listed, placement=replace(listed.placement, is_round_up=True))
    news = candidate("news", story="s1", published_at=NOW - timedelta(days=days))

    assert [alert.entry_id for alert in alerts(news, listed)] == told


def test_whether_a_round_up_tells_anything_new_is_asked_of_its_own_date():
    last_week = NOW - timedelta(days=7)
    listed = candidate("briefing", story="s2", published_at=last_week)
    listed = replace(listed, placement=replace(listed.placement, is_round_up=True))
    news = candidate("news", story="s1", published_at=last_week - timedelta(hours=20))

    told = alerts(news, listed, max_age=timedelta(days=30))

    assert [alert.entry_id for alert in told] == ["news"]
