"""A bad configuration as its author meets it: the exact words, exit code 2, no run begun, not a byte changed."""
# ruff: noqa: E501 - a message is compared best as the one line that it is

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from tests.builders_cli import newsward
from tests.builders_run import serve_seeds, write_config
from tests.feed_server import FeedServer

COMMANDS = [("run",), ("daemon",), ("feeds", "poll"), ("feeds", "test"), ("check",)]
# Root, whom nothing is forbidden, becomes somebody else, who perhaps may not read this checkout: all that is imported
# late is imported before, by checking the configuration once.
AS_NOBODY = """
import os, pathlib, sys
import pipeline.cli, pipeline.cli.commands, pipeline.config, shlex
if os.geteuid() == 0:
    pipeline.config.check(pipeline.config.load(pathlib.Path(sys.argv[2]), os.environ))
    pipeline.cli.commands.every_command()
    os.setuid(65534)
pipeline.cli.main()
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A configuration that has had a run: its files, the database among them."""
    with FeedServer(host="0.0.0.0") as server:
        folder = write_config(tmp_path_factory.mktemp("watch"), serve_seeds(server))
        assert newsward("--config", folder, "run").code == 0
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in {".toml", ".db"}}


@pytest.fixture
def folder(tmp_path: Path, original: dict[str, bytes]) -> Path:
    folder = tmp_path / "watch"
    folder.mkdir()
    for name, content in original.items():
        (folder / name).write_bytes(content)
    return folder


def kept(folder: Path) -> dict[str, str]:
    """Every file with what is in it; a run would leave its lock, a write its log."""
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def replace(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def append(folder: Path, name: str, text: str) -> None:
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(text)


def missing_file(folder: Path) -> str:
    (folder / "feeds.toml").unlink()
    return f"{folder}/feeds.toml: there is no such file (put it back, or make one: an empty file will do)"


def unknown_key(folder: Path) -> str:
    append(folder, "companies.toml", '\n[[company]]\nname = "Zzyrtek"\nalises = ["Zz"]\n')
    return "companies.toml: company 19 (zzyrtek): key 'alises' is unknown (did you mean 'aliases'?)"


def unknown_table(folder: Path) -> str:
    append(folder, "newsward.toml", '\n[alerts]\nmax_age = "1 hour"\n')
    return "newsward.toml: 'alerts' is unknown (did you mean 'alert'?)"


def wrong_type(folder: Path) -> str:
    append(folder, "companies.toml", '\n[[company]]\nname = "Zzyrtek"\ntickers = "ZZY"\n')
    return "companies.toml: company 19 (zzyrtek): key 'tickers' must be an array, not a string"


def duration_that_is_none(folder: Path) -> str:
    replace(folder, "newsward.toml", "[fetch]\n", '[fetch]\ndeadline = "half a minute"\n')
    return (
        "newsward.toml: [fetch]: key 'deadline' must be a duration such as \"30 minutes\", or a number of seconds "
        "(units: seconds, minutes, hours, days, weeks or s, m, h, d, w, as in \"1 day 12 h\")"
    )  # fmt: skip


def shared_name(folder: Path) -> str:
    append(folder, "companies.toml", '\n[[company]]\nname = "Zzyrtek"\naliases = ["XIAOMI"]\n')
    return (
        "companies.toml: company 19 (zzyrtek): name 'XIAOMI' is claimed by company 2 (xiaomi) too "
        "(a name must lead to one company: keep it in one of them)"
    )


def duplicate_id(folder: Path) -> str:
    append(folder, "companies.toml", '\n[[company]]\nid = "xiaomi"\nname = "Zzyrtek"\n')
    return "companies.toml: company 19 (xiaomi): id 'xiaomi' is that of company 2 (xiaomi) too (give one of them another id)"


def unknown_channel(folder: Path) -> str:
    replace(folder, "newsward.toml", 'channels = ["desk"]', 'channels = ["desc"]')
    return "newsward.toml: rule 1 (all): channel 'desc' does not exist (did you mean 'desk'?)"


def unknown_kind(folder: Path) -> str:
    replace(folder, "newsward.toml", 'kind = "stdout"', 'kind = "webhok"')
    return "newsward.toml: channel 1 (desk): channel kind 'webhok' is unknown (did you mean 'webhook'?)"


def toml_syntax(folder: Path) -> str:
    replace(folder, "newsward.toml", "[fetch]\n", "[fetch\n")
    return "newsward.toml: line 4, column 7: not TOML: Expected ']' at the end of a table declaration"


def not_an_address(folder: Path) -> str:
    append(folder, "feeds.toml", '\n[[feed]]\nurl = "news.example/rss"\n')
    return "feeds.toml: feed 13: key 'url': must be an http or https address"


def unset_variable(folder: Path) -> str:
    replace(folder, "newsward.toml", 'kind = "stdout"', 'kind = "webhook"\nurl = "${DESK_WEBHOOK}"')
    return (
        "newsward.toml: channel 1 (desk): key 'url': environment variable DESK_WEBHOOK is not set "
        "(set DESK_WEBHOOK, or DESK_WEBHOOK_FILE to the path of a file that holds the value)"
    )


FAULTS = [
    missing_file, unknown_key, unknown_table, wrong_type, duration_that_is_none, shared_name, duplicate_id,
    unknown_channel, unknown_kind, toml_syntax, not_an_address, unset_variable,
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_told_in_words_and_nothing_is_begun(
    folder: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Path], str]
) -> None:
    monkeypatch.delenv("DESK_WEBHOOK", raising=False)
    message = fault(folder)
    before = kept(folder)

    for command in COMMANDS:
        outcome = newsward("--config", folder, *command)

        assert (outcome.code, outcome.out, outcome.err) == (2, "", f"newsward: {message}\n"), command
    assert kept(folder) == before
    assert "newsward.db" in before


