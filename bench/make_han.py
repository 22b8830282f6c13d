"""Make the Chinese word list and the table of simplified characters in ``pipeline/match/data``.

    python bench/make_han.py DICT_TXT TS_CHARACTERS_TXT OUTPUT_FOLDER

DICT_TXT is ``jieba/dict.txt`` of the PyPI package ``jieba`` 0.42.1 (MIT); TS_CHARACTERS_TXT is
``opencc/dictionary/TSCharacters.txt`` of the PyPI package ``opencc-python-reimplemented`` 0.1.7 (Apache 2.0).
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

LEAST = 10  # times in jieba's corpus; what is rarer never outweighs a name
LONGEST = 4  # characters; longer words are found as their parts
DAILY = 50  # times; a word in daily use
NAMES = ("nr", "ns", "nt", "nz", "x", "eng", "j")  # persons, places, institutions, brands, abbreviations: names


def words(path: Path) -> list[str]:
    """``word count`` a line, with ``*`` behind what is an ordinary word."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        word, count, tag = line.split(" ")
        if not all("\u4e00" <= char <= "\u9fff" for char in word) or len(word) > LONGEST or int(count) < LEAST:
            continue
        is_ordinary = len(word) > 1 and int(count) >= DAILY and not tag.startswith(NAMES)
        lines.append(f"{word} {count}{'*' if is_ordinary else ''}")
    return sorted(lines)


def _is_common(char: str) -> bool:
    return len(char) == 1 and "\u4e00" <= char <= "\u9fff"


def simplified(path: Path) -> list[str]:
    """``traditional simplified``, glued, one pair a line: of the common characters, with their usual reading."""
    pairs = []
    for line in path.read_text(encoding="utf-8").splitlines():
        traditional, _, readings = line.partition("\t")
        plain = readings.split(" ")[0]
        if traditional != plain and _is_common(traditional) and _is_common(plain):
            pairs.append(traditional + plain)
    return sorted(pairs)


def write(path: Path, lines: list[str]) -> None:
    """The same bytes for the same lines."""
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as out:
        out.write("\n".join(lines).encode())
    print(f"{path.name}: {len(lines)} lines, {path.stat().st_size} bytes")


def main() -> None:
    dictionary, characters, out = map(Path, sys.argv[1:4])
    write(out / "chinese.txt.gz", words(dictionary))
    write(out / "simplified.txt.gz", simplified(characters))


if __name__ == "__main__":
    main()
