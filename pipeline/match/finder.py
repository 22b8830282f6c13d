"""One entry against the compiled watchlist: what occurs, what it competes with, what speaks for and against it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from pipeline import model
from pipeline.match import lexicon
from pipeline.match.checks import is_excluded, is_whole, may_show, shows
from pipeline.match.doubts import second_thoughts
from pipeline.match.forms import Form, pattern_of
from pipeline.match.idle import OCCURRENCES, idle_apart
from pipeline.match.index import Found, NameIndex, longest
from pipeline.match.language import is_plainly_english, language_of
from pipeline.match.members import EntryField, Flavour, Method
from pipeline.match.namesakes import is_on_a_button
from pipeline.match.notation import TickerFound, Tickers
from pipeline.match.place import UNSPACED_LANGUAGES, Place
from pipeline.match.signals import local_signals, opens_as_a_word
from pipeline.match.skeleton import Skeleton, tokenise
from pipeline.match.stored import Shelf
from pipeline.match.surroundings import Surroundings, entry_signals, entry_signals_at_most
from pipeline.match.unspaced import unspaced_signals
from pipeline.match.weights import points
from pipeline.model import Entry, Mention, Reason, Watchlist
from pipeline.text import fold
from pipeline.urls import registrable_domain

RULE_VERSION = "names-8"  # changes with every change of rules or words that can change a verdict
_CERTAIN = 80.0  # a mention at or above this vouches for the weaker ones of the same company
_SHARED_AT_MOST = 45.0  # points of a name that two companies have, before context tells them apart
_TEXT_LIMIT = 200_000  # code points of a field that are read; a longer article says who it is about before that
_NEWSROOMS = (
    "newsroom.",
    "news.",
    "press.",
    "media.",
    "investor.",
    "investors.",
    "ir.",
    "blog.",
    "about.",
    "corporate.",
)
_NEWS_PATHS = ("/newsroom", "/press", "/news-release", "/investor", "/media-cent", "/about/news", "/company-news")
# Pages of everyone are served from these; their address says nothing of the company behind them.
_PLATFORMS = frozenset({"news.google.com", "finance.yahoo.com", "news.yahoo.com", "apple.news", "blog.google.com"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mention with the verdict on it; rejected ones are kept so that they can be explained."""

    mention: Mention
    accepted: bool


class Finder(Protocol):
    """Finds candidates in one entry after another; holds no state that an entry could change.

    A finder with a ``version`` (text: which rules decide) has its hits stamped with it, else with its class's name.
    """

    def find(self, entry: Entry) -> tuple[Candidate, ...]:
        """Every candidate, accepted or not, in no particular order."""


@dataclass(slots=True, eq=False)
class _Scored:
    """A candidate on its way: what the words around it tell, before the whole entry is asked."""

    company: int
    form: Form
    place: Place | None
    field: model.EntryField
    start: int
    end: int
    found: str
    method: model.Method
    reasons: list[Reason]
    shared: bool = False  # the same spelling is a name of another company too
    local: float = 0.0  # points of the reasons


class _Reading(NamedTuple):
    """What was found in an entry and may be accepted, weighed by what stands around it."""

    scored: list[_Scored]
    skeletons: list[Skeleton]
    language: str
    found: list[Found]
    waiting: list[Found]  # idle occurrences, which may be accepted where their company is named beyond doubt


