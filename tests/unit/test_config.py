"""The configuration: what it becomes, and every fault with its exact message."""
# ruff: noqa: E501 - a message is compared best as the one line that it is

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.alert import Rhythm
from pipeline.alert.channels.webhook import Channel as Webhook
from pipeline.config import Config, database_of, load, load_companies
from pipeline.errors import ConfigError
from pipeline.match import Matcher
from pipeline.model import Name, NameKind

COMPANIES = '[[company]]\nname = "Xiaomi"\ntags = ["phones"]\n'
FEEDS = '[[feed]]\nurl = "https://news.example/rss"\n'
CHANNEL = '[[channel]]\nid = "screen"\nkind = "stdout"\n'
RULE = '[[rule]]\nname = "all"\nchannels = ["screen"]\n'
NAMES_ONE = "a name must lead to one company: keep it in one of them"


class Folder:
    """A configuration folder on disk, complete unless told otherwise."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write(CHANNEL + RULE, COMPANIES, FEEDS)

    def write(self, main: str | None = None, companies: str | None = None, feeds: str | None = None) -> None:
        texts = {"newsward.toml": main, "companies.toml": companies, "feeds.toml": feeds}
        for name, text in texts.items():
            if text is not None:
                (self.path / name).write_text(text, encoding="utf-8")

    def load(self, environ: Mapping[str, str] | None = None) -> Config:
        return load(self.path, environ or {})

    def faults(self, environ: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            self.load(environ)
        return str(raised.value).splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


# --------------------------------------------------------------------------- what it becomes


def test_rules_reach_the_companies_of_groups_and_the_channels_of_people(folder: Folder) -> None:
    folder.write(
        CHANNEL
        + '[[group]]\nid = "makers"\ntags = ["phones"]\n[[person]]\nid = "ana"\nchannels = ["screen"]\n'
        + '[[rule]]\nname = "r"\ngroups = ["makers"]\npeople = ["ana"]\n'
    )

    config = folder.load()

    (route,) = config.routing().routes
    assert (route.means, route.channels) == ({"xiaomi"}, {"screen": ("ana",)})
    assert config.routing().names == {"xiaomi": "Xiaomi"}
    assert config.place("group", "makers") == "newsward.toml: group 1 (makers)"
    assert config.place("person", "ana") == "newsward.toml: person 1 (ana)"


def test_a_small_configuration_has_defaults_for_the_rest(folder: Folder, tmp_path: Path) -> None:
    config = folder.load()

    assert config.directory == tmp_path
    assert config.database == tmp_path / "newsward.db"
    assert [company.id for company in config.watchlist.companies] == ["xiaomi"]
    assert [feed.url for feed in config.feeds] == ["https://news.example/rss"]
    assert list(config.channels) == ["screen"]
    assert [rule.name for rule in config.rules] == ["all"]
    assert config.matchers == (Matcher.model_validate({}),)
    assert config.alert.max_age == timedelta(hours=24)
    assert (config.engine.kind, config.log.format) == ("inline", "auto")
    assert config.problems == ()


def test_each_section_sets_the_options_of_its_stage(folder: Folder, tmp_path: Path) -> None:
    folder.write(
        '[store]\ndatabase = "data/n.db"\n[fetch]\nspacing = "2 s"\n[polling]\nmin_interval = 900\n'
        '[stories]\ngrain = "fine"\n[alert]\nmax_age = "2 days"\n[engine]\nworkers = 2\n[log]\nlevel = "debug"\n'
        '[[matcher]]\nkind = "names"\nfuzzy = false\n' + CHANNEL + RULE
    )

    config = folder.load()

    assert config.database == tmp_path / "data/n.db"
    assert config.fetch.spacing == timedelta(seconds=2)
    assert config.polling.min_interval == timedelta(minutes=15)
    assert config.stories.grain == "fine"
    assert config.alert.max_age == timedelta(days=2)
    assert (config.engine.workers, config.log.level) == (2, "debug")
    assert [matcher.fuzzy for matcher in config.matchers if isinstance(matcher, Matcher)] == [False]


def test_a_configuration_cannot_be_changed(folder: Folder) -> None:
    config = folder.load()

    with pytest.raises(dataclasses.FrozenInstanceError):
        config.database = Path()  # type: ignore[misc]
    with pytest.raises(TypeError):
        config.channels["x"] = config.channels["screen"]  # type: ignore[index]


def test_loading_touches_nothing(folder: Folder, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}

    folder.load()

    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_fetch_options_can_be_replaced_by_a_command(folder: Folder) -> None:
    config = folder.load()

    assert config.replace_fetch(allow_private=True).fetch.allow_private is True
    assert config.replace_fetch(allow_private=True).fetch.deadline == config.fetch.deadline


def test_the_place_is_a_folder_or_a_file_or_the_environments_or_config(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = folder.load()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "config").symlink_to(tmp_path, target_is_directory=True)

    assert load(tmp_path / "newsward.toml", {}).feeds == expected.feeds
    assert load(None, {"NEWSWARD_CONFIG": str(tmp_path)}).directory == tmp_path
    assert load(None, {}).directory == Path("config")
    assert load(None, {"NEWSWARD_CONFIG": ""}).directory == Path("config")


def test_companies_and_feeds_may_stand_in_several_files(folder: Folder, tmp_path: Path) -> None:
    folder.write('companies = ["companies.toml", "more.toml"]\nfeeds = []\n' + CHANNEL + RULE)
    (tmp_path / "more.toml").write_text('[[company]]\nname = "Acme"\n')

    config = folder.load()

    assert [company.id for company in config.watchlist.companies] == ["xiaomi", "acme"]
    assert config.feeds == ()


def test_a_company_has_all_that_its_table_says(folder: Folder) -> None:
    folder.write(
        companies='[[company]]\nname = " Xiaomi "\naliases = ["小米", { text = "Mi", kind = "weak" }]\n'
        'tickers = ["1810.HK"]\ndomains = ["MI.com"]\ncontext = ["Lei  Jun"]\nexclude = ["小米粥"]\ntags = ["phones"]\n'
    )

    (company,) = folder.load().watchlist.companies

    assert (company.id, company.name) == ("xiaomi", "Xiaomi")
    assert company.aliases == (Name("小米"), Name("Mi", NameKind.WEAK))
    assert (company.tickers, company.domains) == (("1810.HK",), ("mi.com",))
    assert (company.context, company.exclude, company.tags) == (("Lei Jun",), ("小米粥",), ("phones",))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Deutsche Börse AG", "deutsche-borse-ag"), ("小米", "小米"), ("AT&T", "at-t"), ("J.P. Morgan", "j-p-morgan")],
)
def test_an_id_is_made_from_the_name(folder: Folder, name: str, expected: str) -> None:
    folder.write(companies=f'[[company]]\nname = "{name}"\n')

    assert folder.load().watchlist.companies[0].id == expected


def test_a_file_with_a_byte_order_mark_and_windows_lines_is_read(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_bytes(b"\xef\xbb\xbf" + FEEDS.replace("\n", "\r\n").encode())

    assert len(folder.load().feeds) == 1


def test_one_file_of_companies_loads_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(COMPANIES)

    assert [company.id for company in load_companies(path).companies] == ["xiaomi"]

    path.write_text(COMPANIES + "x = 1\n[[compny]]\n")
    with pytest.raises(ConfigError) as raised:
        load_companies(path)
    assert str(raised.value).splitlines() == [
        (
            "mine.toml: company 1 (xiaomi): key 'x' is unknown (known keys: aliases, cik, context, domains, exclude, "
            "id, name, tags, tickers)"
        ),
        "mine.toml: 'compny' is unknown (did you mean 'company'?)",
    ]


# --------------------------------------------------------------------------- files


def test_no_configuration_tells_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "none", {})

    expected = (
        f"{tmp_path}/none/newsward.toml: there is no such file "
        f"(newsward init {tmp_path}/none; in a container, mount the folder that has it there)"
    )
    assert str(raised.value) == expected


def test_missing_files_are_told_together_with_other_faults(folder: Folder, tmp_path: Path) -> None:
    folder.write("nonsense = 1\n" + CHANNEL + RULE)
    (tmp_path / "companies.toml").unlink()
    (tmp_path / "feeds.toml").unlink()

    assert folder.faults() == [
        (
            "newsward.toml: 'nonsense' is unknown (known: companies, feeds, store, fetch, polling, stories, alert, "
            "engine, fulltext, daemon, health, heartbeat, log, metrics, channel, rule, group, person, matcher)"
        ),
        f"{tmp_path}/companies.toml: there is no such file (put it back, or make one: an empty file will do)",
        f"{tmp_path}/feeds.toml: there is no such file (put it back, or make one: an empty file will do)",
    ]


def test_a_file_that_is_a_folder_is_told(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").unlink()
    (tmp_path / "feeds.toml").mkdir()

    assert folder.faults() == [f"{tmp_path}/feeds.toml: cannot be read: Is a directory"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[company]\n", "line 1, column 10: not TOML: Expected ']]' at the end of an array declaration"),
        ('[[company]]\nname = "A"\ntickers = [ON]\n', 'line 3, column 12: not TOML: Invalid value (text stands in quotes: "...")'),
        ('[[company]]\nname = "A"\nname = "B"\n', "line 3, column 11: not TOML: key 'name' is in its table twice (keep one of them)"),
        ('[[company]]\naliases = ["B"]\n"aliases" = [\n"C"\n]\n', "line 5, column 2: not TOML: key 'aliases' is in its table twice (keep one of them)"),
        ('[[company]]\nname = "A', "end of document: not TOML: Unterminated string"),
        ("a = " + "[" * 100_000, "arrays or tables nest too deep"),
        ("a = " + "{a=" * 100_000, "arrays or tables nest too deep"),
        ("a = " + "1" * 10_000, "not TOML: a number is too long"),
        ("a = '\x00'\n", "line 1, column 6: not TOML: Found invalid character '\\x00'"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("file", ["newsward.toml", "companies.toml", "feeds.toml"])
def test_what_is_not_toml_is_told_with_its_place(folder: Folder, file: str, text: str, message: str) -> None:
    (folder.path / file).write_text(text, encoding="utf-8")

    assert folder.faults() == [f"{file}: {message}"]


def test_a_file_that_is_not_utf8_is_told_with_its_line(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "companies.toml").write_bytes('[[company]]\nname = "Zürich"\n'.encode("iso-8859-1"))

    assert folder.faults() == ["companies.toml: line 2: not UTF-8 (save it as UTF-8)"]


def test_a_huge_file_is_refused(folder: Folder, tmp_path: Path) -> None:
    with (tmp_path / "companies.toml").open("wb") as file:
        file.truncate(65 * 2**20)

    assert folder.faults() == ["companies.toml: larger than 64 MB"]


def test_deep_tables_by_dotted_keys_are_faults_and_no_crash(folder: Folder) -> None:
    deep = ".".join(["a"] * 3000)
    folder.write(
        f"[fetch]\n{deep} = 1\n" + CHANNEL + RULE,
        COMPANIES + f"{deep} = 1\n",
        FEEDS + f"headers.{deep} = 1\n",
    )

    assert folder.faults() == [
        "newsward.toml: [fetch]: key 'a': tables nest too deep",
        "feeds.toml: feed 1 (news.example): key 'headers': tables nest too deep",
        (
            "companies.toml: company 1 (xiaomi): key 'a' is unknown (known keys: aliases, cik, context, domains, exclude, "
            "id, name, tags, tickers)"
        ),
    ]


# --------------------------------------------------------------------------- tables and keys


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[company]]\nname = "Xiaomi"\ntickres = ["X"]\n', "company 1 (xiaomi): key 'tickres' is unknown (did you mean 'tickers'?)"),
        ('[[company]]\nid = "mi"\nname = "Xiaomi"\ntickers = [true]\n', "company 1 (mi): item 1 of key 'tickers' must be a string, not a boolean (put it in quotes)"),
        ('[[company]]\nname = "Xiaomi"\ntickers = ["A", 1810]\n', "company 1 (xiaomi): item 2 of key 'tickers' must be a string, not a whole number (put it in quotes)"),
        ('[[company]]\nname = "Xiaomi"\ntickers = "1810.HK"\n', "company 1 (xiaomi): key 'tickers' must be an array, not a string"),
        ('[[company]]\naliases = ["Mi"]\n', "company 1: key 'name' is missing (the name that most people use)"),
        ("[[company]]\nname = 3\n", "company 1: key 'name' must be a string, not a whole number (put it in quotes)"),
        ('[[company]]\nname = "!!"\n', "company 1: key 'name': must hold a letter or digit"),
        ('[[company]]\nname = "_"\n', "company 1 (_): key 'name': must hold a letter or digit"),
        ('[[company]]\nname = "X"\naliases = ["__ -"]\n', "company 1 (x): key 'text' of item 1 of key 'aliases': must hold a letter or digit"),
        (f'[[company]]\nname = "{"x" * 201}"\nid = "x"\n', "company 1 (x): key 'name': must not be longer than 200 characters"),
        ('[[company]]\nid = "a b"\nname = "X"\n', "company 1 (a b): key 'id': must be letters, digits and . : _ - only, at most 100"),
        ('[[company]]\nname = "X"\naliases = [7]\n', "company 1 (x): item 1 of key 'aliases': must be a string or a table { text = ..., kind = ... }"),
        ('[[company]]\nname = "X"\naliases = ["", "Y"]\n', "company 1 (x): key 'text' of item 1 of key 'aliases': must hold a letter or digit"),
        ('[[company]]\nname = "X"\naliases = [{ text = "Y", kind = "rare" }]\n', "company 1 (x): key 'kind' of item 1 of key 'aliases' must be 'unique', 'common', 'ticker' or 'weak'"),
        ('[[company]]\nname = "X"\naliases = [{ text = "Y", knid = "weak" }]\n', "company 1 (x): key 'knid' of item 1 of key 'aliases' is unknown (did you mean 'kind'?)"),
        ('[[company]]\nname = "X"\ndomains = ["https://x.example/"]\n', "company 1 (x): key 'domains': must be domains alone, such as \"mi.com\": no scheme, no path"),
        ('[[company]]\nname = "X"\ncontext = ["..."]\n', "company 1 (x): key 'context': must hold a letter or digit"),
        ('[company]\nname = "X"\n', "'company' must be written [[company]], once for each"),
        ("company = [1]\n", "'company' must be written [[company]], once for each"),
        ('[[companies]]\nname = "X"\n', "'companies' is unknown (did you mean 'company'?)"),
        ('[[company]]\nname = "${HOME}"\nid="h"\n[[company]]\nid = "h"\nname = "Y"\n', "company 2 (h): id 'h' is that of company 1 (h) too (give one of them another id)"),
        ('[[company]]\nname = "A.B"\n[[company]]\nname = "A B"\n', "company 2 (a-b): id 'a-b' is that of company 1 (a-b) too (give one of them another id)"),
        ('[[company]]\nname = "X"\naliases = ["Mi"]\n[[company]]\nname = "MI"\n', f"company 2 (mi): name 'MI' is claimed by company 1 (x) too ({NAMES_ONE})"),
        ('[[company]]\nname = "X"\ntickers = ["ON"]\n[[company]]\nname = "Y"\ntickers = ["ON"]\n', f"company 2 (y): ticker 'ON' is claimed by company 1 (x) too ({NAMES_ONE})"),
    ],
)  # fmt: skip
def test_a_fault_in_companies_is_told(folder: Folder, text: str, message: str) -> None:
    folder.write(companies=text)

    assert folder.faults() == [f"companies.toml: {message}"]


def test_a_name_may_be_told_twice_by_one_company(folder: Folder) -> None:
    folder.write(companies='[[company]]\nname = "X"\naliases = ["x", "X"]\ntickers = ["X"]\n')

    assert len(folder.load().watchlist.companies) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[fetch]\ntimout = 1\n", "[fetch]: key 'timout' is unknown (known keys: "),
        ("[fetch]\nspacng = 1\n", "[fetch]: key 'spacng' is unknown (did you mean 'spacing'?)"),
        ('[fetch]\nspacing = "often"\n', "[fetch]: key 'spacing' must be a duration such as \"30 minutes\", or a number of seconds (units: seconds, minutes, hours, days, weeks or s, m, h, d, w, as in \"1 day 12 h\")"),
        ("[fetch]\nconcurrency = true\n", "[fetch]: key 'concurrency' must be a number, not a boolean"),
        ('[polling]\nmin_interval = []\n', "[polling]: key 'min_interval' must be a duration such as \"30 minutes\", or a number of seconds, not an array (units: seconds, minutes, hours, days, weeks or s, m, h, d, w, as in \"1 day 12 h\")"),
        ('[stories]\ngrain = "finest"\n', "[stories]: key 'grain' must be 'broad', 'normal' or 'fine'"),
        ('[engine]\nkind = "dask"\n', "[engine]: key 'kind' must be 'inline'"),
        ('[log]\nformat = "jsno"\n', "[log]: key 'format' must be 'auto', 'console' or 'json'"),
        ("[store]\npath = 'x'\n", "[store]: key 'path' is unknown (known keys: busy_timeout, database, history, indexes, retention, search)"),
        ("[[fetch]]\n", "'fetch' must be a table, written [fetch]"),
        ("[fetsh]\n", "'fetsh' is unknown (did you mean 'fetch'?)"),
        ("[[rules]]\n", "'rules' is unknown (did you mean 'rule'?)"),
        ("[channel]\nid = 'x'\n", "'channel' must be written [[channel]], once for each"),
        ('[[channel]]\nid = "x"\n', "channel 1 (x): key 'kind' is missing"),
        ('[[channel]]\nid = "x"\nkind = 1\n', "channel 1 (x): key 'kind' must be a string"),
        ('[[channel]]\nid = "x"\nkind = "webhok"\n', "channel 1 (x): channel kind 'webhok' is unknown (did you mean 'webhook'?)"),
        ('[[channel]]\nkind = "stdout"\n', "channel 1: key 'id' is missing or no string (a word that rules can name, such as id = \"desk\")"),
        ('[[channel]]\nid = "x"\nkind = "stdout"\nfromat = "json"\n', "channel 1 (x): key 'fromat' is unknown (did you mean 'format'?)"),
        ('[[channel]]\nid = "x"\nkind = "no_such_module_:Channel"\n', "channel 1 (x): kind 'no_such_module_:Channel' cannot be imported: ModuleNotFoundError: No module named 'no_such_module_' (install it where newsward is installed, or put its folder on PYTHONPATH)"),
        (CHANNEL + CHANNEL, "channel 2 (screen): id 'screen' is that of channel 1 (screen) too"),
        ('[[rule]]\nname = "r"\nchannels = ["desk"]\n', "rule 1 (r): channel 'desk' does not exist (there is none)"),
        (CHANNEL + '[[rule]]\nname = "r"\nchannels = ["screen", "scren"]\n', "rule 1 (r): channel 'scren' does not exist (did you mean 'screen'?)"),
        (CHANNEL + '[[rule]]\nname = "r"\nchannels = ["screen"]\ncompanies = ["xiaomy"]\n', "rule 1 (r): company 'xiaomy' does not exist (did you mean 'xiaomi'?)"),
        (CHANNEL + '[[rule]]\nname = "r"\nchannels = ["screen"]\ntogether = ["xiaomi", "xiaomy"]\n', "rule 1 (r): company 'xiaomy' does not exist (did you mean 'xiaomi'?)"),
        (CHANNEL + RULE + '[[group]]\nid = "g"\ncompanies = ["xiaomy"]\n', "group 1 (g): company 'xiaomy' does not exist (did you mean 'xiaomi'?)"),
        (CHANNEL + '[[group]]\nid = "rivals"\n[[rule]]\nname = "r"\nchannels = ["screen"]\ngroups = ["rival"]\n', "rule 1 (r): group 'rival' does not exist (did you mean 'rivals'?)"),
        (CHANNEL + '[[group]]\nid = "rivals"\n[[rule]]\nname = "r"\nchannels = ["screen"]\ntogether_of = "rival"\n', "rule 1 (r): group 'rival' does not exist (did you mean 'rivals'?)"),
        (CHANNEL + '[[person]]\nid = "ana"\nchannels = ["screen"]\n[[rule]]\nname = "r"\npeople = ["anna"]\n', "rule 1 (r): person 'anna' does not exist (did you mean 'ana'?)"),
        (CHANNEL + RULE + '[[person]]\nid = "ana"\nchannels = ["scren"]\n', "person 1 (ana): channel 'scren' does not exist (did you mean 'screen'?)"),
        (CHANNEL + RULE + '[[person]]\nid = "ana"\nchannels = []\n', "person 1 (ana): key 'channels' must not be empty"),
        (CHANNEL + RULE + '[[person]]\nid = "ana"\n', "person 1 (ana): key 'channels' is missing (Ids of the channels by which the person is reached.)"),
        (CHANNEL + RULE + '[[group]]\nid = "g"\n[[group]]\nid = "g"\n', "group 2 (g): id 'g' is that of group 1 (g) too"),
        (CHANNEL + '[[rule]]\nname = "r"\n', "rule 1 (r): names neither channels nor people: nobody would be told"),
        (CHANNEL + RULE + 'together = ["xiaomi"]\n', "rule 1 (all): together needs two companies or more"),
        (CHANNEL + RULE + 'words = ["--"]\n', "rule 1 (all): key 'words': one of them has neither a letter nor a digit"),
        (CHANNEL + '[[rule]]\nname = "r"\nchannels = ["screen"]\nmin_score = 120\n', "rule 1 (r): key 'min_score' must be at most 100"),
        (CHANNEL + RULE + RULE, "rule 2 (all): name 'all' is that of rule 1 (all) too"),
        ('[[matcher]]\nkind = "naems"\n', "matcher 1 (naems): matcher kind 'naems' is unknown (did you mean 'names'?)"),
        ('companies = "companies.toml"\n', "key 'companies' must be an array of file names (such as companies = [\"companies.toml\"]; [[company]] tables stand in those files)"),
    ],
)  # fmt: skip
def test_a_fault_in_the_main_file_is_told(folder: Folder, text: str, message: str) -> None:
    folder.write(text)

    (fault,) = folder.faults()
    assert fault == f"newsward.toml: {message}" or (
        message.endswith(": ") and fault.startswith(f"newsward.toml: {message}")
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[feed]]\nurl = "gopher://x"\n', "feed 1 (x): key 'url': must be an http or https address"),
        ('[[feed]]\nurl = "https://x.example/"\ntier = 9\n', "feed 1 (x.example): key 'tier' must be at most 5"),
        ('[[feed]]\nurl = "https://x.example/"\ntitel = "X"\n', "feed 1 (x.example): key 'titel' is unknown (did you mean 'title'?)"),
        ('[[feed]]\ntitle = "X"\n', "feed 1 (X): key 'url' is missing (address of the feed, http or https; user:password@ in it is sent as basic auth and stored nowhere)"),
        ('[[feed]]\nurl = "https://[x/"\n', "feed 1: key 'url': is not a valid address"),
        ('[[source]]\nkind = "opml"\npath = "none.opml"\n', "source 1 (opml): {0}/none.opml: cannot be read: No such file or directory"),
        ('[[source]]\nkind = "rss"\n', "source 1 (rss): source kind 'rss' is unknown (known kinds: edgar, feed, opml, query, site, sitemap)"),
        ('[[feeds]]\nurl = "https://x.example/"\n', "'feeds' is unknown (did you mean 'feed'?)"),
    ],
)  # fmt: skip
def test_a_fault_in_feeds_is_told(folder: Folder, tmp_path: Path, text: str, message: str) -> None:
    folder.write(feeds=text)

    assert folder.faults() == [f"feeds.toml: {message.format(tmp_path)}"]


def test_all_faults_of_a_load_come_together(folder: Folder) -> None:
    folder.write(
        "[fetch]\nspacng = 1\n[log]\nlevel = 1\n" + CHANNEL + '[[rule]]\nname = "r"\nchannels = ["x"]\n',
        '[[company]]\nname = "A"\ntickres = []\n[[company]]\nname = "B"\ntags = "b"\n',
        '[[feed]]\nurl = "x"\n[[feed]]\ntier = 7\n',
    )

    assert [fault.partition(": key")[0].partition(": item")[0] for fault in folder.faults()] == [
        "newsward.toml: [fetch]",
        "newsward.toml: [log]",
        "companies.toml: company 1 (a)",
        "companies.toml: company 2 (b)",
        "newsward.toml: rule 1 (r): channel 'x' does not exist (there are: screen)",
        "feeds.toml: feed 1",
        "feeds.toml: feed 2",
        "feeds.toml: feed 2",
    ]


def test_a_part_of_ones_own_must_have_the_methods_of_its_door(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_channel.py").write_text(
        "from pydantic import BaseModel, ConfigDict\n"
        "class Channel(BaseModel):\n"
        "    model_config = ConfigDict(frozen=True, extra='forbid')\n"
        "    def send(self, alert): ...\n"
    )
    folder.write('[[channel]]\nid = "own"\nkind = "own_channel:Channel"\n')

    assert folder.faults() == ["newsward.toml: channel 1 (own): kind 'own_channel:Channel' has no method 'close'"]


def test_a_fault_in_a_channel_does_not_make_one_of_its_rule(folder: Folder) -> None:
    folder.write('[[channel]]\nid = "screen"\nkind = "stdout"\nx = 1\n' + RULE)

    assert folder.faults() == [
        (
            "newsward.toml: channel 1 (screen): key 'x' is unknown (known keys: at, digest, format, max_per_hour, "
            "quiet, templates, urgent_passes, warns, weekday, zone)"
        )
    ]


def test_when_a_channel_speaks_stands_beside_what_it_is(folder: Folder) -> None:
    rhythm = 'digest = "daily"\nat = "07:30"\nzone = "Europe/Berlin"\nquiet = "22:00-07:00"\nmax_per_hour = 9\n'
    folder.write(f'[[channel]]\nid = "screen"\nkind = "stdout"\nformat = "json"\nwarns = true\n{rhythm}' + RULE)

    config = folder.load()

    assert config.channels["screen"].format == "json"
    assert config.rhythms["screen"] == Rhythm(
        digest="daily", at="07:30", zone="Europe/Berlin", quiet="22:00-07:00", max_per_hour=9, warns=True
    )


def test_what_is_wrong_with_a_rhythm_is_told_with_the_channel(folder: Folder) -> None:
    rhythm = 'quite = "22:00-07:00"\nat = "8:00"\nzone = "Berlin"\n'
    folder.write(f'[[channel]]\nid = "screen"\nkind = "stdout"\n{rhythm}' + RULE)

    no_zone = "must be the name of a time zone, with continent and city: did you mean 'Europe/Berlin'?"
    assert sorted(folder.faults()) == [
        "newsward.toml: channel 1 (screen): key 'at': must be a time of day in four digits, HH:MM",
        "newsward.toml: channel 1 (screen): key 'quite' is unknown (did you mean 'quiet'?)",
        f"newsward.toml: channel 1 (screen): key 'zone': {no_zone}",
    ]


# --------------------------------------------------------------------------- feeds


def test_a_feed_told_twice_is_polled_once_and_said(folder: Folder) -> None:
    folder.write(
        feeds='[[feed]]\ntitle = "A"\nurl = "https://news.example/rss?x=1"\n'
        '[[feed]]\nurl = "http://NEWS.example:80/rss/?x=1#top"\n'
        '[[feed]]\nurl = "https://news.example/rss?x=2"\n'
    )

    config = folder.load()

    assert [feed.url for feed in config.feeds] == ["https://news.example/rss?x=1", "https://news.example/rss?x=2"]
    assert [str(problem) for problem in config.problems] == [
        "feeds.toml: feed 2 (news.example): the same feed as feed 1 (A); polled once (remove one of them)"
    ]


def test_a_list_of_another_reader_is_found_beside_the_configuration(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "list.opml").write_text(
        '<opml><body><outline text="N" xmlUrl="https://n.example/"/>'
        '<outline xmlUrl="https://news.example/rss/"/></body></opml>'
    )
    folder.write(feeds=FEEDS + '[[source]]\nkind = "opml"\npath = "list.opml"\ntags = ["mine"]\n')

    config = folder.load()

    assert [(feed.url, feed.tags) for feed in config.feeds] == [
        ("https://news.example/rss", ()),
        ("https://n.example/", ("mine",)),
    ]
    assert [problem.where for problem in config.problems] == ["feeds.toml: source 1 (opml)"]


# --------------------------------------------------------------------------- environment

HOOK = '[[channel]]\nid = "desk"\nkind = "webhook"\nurl = "https://${HOST}/${TOKEN}"\n'


def webhook(config: Config) -> str:
    channel = config.channels["desk"]
    assert isinstance(channel, Webhook)
    return channel.url.get_secret_value()


def test_values_come_from_the_environment_and_from_files(folder: Folder, tmp_path: Path) -> None:
    folder.write(HOOK)
    (tmp_path / "token").write_text("s3cret\n")

    config = folder.load({"HOST": "hooks.example", "TOKEN_FILE": str(tmp_path / "token")})

    assert webhook(config) == "https://hooks.example/s3cret"


def test_expanded_values_are_not_expanded_again_and_dollars_can_be_escaped(folder: Folder) -> None:
    folder.write(HOOK.replace("${HOST}", "h.example/$${TOKEN}$x"))

    assert webhook(folder.load({"TOKEN": "${HOME}"})) == "https://h.example/${TOKEN}$x/${HOME}"


def test_values_are_expanded_in_nested_tables_and_arrays_of_feeds(folder: Folder) -> None:
    folder.write(feeds=FEEDS + 'tags = ["${TAG}"]\nheaders = { Authorization = "Bearer ${TOKEN}" }\n')

    (feed,) = folder.load({"TAG": "mine", "TOKEN": "abc"}).feeds

    assert (feed.tags, feed.headers) == (("mine",), (("Authorization", "Bearer abc"),))


def test_companies_are_taken_as_written(folder: Folder) -> None:
    folder.write(companies='[[company]]\nname = "${HOME} Depot"\n')

    assert folder.load({"HOME": "x"}).watchlist.companies[0].name == "${HOME} Depot"


@pytest.mark.parametrize(
    ("url", "environ", "message"),
    [
        ("https://${NOPE}/", {}, "environment variable NOPE is not set (set NOPE, or NOPE_FILE to the path of a file that holds the value)"),
        ("https://${}/", {}, "a '${' that names no variable (write ${NAME}, or $${ for a plain ${)"),
        ("https://${A B}/", {}, "a '${' that names no variable (write ${NAME}, or $${ for a plain ${)"),
        ("https://${TOKEN", {"TOKEN": "x"}, "a '${' that names no variable (write ${NAME}, or $${ for a plain ${)"),
        ("https://${T}/", {"T": "x", "T_FILE": "y"}, "both T and T_FILE are set (unset one of them)"),
        ("https://${T}/", {"T_FILE": "{0}/none"}, "the file of T_FILE cannot be read: No such file or directory (see {0}/none)"),
        ("https://${T}/", {"T_FILE": "{0}/binary"}, "the file of T_FILE is not UTF-8 text"),
        ("https://${T}/", {"T_FILE": "{0}/large"}, "the file of T_FILE is larger than 64 KB"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_had_is_told(
    folder: Folder, tmp_path: Path, url: str, environ: dict[str, str], message: str
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    folder.write(f'[[channel]]\nid = "desk"\nkind = "webhook"\nurl = "{url}"\n')

    faults = folder.faults({name: value.replace("{0}", str(tmp_path)) for name, value in environ.items()})

    assert faults == [f"newsward.toml: channel 1 (desk): key 'url': {message.replace('{0}', str(tmp_path))}"]


def test_an_empty_value_is_used_and_said(folder: Folder) -> None:
    folder.write(feeds=FEEDS + 'title = "${T}"\n')

    assert [str(problem) for problem in folder.load({"T": ""}).problems] == [
        "feeds.toml: feed 1 (${T}): key 'title': environment variable T is empty"
    ]


def test_names_that_do_not_exist_are_told_as_written(folder: Folder) -> None:
    folder.write(CHANNEL + '[[rule]]\nname = "r"\nchannels = ["screen", "${S}"]\ncompanies = ["${S}"]\n')

    assert folder.faults({"S": "hunter2"}) == [
        "newsward.toml: rule 1 (r): channel '${S}' does not exist (there are: screen)",
        "newsward.toml: rule 1 (r): company '${S}' does not exist (there are: xiaomi)",
    ]


def test_secrets_never_reach_a_message(folder: Folder) -> None:
    secret = "hunter2-very-secret"
    folder.write(
        '[[channel]]\nid = "desk"\nkind = "webhook"\nurl = "${S}"\nsecret = "${S}"\nheaders = "${S}"\n'
        '[fetch]\nspacing = "${S}"\nallow_networks = ["${S}"]\n[log]\nlevel = "${S}"\n',
        feeds='[[feed]]\nurl = "${S}"\nlanguage = ["${S}"]\n[[feed]]\nurl = "https://a:${S}@x.example/${S}"\ntier = 9\n'
        '[[source]]\nkind = "${S}"\n',
    )

    faults = folder.faults({"S": secret})

    assert len(faults) >= 9
    assert secret not in "\n".join(faults)


# --------------------------------------------------------------------------- the database alone


def test_the_database_is_found_without_secrets_sound_feeds_or_companies(folder: Folder, tmp_path: Path) -> None:
    unset = '[[channel]]\nid = "desk"\nkind = "webhook"\nurl = "${DESK_WEBHOOK}"\n'
    folder.write('[store]\ndatabase = "data/n.db"\n' + unset + RULE, companies="not toml", feeds="[[feed]]\n")

    assert database_of(tmp_path, {}) == tmp_path / "data/n.db"
    assert database_of(tmp_path / "newsward.toml", {}) == tmp_path / "data/n.db"
    assert database_of(None, {"NEWSWARD_CONFIG": str(tmp_path)}) == tmp_path / "data/n.db"


def test_the_database_is_the_one_that_load_names(folder: Folder, tmp_path: Path) -> None:
    assert database_of(tmp_path, {}) == folder.load().database

    folder.write('[store]\ndatabase = "${DATA}/n.db"\n' + CHANNEL + RULE)
    assert database_of(tmp_path, {"DATA": "/srv"}) == folder.load({"DATA": "/srv"}).database == Path("/srv/n.db")


@pytest.mark.parametrize(
    "store",
    ['[store]\ndatabase = "${DATA}/n.db"\n', "[store]\ndatabase = 3\n", '[store]\ndatabse = "n.db"\n', "store = 1\n"],
)
def test_a_fault_of_the_store_is_told_as_load_tells_it(folder: Folder, tmp_path: Path, store: str) -> None:
    folder.write(store + CHANNEL + RULE)

    with pytest.raises(ConfigError) as raised:
        database_of(tmp_path, {})

    assert [str(raised.value)] == folder.faults()


def test_no_main_file_is_told_with_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no such file \(newsward init"):
        database_of(tmp_path, {})
