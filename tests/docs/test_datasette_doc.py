"""docs/deploy/datasette.yaml says what docs/schema.md and docs/recipes.md say, and Datasette serves it.

Regenerate the file with ``python -m tests.docs.test_datasette_doc``.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from datasette.app import Datasette

from tests.builders_store import NOW, example_database, make_batch, make_entry, open_store
from tests.recipes import Section, questions, statement
from tests.schema import documented, told

FILE = Path(__file__).parents[2] / "docs" / "deploy" / "datasette.yaml"
HEAD = """\
# What Datasette shows beside the data: datasette newsward.db --metadata datasette.yaml
# Made from docs/schema.md and docs/recipes.md by tests/docs/test_datasette_doc.py.
"""


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are."""


def _as_it_is(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _as_it_is)


def slug(question: str) -> str:
    """The last part of the address of a question's page."""
    return re.sub(r"[^a-z0-9]+", "-", question.lower()).strip("-")


def metadata(database: Path) -> dict[str, Any]:
    """Titles, descriptions, and the questions as pages; the database is asked for its search statement only."""
    machine = told("Tables for the machine")
    described = {**told("Views"), **told("Tables for people"), **machine}
    tables = {
        name: {
            "description": described[name],
            **({"hidden": True} if name in machine else {}),
            "columns": {row[0]: f"{row[1]} ({row[2]})" for row in rows},
        }
        for name, rows in documented().items()
    }
    queries = {slug(section.title): _query(section, database) for section in questions()}
    return _plain({"title": "Newsward", "databases": {"newsward": {"tables": tables, "queries": queries}}})


def _plain(value: Any) -> Any:
    """Datasette shows descriptions as they are: without the marks of a document."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value.replace("`", "") if isinstance(value, str) else value


def _query(section: Section, database: Path) -> dict[str, str]:
    lines = [line.removeprefix("  ") for line in statement(section, database).sql.strip().splitlines()]
    description = section.text.split("```", 1)[0].strip()
    return {"title": section.title, "description": " ".join(description.split()), "sql": "\n".join(lines)}


def write(database: Path) -> str:
    """The whole file."""
    return HEAD + yaml.dump(metadata(database), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("datasette") / "newsward.db"
    example_database(path)
    return path


def ask(database: Path, *paths: str) -> list[Any]:
    """What a Datasette with this file answers, as JSON."""

    async def asked() -> list[Any]:
        served = Datasette([str(database)], metadata=yaml.safe_load(FILE.read_text(encoding="utf-8")))
        answers = [await served.client.get(path) for path in paths]
        assert [answer.status_code for answer in answers] == [200] * len(paths)
        return [answer.json() for answer in answers]

    return asyncio.run(asked())


def test_the_metadata_are_those_of_the_documents(database: Path) -> None:
    assert FILE.read_text(encoding="utf-8") == write(database)


def test_datasette_answers_every_question_on_its_page(database: Path) -> None:
    pages = [f"/newsward/{slug(section.title)}.json?_shape=array" for section in questions()]
    values = (
        "&id=xiaomi&since=2026-02-01&day=2026-03-02&word=orchards&query=orchards&one=xiaomi&other=microsoft&entry=-"
    )

    titles = [section.title for section in questions()]
    answers = dict(zip(titles, ask(database, *(page + values for page in pages)), strict=True))

    # No entry has the id "-"; everything else is found with these values.
    assert [title for title, rows in answers.items() if not rows] == ["How did one headline change?"]
    assert {row["company"] for row in answers["What came since yesterday?"]} == {"Xiaomi", "Microsoft"}


def test_datasette_hides_the_tables_for_the_machine(database: Path) -> None:
    [answer] = ask(database, "/newsward.json")

    hidden = {table["name"] for table in answer["tables"] if table["hidden"]}
    assert {"entry_keys", "sketches", "story_terms", "terms", "_sqlite_migrations"} <= hidden
    assert not hidden & {"hits", "entries", "stories", "alerts", "feeds", "companies"}


def test_datasette_sees_what_a_running_newsward_writes(tmp_path: Path) -> None:
    with open_store(tmp_path / "newsward.db") as store:

        async def counts() -> list[int]:
            served = Datasette([str(tmp_path / "newsward.db")])
            seen = []
            for label in ("one", "two"):
                store.commit(make_batch(make_entry(label)), run_id=None, now=NOW)
                answer = await served.client.get("/newsward.json?sql=select+count(*)+from+entries")
                seen += [row[0] for row in answer.json()["rows"]]
            return seen

        assert asyncio.run(counts()) == [1, 2]


def test_a_copy_is_read_without_a_file_beside_it(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as live:
        live.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))

    async def titles() -> list[Any]:
        served = Datasette([], immutables=[str(tmp_path / "copy.db")])
        answer = await served.client.get("/copy/company_pairs.json?_shape=arrays&_col=company&_col=with_company")
        return answer.json()["rows"]

    assert asyncio.run(titles()) == [["Microsoft", "Xiaomi"]]
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "newsward.db"
        example_database(place)
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(write(place), encoding="utf-8")
