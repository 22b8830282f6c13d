"""Pages of our own writing: how much of their articles is kept, and how much of their sites comes with them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.article import article_lines, own_lines

PAGES = Path(__file__).parent / "pages"
NAMES = sorted(path.stem for path in PAGES.glob("*.html"))
# Only ever raised, and lowered, in this order.
KEPT = 0.94  # of the characters of all articles, at least
FOREIGN = 0.005  # of the characters that were taken for an article's, at most
KEPT_OF_EACH = 0.6


class Share(NamedTuple):
    """Characters of one page."""

    article: int  # as a reader would copy it out
    kept: int
    taken: int  # for the article's, rightly or not

    @property
    def foreign(self) -> int:
        return self.taken - self.kept


def measured(name: str) -> Share:
    article = (PAGES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    taken = own_lines(article_lines((PAGES / f"{name}.html").read_text(encoding="utf-8")) or ())
    return Share(sum(map(len, article)), sum(len(line) for line in set(taken) & set(article)), sum(map(len, taken)))


@pytest.fixture(scope="module")
def shares() -> dict[str, Share]:
    return {name: measured(name) for name in NAMES}


def test_articles_are_kept(shares: dict[str, Share]) -> None:
    kept = sum(share.kept for share in shares.values()) / sum(share.article for share in shares.values())

    assert len(shares) >= 12
    assert kept >= KEPT, shares


def test_sites_are_left_out(shares: dict[str, Share]) -> None:
    foreign = sum(share.foreign for share in shares.values()) / sum(share.taken for share in shares.values())

    assert foreign <= FOREIGN, shares


@pytest.mark.parametrize("name", NAMES)
def test_of_each_article_most_is_kept(shares: dict[str, Share], name: str) -> None:
    assert shares[name].kept >= KEPT_OF_EACH * shares[name].article, shares[name]
