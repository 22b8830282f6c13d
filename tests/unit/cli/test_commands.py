"""Which modules a command line loads."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer.main

from pipeline.cli.commands import _WITH_VALUE, every_command, with_commands


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


def test_a_group_without_a_command_has_all_of_its_own_and_no_others() -> None:
    poll = ["feeds poll", "feeds list"]

    assert _named(["feeds", "poll", "--force"]) == poll
    assert _named(["feeds", "--help"])[:3] == [*poll, "feeds test"]
    assert _named(["feeds", "pol"]) == _named(["feeds"])


def test_a_poll_loads_nothing_that_only_edits_measures_or_serves() -> None:
    lines = "import sys", "from pipeline.cli.commands import with_commands", "with_commands(['feeds', 'poll'])"
    program = "\n".join([*lines, "print(*sys.modules)"])
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    others = {"tomlkit", "prometheus_client", "http.server", "apscheduler", "jinja2", "pipeline.evaluate", "datasette"}
    assert others.isdisjoint(loaded)
