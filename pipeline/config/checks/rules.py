"""Rules that never alert, that do so for fewer than they seem to, or that add nothing; groups and people likewise."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pipeline.alert import Phrases, Route, Rule, is_louder, members, searchable
from pipeline.config.checks.languages import language_problem
from pipeline.config.loading import Config
from pipeline.config.problems import Problem
from pipeline.match import Matcher
from pipeline.model import Company

_SHOWN = 5  # companies or words in one message


def rule_problems(config: Config) -> Iterator[Problem]:
    """All about the rules, then about what they name."""
    tags = {tag for company in config.watchlist.companies for tag in company.tags}
    companies = {company.id: company for company in config.watchlist.companies}
    for number, route in enumerate(config.routing().routes):
        rule = route.rule
        where = config.place("rule", rule.name)
        yield from _who(route, tags, where)
        yield from _pair(route, where)
        yield from _words(route, [companies[one] for one in sorted(route.means or ())], where)
        yield from _languages(rule, where)
        yield from _score(rule, config, where)
        yield from _tier(rule, config, where)
        yield from _people(route, config, where)
        yield from _covered(rule, number, config, where)
    yield from _groups(config, tags)
    yield from _unnamed_people(config)
    if config.alert.outlets and not config.alert.max_updates:
        what = "outlets is without effect: that many tell a story is an update, and max_updates is 0"
        yield Problem(f"{config.file}: [alert]", what, "raise max_updates, or leave outlets out")


# --------------------------------------------------------------------------- whom a rule means


def _who(route: Route, tags: set[str], where: str) -> Iterator[Problem]:
    rule = route.rule
    unknown = [tag for tag in rule.tags if tag not in tags]
    if rule.tags and len(unknown) == len(rule.tags) and not route.means:
        what = f"key 'tags': no company has {_listed(unknown)}: the rule can never alert"
        yield Problem(where, what, "correct the tags, or give them to companies", severity="error")
        return
    if rule.groups and not route.means:
        what = f"key 'groups': no company is in {' or '.join(map(repr, rule.groups))}: the rule can never alert"
        yield Problem(where, what, "give the group companies", severity="error")
        return
    for tag in unknown:
        what = f"key 'tags': no company has the tag {tag!r}"
        yield Problem(where, what, "correct it, or give it to a company")


def _listed(words: list[str]) -> str:
    return " or ".join(f"the tag {word!r}" if not number else repr(word) for number, word in enumerate(words))


def _pair(route: Route, where: str) -> Iterator[Problem]:
    """A group of which no two can meet."""
    if route.rule.together_of and len(route.pair) < route.least:
        what = f"key 'together_of': {route.rule.together_of!r} has not two companies: the rule can never alert"
        yield Problem(where, what, "give the group more companies", severity="error")


# --------------------------------------------------------------------------- words


def _words(route: Route, companies: Sequence[Company], where: str) -> Iterator[Problem]:
    """Words that ``without`` keeps out, and those that show that none of the rule's companies is meant."""
    rule = route.rule
    kept_out = [word for word in rule.words if route.without.occur_in(searchable(word))]
    if kept_out and len(kept_out) == len(rule.words):
        what = f"key 'without' keeps out all of 'words' ({_quoted(kept_out)}): the rule can never alert"
        yield Problem(where, what, "remove the one or the other", severity="error")
    elif kept_out:
        yield Problem(where, f"key 'without' keeps out {_quoted(kept_out)} of 'words'", "remove the one or the other")
    for word in rule.words:
        if companies and all(_excludes(company, word) for company in companies):
            what = f"key 'words': {word!r} is in the key exclude of the rule's companies, which it does not mean"
            yield Problem(where, what, "remove it there or here")
    yield from _hidden(route, companies, where)


def _excludes(company: Company, word: str) -> bool:
    return Phrases(company.exclude).occur_in(searchable(word))


def _hidden(route: Route, companies: Sequence[Company], where: str) -> Iterator[Problem]:
    """Companies whose own names ``without`` keeps out."""
    without = route.without
    hidden = [one for one in companies if all(without.occur_in(searchable(name)) for name in _names(one))]
    if not hidden:
        return
    is_never = len(hidden) == len(companies) and not any(company.tickers or company.domains for company in hidden)
    what = f"key 'without' is in every name of {_quoted([company.id for company in hidden])}"
    if is_never:
        yield Problem(where, f"{what}: the rule can never alert", "remove it from without", severity="error")
    else:
        yield Problem(where, f"{what}: hardly any alert about it", "remove it from without")


def _names(company: Company) -> tuple[str, ...]:
    return (company.name, *(alias.text for alias in company.aliases))


