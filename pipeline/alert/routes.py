"""The rules with all that they name looked up: which companies each means, and whom it reaches by which channels."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from pipeline.alert.phrases import Phrases
from pipeline.alert.rules import Group, Person, Rule, is_louder
from pipeline.model import Hit


@dataclass(frozen=True, slots=True)
class Route:
    """A rule, the companies that it means, and its channels, each with the people that it reaches there."""

    rule: Rule
    means: frozenset[str] | None = None  # None = every company
    pair: frozenset[str] = frozenset()  # companies of which ``least`` must be in one story
    least: int = 0
    words: Phrases = field(default_factory=lambda: Phrases(()))
    without: Phrases = field(default_factory=lambda: Phrases(()))
    channels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def takes(self, hit: Hit) -> bool:
        """Is this hit one that the rule is about?"""
        return (self.means is None or hit.company_id in self.means) and self.rule.is_worth(hit)

    def allows(self, searchable: str, language: str, tier: int) -> bool:
        """Is an entry of such words, language and tier of its feed one that the rule alerts on?"""
        return (
            tier <= self.rule.max_tier
            and self.rule.reads(language)
            and (not self.words or self.words.occur_in(searchable))
            and not self.without.occur_in(searchable)
        )

    def met(self, hits: Iterable[Hit]) -> frozenset[str]:
        """The companies of the pair that these hits of a story bring together; empty when too few do."""
        found = frozenset(hit.company_id for hit in hits if hit.company_id in self.pair and self.rule.is_worth(hit))
        return found if len(found) >= self.least else frozenset()


@dataclass(frozen=True, slots=True)
class Routing:
    """All rules in the order of the configuration. ``names`` are those of the companies, by id."""

    routes: tuple[Route, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        rules: Sequence[Rule],
        *,
        names: Mapping[str, str] = MappingProxyType({}),
        tags: Mapping[str, Collection[str]] = MappingProxyType({}),
        groups: Iterable[Group] = (),
        people: Iterable[Person] = (),
    ) -> Routing:
        """The rules with these tables. ``names`` and ``tags`` are by company id. Raises KeyError for an unknown id."""
        of_group = {group.id: members(group.companies, group.tags, tags) for group in groups}
        by_id = {person.id: person for person in people}
        return cls(tuple(_route(rule, tags, of_group, by_id) for rule in rules), names)

    @property
    def has_pairs(self) -> bool:
        """Must some rule know the whole of a story?"""
        return any(route.pair for route in self.routes)

    def pairs(self) -> Routing:
        """Those alone that want companies together."""
        return Routing(tuple(route for route in self.routes if route.pair), self.names)


def members(
    companies: Collection[str], tags: Collection[str], tags_of: Mapping[str, Collection[str]]
) -> frozenset[str]:
    """The companies named by id or by one of their tags."""
    tagged = (company for company, own in tags_of.items() if not set(own).isdisjoint(tags))
    return frozenset(companies).union(tagged)


def _route(
    rule: Rule,
    tags: Mapping[str, Collection[str]],
    of_group: Mapping[str, frozenset[str]],
    people: Mapping[str, Person],
) -> Route:
    pair = of_group[rule.together_of] if rule.together_of else frozenset(rule.together)
    named = members(rule.companies, rule.tags, tags).union(*(of_group[group] for group in rule.groups))
    names_some = bool(rule.companies or rule.tags or rule.groups)
    return Route(
        rule,
        means=None if rule.is_about_all else named if names_some else pair,
        pair=pair,
        least=2 if rule.together_of else len(pair),
        words=Phrases(rule.words),
        without=Phrases(rule.without),
        channels=_channels(rule, [people[person] for person in rule.people]),
    )


def _channels(rule: Rule, people: Sequence[Person]) -> dict[str, tuple[str, ...]]:
    """Each channel once, those that the rule names first."""
    reached = [person for person in people if not is_louder(person.min_severity, rule.severity)]
    return {
        channel: tuple(dict.fromkeys(person.id for person in reached if channel in person.channels))
        for channel in dict.fromkeys(_all_channels(rule, reached))
    }


def _all_channels(rule: Rule, people: Sequence[Person]) -> Iterator[str]:
    yield from rule.channels
    for person in people:
        yield from person.channels
