"""Runs a command under the system call filters that a hardened unit asks systemd for: UNIT COMMAND...

For Debian's python3 with python3-seccomp; the standard library has no way to load a filter. It knows those settings
that systemd keeps by seccomp and that ours have: what is denied gives an error, as SystemCallErrorNumber=EPERM says.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import suppress

import seccomp

_EXEC, _WRITE_EXEC = 4, 6  # PROT_EXEC, PROT_WRITE | PROT_EXEC
_FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}


def _settings(path: str) -> dict[str, list[str]]:
    """Each key with all its values, in order."""
    found: dict[str, list[str]] = {}
    with open(path, encoding="utf-8") as file:
        for key, equals, value in (line.strip().partition("=") for line in file):
            if equals and not key.startswith("#"):
                found.setdefault(key, []).append(value)
    return found


def _expanded(names: list[str]) -> set[str]:
    """System calls, where systemd's sets such as @privileged are taken apart."""
    calls = set()
    for name in names:
        if name.startswith("@"):
            listed = subprocess.run(
                ["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True
            )
            inner = [line.strip() for line in listed.stdout.splitlines()[1:]]
            calls |= _expanded([line for line in inner if line and not line.startswith("#")])
        else:
            calls.add(name)
    return calls


def _add(rules: seccomp.SyscallFilter, action: int, call: str, *arguments: seccomp.Arg) -> None:
    with suppress(RuntimeError, ValueError, OSError):  # a call of another architecture
        rules.add_rule(action, call, *arguments)


def _allow_listed(values: list[str]) -> None:
    allowed = _expanded(["@default"])
    for value in values:
        names = _expanded(value.lstrip("~").split())
        allowed = allowed - names if value.startswith("~") else allowed | names
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for call in allowed:
        _add(rules, seccomp.ALLOW, call)
    rules.load()


def _deny(settings: dict[str, list[str]]) -> None:
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    if settings["MemoryDenyWriteExecute"] == ["yes"]:
        _add(rules, seccomp.ERRNO(errno.EPERM), "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, _WRITE_EXEC, _WRITE_EXEC))
        _add(rules, seccomp.ERRNO(errno.EPERM), "mprotect", seccomp.Arg(2, seccomp.MASKED_EQ, _EXEC, _EXEC))
    if settings["RestrictNamespaces"] == ["yes"]:
        _add(rules, seccomp.ERRNO(errno.ENOSYS), "clone3")  # as systemd does: its flags cannot be looked at
        _add(rules, seccomp.ERRNO(errno.EPERM), "unshare")
    allowed = {_FAMILIES[name] for name in settings["RestrictAddressFamilies"][0].split()}
    for family in set(range(64)) - allowed:
        _add(rules, seccomp.ERRNO(errno.EAFNOSUPPORT), "socket", seccomp.Arg(0, seccomp.EQ, family))
    rules.load()


if __name__ == "__main__":
    unit, *command = sys.argv[1:]
    chosen = _settings(unit)
    _deny(chosen)
    _allow_listed(chosen["SystemCallFilter"])
    os.execv(command[0], command)
