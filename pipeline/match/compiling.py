"""A watchlist's names turned into tables, once: which patterns there are, of whom, and of which words.

No form is kept: the tables say whose pattern it is, and ``best_forms`` makes the company's forms again when one occurs.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from pipeline.match import lexicon
from pipeline.match.compact import Multimap, MultimapBuilder, PairSet, WordTable, hash_of
from pipeline.match.forms import Form, core_of, forms_of, pattern_of
from pipeline.match.kinds import Flavour
from pipeline.match.skeleton import tokenise
from pipeline.model import Company
from pipeline.text import fold

# What a number of ``CompiledNames.patterns`` says beside the company's place in the watchlist.
COMPANY = (1 << 29) - 1
DECOY = COMPANY  # in place of a company: nobody's
EXCLUDED = 1 << 29  # the company's exclusion, not its name
OPENS_OTHERS = 1 << 30  # longer names of other companies begin so


class Mark:
    """What the table of words says of each; bits of one byte."""

    KNOWN = 1  # a word of a name, which others may be a misspelling of
    ALONE = 2  # a name by itself
    SINGLE = 4  # a pattern by itself
    LEADS = 8  # patterns of several words begin with it
    PART = 16  # in a pattern that is found word by word
    LOOSE = 32  # in a pattern that is found by its characters
    FOLLOWS = 64  # behind the first word of a pattern that is found word by word
    GOES_ON = LEADS | FOLLOWS  # another word may follow it in such a pattern


@dataclass(frozen=True, slots=True)
class CompiledNames:
    """All that is needed to find a watchlist's patterns."""

    words: WordTable
    patterns: Multimap  # by the hash of the pattern without boundary spaces
    pairs: PairSet
    loose: tuple[str, ...]  # patterns that may begin or end inside a run of characters
    longest: int  # words of the longest pattern


def best_forms(index: int, company: Company) -> dict[str, Form]:
    """The company's patterns, each with the plainest thing that it stands for."""
    best: dict[str, Form] = {}
    for pattern, form in forms_of(index, company):
        if pattern not in best or _is_plainer(form, best[pattern]):
            best[pattern] = form
    return best


def _is_plainer(form: Form, other: Form) -> bool:
    """Listed before worked out, unchecked before checked; of equals the first.

    A bare ticker asks for capitals: a short form that the ticker confirms says more.
    """
    return _rank(form) < _rank(other)


_DOUBTS = {"short": 1, "beginning": 2}


def _rank(form: Form) -> tuple[int, bool]:
    if form.flavour is Flavour.TICKER and form.check:
        return 3, True
    return _DOUBTS[form.doubt] if form.derived and not form.confirmed else 0, form.check != ""


def excluded_patterns(company: Company) -> list[str]:
    """What the company's name does not mean, as patterns."""
    phrases = (tokenise(fold(phrase)) for phrase in company.exclude)
    return [pattern_of(tokens) for tokens in phrases if tokens]


def decoy_patterns(decoys: Iterable[str]) -> list[str]:
    """The phrases that are nobody's, the bundled ones and the user's."""
    phrases = (tokenise(fold(phrase)) for phrase in (*lexicon.decoys(), *decoys))
    return [pattern_of(tokens) for tokens in phrases if tokens]


def compile_names(
    companies: Sequence[Company], forms: Callable[[int], Mapping[str, Form]], decoys: Iterable[str]
) -> CompiledNames:
    """The tables of these companies; ``forms`` answers the ``best_forms`` of the one at a place."""
    records = _Records()
    for index, company in enumerate(companies):
        for pattern, form in forms(index).items():
            records.add(pattern, index, _kind_of(form))
        for name in (company.name, *(alias.text for alias in company.aliases)):
            core = core_of(name)
            for size in range(1, len(core) + 1):
                records.add_opening(" ".join(core[:size]), index)
        for pattern in excluded_patterns(company):
            records.add(pattern, index, _Kind.EXCLUDED)
    for pattern in decoy_patterns(decoys):
        records.add(pattern, DECOY, _Kind.DECOY)
    return _Tables(records).made()


class _Kind:
    """What a record says of its pattern and company; bits of a number."""

    FORM = 1
    DERIVED = 2
    CHECKED = 4
    STRONG = 8  # proves something without any check
    CONFIRMED = 16  # derived, and the ticker says the same
    SHORT = 32  # derived, and no mere beginning
    OPENING = 64  # a name of the company begins so
    EXCLUDED = 128
    DECOY = 256


def _kind_of(form: Form) -> int:
    kind = _Kind.FORM
    if form.derived:
        kind |= _Kind.DERIVED
    if form.check:
        kind |= _Kind.CHECKED
    elif form.flavour is not Flavour.WEAK:
        kind |= _Kind.STRONG
    if form.confirmed:
        kind |= _Kind.CONFIRMED
    if form.doubt == "short":
        kind |= _Kind.SHORT
    return kind