class NameFinder:
    """The finder of the built-in matcher."""

    version = RULE_VERSION

    def __init__(
        self,
        watchlist: Watchlist,
        threshold: float,
        fuzzy: bool,
        decoys: tuple[str, ...] = (),
        shelf: Shelf | None = None,
    ) -> None:
        self._companies = watchlist.companies
        self._threshold = threshold
        self._index = NameIndex(watchlist, fuzzy, decoys, shelf)
        self._tickers = Tickers(watchlist.companies)
        self._context = _patterns_of({i: company.context for i, company in enumerate(watchlist.companies)})
        self._exclude = _patterns_of({i: company.exclude for i, company in enumerate(watchlist.companies)})
        self._domains = {domain.lower(): i for i, c in enumerate(watchlist.companies) for domain in c.domains}

    def find(self, entry: Entry) -> tuple[Candidate, ...]:
        """Every candidate; those of 60 points (the threshold) and more are accepted."""
        reading = self._read(entry, -inf)
        return tuple(self._judge(reading, -inf)) if reading else ()

    def weighed(self, entry: Entry) -> tuple[Candidate, ...]:
        """Those of ``find`` that are accepted, and those that might have been, in less time."""
        reading = self._read(entry, self._threshold)
        return tuple(self._judge(reading, self._threshold)) if reading else ()

    def _read(self, entry: Entry, least: float) -> _Reading | None:
        """What may reach ``least``, weighed by what stands around it; None if nothing can, as in most entries."""
        title, text = entry.title[:_TEXT_LIMIT], entry.text[:_TEXT_LIMIT]
        skeletons = [Skeleton(EntryField.TITLE, title), Skeleton(EntryField.TEXT, text)]
        language = _language_of(entry, skeletons)
        found = self._index.find(skeletons[0], language) + self._index.find(skeletons[1], language)
        if found:
            found = [item for item in found if item.meaning.shows_anyhow or may_show(item)]
        tickers = list(self._tickers_in(skeletons))[:OCCURRENCES] if self._tickers else []
        by_url = self._by_url(entry) if self._domains else None
        waiting: list[Found] = []
        if found and not tickers and by_url is None:
            found, waiting = idle_apart(found, language, least, self._context.__contains__)
        if not found and not tickers and by_url is None:
            return None
        scored = [self._scored(item, form, place) for item, form, place in self._standing(found, language)]
        if tickers:
            by_ticker = list(self._of_tickers(tickers))
            scored = [*_without_bare_tickers(scored, by_ticker), *by_ticker]
        if by_url is not None:
            scored.append(by_url)
        return _Reading(scored, skeletons, language, found, waiting)

    def _tickers_in(self, skeletons: Iterable[Skeleton]) -> Iterator[tuple[Skeleton, TickerFound]]:
        return ((skeleton, item) for skeleton in skeletons for item in self._tickers.find(skeleton.original))

    def _standing(self, found: list[Found], language: str) -> Iterator[tuple[Found, Form, Place]]:
        """Occurrences that pass their checks and are not part of a longer one, by the forms that they may be of."""
        cues = lexicon.cues(language)
        exclusions = [item for item in found if item.meaning.excluded]
        standing = []
        for item in found:
            place = Place(item.skeleton, item.span, language, cues)
            forms = [form for form in item.meaning.forms if shows(form, place)] if is_whole(item) else []
            if forms or not (item.meaning.forms or item.meaning.excluded):
                standing.append((item, place, forms))
        counted: dict[tuple[int, model.EntryField], int] = {}
        for item, place, forms in longest(standing):
            for form in forms:
                # What is excluded is not weighed: a page of apple pies must not hide the company at its end.
                if exclusions and is_excluded(item, form.company, exclusions):
                    continue
                here = form.company, item.skeleton.where
                counted[here] = counted.get(here, 0) + 1
                if counted[here] <= OCCURRENCES:
                    yield item, form, place

    def _scored(self, item: Found, form: Form, place: Place) -> _Scored:
        reasons = list(local_signals(form, place))
        if place.language in UNSPACED_LANGUAGES:
            reasons.extend(unspaced_signals(form, place))
        if item.repairs:
            reasons.extend(_of_repairs(item, form, place))
        if item.meaning.opens_others:
            reasons.extend(_family(place))
        scored = _Scored(
            company=form.company,
            form=form,
            place=place,
            field=item.skeleton.where,
            start=place.start,
            end=place.end,
            found=place.found,
            method=_method(item, form, place),
            reasons=[reason for reason in reasons if reason.points],
            shared=len(item.meaning.forms) > 1 and any(other.company != form.company for other in item.meaning.forms),
        )
        scored.reasons.extend(_beside_a_name(scored))
        scored.local = _sum(scored.reasons)
        return scored

    def _of_tickers(self, found: Iterable[tuple[Skeleton, TickerFound]]) -> Iterator[_Scored]:
        for skeleton, item in found:
            yield _Scored(
                company=item.company,
                form=Form(item.company, item.ticker, Method.TICKER, Flavour.TICKER, item.points),
                place=None,
                field=skeleton.where,
                start=item.start,
                end=item.end,
                found=skeleton.original[item.start : item.end],
                method=Method.TICKER,
                reasons=[Reason(f"ticker notation: {item.notation}", item.points)],
                local=item.points,
            )

    def _by_url(self, entry: Entry) -> _Scored | None:
        """The entry's own address on a company's domain: its newsroom speaks of it, its shop or app store need not."""
        if not entry.url:
            return None
        try:
            parts = urlsplit(entry.url)
            host = (parts.hostname or "").lower()
            owner = self._domains.get(host.removeprefix("www."), self._domains.get(registrable_domain(entry.url)))
        except ValueError:
            return None
        if owner is None or host in _PLATFORMS:
            return None
        is_newsroom = host.startswith(_NEWSROOMS) or parts.path.lower().startswith(_NEWS_PATHS)
        start = entry.url.lower().find(host)
        reason = (
            Reason("the company's newsroom", points("entry.newsroom"))
            if is_newsroom
            else Reason("an address of the company", points("entry.own_address"))
        )
        found = entry.url[start : start + len(host)]
        return _Scored(
            company=owner,
            form=Form(owner, found, Method.DOMAIN, Flavour.DOMAIN, reason.points),
            place=None,
            field=EntryField.URL,
            start=start,
            end=start + len(host),
            found=found,
            method=Method.DOMAIN,
            reasons=[reason],
            local=reason.points,
        )

    def _judge(self, reading: _Reading, least: float) -> Iterator[Candidate]:
        """Entry-wide signals on top of the local ones, then the verdicts; what cannot reach ``least`` is left out."""
        scored, certain = reading.scored, defaultdict[int, list[_Scored]](list)
        for item in scored:
            if item.local >= _CERTAIN and not item.shared:
                certain[item.company].append(item)
        if reading.waiting and certain:
            scored = [*scored, *self._vouched(reading, certain)]
        surroundings = Surroundings(reading.skeletons, lexicon.cues(reading.language))
        for item in scored:
            if item.local + self._at_most(item, certain) < least:
                continue
            reasons = (*item.reasons, *self._entry_wide(item, certain.get(item.company, []), surroundings))
            total = _sum(reasons)
            if total >= self._threshold and item.place is not None:
                reasons = (*reasons, *_against(item.form, item.place, reasons, surroundings))
                total = _sum(reasons)
            yield Candidate(self._mention(item, total, reasons), total >= self._threshold)

    def _vouched(self, reading: _Reading, companies: Container[int]) -> list[_Scored]:
        """Of the idle occurrences those of companies that are named beyond doubt."""
        waiting = [item for item in reading.waiting if any(form.company in companies for form in item.meaning.forms)]
        if not waiting:
            return []
        return [
            self._scored(item, form, place)
            for item, form, place in self._standing([*reading.found, *reading.waiting], reading.language)
            if form.company in companies and item in waiting
        ]

    def _at_most(self, item: _Scored, certain: Mapping[int, Sequence[_Scored]]) -> float:
        """The points that the whole entry can add."""
        return _entry_wide_at_most(item.company in certain) + entry_signals_at_most(item.company in self._context)

    def _mention(self, item: _Scored, total: float, reasons: tuple[Reason, ...]) -> Mention:
        return Mention(
            company_id=self._companies[item.company].id,
            field=item.field,
            start=item.start,
            end=item.end,
            found=item.found,
            name=item.form.name,
            method=item.method,
            score=round(min(100.0, max(0.0, total)), 1),
            reasons=reasons,
        )

    def _entry_wide(self, item: _Scored, certain: Sequence[_Scored], surroundings: Surroundings) -> Iterator[Reason]:
        if item.shared and (surplus := item.local - _SHARED_AT_MOST) > 0:
            yield Reason("name of several companies", -surplus)
        yield from entry_signals(
            context=self._context.get(item.company, ()),
            exclude=self._exclude.get(item.company, ()),
            form=item.form,
            surroundings=surroundings,
            is_word=item.place is not None and item.place.language != "en" and opens_as_a_word(item.reasons),
        )
        place = (item.field, item.start)
        vouching = [other.found for other in certain[:2] if (other.field, other.start) != place]
        if self._stands_for_other(item, surroundings):
            yield Reason("the text explains this abbreviation otherwise", points("entry.stands_for_other"))
        if vouching and item.form.flavour not in _SURE:
            yield Reason(f"named beyond doubt elsewhere: {min(vouching)}", points("entry.vouched"))

    def _stands_for_other(self, item: _Scored, surroundings: Surroundings) -> bool:
        if item.form.flavour not in _ABBREVIATIONS:
            return False
        letters = item.found.strip("()[] ")
        words = surroundings.explained.get(letters) or surroundings.spelt_out(letters)
        return bool(words) and not words & (item.form.own or self._own_words(item.company))

    def _own_words(self, company: int) -> frozenset[str]:
        names = (self._companies[company].name, *(alias.text for alias in self._companies[company].aliases))
        return frozenset(token for name in names for token in tokenise(fold(name)))


