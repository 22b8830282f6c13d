"""Compiled names as bytes, so that the next start need not compile the same watchlist again.

Flat arrays behind a head of JSON: what is read back is numbers and text, never code. A file of another watchlist, of
other rules or words, or one that broke is taken for none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from importlib.resources import files
from typing import Protocol

from pipeline import __version__
from pipeline.match.compact import Multimap, PairSet, WordTable
from pipeline.match.compiling import CompiledNames
from pipeline.model import Company

_MAGIC = b"newsward names 1\n"
_HEAD_AT_MOST = 4096  # bytes
_WORD_LISTS = ("pyspellchecker", "ahocorasick_rs")  # packages that take part in what is compiled


class Shelf(Protocol):
    """Where bytes are kept that can be made anew at any time."""

    def get(self, name: str) -> bytes | None:
        """What was put there; None if nothing was, or if it cannot be read."""

    def put(self, name: str, content: bytes) -> None:
        """Keeps it if possible, and may forget what was put before."""


def name_of(companies: Iterable[Company], decoys: Iterable[str], *, fuzzy: bool) -> str:
    """Differs whenever something differs that the compiled names depend on."""
    digest = blake2b(digest_size=16)
    for part in (_program(), repr(fuzzy), repr(tuple(decoys))):
        digest.update(part.encode("utf-8", "surrogatepass"))
    for company in companies:
        said = (company.name, company.aliases, company.tickers, company.domains, company.exclude)
        digest.update(repr(said).encode("utf-8", "surrogatepass"))
    return f"names-{digest.hexdigest()}"


@cache
def _program() -> str:
    """The version of everything that has a say: this program, also between its versions, and its word lists."""
    digest = blake2b(digest_size=16)
    package = files("pipeline.match")
    ours = [item for folder in (package, package / "data") for item in folder.iterdir() if item.is_file()]
    for item in sorted(ours, key=lambda item: item.name):
        digest.update(item.read_bytes())
    digest.update((files("pipeline") / "text.py").read_bytes())
    return " ".join([__version__, sys.byteorder, digest.hexdigest(), *map(version, _WORD_LISTS)])


def pack(compiled: CompiledNames, near: Multimap) -> bytes:
    """The names as bytes that ``unpack`` reads."""
    sections = [*compiled.words.sections(), *compiled.patterns.sections(), *compiled.pairs.sections()]
    sections += [*near.sections(), "\n".join(compiled.loose).encode()]
    content = b"".join(bytes(section) for section in sections)
    head = {
        "longest": compiled.longest,
        "sizes": [len(memoryview(section).cast("B")) for section in sections],
        "digest": _digest(content),
    }
    return _MAGIC + json.dumps(head).encode() + b"\n" + content


def unpack(packed: bytes) -> tuple[CompiledNames, Multimap] | None:
    """What ``pack`` was given; None for anything else."""
    if not packed.startswith(_MAGIC):
        return None
    end = packed.find(b"\n", len(_MAGIC), len(_MAGIC) + _HEAD_AT_MOST)
    content = memoryview(packed)[end + 1 :]
    try:
        head = json.loads(packed[len(_MAGIC) : end])
        sizes, longest, digest = head["sizes"], head["longest"], head["digest"]
    except (ValueError, LookupError, TypeError):
        return None
    if digest != _digest(content) or sum(sizes) != len(content):
        return None
    sections = iter(list(_cut(content, sizes)))
    words, patterns = WordTable.of(sections), Multimap.of(sections)
    pairs, near = PairSet.of(sections), Multimap.of(sections)
    loose = bytes(next(sections)).decode()
    return CompiledNames(words, patterns, pairs, tuple(loose.split("\n")) if loose else (), longest), near


def _digest(content: bytes | memoryview) -> str:
    return blake2b(content, digest_size=16).hexdigest()


def _cut(content: memoryview, sizes: list[int]) -> Iterator[memoryview]:
    begin = 0
    for size in sizes:
        yield content[begin : begin + size]
        begin += size
