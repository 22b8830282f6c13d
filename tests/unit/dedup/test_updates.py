"""What a headline adds to its story, in the headline's own words."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.dedup import untold
from pipeline.model import Entry, Member, StoryView, Untold

NOW = datetime(2026, 3, 5, 6, tzinfo=UTC)


def story(*tellings: tuple[str, str]) -> StoryView:
    members = tuple(
        Member(f"e{number}", f"e{number}", "e0", title, text, NOW) for number, (title, text) in enumerate(tellings)
    )
    return StoryView("e0", frozenset(), NOW, NOW, members)


def added(title: str, *tellings: tuple[str, str], publisher: str = "") -> Untold:
    return untold(Entry("new", "feed", title, publisher=publisher, published_at=NOW), story(*tellings))


def test_figures_that_no_telling_had_are_new_as_the_headline_writes_them() -> None:
    told = ("Mill sold for $340 million", "Some 120 jobs go.")

    assert added("Mill sold for €900m, 120 jobs and 12% of sales go", told).figures == ("€900m", "12%")


def test_a_figure_that_was_told_rounded_is_not_new() -> None:
    assert added("Mill sold for $3.46 billion", ("Mill sold for $3.5 billion", "")).figures == ()


def test_words_by_which_a_story_turns_are_told_when_they_are_new() -> None:
    told = ("Mill to be sold", "The owner confirmed the sale.")

    assert added("Owner confirms: mill sale Withdrawn", told).reversals == ("Withdrawn",)


def test_words_are_new_when_neither_titles_nor_texts_had_them() -> None:
    told = ("Mill to be sold", "A strike is possible, the union says.")

    assert added("Mill: bakers join the strike - Daily Quay", told, publisher="Daily Quay").words == ("bakers", "join")
