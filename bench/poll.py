"""Poll the same loopback feeds with the product, with lemon24/reader and with a naive script, and compare.

    python -m bench.poll [--feeds 300] [--latency 0.1 0.5] [--only newsward] [--workers 10] [--rounds 1]

Each feed is on a host of its own (127.x.y.z), with validators and gzip; the server is a process of its own.
Four polls each: nothing to do (the start-up), cold, unchanged (304), and with a tenth of the feeds changed.
Processor seconds are those of the polling process and its children, for 1,000 feeds, start-up included; in brackets
without it. Rates and memory are of the whole process; the rate leaves the start-up out.
Both sides run in environments of their own below ``--venvs``: newsward as users install it, and the peers from PyPI.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from bench.poll_feeds import company
from bench.poll_site import url

HERE = Path(__file__).parent
ROOT = HERE.parent
PEERS = ("reader", "sgmllib3k", "httpx", "feedparser", "sqlite-utils")  # reader 3.26 forgets to ask for the second
_ALERTS = """[log]
level = "warning"
[alert]
max_age = "P3650D"
[[channel]]
id = "screen"
kind = "stdout"
[[rule]]
name = "all"
channels = ["screen"]
"""
POLLS = ("start", "cold", "unchanged", "a tenth")


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    seconds: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True)
class Contestant:
    """``command`` polls the feeds named in a file; the same folder again is the same memory."""

    name: str
    command: Callable[[Path, Path], list[str]]
    prepare: Callable[[Path, Sequence[str]], object] = lambda folder, urls: None


@dataclass
class Site:
    """The server's process."""

    port: int
    process: subprocess.Popen[str]

    def order(self, **what: object) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        self.process.stdout.readline()


def main() -> None:
    options = _options()
    contestants = [one for one in _contestants(options) if one.name in options.only]
    costs: dict[tuple[str, str], list[Cost]] = {}
    for number in range(options.rounds):
        for name, poll, cost in _round(options, contestants):
            print(f"{number + 1} {name:12} {poll:10} {cost.seconds:7.2f} s {cost.cpu:7.2f} CPU s", file=sys.stderr)
            costs.setdefault((name, poll), []).append(cost)
    _print(options, [one.name for one in contestants], {key: _middle(value) for key, value in costs.items()})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=300)
    parser.add_argument("--entries", type=int, default=30, help="of each feed")
    parser.add_argument("--latency", type=float, nargs=2, default=(0.0, 0.0), metavar=("LOW", "HIGH"))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=10, help="of reader")
    parser.add_argument("--only", nargs="+", default=("newsward", "reader", "naive"))
    parser.add_argument("--polls", nargs="+", default=POLLS[1:], choices=POLLS[1:], help="cold is always made")
    parser.add_argument("--bare", action="store_true", help="no companies, and no index for full-text search")
    parser.add_argument(
        "--companies", type=int, default=0, help="newsward alone, cold, by `run`: so many, a tenth of the entries hits"
    )
    parser.add_argument("--venvs", type=Path, default=Path.home() / ".cache" / "newsward-bench")
    options = parser.parse_args()
    if options.companies:
        options.only, options.polls = ("newsward",), ("cold",)
    return options


def _contestants(options: argparse.Namespace) -> tuple[Contestant, ...]:
    peers = ""
    if {"reader", "naive"} & set(options.only):
        peers = _python(options.venvs / "peers", PEERS)
    # Without what only developers have installed: sqlite-utils loads pandas where it finds it.
    ours = _python(options.venvs / "newsward", ("--constraint", str(ROOT / "constraints.txt"), "--editable", str(ROOT)))
    subprocess.run([ours, "-m", "compileall", "-q", str(ROOT / "pipeline")], check=True)  # as an installation does
    newsward = [ours, "-m", "pipeline"]
    words = ("run",) if options.companies else ("feeds", "poll", "--force", "--json")
    return (
        Contestant(
            "newsward",
            lambda folder, urls: [*newsward, "--config", str(folder), *words],
            partial(_configure, bare=options.bare, companies=options.companies),
        ),
        Contestant(
            "reader",
            lambda folder, urls: [
                *(peers, str(HERE / "poll_reader.py"), str(folder / "reader.db"), str(urls)),
                str(options.workers),
            ],
        ),
        Contestant(
            "naive",
            lambda folder, urls: [peers, str(HERE / "poll_naive.py"), str(folder / "naive.db"), str(urls)],
        ),
    )


