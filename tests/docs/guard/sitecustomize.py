"""For every Python that the documents' commands start: there is no network but loopback.

Where a network namespace can be had it holds for all programs (``stage.py``); this holds everywhere.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
        if not _is_loopback(host):
            raise socket.gaierror(socket.EAI_NONAME, f"the documents are run without a network: {host}")
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
        if not _is_loopback(host):
            raise OSError(f"the documents are run without a network: {host}")


def _is_loopback(host: object) -> bool:
    text = host.decode() if isinstance(host, bytes) else host
    if text in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(text))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


sys.addaudithook(_refuse)
