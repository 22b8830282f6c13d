import pytest

from pipeline.alert import Group, Person, Routing, Rule
from tests.builders_alert import hit

TAGS = {"xiaomi": ("phones", "china"), "northwind": ("software",), "globex": ("phones",)}
MAKERS = Group(id="makers", companies=["globex"], tags=["software"])


def route(persons=(), **options):
    rule = Rule(**{"name": "r", "channels": ["desk"], **options})
    (made,) = Routing.of([rule], tags=TAGS, groups=[MAKERS, Group(id="empty")], people=persons).routes
    return made


def hits(*companies, **changes):
    return [hit(company=company, **changes) for company in companies]


def test_a_rule_without_conditions_takes_every_hit_of_every_entry():
    assert route().takes(hit(company="anybody"))
    assert route().allows("anything", "", 5)


@pytest.mark.parametrize(
    ("options", "means"),
    [
        ({}, None),
        ({"companies": ["xiaomi"]}, {"xiaomi"}),
        ({"tags": ["phones"]}, {"xiaomi", "globex"}),
        ({"groups": ["makers"]}, {"globex", "northwind"}),
        (
            {"companies": ["initech"], "tags": ["china"], "groups": ["makers"]},
            {"initech", "xiaomi", "globex", "northwind"},
        ),
        ({"groups": ["empty"]}, set()),
        ({"tags": ["nobody-has"]}, set()),
        ({"together": ["xiaomi", "globex"]}, {"xiaomi", "globex"}),
        ({"together_of": "makers"}, {"globex", "northwind"}),
        ({"companies": ["initech"], "together": ["xiaomi", "globex"]}, {"initech"}),
    ],
)
def test_a_rule_means_whom_it_names_and_everybody_when_it_names_nobody(options, means):
    assert route(**options).means == means


def test_a_rule_takes_only_those_whom_it_means():
    only = route(companies=["xiaomi"], min_salience=50)

    assert only.takes(hit(company="xiaomi"))
    assert not only.takes(hit(company="globex"))
    assert not only.takes(hit(company="xiaomi", salience=49))


def test_words_tier_and_language_must_all_allow_an_entry():
    picky = route(words=["recall", "fire"], without=["drill"], max_tier=2, languages=["en"])

    assert picky.allows("a fire at the plant", "en", 2)
    assert not picky.allows("a plant", "en", 2)
    assert not picky.allows("a fire drill", "en", 2)
    assert not picky.allows("a fire", "en", 3)
    assert not picky.allows("a fire", "de", 1)


def test_companies_have_met_when_all_of_together_or_two_of_the_group_are_there():
    three = route(together=["xiaomi", "globex", "northwind"])
    two = route(together_of="makers")

    assert three.met(hits("xiaomi", "globex")) == set()
    assert three.met(hits("xiaomi", "globex", "northwind", "other")) == {"xiaomi", "globex", "northwind"}
    assert two.met(hits("globex", "xiaomi")) == set()
    assert two.met(hits("globex", "northwind")) == {"globex", "northwind"}


def test_a_hit_that_is_not_worth_it_brings_nobody_together():
    pair = route(together=["xiaomi", "globex"], min_salience=50)

    assert pair.met([*hits("xiaomi"), *hits("globex", salience=10)]) == set()
    assert pair.met([*hits("xiaomi"), *hits("globex", salience=10), *hits("globex", salience=60)]) != set()


def test_people_add_their_channels_when_the_rule_is_loud_enough_for_them():
    ana = Person(id="ana", channels=["desk", "phone"], min_severity="high")
    ben = Person(id="ben", channels=["phone", "mail"])
    named = {"people": ["ana", "ben"]}

    assert route([ana, ben], severity="high", **named).channels == {
        "desk": ("ana",),
        "phone": ("ana", "ben"),
        "mail": ("ben",),
    }
    assert route([ana, ben], severity="normal", **named).channels == {"desk": (), "phone": ("ben",), "mail": ("ben",)}
    assert Routing.of([Rule(name="r", people=["ana"])], people=[ana]).routes[0].channels == {}


def test_a_channel_that_is_named_twice_is_one():
    assert list(route(channels=["desk", "log", "desk"]).channels) == ["desk", "log"]
