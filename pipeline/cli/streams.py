"""Commands that read lines and write lines: ``cluster``, ``canonical``, ``parse``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pipeline.cli.output import Unread, print_json, read_json_lines
from pipeline.dedup import ClusterInput, StoryOptions, read_input
from pipeline.dedup import cluster as place_stream
from pipeline.errors import InputError
from pipeline.model import Entry, Feed, FetchFailed
from pipeline.parse import parse as parse_document
from pipeline.text import to_iso
from pipeline.urls import canonical_url


def add_commands(app: typer.Typer) -> None:
    """Puts the commands of this module into the app."""
    app.command()(cluster)
    app.command()(canonical)
    app.command()(parse)


def cluster(
    grain: Annotated[
        Literal["broad", "normal", "fine"], typer.Option(help="How much is one story: a topic .. one event.")
    ] = "normal",
) -> None:
    """Group entries, JSON Lines on stdin, into stories. One line out for each line in, in order.

    An entry without `published` is taken to be as old as the one before it; where none is, to be older than all. A
    line that cannot be understood is answered with an `error` and no story; the others are placed, and the exit code
    is 2.

    \b
    Examples:
      echo '{"id": 1, "title": "Rain", "published": "2026-03-05T06:00:00Z"}' |
        newsward cluster --grain fine
    """
    unread = Unread()
    given: dict[str, Any] = {}  # the ids as they were given, by line: they may be of any type, and repeat
    for placed in place_stream(_inputs(given, unread), StoryOptions(grain=grain)):
        first = (placed.id, placed.entry, placed.article, placed.story)
        ids = zip(("id", "entry", "article", "story"), (given[one] for one in first), strict=True)
        print_json({**dict(ids), "relation": placed.relation.value})
    unread.leave()


def _inputs(given: dict[str, Any], unread: Unread) -> Iterator[ClusterInput]:
    """The lines that can be placed, and their ids into ``given``. One that cannot is answered when it is met: by then
    those before it are.
    """
    latest: datetime | None = None
    for number, line in read_json_lines(sys.stdin, "stdin"):
        name = None if isinstance(line, InputError) else line.get("id")
        entry = line if isinstance(line, InputError) else _input(line, number, latest)
        if isinstance(entry, InputError):
            unread.tell(entry, {"id": name, "entry": None, "article": None, "story": None, "relation": None})
        else:
            given[str(number)], latest = name, entry.published_at
            yield entry


def _input(line: dict[str, Any], number: int, latest: datetime | None) -> ClusterInput | InputError:
    try:
        return read_input({**line, "id": number}, undated=latest)
    except InputError as error:
        return InputError(f"stdin, line {number}: {error}")


def canonical() -> None:
    """Print the canonical form of each URL on stdin, one a line.

    \b
    Examples:
      echo 'https://WWW.example.com/news/?utm_source=rss' | newsward canonical
    """
    for line in sys.stdin:
        sys.stdout.write(canonical_url(line.strip().lstrip("\ufeff")) + "\n")
        sys.stdout.flush()


def parse(
    file: Annotated[str, typer.Argument(help="A feed document, or - for stdin.")],
    url: Annotated[str, typer.Option(help="Where it was found: the base of relative links.")] = "",
) -> None:
    """Parse a feed document. A line about the feed, then a line an entry.

    \b
    Examples:
      newsward parse seeds/feeds/first/lantern-tech.xml
      newsward parse - < seeds/feeds/first/dukou-keji.json
    """
    body = _read(file)
    document = parse_document(body, feed=Feed(url or file), url=url)
    if isinstance(document, FetchFailed):
        typer.echo(f"newsward: {'stdin' if file == '-' else file}: {document.reason}", err=True)
        raise typer.Exit(1)
    info = document.info
    print_json({"feed": {"title": info.title, "link": info.link, "language": info.language, "format": info.format}})
    for entry in document.entries:
        print_json(_parsed(entry))


def _parsed(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.guid or entry.url or entry.id,
        "title": entry.title,
        "link": entry.url,
        "published": to_iso(entry.published_at) if entry.published_at else None,
        "updated": to_iso(entry.updated_at) if entry.updated_at else None,
        "author": entry.author,
        "summary": entry.summary,
        "content": entry.content,
    }


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from error