def _against(form: Form, place: Place, reasons: Sequence[Reason], surroundings: Surroundings) -> Iterator[Reason]:
    """What is asked only of a candidate that would be accepted."""
    if is_on_a_button(form, place):
        yield Reason("a button of the page", points("where.button"))
    yield from second_thoughts(form, place, reasons, surroundings)


_ABBREVIATIONS = (Flavour.ACRONYM, Flavour.TICKER)
_SURE = (Flavour.DISTINCT, Flavour.PHRASE)


def _language_of(entry: Entry, skeletons: Sequence[Skeleton]) -> str:
    title, text = skeletons
    if not entry.language and title.is_ascii and text.is_ascii and is_plainly_english(title.tokens, text.tokens):
        return "en"
    return language_of(entry.language, entry.title + entry.text[:400], title.tokens + text.tokens[:60])


@cache
def _entry_wide_at_most(is_vouched: bool) -> float:
    vouched = max(0.0, points("entry.vouched")) if is_vouched else 0.0
    return vouched + max(0.0, points("entry.stands_for_other"))


_LINKS = frozenset(("&", "and", "und", "et", "y", "e", "en", "ve", "i", "и", "vs", "versus"))
_SIGNS = frozenset(",&+/-")
_LINK = r"(?:,|&|\+|/|-|,?\s(?:and|und|et|y|e|en|ve|i|и|vs\.?|versus)\s|,\s*and\s)"
_NAME_AFTER = re.compile(rf"\s*{_LINK}\s*(\w+)", re.IGNORECASE)
_NAME_BEFORE = re.compile(rf"\b(\w+)\s*{_LINK}\s*$", re.IGNORECASE)
_VERB_AFTER = re.compile(r" ([a-z]+)\b")
_SYMBOL = re.compile("[A-Z]{2,3}")
_UNDOUBTED = (Flavour.DISTINCT, Flavour.DOMAIN)
_LIST_AT_MOST = 5  # names on either side
_LONG_LIST = 3  # names beside the one that is asked about: what is listed so is of one kind
_CAMEL_AT_LEAST = 4  # letters
_REACH = 40  # characters on either side in which a list's next name must begin


