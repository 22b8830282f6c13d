"""What the root of the command line offers its commands."""

from __future__ import annotations

import pytest

from pipeline.cli.root import company_named

NAMES = {"apple-corps": "Apple", "apple": "Apple Inc", "sony": "Sony"}


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("apple", "apple"), ("Apple", "apple"), ("apple inc", "apple"), ("SONY", "sony"), ("son", None)],
)
def test_a_company_is_meant_by_its_id_or_else_its_name(asked: str, meant: str | None) -> None:
    assert company_named(asked, NAMES) == meant
