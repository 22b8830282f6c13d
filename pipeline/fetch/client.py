"""Asks the due feeds for what is new, many at a time, and reports what came of each as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from traceback import format_exception

import httpx
import structlog

from pipeline.fetch.exchange import Exchange
from pipeline.fetch.failures import PollError, one_line
from pipeline.fetch.guard import Guard
from pipeline.fetch.options import FetchOptions
from pipeline.fetch.politeness import Turn, Turns
from pipeline.fetch.rests import Rests, not_asked
from pipeline.fetch.streams import Pace
from pipeline.fetch.transport import GuardedTransport
from pipeline.fetch.wire import Wire
from pipeline.model import Due, ErrorKind, FetchFailed, FetchResult
from pipeline.urls import public_url

_log = structlog.get_logger()


async def fetch_many(dues: Sequence[Due], options: FetchOptions) -> AsyncIterator[tuple[Due, FetchResult]]:
    """Every due feed exactly once with what came of asking it, in the order of arrival; no feed makes it raise.

    Results wait for the consumer: at most ``options.concurrency`` are under way or not yet taken.
    Abandoning the iterator (``aclose``) ends the requests under way.
    """
    clock = asyncio.get_running_loop().time
    turns = Turns(dues, options.spacing.total_seconds())
    rests = Rests()
    results: asyncio.Queue[tuple[Turn, FetchResult]] = asyncio.Queue()
    polls: dict[str, asyncio.Task[None]] = {}  # by domain: each has one request at a time
    async with _open_transport(options) as transport:

        async def poll(turn: Turn) -> None:
            results.put_nowait((turn, await _poll(transport, turn, options)))

        try:
            while turns or polls:
                while len(polls) < options.concurrency and (turn := turns.take(clock())):
                    polls[turn.domain] = asyncio.create_task(poll(turn))
                is_full = len(polls) == options.concurrency
                try:
                    async with asyncio.timeout(None if is_full else turns.wait(clock())):
                        turn, result = await results.get()
                except TimeoutError:
                    continue
                del polls[turn.domain]
                plea = rests.note(result)
                spared = turns.leave_alone(turn, plea.host) if plea else ()
                turns.finish(turn)
                yield turn.due, result
                for due in spared:
                    assert plea
                    yield due, not_asked(plea)
        finally:
            for task in polls.values():
                task.cancel()
            await asyncio.gather(*polls.values(), return_exceptions=True)


def _open_transport(options: FetchOptions) -> GuardedTransport:
    guard = Guard(allow_private=options.allow_private, allow_networks=options.allow_networks)
    return GuardedTransport(Wire(guard, Pace(options.min_rate, options.rate_window)), options.ca_file)


async def _poll(transport: httpx.AsyncBaseTransport, turn: Turn, options: FetchOptions) -> FetchResult:
    """One feed's turn; whatever goes wrong in it is a value, its reason one line."""
    result = await _outcome(transport, turn, options)
    return replace(result, reason=one_line(result.reason)) if isinstance(result, FetchFailed) else result


async def _outcome(transport: httpx.AsyncBaseTransport, turn: Turn, options: FetchOptions) -> FetchResult:
    exchange = Exchange(transport, turn.due, options, is_last=turn.is_last)
    try:
        async with asyncio.timeout(options.deadline.total_seconds()):
            return await exchange.outcome()
    except TimeoutError:
        seconds = options.deadline.total_seconds()
        return FetchFailed(ErrorKind.TIMEOUT, f"no complete answer within {seconds:g} s", exchange.answer)
    except PollError as error:
        return FetchFailed(error.kind, error.reason, exchange.answer)
    except Exception as error:  # noqa: BLE001 - one feed must not stop the others
        # As text and scrubbed: tracebacks that show local variables would show the feed's secrets.
        url = turn.due.feed.url
        trace = "".join(format_exception(error)).replace(url, public_url(url))
        _log.error("poll_broke", feed=public_url(url), traceback=trace)
        reason = f"{type(error).__name__}: {error}".replace(url, public_url(url))
        return FetchFailed(ErrorKind.UNEXPECTED, reason, exchange.answer)