def _beside_a_name(item: _Scored) -> Iterator[Reason]:
    """Companies come in lists ("Visa and Mastercard"): a name beside an ordinary word speaks for it.

    Only the text decides, never what else is tracked: a company's hits must not change with the rest of the list.
    """
    if item.place is None or item.form.flavour in _UNDOUBTED or not item.found[:1].isupper():
        return
    if not item.place.is_cased:
        return
    names, end = _listed_beside(item)
    if not names:
        return
    is_symbol = item.form.flavour is Flavour.TICKER
    unknown = [name for name in names if _is_unknown_name(name, is_symbol=is_symbol)]
    if unknown:
        is_long = len(unknown) > 1 or len(names) >= _LONG_LIST
        shown = " and ".join(unknown[:2])
        yield Reason(f"listed beside {shown}", points("entry.listed_beside", "among" if is_long else ""))
        if verb := _acting_together(item, end):
            yield Reason(f"they act: {verb}", points("entry.listed_acting"))


def _acting_together(item: _Scored, end: int) -> str:
    """What a list that opens a headline does, its last name ending here: ``Grab, GoTo revive``; "" = nothing."""
    if item.start or item.field is not EntryField.TITLE or item.place is None or item.place.language != "en":
        return ""
    word = _VERB_AFTER.match(item.place.skeleton.original, end)
    if not word:
        return ""
    return word[1] if word[1] == "to" or {word[1] + "s", word[1] + "es"} & item.place.cues.verbs else ""


