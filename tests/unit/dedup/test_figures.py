"""Which figures of a headline say something else than what was told."""

from __future__ import annotations

import pytest

from pipeline.dedup.figures import new_figures, read_figures


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("mill sold for $3.5bn", "mill sold for $3.46 billion"),
        ("fine of 1.24 billion euros", "fine of 1.2 billion euros"),
        ("rival wants almost $1 billion", "rival sues for $900 million"),
        ("mill sold for 3.2 billion euros", "mill sold for $3.46 billion"),
        ("mill sold for £27.40 a share", "mill sold for $34 a share"),
        ("mill shares sink 21% on warning", "mill shares fall 18% on warning"),
        ("mill up 28% on takeover", "mill agrees to takeover"),
        ("mill misses estimate of 325,000", "mill delivers 310,000 cars"),
        ("why mill pays a 33% premium", "mill buys foundry"),
        ("mill closures: 17 things to know", "mill closes 120 shops"),
    ],
)
def test_what_says_the_same_or_only_the_hour_is_not_new(title: str, told: str) -> None:
    assert new_figures(title, [told]) == (frozenset(), False)


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("fire injures 41 workers", "fire injures 14 workers"),
        ("number of injured rises to 31", "fire injures 14 workers"),
        ("mill to cut 3,900 jobs instead of 2,400", "mill to cut 2,400 jobs"),
        ("offer raised to $4.1 billion", "offer of $3.46 billion"),
        ("closes 210 of its shops", "closes 120 shops"),
        ("revenue to fall 15%", "revenue to fall 9%"),
    ],
)
def test_another_figure_for_one_thing_changes_what_was_told(title: str, told: str) -> None:
    fresh, changes = new_figures(title, [told])

    assert fresh
    assert changes


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("200 firefighters battle blaze", "fire injures 14 workers"),
        ("closures put 1,500 jobs at risk", "closes 120 of its shops"),
        ("funding round values firm at $3.2 billion", "firm raises $250 million"),
        ("leak of 126,000 gallons", "leak of 3,000 barrels"),
    ],
)
def test_a_figure_for_another_thing_is_new_and_changes_nothing(title: str, told: str) -> None:
    fresh, changes = new_figures(title, [told])

    assert fresh
    assert not changes


def test_unspaced_script_is_cut_where_it_touches_figures() -> None:
    (figure,) = read_figures("总额35亿美元")

    assert figure.value == 3.5e9
