"""Whether the channels' receivers, and who hears the heartbeat, can be reached; nothing is sent to them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from pipeline.alert import unheard
from pipeline.config.loading import Config
from pipeline.config.problems import Problem

PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Reached:
    """What has nothing against it: it answers, or (``is_tried`` false) a channel of its kind cannot be tried."""

    what: str  # "channel desk", "[heartbeat] url"
    is_tried: bool = True


Probe = Callable[[], str | None]


def probe(config: Config, patience: timedelta = PATIENCE) -> Iterator[Problem | Reached]:
    """What came of trying each channel, and the addresses of the heartbeat, in order, all at the same time and none for
    longer than ``patience``. Of the heartbeat only a connection is made: a beat from here would hide that the daemon is
    dead."""
    tried = {**_channels(config), **_heartbeats(config)}
    answers: dict[str, queue.SimpleQueue[str | None]] = {}
    for name, (_, ask) in tried.items():
        if ask:
            answers[name] = queue.SimpleQueue()
            # A daemon: a name server that does not answer must not keep the command from ending.
            threading.Thread(target=_try, args=(ask, answers[name]), daemon=True).start()
    ends = time.monotonic() + patience.total_seconds()
    for name, (where, _) in tried.items():
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
        remedy = "look at its address, the network, the receiver"
        yield Problem(where, f"cannot be reached: {failure}", remedy, severity="error") if failure else Reached(name)


def _channels(config: Config) -> dict[str, tuple[str, Probe | None]]:
    """Of each channel where it stands, and how it is tried."""
    # `probe` is optional: see Channel in alert/delivery.py
    return {
        f"channel {name}": (config.place("channel", name), getattr(channel, "probe", None))
        for name, channel in config.channels.items()
    }


def _heartbeats(config: Config) -> dict[str, tuple[str, Probe | None]]:
    options, where = config.heartbeat, f"{config.file}: [heartbeat]"
    urls = {"url": options.url, "fail_url": options.fail_url}
    return {
        f"[heartbeat] {key}": (f"{where} {key}", partial(unheard, url.get_secret_value(), options.timeout))
        for key, url in urls.items()
        if url
    }


def _try(ask: Probe, answer: queue.SimpleQueue[str | None]) -> None:
    """The probe's own words; what an outside channel raises is told by its type, since messages may hold secrets."""
    try:
        answer.put(ask())
    except Exception as error:  # noqa: BLE001 - an outside channel may raise anything
        answer.put(f"its probe broke ({type(error).__name__})")
