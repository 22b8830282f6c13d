"""Which alerts new hits owe to which channels: one for each channel and story, then its updates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

from pipeline.alert.delivery import AlertOptions
from pipeline.alert.news import News, each_once, names_of, news_of, outlet_news, outlets_reached, pair_news
from pipeline.alert.payload import as_update, story_payload
from pipeline.alert.phrases import searchable
from pipeline.alert.routes import Route, Routing
from pipeline.alert.rules import loudest, soonest
from pipeline.keys import digest
from pipeline.model import Alert, DateKind, Entry, Hit, Placement, Relation, StorySoFar, Told, Untold

ROUND_UP_AFTER = timedelta(hours=24)  # what a round-up tells of a company is news where nobody told any for so long

_NOBODY: Mapping[str, Told] = MappingProxyType({})


class StoryMemory(Protocol):
    """What is asked of the memory about the stories of a turn; what the turn itself brings is not in the answers."""

    def told(self, story_ids: Collection[str]) -> Mapping[str, Mapping[str, Told]]:
        """By story and channel what a channel was told, or is owed; stories of which nobody was told are left out.

        A story counts as told where an alert is about it or about one of its entries: it may have been merged or split.
        """

    def so_far(self, story_ids: Collection[str]) -> Mapping[str, StorySoFar]:
        """The stories of these ids as they are stored; unknown ones are left out."""

    def heard_of(self, companies: Collection[str], since: datetime, besides: Collection[str]) -> Collection[str]:
        """Those of the companies of which an entry published since then is a hit, others than these entries."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that may be worth an alert: its hits, and its place among the stories."""

    entry: Entry
    hits: tuple[Hit, ...]
    placement: Placement
    tier: int = 3  # of its feed
    outlet: str = ""  # who tells it, as ``StorySoFar.outlets`` has it
    untold: Untold = field(default_factory=Untold)

    @property
    def is_update(self) -> bool:
        """Does it bring something new into its story?"""
        return self.placement.relation is Relation.UPDATE


@dataclass(frozen=True, slots=True)
class _Match:
    """A route and the hits of one story that it takes."""

    route: Route
    hits: tuple[Hit, ...]
    people: tuple[str, ...]
    met: frozenset[str] = frozenset()  # the companies that it wanted together


