"""``docs/commands.md`` shows every command as it is; run this file as a script to write it anew.

Its examples are those of ``--help``, and are run with the other documents'. Also: every ``newsward`` command line in
the documents, fenced or in a sentence, names commands and options that exist.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from pipeline.cli.commands import every_command
from pipeline.model import ErrorKind
from tests.docs.documents import DOCUMENTS, ROOT, command_blocks, name, prose

PAGE = ROOT / "docs" / "commands.md"
BEGIN, END = "<!-- commands: written by tests/docs/test_commands_doc.py -->", "<!-- end of commands -->"
EXAMPLES = "Examples:\n"
# Why the examples of a command are not run with the others.
NOT_RUN = {
    "demo": "the README's commands begin with it",
    "daemon": "the README's commands start and end one",
    **dict.fromkeys(
        ("stories explain", "stories split", "stories merge", "stories same", "stories notsame"),
        "the id is that of a story of your own",
    ),
    "eval match": "the labelled sets are not part of the sources",
    "eval dedup": "the labelled sets are not part of the sources",
}


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its words, in the order of ``--help``."""
    group = group or typer.main.get_command(every_command())
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, word))
        else:
            yield (*path, word), command


def described() -> str:
    """The generated part of the page."""
    parts = []
    for words, command in commands():
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
        shown = " ".join(f"[{one.name.upper()}]" if not one.required else one.name.upper() for one in arguments)
        told, examples = _help(command)
        parts.append(f"### newsward {' '.join(words)} {shown}".rstrip() + f"\n\n{' '.join(told.split())}\n")
        rows = [f"| {one.name.upper()} | {one.help or ''} |" for one in arguments]
        rows += [f"| {_spelling(one)} | {one.help or ''} |" for one in options]
        if rows:
            parts.append("\n".join(["| | |", "|---|---|", *rows]) + "\n")
        if examples:
            reason = NOT_RUN.get(" ".join(words))
            parts.append((f"<!-- not run: {reason} -->\n" if reason else "") + f"```sh\n{examples}```\n")
    return "\n".join(parts)


def _help(command: Any) -> tuple[str, str]:
    """What a command's help tells, and its examples."""
    told, _, examples = command.help.replace("\b", "").partition(EXAMPLES)
    return told, f"{textwrap.dedent(examples).strip()}\n" if examples.strip() else ""


def _spelling(option: Any) -> str:
    names = "`" + "`, `".join(option.opts) + "`"
    return names if option.is_flag else f"{names} {option.name.upper()}"


def test_the_page_shows_every_command_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")

    written = page[page.index(BEGIN) + len(BEGIN) : page.index(END)].strip()
    assert written == described().strip()


def test_every_kind_of_error_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert [kind for kind in ErrorKind if f"`{kind}`" not in page] == []


def test_every_command_is_shown_at_work() -> None:
    assert [" ".join(words) for words, command in commands() if not _help(command)[1]] == []


def test_a_line_of_help_says_what_a_command_is_for() -> None:
    assert [words for words, command in commands() if command.get_short_help_str(limit=66).endswith("...")] == []


def command_lines() -> Iterator[tuple[str, str]]:
    for document in DOCUMENTS:
        pieces = [line for block in command_blocks(document) for line in block.text.replace("\\\n", " ").splitlines()]
        pieces += re.findall(r"`([^`\n]+)`", prose(document))
        for piece in pieces:
            for part in re.split(r"\s(?:\||&&|;)\s", piece):
                if re.match(r"(\.venv/bin/)?newsward ", part.strip()):
                    yield name(document), part.strip()


@pytest.mark.parametrize(("document", "line"), sorted(set(command_lines())))
def test_every_command_line_in_the_documents_can_be_given(document: str, line: str) -> None:
    words = shlex.split(line.split(" < ")[0].split(" > ")[0], comments=True)[1:]
    while words and words[0].startswith("--"):
        words = words[2:] if words[0] == "--config" else words[1:]
    known = dict(commands())
    if words in [[group] for group, *rest in known if rest]:
        return
    found = next((known[tuple(words[:size])] for size in (2, 1) if tuple(words[:size]) in known), None)
    if not words:
        return

    assert found, f"{document}: {line}"
    options = {name for parameter in found.params for name in (*parameter.opts, *parameter.secondary_opts)}
    used = {word.split("=")[0] for word in words if word.startswith("-") and len(word) > 1}
    assert used <= options | {"--help"}, f"{document}: {line}"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    head, tail = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    PAGE.write_text(f"{head}\n\n{described()}\n{tail}", encoding="utf-8")
