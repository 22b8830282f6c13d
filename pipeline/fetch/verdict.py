"""What only the whole run can tell of a feed's turn: whether it was the feed that failed, or the network we are in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.model import ErrorKind, FetchFailed, Polled
from pipeline.urls import host_of

_OF_THE_NETWORK = frozenset(
    {ErrorKind.DNS, ErrorKind.CONNECT, ErrorKind.TLS, ErrorKind.TIMEOUT, ErrorKind.BLOCKED_ADDRESS}
)
# Fewer polls prove nothing of the network; nor do failures of so few hosts.
_ENOUGH_POLLS = 20
_FEW_HOSTS = 3
_SHARE_THAT_ANSWERS = 0.2

DOWN = "the network here seems to be down: nearly every feed failed"
PORTAL = "something on the way answers for the feeds: many were led to one new host"


@dataclass(frozen=True, slots=True)
class Judged:
    """A turn that may be written now; ``excuse`` = why a failure does not count against the feed, "" = it counts."""

    polled: Polled
    excuse: str = ""


class Jury:
    """Hears what came of each feed of one run; failures that may not be the feeds' wait until that is known.

    A failure on the network waits until a fifth of the run's feeds has answered, which in a sound network comes soon.
    A page that came instead of a feed, from a host to which the feed never led before, waits to the end.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._answered = 0
        self._network: list[Polled] = []
        self._led_astray: list[Polled] = []
        self._led: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))  # target: host: feeds

    def hear(self, polled: Polled) -> Sequence[Judged]:
        """The turns that can be written after this one, in the order in which they were heard."""
        failed = polled.result if isinstance(polled.result, FetchFailed) else None
        if failed and failed.kind in _OF_THE_NETWORK:
            if self._may_be_down:
                self._network.append(polled)
                return ()
            return (Judged(polled),)
        self._answered += 1
        waited = () if self._may_be_down else self._let_go()
        if self._is_led_astray(polled) and failed:
            self._led_astray.append(polled)
            return waited
        return (*waited, Judged(polled))

    def close(self) -> Sequence[Judged]:
        """The turns that waited to the end."""
        failing_hosts = {host_of(polled.due.url) for polled in self._network}
        is_down = self._may_be_down and len(failing_hosts) > _FEW_HOSTS
        network = [Judged(polled, DOWN if is_down else "") for polled in self._network]
        portals = self._portals
        astray = [
            Judged(polled, PORTAL if polled.result.answer and host_of(polled.result.answer.url) in portals else "")
            for polled in self._led_astray
        ]
        return (*network, *astray)

    @property
    def led_by_portal(self) -> Sequence[str]:
        """The feeds that were led to a new host which more than three others share: their moves are not believed."""
        return [url for portal in self._portals for urls in self._led[portal].values() for url in urls]

    @property
    def _portals(self) -> frozenset[str]:
        return frozenset(target for target, hosts in self._led.items() if len(hosts) > _FEW_HOSTS)

    @property
    def _may_be_down(self) -> bool:
        """More than four in five may still turn out to have failed."""
        return self._total >= _ENOUGH_POLLS and self._answered < _SHARE_THAT_ANSWERS * self._total

    def _let_go(self) -> Sequence[Judged]:
        waited, self._network = self._network, []
        return tuple(map(Judged, waited))

    def _is_led_astray(self, polled: Polled) -> bool:
        """Whether a redirect led to another host than that of the feed and than that which answered last."""
        due, answer = polled.due, polled.result.answer
        if answer is None or answer.url in (due.url, due.state.answered_url):
            return False
        home, target = host_of(due.url), host_of(answer.url)
        if target in (home, host_of(due.state.answered_url)):
            return False
        self._led[target][home].append(due.feed.url)
        return self._total > _FEW_HOSTS
