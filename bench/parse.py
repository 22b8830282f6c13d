"""How fast feeds are parsed beside feedparser, and every entry on which the two do not agree.

    NEWSWARD_DATA=DATA_DIR python -m bench.parse [FILE...] [--rounds 3] [--limit N] [--list] [--no-speed]

DATA_DIR/feeds/real holds captured feeds, one a file; FILEs are read instead of it. Bodies are in memory.

- **CPU**: the best of the rounds for each file; the parsers take turns within a round. "newsward, as published" reads
  what feedparser reads: titles, links, dates, guids, authors, HTML. "newsward, entries" makes whole entries of that:
  plain text, canonical address, identity and hash. "feedparser" is its default, "feedparser, plain" has both HTML
  options off. What is left to the slow parser is read in this process, so that it counts.
- **Agreement**: documents of feedparser's default against ours, entry by entry: how many there are, the title as
  plain text, the link, the date and the guid. A capture has no address: what is relative stays so for both. A
  difference is listed (``--list``) with the kind that explains it, found by rules from the two values and the
  document; "unexplained" is a fault until it is understood.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from io import BytesIO
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import Any

import feedparser

from pipeline.model import Document, Entry, Feed, FetchFailed
from pipeline.parse import parse, xmlfeed
from pipeline.parse.encoding import decode
from pipeline.parse.feed import read
from pipeline.parse.markup import plain_text
from pipeline.parse.slow import read_slowly

FIELDS = ("title", "link", "date", "guid")


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that the two parsers do not agree on."""

    file: str
    entry: int
    field: str
    theirs: str
    ours: str
    why: str


def newsward(body: bytes) -> Document | FetchFailed:
    return parse(body, feed=Feed("capture"), url="")


def newsward_items(body: bytes) -> object:
    return read(body)


def referee(body: bytes) -> Any:
    return feedparser.parse(BytesIO(body))


def referee_plain(body: bytes) -> Any:
    return feedparser.parse(BytesIO(body), sanitize_html=False, resolve_relative_uris=False)


PARSERS: dict[str, Callable[[bytes], Any]] = {
    "feedparser": referee,
    "feedparser, plain": referee_plain,
    "newsward, as published": newsward_items,
    "newsward, entries": newsward,
}


# --------------------------------------------------------------------------- speed


def timed(parser: Callable[[bytes], Any], body: bytes) -> float:
    began = time.process_time()
    parser(body)
    return (time.process_time() - began) * 1000


