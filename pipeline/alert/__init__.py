"""From a hit to a delivered message: rules decide what is owed, the outbox remembers it, channels carry it."""

from pipeline.alert.delivery import AlertOptions, Channel, Coverage, Outbox, Outcome, backoff, deliver
from pipeline.alert.notices import replayed, trial
from pipeline.alert.payload import web_link
from pipeline.alert.render import plain, render
from pipeline.alert.rhythm import Rhythm, timed
from pipeline.alert.routing import Candidate, owed
from pipeline.alert.rules import Rule, Severity, is_louder

__all__ = [
    "AlertOptions",
    "Candidate",
    "Channel",
    "Coverage",
    "Outbox",
    "Outcome",
    "Rhythm",
    "Rule",
    "Severity",
    "backoff",
    "deliver",
    "is_louder",
    "owed",
    "plain",
    "render",
    "replayed",
    "timed",
    "trial",
    "web_link",
]
