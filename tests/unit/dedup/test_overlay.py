"""The overlay: a memory and the arrivals before it answer as one memory would that held both."""

from __future__ import annotations

from datetime import timedelta

from pipeline.dedup import MemoryLookups
from pipeline.dedup.lookups import SHOWN_MEMBERS
from pipeline.dedup.overlay import Overlay
from pipeline.dedup.wording import wording
from pipeline.model import Entry, Placement, Relation, StoryView
from tests.builders_dedup import START, an_entry

ACME = frozenset({"acme"})


def placed(entry: Entry, story: str = "", relation: Relation = Relation.SAME_STORY, partner: str = "") -> Placement:
    """Opens a story of its own unless one is given."""
    return Placement(
        entry.id, entry.id, story or entry.id, relation if story else Relation.NEW, "test", partner,
        companies=ACME, sketch=(1, 2), terms=wording(entry.title, entry.text).terms,
    )  # fmt: skip


def told(title: str, hours: float = 0.0) -> Entry:
    return an_entry(title, hours=hours, guid=title)


def holding(*pairs: tuple[Entry, Placement]) -> MemoryLookups:
    memory = MemoryLookups()
    for entry, placement in pairs:
        memory.add(entry, placement)
    return memory


def seen(overlay: Overlay, *terms: str, limit: int = 5) -> list[StoryView]:
    return list(overlay.candidates(ACME, terms, START - timedelta(days=3), limit))


def test_an_overlay_shows_a_story_whole_and_leaves_the_base_alone() -> None:
    first, second = told("ferry"), told("ferry again", 1)
    base = holding((first, placed(first)))
    overlay = Overlay(base)
    (story,) = seen(overlay, "ferri")

    overlay.add(second, placed(second, first.id), story)

    (view,) = seen(overlay, "ferri")
    assert [member.entry_id for member in view.members] == [first.id, second.id]
    assert view.last_at == second.published_at
    assert overlay.sharing((2,), START) == {first.id: 1, second.id: 1}
    assert set(overlay.members([first.id, second.id, "x"])) == {first.id, second.id}
    assert not base.members([second.id])


def test_a_stored_story_that_is_joined_is_counted_once() -> None:
    first, second, other = told("ferry"), told("ferry bridge", 1), told("ferry crane", 2)
    overlay = Overlay(holding((first, placed(first))))
    (story,) = seen(overlay, "ferri")

    overlay.add(second, placed(second, first.id), story)
    overlay.add(other, placed(other), None)

    assert overlay.frequencies(["ferri", "bridg", "crane"]) == ({"ferri": 2, "bridg": 1, "crane": 1}, 2)


def test_a_copy_of_a_stored_entry_opens_no_story() -> None:
    first, copied = told("ferry"), told("ferry - Daily Quay", 1)
    overlay = Overlay(holding((first, placed(first))))

    overlay.add(copied, placed(copied, first.id, Relation.COPY, first.id), None)

    assert overlay.frequencies(["ferri"]) == ({"ferri": 1}, 1)
    assert [len(view.members) for view in seen(overlay, "ferri")] == [2]


def test_candidates_are_the_best_of_both_and_no_more_than_asked_for() -> None:
    stored = [told(f"ferry {word}", n) for n, word in enumerate(("bridge", "crane", "dock"))]
    overlay = Overlay(holding(*((entry, placed(entry)) for entry in stored)))
    for n, word in enumerate(("engine", "funnel")):
        entry = told(f"ferry {word}", 10 + n)
        overlay.add(entry, placed(entry), None)

    found = [view.members[0].title for view in seen(overlay, "ferri", "crane", limit=3)]

    assert found == ["ferry crane", "ferry funnel", "ferry engine"]


def test_a_view_of_both_shows_no_more_members_than_one_memory_does() -> None:
    first = told("ferry")
    more = [told(f"ferry {n}", n + 1) for n in range(SHOWN_MEMBERS)]
    overlay = Overlay(holding((first, placed(first)), *((entry, placed(entry, first.id)) for entry in more[:-1])))
    (story,) = seen(overlay, "ferri")

    overlay.add(more[-1], placed(more[-1], first.id), story)

    (view,) = seen(overlay, "ferri")
    assert [member.entry_id for member in view.members] == [first.id, *(entry.id for entry in more[1:])]
