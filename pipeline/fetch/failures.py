"""How a foreseen failure travels inside this stage, and how a URL is shown to people."""

from __future__ import annotations

import os
import re
import socket
import ssl
from urllib.parse import urlsplit, urlunsplit

from pipeline.model import ErrorKind

_SECRET_VALUE = re.compile(
    r"(?i)((?:^|[&;])(?:[^=&;]*[_-])?(?:token|key|apikey|auth|pass|passwd|password|pwd|secret|sig|signature)=)[^&;]+"
)


class PollError(Exception):
    """A foreseen failure on its way up through the HTTP library; it ends as a ``FetchFailed``."""

    def __init__(self, kind: ErrorKind, reason: str) -> None:
        self.kind, self.reason = kind, reason
        super().__init__(reason)


def public_url(url: str) -> str:
    """The URL as it may be shown: no user name or password, the values of secret-looking parameters masked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        # Not to be parsed, so its secrets cannot be told from the rest.
        return "(an address that cannot be read)"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, _SECRET_VALUE.sub(r"\1***", parts.query), ""))


def network_words(error: Exception) -> str:
    """The part of a network error that tells a person something."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    if isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    if isinstance(error, OSError) and error.errno:
        # asyncio writes "Connect call failed" over the system's words.
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
