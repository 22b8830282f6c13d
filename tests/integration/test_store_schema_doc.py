"""docs/schema.md and the database say the same."""

import re

from pipeline.store import Store
from tests.schema import DOCUMENT, documented

INTERNAL = re.compile(r"entries_fts_|sqlite_sequence")  # FTS5's own tables


INDEX = re.compile(r"CREATE INDEX (\w+) ON (\w+ \(.+?\))(?: WHERE (.+))?$")


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


def test_every_index_is_documented_with_what_it_holds() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (.+?) \| (.+?) \| .+ \|$", text[text.index("\n# Indexes\n") :], re.MULTILINE)

    with Store.open(":memory:") as store:
        sql = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql LIKE 'CREATE INDEX %' ORDER BY name"
        made = [INDEX.match(row[0]) for row in store.database.execute(sql)]
    ours = [found.groups(default="all") for found in made if found]

    assert rows[0] == ("index", "on", "holds")
    assert rows[1:] == ours
    assert len(ours) > 15


def test_every_json_column_is_documented_with_its_shape() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    shapes = text[text.index("\n# JSON columns\n") : text.index("\n# Indexes\n")]

    with Store.open(":memory:") as store:
        checked = "SELECT sql FROM sqlite_schema WHERE type = 'table'"
        columns = re.findall(r"json_valid\((\w+)\)", "".join(row[0] for row in store.database.execute(checked)))

    assert columns
    assert [column for column in columns if not re.search(rf"[`.]{column}`", shapes)] == []
