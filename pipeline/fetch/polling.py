"""What a poll leaves behind: validators, failures, and the moment of the next poll."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.fetch.rhythm import DAY, HOUR, LONGEST, PollingOptions, interval_of, past_quiet_hours, wish_floor, wish_of
from pipeline.keys import digest
from pipeline.model import (
    Answer,
    Document,
    Due,
    ErrorKind,
    FeedState,
    Fetched,
    FetchFailed,
    FetchResult,
    Hints,
    NotModified,
)

GONE = "the server says that the feed is gone for good (410)"
FINISHED = "the feed says that it is finished (JSON Feed: expired)"

# Some servers answer 304 for ever: after this long without a full answer, one is asked for.
_TRUST_304 = timedelta(days=7)
# Part of a wait by which it is drawn out, so that feeds polled together drift apart.
_JITTER = 0.1
_SPREAD_AFTER_QUIET = timedelta(minutes=15)
# A site that refuses or limits us is left alone for longer than one that is only down.
_FIRST_WAIT = {ErrorKind.RATE_LIMITED: HOUR, ErrorKind.BLOCKED: 2 * HOUR}
_MAX_DOUBLINGS = 16


def next_state(
    due: Due, result: FetchResult, document: Document | None, *, now: datetime, new: int, options: PollingOptions
) -> FeedState:
    """The feed's state after this poll; pure. ``new`` = entries of the document that were not known before.

    A body that did not parse must come as ``FetchFailed`` with its answer, so that its validators are not taken:
    else the feed would answer 304 to a copy that nobody could read.
    """
    match result:
        case Fetched():
            return _after_body(due.state, result, document, now=now, new=new, options=options)
        case NotModified():
            return _after_304(due.state, result.answer, now=now, options=options)
        case FetchFailed():
            return _after_failure(due.state, result, now=now, options=options)


def _after_body(
    state: FeedState, result: Fetched, document: Document | None, *, now: datetime, new: int, options: PollingOptions
) -> FeedState:
    answer = result.answer
    interval = interval_of(state, document, now=now, new=new, options=options)
    hints = document.info.hints if document else Hints()
    floor = wish_floor(answer.fresh_for, options)
    if document:
        floor = max(floor, wish_of(document, now, options))
    # The rest of a document that breaks off would stay unread if the server could answer "not modified" to it.
    is_whole = not (document and document.is_cut)
    after = replace(
        _answered(state, answer, now),
        # A validator that is gone from a full answer is gone: RFC 9111, 3.2 replaces the stored head.
        etag=answer.etag if is_whole else "",
        last_modified=answer.last_modified if is_whole else "",
        body_hash=result.body_hash,
        last_full_at=now,
        hints=hints,
        interval=interval,
        next_poll_at=_next_poll_at(state, interval, floor, hints, now, options),
    )
    return replace(after, disabled=after.disabled or FINISHED, next_poll_at=None) if hints.expired else after


def _after_304(state: FeedState, answer: Answer, *, now: datetime, options: PollingOptions) -> FeedState:
    interval = interval_of(state, None, now=now, new=0, options=options)
    after = replace(
        _answered(state, answer, now),
        # RFC 9111, 4.3.4: a 304 can bring newer validators; what it leaves out stays as it was.
        etag=answer.etag or state.etag,
        last_modified=answer.last_modified or state.last_modified,
        interval=interval,
        next_poll_at=_next_poll_at(state, interval, wish_floor(answer.fresh_for, options), state.hints, now, options),
    )
    if state.disabled == FINISHED:
        # Nothing has changed, so the document still says it.
        return replace(after, disabled=FINISHED, next_poll_at=None)
    full_at = state.last_full_at
    if full_at and now - full_at >= _TRUST_304 + DAY * _fraction(state.url):
        return replace(after, etag="", last_modified="")
    return after


def _answered(state: FeedState, answer: Answer, now: datetime) -> FeedState:
    """What is true after every good answer: one success ends all failing, and what we retired for it is back.

    A feed that a person disabled stays so.
    """
    return replace(
        state,
        disabled="" if state.disabled in (GONE, FINISHED) else state.disabled,
        current_url=answer.url,
        status=answer.status,
        failures=0,
        failing_since=None,
        error_kind=None,
        error="",
        last_polled_at=now,
        last_ok_at=now,
    )


def _next_poll_at(
    state: FeedState, interval: timedelta, floor: timedelta, hints: Hints, now: datetime, options: PollingOptions
) -> datetime:
    place = _fraction(state.url)
    wait = interval
    if state.last_ok_at is None:
        # Feeds that were added together start at places of their own within the interval.
        wait = max(interval * (0.5 + 0.5 * place), options.min_interval)
    moment = now + _drawn_out(max(wait, floor), _fraction(state.url, now.isoformat()), cap=options.hint_cap)
    return _whole_second(min(past_quiet_hours(moment, hints, spread=_SPREAD_AFTER_QUIET * place), now + LONGEST))


def _after_failure(state: FeedState, failed: FetchFailed, *, now: datetime, options: PollingOptions) -> FeedState:
    since = state.failing_since or now
    after = replace(
        state,
        status=failed.answer.status if failed.answer else None,
        failures=state.failures + 1,
        failing_since=since,
        error_kind=failed.kind,
        error=failed.reason,
        last_polled_at=now,
    )
    if failed.kind is ErrorKind.GONE:
        return replace(after, disabled=state.disabled or GONE, next_poll_at=None)
    wait = _drawn_out(_backoff(after, failed, options), _fraction(state.url, now.isoformat()), cap=options.max_backoff)
    return replace(after, next_poll_at=_whole_second(now + wait))


def _backoff(after: FeedState, failed: FetchFailed, options: PollingOptions) -> timedelta:
    """Once, twice, four times the interval ...; never less than what the server asked for."""
    asked = failed.answer.retry_after if failed.answer else None
    assert after.failing_since
    assert after.last_polled_at
    if after.last_polled_at - after.failing_since >= options.dead_after:
        return max(options.dead_interval, asked or timedelta())
    first = after.interval or options.default_interval
    if failed.kind in _FIRST_WAIT and not asked:
        first = max(2 * first, _FIRST_WAIT[failed.kind]) + HOUR * _fraction(after.url)
    wait = first * (1 << min(after.failures - 1, _MAX_DOUBLINGS))
    return max(min(wait, options.max_backoff), asked or timedelta())


def _drawn_out(wait: timedelta, share: float, *, cap: timedelta) -> timedelta:
    """Up to a tenth longer, but a wait within the cap stays within it."""
    return max(wait, min(wait * (1 + _JITTER * share), cap))


def _fraction(*parts: str) -> float:
    """A number from 0 up to 1 that is always the same for the same words: chance that can be repeated."""
    return int(digest(*parts), 16) / 2**64


def _whole_second(moment: datetime) -> datetime:
    """Rounded up, as the database keeps whole seconds and nobody is to be asked too early."""
    return moment.replace(microsecond=0) + timedelta(seconds=1) if moment.microsecond else moment
