"""Which domains are asked just now, and were lately, by all processes of one data directory: a small shared file."""

from __future__ import annotations

import fcntl
import os
import struct
from hashlib import blake2b
from pathlib import Path

FILE_NAME = "newsward.turns"

_SLOT = struct.Struct("<Qd")  # whose moment it is, and the moment
_SLOTS = 1 << 16


class Slots:
    """A slot for each domain, by hash: a lock of the kernel on it while it is asked, and in it when it may be again.

    The kernel frees the locks of a process that ends, however it ends. The moments are of the monotonic clock, which
    all processes of a machine share; one that a restart of the machine left behind is recognised and ignored.
    Domains that fall on one slot, as some among a thousand do, do not wait for each other's moments.
    """

    def __init__(self, directory: Path, *, create: bool) -> None:
        """Raises OSError when the file is not there and cannot, or shall not, be made."""
        self._file = os.open(directory / FILE_NAME, os.O_RDWR | (os.O_CREAT if create else 0), 0o644)

    def close(self) -> None:
        """Frees what is held."""
        os.close(self._file)

    def enter(self, domain: str, now: float, spacing: float) -> float | None:
        """0.0 = come in, and ``leave`` afterwards; seconds to wait; None = another process is in."""
        name, place = _place(domain)
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, _SLOT.size, place)
        except (BlockingIOError, PermissionError):  # systems differ in what they say
            return None
        written = os.pread(self._file, _SLOT.size, place)
        whose, moment = _SLOT.unpack(written) if len(written) == _SLOT.size else (0, now)
        if whose == name and 0 < moment - now <= spacing:
            self.leave(domain)
            return float(moment - now)
        os.pwrite(self._file, _SLOT.pack(name, now + spacing), place)
        return 0.0

    def leave(self, domain: str) -> None:
        """The request is over."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, _SLOT.size, _place(domain)[1])


def _place(domain: str) -> tuple[int, int]:
    """The domain as a number, and where its slot begins."""
    name = int.from_bytes(blake2b(domain.encode(), digest_size=8).digest(), "little")
    return name, name % _SLOTS * _SLOT.size
