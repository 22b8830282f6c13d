"""The command line, run in this process with streams of its own."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pipeline.cli import main


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON Lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


def newsward(*arguments: object, stdin: str | bytes = "") -> Outcome:
    """What the command does with these arguments and this input, as a shell would see it."""
    given = stdin if isinstance(stdin, bytes) else stdin.encode()
    out, err = io.BytesIO(), io.BytesIO()
    with _streams(io.BytesIO(given), out, err):
        sys.argv = ["newsward", *map(str, arguments)]
        try:
            main()
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        sys.stdout.flush()
        sys.stderr.flush()
        return Outcome(code, out.getvalue().decode(), err.getvalue().decode())


@contextmanager
def _streams(stdin: io.BytesIO, out: io.BytesIO, err: io.BytesIO) -> Iterator[None]:
    before = sys.stdin, sys.stdout, sys.stderr, sys.argv
    # A locale that is not UTF-8, as in many containers: the command must not depend on it.
    sys.stdin = io.TextIOWrapper(stdin, encoding="ascii")
    sys.stdout, sys.stderr = io.TextIOWrapper(out, encoding="ascii"), io.TextIOWrapper(err, encoding="ascii")
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr, sys.argv = before
