"""What docs/schema.md says of each table and view."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "schema.md"


def documented() -> dict[str, list[tuple[str, ...]]]:
    """The rows of the table under each heading of a table or view."""
    found = {}
    text = DOCUMENT.read_text(encoding="utf-8")
    of_database = text[text.index("\n# Views\n") : text.index("\n# JSON columns\n")]
    for section in re.split(r"^## ", of_database, flags=re.MULTILINE)[1:]:
        name, _, body = section.partition("\n# ")[0].partition("\n")
        lines = [line for line in body.splitlines() if line.startswith("|")][2:]
        found[name] = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return found


def told(part: str) -> dict[str, str]:
    """The words between each heading and its table, in the part of the document under this heading."""
    text = re.split(r"^# ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    [body] = [one for one in text if one.startswith(f"{part}\n")]
    pieces = re.split(r"^## (\w+)\n", body, flags=re.MULTILINE)[1:]
    return {
        name: " ".join(said.split("\n|", 1)[0].split()) for name, said in zip(pieces[::2], pieces[1::2], strict=True)
    }
