"""Memory: the look-ups over dictionaries, and the overlay of one call's arrivals."""

from __future__ import annotations

from datetime import timedelta

from pipeline.dedup.memory import MEMBERS_SHOWN, MemoryLookups, Overlay
from pipeline.model import Member
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


def test_a_view_shows_the_first_and_the_newest_members() -> None:
    memory = remembering(*(a_member(f"m{n:02}", hours=n) for n in range(MEMBERS_SHOWN + 20)))

    (view,) = memory.candidates(None, ["ferry"], START, 5)

    assert len(view.members) == MEMBERS_SHOWN + 1
    assert (view.members[0].entry_id, view.members[-1].entry_id) == ("m00", f"m{MEMBERS_SHOWN + 19}")
    assert (view.first_at, view.last_at) == (START, START + timedelta(hours=MEMBERS_SHOWN + 19))


def test_terms_are_counted_in_stories_not_in_entries() -> None:
    memory = remembering(a_member("a", "s1"), a_member("b", "s1"), a_member("c", "s2"))

    assert memory.frequencies(["ferry", "port"]) == ({"ferry": 2}, 2)


def test_an_overlay_shows_a_story_whole_and_leaves_the_base_alone() -> None:
    base = remembering(a_member("a"))
    overlay = Overlay(base)
    overlay.local.add_member(a_member("b", hours=1), sketch=(2,), terms=("ferry",))

    (view,) = overlay.candidates(frozenset({"acme"}), ["ferry"], START, 5)

    assert [member.entry_id for member in view.members] == ["a", "b"]
    assert overlay.sharing((2,), START) == {"a": 1, "b": 1}
    assert set(overlay.members(["a", "b", "x"])) == {"a", "b"}
    assert not base.members(["b"])
