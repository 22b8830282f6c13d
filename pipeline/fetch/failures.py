"""How a foreseen failure travels inside this stage, and how its reason is put."""

from __future__ import annotations

import os
import re
import socket
import ssl

from pipeline.model import ErrorKind

_MAX_REASON = 500  # characters
# Line breaks of all sorts, terminal commands, and marks that turn the direction of writing.
_NOT_PRINTED = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


_TLS_WORDS = {
    "UNSUPPORTED_PROTOCOL": "the server speaks an outdated version of TLS only",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the server speaks an outdated version of TLS only",
    "WRONG_VERSION_NUMBER": "what answers there does not speak TLS",
    "RECORD_LAYER_FAILURE": "what answers there does not speak TLS",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the server and we have no cipher in common",
    "TLSV1_UNRECOGNIZED_NAME": "the server does not serve this name",
}


class PollError(Exception):
    """A foreseen failure on its way up through the HTTP library; it ends as a ``FetchFailed``."""

    def __init__(self, kind: ErrorKind, reason: str) -> None:
        self.kind, self.reason = kind, reason
        super().__init__(reason)


def one_line(reason: str) -> str:
    """The reason on one line, without control characters, at most 500 characters: servers have a say in it."""
    line = _NOT_PRINTED.sub(" ", reason).strip()
    return line if len(line) <= _MAX_REASON else line[: _MAX_REASON - 3] + "..."


def network_words(error: Exception) -> str:
    """The part of a network error that tells a person something."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return _TLS_WORDS.get(error.reason or "") or (error.reason or str(error)).replace("_", " ").lower()
    if isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    if isinstance(error, OSError) and error.errno:
        # asyncio writes "Connect call failed" over the system's words.
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
