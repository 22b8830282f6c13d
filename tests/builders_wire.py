"""Short ways to put one feed before the whole product: ``newsward feeds poll``, and what its line tells."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.builders_cli import newsward
from tests.feed_server import Reply

FEED = (
    b"<rss version='2.0'><channel><title>Mill News</title><item><title>The mill is open</title>"
    b"<guid>1</guid></item></channel></rss>"
)
# Patience is short and nobody has to wait for politeness; nothing else differs from what users get.
QUICK = "spacing = 0\ndeadline = 3\nconnect_timeout = 1\nrate_window = 0.3\n"


def feed(**parts: Any) -> Reply:
    """A good feed of one entry."""
    return Reply(FEED, **parts)


class Product:
    """A configuration in a folder, and its feeds polled by the command."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def configure(
        self, *urls: str, fetch: str = QUICK, headers: Mapping[str, str] | None = None, more: str = ""
    ) -> None:
        extra = more + "".join(f"headers.{name} = {json.dumps(value)}\n" for name, value in (headers or {}).items())
        tables = "".join(f"[[feed]]\nurl = {json.dumps(url)}\n{extra}" for url in urls)
        (self.directory / "feeds.toml").write_text(tables, encoding="utf-8")
        (self.directory / "companies.toml").write_text('[[company]]\nname = "Xiaomi"\n', encoding="utf-8")
        main = f'[store]\ndatabase = "newsward.db"\n[fetch]\n{fetch}\n'
        (self.directory / "newsward.toml").write_text(main, encoding="utf-8")

    def poll(self, *urls: str, is_guarded: bool = False, **configuration: Any) -> list[dict[str, Any]]:
        """The lines of feeds polled now, due or not."""
        self.configure(*urls, **configuration)
        outcome = newsward(
            *("--config", self.directory, "feeds", "poll", "--force", "--json"),
            *(() if is_guarded else ("--allow-private",)),
        )
        assert outcome.code == 0, outcome.err
        return outcome.lines

    def line(self, url: str, **configuration: Any) -> dict[str, Any]:
        """The line of the one feed."""
        [line] = self.poll(url, **configuration)
        return line


def resolve_as(monkeypatch: pytest.MonkeyPatch, names: Mapping[str, Sequence[str] | int]) -> list[str]:
    """A name server of our own: the addresses of these names, or the error it has for them; the names asked for.

    Every other name, and every address, is left to the system, which asks nobody for an address.
    """
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        known = names.get(host)
        if known is None:
            return real(host, port, *rest, **options)
        asked.append(host)
        if isinstance(known, int):
            raise socket.gaierror(known, "the name server says no")
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in known]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked
