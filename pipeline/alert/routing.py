"""Which alerts new hits owe to which channels: one for each channel and story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.alert.payload import story_payload
from pipeline.alert.rules import Rule, loudest
from pipeline.keys import digest
from pipeline.model import Alert, DateKind, Entry, Hit, Placement, Relation

_KIND = "story"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that may be worth an alert: its hits, and its place among the stories."""

    entry: Entry
    hits: tuple[Hit, ...]
    placement: Placement


@dataclass(frozen=True, slots=True)
class _Match:
    """A rule and the hits of one story that it takes."""

    rule: Rule
    hits: tuple[Hit, ...]


def owed(
    candidates: Sequence[Candidate],
    rules: Sequence[Rule],
    *,
    names: Mapping[str, str],
    tags: Mapping[str, Iterable[str]],
    now: datetime,
    max_age: timedelta,
    first_poll: bool,
) -> tuple[Alert, ...]:
    """The alerts that one feed's turn owes: at most one for each (channel, story).

    The id is made of channel and story alone, so that inserting it again, in this batch or in a later one, changes
    nothing. Several rules that send to one channel share the alert: the first names it, the loudest sets the
    severity. Entries older than ``max_age`` never alert, nor, on a feed's first poll, those without a date:
    otherwise a new feed would empty its archive into the channel. ``names`` and ``tags`` are by company id.
    """
    stories: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        if candidate.placement.relation is not Relation.SEEN:
            stories.setdefault(candidate.placement.story_id, []).append(candidate)
    alerts: list[Alert] = []
    for story_id, told in stories.items():
        fresh = [one for one in told if _is_fresh(one.entry, now, max_age, first_poll=first_poll)]
        entries = [one.entry for one in told]
        for channel, matches in _by_channel(fresh, rules, tags).items():
            alerts.append(_alert(channel, story_id, entries, matches, names, now))
    return tuple(alerts)


def _is_fresh(entry: Entry, now: datetime, max_age: timedelta, *, first_poll: bool) -> bool:
    undated = entry.published_at is None or entry.date_kind is DateKind.SEEN
    if first_poll and undated:
        return False
    return entry.published_at is None or now - entry.published_at <= max_age


def _by_channel(
    fresh: Sequence[Candidate], rules: Sequence[Rule], tags: Mapping[str, Iterable[str]]
) -> dict[str, list[_Match]]:
    """The rules that take something of this story, in their order, under each channel they send to."""
    channels: dict[str, list[_Match]] = {}
    for rule in rules:
        hits = tuple(hit for one in fresh for hit in one.hits if rule.takes(one.entry, hit, tags))
        for channel in dict.fromkeys(rule.channels if hits else ()):
            channels.setdefault(channel, []).append(_Match(rule, hits))
    return channels


def _alert(
    channel: str,
    story_id: str,
    told: Sequence[Entry],
    matches: Sequence[_Match],
    names: Mapping[str, str],
    now: datetime,
) -> Alert:
    hits = list({(hit.entry_id, hit.company_id): hit for match in matches for hit in match.hits}.values())
    taken = {hit.entry_id for hit in hits}
    lead = next(entry for entry in told if entry.id in taken)
    rules = [match.rule for match in matches]
    alert_id = digest("alert", channel, story_id, _KIND)
    severity = loudest(rules)
    return Alert(
        id=alert_id,
        channel=channel,
        rule=rules[0].name,
        kind=_KIND,
        story_id=story_id,
        entry_id=lead.id,
        created_at=now,
        not_before=now,
        severity=severity,
        payload=story_payload(
            alert_id=alert_id,
            rules=[rule.name for rule in rules],
            severity=severity,
            story_id=story_id,
            lead=lead,
            hits=hits,
            others=[entry for entry in told if entry is not lead],
            names=names,
            now=now,
        ),
    )