def _listed_beside(item: _Scored) -> tuple[list[str], int]:
    """The capitalised words that stand beside the occurrence in a list, and where the list ends."""
    place = item.place
    if place is None:
        return [], item.end
    text = place.skeleton.original
    # Most often nothing is linked on either side, which is told without the slow patterns.
    after, before = place.after, place.before
    is_linked_after = place.token(1) in _LINKS or (after != " " and after.lstrip()[:1] in _SIGNS)
    is_linked_before = place.token(-1) in _LINKS or (before != " " and before.rstrip()[-1:] in _SIGNS)
    if not is_linked_after and not is_linked_before:
        return [], item.end
    names, at = [], item.end
    for _ in range(_LIST_AT_MOST if is_linked_after else 0):
        match = _NAME_AFTER.match(text[at : at + _REACH])
        if not match or not match[1][0].isupper():
            break
        names.append(match[1])
        at += match.end()
    end, at = at, item.start
    for _ in range(_LIST_AT_MOST if is_linked_before else 0):
        match = _NAME_BEFORE.search(text[max(0, at - _REACH) : at])
        if not match or not match[1][0].isupper():
            break
        names.append(match[1])
        at = max(0, at - _REACH) + match.start()
    return names, end


def _is_unknown_name(word: str, *, is_symbol: bool = False) -> bool:
    """A capitalised word that is neither in common use nor a person's name: most likely another company's.

    Beside a ticker (``is_symbol``) one of two or three letters is too.
    """
    token = fold(word)
    if word[0].isupper() and not word.isupper() and not word.istitle() and len(word) >= _CAMEL_AT_LEAST:
        return True  # GoTo
    if not word[0].isupper() or len(word) < 4 or lexicon.is_class_name(token):
        return is_symbol and _SYMBOL.fullmatch(word) is not None and not lexicon.is_word(token, "en")
    if lexicon.is_word(token, "en"):
        return lexicon.is_rare(token) and token in lexicon.proper_names()
    return not lexicon.is_person(token)


def _sum(reasons: Iterable[Reason]) -> float:
    return sum([reason.points for reason in reasons])


