"""Every command in the documents is run, or says why not; every link leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.documents import DOCUMENTS, ROOT, Block, blocks, command_blocks, differs, name, prose, script
from tests.docs.stage import Stage, can_close_the_door

# Documents whose commands another test runs, in a place of their own.
ELSEWHERE = {"docs/recipes.md": "tests/integration/test_store_recipes.py"}
# Fences that are no commands; all others are refused, so that no command hides behind another word.
NO_COMMANDS = {"", "text", "toml", "json", "python", "sql", "xml", "yaml", "ini", "diff"}

PLAYED = [
    document
    for document in DOCUMENTS
    if name(document) not in ELSEWHERE and any(not block.not_run for block in command_blocks(document))
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as started:
        yield started


@pytest.mark.parametrize("document", PLAYED, ids=name)
def test_the_commands_of_a_document_run_as_written(document: Path, stage: Stage) -> None:
    asked = [block for block in command_blocks(document) if not block.not_run]

    played = stage.play(asked)

    for block, done in zip(asked, played, strict=False):
        where = f"{block.document}, line {block.line}:\n{block.text}\n"
        assert done.code == 0, f"{where}exit code {done.code}\n{done.out}{done.err}"
        if block.shows is not None:
            assert not differs(done.out, block.shows), f"{where}prints\n{done.out}"
    assert len(played) == len(asked)


def test_the_documents_are_run_where_nothing_leads_out() -> None:
    if not can_close_the_door():
        pytest.skip("no network namespace here: only Python programs are kept from the network while documents are run")


@pytest.mark.parametrize(("document", "test"), ELSEWHERE.items())
def test_what_is_run_elsewhere_is_run_there(document: str, test: str) -> None:
    assert Path(document).name in (ROOT / test).read_text(encoding="utf-8")


def test_every_fence_says_what_it_holds() -> None:
    unknown = [
        f"{block.document}, line {block.line}: {block.language}"
        for document in DOCUMENTS
        for block in blocks(document)
        if block.language not in {"sh", *NO_COMMANDS}
    ]

    assert unknown == []


def test_no_command_hides_among_outputs() -> None:
    hidden = [
        f"{block.document}, line {block.line}: {line}"
        for document in DOCUMENTS
        for block in blocks(document)
        if block.language in {"", "text"}
        for line in block.text.splitlines()
        if re.match(r"\$ |(newsward|sqlite-utils) ", line)
    ]

    assert hidden == []


def test_every_mark_stands_directly_above_a_block_of_commands() -> None:
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        marks = len(re.findall(r"^ *<!-- (?:not run|first)\b", text, re.MULTILINE))

        assert marks == sum(bool(b.not_run) + bool(b.first) for b in command_blocks(document)), name(document)


# --------------------------------------------------------------------------- links


def links() -> Iterator[tuple[Path, str]]:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "code", prose(document))):
            yield document, target


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub and most renderers make them."""
    headings = re.findall(r"^#+ (.+?)\s*$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("document", "target"), sorted(set(links())), ids=lambda one: name(one) if isinstance(one, Path) else one
)
def test_every_link_leads_somewhere(document: Path, target: str) -> None:
    if re.match(r"https?://", target):
        return
    path, _, anchor = target.partition("#")
    file = (document.parent / unquote(path)).resolve() if path else document

    assert file.exists()
    assert not anchor or unquote(anchor) in anchors(file)


def test_every_page_is_on_the_map() -> None:
    the_map = ROOT / "docs" / "README.md"
    linked = {
        (document.parent / target.partition("#")[0]).resolve() for document, target in links() if document == the_map
    }
    pages = [page for page in DOCUMENTS if page.parent.name not in {"decisions", "changelog.d"}]

    assert [name(page) for page in pages if page not in {the_map, *linked}] == []


# --------------------------------------------------------------------------- the conventions themselves


def _block(text: str, **marks: str) -> Block:
    return Block("a.md", 1, "sh", text, **marks)


def test_marks_and_outputs_belong_to_the_block_that_they_touch(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "<!-- not run: it waits -->\n```sh\nsleep 9\n```\n\n"
        "<!-- first: true -->\n```sh\necho a\n```\n```text\na\n```\n\n"
        "<!-- not run: too far away -->\n\n```sh\necho b\n```\n\n```text\nset apart\n```\n"
    )

    waiting, shown, plain = command_blocks(document)

    assert (waiting.not_run, waiting.line) == ("it waits", 2)
    assert (shown.first, shown.not_run, shown.shows) == ("true", "", "a\n")
    assert (plain.not_run, plain.shows) == ("", None)


def test_comments_say_how_a_command_ends() -> None:
    told = script(_block("newsward run   # exits with 1\nnewsward daemon   # leave it running\necho done\n"))

    assert told.splitlines()[0].startswith("code=0; newsward run || code=$?;")
    assert "newsward daemon >$said 2>&1 &" in told
    assert told.splitlines()[-1] == "echo done"


@pytest.mark.parametrize(
    ("printed", "shown", "is_other"),
    [
        ("a  b\n-  --\n1  2\n", "a b\n--- ---\n1 2\n", False),
        ("a b\n1 3\n", "a b\n1 2\n", True),
        ("a b\n1 3\n", "a b\n...\n", False),
        ("first\nlast\n", "...\nlast\n", False),
        ("first\nlast\n", "last\n", True),
        ("first and last\n", "first ... last\n", False),
    ],
)
def test_outputs_are_compared_word_by_word(printed: str, shown: str, is_other: bool) -> None:
    assert differs(printed, shown) is is_other