def speed(bodies: Sequence[bytes], rounds: int) -> None:
    best: dict[str, list[float]] = {name: [float("inf")] * len(bodies) for name in PARSERS}
    for number in range(rounds):
        for index, body in enumerate(bodies):
            for name, parser in PARSERS.items():
                best[name][index] = min(best[name][index], timed(parser, body))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    size = sum(map(len, bodies))
    print(f"\n{len(bodies)} documents, {size / 1e6:.1f} MB, best of {rounds} rounds\n")
    print("| parser | ms a feed | median | 95 % within | MB a second | times feedparser |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, times in best.items():
        mean, rate = fmean(times), size / 1e3 / sum(times)
        ratio = fmean(best["feedparser"]) / mean
        within = quantiles(times, n=20)[-1] if len(times) > 1 else mean
        print(f"| {name} | {mean:.2f} | {median(times):.2f} | {within:.2f} | {rate:.1f} | {ratio:.1f} |")


# --------------------------------------------------------------------------- agreement


def compared(name: str, body: bytes) -> tuple[int, list[Difference], bool]:
    """How many entries feedparser found, the differences, and whether the count differs."""
    theirs, ours = referee(body), newsward(body)
    if isinstance(ours, FetchFailed):
        count = len(theirs.entries)
        why = "no feed" if not theirs.version else "unexplained"
        return count, [Difference(name, -1, "count", str(count), ours.reason[:150], why)] if count else [], bool(count)
    if len(theirs.entries) != len(ours.entries):
        why = why_count(theirs, ours, body)
        lengths = str(len(theirs.entries)), f"{len(ours.entries)} ({ours.damage[:120]})"
        return len(theirs.entries), [Difference(name, -1, "count", *lengths, why)], True
    differences = [
        difference
        for number, (their, our) in enumerate(zip(theirs.entries, ours.entries, strict=True))
        for difference in differ(name, number, their, our, body)
    ]
    return len(theirs.entries), differences, False


def why_count(theirs: Any, ours: Document, body: bytes) -> str:
    if len(ours.entries) == 500 < len(theirs.entries):
        return "the newest 500 are kept"
    if ours.is_cut and len(ours.entries) == len(theirs.entries) - 1:
        return "the entry that the end cuts is left out"
    if ours.info.format.startswith("json"):
        return "JSON Feed: feedparser reads none"
    if theirs.bozo and len(ours.entries) > len(theirs.entries):
        return "feedparser lost entries behind a mistake"
    return "unexplained"


def differ(name: str, number: int, their: Any, our: Entry, body: bytes) -> Iterator[Difference]:
    values = {
        "title": (words(plain_text(their.get("title", ""))), words(our.title)),
        "link": (address(their.get("link", "")), address(our.url)),
        "date": (moment(their), our.published_at.isoformat() if our.published_at else ""),
        "guid": (their.get("id", "").strip(), our.guid),
    }
    for field, (theirs, ours) in values.items():
        if theirs != ours:
            yield Difference(name, number, field, theirs, ours, why(field, theirs, ours, their, our, body))


def words(title: str) -> str:
    """A title as a reader sees it, whichever way it was escaped."""
    return "".join(unescape(title).split())


def address(url: str) -> str:
    return "".join(url.split())


def moment(entry: Any) -> str:
    parsed = entry.get("published_parsed") or entry.get("created_parsed") or entry.get("updated_parsed")
    if not parsed:
        return ""
    try:
        return datetime(*parsed[:6], tzinfo=UTC).isoformat()
    except ValueError:
        return f"no date: {parsed[:6]}"


def why(field: str, theirs: str, ours: str, their: Any, our: Entry, body: bytes) -> str:
    """The kind of a difference, from the two values."""
    match field:
        case "title":
            return why_title(theirs, ours, our, body)
        case "link":
            return why_link(theirs, ours, their, our)
        case "date":
            return why_date(theirs, ours, their)
        case _:
            if ours and theirs.endswith(ours.lstrip("./")):
                return "a relative guid stays as published"
            return "unexplained"


def why_title(theirs: str, ours: str, our: Entry, body: bytes) -> str:
    if not theirs and ours:
        return "no title: the first words of the text"
    if "\ufffd" in theirs or "encoding" in decode(body).damage or "labelled" in decode(body).damage:
        return "feedparser misreads the encoding"
    if "".join(char for char in theirs if char.isprintable()) == "".join(char for char in ours if char.isprintable()):
        return "invisible characters are taken out"
    if len(our.title) >= 1000:
        return "cut at 1,000 characters"
    return "unexplained"


def why_link(theirs: str, ours: str, their: Any, our: Entry) -> str:
    if not ours and theirs == their.get("id") and not theirs.startswith("http"):
        return "a guid that is no address is no link"
    if not ours and any(link.get("href") == theirs for link in their.get("links", ())):
        return "an empty link is none, and not the base"
    if not ours and not theirs.lower().startswith(("http://", "https://")):
        return "no web address"
    if not theirs and any(link.get("href") == our.url for link in their.get("links", ())):
        return "Atom: an alternate that is no HTML is a link too"
    if theirs and any(address(link.get("href", "")) == ours for link in their.get("links", ())):
        return "Atom: the first alternate, and not the last"
    return "unexplained"


def why_date(theirs: str, ours: str, their: Any) -> str:
    raw = their.get("published") or their.get("created") or their.get("updated") or ""
    if theirs and ours:
        apart = abs(datetime.fromisoformat(theirs) - datetime.fromisoformat(ours))
        if apart.days < 3 and re.search(r"[+-](?:1[5-9]|[2-9]\d)", raw):
            return f"a zone that cannot be is taken for UTC: {raw}"
        return f"another zone: {raw}" if apart <= timedelta(hours=26) else f"unexplained: {raw}"
    if not theirs:
        return f"a format that feedparser does not know: {raw}"
    return "before 1990: no date" if theirs < "1990" else f"unexplained: {raw}"


def agreement(files: Sequence[tuple[str, bytes]], *, list_all: bool) -> None:
    entries, counts, found = 0, 0, []
    for name, body in files:
        count, differences, is_other = compared(name, body)
        entries, counts, found = entries + count, counts + is_other, found + differences
    kinds = Counter((one.field, one.why.partition(":")[0] if "Atom" not in one.why else one.why) for one in found)
    fields = Counter(one.field for one in found)
    both = len({(one.file, one.entry) for one in found if one.field in ("date", "guid")})
    print(f"\n{entries} entries of {len(files)} documents; {counts} documents with another number of entries\n")
    print("| field | equal |")
    print("|---|--:|")
    for field in FIELDS:
        print(f"| {field} | {1 - fields[field] / max(entries, 1):.3%} |")
    print(f"| date and guid | {1 - both / max(entries, 1):.3%} |")
    print("\n| field | differences | kind |")
    print("|---|--:|---|")
    for (field, kind), count in sorted(kinds.items(), key=lambda one: (one[0][0], -one[1])):
        print(f"| {field} | {count} | {kind} |")
    if list_all:
        for one in found:
            print(
                f"{one.file} [{one.entry}] {one.field} ({one.why})\n    theirs {one.theirs!r}\n    ours   {one.ours!r}"
            )


def main() -> None:
    xmlfeed.read_apart = read_slowly
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=0, help="of every so many files only one, for a quick look")
    parser.add_argument("--list", action="store_true", dest="list_all", help="every difference with both values")
    parser.add_argument("--no-speed", action="store_true")
    arguments = parser.parse_args()
    paths = arguments.files or sorted(
        path for path in (Path(os.environ["NEWSWARD_DATA"]) / "feeds" / "real").rglob("*") if path.is_file()
    )
    paths = paths[:: arguments.limit or 1]
    files = [("/".join(path.parts[-2:]), path.read_bytes()) for path in paths]
    if not arguments.no_speed:
        speed([body for _, body in files], arguments.rounds)
    agreement(files, list_all=arguments.list_all)


if __name__ == "__main__":
    main()
