"""Poll servers that mean harm with the product, one process each, and say what memory and time each cost.

    python -m bench.bombs [--patient]

Extra memory is the peak of the whole process (``newsward feeds poll``) less that of polling a good feed of one entry.
The limits are the defaults of the product; ``--patient`` also runs those that take their deadline of 40 seconds.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import zstandard

from tests.feed_server import FeedServer, Raw, Reply

SIZE = 300  # megabytes that each bomb decodes to
MILLION = 1_000_000
FEED = b"<rss version='2.0'><channel><title>Mill</title><item><title>Open</title></item></channel></rss>"


@dataclass(frozen=True)
class Cost:
    """What one poll took, and what the product said of it."""

    seconds: float
    cpu: float
    peak_mb: float
    words: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patient", action="store_true", help="also what takes 40 seconds")
    scripts = _scripts(is_patient=parser.parse_args().patient)
    with FeedServer() as server:
        usual = _poll(server.serve("/good", Reply(FEED)))
        print("| body | extra MB | seconds | CPU s | what is told |\n|---|--:|--:|--:|---|")
        for name, script in scripts.items():
            cost = _poll(server.serve(f"/{len(name)}{name[0]}", script))
            extra = cost.peak_mb - usual.peak_mb
            print(f"| {name} | {extra:.1f} | {cost.seconds:.1f} | {cost.cpu:.2f} | {cost.words} |", flush=True)


def _scripts(*, is_patient: bool) -> dict[str, Reply | Raw]:
    def coded(body: bytes, coding: str) -> Reply:
        return Reply(body, headers={"Content-Encoding": coding})

    zeros = bytes(MILLION)
    packer = brotli.Compressor(quality=5)
    small = zlib.compressobj(9, wbits=31)
    gzipped = b"".join([*(small.compress(zeros) for _ in range(SIZE)), small.flush()])
    scripts: dict[str, Reply | Raw] = {
        "gzip bomb": coded(gzipped, "gzip"),
        "gzip in gzip": coded(gzip.compress(gzipped), "gzip"),
        "br bomb": coded(b"".join([*(packer.process(zeros) for _ in range(SIZE)), packer.finish()]), "br"),
        "zstd bomb": coded(zstandard.compress(bytes(SIZE * MILLION)), "zstd"),
        "endless": Reply(lambda: itertools.repeat(b"<item/>" * 1000), is_chunked=True),
        "huge field": Raw(lambda: [b"HTTP/1.1 200 OK\r\nX: ", b"x" * 200_000, b"\r\n\r\n"]),
        "10,000 fields": Raw(lambda: [b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 10_000, b"\r\n"]),
        "slow body": Reply(lambda: _drops(1.0, b"x"), is_chunked=True),
        "slow head": Raw(lambda: itertools.chain([b"HTTP/1.1 200 OK\r\nX: "], _drops(1.0, b"x"))),
    }
    if is_patient:
        scripts["slow enough"] = Reply(lambda: _drops(0.5, b"<item/>" * 50), is_chunked=True)
        scripts["silent"] = Raw(lambda: _drops(1.0, b""))
    return scripts


def _drops(pause: float, drop: bytes) -> Iterator[bytes]:
    while True:
        yield drop
        time.sleep(pause)


def _poll(url: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder)
        (config / "feeds.toml").write_text(f"[[feed]]\nurl = {json.dumps(url)}\n")
        (config / "companies.toml").write_text('[[company]]\nname = "Xiaomi"\n')
        (config / "newsward.toml").write_text('[store]\ndatabase = "newsward.db"\n[fetch]\nallow_private = true\n')
        command = [sys.executable, "-m", "pipeline", "--config", folder, "feeds", "poll", "--force", "--json"]
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout
        line = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        words = line["error"] or "nothing"
        return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000, words)


if __name__ == "__main__":
    main()
