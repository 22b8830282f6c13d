"""``feeds.toml`` changed by a command: tables more or one less, and every other line as its owner wrote it."""

from __future__ import annotations

import fcntl
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import tomlkit

from pipeline.config.loading import Config
from pipeline.config.problems import table_at
from pipeline.config.reading import read_text, read_toml
from pipeline.errors import ConfigError

_HEADER = re.compile(r"\s*\[")
_FEED_HEADER = re.compile(r"""\s*\[\[\s*(?:feed|"feed"|'feed')\s*\]\]""")
_BY_HAND = "change it by hand"


@contextmanager
def editing(folder: Path) -> Iterator[None]:
    """The configuration of this folder, edited by one command at a time; it is loaded inside.

    Two at once would lose the change of one. The kernel frees the lock in any case.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigError(f"cannot be opened: {error.strerror}", where=str(folder)) from error
    try:
        with suppress(OSError):  # some network file systems have no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def add_feed(config: Config, table: Mapping[str, Any]) -> str:
    """Puts a ``[[feed]]`` table at the end of the last file of ``feeds = [...]``; the file's name.

    Raises ConfigError, and leaves the file as it was, when there is none or it cannot be written.
    """
    return add_feeds(config, [table])


def add_feeds(config: Config, tables: Sequence[Mapping[str, Any]]) -> str:
    """As ``add_feed``, for many at once: all of them or none."""
    name = _last_file(config)
    _edit(config, name, "feed", lambda text: _with_tables(text, tables), lambda feeds: [*feeds, *map(dict, tables)])
    return name


def add_source(config: Config, table: Mapping[str, Any]) -> str:
    """Puts a ``[[source]]`` table there, as ``add_feed`` puts a feed."""
    name = _last_file(config)
    _edit(
        config, name, "source", lambda text: _appended(text, "source", [table]), lambda sources: [*sources, dict(table)]
    )
    return name


def remove_feed(config: Config, url: str) -> str:
    """Takes the ``[[feed]]`` table of a feed out, with the comment directly above it; the file's name.

    Raises ConfigError, and leaves the file as it was, when it cannot be written, or the feed comes from a
    ``[[source]]``.
    """
    where = config.place("feed", url)
    name, kind, number = table_at(where)
    if kind != "feed":
        raise ConfigError("this feed is one of a list and has no table of its own", where=where)
    index = number - 1
    _edit(
        config,
        name,
        "feed",
        lambda text: _without_table(text, index, name),
        lambda feeds: [*feeds[:index], *feeds[index + 1 :]],
    )
    return name


def _last_file(config: Config) -> str:
    names = read_toml(config.directory / config.file, config.file).get("feeds", ["feeds.toml"])
    if not names:
        remedy = 'put feeds = ["feeds.toml"] in its place, and make that file'
        raise ConfigError("'feeds' names no file to write into", where=config.file, remedy=remedy)
    return str(names[-1])


# --------------------------------------------------------------------------- the text


def _with_tables(text: str, tables: Sequence[Mapping[str, Any]]) -> str:
    """The text with the feeds behind all others; feeds given as an inline array get more items."""
    if not _is_inline(text):
        return _appended(text, "feed", tables)
    document = tomlkit.parse(text)
    for table in tables:
        item = tomlkit.inline_table()
        item.update(table)
        document["feed"].append(item)
    return tomlkit.dumps(document)


def _appended(text: str, key: str, tables: Sequence[Mapping[str, Any]]) -> str:
    """The text with ``[[key]]`` tables at its end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    blocks = [newline.join([f"[[{key}]]", *tomlkit.dumps(table).splitlines()]) for table in tables]
    before = text.rstrip()
    return (before + 2 * newline if before else "") + (2 * newline).join(blocks) + newline


def _without_table(text: str, index: int, name: str) -> str:
    if _is_inline(text):
        document = tomlkit.parse(text)
        del document["feed"][index]
        return tomlkit.dumps(document)
    lines = text.splitlines(keepends=True)
    headers = [number for number, line in enumerate(lines) if _FEED_HEADER.match(line)]
    if index >= len(headers):
        raise ConfigError("its tables are written in a way that cannot be edited", where=name, remedy=_BY_HAND)
    start, end = _span(lines, headers[index])
    # One empty line stays between what stood before and what stands behind.
    while end < len(lines) and not lines[end].strip() and (start == 0 or not lines[start - 1].strip()):
        end += 1
    return "".join(lines[:start] + lines[end:])


def _is_inline(text: str) -> bool:
    feeds = tomllib.loads(text).get("feed")
    return bool(feeds) and not any(_FEED_HEADER.match(line) for line in text.splitlines())


def _span(lines: list[str], header: int) -> tuple[int, int]:
    """The lines of a table, with the comment directly above its header, and without what belongs to the next.

    A comment that begins the file is about the file.
    """
    start = _above(lines, header)
    start = header if start == 0 else start
    following = next(
        (n for n in range(header + 1, len(lines)) if _HEADER.match(lines[n]) and _is_table(lines[n])), None
    )
    limit = len(lines) if following is None else _above(lines, following)
    keys = [n for n in range(header, limit) if lines[n].strip() and not _is_comment(lines[n])]
    end = keys[-1] + 1
    while end < limit and _is_comment(lines[end]):
        end += 1
    return start, end


def _above(lines: list[str], header: int) -> int:
    """Where the comment directly above a header begins; the header itself when there is none."""
    start = header
    while start > 0 and _is_comment(lines[start - 1]):
        start -= 1
    return start


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _is_table(line: str) -> bool:
    """Whether a line that begins with a bracket is a header, and not part of an array over several lines."""
    try:
        return bool(tomllib.loads(line))
    except tomllib.TOMLDecodeError:
        return False


# --------------------------------------------------------------------------- the file


def _edit(
    config: Config, name: str, key: str, change: Callable[[str], str], meant: Callable[[list[Any]], list[Any]]
) -> None:
    """Changes the text of a file, if what it says afterwards is what was meant of its ``[[key]]`` tables."""
    # What a link leads to is changed, and not the link.
    path = (config.directory / name).resolve()
    text = read_text(path, name)
    before = tomllib.loads(text)
    new = change(text)
    _compare(new, {**before, key: meant(before.get(key, []))}, key, name)
    _write(path, new, name)


def _compare(new: str, expected: Mapping[str, Any], key: str, name: str) -> None:
    """The last look: what would be written says what was meant, and nothing else."""
    try:
        found = tomllib.loads(new)
    except tomllib.TOMLDecodeError:
        found = {}
    if {key: [], **found} != expected:
        raise ConfigError("its tables are written in a way that cannot be edited", where=name, remedy=_BY_HAND)


def _write(path: Path, text: str, name: str) -> None:
    """Written beside and renamed, so that at no moment there is half a file; with the permissions of the old one."""
    try:
        status = path.stat()
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            beside = Path(file.name)
            try:
                file.write(text.encode())
                file.flush()
                os.fchmod(file.fileno(), status.st_mode & 0o7777)
                if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                    with suppress(OSError):  # only root may give a file away
                        os.fchown(file.fileno(), status.st_uid, status.st_gid)
                os.fsync(file.fileno())
                beside.replace(path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
    except OSError as error:
        remedy = f"{_BY_HAND}, where it can be written"
        raise ConfigError(f"cannot be written: {error.strerror}", where=str(path), remedy=remedy) from error
