"""What stands in the documents: their fenced blocks, and what the lines above a block say about running it.

A block of commands is fenced as ``sh``. The blocks of a document are run in order, in one folder (``stage.py``).
Directly above a fence may stand, invisible to readers:

    <!-- not run: why -->          the block is not run
    <!-- first: a command -->      run before the block, in its place among the others

and in a command's comment, for readers too:

    # exits with 1                 so it must
    # leave it running             it is started, and ended after the document's last block

A ``text`` block directly below the fence of a block of commands, with no line between, shows what it prints on
stdout; it is compared word by word, and ``...`` stands for words left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))

_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<language>\w*)\s*$")
_MARK = re.compile(r"^ *<!-- (?P<word>not run|first): (?P<said>.+?) -->\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. ``line`` is that of its fence; ``shows`` what a block of commands is said to print."""

    document: str
    line: int
    language: str
    text: str
    not_run: str = ""
    first: str = ""
    shows: str | None = None


def name(document: Path) -> str:
    """How a document is called: its path from the root."""
    return document.relative_to(ROOT).as_posix() if document.is_relative_to(ROOT) else document.name


def blocks(document: Path) -> list[Block]:
    """The fenced blocks of a document, in order."""
    found: list[Block] = []
    lines = document.read_text(encoding="utf-8").splitlines()
    at = after = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if not fence:
            at += 1
            continue
        end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == fence["ticks"]), len(lines))
        text = "".join(f"{line.removeprefix(fence['indent'])}\n" for line in lines[at + 1 : end])
        if found and found[-1].language == "sh" and fence["language"] == "text" and at == after:
            found[-1] = replace(found[-1], shows=text)
        found.append(Block(name(document), at + 1, fence["language"], text, **_marks(lines[:at])))
        at = after = end + 1
    return found


def _marks(above: list[str]) -> dict[str, str]:
    marks = {}
    for line in reversed(above):
        mark = _MARK.match(line)
        if not mark:
            break
        marks[mark["word"].replace(" ", "_")] = mark["said"]
    return marks


def command_blocks(document: Path) -> list[Block]:
    """The blocks of commands of a document."""
    return [block for block in blocks(document) if block.language == "sh"]


def prose(document: Path) -> str:
    """A document without its fenced blocks."""
    return re.sub(r"^ *(`{3,}).*?^ *\1 *$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


_EXITS = re.compile(r"^(?P<command>.*?)\s+#.*\bexits with (?P<code>\d+)\b")
_STAYS = re.compile(r"^(?P<command>.*?)\s+#.*\bleave it running\b")


def script(block: Block) -> str:
    """The block as bash runs it: with what its comments say of exit codes and of commands that stay."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return "\n".join([*([block.first] if block.first else []), *map(_obeyed, lines), ""])


def _obeyed(line: str) -> str:
    if exits := _EXITS.match(line):
        told = f'{{ echo "ended with $code, not {exits["code"]}" >&2; exit 1; }}'
        return f'code=0; {exits["command"]} || code=$?; [ "$code" = {exits["code"]} ] || {told}'
    if stays := _STAYS.match(line):
        # It is up as soon as it says something.
        waits = "until [ -s $said ]; do kill -0 $left || { cat $said >&2; exit 1; }; sleep 0.05; done"
        return f"said=$(mktemp); {stays['command']} >$said 2>&1 & left=$!\n{waits}"
    return line


def differs(printed: str, shown: str) -> bool:
    """Whether the words printed are not those shown; widths and rules of tables are no words."""
    pieces = [re.findall(r"[^\s-]\S*", piece) for piece in re.split(r"(?:^|(?<=\s))\.\.\.(?=\s|$)", shown)]
    pattern = r"(?:\s.*\s|\s)".join(r"\s+".join(map(re.escape, piece)) for piece in pieces if piece)
    words = " ".join(re.findall(r"[^\s-]\S*", printed))
    start = "" if pieces[0] else r"(?:.*\s)?"
    end = "" if pieces[-1] else r"(?:\s.*)?"
    return not re.fullmatch(f"{start}{pattern}{end}", words, re.DOTALL)
