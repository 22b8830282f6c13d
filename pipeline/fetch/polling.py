"""What a poll leaves behind: validators, failures, and the moment of the next poll."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from pipeline.fetch.rhythm import (
    DAY,
    HOUR,
    LONGEST,
    PollingOptions,
    gap_behind,
    interval_of,
    past_quiet_hours,
    wish_floor,
    wish_of,
)
from pipeline.keys import digest
from pipeline.model import (
    FINISHED,
    GONE,
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

# Some servers answer 304 for ever: after this long without a full answer, one is asked for; later of a feed whose
# pace makes so long a silence likely.
_TRUST_304 = timedelta(days=7)
_LIKELY_SILENCE = 2  # times the distance between two of its entries
_TRUST_304_AT_MOST = timedelta(days=28)
# A permanent redirect that lasts for so long is believed: many are a mistake of an afternoon.
_MOVE_LASTS = timedelta(days=1)
_MOVE_POLLS = 3
# Failures that say of an address that the feed is not there any more.
_LEFT = frozenset({ErrorKind.NOT_FOUND, ErrorKind.GONE, ErrorKind.DNS})
_SOON = timedelta(minutes=1)
_LOOK_AGAIN_AFTER_410 = timedelta(days=30)
# A third of a document should have been seen before: then twice the news would still leave no gap.
_OVERLAP = 1 / 3
_AMPLE_OVERLAP = 2 / 3
_TIGHTER, _LOOSER, _TIGHTEST = 0.5, 1.25, 1 / 8
_TELLING = 2  # entries: of fewer, overlap says nothing
# Part of a wait by which it is drawn out, so that feeds polled together drift apart.
_JITTER = 0.1
_SPREAD_AFTER_QUIET = timedelta(minutes=15)
# A site that refuses or limits us is left alone for longer than one that is only down; so is a name that is not known,
# while one that no name server answered for (a time-out) may be back in a moment.
_FIRST_WAIT = {ErrorKind.RATE_LIMITED: HOUR, ErrorKind.BLOCKED: 2 * HOUR, ErrorKind.DNS: 2 * HOUR}
_MAX_DOUBLINGS = 16


def next_state(
    due: Due,
    result: FetchResult,
    document: Document | None,
    *,
    now: datetime,
    new: int,
    options: PollingOptions,
    overlap: float | None = None,
) -> FeedState:
    """The feed's state after this poll; pure. ``new`` = entries of the document that were not known before;
    ``overlap`` as of ``overlap_of``.

    A body that did not parse must come as ``FetchFailed`` with its answer, so that its validators are not taken:
    else the feed would answer 304 to a copy that nobody could read.
    """
    match result:
        case Fetched():
            after = _after_body(
                _unsqueezed(due.state), result, document, now=now, new=new, options=options, overlap=overlap
            )
            return replace(after, last_gap_at=now) if overlap == 0 else after
        case NotModified():
            return _after_304(due.state, result.answer, now=now, options=options)
        case FetchFailed():
            return _after_failure(due.state, result, now=now, options=options)


def excused(due: Due, now: datetime) -> FeedState:
    """The state of a feed whose failure was none of its own: it is asked again in a minute, and nothing counts."""
    return replace(due.state, next_poll_at=_whole_second(now + _SOON))


def rested(state: FeedState, until: datetime, options: PollingOptions) -> FeedState:
    """The state of a feed whose host is left alone: not before ``until``, and then not with all its neighbours.

    A turn that is not before it stays: of the feed that was asked to wait it has been told.
    """
    if state.next_poll_at and state.next_poll_at >= until:
        return state
    after = until + _fraction(state.url) * min(state.interval or options.default_interval, HOUR)
    return replace(state, next_poll_at=_whole_second(after))


def overlap_of(*, known: int, total: int) -> float | None:
    """The share of a document's entries that this feed had brought before; None when there are too few to tell.

    0 = a gap: what was published and pushed out between two polls is probably lost.
    """
    return known / total if total >= _TELLING else None


def squeezed(state: FeedState, overlap: float | None, now: datetime) -> float:
    """By how much the next interval is shortened. Half as long while documents have little in common, back to the
    whole in steps while they have much; a poll that came far too late teaches nothing.
    """
    late = state.last_polled_at and state.interval and now - state.last_polled_at > 2 * state.interval
    if overlap is None:
        return state.squeeze
    if overlap < _OVERLAP and not late:
        return max(state.squeeze * _TIGHTER, _TIGHTEST)
    return min(state.squeeze * _LOOSER, 1.0) if overlap > _AMPLE_OVERLAP else state.squeeze


def _unsqueezed(state: FeedState) -> FeedState:
    """With the interval that its pace alone led to."""
    return replace(state, interval=state.interval / state.squeeze) if state.interval and state.squeeze < 1 else state


def _after_body(
    state: FeedState,
    result: Fetched,
    document: Document | None,
    *,
    now: datetime,
    new: int,
    options: PollingOptions,
    overlap: float | None,
) -> FeedState:
    answer = result.answer
    hints = document.info.hints if document else Hints()
    wish = wish_of(document, now, options) if document else timedelta()
    squeeze = squeezed(state, overlap, now)
    interval = interval_of(state, document, now=now, new=new, options=options)
    interval = max(interval * squeeze, min(interval, options.min_interval), wish)
    floor = max(_floor(answer, options), wish)
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
        squeeze=squeeze,
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
        next_poll_at=_next_poll_at(state, interval, _floor(answer, options), state.hints, now, options),
    )
    if state.disabled == FINISHED:
        # Nothing has changed, so the document still says it.
        return replace(after, disabled=FINISHED, next_poll_at=None)
    full_at = state.last_full_at
    if full_at and now - full_at >= max(_TRUST_304 + DAY * _fraction(state.url), _likely_silence(after, options)):
        return replace(after, etag="", last_modified="")
    return after


def _likely_silence(state: FeedState, options: PollingOptions) -> timedelta:
    """How long nothing may come of a feed of this pace."""
    interval = _unsqueezed(state).interval or options.default_interval
    if interval >= options.max_interval:
        return _TRUST_304_AT_MOST  # how slow it is cannot be told
    return min(_LIKELY_SILENCE * gap_behind(interval, options), _TRUST_304_AT_MOST)


def _floor(answer: Answer, options: PollingOptions) -> timedelta:
    """What the head of a good answer asks for: freshness within bounds, a plea as it is."""
    pleas = (answer.retry_after or timedelta(), answer.spent_for or timedelta())
    return max(wish_floor(answer.fresh_for, options), *pleas)


def _answered(state: FeedState, answer: Answer, now: datetime) -> FeedState:
    """What is true after every good answer: one success ends all failing, and what we retired for it is back.

    A feed that a person disabled stays so.
    """
    return replace(
        _moved(state, answer, now),
        disabled="" if state.disabled in (GONE, FINISHED) else state.disabled,
        answered_url=answer.url,
        asked_as=answer.asked_as,
        status=answer.status,
        failures=0,
        failing_since=None,
        error_kind=None,
        error="",
        last_polled_at=now,
        last_ok_at=now,
    )


def _moved(state: FeedState, answer: Answer, now: datetime) -> FeedState:
    """Keeps account of a permanent redirect; polls begin at its end when it has lasted, or only made HTTPS of HTTP.

    The configured address stays on record: when the new one fails, polls begin there again.
    """
    asked, target = state.current_url or state.url, answer.moved_to
    if not target or target == asked:
        return replace(state, moved_to="", moved_since=None, moved_polls=0)
    goes_on = target == state.moved_to
    since = state.moved_since if goes_on and state.moved_since else now
    polls = state.moved_polls + 1 if goes_on else 1
    if _is_upgrade(asked, target) or (polls >= _MOVE_POLLS and now - since >= _MOVE_LASTS):
        return _begins_at(state, target)
    return replace(state, moved_to=target, moved_since=since, moved_polls=polls)


def _begins_at(state: FeedState, url: str) -> FeedState:
    url = "" if url == state.url else url
    return replace(state, current_url=url, moved_to="", moved_since=None, moved_polls=0)


def _is_upgrade(asked: str, target: str) -> bool:
    """The same host and path, now by HTTPS: that it is the same host, its certificate has shown."""
    one, other = urlsplit(asked), urlsplit(target)
    is_same = (one.hostname, one.path or "/", one.query) == (other.hostname, other.path or "/", other.query)
    return is_same and (one.scheme, other.scheme) == ("http", "https")


def _next_poll_at(
    state: FeedState, interval: timedelta, floor: timedelta, hints: Hints, now: datetime, options: PollingOptions
) -> datetime:
    place = _fraction(state.url)
    wait = interval
    if state.last_ok_at is None:
        # Feeds that were added together start at places of their own within the interval.
        wait = max(interval * (0.5 + 0.5 * place), options.min_interval)
    elif _was_missed(state, now):
        # Nobody polled for a while, and all feeds came due: they shall not stay together.
        wait = interval * (1 + 0.5 * place)
    moment = now + _drawn_out(max(wait, floor), _fraction(state.url, now.isoformat()), cap=options.hint_cap)
    return _whole_second(min(past_quiet_hours(moment, hints, spread=_SPREAD_AFTER_QUIET * place), now + LONGEST))


def _was_missed(state: FeedState, now: datetime) -> bool:
    """Whether at least one more turn has gone by since its turn came."""
    return bool(state.next_poll_at and state.interval and now - state.next_poll_at > state.interval)


def _after_failure(state: FeedState, failed: FetchFailed, *, now: datetime, options: PollingOptions) -> FeedState:
    if failed.rest:
        return rested(state, now + failed.rest, options)
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
    if failed.kind in _LEFT and state.moved_to and not (failed.answer and failed.answer.moved_to):
        # What failed is the old address, and the one it led to was well: ask there, at once.
        return replace(_begins_at(after, state.moved_to), next_poll_at=_whole_second(now + _SOON))
    if failed.kind in _LEFT and state.current_url:
        # The new address is no good any more. What becomes of the feed, the configured one shall say.
        after = _begins_at(after, state.url)
    elif failed.kind is ErrorKind.GONE:
        return _retired(state, after, now)
    wait = _drawn_out(_backoff(after, failed, options), _fraction(state.url, now.isoformat()), cap=options.max_backoff)
    return replace(after, next_poll_at=_whole_second(now + wait))


def _retired(before: FeedState, after: FeedState, now: datetime) -> FeedState:
    """Gone for good; looked in on once, in case that was a mistake. A feed that a person disabled stays with them."""
    if before.disabled != GONE:
        again = None if before.disabled else now + _LOOK_AGAIN_AFTER_410
        return replace(after, disabled=before.disabled or GONE, next_poll_at=again and _whole_second(again))
    awaits = before.next_poll_at if before.next_poll_at and before.next_poll_at > now else None
    return replace(after, next_poll_at=awaits)


def _backoff(after: FeedState, failed: FetchFailed, options: PollingOptions) -> timedelta:
    """Once, twice, four times the interval ...; never less than what the server asked for."""
    asked = (failed.answer.retry_after or failed.answer.spent_for) if failed.answer else None
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
