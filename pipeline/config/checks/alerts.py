"""Rules that never alert or add nothing, channels that nobody uses or that give secrets away."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.config.checks.rules import rule_problems
from pipeline.config.loading import Config
from pipeline.config.problems import Problem


def alert_problems(config: Config) -> Iterator[Problem]:
    """All about rules, then about channels."""
    yield from rule_problems(config)
    yield from _channels(config)


def _channels(config: Config) -> Iterator[Problem]:
    routes = config.routing().routes
    used = {channel for route in routes for channel in route.channels}
    receivers: dict[object, str] = {}
    for name, channel in config.channels.items():
        where = config.place("channel", name)
        if name not in used and not config.rhythms[name].warns:
            yield Problem(where, "no rule uses it", "name it in a rule's channels, or remove it")
        wished = {route.rule.digest for route in routes if route.rule.digest and name in route.channels}
        for what, remedy in config.rhythms[name].concerns(wished):
            yield Problem(where, what, remedy)
        # Optional methods of the door: see Channel in alert/delivery.py.
        for what, remedy in channel.concerns() if hasattr(channel, "concerns") else ():
            yield Problem(where, what, remedy)
        receiver = channel.receiver() if hasattr(channel, "receiver") else name
        first = receivers.setdefault((type(channel), receiver), name)
        if first != name:
            what = f"it leads where channel {first!r} leads: who reads there is told twice"
            yield Problem(where, what, "name the one channel in both rules")