def _python(folder: Path, packages: Sequence[str]) -> str:
    """The interpreter of an environment, made when it is missing."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True
        )
    return str(python)


def _configure(folder: Path, urls: Sequence[str], *, bare: bool = False, companies: int = 0) -> None:
    """As people have it: a few companies, and no alerts; the defaults of everything else. With many companies, an alert
    for each story, however old.
    """
    (folder / "feeds.toml").write_text("".join(f"[[feed]]\nurl = {json.dumps(one)}\n" for one in urls))
    names = [company(number) for number in range(companies)] or ([] if bare else ["Xiaomi", "Novo Nordisk"])
    (folder / "companies.toml").write_text("".join(f'[[company]]\nname = "{name}"\n' for name in names))
    store = f'[store]\ndatabase = "newsward.db"\nsearch = {"false" if bare else "true"}\n'
    (folder / "newsward.toml").write_text(f"{store}[fetch]\nallow_private = true\n{_ALERTS if companies else ''}")


def _round(options: argparse.Namespace, contestants: Sequence[Contestant]) -> Iterator[tuple[str, str, Cost]]:
    with (
        open_site(options.feeds, options.entries, options.companies) as site,
        tempfile.TemporaryDirectory() as temporary,
    ):
        urls = [url(number, site.port) for number in range(options.feeds)]
        for one in contestants:
            folder = Path(temporary) / one.name
            folder.mkdir()
            (folder / "all").write_text("\n".join(urls))
            (folder / "none").write_text("")
        # In turns, so that a busy moment of the machine does not fall on one of them only.
        for poll in POLLS:
            if poll == "a tenth":
                site.order(changed=0.1)
            if poll not in ("start", "cold", *options.polls):
                continue
            site.order(latency=[float(one) for one in options.latency] if poll == "unchanged" else [0.0, 0.0])
            for one in contestants:
                folder = Path(temporary) / one.name
                one.prepare(folder, [] if poll == "start" else urls)
                command = one.command(folder, folder / ("none" if poll == "start" else "all"))
                yield one.name, poll, _run(command)


@contextmanager
def open_site(feeds: int, entries: int, companies: int = 0) -> Iterator[Site]:
    command = [sys.executable, "-m", "bench.poll_site", str(feeds), str(entries), str(companies)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Site(int(process.stdout.readline()), process)
        finally:
            process.terminate()


def _run(command: list[str]) -> Cost:
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONUNBUFFERED": ""})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exited with {process.returncode}")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def _middle(costs: Sequence[Cost]) -> Cost:
    return Cost(*(median(getattr(one, name) for one in costs) for name in ("seconds", "cpu", "peak_mb")))


def _print(options: argparse.Namespace, names: Sequence[str], costs: dict[tuple[str, str], Cost]) -> None:
    thousands = options.feeds / 1000
    print(f"{options.feeds} feeds, {options.latency[0]:g} to {options.latency[1]:g} s of latency when unchanged\n")
    print("| poll | by | CPU s / 1,000 feeds | (without start-up) | feeds/s | peak MB | CPU : newsward |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for poll in POLLS:
        for name in names:
            if (name, poll) not in costs:
                continue
            cost, start = costs[name, poll], costs[name, "start"]
            if poll == "start":
                print(f"| start-up | {name} | {cost.cpu:.2f} s in all | | | {cost.peak_mb:.0f} | |")
                continue
            net = (cost.cpu - start.cpu) / thousands
            rate = options.feeds / max(cost.seconds - start.seconds, 0.001)
            ratio = cost.cpu / costs[names[0], poll].cpu
            figures = f"{cost.cpu / thousands:.2f} | ({net:.2f}) | {rate:,.0f} | {cost.peak_mb:.0f} | {ratio:.1f}"
            print(f"| {poll} | {name} | {figures} |")


if __name__ == "__main__":
    main()
