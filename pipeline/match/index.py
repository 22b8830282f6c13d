"""All patterns of a watchlist, found in one pass over the words of a text, also as misspellings.

A text's words are few and come again and again, a watchlist's are many: each word is looked up once in the compiled
tables, and what it can be part of is remembered. Most words of most texts can be part of nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from ahocorasick_rs import AhoCorasick

from pipeline.match.compact import LONGEST, Kept, Multimap, WordTable, hash_of
from pipeline.match.compiling import (
    COMPANY,
    DECOY,
    EXCLUDED,
    OPENS_OTHERS,
    CompiledNames,
    Mark,
    best_forms,
    compile_names,
    decoy_patterns,
    excluded_patterns,
)
from pipeline.match.forms import TOLD_LATER, Form, forms_of, is_spaced
from pipeline.match.place import Place
from pipeline.match.repair import NearWords, Repair, Repairer, tongue_of
from pipeline.match.skeleton import Skeleton, Span, starts_of
from pipeline.match.stored import Shelf, name_of, pack, unpack
from pipeline.model import Company, Watchlist

_REMEMBERED = 200_000  # words of texts, of all languages together: some 60 MB
_AT_HAND = 10_000  # companies whose forms are kept ready, and as many patterns: some 20 MB
_WORTH_KEEPING = 500  # companies; fewer are compiled as fast as they are read
_PAIR = 2  # words, as most patterns of several have
_LONGEST_REMEMBERED = 24  # letters; longer words of texts are seldom words, and no two of them alike


@dataclass(slots=True)
class Meaning:
    """What a pattern stands for: forms of companies, something else for those in ``excluded``; neither = a decoy."""

    forms: list[Form] = field(default_factory=list)
    excluded: set[int] = field(default_factory=set)
    opens_others: bool = False  # longer names of other companies begin so
    shows_anyhow: bool = True  # not every form asks for something that a lone word shows by itself
    lower_at_most: float | None = None  # points in lower case, once ``idle`` has worked them out


class Found:
    """A pattern that occurs in a field; ``repairs`` are the tokens that had to be corrected for it."""

    __slots__ = ("_span", "first", "last", "meaning", "repairs", "skeleton")

    def __init__(
        self, skeleton: Skeleton, first: int, last: int, meaning: Meaning, repairs: tuple[Repair, ...] = ()
    ) -> None:
        self.skeleton, self.first, self.last = skeleton, first, last
        self.meaning, self.repairs = meaning, repairs
        self._span: Span | None = None

    @classmethod
    def at(cls, skeleton: Skeleton, span: Span, meaning: Meaning) -> Found:
        """What begins or ends inside a token."""
        found = cls(skeleton, span.first, span.last, meaning)
        found._span = span
        return found

    @property
    def span(self) -> Span:
        """Where it stands; worked out when it is asked for first."""
        if self._span is None:
            self._span = self.skeleton.span_between(self.first, self.last)
        return self._span


Standing = tuple[Found, Place, list[Form]]  # an occurrence with the forms whose checks it passes


@dataclass(slots=True, eq=False)
class _Sense:
    """What a word of a text can be part of."""

    acts: bool  # single, leading or in doubt; the others only follow
    acts_alone: bool  # single or in doubt
    is_single: bool  # a pattern by itself
    leads: bool  # patterns of several words begin with it
    follows: bool  # and go on with it
    lead: int  # of the key of the pair that it is first of
    low: int  # or second
    repairs: tuple[Repair, ...]
    is_doubted: bool  # one of these may bring something
    stands: bool  # it may be read as a name by itself
    is_loose: bool  # or as part of a pattern that is found by its characters
    # The same of the words that it may be read as, and its own before them; of those that are first, or second.
    target_leads: tuple[int, ...]
    target_lows: tuple[int, ...]
    way_leads: tuple[int, ...]
    way_lows: tuple[int, ...]


# Of most words, and beyond the ends of a field: so that neighbours can be asked without asking whether there are any.
_NOTHING = _Sense(
    acts=False,
    acts_alone=False,
    is_single=False,
    leads=False,
    follows=False,
    lead=0,
    low=0,
    repairs=(),
    is_doubted=False,
    stands=False,
    is_loose=False,
    target_leads=(),
    target_lows=(),
    way_leads=(),
    way_lows=(),
)


class _Memory(dict[str, _Sense]):
    """What the words of texts in one language can be part of; a word is looked up when it is asked for first."""

    def __init__(self, learn: Callable[[str], _Sense], remember: Callable[[], None]) -> None:
        self._learn, self._remember = learn, remember

    def __missing__(self, token: str) -> _Sense:
        sense = self._learn(token)
        if sense is not _NOTHING or len(token) <= _LONGEST_REMEMBERED:
            self._remember()
            self[token] = sense
        return sense


class NameIndex:
    """Compiled once from a watchlist; what it remembers of texts changes no answer."""

    def __init__(
        self, watchlist: Watchlist, fuzzy: bool = True, decoys: tuple[str, ...] = (), shelf: Shelf | None = None
    ) -> None:
        self._meanings = _Meanings(watchlist.companies, decoys)
        compiled, near = _compiled(watchlist.companies, self._meanings.forms, decoys, shelf, fuzzy=fuzzy)
        self._meanings.patterns = compiled.patterns
        self._words, self._pairs, self._longest = compiled.words, compiled.pairs, compiled.longest
        self._loose = compiled.loose
        self._automaton = AhoCorasick(list(self._loose)) if self._loose else None
        self._repairer = Repairer(_KnownWords(self._words), fuzzy, NearWords(self._words, near))
        self._memories: dict[str, _Memory] = {}
        self._remembered = 0

    def find(self, skeleton: Skeleton, language: str) -> list[Found]:
        """Every occurrence of every pattern, also inside one another; then those that misspelt words stand for."""
        memory = self._memories.get(language) or self._memory_of(language)
        senses = list(map(memory.__getitem__, skeleton.tokens))
        senses.append(_NOTHING)
        by_characters = self._automaton is not None and not skeleton.is_ascii and not skeleton.folded_text.isascii()
        runs, doubted = self._runs(senses, enumerate(senses))
        found = self._by_words(skeleton, runs) if runs else []
        if by_characters:
            found += self._by_characters(skeleton)
        if doubted and (hopeful := self._hopeful(senses, doubted, by_characters=by_characters)):
            found += self._misread(skeleton, senses, hopeful, memory, by_characters=by_characters)
        return found

    def _misread(
        self,
        skeleton: Skeleton,
        senses: list[_Sense],
        hopeful: Sequence[int],
        memory: _Memory,
        *,
        by_characters: bool,
    ) -> list[Found]:
        """What occurs when words are read as those that they may be a misspelling of.

        Any of it takes in one of the ``hopeful`` places. What several readings share occurs once.
        """
        repairs = {place: sense.repairs for place, sense in enumerate(senses) if sense.repairs}
        found: dict[tuple[object, ...], Found] = {}
        for chosen in _readings(repairs):
            openings = chosen if by_characters else [place for place in hopeful if place in chosen]
            if not openings:
                continue
            read = senses.copy()
            for place, repair in chosen.items():
                read[place] = memory[repair.target]
            for one in self._repaired(skeleton, read, chosen, openings, by_characters=by_characters):
                words = tuple(repair.target for repair in one.repairs)
                found.setdefault((one.first, one.last, id(one.meaning), words), one)
        return list(found.values())

    def _memory_of(self, language: str) -> _Memory:
        tongue = tongue_of(language)
        memory = self._memories.get(tongue)
        if memory is None:
            memory = _Memory(lambda token: self._sense(token, tongue), self._count)
            self._memories[tongue] = memory
        return memory

    def _count(self) -> None:
        """One bound for all languages: beyond it everything is looked up anew."""
        self._remembered += 1
        if self._remembered > _REMEMBERED:
            for memory in self._memories.values():
                memory.clear()
            self._remembered = 0

    def _sense(self, token: str, language: str) -> _Sense:
        marks, repairs = self._words.marks(token), self._repairer.repairs(token, language)
        if not marks and not repairs:
            return _NOTHING
        is_single, leads, follows = (bool(marks & mark) for mark in (Mark.SINGLE, Mark.LEADS, Mark.FOLLOWS))
        lead, low = self._pairs.parts(hash_of(token))
        read_as = [(repair, self._words.marks(repair.target)) for repair in repairs]
        parts = [(mark, *self._pairs.parts(hash_of(repair.target))) for repair, mark in read_as]
        target_leads = tuple(first for mark, first, _ in parts if mark & Mark.GOES_ON)
        target_lows = tuple(second for mark, _, second in parts if mark & Mark.FOLLOWS)
        stands = any(repair.alone and mark & Mark.SINGLE for repair, mark in read_as)
        is_loose = any(mark & Mark.LOOSE or not repair.target.isascii() for repair, mark in read_as)
        is_doubted = stands or is_loose or bool(target_leads or target_lows)
        return _Sense(
            acts=is_single or leads or is_doubted,
            acts_alone=is_single or is_doubted,
            is_single=is_single,
            leads=leads,
            follows=follows,
            lead=lead,
            low=low,
            repairs=repairs,
            is_doubted=is_doubted,
            stands=stands,
            is_loose=is_loose,
            target_leads=target_leads,
            target_lows=target_lows,
            way_leads=(lead, *target_leads) if marks & Mark.GOES_ON else target_leads,
            way_lows=(low, *target_lows) if follows else target_lows,
        )

    def _runs(
        self, senses: Sequence[_Sense], openings: Iterable[tuple[int, _Sense]]
    ) -> tuple[list[tuple[int, int]], list[int]]:
        """First and last place of what may be a pattern between spaces and begins at one of the openings.

        And those of them whose word may be another one.
        """
        runs, doubted = [], []
        bits, mask = self._pairs.bits, self._pairs.mask
        for place, sense in openings:
            if not sense.acts:
                continue
            if sense.acts_alone:
                if sense.is_doubted:
                    doubted.append(place)
                if sense.is_single:
                    runs.append((place, place))
            if sense.leads and senses[place + 1].follows:
                key = sense.lead + senses[place + 1].low
                if bits[(key & mask) >> 3] >> (key & 7) & 1:
                    length = self._pairs.length_of(key)
                    if length == _PAIR:
                        runs.append((place, place + 1))
                    else:
                        runs += self._longer(senses, place, self._longest if length == LONGEST else length)
        return runs, doubted

    def _longer(self, senses: Sequence[_Sense], place: int, length: int) -> Iterator[tuple[int, int]]:
        """The runs of up to so many words from a place on, each of which goes with the one before."""
        before = senses[place]
        for last in range(place + 1, min(place + length, len(senses))):
            sense = senses[last]
            if sense is _NOTHING or not self._pairs.holds(before.lead + sense.low):
                return
            yield place, last
            before = sense

    def _by_words(self, skeleton: Skeleton, runs: Iterable[tuple[int, int]]) -> list[Found]:
        """The patterns between spaces."""
        return [
            Found(skeleton, first, last, meaning)
            for first, last, pattern in _spaced(skeleton.tokens, runs)
            if (meaning := self._meanings.of(pattern))
        ]

    def _by_characters(self, skeleton: Skeleton) -> list[Found]:
        """The patterns that may begin or end inside a run of characters."""
        return [
            Found.at(skeleton, skeleton.span_of(start, end), meaning)
            for number, start, end in self._loose_in(skeleton.text)
            if (meaning := self._meanings.of(self._loose[number].strip()))
        ]

    def _loose_in(self, text: str) -> list[tuple[int, int, int]]:
        return self._automaton.find_matches_as_indexes(text, overlapping=True) if self._automaton else []

    def _hopeful(self, senses: Sequence[_Sense], doubted: Iterable[int], *, by_characters: bool) -> list[int]:
        """The places where another reading can bring anything. Mostly none: the neighbours do not go with it."""
        hopeful, any_holds = [], self._pairs.any_holds
        for place in doubted:
            sense = senses[place]
            after, before = senses[place + 1].way_lows, senses[place - 1].way_leads
            if (
                sense.stands
                or (after and sense.target_leads and any_holds(sense.target_leads, after))
                or (before and sense.target_lows and any_holds(before, sense.target_lows))
                or (by_characters and sense.is_loose)
            ):
                hopeful.append(place)
        return hopeful

    def _repaired(
        self,
        skeleton: Skeleton,
        senses: list[_Sense],
        repairs: dict[int, Repair],
        hopeful: Iterable[int],
        *,
        by_characters: bool,
    ) -> Iterator[Found]:
        """What occurs when the tokens at these places are read as their repair (as ``senses`` are), and only then."""
        runs, _ = self._runs(senses, [(place, senses[place]) for place in self._openings(senses, hopeful)])
        if not runs and not by_characters:
            return
        tokens = skeleton.tokens.copy()
        for place, repair in repairs.items():
            tokens[place] = repair.target
        occurring = _spaced(tokens, runs)
        if by_characters:
            occurring = chain(occurring, self._loose_runs(tokens))
        for first, last, pattern in occurring:
            used = tuple(repairs[i] for i in range(first, last + 1) if i in repairs)
            if used and (len(used) < last - first + 1 or (first == last and used[0].alone)):
                meaning = self._meanings.of(pattern)
                if meaning and meaning.forms:
                    yield Found(skeleton, first, last, meaning, used)

    def _openings(self, senses: Sequence[_Sense], places: Iterable[int]) -> list[int]:
        """Where a pattern between spaces may begin that holds one of these places: there, or at what goes before it."""
        openings = set(places)
        for place in places:
            following, before = senses[place], place - 1
            while before >= 0 and following is not _NOTHING and before not in openings:
                sense = senses[before]
                if sense is _NOTHING or not self._pairs.holds(sense.lead + following.low):
                    break
                openings.add(before)
                following, before = sense, before - 1
        return sorted(openings)

    def _loose_runs(self, tokens: list[str]) -> Iterator[tuple[int, int, str]]:
        """First token, last token and pattern of what is found by its characters."""
        text, starts = f" {' '.join(tokens)} ", starts_of(tokens)
        for number, start, end in self._loose_in(text):
            first = bisect_right(starts, start + (text[start] == " ")) - 1
            last = bisect_right(starts, end - 1 - (text[end - 1] == " ")) - 1
            yield first, last, self._loose[number].strip()


def _compiled(
    companies: Sequence[Company],
    forms: Callable[[int], Mapping[str, Form]],
    decoys: tuple[str, ...],
    shelf: Shelf | None,
    *,
    fuzzy: bool,
) -> tuple[CompiledNames, Multimap]:
    """The tables, and the index of misspellings; from the shelf if they lie there."""
    if shelf is None or len(companies) < _WORTH_KEEPING:
        return _made(companies, forms, decoys, fuzzy=fuzzy)
    name = name_of(companies, decoys, fuzzy=fuzzy)
    kept = unpack(shelf.get(name) or b"")
    if kept is None:
        kept = _made(companies, forms, decoys, fuzzy=fuzzy)
        shelf.put(name, pack(*kept))
    return kept


def _made(
    companies: Sequence[Company], forms: Callable[[int], Mapping[str, Form]], decoys: tuple[str, ...], *, fuzzy: bool
) -> tuple[CompiledNames, Multimap]:
    compiled = compile_names(companies, forms, decoys)
    return compiled, NearWords.of(compiled.words if fuzzy else ()).keys


def _spaced(tokens: list[str], runs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """The runs as patterns, those that are found by their characters left out."""
    for first, last in runs:
        if first == last:
            yield first, last, tokens[first]
        elif is_spaced(tokens[first], tokens[last]):
            yield first, last, " ".join(tokens[first : last + 1])


class _Meanings:
    """What patterns stand for, made when they are asked for; those that occur often are at hand."""

    def __init__(self, companies: Sequence[Company], decoys: Iterable[str]) -> None:
        self._companies = companies
        self._decoys = frozenset(pattern.strip() for pattern in decoy_patterns(decoys))
        self.patterns: Multimap | None = None  # once compiled
        self.forms = Kept[int, dict[str, Form]](lambda index: best_forms(index, companies[index]), _AT_HAND).__getitem__
        self.of = Kept[str, "Meaning | None"](self._of, _AT_HAND).__getitem__

    def _of(self, text: str) -> Meaning | None:
        """Of the pattern without boundary spaces; None if there is no such pattern."""
        meaning = Meaning()
        is_decoy = False
        for value in self.patterns.get(hash_of(text)) if self.patterns else ():
            company = value & COMPANY
            if company == DECOY:
                is_decoy = text in self._decoys
            elif value & EXCLUDED:
                if any(text == pattern.strip() for pattern in excluded_patterns(self._companies[company])):
                    meaning.excluded.add(company)
            elif form := self._form(company, text):
                meaning.forms.append(form)
                meaning.opens_others = bool(value & OPENS_OTHERS)
        meaning.shows_anyhow = not meaning.forms or bool(meaning.excluded) or _asks_nothing(meaning.forms)
        return meaning if is_decoy or meaning.forms or meaning.excluded else None

    def _form(self, company: int, text: str) -> Form | None:
        return next((form for pattern, form in self.forms(company).items() if pattern.strip() == text), None)


def _asks_nothing(forms: Iterable[Form]) -> bool:
    return any(form.check in TOLD_LATER for form in forms)


class _KnownWords(Mapping[str, bool]):
    """The words of names in the table of all words; True for those that are a name by themselves."""

    def __init__(self, words: WordTable) -> None:
        self._words = words

    def __contains__(self, word: object) -> bool:
        return self._words.marks(str(word)) & Mark.KNOWN != 0

    def __getitem__(self, word: str) -> bool:
        marks = self._words.marks(word)
        if not marks & Mark.KNOWN:
            raise KeyError(word)
        return marks & Mark.ALONE != 0

    def __iter__(self) -> Iterator[str]:
        return (word for word, marks in self._words.listed() if marks & Mark.KNOWN)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _readings(repairs: dict[int, tuple[Repair, ...]]) -> Iterator[dict[int, Repair]]:
    """First only words that no name has are read otherwise, best option first; then those that another name has."""
    strange = {place: options for place, options in repairs.items() if not options[0].known}
    for rank in range(max(map(len, strange.values()), default=0)):
        yield {place: options[min(rank, len(options) - 1)] for place, options in strange.items()}
    if len(strange) < len(repairs):
        yield {place: options[0] for place, options in repairs.items()}


def longest(found: list[Standing]) -> list[Standing]:
    """Without those that lie inside a longer one of the same field (a decoy too); of equal ones all are kept."""
    if len(found) < 2:
        return found
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
        for pattern in dict.fromkeys(pattern for pattern, form in forms_of(index, company) if not form.derived):
            count[pattern] += 1
            owners[pattern].append(index)
    return {pattern.strip(): tuple(owners[pattern]) for pattern, n in count.items() if n > 1}
