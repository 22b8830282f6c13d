"""From a hit to a delivered message: rules decide what is owed, the outbox remembers it, channels carry it."""

from pipeline.alert.courier import Courier
from pipeline.alert.delivery import AlertOptions, Channel, Coverage, Outbox, Outcome, backoff, deliver
from pipeline.alert.notices import replayed, trial
from pipeline.alert.payload import OWN_FEED, web_link
from pipeline.alert.phrases import Phrases, searchable
from pipeline.alert.reach import unheard
from pipeline.alert.render import plain, render
from pipeline.alert.rhythm import Rhythm, timed
from pipeline.alert.routes import Route, Routing, members
from pipeline.alert.routing import Candidate, StoryMemory, owed
from pipeline.alert.rules import Group, Person, Rule, Severity, is_louder

__all__ = [
    "OWN_FEED",
    "AlertOptions",
    "Candidate",
    "Channel",
    "Courier",
    "Coverage",
    "Group",
    "Outbox",
    "Outcome",
    "Person",
    "Phrases",
    "Rhythm",
    "Route",
    "Routing",
    "Rule",
    "Severity",
    "StoryMemory",
    "backoff",
    "deliver",
    "is_louder",
    "members",
    "owed",
    "plain",
    "render",
    "replayed",
    "searchable",
    "timed",
    "trial",
    "unheard",
    "web_link",
]
