"""``docs/how-to/correct-stories.md`` explains every feature that ``newsward stories explain`` may show."""

from __future__ import annotations

import re

import pytest

from pipeline.dedup.similarity import story_model
from tests.docs.documents import ROOT

PAGE = (ROOT / "docs" / "how-to" / "correct-stories.md").read_text(encoding="utf-8")
MODELS = ("broad", "normal", "ungated")
BY_HAND = {"shared_companies", "shared_figures", "shared_names", "hours", "words_shared"}
NEWS = {"new:figures", "new:companies", "new:reversal", "new:words"}


def explained() -> set[str]:
    """The names in the first column of the page's table of features."""
    rows = PAGE.partition("| feature | what it is |")[2].partition("\n\n")[0]
    return {name for row in rows.splitlines() for name in re.findall(r"`([\w:]+)`", row.split(" | ")[0])}


@pytest.mark.parametrize("model", MODELS)
def test_every_weight_of_the_model_is_explained(model: str) -> None:
    assert set(story_model(model).weights) - explained() == set()


def test_nothing_is_explained_that_is_no_feature() -> None:
    known = BY_HAND.union(NEWS, *(story_model(model).weights for model in MODELS))

    assert explained() == known
