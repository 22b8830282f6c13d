"""Where things are kept: whether the database can be, and whether editors are shown the right schemas."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.config.loading import Config
from pipeline.config.problems import Problem
from pipeline.config.schemas import FOLDER, outdated


def folder_problems(config: Config) -> Iterator[Problem]:
    """All about files and folders; looks, and makes nothing."""
    yield from _database(config)
    if stale := outdated(config.directory):
        what = f"{', '.join(stale)}: not as this version of newsward has them, so that an editor may mislead you"
        yield Problem(FOLDER, what, "newsward schema --write")


def _database(config: Config) -> Iterator[Problem]:
    where, database = f"{config.file}: [store]", config.database
    if database.is_dir():
        yield Problem(where, f"key 'database': {database} is a folder", "name a file in it", severity="error")
        return
    folder = next(one for one in (database.parent, *database.absolute().parents) if one.exists())
    if not folder.is_dir():
        yield Problem(where, f"key 'database': {folder} is no folder", "name another place", severity="error")
    elif not _is_writable(folder) or (database.exists() and not _is_writable(database)):
        what = f"key 'database': {folder if not database.exists() else database} cannot be written by this user"
        yield Problem(where, what, "give the user who runs it the right to write there, or name another place")
    elif folder != database.parent:
        what = f"key 'database': the folder {database.parent} does not exist yet"
        yield Problem(where, what, "a run will make it; correct the path if that is not meant")


def _is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK | (os.X_OK if path.is_dir() else 0))