def test_several_faults_are_told_at_once_each_on_a_line(folder: Path) -> None:
    messages = {unknown_key(folder), not_an_address(folder), unknown_channel(folder)}
    before = kept(folder)

    outcome = newsward("--config", folder, "run")

    assert outcome.code == 2
    assert set(outcome.err.removeprefix("newsward: ").splitlines()) == messages
    assert kept(folder) == before


def test_no_configuration_at_all_is_told_with_the_way_to_one(tmp_path: Path) -> None:
    for command in COMMANDS:
        outcome = newsward("--config", tmp_path / "none", *command)

        remedy = f"newsward init {tmp_path}/none; in a container, mount the folder that has it there"
        message = f"{tmp_path}/none/newsward.toml: there is no such file ({remedy})"
        assert (outcome.code, outcome.err) == (2, f"newsward: {message}\n"), command
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file or directory (see {path})"),
        ("folder", "cannot be read: Is a directory (see {path})"),
        (b"\xff\xfehttps://desk.example/hunter2", "is not UTF-8 text"),
        (b"x" * 70_000, "is larger than 64 KB"),
    ],
    ids=["missing", "a folder", "not UTF-8", "huge"],
)
def test_a_secret_that_cannot_be_read_is_told_and_never_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | str | None, words: str
) -> None:
    path = folder.parent / "secret"
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    monkeypatch.delenv("DESK_WEBHOOK", raising=False)
    monkeypatch.setenv("DESK_WEBHOOK_FILE", str(path))
    unset_variable(folder)
    before = kept(folder)

    for command in COMMANDS:
        outcome = newsward("--config", folder, *command)

        told = f"newsward.toml: channel 1 (desk): key 'url': the file of DESK_WEBHOOK_FILE {words.format(path=path)}"
        assert (outcome.code, outcome.err) == (2, f"newsward: {told}\n"), command
    assert kept(folder) == before


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def as_nobody(environ: Mapping[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command as a user who may do only what all may."""
    return subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *map(str, arguments)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["companies.toml", "secret"])
def test_a_file_that_this_user_may_not_read_is_told(open_folder: Path, original: dict[str, bytes], name: str) -> None:
    for one, content in original.items():
        (open_folder / one).write_bytes(content)
    (open_folder / "secret").write_text("https://desk.example/hunter2")
    (open_folder / name).chmod(0)
    unset_variable(open_folder)
    before = sha256((open_folder / "newsward.db").read_bytes()).hexdigest()
    environ = {**os.environ, "DESK_WEBHOOK_FILE": str(open_folder / "secret"), "PYTHONDONTWRITEBYTECODE": "1"}

    outcome = as_nobody(environ, "--config", open_folder, "run")

    told = {
        "companies.toml": (
            f"{open_folder}/companies.toml: cannot be read: Permission denied (user {os.geteuid() or 65534} must be able "
            "to read it)"
        ),
        "secret": (
            "newsward.toml: channel 1 (desk): key 'url': the file of DESK_WEBHOOK_FILE cannot be read: Permission denied "
            f"(see {open_folder}/secret)"
        ),
    }
    assert (outcome.returncode, outcome.stderr) == (2, f"newsward: {told[name]}\n")
    assert sha256((open_folder / "newsward.db").read_bytes()).hexdigest() == before


def test_a_folder_that_this_user_may_not_write_is_told_by_check(open_folder: Path, original: dict[str, bytes]) -> None:
    for one, content in original.items():
        if one != "newsward.db":
            (open_folder / one).write_bytes(content)
    open_folder.chmod(0o555)

    outcome = as_nobody({**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, "--config", open_folder, "check")

    open_folder.chmod(0o755)
    assert outcome.returncode == 0
    assert outcome.stdout == (
        f"warning: newsward.toml: [store]: key 'database': {open_folder} cannot be written by this user\n"
        "    give the user who runs it the right to write there, or name another place\n"
    )