def _quoted(words: Collection[str]) -> str:
    shown = ", ".join(map(repr, list(words)[:_SHOWN]))
    return shown if len(words) <= _SHOWN else f"{shown} ..."


# --------------------------------------------------------------------------- the other conditions


def _languages(rule: Rule, where: str) -> Iterator[Problem]:
    for tag in rule.languages:
        if problem := language_problem(tag):
            yield Problem(where, f"key 'languages': {problem[0]}", problem[1])


def _score(rule: Rule, config: Config, where: str) -> Iterator[Problem]:
    thresholds = [matcher.threshold for matcher in config.matchers if isinstance(matcher, Matcher)]
    if len(thresholds) < len(config.matchers) or not 0 < rule.min_score < min(thresholds):
        return
    what = f"key 'min_score': {rule.min_score:g} is without effect, no hit has less than {min(thresholds):g}"
    yield Problem(where, what, "leave it out, or raise it")


def _tier(rule: Rule, config: Config, where: str) -> Iterator[Problem]:
    best = min((feed.tier for feed in config.feeds), default=1)
    if best > rule.max_tier:
        what = f"key 'max_tier': no feed is of tier {rule.max_tier} or better, the best are of tier {best}"
        yield Problem(where, what, "raise it, or give feeds a better tier")


def _people(route: Route, config: Config, where: str) -> Iterator[Problem]:
    """People whom the rule is too quiet for."""
    people = {person.id: person for person in config.people}
    for name in route.rule.people:
        if is_louder(people[name].min_severity, route.rule.severity):
            what = f"key 'people': {name!r} is not reached, whose min_severity is {people[name].min_severity!r}"
            remedy = "raise the severity of the rule, or lower that one"
            yield Problem(where, what, remedy, severity="warning" if route.channels else "error")


def _covered(rule: Rule, number: int, config: Config, where: str) -> Iterator[Problem]:
    """A rule all of whose alerts another one gives as well, at least as loud. Of two that are alike, the later."""
    for other_number, other in enumerate(config.rules):
        if other_number == number or not _covers(other, rule):
            continue
        if other_number < number or not _covers(rule, other):
            what = f"all that it takes, rule {other.name!r} takes too, by the same channels and at least as loud"
            yield Problem(where, what, "remove it, or give it another channel or a higher severity")
            return


def _covers(wide: Rule, narrow: Rule) -> bool:
    return (
        _means_them(wide, narrow)
        and _is_within(narrow.languages, wide.languages)
        and _is_within(narrow.words, wide.words)
        and {*wide.without} <= {*narrow.without}
        and wide.min_score <= narrow.min_score
        and wide.min_salience <= narrow.min_salience
        and wide.max_tier >= narrow.max_tier
        and {*narrow.on} <= {*wide.on}
        and narrow.digest == wide.digest
        and {*narrow.channels} <= {*wide.channels}
        and {*narrow.people} <= {*wide.people}
        and not is_louder(narrow.severity, wide.severity)
    )


def _means_them(wide: Rule, narrow: Rule) -> bool:
    """That companies have met is news of its own: only a rule for the same ones tells it."""
    if ({*wide.together}, wide.together_of) != ({*narrow.together}, narrow.together_of):
        return False
    keys = ("companies", "tags", "groups")
    if not any(getattr(wide, key) for key in keys):
        return True
    is_named = any(getattr(narrow, key) for key in keys)
    return is_named and all({*getattr(narrow, key)} <= {*getattr(wide, key)} for key in keys)


def _is_within(narrow: Sequence[str], wide: Sequence[str]) -> bool:
    """Are these among those? None at all means every one."""
    return not wide or bool(narrow and {*narrow} <= {*wide})


# --------------------------------------------------------------------------- groups and people


def _groups(config: Config, tags: set[str]) -> Iterator[Problem]:
    tags_of = {company.id: company.tags for company in config.watchlist.companies}
    named = {name for rule in config.rules for name in (*rule.groups, rule.together_of)}
    for group in config.groups:
        where = config.place("group", group.id)
        if not members(group.companies, group.tags, tags_of):
            what = (
                "no company is in it" if not group.tags else f"no company has {_listed(list(group.tags))}: it is empty"
            )
            yield Problem(where, what, "give it companies, or tags that companies have", severity="error")
        else:
            for tag in group.tags:
                if tag not in tags:
                    yield Problem(where, f"key 'tags': no company has the tag {tag!r}", "correct it, or give it to one")
        if group.id not in named:
            yield Problem(where, "no rule names it", "name it in a rule's groups or together_of, or remove it")


def _unnamed_people(config: Config) -> Iterator[Problem]:
    named = {name for rule in config.rules for name in rule.people}
    for person in config.people:
        if person.id not in named:
            yield Problem(config.place("person", person.id), "no rule names this person", "name it in a rule's people")
