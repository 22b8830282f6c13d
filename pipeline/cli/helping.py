"""How ``--help`` names the kinds of values: by words, and not as Python does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from typer.core import TyperCommand

_LIST = re.compile(r"<list\[([^<>\]]+)\]>")
_KINDS = {"<str>": "<text>", "<int range>": "<number>", "<int>": "<number>", "<Path>": "<path>"}
_KIND = re.compile("|".join(map(re.escape, _KINDS)))


class PlainCommand(TyperCommand):
    """A command whose options are listed in plain words."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The options and arguments, each with the kind of its value."""
        super().format_options(ctx, cast("Any", _PlainFormatter(formatter)))


class _PlainFormatter:
    """The formatter of the library, but for what stands in the left column."""

    def __init__(self, formatter: Any) -> None:
        self._formatter = formatter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._formatter, name)

    def write_dl(self, rows: Sequence[tuple[str, str]], *rest: Any, **more: Any) -> None:
        """A list of names with what is said of each."""
        self._formatter.write_dl([(plain(name), said) for name, said in rows], *rest, **more)


def plain(name: str) -> str:
    """The name of an option, with the kind of its value in words."""
    return _KIND.sub(lambda kind: _KINDS[kind[0]], _LIST.sub(r"<\1>", name))
