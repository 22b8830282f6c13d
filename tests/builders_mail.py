"""A real mail server on loopback, for the tests that send mail."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.smtp import SMTP


@contextmanager
def mail_server(handler: Any, **options: Any) -> Iterator[int]:
    """Serves with aiosmtpd's ``handler`` until the end; yields the port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def on_its_loop(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    def speaker() -> SMTP:
        return SMTP(handler, hostname="mail.example", loop=loop, **options)

    server = on_its_loop(loop.create_server(speaker, "127.0.0.1", 0))
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        on_its_loop(_ended(server))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _ended(server: asyncio.Server) -> None:
    """Conversations that are still going on are broken off."""
    server.close()
    going_on = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in going_on:
        task.cancel()
    await asyncio.gather(*going_on, return_exceptions=True)
    await asyncio.sleep(0.01)  # the loop closes their sockets in its next rounds
