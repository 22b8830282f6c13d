"""How fast entries are matched, how fast a watchlist is compiled and what it takes, ours beside the usual tools.

    python -m bench.match_speed [--names 10 1000 10000 100000 1000000] [--methods bare ours] [--seconds 3] [--shelf DIR]
    python -m bench.match_speed --kept --names 10000 1000000 [--methods ours]

Every method runs in a process of its own, and in turns with the bare automaton (ahocorasick-rs, overlapping, boundaries
checked, over the lower-cased names): ``share`` is the processor time of the bare automaton divided by the method's, the
median of the turns, and so the figure to compare; entries a second depend on the computer and on what else it does.
Memory is the resident growth by compiling; for ours also with the companies, of which others need only the names.
flashtext takes part where it is installed. With ``--shelf`` a second run reads back what ours compiled in the first.

``--kept``: how much of the speed with the first number of names is kept with the others. The processes of all numbers
live at once and are asked in turns, so that a slow minute falls on all; the median of the turns' ratios.

With ``NEWSWARD_DATA`` names come from its company catalogue (beyond that, parts of real names put together anew) and
entries from the development half of agnews; without it both are made up.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from ahocorasick_rs import AhoCorasick
from rapidfuzz import fuzz, process

from pipeline.match import MatchEngine, Matcher
from pipeline.match.forms import core_of
from pipeline.model import Company, Entry, Watchlist
from pipeline.store import Shelf

LEGAL = ("Inc.", "Corp.", "Ltd", "PLC", "AG", "Group", "Holdings Inc.", "Co.", "LLC", "S.A.", "")
TRADES = (
    "Bank",
    "Energy",
    "Software",
    "Foods",
    "Pharma",
    "Insurance",
    "Capital",
    "Steel",
    "Motors",
    "Media",
    "Systems",
)
TURN = 250  # entries that a method is asked in one turn
TURNS_AT_LEAST = 20  # of which a median is taken
# Beyond these sizes one turn takes minutes.
LARGEST = {"rapidfuzz": 10_000, "regex": 10_000}
Ask = Callable[[str, str], int]  # title, text -> how much was found


def main() -> None:
    options = _options()
    if options.child and options.kept:
        _answer_in_turns(options.methods[0], options.names[0], options.seconds, options.shelf)
        return
    if options.child:
        print(json.dumps(_measure(options.methods[0], options.names[0], options.seconds, options.shelf)))
        return
    if options.kept:
        for method in filter(_is_here, options.methods):
            _show_kept(method, [size for size in options.names if size <= LARGEST.get(method, size)], options)
        return
    print("    names method      entries/s   share  found  build s  B/name    all")
    for size in options.names:
        for method in options.methods:
            if size <= LARGEST.get(method, size) and _is_here(method):
                _show(size, method, _in_a_child(method, size, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, nargs="+", default=[10, 1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seconds", type=float, default=3.0, help="processor time for the turns of one method")
    parser.add_argument("--shelf", type=Path, help="a folder for what ours compiles: a second run reads it back")
    parser.add_argument("--kept", action="store_true", help="of the speed with the first number of names, by turns")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _in_a_child(method: str, size: int, options: argparse.Namespace) -> dict[str, Any]:
    done = subprocess.run(_child(method, size, options), check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _child(method: str, size: int, options: argparse.Namespace) -> list[str]:
    command = [sys.executable, "-m", "bench.match_speed", "--child", "--methods", method]
    command += ["--names", str(size), "--seconds", str(options.seconds)]
    command += ["--kept"] if options.kept else []
    return command + (["--shelf", str(options.shelf)] if options.shelf else [])


def _is_here(method: str) -> bool:
    return method != "flashtext" or find_spec("flashtext") is not None


def _show_kept(method: str, sizes: Sequence[int], options: argparse.Namespace) -> None:
    """The children build one after another, and are then asked in turns."""
    with ExitStack() as stack:
        children = []
        for size in sizes:
            child = subprocess.Popen(
                _child(method, size, options), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            stack.callback(child.wait)
            stack.callback(child.kill)
            _next_line(child)
            children.append(child)
        turns, spent = [], 0.0
        while spent < options.seconds * len(children) or len(turns) < TURNS_AT_LEAST:
            turns.append([float(_asked(child)) for child in children])
            spent += sum(turns[-1])
    print("    names method      entries/s    kept")
    for at, size in enumerate(sizes):
        speed, kept = TURN / median(turn[at] for turn in turns), median(turn[0] / turn[at] for turn in turns)
        print(f"{size:>9} {method:10} {speed:>10.0f} {kept:>7.3f}")


def _asked(child: subprocess.Popen[str]) -> str:
    assert child.stdin
    child.stdin.write("\n")
    child.stdin.flush()
    return _next_line(child)


def _next_line(child: subprocess.Popen[str]) -> str:
    assert child.stdout
    if line := child.stdout.readline():
        return line
    raise SystemExit("a child has ended: see above")


def _answer_in_turns(method: str, size: int, seconds: float, shelf: Path | None) -> None:
    """For each line that comes, the processor seconds of the next entries; an empty line first, when they are known."""
    entries, names = some_entries(), some_names(size)
    companies = [Company(str(i), name) for i, name in enumerate(names)] if method == "ours" else []
    ask = _ours(companies, shelf) if method == "ours" else METHODS[method](names)
    warming, at = 0.0, 0
    while warming < seconds and at < len(entries):
        warming += _timed(ask, entries[at : at + TURN])
        at += TURN
    print(flush=True)
    for _ in sys.stdin:
        print(_timed(ask, [entries[(at + i) % len(entries)] for i in range(TURN)]), flush=True)
        at += TURN


def _show(size: int, method: str, row: dict[str, Any]) -> None:
    print(
        f"{size:>9} {method:10} {row['speed']:>10.0f} {row['share']:>7.4f} {row['found']:>6.1%} {row['build']:>8.2f}"
        f" {row['bytes']:>7.0f} {row['all']:>6.0f}",
        flush=True,
    )


def _measure(method: str, size: int, seconds: float, shelf: Path | None) -> dict[str, Any]:
    entries = some_entries()
    before = _resident()
    companies = tuple(Company(str(i), name) for i, name in enumerate(some_names(size))) if method == "ours" else ()
    names = [company.name for company in companies] or some_names(size)
    loaded, begun = _resident(), time.process_time()
    ask = _ours(companies, shelf) if method == "ours" else METHODS[method](names)
    built = time.process_time() - begun
    compiled = _resident()
    turns = _turns(ask, _bare(names), entries, seconds)
    return {
        "speed": TURN / median(own for own, _ in turns),
        "share": median(bare / own for own, bare in turns),
        "found": sum(1 for title, text in entries[:TURN] if ask(title, text)) / TURN,
        "build": built,
        "bytes": (compiled - loaded) / size,
        "all": (compiled - (before if method == "ours" else loaded)) / size,
    }


def _turns(ask: Ask, bare: Ask, entries: list[tuple[str, str]], seconds: float) -> list[tuple[float, float]]:
    """Processor seconds of both for the same entries, once all have been asked for or time for that is up."""
    turns: list[tuple[float, float]] = []
    warming, spent, at = 0.0, 0.0, 0
    while spent < seconds or not turns:
        batch = [entries[(at + i) % len(entries)] for i in range(TURN)]
        turn = _timed(ask, batch), _timed(bare, batch)
        if at < len(entries) and warming < seconds:
            warming += turn[0]
        else:
            turns.append(turn)
            spent += turn[0]
        at += TURN
    return turns


def _timed(ask: Ask, batch: list[tuple[str, str]]) -> float:
    begun = time.process_time()
    for title, text in batch:
        ask(title, text)
    return time.process_time() - begun


def _resident() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


# --------------------------------------------------------------------------- methods


def _ours(companies: Sequence[Any], shelf: Path | None = None) -> Ask:
    engine = MatchEngine.build(Watchlist(tuple(companies)), [Matcher()], Shelf(shelf) if shelf else None)
    engine.hits(Entry("e", "", title=""))  # names are compiled when the first entry comes
    return lambda title, text: len(engine.hits(Entry("e", "", title=title, text=text)))


def _bare(names: Sequence[Any]) -> Ask:
    automaton = AhoCorasick([name.lower() for name in names])

    def ask(title: str, text: str) -> int:
        whole = f"{title} {text}".lower()
        found = automaton.find_matches_as_indexes(whole, overlapping=True)
        return sum(
            1
            for _, i, j in found
            if not (whole[i - 1 : i].isalnum() if i else False) and not whole[j : j + 1].isalnum()
        )

    return ask


def _regex(names: Sequence[Any]) -> Ask:
    longest_first = sorted(names, key=len, reverse=True)
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)
    return lambda title, text: len(pattern.findall(f"{title} {text}"))


def _flashtext(names: Sequence[Any]) -> Ask:
    from flashtext import KeywordProcessor  # type: ignore[import-untyped] # for this table only

    keywords = KeywordProcessor()
    for name in names:
        keywords.add_keyword(name)
    return lambda title, text: len(keywords.extract_keywords(f"{title} {text}"))


def _rapidfuzz(names: Sequence[Any]) -> Ask:
    lowered = [name.lower() for name in names]

    def ask(title: str, text: str) -> int:
        whole = f"{title} {text}".lower()
        return len(process.extract(whole, lowered, scorer=fuzz.partial_ratio, score_cutoff=90, limit=None))

    return ask


METHODS: dict[str, Callable[[Sequence[Any]], Ask]] = {
    "bare": _bare,
    "ours": _ours,
    "flashtext": _flashtext,
    "regex": _regex,
    "rapidfuzz": _rapidfuzz,
}


# --------------------------------------------------------------------------- names and entries


def some_names(size: int) -> list[str]:
    """Distinct names, the same every time: of the catalogue as far as it goes, then of parts of names."""
    rng = random.Random(6)
    real = _catalogue() or _made_up(rng, 8_000)
    rng.shuffle(real)
    names = dict.fromkeys(real[:size])
    cores = [core for core in map(core_of, real[:size]) if len(core) > 1 and "".join(core).isalpha()]
    seen = set(cores)
    while len(names) < size:
        core = (
            rng.choice(cores)[0],
            *([rng.choice(TRADES).lower()] if rng.random() < 0.3 else []),
            rng.choice(cores)[-1],
        )
        if core not in seen:
            seen.add(core)
            names[f"{' '.join(core).title()} {rng.choice(LEGAL)}".strip()] = None
    return list(names)


def some_entries() -> list[tuple[str, str]]:
    """Titles and texts, some 230 bytes together."""
    path = _data() / "matching" / "agnews" / "dev.jsonl"
    if path.is_file():
        lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        return [(line["title"], line.get("text") or "") for line in lines]
    rng = random.Random(7)
    words, real = _words(), some_names(1_000)
    return [_entry(rng, words, real) for _ in range(4_000)]


def _entry(rng: random.Random, words: list[str], names: list[str]) -> tuple[str, str]:
    """One in ten names a company of the first thousand; frequent words are drawn more often, as in any text."""
    drawn = [words[int(len(words) * rng.random() ** 4)] for _ in range(36)]
    if rng.random() < 0.1:
        drawn.insert(rng.randrange(len(drawn)), rng.choice(names))
    return " ".join(drawn[:8]).capitalize(), " ".join(drawn[8:]).capitalize() + "."


def _data() -> Path:
    return Path(os.environ.get("NEWSWARD_DATA", "/nonexistent"))


def _catalogue() -> list[str]:
    path = _data() / "catalogue" / "companies_merged.jsonl"
    if not path.is_file():
        return []
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return list(dict.fromkeys(line.get("legal_name") or line["name"] for line in lines))


def _made_up(rng: random.Random, size: int) -> list[str]:
    words = [word.capitalize() for word in _words() if len(word) > 3 and word.isalpha()]
    heads = [a[: rng.randint(2, 4)] + b[-rng.randint(2, 4) :] for a, b in zip(words, reversed(words), strict=True)]
    return [
        " ".join(
            part for part in (rng.choice(rng.choice((heads, words))), rng.choice(TRADES), rng.choice(LEGAL)) if part
        )
        for _ in range(size)
    ]


def _words() -> list[str]:
    """English words, the most frequent first."""
    packed = (files("spellchecker") / "resources" / "en.json.gz").read_bytes()
    counts: dict[str, int] = json.loads(gzip.decompress(packed))
    return sorted(counts, key=lambda word: -counts[word])[:40_000]


if __name__ == "__main__":
    main()
