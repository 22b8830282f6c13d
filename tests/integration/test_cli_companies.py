"""``newsward companies list`` and what ``explain`` says of a company's part in an entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders_cli import newsward

COMPANIES = """
[[company]]
name = "Target"

[[company]]
name = "Dabur India"
aliases = ["快手"]
tickers = ["DABUR.NS"]
tags = ["food"]
"""


@pytest.fixture
def companies(tmp_path: Path) -> Path:
    path = tmp_path / "companies.toml"
    path.write_text(COMPANIES, encoding="utf-8")
    return path


def test_the_companies_are_listed(companies: Path) -> None:
    table = newsward("companies", "list", "--companies", companies)
    rows = newsward("companies", "list", "--companies", companies, "--json").lines

    assert table.code == 0
    assert "Dabur India" in table.out
    assert "2 companies" in table.err
    assert [(row["id"], row["aliases"], row["tickers"], row["tags"]) for row in rows] == [
        ("target", [], [], []),
        ("dabur-india", ["快手"], ["DABUR.NS"], ["food"]),
    ]


def test_each_name_has_its_kind_and_the_reason(companies: Path) -> None:
    rows = newsward("companies", "list", "--names", "--companies", companies, "--json").lines

    assert [(row["name"], row["kind"], row["sort"]) for row in rows] == [
        ("Target", "common", "word"),
        ("Dabur India", "unique", "distinct"),
        ("快手", "common", "cjk"),
        ("DABUR.NS", "ticker", "ticker"),
    ]
    assert rows[0]["why"] == "an ordinary word too"


def test_names_that_need_help_are_told_in_words(companies: Path) -> None:
    told = newsward("companies", "list", "--ambiguous", "--companies", companies)

    assert told.code == 0
    assert told.out == (
        "target: “Target” is an ordinary word too; "
        "add context (words that stand beside it: products, people, trade) or a ticker\n"
    )


def test_where_no_name_needs_help_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "companies.toml"
    path.write_text('[[company]]\nname = "Xiaomi"\n', encoding="utf-8")

    told = newsward("companies", "list", "--ambiguous", "--companies", path)

    assert (told.code, told.out) == (0, "")
    assert "no name needs help" in told.err


def test_explain_says_how_far_the_entry_is_about_the_company(companies: Path) -> None:
    title = "Cyclist wins race sponsored by Dabur"
    (told,) = newsward("explain", title, "--companies", companies, "--json").lines
    table = newsward("explain", title, "--companies", companies)

    assert told["role"] == "only as a sponsor"
    assert told["hit"]["salience"] == 15.0
    assert "salience 15 (only as a sponsor)" in table.out
