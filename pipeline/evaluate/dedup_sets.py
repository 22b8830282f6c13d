"""The labelled sets of deduplication, as files hold them and as streams in the order of time."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Literal

from pipeline.errors import InputError
from pipeline.model import Entry

GNEWS_SPACING = timedelta(seconds=10)  # that set has an order but no times

Grain = Literal["broad", "normal", "fine"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item of a labelled stream."""

    entry: Entry
    story: str
    companies: frozenset[str] | None = None
    first_telling: str = ""  # the label of the entry that it repeats, where that is known
    article: str = ""
    family: str = ""
    is_update: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """How a set is read, and the grain of its stories."""

    file: str
    grain: Grain
    read: Callable[[Iterable[Mapping[str, Any]]], list[Labelled]]


def read_stream(directory: Path, name: str) -> list[Labelled]:
    """A labelled stream of ``data/dedup`` by its name in ``STREAMS``, in the order of time."""
    stream = STREAMS[name]
    return stream.read(rows_of(directory / stream.file))


def rows_of(file: Path) -> Iterator[Mapping[str, Any]]:
    """The lines of a file of JSON lines, packed or not. Raises InputError for one that is not JSON."""
    with _open(file) as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise InputError(f"{file}, line {number}: not JSON") from error


def _open(file: Path) -> IO[str]:
    return gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8")


def _read_uci(rows: Iterable[Mapping[str, Any]]) -> list[Labelled]:
    return _in_time(
        Labelled(
            _entry(row["id"], row["title"], "", datetime.fromtimestamp(row["ts"], UTC), publisher=row["source"]),
            row["story"],
        )
        for row in rows
    )


def _read_gnews(rows: Iterable[Mapping[str, Any]]) -> list[Labelled]:
    start = datetime(2013, 11, 27, tzinfo=UTC)
    return [
        Labelled(_entry(row["id"], row["title"], row["snippet"], start + place * GNEWS_SPACING), str(row["story"]))
        for place, row in enumerate(rows)
    ]


def _read_basil(rows: Iterable[Mapping[str, Any]]) -> list[Labelled]:
    return _in_time(
        Labelled(
            _entry(row["id"], row["title"], row["lead"], datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)),
            row["story"],
        )
        for row in rows
    )


def read_stress(rows: Iterable[Mapping[str, Any]]) -> list[Labelled]:
    return _in_time(
        Labelled(
            _entry(
                row["id"], row["title"], row["summary"], datetime.fromtimestamp(row["ts"], UTC),
                publisher=row["source"], url=row["url"], guid=row["guid"],
            ),
            row["story"],
            frozenset({row["company"]}),
            row["entry"],
            row["article"],
            row["family"],
            bool(row["update"]),
        )
        for row in rows
    )  # fmt: skip


def titles(items: Iterable[Labelled]) -> list[Labelled]:
    return [replace(item, entry=replace(item.entry, text="")) for item in items]


def ungated(items: Iterable[Labelled]) -> list[Labelled]:
    return [replace(item, companies=None) for item in items]


def _in_time(items: Iterable[Labelled]) -> list[Labelled]:
    return sorted(items, key=lambda item: item.entry.published_at or datetime.min.replace(tzinfo=UTC))


def _entry(
    id: object, title: str, text: str, at: datetime, *, publisher: str = "", url: str = "", guid: str = ""
) -> Entry:
    return Entry(
        str(id), publisher, title, text=text, published_at=at, publisher=publisher, url=url, guid=guid
    )  # fmt: skip


STREAMS: Mapping[str, Stream] = {
    "uci": Stream("uci_stream.jsonl", "broad", _read_uci),
    "gnews": Stream("gnews2013.jsonl", "broad", _read_gnews),
    "basil": Stream("basil.jsonl", "broad", _read_basil),
    "stress": Stream("stress_dev.jsonl.gz", "normal", read_stress),
    "stress_titles": Stream("stress_dev.jsonl.gz", "normal", lambda rows: titles(read_stress(rows))),
    "stress_ungated": Stream("stress_dev.jsonl.gz", "normal", lambda rows: ungated(read_stress(rows))),
    "stress_titles_ungated": Stream("stress_dev.jsonl.gz", "normal", lambda rows: titles(ungated(read_stress(rows)))),
}
