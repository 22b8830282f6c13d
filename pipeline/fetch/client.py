"""Asks the due feeds for what is new, many at a time, and reports what came of each as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import replace
from traceback import format_exception

import structlog

from pipeline.fetch.exchange import Exchange, Parcel, opened
from pipeline.fetch.failures import PollError, one_line
from pipeline.fetch.guard import Guard
from pipeline.fetch.options import FetchOptions
from pipeline.fetch.politeness import HOLD, Turn, Turns
from pipeline.fetch.rests import Rests, not_asked
from pipeline.fetch.streams import Pace
from pipeline.fetch.transport import GuardedTransport, Transport
from pipeline.fetch.wire import Wire
from pipeline.model import Answer, Due, ErrorKind, FetchFailed, FetchResult
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
    results: asyncio.Queue[tuple[Turn, FetchResult | Parcel]] = asyncio.Queue()
    polls: dict[str, asyncio.Task[None]] = {}  # by domain: each has one request at a time
    with closing(_open_transport(options)) as transport:

        async def poll(turn: Turn) -> None:
            results.put_nowait((turn, await _poll(transport, turn, options)))

        try:
            while turns or polls:
                while len(polls) < options.concurrency and (turn := turns.take(clock())):
                    polls[turn.domain] = asyncio.create_task(poll(turn))
                is_full = len(polls) == options.concurrency
                try:
                    async with asyncio.timeout(None if is_full else turns.wait(clock())):
                        turn, arrived = await results.get()
                except TimeoutError:
                    continue
                del polls[turn.domain]
                # Opened one at a time and not before it is wanted: decoded bodies are many times larger.
                result = _opened(turn, arrived, options)
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
            while not results.empty():
                _give_back(results.get_nowait()[1])


def _open_transport(options: FetchOptions) -> GuardedTransport:
    guard = Guard(
        allow_private=options.allow_private, allow_networks=options.allow_networks, allow_ports=options.allow_ports
    )
    return GuardedTransport(Wire(guard, Pace(options.min_rate, options.rate_window)), options.ca_file)


async def _poll(transport: Transport, turn: Turn, options: FetchOptions) -> FetchResult | Parcel:
    """One feed's turn; whatever goes wrong in it is a value."""
    seconds = options.deadline.total_seconds()
    exchange = None
    try:
        async with asyncio.timeout(seconds) as deadline:
            exchange = Exchange(transport, turn.due, options, deadline, is_last=turn.is_last)
            return await exchange.outcome()
    except TimeoutError:
        answer = exchange.answer if exchange else None
        return FetchFailed(ErrorKind.TIMEOUT, f"no complete answer within {seconds:g} s", answer)
    except Exception as error:  # noqa: BLE001 - one feed must not stop the others
        return _failure(turn, error, exchange.answer if exchange else None)


def _opened(turn: Turn, result: FetchResult | Parcel, options: FetchOptions) -> FetchResult:
    """What is handed out: a body decoded, the reason of a failure on one line."""
    if isinstance(result, Parcel):
        parcel = result
        try:
            result = opened(parcel, options.max_decoded)
        except Exception as error:  # noqa: BLE001 - one feed must not stop the others
            result = _failure(turn, error, parcel.answer)
        finally:
            _give_back(parcel)
    return replace(result, reason=one_line(result.reason)) if isinstance(result, FetchFailed) else result


def _give_back(result: FetchResult | Parcel) -> None:
    if isinstance(result, Parcel):
        HOLD.give_back(result.held)


def _failure(turn: Turn, error: Exception, answer: Answer | None) -> FetchFailed:
    """What a failure comes to; one that was not foreseen is logged."""
    if isinstance(error, PollError):
        return FetchFailed(error.kind, error.reason, answer)
    # As text and scrubbed: tracebacks that show local variables would show the feed's secrets.
    url = turn.due.feed.url
    trace = "".join(format_exception(error)).replace(url, public_url(url))
    _log.error("poll_broke", feed=public_url(url), traceback=trace)
    reason = f"{type(error).__name__}: {error}".replace(url, public_url(url))
    return FetchFailed(ErrorKind.UNEXPECTED, reason, answer)