@dataclass(frozen=True, slots=True)
class _Story:
    """All that is known of one story when its alerts are decided."""

    id: str
    arrived: tuple[Candidate, ...]
    fresh: tuple[Candidate, ...]
    told: Mapping[str, Told] = field(default_factory=dict)
    before: StorySoFar | None = None  # None = not asked for, or there is nothing yet

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Those of what arrived, then those from before."""
        before = self.before.hits if self.before else ()
        return (*(hit for one in self.arrived for hit in one.hits), *before)


def owed(
    candidates: Sequence[Candidate],
    routing: Routing,
    memory: StoryMemory,
    *,
    now: datetime,
    options: AlertOptions,
    first_poll: bool,
) -> tuple[Alert, ...]:
    """The alerts that one feed's turn owes: at most one for each (channel, story).

    The first that a channel gets of a story has an id made of channel and story alone, so that inserting it again, in
    this batch or in a later one, changes nothing. A channel that knows the story gets an update when something new
    arrives in it (relation ``update``), when companies that a rule wants together have met, or when the number of
    outlets has reached ``options.outlets``; repeats and copies are silent.
    Several rules that send to one channel share the alert: the first names it, the loudest sets the severity, the
    soonest the digest. Entries older than ``options.max_age`` never alert, nor, on a feed's first poll, those without
    a date: otherwise a new feed would empty its archive into the channel. A round-up alerts where it is the only
    news of a company for a day.
    """
    candidates = _without_retold(candidates, memory, now)
    stories = _remembered(_stories(candidates, now, options.max_age, first_poll=first_poll), routing, memory, options)
    alerts: list[Alert] = []
    for story in stories:
        for channel, matches in _by_channel(story, routing.routes).items():
            told = story.told.get(channel)
            alert = (
                _first(channel, story, matches, routing, now)
                if told is None
                else _update(channel, story, matches, told, routing, now, options)
            )
            if alert is not None:
                alerts.append(alert)
    return tuple(alerts)


# --------------------------------------------------------------------------- the stories of a turn


def _without_retold(candidates: Sequence[Candidate], memory: StoryMemory, now: datetime) -> list[Candidate]:
    """The candidates, round-ups with the hits of those companies alone of which nothing else was told since a day
    before; what another round-up of the turn told of a company is told too.
    """
    told = {one.entry.id for one in candidates}
    by_lists: set[str] = set()
    kept = []
    for one in candidates:
        if one.placement.is_round_up:
            since = min(one.entry.published_at or now, now) - ROUND_UP_AFTER
            heard = by_lists.union(memory.heard_of({hit.company_id for hit in one.hits}, since, told))
            heard.update(hit.company_id for other in candidates if _is_news(other, since) for hit in other.hits)
            one = replace(one, hits=tuple(hit for hit in one.hits if hit.company_id not in heard))
            by_lists.update(hit.company_id for hit in one.hits)
        kept.append(one)
    return kept


def _is_news(candidate: Candidate, since: datetime) -> bool:
    published = candidate.entry.published_at
    return not candidate.placement.is_round_up and published is not None and published >= since


def _stories(candidates: Sequence[Candidate], now: datetime, max_age: timedelta, *, first_poll: bool) -> list[_Story]:
    """The stories in which something fresh arrived."""
    arrived: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        if candidate.placement.relation is not Relation.SEEN:
            arrived.setdefault(candidate.placement.story_id, []).append(candidate)
    stories = []
    for story_id, told in arrived.items():
        fresh = tuple(one for one in told if _is_fresh(one.entry, now, max_age, first_poll=first_poll))
        if fresh:
            stories.append(_Story(story_id, tuple(told), fresh))
    return stories


def _is_fresh(entry: Entry, now: datetime, max_age: timedelta, *, first_poll: bool) -> bool:
    undated = entry.published_at is None or entry.date_kind is DateKind.SEEN
    if first_poll and undated:
        return False
    return entry.published_at is None or now - entry.published_at <= max_age


def _remembered(
    stories: Sequence[_Story], routing: Routing, memory: StoryMemory, options: AlertOptions
) -> list[_Story]:
    """The stories with what the memory knows of them, as far as it matters; one that opens now is known to nobody."""
    known = [story.id for story in stories if any(one.placement.relation is not Relation.NEW for one in story.arrived)]
    told = memory.told(known) if known and routing.routes else {}

    def matters(story_id: str, arrived: Iterable[Candidate]) -> bool:
        has_news = options.outlets > 0 or any(one.is_update for one in arrived)
        return routing.has_pairs or (has_news and story_id in told)

    asked = [story.id for story in stories if story.id in known and matters(story.id, story.arrived)]
    before = memory.so_far(asked) if asked else {}
    return [replace(story, told=told.get(story.id, _NOBODY), before=before.get(story.id)) for story in stories]


def _by_channel(story: _Story, routes: Sequence[Route]) -> dict[str, list[_Match]]:
    """The rules that take something of this story, in their order, under each channel they send to."""
    words = (
        {one.entry.id: searchable(one.entry.title, one.entry.text) for one in story.fresh}
        if any(route.words or route.without for route in routes)
        else {}
    )
    channels: dict[str, list[_Match]] = {}
    for route in routes:
        met = route.met(story.hits) if route.pair else frozenset()
        if route.pair and not met:
            continue
        hits = tuple(
            hit
            for one in story.fresh
            if (taken := [hit for hit in one.hits if route.takes(hit)])
            and route.allows(words.get(one.entry.id, ""), one.entry.language, one.tier)
            for hit in taken
        )
        for channel, people in route.channels.items() if hits else ():
            channels.setdefault(channel, []).append(_Match(route, hits, people, met))
    return channels


# --------------------------------------------------------------------------- the alerts


def _first(channel: str, story: _Story, matches: Sequence[_Match], routing: Routing, now: datetime) -> Alert | None:
    """The first that a channel hears of a story; from a rule for updates alone only when there is one."""
    updates = {one.entry.id for one in story.fresh if one.is_update}
    asking = [match if match.met or "new" in match.route.rule.on else _only(match, updates) for match in matches]
    asking = [match for match in asking if match.hits]
    if not asking:
        return None
    alert_id = digest("alert", channel, story.id, "story")
    return _alert(alert_id, "story", channel, story, asking, routing, now)


def _update(
    channel: str,
    story: _Story,
    matches: Sequence[_Match],
    told: Told,
    routing: Routing,
    now: datetime,
    options: AlertOptions,
) -> Alert | None:
    """What is new for a channel that knows the story; None when that is nothing, or it has had enough of it."""
    if told.updates >= options.max_updates or story.before is None:
        return None
    outlets = _outlets_reached(story, options.outlets)
    updates = {one.entry.id: one for one in story.fresh if one.is_update}
    asking, news = [], []
    for match in matches:
        is_first_meeting = bool(match.met) and match.route.rule.name not in told.rules
        if is_first_meeting:
            news.append(pair_news(names_of(match.met, routing.names)))
        if is_first_meeting or (outlets and "updates" in match.route.rule.on):
            asking.append(match)
        elif "updates" in match.route.rule.on:
            asking.append(_only(match, updates.keys()))
    asking = [match for match in asking if match.hits]
    if not asking:
        return None
    taken = {hit.entry_id for match in asking for hit in match.hits}
    bringing = [updates[entry] for entry in updates if entry in taken]
    for one in sorted(bringing, key=_rank):
        news.extend(news_of(one.placement, one.untold, _arrived(one, story.before, routing.names)))
    if outlets:
        news.append(outlet_news(outlets))
    lead = _lead(bringing or [one for one in story.fresh if one.entry.id in taken])
    is_growth = len(news) == 1 and bool(outlets)
    alert_id = digest("alert", channel, story.id, *(("outlets", str(outlets)) if is_growth else _mark(lead)))
    made = _alert(alert_id, "update", channel, story, asking, routing, now, lead=lead)
    return replace(made, payload=as_update(made.payload, _plain(news), story.before.first))


def _only(match: _Match, entry_ids: Collection[str]) -> _Match:
    return replace(match, hits=tuple(hit for hit in match.hits if hit.entry_id in entry_ids))


def _mark(lead: Candidate) -> tuple[str, ...]:
    """What tells this update from another of the story: who leads it, and what an edit of that one brought in."""
    edited = sorted(hit.company_id for hit in lead.hits) if lead.placement.rule == "edited" else ()
    return "update", lead.entry.id, *edited


def _outlets_reached(story: _Story, first: int) -> int:
    if not first or story.before is None:
        return 0
    before = story.before.outlets
    return outlets_reached(len(before), len(before.union(one.outlet for one in story.arrived)), first)


def _arrived(update: Candidate, before: StorySoFar, names: Mapping[str, str]) -> list[str]:
    """The names of the companies that an update brings into its story."""
    known = {hit.company_id for hit in before.hits}
    return names_of({hit.company_id for hit in update.hits} - known, names)


def _plain(news: Iterable[News]) -> list[dict[str, str]]:
    return [{"kind": one.kind, "text": one.text} for one in each_once(news)]


def _rank(candidate: Candidate) -> tuple[Any, ...]:
    """The best source leads, then who told it first."""
    at = candidate.entry.published_at
    return candidate.tier, at is None, at.timestamp() if at else 0.0


def _lead(tellings: Sequence[Candidate]) -> Candidate:
    return min(tellings, key=_rank)


def _alert(
    alert_id: str,
    kind: str,
    channel: str,
    story: _Story,
    matches: Sequence[_Match],
    routing: Routing,
    now: datetime,
    lead: Candidate | None = None,
) -> Alert:
    """An alert about the hits of these matches, led by the best telling of them unless one is given."""
    taken = {hit.entry_id for match in matches for hit in match.hits}
    lead = lead or _lead([one for one in story.fresh if one.entry.id in taken])
    rules = [match.route.rule for match in matches]
    severity = loudest(rules)
    return Alert(
        id=alert_id,
        channel=channel,
        rule=rules[0].name,
        kind=kind,
        story_id=story.id,
        entry_id=lead.entry.id,
        created_at=now,
        not_before=now,
        severity=severity,
        digest=soonest(rules),
        payload=story_payload(
            alert_id=alert_id,
            rules=[rule.name for rule in rules],
            severity=severity,
            story_id=story.id,
            lead=lead.entry,
            hits=_shown(story, matches),
            others=[one.entry for one in story.arrived if one is not lead],
            names=routing.names,
            people=list(dict.fromkeys(person for match in matches for person in match.people)),
            now=now,
        ),
    )


def _shown(story: _Story, matches: Sequence[_Match]) -> list[Hit]:
    """The hits that the rules took, and of companies that met in the story those of the other tellings."""
    met = frozenset().union(*(match.met for match in matches))
    hits = [hit for match in matches for hit in match.hits]
    hits += [hit for hit in story.hits if hit.company_id in met]
    return list({(hit.entry_id, hit.company_id): hit for hit in hits}.values())
