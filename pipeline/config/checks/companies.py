"""Companies that cannot be found, or are found where they are not meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.config.loading import Config
from pipeline.config.problems import Problem
from pipeline.match import ClassifiedName, classify
from pipeline.model import Company, NameKind
from pipeline.text import fold
from pipeline.urls import is_public_suffix

_FIRST_IDEOGRAPH = "\u2e80"  # from here on two characters are a whole name


def company_problems(config: Config) -> Iterator[Problem]:
    """All about the companies, in the order of the watchlist."""
    names: dict[str, list[ClassifiedName]] = {}
    for name in classify(config.watchlist):
        names.setdefault(name.company_id, []).append(name)
    owners = _owners_of_domains(config.watchlist.companies)
    for company in config.watchlist.companies:
        where = config.place("company", company.id)
        yield from _names(company, names[company.id], where)
        yield from _repeats(company, where)
        yield from _words(company, where)
        yield from _domains(company, owners, config, where)


def _names(company: Company, names: Sequence[ClassifiedName], where: str) -> Iterator[Problem]:
    """What the names prove by themselves."""
    is_alone = not (company.tickers or company.domains)
    if is_alone and all(name.kind is NameKind.WEAK for name in names):
        what = "every name of it is weak and it has no ticker and no domain: hardly anything will be a hit"
        yield Problem(where, what, "add its full name to aliases, or a ticker")
        return
    for name in names:
        if name.warning:
            yield Problem(where, name.warning, name.remedy)
    if is_alone and not company.context and all(_is_short(name) for name in _own_names(company)):
        what = f"“{company.name}” is so short that it stands for much else"
        yield Problem(where, what, "add its full name to aliases, or context, or a ticker")


def _is_short(name: str) -> bool:
    letters = [char for char in fold(name) if char.isalnum()]
    return len(letters) <= 2 and all(char < _FIRST_IDEOGRAPH for char in letters)


def _own_names(company: Company) -> tuple[str, ...]:
    return (company.name, *(alias.text for alias in company.aliases))


def _repeats(company: Company, where: str) -> Iterator[Problem]:
    """The same thing said twice; case, accents and width do not count."""
    for key in ("aliases", "tickers", "domains", "context", "exclude", "tags"):
        seen = {fold(company.name)} if key == "aliases" else set()
        for value in getattr(company, key):
            text = value.text if key == "aliases" else value
            if fold(text) in seen:
                yield Problem(where, f"key {key!r} says {text!r} again, which is known already", "remove it")
            seen.add(fold(text))


def _words(company: Company, where: str) -> Iterator[Problem]:
    """Context that proves nothing, exclusions that hide the company itself."""
    names = _own_names(company)
    own, excluded = {fold(name) for name in names}, {fold(words) for words in company.exclude}
    for words in company.context:
        if fold(words) in own:
            what = f"key 'context': {words!r} is its own name, which tells it from nothing"
            yield Problem(where, what, "take a word that stands beside the name")
        if fold(words) in excluded:
            what = f"{words!r} is both context and exclude, for it and against it"
            yield Problem(where, what, "keep it in one of them")
    for exclusion in company.exclude:
        hidden = [name for name in names if _holds(name, exclusion)]
        if len(hidden) == len(names):
            what = f"every name holds the exclusion {exclusion!r}: there can be no hit"
            yield Problem(where, what, "remove it from exclude", severity="error")
        elif hidden:
            what = f"key 'exclude': {exclusion!r} is in its own name {hidden[0]!r}, which will hardly be a hit"
            yield Problem(where, what, "remove the one or the other")


def _holds(name: str, words: str) -> bool:
    return f" {fold(words)} " in f" {fold(name)} "


def _owners_of_domains(companies: Sequence[Company]) -> dict[str, str]:
    """The last company that claims a domain: the one whose the links will be."""
    return {domain: company.id for company in companies for domain in company.domains}


def _domains(company: Company, owners: dict[str, str], config: Config, where: str) -> Iterator[Problem]:
    for domain in company.domains:
        if is_public_suffix(domain):
            what = f"key 'domains': {domain!r} is no company's domain: others have theirs below it"
            yield Problem(where, what, f"write the whole domain, such as example.{domain}")
        elif owners[domain] != company.id:
            other = config.place("company", owners[domain]).partition(": ")[2]
            what = f"key 'domains': {domain!r} is claimed by {other} too, which gets all its links"
            yield Problem(where, what, "keep it in one of them")