class _Records:
    """What every company says of every pattern; some thirty bytes each, and gone when the tables are made."""

    def __init__(self) -> None:
        self.keys, self.companies, self.kinds = array("Q"), array("I"), array("H")
        self.begins, self.spelled = array("I", [0]), array("I")
        self.numbers: dict[str, int] = {}

    def add(self, pattern: str, company: int, kind: int) -> None:
        """A pattern with its words."""
        for token in pattern.split():
            self.spelled.append(self.numbers.setdefault(token, len(self.numbers)))
        self._add(pattern.strip(), company, kind)

    def add_opening(self, text: str, company: int) -> None:
        """The beginning of a name of the company."""
        self._add(text, company, _Kind.OPENING)

    def _add(self, text: str, company: int, kind: int) -> None:
        encoded = text.encode()
        # Two patterns with one key would be taken for one: 32 bits are too few for ten millions of them.
        self.keys.append(crc32(encoded) << 32 | crc32(encoded[::-1]))
        self.companies.append(company)
        self.kinds.append(kind)
        self.begins.append(len(self.spelled))

    def groups(self) -> Iterator[list[int]]:
        """The records of one pattern together, in the order of the companies."""
        parts = [array("I") for _ in range(256)]
        for number, key in enumerate(self.keys):
            parts[key >> 56].append(number)
        for part in parts:
            groups: dict[int, list[int]] = defaultdict(list)
            for number in part:
                groups[self.keys[number]].append(number)
            yield from groups.values()


class _Tables:
    """Makes the tables of the records."""

    def __init__(self, records: _Records) -> None:
        self._records = records
        self._words = list(records.numbers)
        self._marks = bytearray(len(self._words))
        self._patterns = MultimapBuilder()
        self._several = array("I")  # a record of each pattern of several words
        self._loose: list[str] = []

    def made(self) -> CompiledNames:
        """The tables; the records are used up."""
        for group in self._records.groups():
            self._add(group)
        pairs, longest = self._paired()
        marks = {word: mark for word, mark in zip(self._words, self._marks, strict=True) if mark}
        return CompiledNames(WordTable.made_of(marks), self._patterns.build(), pairs, tuple(self._loose), longest)

    def _add(self, group: list[int]) -> None:
        companies = self._records.companies
        forms, others = self._of_kind(group, _Kind.FORM), self._of_kind(group, _Kind.EXCLUDED)
        decoys, is_opening = self._of_kind(group, _Kind.DECOY)[:1], False
        if decoys:
            # A decoy takes the place of short forms that nobody listed.
            forms = self._without(forms, _Kind.DERIVED)
        if forms:
            openers = {companies[number] for number in self._of_kind(group, _Kind.OPENING)}
            forms = self._undisputed(forms, openers)
            if not forms and not others:
                return
            is_opening = bool(forms) and bool(openers - {companies[number] for number in forms})
        elif not others and not decoys:
            return
        key = self._records.keys[group[0]] >> 32
        for number in forms:
            self._patterns.add(key, companies[number] | (OPENS_OTHERS if is_opening else 0))
        for number in others or (() if forms else decoys):
            self._patterns.add(key, companies[number] | EXCLUDED)
        self._mark((forms or others or decoys)[0], forms)

    def _undisputed(self, forms: list[int], openers: set[int]) -> list[int]:
        """Listed forms stay. Of those worked out the surest kind stays if it is one company's.

        ``openers`` are the companies whose names begin so: a mere beginning must be no other's; a short form may be
        (SBI, beside SBI Life Insurance), as may one that the ticker confirms.
        """
        if listed := self._without(forms, _Kind.DERIVED):
            return listed
        companies = self._records.companies
        if firm := self._of_kind(forms, _Kind.CONFIRMED) or self._of_kind(forms, _Kind.SHORT):
            return firm if len({companies[number] for number in firm}) == 1 else []
        return forms if len({companies[number] for number in forms} | openers) == 1 else []

    def _of_kind(self, group: list[int], kind: int) -> list[int]:
        return [number for number in group if self._records.kinds[number] & kind]

    def _without(self, group: list[int], kind: int) -> list[int]:
        return [number for number in group if not self._records.kinds[number] & kind]

    def _mark(self, number: int, forms: list[int]) -> None:
        """What the pattern makes of its words; ``number`` is a record that spells it."""
        kinds = self._records.kinds
        numbers = self._spelled(number)
        marks = 0
        if forms and not (len(numbers) > 1 and kinds[forms[0]] & _Kind.CHECKED):
            marks |= Mark.KNOWN
            if len(numbers) == 1 and any(kinds[form] & _Kind.STRONG for form in forms):
                marks |= Mark.ALONE
        words = [self._words[word] for word in numbers]
        pattern = pattern_of(words)
        if not (pattern.startswith(" ") and pattern.endswith(" ")):
            self._loose.append(pattern)
            marks |= Mark.LOOSE
        elif len(words) == 1:
            marks |= Mark.SINGLE | Mark.PART
        else:
            self._several.append(number)
            self._marks[numbers[0]] |= Mark.LEADS
            for word in numbers[1:]:
                self._marks[word] |= Mark.FOLLOWS
            marks |= Mark.PART
        for word in numbers:
            self._marks[word] |= marks

    def _spelled(self, number: int) -> array[int]:
        begins = self._records.begins
        return self._records.spelled[begins[number] : begins[number + 1]]

    def _paired(self) -> tuple[PairSet, int]:
        begins = self._records.begins
        sizes = [begins[number + 1] - begins[number] for number in self._several]
        hashes = array("I", map(hash_of, self._words))
        pairs = PairSet.for_pairs(sum(sizes) - len(sizes))
        for number in self._several:
            pairs.add(hashes[word] for word in self._spelled(number))
        return pairs, max(sizes, default=1)
