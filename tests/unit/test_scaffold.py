"""What ``newsward init`` writes: it loads, it teaches, and it never overwrites."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pipeline.config import check, load, schemas
from pipeline.errors import ConfigError
from pipeline.scaffold import PACKS, companies_text, introductions, known_companies, packs, write

EXAMPLE = Path(__file__).parents[2] / "config"


def test_what_is_written_loads_and_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    paths = write(tmp_path / "new", companies=["Microsoft", "Xiaomi", "Orchid Robotics"], packs=["technology", "wires"])

    config = load(tmp_path / "new", {})
    assert [path.name for path in paths] == ["newsward.toml", "companies.toml", "feeds.toml"]
    assert config.database == tmp_path / "new" / "newsward.db"
    assert [company.id for company in config.watchlist.companies] == ["microsoft", "xiaomi", "orchid-robotics"]
    assert {tag for feed in config.feeds for tag in feed.tags} >= {"technology", "wires"}
    assert check(config) == ()


def test_the_database_lies_where_it_is_wanted(tmp_path: Path) -> None:
    write(tmp_path, companies=[], packs=[], database="/data/newsward.db")

    text = (tmp_path / "newsward.toml").read_text(encoding="utf-8")
    assert load(tmp_path, {}).database == Path("/data/newsward.db")
    assert "# One SQLite file, beside this one unless the path says otherwise.\ndatabase = " in text


def test_nothing_chosen_means_the_defaults(tmp_path: Path) -> None:
    write(tmp_path, companies=[], packs=[])

    config = load(tmp_path, {})
    assert [company.name for company in config.watchlist.companies] == ["Microsoft", "Xiaomi"]
    assert len(config.feeds) >= 10
    assert all("technology" in feed.tags for feed in config.feeds)


def test_no_pack_means_a_list_of_feeds_to_be_filled(tmp_path: Path) -> None:
    write(tmp_path, companies=[], packs=["none"])

    text = (tmp_path / "feeds.toml").read_text(encoding="utf-8")
    assert load(tmp_path, {}).feeds == ()
    assert tomllib.loads(text) == {}
    assert "# [[feed]]\n" in text


def test_no_pack_goes_with_no_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        write(tmp_path / "new", companies=[], packs=["none", "wires"])

    assert str(raised.value) == "feed pack 'none' goes with no other, but wires was chosen too"
    assert not (tmp_path / "new").exists()


def test_a_pack_like_no_other_is_told_all_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="technology, business, wires, world, official, none"):
        write(tmp_path / "new", companies=[], packs=["zzz"])


def test_a_known_company_comes_with_all_that_is_known_of_it() -> None:
    (table,) = tomllib.loads(companies_text(["小米"]))["company"]

    assert table["name"] == "Xiaomi"
    assert "1810.HK" in table["tickers"]


def test_a_company_named_twice_is_written_once() -> None:
    tables = tomllib.loads(companies_text(["Google", "alphabet", "Ölwerk", "OLWERK"]))["company"]

    assert [table["name"] for table in tables] == ["Google", "Ölwerk"]


def test_comments_of_the_examples_stay_and_new_companies_are_shown_what_else_there_is() -> None:
    text = companies_text(["Apple", "Orchid Robotics"])

    assert "# A fruit as well." in text
    assert '# tickers = ["ABCD"]' in text


@pytest.mark.parametrize(
    "name", ['Say "Hi" Ltd', "Back\\slash", "]]\n[[company]]\nname = 'x'", "株式会社テスト", "# hash"]
)
def test_any_name_is_written_so_that_it_reads_back(name: str) -> None:
    (table,) = tomllib.loads(companies_text([name]))["company"]

    assert table["name"] == " ".join(name.split())


@pytest.mark.parametrize("name", ["", "  ", "!!!"])
def test_a_name_without_letters_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="must hold a letter or digit"):
        companies_text([name])


def test_files_that_are_there_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text("# mine\n")

    with pytest.raises(ConfigError) as raised:
        write(tmp_path, companies=[], packs=[])

    assert str(raised.value) == f"{tmp_path}: feeds.toml already there (choose another folder, or move them away)"
    assert (tmp_path / "feeds.toml").read_text() == "# mine\n"
    assert [path.name for path in tmp_path.iterdir()] == ["feeds.toml"]


def test_an_unknown_pack_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        write(tmp_path / "new", companies=[], packs=["tecnology"])

    assert str(raised.value) == "feed pack 'tecnology' does not exist (did you mean 'technology'?)"
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="cannot be written: Not a directory"):
        write(tmp_path / "file" / "sub", companies=[], packs=[])


def test_the_example_configuration_is_all_that_can_be_chosen(tmp_path: Path) -> None:
    """Companies and feeds of ``config/`` are written by this very function: after a change of the packs, do it anew."""
    write(tmp_path, companies=known_companies(), packs=PACKS)

    for name in ("companies.toml", "feeds.toml", *(f".schema/{one}.json" for one in schemas())):
        assert (EXAMPLE / name).read_text(encoding="utf-8") == (tmp_path / name).read_text(encoding="utf-8"), name


def test_the_example_configuration_is_large_and_clean() -> None:
    config = load(EXAMPLE, {})

    assert len(config.watchlist.companies) >= 40
    assert len(config.feeds) >= 60
    assert len({feed.language.partition("-")[0] for feed in config.feeds}) >= 12
    assert len(config.rules) >= 4
    assert check(config) == ()


def test_every_pack_tags_its_feeds_with_its_name(tmp_path: Path) -> None:
    for pack in PACKS:
        write(tmp_path / pack, companies=[], packs=[pack])
    feeds = {pack: load(tmp_path / pack, {}).feeds for pack in PACKS}

    assert {pack for pack in PACKS if len(feeds[pack]) >= 3} == set(PACKS)
    assert {feed.tags[0] for pack in PACKS for feed in feeds[pack] if feed.tags[0] != pack} == set()


def test_every_pack_says_what_is_in_it() -> None:
    told = {pack.name: (pack.about, pack.feeds) for pack in packs()}

    assert told["official"] == ("regulators and public bodies in their own words", 4)
    assert {name for name, (about, feeds) in told.items() if about and feeds >= 3} == set(PACKS)


def test_a_company_is_introduced_by_what_is_known_of_it_or_by_what_it_lacks() -> None:
    assert list(introductions(["Siemens", "小米", "Volkswagen", "Globex  Corp", "Orchid"])) == [
        "Siemens: known, with 3 aliases, 1 ticker and 4 words of context",
        "小米: known as Xiaomi, with 7 aliases, 1 ticker and 8 words of context",
        "Volkswagen: known, with 5 aliases, 1 ticker and 4 words of context",
        "Globex Corp: new; add its other names, and a ticker if it has one",
        (
            "Orchid: new; “Orchid” is an ordinary word too: add context (words that stand beside it: products, people, "
            "trade) or a ticker"
        ),
    ]
