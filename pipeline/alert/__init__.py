"""From a hit to a delivered message: rules decide what is owed, the outbox remembers it, channels carry it."""

from pipeline.alert.delivery import AlertOptions, Channel, Outbox, Outcome, backoff, deliver
from pipeline.alert.payload import web_link
from pipeline.alert.render import plain, render
from pipeline.alert.routing import Candidate, owed
from pipeline.alert.rules import Rule, Severity, is_louder

__all__ = [
    "AlertOptions",
    "Candidate",
    "Channel",
    "Outbox",
    "Outcome",
    "Rule",
    "Severity",
    "backoff",
    "deliver",
    "is_louder",
    "owed",
    "plain",
    "render",
    "web_link",
]
