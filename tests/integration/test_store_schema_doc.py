"""docs/schema.md and the database say the same."""

import re
from pathlib import Path

from pipeline.store import Store

DOCUMENT = Path(__file__).parents[2] / "docs" / "schema.md"
INTERNAL = re.compile(r"entries_fts_|sqlite_sequence")  # FTS5's own tables


def documented() -> dict[str, list[tuple[str, ...]]]:
    """The rows of the table under each heading of a table or view."""
    found = {}
    for section in re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, _, body = section.partition("\n")
        lines = [line for line in body.splitlines() if line.startswith("|")][2:]
        found[name] = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return found


def existing() -> dict[str, list[str]]:
    with Store.open(":memory:") as store:
        tables = [*store.database.tables, *store.database.views]
        return {
            table.name: [column.name for column in table.columns] for table in tables if not INTERNAL.match(table.name)
        }


def test_every_table_view_and_column_is_documented_in_its_order() -> None:
    columns = {name: [row[0] for row in rows] for name, rows in documented().items()}

    assert columns == existing()


def test_every_documented_column_has_a_meaning_and_a_form() -> None:
    incomplete = [(name, row) for name, rows in documented().items() for row in rows if len(row) != 3 or not all(row)]

    assert incomplete == []
