"""How a command ends before its time: told to stop it finishes what it has in hand, and waits for no server."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

_PATIENCE = 1.0  # seconds for threads that are about to end
_BY_SIGNAL = 128  # exit codes above it, by the number of the signal
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Ending:
    """Whether a signal has asked for the end."""

    def __init__(self) -> None:
        self.signal = 0  # its number; 0 = none did

    def is_wanted(self) -> bool:
        """Has one?"""
        return self.signal != 0

    def obey(self) -> None:
        """Ends the process by the signal that has come, if one did: whoever started us sees what they would see
        without us. Threads that wait for a server are not waited for."""
        if self.signal:
            _flush()
            signal.signal(self.signal, signal.SIG_DFL)
            os.kill(os.getpid(), self.signal)
            os._exit(_BY_SIGNAL + self.signal)  # the first process of a container is not ended by it


@contextmanager
def heeding_signals() -> Iterator[Ending]:
    """Inside, the first Ctrl-C (SIGINT) or SIGTERM is only noted; the second does what it always does, and so does one
    after it. What our caller has us ignore stays ignored.
    """
    ending = Ending()
    before = {number: handler for number in _SIGNALS if (handler := signal.getsignal(number)) is not signal.SIG_IGN}

    def note(number: int, _: FrameType | None) -> None:
        ending.signal = number
        give_back()

    def give_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield ending
    finally:
        give_back()


def obey_as_first_process() -> None:
    """SIGTERM ends commands that do not heed it in a container too, whose first process no signal ends by default."""
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(_BY_SIGNAL + number))


def leave(code: int) -> NoReturn:
    """Ends the process with this code; at once if there are threads that the interpreter would wait for: one that waits
    for a name server or a web server cannot be told to end."""
    if _is_anyone_left(0.0 if code > _BY_SIGNAL else _PATIENCE):
        with suppress(OSError):  # whoever read what we say is gone
            _flush()
        os._exit(code)
    sys.exit(code)


def _flush() -> None:
    sys.stdout.flush()
    logging.shutdown()
    sys.stderr.flush()


def _is_anyone_left(patience: float) -> bool:
    until = time.monotonic() + patience
    others = [one for one in threading.enumerate() if one is not threading.main_thread() and not one.daemon]
    with suppress(KeyboardInterrupt):  # who asks once more will not wait
        for thread in others:
            thread.join(max(0.0, until - time.monotonic()))
    return any(thread.is_alive() for thread in others)
