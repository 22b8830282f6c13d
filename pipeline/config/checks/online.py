"""Whether the channels' receivers can be reached; no alert is sent."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from pipeline.alert import Channel
from pipeline.config.loading import Config
from pipeline.config.problems import Problem

PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Reached:
    """A channel that has nothing against it: its receiver answers, or (``is_tried`` false) its kind cannot be tried."""

    channel: str
    is_tried: bool = True


def probe(config: Config, patience: timedelta = PATIENCE) -> Iterator[Problem | Reached]:
    """What came of trying each channel, in order, all at the same time and none for longer than ``patience``."""
    answers: dict[str, queue.SimpleQueue[str | None]] = {}
    for name, channel in config.channels.items():
        if hasattr(channel, "probe"):
            answers[name] = queue.SimpleQueue()
            # A daemon: a name server that does not answer must not keep the command from ending.
            threading.Thread(target=_try, args=(channel, answers[name]), daemon=True).start()
    ends = time.monotonic() + patience.total_seconds()
    for name in config.channels:
        if name not in answers:
            yield Reached(name, is_tried=False)
            continue
        try:
            failure = answers[name].get(timeout=max(0.0, ends - time.monotonic()))
            if failure is None:
                yield Reached(name, is_tried=False)
                continue
        except queue.Empty:
            failure = f"no answer within {patience.total_seconds():g} s"
        where, remedy = config.place("channel", name), "look at its address, the network, the receiver"
        yield Problem(where, f"cannot be reached: {failure}", remedy, severity="error") if failure else Reached(name)


def _try(channel: Channel, answer: queue.SimpleQueue[str | None]) -> None:
    """The probe's own words; what an outside channel raises is told by its type, since messages may hold secrets."""
    try:
        answer.put(channel.probe())  # type: ignore[attr-defined]  # optional: see Channel in alert/delivery.py
    except Exception as error:  # noqa: BLE001 - an outside channel may raise anything
        answer.put(f"its probe broke ({type(error).__name__})")
