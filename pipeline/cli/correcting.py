"""``newsward stories split|merge|same|notsame|rebuild``: what people know better, and the indexes made anew."""

from __future__ import annotations

import json as jsons  # `json` is the name of the option
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.output import print_json, progress_bar, say, tell
from pipeline.cli.root import Settings, now
from pipeline.dedup import look_at
from pipeline.errors import InputError
from pipeline.model import Member, Merge
from pipeline.store import RunLock, Store

PAIRS = "story_pairs.jsonl"  # beside the database; `newsward eval dedup` knows it by this name

Json = Annotated[bool, typer.Option("--json", help="One JSON line that says what was done.")]


def add_commands(app: typer.Typer) -> None:
    """Puts the commands of this module among those of ``stories``."""
    app.command("split")(split)
    app.command("merge")(merge)
    app.command("same")(same)
    app.command("notsame")(notsame)
    app.command("rebuild")(rebuild)


def split(
    context: typer.Context,
    story: Annotated[str, typer.Argument(help="The story's id, as `stories list` shows it.")],
    entries: Annotated[
        list[str] | None, typer.Argument(help="Ids of entries; else what the last merge took in.")
    ] = None,
    json: Json = False,
) -> None:
    """Take entries out of a story into one of their own.

    Copies go with their article. Without entries it undoes the last merge. A story keeps the entry that opened it: take
    that one out, and the rest gets the new id. Nothing is alerted, also not when entries come later that join one of
    them: who was told of the story knows of both. `stories explain STORY --json` shows the ids of entries.

    \b
    Examples:
      newsward --config my-watch stories split 0123456789abcdef fedcba9876543210
    """
    with _correcting(context) as store:
        _demand(store, story)
        fresh = store.split(story, entries or (), _look(store), rule="split_by_hand", now=now())
    if not fresh:
        what = "those entries are not in it, or all of it" if entries else "no merge is on record"
        raise InputError(
            f"story {story} cannot be split so: {what} (`newsward stories explain {story}` shows its entries)"
        )
    _done({"story": story, "new_story": fresh}, f"{story} is two stories now; the other is {fresh}", json)


def merge(
    context: typer.Context,
    story: Annotated[str, typer.Argument(help="The story that stays; the older alert counts.")],
    other: Annotated[str, typer.Argument(help="The story that becomes part of it.")],
    json: Json = False,
) -> None:
    """Make one story of two.

    What the other story still owes to a channel that was told of the one is not sent any more. `stories split STORY`
    undoes it.

    \b
    Examples:
      newsward --config my-watch stories merge 0123456789abcdef fedcba9876543210
    """
    if story == other:
        raise InputError(f"{story} was named twice; a merge needs two stories")
    with _correcting(context) as store:
        _demand(store, story)
        _demand(store, other)
        store.merge(Merge(story, other, 1.0), rule="merged_by_hand")
    _done({"story": story, "merged": other}, f"{other} is now part of {story}", json)


def same(
    context: typer.Context,
    one: Annotated[str, typer.Argument(help="An entry's id, or a story's.")],
    other: Annotated[str, typer.Argument(help="An entry's id, or a story's.")],
    json: Json = False,
) -> None:
    """Note that two entries tell one story, for `eval dedup`.

    The pair goes into story_pairs.jsonl beside the database, with its words. Stories stay as they are: `stories merge`
    changes them.

    \b
    Examples:
      newsward --config my-watch stories same 0123456789abcdef fedcba9876543210
    """
    _note(context, one, other, is_same=True, json=json)


def notsame(
    context: typer.Context,
    one: Annotated[str, typer.Argument(help="An entry's id, or a story's.")],
    other: Annotated[str, typer.Argument(help="An entry's id, or a story's.")],
    json: Json = False,
) -> None:
    """Note that two entries tell two stories, for `eval dedup`.

    The pair goes into story_pairs.jsonl beside the database, with its words. Stories stay as they are: `stories split`
    changes them.

    \b
    Examples:
      newsward --config my-watch stories notsame 0123456789abcdef fedcba9876543210
    """
    _note(context, one, other, is_same=False, json=json)


def rebuild(context: typer.Context, json: Json = False) -> None:
    """Make the indexes of stories and copies anew.

    From the stored entries; stories stay as they are. For after an upgrade whose notes ask for it, or when `health`
    finds the database damaged and it was repaired.

    \b
    Examples:
      newsward --config my-watch stories rebuild
    """
    settings: Settings = context.obj
    config = settings.load()
    since = now() - config.store.indexes
    with (
        RunLock(config.database.parent, wait=False),
        Store.open(config.database, create=False) as store,
        progress_bar() as progress,
    ):
        task = progress.add_task("indexing", total=None)
        done = store.reindex(_look(store), since, lambda count: progress.update(task, completed=count))
    _done({"entries": done}, f"the indexes of {done} entries were made anew", json)


# --------------------------------------------------------------------------- how


@contextmanager
def _correcting(context: typer.Context) -> Iterator[Store]:
    """The database, while no run is at work on the same stories."""
    settings: Settings = context.obj
    database = settings.database()
    with RunLock(database.parent, wait=False), Store.open(database, create=False) as store:
        yield store


def _look(store: Store) -> Callable[[Member], tuple[Sequence[int], Sequence[str]]]:
    """What the indexes hold of an entry, with the names of the companies, by which round-ups are known."""
    return partial(look_at, names={row["id"]: row["name"] for row in store.rows("company_ids")})


def _demand(store: Store, story: str) -> None:
    if not store.stories([story]):
        raise InputError(f"no story {story}; `newsward stories list` shows the ids")


def _note(context: typer.Context, one: str, other: str, *, is_same: bool, json: bool) -> None:
    settings: Settings = context.obj
    database = settings.database()
    with Store.open(database, create=False) as store:
        rows = store.rows("entry_pair", one=one, other=other)
    missing = [name for name in (one, other) if name not in [row["id"] for row in rows]]
    if missing or one == other:
        raise InputError(
            f"no two entries in stories: {' and '.join(missing or [one])} (`stories explain` shows the ids)"
        )
    file = database.parent / PAIRS
    first, second = map(_telling, rows)
    _append(file, {"a": first, "b": second, "same": is_same})
    words = "one story" if is_same else "two stories"
    _done({"file": str(file), "same": is_same}, f"noted in {file}: {one} and {other} tell {words}", json)
    if not json:
        say(f"`newsward eval dedup {file}` says how many pairs come out as noted")


def _telling(row: dict[str, Any]) -> dict[str, Any]:
    """A line of `newsward cluster`."""
    return {**row, "companies": jsons.loads(row["companies"])}


def _append(file: Path, line: dict[str, Any]) -> None:
    with file.open("a", encoding="utf-8") as lines:
        lines.write(jsons.dumps(line, ensure_ascii=False) + "\n")


def _done(line: dict[str, Any], words: str, json: bool) -> None:
    if json:
        print_json(line)
    else:
        tell(words)
