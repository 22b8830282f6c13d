"""What crosses the pipes between the two processes."""

from __future__ import annotations

import io
import marshal
import pickle
import struct
from collections.abc import Callable, Sequence
from copyreg import dispatch_table
from dataclasses import fields, replace
from operator import attrgetter
from typing import IO, Any

from pipeline.model import Answer, Document, Due, Entry, FeedInfo, Fetched, Hints, Polled

HEAD = struct.Struct("<QQ")  # of an answer: the number of the shard, from 1 (0 = ready), and the length of what follows

Logged = tuple[str, str, dict[str, Any]]  # level, event, fields

# Pickle asks slotted dataclasses for their fields one by one, and remembers each string that it has met: for thousands
# of entries that takes longer than all else here. Moments are pickled, since marshal knows none.
_MOMENTS = ("published_at", "updated_at", "date_kind")
_NAMES = tuple(one.name for one in fields(Entry))
_BEFORE = _NAMES.index(_MOMENTS[0])
_texts = attrgetter(*(name for name in _NAMES if name not in _MOMENTS))
_moments = attrgetter(*_MOMENTS)


def _reduced(kind: type[Any]) -> Callable[[Any], tuple[type[Any], tuple[Any, ...]]]:
    values = attrgetter(*(one.name for one in fields(kind)))
    return lambda value: (kind, values(value))


_REDUCED: dict[type[Any], Callable[[Any], Any]] = {
    **dispatch_table,
    **{kind: _reduced(kind) for kind in (Answer, Document, FeedInfo, Fetched, Hints)},
}


def packed(polled: Sequence[Polled], dues: Sequence[Due], logged: Sequence[Logged] = ()) -> memoryview:
    """What came of these feeds, and what was logged meanwhile, for ``unpacked``."""
    places = {due.feed.url: place for place, due in enumerate(dues)}
    written = io.BytesIO()
    pickler = pickle.Pickler(written, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCED
    pickler.dump((list(logged), [(places[one.due.feed.url], *_parts(one)) for one in polled]))
    return written.getbuffer()


def _parts(polled: Polled) -> tuple[Any, ...]:
    document = polled.document
    if document is None:
        return polled.result, None, b"", ()
    texts, moments = list(map(_texts, document.entries)), list(map(_moments, document.entries))
    return polled.result, replace(document, entries=()), marshal.dumps(texts), moments


def unpacked(answer: bytes | memoryview, dues: Sequence[Due]) -> tuple[list[Polled], list[Logged]]:
    """What ``packed`` was given."""
    logged, parts = pickle.loads(answer)  # noqa: S301 - from our own program
    return [_polled(dues[place], *rest) for place, *rest in parts], logged


def _polled(due: Due, result: Any, document: Document | None, texts: bytes, moments: Sequence[Any]) -> Polled:
    if document is None:
        return Polled(due, result)
    rows = marshal.loads(texts)  # noqa: S302 - from our own program
    entries = (Entry(*words[:_BEFORE], *times, *words[_BEFORE:]) for words, times in zip(rows, moments, strict=True))
    return Polled(due, result, replace(document, entries=tuple(entries)))


def send(pipe: IO[bytes], data: bytes | memoryview) -> None:
    """Writes all of it, at once."""
    pipe.write(data)
    pipe.flush()
