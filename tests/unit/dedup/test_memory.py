"""Memory: the look-ups over dictionaries, and the overlay of one call's arrivals."""

from __future__ import annotations

from datetime import timedelta

from pipeline.dedup.lookups import SHOWN_MEMBERS
from pipeline.dedup.memory import MemoryLookups
from pipeline.model import Member, Merge
from tests.builders_dedup import START


def a_member(name: str, story: str = "s", *, hours: float = 0, company: str = "acme") -> Member:
    return Member(name, name, story, name, "", START + timedelta(hours=hours), companies=frozenset({company}))


def remembering(*members: Member, terms: tuple[str, ...] = ("ferry",)) -> MemoryLookups:
    memory = MemoryLookups()
    for member in members:
        memory.add_member(member, sketch=(1, 2, 3), terms=terms)
    return memory


def test_sharers_are_counted_within_the_window() -> None:
    memory = remembering(a_member("old", hours=-50), a_member("new"))

    assert memory.sharing((1, 3, 9), START - timedelta(hours=1)) == {"new": 2}


def test_candidates_share_a_company_and_a_term_and_are_alive() -> None:
    memory = remembering(a_member("a", "s1"), a_member("b", "s2", company="other"), a_member("c", "s3", hours=-100))
    since = START - timedelta(hours=72)

    assert [view.id for view in memory.candidates(frozenset({"acme"}), ["ferry"], since, 9)] == ["s1"]
    assert {view.id for view in memory.candidates(None, ["ferry"], since, 9)} == {"s1", "s2"}
    assert not memory.candidates(frozenset({"acme"}), ["port"], since, 9)
    assert len(memory.candidates(None, ["ferry"], since, 1)) == 1


def test_a_view_shows_what_opened_the_story_and_the_newest_members_by_date() -> None:
    told = [a_member(f"m{n:02}", hours=n) for n in range(SHOWN_MEMBERS + 20)]
    memory = remembering(a_member("s", hours=5), *reversed(told))

    (view,) = memory.candidates(None, ["ferry"], START, 5)

    assert [member.entry_id for member in view.members] == ["s", *(f"m{n:02}" for n in range(21, SHOWN_MEMBERS + 20))]
    assert (view.first_at, view.last_at) == (START, START + timedelta(hours=SHOWN_MEMBERS + 19))


def test_terms_are_counted_in_stories_not_in_entries() -> None:
    memory = remembering(a_member("a", "s1"), a_member("b", "s1"), a_member("c", "s2"))

    assert memory.frequencies(["ferry", "port"]) == ({"ferry": 2}, 2)


def test_a_story_of_more_members_than_are_shown_says_what_most_of_them_tell() -> None:
    memory = MemoryLookups()
    for n in range(SHOWN_MEMBERS + 4):
        memory.add_member(a_member(f"m{n:02}", hours=n), terms=("ferry", "old" if n < 6 else "new"))

    (view,) = memory.stories(["s"])

    assert view.entries == SHOWN_MEMBERS + 4
    assert view.told == {"ferry": SHOWN_MEMBERS + 4, "new": SHOWN_MEMBERS - 2, "old": 6}


def test_two_stories_made_one_are_found_by_the_words_and_companies_of_both() -> None:
    memory = MemoryLookups()
    memory.add_member(a_member("a", "one"), terms=("ferry", "sold"))
    memory.add_member(a_member("b", "other", hours=2, company="borealis"), terms=("yard", "sold"))

    memory.merge(Merge("one", "other", 0.95))

    since = START - timedelta(hours=1)
    for company, term in (("acme", "yard"), ("borealis", "ferry")):
        (view,) = memory.candidates(frozenset({company}), [term], since, 5)
        assert (view.id, [member.entry_id for member in view.members]) == ("one", ["a", "b"])
    assert memory.frequencies(["sold", "yard"]) == ({"sold": 1, "yard": 1}, 1)
    assert memory.members(["b"])["b"].story_id == "one"
    assert memory.stories(["other"]) == []
