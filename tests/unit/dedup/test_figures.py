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
        ("how mill lost its way in 30 days", "fire kills 12"),
        ("what we know of the fire: 12 dead, 300 evacuated", "fire kills 12"),
        ("mill fined 75 billion yen", "mill fined $500 million"),
        ("mill fined 3.6 billion yuan", "mill fined $500 million"),
        ("foundry shares hit $31 after bid", "mill bids $30 for foundry"),
        ("on takeover bid foundry shares jump to $31", "mill bids $25 for foundry"),
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
        ("what we know about the fire that killed 80 workers", "fire kills 12 workers"),
        ("who is affected as recall grows to 400,000 cars", "mill recalls 3,000 cars"),
        ("how the breach grew to hit 90 million", "breach hits 2 million customers"),
        ("when will power return? outage now hits 9 million homes", "outage hits 2 million homes"),
        ("why mill now cuts 30,000 jobs, not 10,000", "mill to cut 10,000 jobs"),
        ("mill restates year: turnover down 12%", "mill turnover up 4%"),
        ("mill corrects: passengers up 14%", "mill passengers up 4%"),
        ("mill ad impressions rise 14%", "mill ad impressions rise 4%"),
        ("mill ipo: shares priced at $38", "mill ipo: shares to be priced at $20"),
        ("bidder raises offer for mill shares to $52 each", "bidder offers $45 for mill"),
        ("bidder lifts per-share offer to $52", "bidder makes per-share offer of $45"),
        ("stock offering priced at $18", "stock offering to be priced at $25"),
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
        ("dividend of 50 cents", "profit of $2 billion"),
        ("dividend of 12 pence", "profit of £2 billion"),
        ("bonus pool set at 30 billion yen", "profit of $2 billion"),
    ],
)
def test_a_figure_for_another_thing_is_new_and_changes_nothing(title: str, told: str) -> None:
    fresh, changes = new_figures(title, [told])

    assert fresh
    assert not changes


@pytest.mark.parametrize(
    "title", ["orvel foods up 28%", "prize won, orvel foods now up 28%", "rival falls as orvel foods up 28%"]
)
def test_what_rises_is_a_share_where_only_names_stand_before(title: str) -> None:
    assert new_figures(title, [], frozenset(("orvel", "food"))) == (frozenset(), False)
    assert new_figures(title, [], frozenset(("orvel",))) == (frozenset(("28%",)), False)


def test_unspaced_script_is_cut_where_it_touches_figures() -> None:
    (figure,) = read_figures("总额35亿美元")

    assert figure.value == 3.5e9
