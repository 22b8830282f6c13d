"""Which hosts asked to be left alone: a plea for fewer requests speaks for all feeds of its host."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from pipeline.model import ErrorKind, FetchFailed, FetchResult
from pipeline.urls import host_of

# After a 429 that does not say for how long.
_REST = timedelta(hours=1)
# One feed behind a proxy may be unavailable while its neighbours are well; three are the host.
_ENOUGH_REFUSALS = 3


@dataclass(frozen=True, slots=True)
class Plea:
    """No requests to this host for so long."""

    host: str
    rest: timedelta


class Rests:
    """Hears the answers of one pass and tells when a host pleads for rest."""

    def __init__(self) -> None:
        self._refusals: Counter[str] = Counter()

    def note(self, result: FetchResult) -> Plea | None:
        """The plea in this answer: a 429, a quota that is used up, or the third 503 with a time."""
        answer = result.answer
        if answer is None:
            return None
        if isinstance(result, FetchFailed) and result.kind is ErrorKind.RATE_LIMITED:
            return Plea(host_of(answer.url), answer.retry_after or answer.spent_for or _REST)
        if answer.spent_for:
            return Plea(host_of(answer.url), answer.spent_for)
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE and answer.retry_after:
            host = host_of(answer.url)
            self._refusals[host] += 1
            if self._refusals[host] >= _ENOUGH_REFUSALS:
                return Plea(host, answer.retry_after)
        return None


def not_asked(plea: Plea) -> FetchFailed:
    """What came of a feed that was not asked since its host had pleaded for rest."""
    seconds = plea.rest.total_seconds()
    reason = f"not asked: {plea.host} asked for fewer requests, and is left alone for {seconds:.0f} s"
    return FetchFailed(ErrorKind.RATE_LIMITED, reason, rest=plea.rest)
