"""The slow parser in a process of its own: bounded in time and memory, and its death costs one document.

A child is kept for the documents that follow and replaced now and then. It is started as a program, because workers of
a cluster may not fork, and it talks over its pipes: a document in, its items out, each a line of JSON.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO

from pydantic import TypeAdapter

from pipeline.parse.items import Channel, Unreadable
from pipeline.parse.slow import read_slowly

CPU_SECONDS = 1.8  # of a document; the longest that we give to feedparser (``xmlread.py``) takes it a third of that
WALL_SECONDS = 60.0  # of a document, on a machine that has other things to do
MEMORY = 512 * 1024 * 1024  # bytes of address space
MAX_DOCUMENTS = 200  # that one child reads: what it may have leaked goes with it

_RESULT: TypeAdapter[Channel | Unreadable] = TypeAdapter(Channel | Unreadable)
PROGRAM = "from pipeline.parse.child import serve; serve()"
_CHUNK = 1 << 16


def read_apart(text: str, *, url: str, netscape: bool = False) -> Channel | Unreadable:
    """``read_slowly`` in a child; a document that kills it, or takes it too long, is unreadable."""
    question = json.dumps({"text": text, "url": url, "netscape": netscape}).encode() + b"\n"
    answer = _nursery.ask(question)
    return Unreadable(answer) if isinstance(answer, str) else _RESULT.validate_json(answer)


def end_child() -> None:
    """Ends the child of this process, if there is one; the next document starts another."""
    with _nursery.lock:
        _nursery.end()


class _Child:
    """A running child and the pipes to it."""

    def __init__(self) -> None:
        # Nothing else of the environment: the document is a stranger's, and secrets are handed over in variables.
        environment = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "TZ")}
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-c", PROGRAM],  # -P: no module of the folder in which we were started
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert self.process.stdin
        assert self.process.stdout
        self.questions, self.answers = self.process.stdin, self.process.stdout
        self.left = MAX_DOCUMENTS

    def ask(self, question: bytes) -> bytes:
        """The answer to a line. Raises OSError when the child has died, TimeoutError when it is late."""
        self.left -= 1
        self.questions.write(question)
        self.questions.flush()
        return _read_line(self.answers, time.monotonic() + WALL_SECONDS)

    def leave(self) -> None:
        """Closes the pipes, at which a child ends that is at work for nobody else."""
        for pipe in (self.questions, self.answers):
            with suppress(OSError):
                pipe.close()


class _Nursery:
    """The one child of this process."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.child: _Child | None = None

    def ask(self, question: bytes) -> bytes | str:
        """The answer, or in words why there is none."""
        with self.lock:
            if self.child is None or self.child.left <= 0 or self.child.process.poll() is not None:
                self.end()
                self.child = _Child()
            try:
                return self.child.ask(question)
            except TimeoutError:
                self.end()
                return f"the parser had not read it after {WALL_SECONDS:.0f} seconds"
            except OSError:
                return _cause_of_death(self.end())
            except BaseException:
                self.end()  # an answer that nobody took would be that of the next document
                raise

    def end(self) -> int:
        """Ends the child at once; its exit code, negative for a signal."""
        child, self.child = self.child, None
        if child is None:
            return 0
        child.leave()
        with suppress(subprocess.TimeoutExpired):
            return child.process.wait(timeout=0.2)
        child.process.kill()
        return child.process.wait()


_nursery = _Nursery()
atexit.register(end_child)


def _forget() -> None:
    """In a fork of this process: the child is not its own, and the lock may have been held."""
    global _nursery
    if child := _nursery.child:
        child.leave()
        child.process.returncode = 0  # nobody here may wait for it
    _nursery = _Nursery()


os.register_at_fork(after_in_child=_forget)


def _cause_of_death(code: int) -> str:
    if code == -signal.SIGPROF:
        return f"the parser had not read it after {CPU_SECONDS} seconds of processor time"
    return f"the parser died of it (exit code {code})"


def _read_line(pipe: IO[bytes], deadline: float) -> bytes:
    """Bytes up to the end of a line. Raises TimeoutError, or OSError when the pipe is closed before."""
    pieces: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not pieces or not pieces[-1].endswith(b"\n"):
            if not selector.select(max(deadline - time.monotonic(), 0)):
                raise TimeoutError
            piece = os.read(pipe.fileno(), _CHUNK)
            if not piece:
                raise BrokenPipeError
            pieces.append(piece)
    return b"".join(pieces)


# --------------------------------------------------------------------------- in the child


def serve() -> None:
    """What the child does: answers line by line until its input ends."""
    for limit, size in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        # A hardened service may not set limits, or has narrower ones: those hold then.
        with suppress(OSError, ValueError):
            resource.setrlimit(limit, (size, size))
    for line in sys.stdin.buffer:
        # The kernel ends the process when this document has had its time, whatever code it is in.
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        sys.stdout.buffer.write(_RESULT.dump_json(_answer(line)) + b"\n")
        sys.stdout.buffer.flush()
        signal.setitimer(signal.ITIMER_PROF, 0)


def _answer(line: bytes) -> Channel | Unreadable:
    question = json.loads(line)
    try:
        return read_slowly(question["text"], url=question["url"], netscape=question["netscape"])
    except (MemoryError, RecursionError) as error:
        return Unreadable(f"the parser gave up on it: {type(error).__name__}")
