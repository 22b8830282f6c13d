"""Every command of docs/recipes.md, run as written; what each costs as the past grows; search in all scripts."""

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders_large import Size, large_database
from tests.builders_store import example_database, make_batch, make_entry, open_store
from tests.recipes import Block, Section, questions, sections, statement, work

SCRIPTS = sysconfig.get_path("scripts")
BLOCKS = [(section, block) for section in sections() for block in section.blocks if block.is_run]


def run(command: str, directory: Path) -> str:
    """What a shell prints that knows our programs."""
    environment = {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-ec", command],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def run_block(block: Block, directory: Path) -> str:
    if block.language == "python":
        (directory / "recipe.py").write_text(block.code, encoding="utf-8")
        return run(f"{shlex.quote(sys.executable)} -W error recipe.py", directory)
    if block.code.startswith("sqlite3") and not shutil.which("sqlite3"):
        pytest.skip("no sqlite3 shell here")
    return run(block.code, directory)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("recipes")
    example_database(place / "newsward.db")
    return place


def test_every_question_of_the_recipes_has_a_command_and_an_answer() -> None:
    asked = questions()

    assert len(asked) >= 20
    assert len({section.title for section in asked}) == len(asked)
    assert [len(section.blocks) for section in asked] == [1] * len(asked)
    assert all(section.blocks[0].language == "sh" and section.blocks[0].answer for section in asked)


@pytest.mark.parametrize(("section", "block"), BLOCKS, ids=[section.title for section, _ in BLOCKS])
def test_a_recipe_answers_as_documented(section: Section, block: Block, directory: Path) -> None:
    told = run_block(block, directory)

    # Column widths depend on whether the terminal library knows wide characters; the words do not.
    assert told
    assert block.answer is None or words(told) == words(block.answer), section.title


def words(table: str) -> list[str]:
    return re.findall(r"[^\s─┌┬┐├┼┤└┴┘-]+", table)


MONTH, HALF_YEAR = 30, 180  # days of news


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The same rate of news for a month and for half a year."""
    place = tmp_path_factory.mktemp("histories")
    for days in (MONTH, HALF_YEAR):
        large_database(place / f"{days}.db", Size(entries=days * 60, days=days, feeds=40, companies=30))
    return [place / f"{days}.db" for days in (MONTH, HALF_YEAR)]


@pytest.fixture(scope="module", params=[False, True], ids=["as we leave it", "after ANALYZE"])
def pasts(
    request: pytest.FixtureRequest, histories: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[sqlite3.Connection]]:
    """The histories, without the statistics that SQLite's planner may use and with them."""
    place = tmp_path_factory.mktemp("pasts")
    opened = [sqlite3.connect(shutil.copy(history, place)) for history in histories]
    for connection in opened:
        connection.execute("ANALYZE" if request.param else "SELECT 1")
    yield opened
    for connection in opened:
        connection.close()


@pytest.mark.parametrize("section", questions(), ids=lambda section: section.title)
def test_a_recipe_costs_the_same_in_a_long_past_unless_it_says_so(
    section: Section, pasts: list[sqlite3.Connection], directory: Path
) -> None:
    """Work is counted in steps of SQLite's own machine, so that a busy computer changes nothing."""
    asked = statement(section, directory / "newsward.db")

    month, half_year = (work(connection, asked) for connection in pasts)

    # What reads all of the past does about six times the work; a quiet day may differ from a busy one.
    assert (half_year > 2 * month + 300) == section.reads_much, f"{month} -> {half_year}: {asked.plan(pasts[1])}"


def test_the_flat_view_reads_well_to_a_person(directory: Path) -> None:
    table = run("sqlite-utils rows newsward.db hit_list -t --limit 5", directory).splitlines()

    assert table[0].split()[:4] == ["published_at", "company", "score", "salience"]
    assert len(table) == 2 + 5
    assert "title: “Xiamio” ~ Xiaomi (fuzzy 88)" in table[4]


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("小米", "小米公司发布新手机"),
        ('"小米 米公 公司"', "小米公司发布新手机"),
        ("ソニ", "ソニーが新型カメラを発表"),
        ("삼성전자*", "삼성전자가 신제품을 공개했다"),
        ("Müller", "MULLER baut aus"),
    ],
)
def test_search_finds_words_of_every_script(query: str, title: str, tmp_path: Path) -> None:
    titles = (
        "小米公司发布新手机",
        "小孩爱吃米饭",
        "ソニーが新型カメラを発表",
        "삼성전자가 신제품을 공개했다",
        "MULLER baut aus",
    )
    with open_store(tmp_path / "newsward.db") as store:
        store.commit(
            make_batch(*(make_entry(one, title=one) for one in titles)), run_id=None, now=make_batch().fetch.fetched_at
        )

    rows = json.loads(run(f"sqlite-utils search newsward.db entries {shlex.quote(query)} -c title", tmp_path))

    assert rows == [{"title": title}]


@pytest.mark.parametrize("name", ["Moody's", "Coca-Cola", "Booking.com"])
def test_names_with_signs_are_searched_with_quote(name: str, tmp_path: Path) -> None:
    with open_store(tmp_path / "newsward.db") as store:
        entries = (make_entry("named", title=f"{name} grows"), make_entry("other", title="Nobody grows"))
        store.commit(make_batch(*entries), run_id=None, now=make_batch().fetch.fetched_at)
    command = f"sqlite-utils search newsward.db entries {shlex.quote(name)} -c title"

    assert json.loads(run(f"{command} --quote", tmp_path)) == [{"title": f"{name} grows"}]
    with pytest.raises(AssertionError):
        run(command, tmp_path)


def test_a_deleted_entry_is_no_longer_found(tmp_path: Path) -> None:
    example_database(tmp_path / "newsward.db")

    run("sqlite-utils query newsward.db \"delete from entries where title like 'Apple%'\"", tmp_path)
    rows = json.loads(run("sqlite-utils search newsward.db entries orchards", tmp_path))

    assert rows == []
