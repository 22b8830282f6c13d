"""One shard on the wire: feeds in, parsed documents out, nothing remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from pipeline.fetch import FetchOptions, fetch_many, one_line, public_url
from pipeline.model import Due, ErrorKind, Fetched, FetchFailed, FetchResult, Polled
from pipeline.parse import parse

log = structlog.get_logger()


def poll_shard(dues: Sequence[Due], options: FetchOptions) -> list[Polled]:
    """Fetches and parses the feeds; one result a feed, in the order they came.

    Stateless and picklable at both ends, so that any ``concurrent.futures.Executor`` can run it.
    """
    return asyncio.run(_poll(dues, options))


async def _poll(dues: Sequence[Due], options: FetchOptions) -> list[Polled]:
    polled = []
    async for due, result in fetch_many(dues, options):
        # In a thread: a long document must not stop the clocks of the fetches that go on meanwhile.
        polled.append(
            await asyncio.to_thread(read, due, result) if isinstance(result, Fetched) else Polled(due, result)
        )
    return polled


def read(due: Due, result: FetchResult) -> Polled:
    """The parsed document of a fetch; a body that is no feed turns the fetch into a failure."""
    if not isinstance(result, Fetched):
        return Polled(due, result)
    answer = replace(result.answer, size=len(result.body))
    try:
        document = parse(result.body, feed=due.feed, url=answer.url, content_type=answer.content_type)
    except Exception as error:
        log.exception("parser_failed", feed=public_url(due.feed.url))
        document = FetchFailed(ErrorKind.UNEXPECTED, f"the parser failed on it: {type(error).__name__}: {error}")
    if isinstance(document, FetchFailed):
        return Polled(due, replace(document, reason=one_line(document.reason), answer=answer))
    # The body has done its work and would only make the way back to the coordinator heavy.
    return Polled(due, replace(result, body=b"", answer=answer), document)
