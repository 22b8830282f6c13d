"""All patterns of a watchlist in one automaton: what occurs in a text, in time linear in the text."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick

from pipeline.match import lexicon
from pipeline.match.forms import Form, core_of, forms_of, pattern_of
from pipeline.match.kinds import Flavour
from pipeline.match.repair import Repair
from pipeline.match.signals import Place
from pipeline.match.skeleton import Skeleton, Span, starts_of, tokenise
from pipeline.model import Company, Watchlist
from pipeline.text import fold


@dataclass(slots=True)
class Meaning:
    """What a pattern stands for: forms of companies, something else for those in ``excluded``; neither = a decoy."""

    forms: list[Form] = field(default_factory=list)
    excluded: set[int] = field(default_factory=set)
    opens_others: bool = False  # longer names of other companies begin so


@dataclass(slots=True)
class Found:
    """A pattern that occurs in a field; ``repairs`` are the tokens that had to be corrected for it."""

    skeleton: Skeleton
    span: Span
    meaning: Meaning
    repairs: tuple[Repair, ...] = ()


Standing = tuple[Found, Place, list[Form]]  # an occurrence with the forms whose checks it passes


class NameIndex:
    """Compiled once from a watchlist; read only."""

    def __init__(self, watchlist: Watchlist, decoys: tuple[str, ...] = ()) -> None:
        meanings = _meanings(watchlist.companies, decoys)
        _drop_shared_short_forms(meanings, watchlist.companies)
        self._meanings = list(meanings.values())
        self._automaton = AhoCorasick(list(meanings)) if meanings else None
        self.words = _words(meanings)

    def find(self, skeleton: Skeleton) -> list[Found]:
        """Every occurrence of every pattern, also inside one another."""
        if self._automaton is None:
            return []
        return [
            Found(skeleton, skeleton.span_of(start, end), self._meanings[number])
            for number, start, end in self._automaton.find_matches_as_indexes(skeleton.text, overlapping=True)
        ]

    def find_repaired(self, skeleton: Skeleton, repairs: dict[int, Repair]) -> list[Found]:
        """What occurs when the tokens at these places are read as their repair, and only then."""
        if self._automaton is None:
            return []
        tokens = [repairs[i].target if i in repairs else token for i, token in enumerate(skeleton.tokens)]
        text = f" {' '.join(tokens)} "
        starts = starts_of(tokens)
        found = []
        for number, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            first = bisect_right(starts, start + (text[start] == " ")) - 1
            last = bisect_right(starts, end - 1 - (text[end - 1] == " ")) - 1
            used = tuple(repairs[i] for i in range(first, last + 1) if i in repairs)
            meaning = self._meanings[number]
            if used and meaning.forms and (len(used) < last - first + 1 or (first == last and used[0].alone)):
                span = Span(first, last, skeleton.spans[first][0], skeleton.spans[last][1])
                found.append(Found(skeleton, span, meaning, used))
        return found


def _meanings(companies: Iterable[Company], decoys: tuple[str, ...] = ()) -> dict[str, Meaning]:
    meanings: dict[str, Meaning] = defaultdict(Meaning)
    for index, company in enumerate(companies):
        best: dict[str, Form] = {}
        for pattern, form in forms_of(index, company):
            if pattern not in best or _is_plainer(form, best[pattern]):
                best[pattern] = form
        for pattern, form in best.items():
            meanings[pattern].forms.append(form)
    for index, company in enumerate(companies):
        for phrase in company.exclude:
            if tokens := tokenise(fold(phrase)):
                meanings[pattern_of(tokens)].excluded.add(index)
    for phrase in (*lexicon.decoys(), *decoys):
        if tokens := tokenise(fold(phrase)):
            # A pattern without forms is a decoy; it takes the place of short forms that nobody listed.
            meaning = meanings[pattern_of(tokens)]
            meaning.forms = [form for form in meaning.forms if not form.derived]
    return dict(meanings)


def _is_plainer(form: Form, other: Form) -> bool:
    """Listed before worked out, unchecked before checked; of equals the first.

    A bare ticker asks for capitals: a short form that the ticker confirms says more.
    """
    return _rank(form) < _rank(other)


_DOUBTS = {"short": 1, "legal": 2, "beginning": 2}


def _rank(form: Form) -> tuple[int, bool]:
    if form.flavour is Flavour.TICKER and form.check:
        return 3, True
    return _DOUBTS[form.doubt] if form.derived and not form.confirmed else 0, form.check != ""


def _drop_shared_short_forms(meanings: dict[str, Meaning], companies: Iterable[Company]) -> None:
    """A short form that nobody listed must belong to one company only, also as the beginning of a longer name."""
    owners: dict[str, set[int]] = defaultdict(set)
    for index, company in enumerate(companies):
        for name in (company.name, *(alias.text for alias in company.aliases)):
            core = core_of(name)
            for size in range(1, len(core) + 1):
                owners[" ".join(core[:size])].add(index)
    for pattern in list(meanings):
        meaning = meanings[pattern]
        if not meaning.forms:
            continue
        named = owners[pattern.strip()]
        meaning.forms = _undisputed(meaning.forms, named)
        own = {form.company for form in meaning.forms}
        meaning.opens_others = bool(own) and bool(named - own)
        if not meaning.forms and not meaning.excluded:
            del meanings[pattern]


def _undisputed(forms: list[Form], named: set[int]) -> list[Form]:
    """Listed forms stay. Of those worked out the surest kind stays if it is one company's.

    ``named`` are the companies whose names begin so: a mere beginning must be no other's; a short form may be (SBI,
    beside SBI Life Insurance), as may one that the ticker confirms.
    """
    for kept in ([form for form in forms if not form.derived], _firm(forms)):
        if kept:
            return kept if len({form.company for form in kept}) == 1 or not kept[0].derived else []
    return forms if len({form.company for form in forms} | named) == 1 else []


def _firm(forms: list[Form]) -> list[Form]:
    confirmed = [form for form in forms if form.confirmed]
    return confirmed or [form for form in forms if form.doubt == "short"]


def _words(meanings: dict[str, Meaning]) -> dict[str, bool]:
    """The tokens of all names; True for those that are a name by themselves."""
    words: dict[str, bool] = {}
    for pattern, meaning in meanings.items():
        tokens = pattern.split()
        if not meaning.forms or (len(tokens) > 1 and meaning.forms[0].check):
            continue
        for token in tokens:
            alone = len(tokens) == 1 and any(
                form.flavour is not Flavour.WEAK and not form.check for form in meaning.forms
            )
            words[token] = words.get(token, False) or alone
    return words


def longest(found: list[Standing]) -> list[Standing]:
    """Without those that lie inside a longer one of the same field (a decoy too); of equal ones all are kept."""
    by_field: dict[int, list[Standing]] = defaultdict(list)
    for item in found:
        by_field[id(item[0].skeleton)].append(item)
    return [item for items in by_field.values() for item in _outermost(items)]


def _outermost(items: list[Standing]) -> Iterator[Standing]:
    items.sort(key=lambda item: (item[0].span.start, -item[0].span.end))
    furthest: Span | None = None
    for item in items:
        span = item[0].span
        if furthest is None or span.end > furthest.end or (span.start, span.end) == (furthest.start, furthest.end):
            yield item
            furthest = span


def shared_names(watchlist: Watchlist) -> dict[str, tuple[int, ...]]:
    """Patterns that belong to more than one company, with these companies' places."""
    count: Counter[str] = Counter()
    owners: dict[str, list[int]] = defaultdict(list)
    for index, company in enumerate(watchlist.companies):
        for pattern in {pattern for pattern, form in forms_of(index, company) if not form.derived}:
            count[pattern] += 1
            owners[pattern].append(index)
    return {pattern.strip(): tuple(owners[pattern]) for pattern, n in count.items() if n > 1}
