"""Where the documents' commands are run: a process without a network but loopback, on which it serves the sample.

``Stage`` starts it and asks it to play blocks; as a script this is the process itself. Where the system allows it,
it lives in a network namespace of its own, so that no program can reach out; everywhere Python programs cannot
(``guard/``).

A document finds in its folder ``my-watch/``, a configuration of the sample's feeds and companies that had a run on
the sample's morning and one just now (unless the document makes a ``my-watch`` of its own), and ``config/`` and
``seeds/`` of the source tree. ``newsward`` and ``sqlite-utils`` are on the path and in ``.venv/bin``.
"""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.app import open_stages
from pipeline.cli import main as newsward
from pipeline.config import load, load_companies
from pipeline.match import MatchEngine, Matcher
from pipeline.model import Entry
from pipeline.run import run_once
from tests.builders_run import MORNING, serve_seeds, write_config
from tests.docs.documents import ROOT, Block, script
from tests.feed_server import FeedServer

SCRIPTS = Path(sysconfig.get_path("scripts"))
HERE = Path(__file__).parent
_CLOSED = ("unshare", "--user", "--map-root-user", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "-")
_PATIENCE = 60  # seconds for a block
_CLOSING = 15  # seconds for what was left running


@dataclass(frozen=True, slots=True)
class Played:
    """What a block did."""

    code: int
    out: str
    err: str


def can_close_the_door() -> bool:
    """Whether this system gives a process a network of its own with nothing but loopback."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*_CLOSED, "true"], capture_output=True, check=False).returncode == 0


class Stage:
    """The process, from the tests' side; a context."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Stage:
        door = _CLOSED if can_close_the_door() else ()
        command = [*door, sys.executable, "-W", "error", "-m", "tests.docs.stage", str(self._folder)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment(self._folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(_CLOSING)
        self._process.stdout.close()

    def play(self, blocks: Sequence[Block]) -> list[Played]:
        """Runs the blocks of one document in order in a new folder, up to the first that fails."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps([asdict(block) for block in blocks]), file=self._process.stdin, flush=True)
        return [Played(**one) for one in json.loads(self._process.stdout.readline())]


def environment(home: Path, *path: Path) -> dict[str, str]:
    """Of every command: nothing of the person's own, and the guard in every Python."""
    return {
        "PATH": os.pathsep.join([*map(str, path), str(SCRIPTS), os.defpath]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(HERE / "guard"),
        "PYTHONUNBUFFERED": "1",
    }


# --------------------------------------------------------------------------- the process


def serve(folder: Path) -> None:
    """Plays what is asked on stdin, a document a line, until it ends."""
    address = str(folder / "newsward.socket")
    commands = _start_commands(address)  # before there are threads: it forks
    try:
        with FeedServer(host="0.0.0.0") as server:
            sample = write_config(folder / "sample", serve_seeds(server))
            _run_at_the_morning(sample)
            bin_folder = _bin(folder, address, sample / "feeds.toml")
            subprocess.run(
                [bin_folder / "newsward", "--config", sample, "run"], cwd=sample, check=True, capture_output=True
            )
            for number, line in enumerate(sys.stdin):
                blocks = [Block(**one) for one in json.loads(line)]
                played = _play(blocks, folder / f"document-{number}", sample, bin_folder)
                print(json.dumps([asdict(one) for one in played]), flush=True)
    finally:
        os.kill(commands, signal.SIGKILL)


def _run_at_the_morning(config: Path) -> None:
    """The run that the sample's news were fresh for; nobody reads its alerts."""
    with open_stages(load(config, {}), MORNING) as stages, redirect_stdout(io.StringIO()):
        run_once(stages, MORNING)


def _bin(folder: Path, address: str, sample: Path) -> Path:
    """The folder with the documents' commands."""
    path = folder / "bin"
    path.mkdir()
    words = [sys.executable, "-IS", HERE / "client.py", address, sample, SCRIPTS / "newsward"]
    client = path / "newsward"
    client.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n', encoding="utf-8")
    client.chmod(0o755)
    (path / "sqlite-utils").symlink_to(SCRIPTS / "sqlite-utils")
    return path


def _play(blocks: Sequence[Block], folder: Path, sample: Path, bin_folder: Path) -> list[Played]:
    folder.mkdir()
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(bin_folder)
    for part in ("config", "seeds"):
        shutil.copytree(ROOT / part, folder / part)
    if not any("init my-watch" in block.text for block in blocks):
        shutil.copytree(sample, folder / "my-watch")
    played: list[Played] = []
    groups: list[int] = []
    for block in blocks:
        played.append(_run(block, folder, bin_folder, groups))
        if played[-1].code:
            break
    _end(groups)
    return played


def _run(block: Block, folder: Path, bin_folder: Path, groups: list[int]) -> Played:
    """One block by a bash of its own, with what it leaves running in a process group of its own."""
    out, err = folder.parent / "out", folder.parent / "err"
    with out.open("wb") as into_out, err.open("wb") as into_err:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script(block)],
            cwd=folder,
            env=environment(folder, bin_folder),
            stdin=subprocess.DEVNULL,
            stdout=into_out,
            stderr=into_err,
            start_new_session=True,
        )
        groups.append(process.pid)
        try:
            code = process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            code = 124
            into_err.write(f"not done after {_PATIENCE} seconds\n".encode())
    return Played(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


def _end(groups: Sequence[int]) -> None:
    """What was left running is told to end, and made to."""
    until = time.monotonic() + _CLOSING
    for group in filter(_is_alive, groups):
        os.killpg(group, signal.SIGTERM)
        while (alive := _is_alive(group)) and time.monotonic() < until:
            time.sleep(0.02)
        if alive:
            os.killpg(group, signal.SIGKILL)


def _is_alive(group: int) -> bool:
    """Whether a process of the group still does something; ended ones may wait long for whoever collects them."""
    if not shutil.which("ps"):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        return True
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    return any(words[0] == str(group) and words[1][0] != "Z" for words in map(str.split, listed.splitlines()))


# --------------------------------------------------------------------------- commands, without the time to load them


def _start_commands(address: str) -> int:
    """A process that runs ``newsward`` for each call of ``client.py``; its id."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen(16)
    child = os.fork()
    if child:
        listening.close()
        return child
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _warm_up()
    while True:
        line, _ = listening.accept()
        if os.fork() == 0:
            _answer(line)
        line.close()


def _warm_up() -> None:
    """Loads what the first text to be matched would load: word lists, name lists."""
    watchlist = load_companies(ROOT / "seeds" / "companies.toml")
    engine = MatchEngine.build(watchlist, [Matcher()])
    engine.hits(Entry("warm-up", "", "Xiamio opens a shop beside Apple"))


def _answer(line: socket.socket) -> None:
    """One command in this process, with the caller's streams, folder and environment; does not return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(line, 1, 3)
    request: Mapping[str, Any] = json.load(line.makefile("rb"))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, "w" if n else "r", encoding="ascii") for n in range(3))
    sys.argv = ["newsward", *request["arguments"]]
    sys.modules["__main__"].__package__ = ""  # or the help would call the command after this module
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    code = 70
    try:
        newsward()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        line.sendall(str(code).encode())
        os._exit(0)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
