"""The JSON Schemas that editors are shown: they take what the loader takes, and refuse what it refuses."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from pipeline.config import load, schemas, write_schemas, written
from pipeline.config.schemas import outdated
from pipeline.errors import ConfigError
from pipeline.plugins import DURATION, duration, in_words
from pipeline.scaffold import PACKS, directive, write
from tests.builders_run import seed_tables, write_config

ROOT = Path(__file__).parents[2]
FILES = ("newsward", "companies", "feeds")
CHANNEL = '[[channel]]\nid = "screen"\nkind = "stdout"\n'
RULE = '[[rule]]\nname = "all"\nchannels = ["screen"]\n'
SOUND = {
    "newsward": CHANNEL + RULE,
    "companies": '[[company]]\nname = "Xiaomi"\n',
    "feeds": '[[feed]]\nurl = "https://news.example/rss"\n',
}


def faults(file: str, text: str) -> list[str]:
    """What an editor would underline."""
    found: list[Any] = list(Draft7Validator(schemas()[file]).iter_errors(tomllib.loads(text)))
    return [error.message for error in found]


def is_loaded(folder: Path, file: str, text: str) -> bool:
    for name, sound in {**SOUND, file: text}.items():
        (folder / f"{name}.toml").write_text(sound, encoding="utf-8")
    try:
        load(folder, {"N": "4", "WORD": "error"})
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("file", FILES)
def test_a_schema_is_one_without_references_and_without_what_changes_by_itself(file: str) -> None:
    schema = schemas()[file]

    Draft7Validator.check_schema(schema)
    assert "$ref" not in written(schema)
    assert "newsward/0" not in written(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("file", FILES)
def test_the_kept_schemas_are_those_of_this_version(file: str) -> None:
    kept = (ROOT / "config" / ".schema" / f"{file}.json").read_text(encoding="utf-8")

    assert kept == written(schemas()[file]), "run: newsward schema --write"


def test_every_example_and_what_init_writes_is_taken(tmp_path: Path) -> None:
    for pack in PACKS:
        write(tmp_path / pack, companies=["Siemens", "Orchid"], packs=[pack])
    urls = {str(table["file"]): f"https://n.example/{number}" for number, table in enumerate(seed_tables())}
    write_config(tmp_path / "sample", urls, webhook="http://127.0.0.1/x")
    folders = [ROOT / "config", *(tmp_path / pack for pack in PACKS), tmp_path / "sample"]

    told = {
        str(folder / file): faults(file, (folder / f"{file}.toml").read_text(encoding="utf-8"))
        for folder in folders
        for file in FILES
    }

    assert {place: found for place, found in told.items() if found} == {}


@pytest.mark.parametrize("file", FILES)
def test_the_files_name_their_schema_in_their_first_line(tmp_path: Path, file: str) -> None:
    write(tmp_path, companies=[], packs=[])

    for folder in (tmp_path, ROOT / "config"):
        first = (folder / f"{file}.toml").read_text(encoding="utf-8").splitlines()[0]
        assert first == directive(file) == f"#:schema ./.schema/{file}.json"
        assert json.loads((folder / ".schema" / f"{file}.json").read_text(encoding="utf-8"))["title"]


def test_what_the_documents_show_is_taken() -> None:
    pages = (ROOT / "docs" / "configuration.md", ROOT / "docs" / "how-to" / "choose-companies-and-feeds.md")
    text_of_all = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    tables = {"company": "companies", "feed": "feeds", "source": "feeds"}

    shown = re.findall(r"```toml\n(\[\[?(\w+).*?)```", text_of_all, re.DOTALL)

    assert len(shown) >= 8
    assert [fault for text, table in shown for fault in faults(tables.get(table, "newsward"), text)] == []


TAKEN = [
    ("newsward", 'companies = ["companies.toml"]\n[fetch]\nspacing = "1 day 12 hours"\n' + CHANNEL + RULE),
    ("newsward", '[fetch]\nspacing = 1.5\nconcurrency = "${N}"\n[log]\nlevel = "${WORD}"\n' + CHANNEL + RULE),
    ("newsward", CHANNEL + 'format = "json"\n' + RULE + 'severity = "urgent"\nmin_score = 70\nlanguages = ["en"]\n'),
    ("newsward", '[[channel]]\nid = "screen"\nkind = "webhook"\nurl = "https://x.example"\nheaders = {A="b"}\n' + RULE),
    ("newsward", '[[matcher]]\nkind = "names"\nfuzzy = false\nthreshold = 70.5\n' + CHANNEL + RULE),
    ("companies", '[[company]]\nname = "X"\naliases = ["Y", { text = "Z", kind = "weak" }]\ntickers = ["ON"]\n'),
    ("feeds", '[[feed]]\nurl = "https://n.example/"\ntier = 5\nheaders = { A = "${N}" }\ntitle = "T"\n'),
    ("feeds", '[[source]]\nkind = "feed"\nurl = "https://n.example/"\n'),
    ("feeds", ""),
]  # fmt: skip
REFUSED = [
    ("newsward", "nonsense = 1\n" + CHANNEL + RULE),
    ("newsward", 'companies = "companies.toml"\n' + CHANNEL + RULE),
    ("newsward", "[fetch]\ntimout = 1\n" + CHANNEL + RULE),
    ("newsward", "[fetch]\nconcurrency = 0\n" + CHANNEL + RULE),
    ("newsward", "[fetch]\nconcurrency = true\n" + CHANNEL + RULE),
    ("newsward", '[fetch]\nconcurrency = "many"\n' + CHANNEL + RULE),
    ("newsward", '[fetch]\nspacing = "1 fortnight"\n' + CHANNEL + RULE),
    ("newsward", "[fetch]\nspacing = -1\n" + CHANNEL + RULE),
    ("newsward", "[fetch]\nspacing = true\n" + CHANNEL + RULE),
    ("newsward", "[daemon]\ntick = 3600\n" + CHANNEL + RULE),
    ("newsward", '[log]\nlevel = "loud"\n' + CHANNEL + RULE),
    ("newsward", "[store]\ndatabase = 7\n" + CHANNEL + RULE),
    ("newsward", "fetch = 1\n" + CHANNEL + RULE),
    ("newsward", '[[channel]]\nkind = "stdout"\n' + RULE),
    ("newsward", '[[channel]]\nid = "screen"\n' + RULE),
    ("newsward", '[[channel]]\nid = "screen"\nkind = "stdoot"\n' + RULE),
    ("newsward", CHANNEL + 'fromat = "json"\n' + RULE),
    ("newsward", '[[channel]]\nid = "screen"\nkind = "webhook"\n' + RULE),
    ("newsward", CHANNEL + '[[rule]]\nname = "all"\n'),
    ("newsward", CHANNEL + '[[rule]]\nname = "all"\nchannels = []\n'),
    ("newsward", CHANNEL + RULE + 'severity = "loud"\n'),
    ("newsward", CHANNEL + RULE + "min_score = 101\n"),
    ("newsward", CHANNEL + RULE + 'tags = "phones"\n'),
    ("newsward", CHANNEL + RULE.replace("[[rule]]", "[rule]")),
    ("newsward", CHANNEL + RULE + '[[matcher]]\nkind = "names"\nfuzy = true\n'),
    ("companies", '[[company]]\nid = "x"\n'),
    ("companies", "[[company]]\nname = 3\n"),
    ("companies", '[[company]]\nname = "X"\ntickres = ["X"]\n'),
    ("companies", '[[company]]\nname = "X"\ntickers = [true]\n'),
    ("companies", '[[company]]\nname = "X"\naliases = [{ text = "Y", kind = "rare" }]\n'),
    ("companies", '[[company]]\nname = "X"\naliases = [{ text = "Y", knid = "weak" }]\n'),
    ("companies", '[[companies]]\nname = "X"\n'),
    ("companies", '[company]\nname = "X"\n'),
    ("feeds", '[[feed]]\ntitle = "T"\n'),
    ("feeds", '[[feed]]\nurl = "https://n.example/"\ntier = 6\n'),
    ("feeds", '[[feed]]\nurl = "https://n.example/"\nlang = "en"\n'),
    ("feeds", '[[feed]]\nurl = "https://n.example/"\nheaders = ["A: b"]\n'),
    ("feeds", '[[source]]\nkind = "site"\n'),
    ("feeds", '[[source]]\nkind = "opmll"\npath = "x"\n'),
]


@pytest.mark.parametrize(("file", "text"), TAKEN)
def test_what_the_loader_takes_the_schema_takes(tmp_path: Path, file: str, text: str) -> None:
    assert is_loaded(tmp_path, file, text)
    assert faults(file, text) == []


@pytest.mark.parametrize(("file", "text"), REFUSED)
def test_what_the_loader_refuses_the_schema_refuses(tmp_path: Path, file: str, text: str) -> None:
    assert not is_loaded(tmp_path, file, text)
    assert faults(file, text) != []


def test_a_kind_of_ones_own_has_options_of_its_own() -> None:
    own = '[[channel]]\nid = "pager"\nkind = "acme_pager:Channel"\nnumber = "112"\n'

    assert faults("newsward", own) == []
    assert faults("newsward", own.replace("acme_pager:Channel", "acme pager")) != []


@pytest.mark.parametrize(
    "words", ["30 minutes", "1.5 h", "1 day 12 hours", "2w", "1h 30m", "soon", "1 fortnight", "-1 h", "1 h  2 m", "1"]
)  # fmt: skip
def test_the_pattern_of_durations_takes_what_the_loader_reads(words: str) -> None:
    assert bool(re.search(DURATION, words)) is (duration(words) is not None)


@pytest.mark.parametrize(
    "words", ["1 day", "90 minutes", "24 days", "36 hours", "1 second", "1.5 seconds", "0 seconds"]
)
def test_a_duration_put_into_words_reads_back(words: str) -> None:
    length = duration(words)
    assert length is not None

    assert in_words(length) == words


def test_schemas_are_refreshed_over_older_ones_and_are_not_missed_where_there_are_none(tmp_path: Path) -> None:
    assert outdated(tmp_path) == ()

    write_schemas(tmp_path)
    (tmp_path / ".schema" / "companies.json").write_text("{}")
    (tmp_path / ".schema" / "feeds.json").unlink()
    assert outdated(tmp_path) == ("companies.json",)

    write_schemas(tmp_path)
    assert outdated(tmp_path) == ()


def test_a_folder_that_cannot_take_schemas_is_told(tmp_path: Path) -> None:
    (tmp_path / ".schema").write_text("")

    with pytest.raises(ConfigError) as raised:
        write_schemas(tmp_path)

    assert str(raised.value) == f"{tmp_path}/.schema: cannot be written: File exists"
