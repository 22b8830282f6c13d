"""What crosses the pipes between the two processes."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Sequence
from copyreg import dispatch_table
from dataclasses import fields, replace
from itertools import starmap
from operator import attrgetter
from typing import IO, Any

from pipeline.model import Answer, Document, Due, Entry, FeedInfo, Fetched, Hints, Polled, entry_of

_HEAD = struct.Struct("<QQ")  # the number of the shard, and how many parts follow
_SIZE = struct.Struct("<Q")  # of a part, in bytes
READY = 0  # the number of no shard: they are numbered from 1

Logged = tuple[str, str, dict[str, Any]]  # level, event, fields

# Pickle asks slotted dataclasses for their fields one by one: of tuples it is done in a third of the time.
_row = attrgetter(*(one.name for one in fields(Entry)))


def _reduced(kind: type[Any]) -> Callable[[Any], tuple[type[Any], tuple[Any, ...]]]:
    values = attrgetter(*(one.name for one in fields(kind)))
    return lambda value: (kind, values(value))


_REDUCED: dict[type[Any], Callable[[Any], Any]] = {
    **dispatch_table,
    **{kind: _reduced(kind) for kind in (Answer, Document, FeedInfo, Fetched, Hints)},
}


class _Pieces(list[bytes]):
    """A file that keeps what is written as it comes: one that grows is copied again and again."""

    write = list.append


def packed(polled: Sequence[Polled], dues: Sequence[Due], logged: Sequence[Logged] = ()) -> list[bytes]:
    """What was logged, and what came of each of these feeds, for ``unpacked``: parts that are short enough for the
    memory of one to be used for the next, since new memory is dear."""
    places = {due.feed.url: place for place, due in enumerate(dues)}
    pieces = _Pieces()
    pickler = pickle.Pickler(pieces, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCED
    parts = []
    for part in (list(logged), *((places[one.due.feed.url], *_parts(one)) for one in polled)):
        pickler.dump(part)
        pickler.clear_memo()
        parts.append(b"".join(pieces))
        pieces.clear()
    return parts


def _parts(polled: Polled) -> tuple[Any, ...]:
    document = polled.document
    if document is None:
        return polled.result, None, ()
    return polled.result, replace(document, entries=()), list(map(_row, document.entries))


def unpacked(parts: Sequence[bytes], dues: Sequence[Due]) -> tuple[list[Polled], list[Logged]]:
    """What ``packed`` was given."""
    logged, *feeds = map(pickle.loads, parts)
    return [_polled(dues[place], *rest) for place, *rest in feeds], logged


def _polled(due: Due, result: Any, document: Document | None, rows: Sequence[Any]) -> Polled:
    if document is None:
        return Polled(due, result)
    return Polled(due, result, replace(document, entries=tuple(starmap(entry_of, rows))))


def send(pipe: IO[bytes], number: int, parts: Sequence[bytes]) -> None:
    """Writes an answer, all of it."""
    pipe.write(_HEAD.pack(number, len(parts)))
    for part in parts:
        pipe.write(_SIZE.pack(len(part)))
        pipe.write(part)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[int, list[bytes]]:
    """The next answer, its number and its parts. Raises EOFError when there is no whole one."""
    number, count = _HEAD.unpack(_read(pipe, _HEAD.size))
    return number, [_read(pipe, *_SIZE.unpack(_read(pipe, _SIZE.size))) for _ in range(count)]


def _read(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data
