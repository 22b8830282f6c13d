"""Make the list of Japanese words in ``pipeline/match/data`` that a company may be called by.

    python bench/make_japanese.py SYSDIC_FOLDER OUTPUT_FOLDER

SYSDIC_FOLDER is ``janome/sysdic`` of the PyPI package ``janome`` 0.5.1 (Apache 2.0), which holds the dictionary IPADIC
(Nara Institute of Science and Technology; its notice is in ``pipeline/match/data/IPADIC-LICENSE.txt``).
"""

from __future__ import annotations

import gzip
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PARTS = 10  # files that the dictionary is divided into
KINDS = ("名詞,一般", "名詞,サ変接続", "名詞,形容動詞語幹", "名詞,副詞可能", "副詞")
SHORT = re.compile("[\u30a1-\u30faー]{3,6}|[\u3041-\u3096]{2,5}|[\u4e00-\u9fff々]{2,3}")  # longer words name no firm


def words(folder: Path) -> Iterator[tuple[str, str]]:
    """Every word with its part of speech."""
    for part in range(PARTS):
        compact, extra = (_load(folder / f"entries_{kind}{part}.py") for kind in ("compact", "extra"))
        yield from ((entry[0], extra[number][0]) for number, entry in compact.items())


def _load(path: Path) -> dict[int, tuple[Any, ...]]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} cannot be read")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    data: dict[int, tuple[Any, ...]] = module.DATA
    return data


def main() -> None:
    """Write the words that are ordinary ones, whatever else they name: ディスコ may be a place to dance."""
    folder, out = map(Path, sys.argv[1:3])
    found = {word for word, kind in words(folder) if kind.startswith(KINDS) and SHORT.fullmatch(word)}
    path = out / "japanese.txt.gz"
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed:
        packed.write("\n".join(sorted(found)).encode())
    print(f"{path.name}: {len(found)} words, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
