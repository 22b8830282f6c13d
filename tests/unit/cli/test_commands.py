"""Which modules a command line loads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from pipeline.cli.commands import _WITH_VALUE, arranged, every_command, with_commands
from tests.builders_cli import newsward


def _named(arguments: list[str]) -> list[str]:
    """The commands that the app has for these arguments, groups as "feeds poll"."""
    names = []
    for word, command in typer.main.get_command(with_commands(arguments)).commands.items():  # type: ignore[attr-defined]
        names += [f"{word} {name}" for name in command.commands] if hasattr(command, "commands") else [word]
    return names


def test_each_command_is_found_when_it_alone_is_asked_for() -> None:
    commands = typer.main.get_command(every_command()).commands  # type: ignore[attr-defined]
    everything = [
        (word, name) for word, command in commands.items() for name in getattr(command, "commands", {"": None})
    ]

    assert len(everything) > 30
    for words in everything:
        assert " ".join(filter(None, words)) in _named(["--config", "health", *words])


@pytest.mark.parametrize("arguments", [[], ["--help"], ["helth"], ["--config", "run"]])
def test_a_line_that_names_no_command_has_all_of_them(arguments: list[str]) -> None:
    names = _named(arguments)

    assert names[:3] == ["init", "check", "schema"]
    assert names[-2:] == ["eval match", "eval dedup"]


def test_each_global_option_that_takes_a_value_is_known_so_that_its_value_is_no_command() -> None:
    options = typer.main.get_command(every_command()).params

    valued = {one.opts[0] for one in options if not getattr(one, "is_flag", True)}
    assert valued - {"--install-completion", "--show-completion"} == set(_WITH_VALUE)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["run", "--config", "w", "--json"], ["--config", "w", "run", "--json"]),
        (["feeds", "poll", "--config=w"], ["--config=w", "feeds", "poll"]),
        (["--config", "w", "run"], ["--config", "w", "run"]),
        (["explain", "--", "--config", "w"], ["explain", "--", "--config", "w"]),
        (["run", "--config"], ["run", "--config"]),
    ],
)
def test_the_configuration_may_stand_behind_the_command(given: list[str], meant: list[str]) -> None:
    assert arranged(given) == meant


def test_a_group_without_a_command_has_all_of_its_own_and_no_others() -> None:
    poll = ["feeds poll", "feeds list"]

    assert _named(["feeds", "poll", "--force"]) == poll
    assert _named(["feeds", "--help"])[:3] == [*poll, "feeds test"]
    assert _named(["feeds", "pol"]) == _named(["feeds"])


@pytest.mark.parametrize("words", [(), ("run",), ("feeds",), ("feeds", "poll")])
def test_help_is_asked_for_by_its_short_name_too(words: tuple[str, ...]) -> None:
    short, long = newsward(*words, "-h"), newsward(*words, "--help")

    assert (short.code, short.err) == (0, "")
    assert short.out == long.out
    assert "-h, --help" in short.out


def test_help_fits_into_80_columns() -> None:
    wide = [
        (words, line)
        for words, told in _helps(typer.main.get_command(every_command()))
        for line in told
        if len(line) > 80
    ]

    assert wide == []


def test_help_names_the_kinds_of_values_in_words() -> None:
    told = "\n".join(line for _, lines in _helps(typer.main.get_command(every_command())) for line in lines)

    assert "list[" not in told
    assert "<str>" not in told
    assert "--limit <number>" in told
    assert "--company <text>" in told


def _helps(command: Any, words: tuple[str, ...] = (), parent: Any = None) -> Iterator[tuple[str, list[str]]]:
    """The lines of help of a command and of those behind it."""
    context = command.context_class(command, info_name=words[-1] if words else "newsward", parent=parent)
    context.terminal_width = 80
    yield " ".join(words), command.get_help(context).splitlines()
    for word, other in getattr(command, "commands", {}).items():
        yield from _helps(other, (*words, word), context)


def test_a_poll_loads_nothing_that_only_edits_measures_or_serves() -> None:
    lines = "import sys", "from pipeline.cli.commands import with_commands", "with_commands(['feeds', 'poll'])"
    program = "\n".join([*lines, "print(*sys.modules)"])
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    others = {"tomlkit", "prometheus_client", "http.server", "apscheduler", "jinja2", "pipeline.evaluate", "datasette"}
    assert others.isdisjoint(loaded)
