"""Rules that never alert or add nothing, channels that nobody uses or that give secrets away."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.alert import Rule, is_louder
from pipeline.config.checks.languages import language_problem
from pipeline.config.loading import Config
from pipeline.config.problems import Problem
from pipeline.match import Matcher


def alert_problems(config: Config) -> Iterator[Problem]:
    """All about rules, then about channels."""
    tags = {tag for company in config.watchlist.companies for tag in company.tags}
    for number, rule in enumerate(config.rules):
        where = config.place("rule", rule.name)
        yield from _who(rule, tags, where)
        yield from _languages(rule, where)
        yield from _score(rule, config, where)
        yield from _covered(rule, number, config, where)
    yield from _channels(config)


def _who(rule: Rule, tags: set[str], where: str) -> Iterator[Problem]:
    unknown = [tag for tag in rule.tags if tag not in tags]
    if rule.tags and len(unknown) == len(rule.tags) and not rule.companies:
        what = f"key 'tags': no company has {_listed(unknown)}: the rule can never alert"
        yield Problem(where, what, "correct the tags, or give them to companies", severity="error")
        return
    for tag in unknown:
        what = f"key 'tags': no company has the tag {tag!r}"
        yield Problem(where, what, "correct it, or give it to a company")


def _listed(words: list[str]) -> str:
    return " or ".join(f"the tag {word!r}" if not number else repr(word) for number, word in enumerate(words))


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
    is_about_all = not (wide.companies or wide.tags)
    names_somebody = bool(narrow.companies or narrow.tags)
    means_them = names_somebody and {*narrow.companies} <= {*wide.companies} and {*narrow.tags} <= {*wide.tags}
    reads_them = not wide.languages or (narrow.languages and {*narrow.languages} <= {*wide.languages})
    return bool(
        (is_about_all or means_them)
        and reads_them
        and wide.min_score <= narrow.min_score
        and wide.min_salience <= narrow.min_salience
        and {*narrow.channels} <= {*wide.channels}
        and not is_louder(narrow.severity, wide.severity)
    )


def _channels(config: Config) -> Iterator[Problem]:
    used = {channel for rule in config.rules for channel in rule.channels}
    receivers: dict[object, str] = {}
    for name, channel in config.channels.items():
        where = config.place("channel", name)
        if name not in used and not config.rhythms[name].warns:
            yield Problem(where, "no rule uses it", "name it in a rule's channels, or remove it")
        for what, remedy in config.rhythms[name].concerns():
            yield Problem(where, what, remedy)
        # Optional methods of the door: see Channel in alert/delivery.py.
        for what, remedy in channel.concerns() if hasattr(channel, "concerns") else ():
            yield Problem(where, what, remedy)
        receiver = channel.receiver() if hasattr(channel, "receiver") else name
        first = receivers.setdefault((type(channel), receiver), name)
        if first != name:
            what = f"it leads where channel {first!r} leads: who reads there is told twice"
            yield Problem(where, what, "name the one channel in both rules")
