"""Make the English word and person-name lists in ``pipeline/match/data`` from a Hunspell dictionary and census lists.

    python bench/make_words.py DICTIONARY_FOLDER NAMES_FOLDER OUTPUT_FOLDER

DICTIONARY_FOLDER holds ``index.aff`` and ``index.dic`` of the npm package ``dictionary-en`` 4.0.0 (SCOWL, MIT and BSD);
NAMES_FOLDER holds ``dist.*`` of the PyPI package ``names`` 0.3.0 (United States Census 1990, public domain).
Both output files keep one word a line; a word that is written with a capital too stands there twice.
"""

from __future__ import annotations

import gzip
import re
import sys
from collections import defaultdict
from pathlib import Path

GIVEN, SURNAMES = 2500, 20000  # as many as cover nine people in ten; the rest are as rare as typos
COMMON = 2500  # last names borne by so many that a firm of that name is seldom the first one meant


def rules(aff: str) -> dict[str, list[tuple[str, str, str, re.Pattern[str]]]]:
    """Affix rules by flag: kind, what is stripped, what is added, and on which stems."""
    found = defaultdict(list)
    for kind, flag, strip, add, condition in re.findall(r"^(PFX|SFX) (\S) +(\S+) +(\S+) +(\S+)$", aff, re.MULTILINE):
        pattern = re.compile(condition + "$" if kind == "SFX" else "^" + condition)
        found[flag].append((kind, "" if strip == "0" else strip, add, pattern))
    return found


def forms(stem: str, flags: str, affixes: dict[str, list[tuple[str, str, str, re.Pattern[str]]]]) -> set[str]:
    """The stem with each of its affixes, one prefix and one suffix at most."""
    suffixed = {stem}
    for flag in flags:
        for kind, strip, add, condition in affixes.get(flag, ()):
            if kind == "SFX" and condition.search(stem) and stem.endswith(strip):
                suffixed.add(stem[: len(stem) - len(strip)] + add)
    prefixed = set()
    for flag in flags:
        for kind, _, add, _condition in affixes.get(flag, ()):
            if kind == "PFX":
                prefixed |= {add + word for word in suffixed}
    return suffixed | prefixed


def write(path: Path, words: set[str]) -> None:
    """One word a line, sorted; the same bytes for the same words."""
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as out:
        out.write("\n".join(sorted(words)).encode())
    print(f"{path.name}: {len(words)} words, {path.stat().st_size} bytes")


def english(folder: Path) -> set[str]:
    """All forms of all words; possessives left out."""
    affixes = rules((folder / "index.aff").read_text())
    words: set[str] = set()
    for line in (folder / "index.dic").read_text().splitlines()[1:]:
        stem, _, flags = line.partition("/")
        words |= forms(stem, flags, affixes)
    return {word for word in words if not word.endswith("'s") and any(map(str.isalpha, word))}


def census(path: Path, limit: int) -> list[str]:
    """The most frequent names of one list, capitalised."""
    return [line.split()[0].capitalize() for line in path.read_text().splitlines()[:limit]]


def main() -> None:
    dictionary, names, out = map(Path, sys.argv[1:4])
    write(out / "english.txt.gz", english(dictionary))
    given = {*census(names / "dist.female.first", GIVEN), *census(names / "dist.male.first", GIVEN)}
    write(out / "given_names.txt.gz", given)
    write(out / "surnames.txt.gz", set(census(names / "dist.all.last", SURNAMES)))
    write(out / "surnames_common.txt.gz", set(census(names / "dist.all.last", COMMON)))


if __name__ == "__main__":
    main()
