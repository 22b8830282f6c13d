"""Stories: one news told in different words, look-alikes apart, copies attached, updates marked."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from pydantic import ValidationError

from pipeline.dedup import MemoryLookups, StoryIndex, StoryOptions, cluster, look_at, read_input
from pipeline.dedup.stories import THRESHOLDS, Arrival
from pipeline.model import Entry, Placement, Relation
from tests.builders_dedup import an_entry, place_all

BOTH = frozenset({"microsoft", "xiaomi"})
ONE = frozenset({"xiaomi"})

SIGNED = an_entry(
    "Microsoft and Xiaomi sign memorandum of understanding on cloud, AI and laptops",
    "The companies will work together on smart speakers, and Xiaomi devices will use Azure. It is not legally binding.",
)
MISSPELT = an_entry(
    "Xiamio and Microsoft agree to put Cortana on a Mi AI speaker",
    "Under a memorandum of understanding Azure is to serve Xiamio devices. The two tested Windows 10 phones in 2015.",
    hours=3,
)
CHINESE = an_entry(
    "微软与小米签署谅解备忘录",
    "双方将在Azure云、AI音箱和笔记本电脑方面合作。2015年两家公司曾测试Windows 10。",
    hours=5,
)
FERRY = ("ferri", "termin", "faro", "car")
TEXT = (
    "The maker of ferries will build three boats for the sound between Aalborg and Hals, and the yard in Aalborg takes "
    "on 120 welders for the order, which is the largest since the war according to the mayor."
)


def test_one_story_told_three_times_misspelt_and_in_chinese_is_one_story() -> None:
    placed = place_all((SIGNED, BOTH), (MISSPELT, BOTH), (CHINESE, BOTH))

    assert {placement.story_id for placement in placed} == {SIGNED.id}
    assert placed[0].relation is Relation.NEW
    assert placed[2].rule in ("alike", "other_language")


@pytest.mark.parametrize(
    ("one", "other", "companies"),
    [
        ("Xiaomi Q2 results: revenue rises 31 percent", "Xiaomi Q3 results: revenue rises 8 percent", (ONE, ONE)),
        ("Siemens to buy Lindqvist Robotics", "Honeywell to buy Castellan Sensors", ({"siemens"}, {"honeywell"})),
        ("Siemens to buy Lindqvist Robotics", "Siemens to buy Castellan Sensors", ({"siemens"}, {"siemens"})),
        ("Toyota recalls 48,000 vans over door latch", "Honda recalls 48,000 vans over door latch", ({"t"}, {"h"})),
    ],
)
def test_look_alike_headlines_are_stories_of_their_own(
    one: str, other: str, companies: tuple[set[str], set[str]]
) -> None:
    first, second = (frozenset(company) for company in companies)

    placed = place_all((an_entry(one), first), (an_entry(other, hours=2), second))

    assert [placement.relation for placement in placed] == [Relation.NEW, Relation.NEW]


def test_a_copy_inherits_article_and_story_and_names_its_original() -> None:
    original = an_entry("Yard in Aalborg to build three ferries", TEXT)
    copied = an_entry("Yard in Aalborg to build three ferries - Daily Quay", "(Daily Quay) - " + TEXT, hours=100)

    placed = place_all((original, ONE), (copied, ONE))

    assert placed[1].relation is Relation.COPY
    assert (placed[1].article_id, placed[1].story_id, placed[1].partner) == (original.id, original.id, original.id)
    assert placed[1].score > 0.9


def test_a_copy_of_a_copy_belongs_to_the_first_article() -> None:
    told = [an_entry("Yard in Aalborg to build three ferries", TEXT, hours=hour, guid=f"g{hour}") for hour in (0, 1, 2)]

    placed = place_all(*((entry, ONE) for entry in told))

    assert {placement.article_id for placement in placed} == {told[0].id}


def test_the_same_short_headline_weeks_later_is_other_news() -> None:
    first = an_entry("Why Aarlund shares are down today", guid="a")
    later = an_entry("Why Aarlund shares are down today", guid="b", hours=24 * 8)

    assert place_all((first, ONE), (later, ONE))[1].relation is Relation.NEW


def test_entries_of_no_shared_company_never_join() -> None:
    other = an_entry("Microsoft and Xiaomi to cooperate on cloud, AI and laptops after memorandum", hours=1)

    assert place_all((SIGNED, BOTH), (other, frozenset({"oracle"})))[1].relation is Relation.NEW


def test_an_entry_with_no_company_opens_its_own_story_but_may_be_a_copy() -> None:
    plain = an_entry("Yard in Aalborg to build three ferries", TEXT)
    retold = an_entry(
        "Aalborg yard gets order for three ferries", "The order for three ferries brings 120 jobs.", hours=1
    )
    copied = an_entry("Yard in Aalborg to build three ferries | Daily Quay", TEXT, hours=2)

    placed = place_all((plain, frozenset()), (retold, frozenset()), (copied, frozenset()))

    assert [placement.relation for placement in placed] == [Relation.NEW, Relation.NEW, Relation.COPY]
    assert placed[1].rule == "no_company"


def test_with_the_gate_off_words_alone_decide() -> None:
    retold = an_entry("Yard in Aalborg wins order for three ferries for the sound", TEXT[:120], hours=1)

    placed = place_all((an_entry("Yard in Aalborg to build three ferries", TEXT), None), (retold, None))

    assert placed[1].story_id == placed[0].story_id


def told_twice(title: str, companies: frozenset[str], *, text: str = "") -> Placement:
    first = an_entry(
        "Siemens agrees to buy Lindqvist Robotics for $2.4 billion",
        "Siemens pays $2.4 billion in cash for the Swedish maker of warehouse robots Lindqvist Robotics.",
    )
    return place_all((first, frozenset({"siemens"})), (an_entry(title, text, hours=9), companies))[1]


def test_a_retelling_with_known_figures_is_no_update() -> None:
    placed = told_twice("Lindqvist Robotics sold to Siemens for $2.41bn in cash", frozenset({"siemens"}))

    assert placed.relation is Relation.SAME_STORY


@pytest.mark.parametrize(
    ("title", "companies", "news"),
    [
        ("Siemens raises Lindqvist Robotics offer to $2.9 billion in cash", {"siemens"}, "new:figures"),
        ("Lindqvist Robotics board rejects Siemens offer of $2.4 billion", {"siemens"}, "new:reversal"),
        ("ABB looks at Lindqvist Robotics after Siemens offer of $2.4 billion", {"siemens", "abb"}, "new:companies"),
    ],
)
def test_new_figures_companies_or_a_turn_make_an_update(title: str, companies: set[str], news: str) -> None:
    placed = told_twice(title, frozenset(companies), text="Lindqvist Robotics makes warehouse robots in Sweden.")

    assert placed.relation is Relation.UPDATE
    assert news in dict(placed.features)


def test_a_turn_is_news_also_a_minute_after_what_it_turns() -> None:
    told = an_entry("Siemens wins order for 90 trains", text="Siemens will build 90 trains for Porto.")
    turned = an_entry(
        "Siemens loses order for 90 trains as Porto cancels the contract",
        text="Porto has cancelled the order for 90 trains that Siemens was to build.",
        hours=1 / 60,
    )

    placed = place_all((told, frozenset({"siemens"})), (turned, frozenset({"siemens"})))[1]

    assert placed.relation is Relation.UPDATE


def test_every_decision_carries_its_reasons() -> None:
    joined = told_twice("Lindqvist Robotics sold to Siemens for $2.4bn in cash", frozenset({"siemens"}))

    assert joined.rule == "alike"
    assert joined.partner
    assert 0.5 <= joined.score <= 1
    assert len(joined.features) >= 3


def test_a_finer_grain_asks_for_a_higher_score_of_the_same_model() -> None:
    retold = an_entry("Smart speakers and Azure bring Xiaomi and Microsoft together", hours=30)
    normal, fine = (
        place_all((SIGNED, BOTH), (retold, BOTH), options=StoryOptions.model_validate({"grain": grain}))[1]
        for grain in ("normal", "fine")
    )

    assert normal.score == fine.score
    assert THRESHOLDS["broad"] < THRESHOLDS["normal"] < THRESHOLDS["fine"]


def test_a_story_is_closed_after_its_window_and_its_age() -> None:
    retold = replace(MISSPELT, id="late", published_at=an_entry("", hours=80).published_at)

    assert place_all((SIGNED, BOTH), (retold, BOTH))[1].relation is Relation.NEW


def test_an_entry_without_a_date_cannot_be_placed() -> None:
    with pytest.raises(ValueError, match="without a date"):
        place_all((replace(SIGNED, published_at=None), BOTH))


def test_placing_changes_nothing_and_answers_alike_from_memory_or_in_one_call() -> None:
    memory, index = MemoryLookups(), StoryIndex(StoryOptions())
    arrivals = [(entry, BOTH) for entry in (SIGNED, MISSPELT, CHINESE)]
    at_once = place_all(*arrivals, lookups=memory)
    assert not memory.members([SIGNED.id])

    one_by_one: list[Placement] = []
    for entry, companies in arrivals:
        one_by_one += place_all((entry, companies), lookups=memory)
        memory.add(entry, one_by_one[-1])

    assert [(p.story_id, p.relation) for p in one_by_one] == [(p.story_id, p.relation) for p in at_once]
    assert index.place([], memory) == ()


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValidationError):
        StoryOptions.model_validate({"grains": "broad"})


def test_empty_entries_are_placed_without_complaint() -> None:
    empty: list[tuple[Entry, frozenset[str] | None]] = [(an_entry("", guid=f"e{n}"), None) for n in range(3)]

    assert [placement.relation for placement in place_all(*empty)] == [Relation.NEW] * 3


PACT = (
    an_entry(
        "微软与小米签署合作备忘录，涉及云服务、智能音箱与笔记本电脑",
        "微软与小米签署了谅解备忘录，小米的更多设备将使用Azure云服务，双方将共同开发笔记本电脑和智能音箱。备忘录不具法律约束力。",
        hours=-1,
    ),
    an_entry(
        "Microsoft and Xiaomi sign pact to put Azure and Cortana behind smart speakers and laptops",
        "Microsoft and Xiaomi have signed a memorandum of understanding under which the phone maker would run more of "
        "its connected devices on the Azure cloud and the two would develop laptops and smart speakers together. One "
        "of the projects is to bring the Cortana assistant to the Mi AI speaker. The paper is not legally binding.",
    ),
    an_entry(
        "Xiaomi to use Azure and Cortana under memorandum with Microsoft",
        "A non-binding paper signed by Microsoft and Xiaomi covers cloud services, laptops and AI speakers sold in "
        "India.",
        hours=2,
    ),
)
SEQUEL = (
    an_entry(
        "Microsoft and Xiaomi extend their agreement to tablets, talks start on 14 April",
        "The memorandum that Microsoft and Xiaomi signed this week now covers tablets as well as laptops and smart "
        "speakers. Talks about the details begin on 14 April in Beijing. As before, the paper is not legally binding.",
        hours=5.5,
    ),
    an_entry(
        "Microsoft und Xiaomi: Abkommen gilt nun auch für Tablets",
        "Die Absichtserklärung von Microsoft und Xiaomi umfasst neben Laptops und smarten Lautsprechern jetzt auch "
        "Tablets. Am 14. April beginnen die Gespräche über Einzelheiten.",
        hours=5.8,
    ),
    an_entry(
        "Xiaomi tablets join the pact with Microsoft, companies say",
        "Tablets made by Xiaomi have been added to the memorandum that it signed with Microsoft. A first meeting on "
        "the details is planned for 14 April, a spokesman said.",
        hours=6.2,
    ),
    an_entry(
        "微软与小米合作扩大至平板电脑",
        "微软与小米本周签署的谅解备忘录现将平板电脑纳入其中，双方将于4月14日在北京开始谈判。备忘录不具法律约束力。",
        hours=6.5,
    ),
)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_sequel_in_three_languages_joins_its_story_in_every_order(order: tuple[int, ...]) -> None:
    told = [*PACT, *(SEQUEL[place] for place in order)]

    placed = place_all(*((entry, BOTH) for entry in told))

    assert {placement.story_id for placement in placed} == {PACT[0].id}


def test_another_matter_of_the_same_two_companies_is_a_story_of_its_own() -> None:
    claim = an_entry(
        "Delhi court hears font patent claim against Microsoft and Xiaomi",
        "A type foundry from Pune says both companies ship its letters without a licence.",
        hours=59,
    )

    for before in (PACT, PACT[1:2], (*PACT, *SEQUEL)):
        assert place_all(*((entry, BOTH) for entry in (*before, claim)))[-1].relation is Relation.NEW


def test_a_long_telling_finds_the_story_that_a_headline_opened() -> None:
    details = " ".join(f"aside{one}{two}" for one in "abcdefgh" for two in "klmnopqrs")
    headline = an_entry("Arlund recalls trams in Bremen")
    article = an_entry(
        "Arlund recalls trams in Bremen after a fire", f"Arlund recalls trams in Bremen. {details}", hours=1
    )

    placed = place_all((headline, ONE), (article, ONE))

    assert placed[1].story_id == headline.id


def test_a_headline_that_is_only_the_companys_name_swallows_no_other_news() -> None:
    titles = ["Siemens", "Siemens board rejects hostile bid", "Siemens recalls 3,000 trains in Norway after fire"]
    lines = [
        {"id": str(number), "title": title, "published": 1772690400 + number, "companies": ["siemens"]}
        for number, title in enumerate(titles)
    ]

    placed = list(cluster([read_input(line) for line in lines]))

    assert [line.relation for line in placed] == [Relation.NEW] * 3


def two_stories(*titles: str, apart: float = 1.0) -> tuple[MemoryLookups, list[Entry]]:
    """A memory of stories of one entry each, so many hours apart."""
    memory = MemoryLookups()
    entries = [an_entry(title, guid=title, hours=number * apart) for number, title in enumerate(titles)]
    for entry in entries:
        placement = Placement(entry.id, entry.id, entry.id, Relation.NEW, "nothing_like_it", companies=ONE)
        memory.add(entry, placement)
    return memory, entries


def bridging(entries: list[Entry]) -> Placement:
    """An entry that joined the first story and would have joined the second."""
    first, second = entries
    return Placement("bridge", "bridge", first.id, Relation.SAME_STORY, "alike", companies=ONE, rival=second.id)


def test_two_stories_that_an_entry_shows_to_be_one_are_made_one_and_the_older_stays() -> None:
    memory, entries = two_stories(
        "Xiaomi sells 12,000 ferry shares to Lindqvist", "Lindqvist buys 12,000 ferry shares from Xiaomi"
    )

    merge = StoryIndex(StoryOptions()).repair(bridging(entries), memory)

    assert merge is not None
    assert (merge.story_id, merge.other_id) == (entries[0].id, entries[1].id)
    assert merge.score >= 0.9


def test_a_bridge_between_unlike_stories_or_stories_of_two_days_holds_nothing() -> None:
    unlike, entries = two_stories("Xiaomi recalls 400 scooters in Faro", "Xiaomi names Ines Prado as chief executive")
    assert StoryIndex(StoryOptions()).repair(bridging(entries), unlike) is None

    titles = "Xiaomi sells 12,000 ferry shares to Lindqvist", "Lindqvist buys 12,000 ferry shares from Xiaomi"
    memory, entries = two_stories(*titles, apart=25)
    assert StoryIndex(StoryOptions()).repair(bridging(entries), memory) is None


def test_an_entry_that_would_have_joined_no_other_story_repairs_nothing() -> None:
    memory, entries = two_stories("Xiaomi opens a shop in Faro", "Xiaomi opens a shop in Hull")

    assert StoryIndex(StoryOptions()).repair(replace(bridging(entries), rival=""), memory) is None


def test_of_broad_stories_that_both_fit_the_one_that_many_tell_grows() -> None:
    memory = MemoryLookups()
    told = ("opens terminal in Faro", "Faro terminal opens", "and the new Faro terminal", "terminal: Faro celebrates")
    many = [an_entry(f"Xiaomi ferry {words}", guid=words, hours=place / 10) for place, words in enumerate(told)]
    alone = an_entry("Xiaomi opens terminal in Faro to cars", guid="alone", hours=1)
    for entry, story in (*((entry, many[0]) for entry in many), (alone, alone)):
        memory.add(
            entry, Placement(entry.id, entry.id, story.id, Relation.NEW, "nothing_like_it", companies=ONE, terms=FERRY)
        )
    entry = an_entry("New ferry terminal of Xiaomi in Faro opens to cars", guid="entry", hours=2)

    joined = {
        grain: StoryIndex(StoryOptions(grain=grain)).place([Arrival(entry, ONE)], memory)[0].story_id
        for grain in ("broad", "normal")
    }

    assert joined == {"broad": many[0].id, "normal": alone.id}


def test_a_round_up_joins_no_story_and_no_telling_joins_it() -> None:
    told = [
        an_entry("Xiaomi recalls 40,000 chargers over fire risk", hours=0),
        an_entry("Stocks making the biggest moves: Xiaomi chargers, Visa cards and more", hours=1),
        an_entry("Stocks making the biggest moves: Xiaomi chargers, Visa cards and more", hours=1.5, guid="copy"),
        an_entry("Visa raises fees on cards", hours=2),
        an_entry("Xiaomi chargers recalled: 40,000 may catch fire", hours=3),
    ]
    both = frozenset({"xiaomi", "visa"})

    placed = place_all(*((entry, both) for entry in told))

    assert [place.relation.value for place in placed] == ["new", "new", "copy", "new", "same_story"]
    assert placed[4].story_id == told[0].id
    assert [place.rule for place in placed[1:3]] == ["round_up", "same_words"]
    assert placed[1].terms == placed[2].terms == ()
    assert all(place.is_round_up for place in placed[1:3])


@pytest.mark.parametrize("title", ["Morning briefing: Xiaomi, Visa and more", "Lei Brothers, Visa and more"])
def test_what_reindexing_stores_of_a_round_up_is_what_placing_stored(title: str) -> None:
    entry = an_entry(title)
    names = {"c-1042": "Lei Brothers"}
    memory = MemoryLookups()
    arrival = Arrival(entry, frozenset(names), frozenset(names.values()))
    (placed,) = StoryIndex(StoryOptions()).place([arrival], memory)
    memory.add(entry, placed)

    assert placed.is_round_up
    assert look_at(memory.members([entry.id])[entry.id], names) == (placed.sketch, placed.terms)


@pytest.mark.parametrize(
    ("title", "publisher"),
    [
        ("Xiaomi recalls 40,000 chargers - The Morning Call", "The Morning Call"),
        ("Xiaomi recalls 40,000 chargers | Tech Briefing", ""),
        ("Stock in focus: Xiaomi recalls 40,000 chargers", ""),
        ("EU fines Xiaomi, Visa and others", ""),
    ],
)
def test_the_news_of_one_company_is_no_round_up_whatever_label_it_bears(title: str, publisher: str) -> None:
    (placed,) = place_all((an_entry(title, publisher=publisher), ONE))

    assert not placed.is_round_up
