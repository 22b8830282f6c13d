"""lemon24/reader as its documentation uses it.

python poll_reader.py DATABASE FILE_OF_URLS WORKERS
"""

from __future__ import annotations

import sys
from pathlib import Path

from reader import make_reader  # type: ignore[import-not-found]


def main(path: str, urls: list[str], workers: int) -> None:
    reader = make_reader(path)
    for url in urls:
        reader.add_feed(url, exist_ok=True)
    if urls:
        reader.update_feeds(workers=workers, scheduled=False)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8").split(), int(sys.argv[3]))
