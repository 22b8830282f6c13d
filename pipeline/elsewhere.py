"""The headings under which a page, or a feed's HTML, lists other articles, in many languages."""

from __future__ import annotations

from importlib.resources import files


def expression_of(package: str, name: str) -> str:
    """The regular expressions of a data file, one a line and comments left out, as one."""
    lines = files(package).joinpath(name).read_text(encoding="utf-8").splitlines()
    return "|".join(f"(?:{line})" for line in lines if line and not line.startswith("#"))


ELSEWHERE = expression_of("pipeline", "elsewhere.txt")  # to be matched whatever the case