def _patterns_of(phrases: Mapping[int, tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
    """By the company's place; only of those that have any."""
    return {index: found for index, listed in phrases.items() if listed and (found := _patterns(listed))}


def _patterns(phrases: tuple[str, ...]) -> tuple[str, ...]:
    tokens = [tokenise(fold(phrase)) for phrase in phrases]
    return tuple(pattern_of(words) for words in tokens if words)


def _without_bare_tickers(names: Iterable[_Scored], by_ticker: list[_Scored]) -> Iterator[_Scored]:
    """``$MSFT`` is one mention: the bare letters inside a notation are not a second."""
    for item in names:
        if not any(
            item.field is other.field and other.start <= item.start and item.end <= other.end for other in by_ticker
        ):
            yield item


def _family(place: Place) -> Iterator[Reason]:
    """Other listed companies begin with this very name: a capitalised word behind it may make it theirs."""
    written = place.surface(1)
    if written[:1].isupper() and place.is_cased and place.after == " " and place.token(1) not in place.cues.nouns:
        yield Reason(f"other companies begin so, and more follows: {written}", points("entry.family"))


def _of_repairs(item: Found, form: Form, place: Place) -> Iterator[Reason]:
    for repair in item.repairs:
        if repair.method is Method.FUZZY:
            worth = round((100.0 - repair.ratio) * points("typo.by_percent"), 1)
            yield Reason(f"misspelt: {repair.target} ({repair.ratio:.0f} % alike)", worth)
            if item.skeleton.surfaces[item.span.first].islower() and item.skeleton.style != "lower":
                yield Reason("misspelt and in lower case", points("typo.lower"))
            if form.derived or form.flavour not in (Flavour.DISTINCT, Flavour.PHRASE):
                yield Reason("misspelling of an uncertain name", points("typo.uncertain", form.flavour))
            if repair.surname:
                yield Reason(f"a last name too: {place.found}", points("typo.last_name"))
        elif form.flavour is Flavour.WORD and (owned := _owned(place)):
            yield Reason(f"its apostrophe left out: {place.found} {owned}", points("typo.lost_apostrophe"))
        else:
            yield Reason(f"with an ending: {repair.target}", points("typo.inflected", form.flavour))
            word = item.skeleton.tokens[item.span.last]
            if (
                item.span.first == item.span.last
                and form.flavour is not Flavour.ACRONYM
                and lexicon.is_ordinary(word, "en")
            ):
                yield Reason(f"a word: {word}", points("typo.plural_of_word"))


def _owned(place: Place) -> str:
    """``visas quarterly profit``, ``apples new phone``: the noun, if the plural is no plural; "" = it may be one.

    What comes before must not make a compound of it: ``tourist visas``, ``three apples``.
    """
    cues, before = place.cues, place.token(-1)
    if place.language != "en" or place.found[-1:] != "s" or place.is_possessive:
        return ""
    opens = place.opens_sentence or before in cues.prepositions or before in cues.auxiliaries or before in _ASKING
    if not opens or before in cues.articles:
        return ""
    at = 1 if place.token(1) in cues.nouns else 2
    if place.token(at) not in cues.nouns or any(place.skeleton.gap(place.span.last + i + 1) != " " for i in range(at)):
        return ""
    between = place.token(1) if at > 1 else ""
    is_linked = between in cues.prepositions or between in cues.auxiliaries or between in cues.articles
    return "" if is_linked else " ".join(place.surface(i + 1) for i in range(at))


_ASKING = frozenset({"why", "how", "when", "as", "after", "before"})


def _method(item: Found, form: Form, place: Place) -> model.Method:
    if item.repairs and any(repair.method is Method.FUZZY for repair in item.repairs):
        return Method.FUZZY
    if item.repairs or (form.method is Method.EXACT and place.is_possessive):
        return Method.VARIANT
    if form.method is Method.EXACT and place.found not in form.name:
        return Method.EXACT if place.found.casefold() in form.name.casefold() else Method.VARIANT
    return form.method
