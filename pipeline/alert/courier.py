"""Sending while a run still polls: what is stored does not wait for slow hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from pipeline.alert.delivery import AlertOptions, Channel, Coverage, Outbox, Outcome, Pass, tallies
from pipeline.alert.rhythm import Rhythm

_LOOK_EVERY = timedelta(seconds=30)  # for what has fallen due meanwhile


@dataclass(slots=True)
class Courier:
    """Passes over the outbox, one after the other, beside the work of a run. Used as a context, in the thread to which
    the outbox belongs.

    What was stored just now waits for ``patience``, though never longer than half a minute: more outlets may tell its
    story, a story may turn out to be another one's, and a run whose hosts all answer soon sends everything at its end.
    Who uses it calls ``finish`` at the end, when it ``is_under_way`` or something may be owed.
    """

    outbox: Outbox
    channels: Mapping[str, Channel]
    options: AlertOptions
    rhythms: Mapping[str, Rhythm]
    coverage: Coverage
    clock: Callable[[], datetime]
    patience: timedelta
    stop: Callable[[], bool]
    outcome: Outcome = field(default_factory=Outcome)  # of the passes that have ended
    _pass: Pass | None = None
    _attempts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by channel and outcome
    _look_at: datetime = field(init=False)  # when the outbox is looked through next

    def __enter__(self) -> Self:
        self._look_at = self.clock() + min(self.patience, _LOOK_EVERY)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._pass:
            self._pass.__exit__(kind)

    @property
    def is_under_way(self) -> bool:
        """Whether something was begun of which it is not noted what came of it."""
        return self._pass is not None

    def owe(self) -> None:
        """Alerts were stored just now."""
        self._look_at = min(self._look_at, self.clock() + self.patience)

    def go_on(self) -> None:
        """Begins what has waited long enough, and notes what was sent meanwhile; waits for nothing.

        Not to be called within a transaction. Raises what the outbox raises.
        """
        if self._pass and not self._pass.go_on():
            self._close()
        if self.clock() >= self._look_at:
            self._look().go_on()

    def finish(self) -> None:
        """Sends all that is due by now, and waits for it; after a yes of ``stop`` only notes what was under way."""
        if self._pass:
            self._pass.end()
            self._close()
        if not self.stop():
            self._look().end()
            self._close()
        self.outcome = replace(self.outcome, waiting=self.outbox.undelivered(self.clock()))

    def _look(self) -> Pass:
        """The pass under way, or a new one, that knows what is owed by now."""
        now = self.clock()
        self._look_at = now + _LOOK_EVERY
        self._pass = self._pass or Pass(
            self.outbox,
            self.channels,
            now,
            self.options,
            self.rhythms,
            self.clock,
            self.coverage,
            only=None,
            stop=self.stop,
        )
        self._pass.now = now  # a send that hangs does not hold up what has fallen due since it was begun
        self._pass.look()
        return self._pass

    def _close(self) -> None:
        if done := self._pass:
            self._pass = None
            done.__exit__(None)
            self._attempts += done.attempts
            self.outcome = Outcome(
                sent=self.outcome.sent + done.sent,
                dead=self.outcome.dead + done.dead,
                deliveries=tallies(self._attempts),
            )
