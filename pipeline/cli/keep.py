"""Commands for the life of the data: ``prune``, ``backup``, ``restore``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, TaskProgressColumn

from pipeline.cli.output import print_json, print_table, progress_bar, say, tell
from pipeline.cli.root import Settings, now
from pipeline.errors import StoreError
from pipeline.store import Pruned, RunLock, Store, backup_folder, free_name
from pipeline.store import backup as make_backup
from pipeline.store import restore as put_back
from pipeline.store.copies import Watch
from pipeline.text import to_iso

_FOR_EVER = ("hits", "stories", "alerts", "deliveries")


def add_commands(app: typer.Typer) -> None:
    """Puts the commands of this module into the app."""
    for command in (prune, backup, restore):
        app.command()(command)


def prune(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    vacuum: Annotated[bool, typer.Option("--vacuum", help="Give the space back to the disk afterwards.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for a run that is going on instead of leaving.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line on stdout.")] = False,
) -> None:
    """Forget old entries about nobody, and old fetches and runs.

    `[store]` says how old: `retention` and `history`. `run` and `daemon` do the same by themselves once a day.
    Hits, their entries, stories, alerts and deliveries stay for ever. Exits with 1 while a run is going on.

    \b
    Examples:
      newsward --config my-watch prune --dry-run
      newsward --config my-watch prune --vacuum
    """
    if dry_run and vacuum:
        raise typer.BadParameter("--dry-run changes nothing, --vacuum does", param_hint="--vacuum")
    settings: Settings = context.obj
    config, moment = settings.load(), now()
    options = config.store
    lock = RunLock(config.database.parent, wait=wait)
    with lock, Store.open(config.database, busy_timeout=options.busy_timeout, create=False) as store:
        with _progress("pruning") as (progress, task):
            progress.update(task, total=store.prune_candidates(options, moment))
            pruned = store.prune(options, moment, dry_run=dry_run, watch=lambda count: progress.advance(task, count))
        if not dry_run:
            store.note_upkeep(moment)
            store.checkpoint()
        if vacuum:
            store.vacuum()
        counts = store.rows("table_counts")[0]
    size = config.database.stat().st_size
    if as_json:
        print_json(_pruned_line(pruned, counts, size, dry_run=dry_run, vacuumed=vacuum))
        return
    _show_pruned(pruned, counts, dry_run=dry_run)
    if moment - pruned.as_of > timedelta(days=2):
        say("the runs of two days in a row must agree with the clock before anything is old by it; run again tomorrow")
    say(f"{config.database}: {_size(size)}" + (", its free space given back to the disk" if vacuum else ""))


def _pruned_line(pruned: Pruned, counts: dict[str, Any], size: int, *, dry_run: bool, vacuumed: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "vacuumed": vacuumed,
        "as_of": to_iso(pruned.as_of),
        "removed": _went(pruned),
        "left": _left(pruned, counts, dry_run=dry_run),
        "database_bytes": size,
    }


def _went(pruned: Pruned) -> dict[str, int]:
    return {name: getattr(pruned, name) for name in ("entries", "sightings", "fetches", "runs", "bytes")}


def _left(pruned: Pruned, counts: dict[str, Any], *, dry_run: bool) -> dict[str, int]:
    names = ("entries", "sightings", "fetches", "runs", *_FOR_EVER)
    return {name: counts[name] - (getattr(pruned, name, 0) if dry_run else 0) for name in names}


def _show_pruned(pruned: Pruned, counts: dict[str, Any], *, dry_run: bool) -> None:
    went, left = _went(pruned), _left(pruned, counts, dry_run=dry_run)
    rows: list[tuple[object, ...]] = [(name, went.get(name, 0), left[name]) for name in left]
    rows.append(("bytes of text", went["bytes"], ""))
    print_table(("what", "would go" if dry_run else "went", "stays"), rows)


def backup(
    context: typer.Context,
    target: Annotated[
        Path | None, typer.Argument(help="A file, or a folder that is there; default: `backups/` beside the database.")
    ] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="Leave so many backups in the folder; the oldest go.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line on stdout.")] = False,
) -> None:
    """Copy the database into one verified file, while it is in use.

    In a folder the file is named by the moment, such as `newsward-20261126T060000Z.db`; nothing is ever overwritten.
    Exits with 1 when the copy cannot be made or is not sound; then no file is left.

    \b
    Examples:
      newsward --config my-watch backup
      newsward --config my-watch backup --keep 7
    """
    settings: Settings = context.obj
    config, moment = settings.load(), now()
    database = config.database
    folder = backup_folder(database) if target is None else target
    in_folder = target is None or target.is_dir()
    if not in_folder and (keep is not None or not folder.parent.is_dir()):
        missing = folder if keep is not None else folder.parent
        raise StoreError(f"{missing}: there is no such folder (make it; or is its disk not mounted?)")
    file = free_name(folder, moment) if in_folder else folder
    with _copying("copying") as watch:
        made = make_backup(database, file, busy_timeout=config.store.busy_timeout, keep=keep, now=moment, watch=watch)
    if as_json:
        removed = [str(path) for path in made.removed]
        print_json({"file": str(made.file), "bytes": made.bytes, **made.counts, "removed": removed})
        return
    tell(f"{made.file}: {_size(made.bytes)}, verified: {_told(made.counts)}")
    for path in made.removed:
        say(f"removed {path}")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `newsward backup` made, by this or an older version.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for a run that is going on instead of leaving.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line on stdout.")] = False,
) -> None:
    """Put a backup in the place of the database.

    A daemon may go on working meanwhile. The backup is verified first. What is there now is kept in `backups/` beside
    the database, or moved aside when it is too damaged to be read. Companies and feeds that are known now stay. Exits
    with 1, and changes nothing, when the backup is damaged, of a later version or another program's, or while a run is
    going on.

    \b
    Examples:
      newsward --config my-watch backup before.db
      newsward --config my-watch restore before.db
    """
    settings: Settings = context.obj
    config, moment = settings.load(), now()
    with RunLock(config.database.parent, wait=wait), _copying("restoring") as watch:
        done = put_back(file, config.database, busy_timeout=config.store.busy_timeout, now=moment, watch=watch)
    moved = [str(path) for path in done.moved]
    if as_json:
        kept = done.kept and str(done.kept)
        print_json({"file": str(file), "before": done.before, "after": done.after, "kept": kept, "moved": moved})
        return
    tell(f"before: {_told(done.before) if done.before else 'no database that could be read'}")
    tell(f"after:  {_told(done.after)}")
    for path in moved:
        say(f"moved aside: {path}")
    if done.kept:
        say(f"kept what was there: {done.kept}")
    say(
        "Alerts sent since that backup may be sent again, under the same idempotency key: receivers that heed it "
        "tell their people once."
    )


def _told(counts: Any) -> str:
    words = {"entries": "entry", "hits": "hit", "stories": "story", "alerts": "alert"}
    parts = [f"{counts[many]} {one if counts[many] == 1 else many}" for many, one in words.items()]
    return ", ".join(parts) + f" ({counts['sent']} sent)"


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"


@contextmanager
def _copying(what: str) -> Iterator[Watch]:
    with _progress(what) as (progress, task):
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def _progress(what: str) -> Iterator[tuple[Progress, Any]]:
    """A bar that tells the share that is done."""
    with progress_bar(count=TaskProgressColumn()) as progress:
        yield progress, progress.add_task(what, total=None)
