"""Every command of docs/recipes.md, run by the real sqlite-utils; and search in scripts without spaces."""

import json
import re
import shlex
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.builders_store import example_database, make_batch, make_entry, open_store

RECIPES = Path(__file__).parents[2] / "docs" / "recipes.md"
SQLITE_UTILS = Path(sysconfig.get_path("scripts")) / "sqlite-utils"
BLOCK = re.compile(r"^## (.+?)\n.*?```sh\n(.+?)\n```\n```text\n(.+?)\n```", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(RECIPES.read_text(encoding="utf-8"))


def sqlite_utils(command: str, directory: Path) -> str:
    program, *arguments = shlex.split(command)
    assert program == "sqlite-utils"
    done = subprocess.run(
        [SQLITE_UTILS, *arguments], cwd=directory, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("recipes")
    example_database(place / "newsward.db")
    return place


def test_every_question_of_the_recipes_has_a_command_and_an_answer() -> None:
    questions = re.findall(r"^## (.+)", RECIPES.read_text(encoding="utf-8"), re.MULTILINE)

    assert len(BLOCKS) >= 10
    assert [question for question, _, _ in BLOCKS] == questions


@pytest.mark.parametrize(("question", "command", "answer"), BLOCKS, ids=[block[0] for block in BLOCKS])
def test_a_recipe_answers_as_documented(question: str, command: str, answer: str, directory: Path) -> None:
    told = sqlite_utils(command, directory)

    # Column widths depend on whether the terminal library knows wide characters; the words do not.
    assert re.findall(r"[^\s-]+", told) == re.findall(r"[^\s-]+", answer), question


def test_the_flat_view_reads_well_to_a_person(directory: Path) -> None:
    table = sqlite_utils("sqlite-utils rows newsward.db hit_list -t --limit 5", directory).splitlines()

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

    rows = json.loads(sqlite_utils(f"sqlite-utils search newsward.db entries {shlex.quote(query)} -c title", tmp_path))

    assert rows == [{"title": title}]


@pytest.mark.parametrize("name", ["Moody's", "Coca-Cola", "Booking.com"])
def test_names_with_signs_are_searched_with_quote(name: str, tmp_path: Path) -> None:
    with open_store(tmp_path / "newsward.db") as store:
        entries = (make_entry("named", title=f"{name} grows"), make_entry("other", title="Nobody grows"))
        store.commit(make_batch(*entries), run_id=None, now=make_batch().fetch.fetched_at)
    command = f"sqlite-utils search newsward.db entries {shlex.quote(name)} -c title"

    assert json.loads(sqlite_utils(f"{command} --quote", tmp_path)) == [{"title": f"{name} grows"}]
    with pytest.raises(AssertionError):
        sqlite_utils(command, tmp_path)


def test_a_deleted_entry_is_no_longer_found(tmp_path: Path) -> None:
    example_database(tmp_path / "newsward.db")

    sqlite_utils("sqlite-utils query newsward.db \"delete from entries where title like 'Apple%'\"", tmp_path)
    rows = json.loads(sqlite_utils("sqlite-utils search newsward.db entries orchards", tmp_path))

    assert rows == []
