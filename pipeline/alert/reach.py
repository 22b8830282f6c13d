"""Whether a receiver can be connected to, for ``newsward check --online``: nothing is said to it."""

from __future__ import annotations

import socket
import ssl
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit


def why_unreachable(host: str, port: int, patience: timedelta, *, tls: bool) -> str:
    """Why no connection can be had: the name, the host, its certificate; an empty string when one can."""
    try:
        with socket.create_connection((host, port), patience.total_seconds()) as connection:
            if tls:
                ssl.create_default_context().wrap_socket(connection, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        return f"{host}: its certificate is not trusted ({error.verify_message})"
    except (OSError, UnicodeError) as error:
        words = error.strerror if isinstance(error, OSError) else ""
        return f"{host}: cannot connect ({words or type(error).__name__})"
    return ""


def unheard(url: str, patience: timedelta) -> str:
    """Why no connection to a web address can be had; an empty string when one can. Only its host is told."""
    parts = urlsplit(url)
    is_secure = parts.scheme == "https"
    return why_unreachable(parts.hostname or "", parts.port or (443 if is_secure else 80), patience, tls=is_secure)


def is_this_machine(host: str) -> bool:
    """True for loopback: what is sent there, nobody on the way can read."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
