"""Which module brings which command: one that is asked for is loaded without the others, which takes less time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import NamedTuple

import typer

from pipeline.cli.helping import PlainCommand
from pipeline.cli.root import app


class _Group(NamedTuple):
    """Commands behind one word: the name of their app in its module, and modules that add to it."""

    home: str
    app: str
    more: Mapping[str, str] = {}


# In the order of ``--help``.
_MODULES = {
    "setup": "init check schema",
    "operate": "demo run",
    "live": "daemon health",
    "report": "report",
    "keep": "prune backup restore",
    "show": "search",
    "match": "match explain",
    "streams": "cluster canonical parse",
}
_GROUPS = {
    "feeds": _Group(
        "feeds",
        "app",
        {
            "trials": "test",
            "tending": "add remove pause enable",
            "lists": "import export discover",
            "parameters": "parameters",
        },
    ),
    "companies": _Group("companies", "app"),
    "hits": _Group("show", "hits"),
    "stories": _Group("show", "stories", {"correcting": "split merge same notsame rebuild"}),
    "alerts": _Group("alerts", "app"),
    "eval": _Group("evaluate", "app"),
}
_WITH_VALUE = ("--config",)  # global options behind which a value stands


def arranged(arguments: Sequence[str]) -> list[str]:
    """The arguments with the configuration before the command, where many look for it last."""
    words = list(arguments)
    end = words.index("--") if "--" in words else len(words)
    for place, word in enumerate(words[:end]):
        if word.startswith("--config="):
            return [word, *words[:place], *words[place + 1 :]]
        if word == "--config" and place + 1 < end:
            return [*words[place : place + 2], *words[:place], *words[place + 2 :]]
    return words


def with_commands(arguments: Sequence[str]) -> typer.Typer:
    """The app with the command that the arguments name; with all where they name none (help, a slip)."""
    first, second = _words(arguments)
    is_one = first in _GROUPS or any(first in words.split() for words in _MODULES.values())
    app.registered_commands.clear()
    app.registered_groups.clear()
    for module, words in _MODULES.items():
        if not is_one or first in words.split():
            import_module(f"pipeline.cli.{module}").add_commands(app)
    for word, group in _GROUPS.items():
        if not is_one or first == word:
            app.add_typer(_loaded(group, second if is_one else ""), name=word)
    _speak_plainly(app)
    return app


def every_command() -> typer.Typer:
    """The app with all commands."""
    return with_commands(())


def _loaded(group: _Group, word: str) -> typer.Typer:
    """The app of a group, with the command of this name or with all."""
    home: typer.Typer = getattr(import_module(f"pipeline.cli.{group.home}"), group.app)
    made = typer.Typer(help=home.info.help, no_args_is_help=True)
    made.registered_commands += home.registered_commands
    is_own = word in map(_name, home.registered_commands)
    is_one = is_own or any(word in words.split() for words in group.more.values())
    for module, words in group.more.items():
        if not is_own and (not is_one or word in words.split()):
            import_module(f"pipeline.cli.{module}").add_commands(made)
    _speak_plainly(made)
    return made


def _speak_plainly(made: typer.Typer) -> None:
    for command in made.registered_commands:
        command.cls = PlainCommand


def _name(command: typer.models.CommandInfo) -> str:
    called: Callable[..., object] | None = command.callback
    return command.name or (called.__name__ if called else "")


def _words(arguments: Sequence[str]) -> tuple[str, str]:
    """The first two arguments that are no options."""
    words: list[str] = []
    before = ""
    for argument in arguments:
        if not argument.startswith("-") and before not in _WITH_VALUE:
            words.append(argument)
        before = argument
    first, second = [*words, "", ""][:2]
    return first, second
