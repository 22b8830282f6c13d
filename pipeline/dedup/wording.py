"""What an entry says, in the shape that similarity compares: terms, figures, names, language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files
from itertools import chain, zip_longest
from operator import attrgetter
from typing import Any

from pipeline.text import fold, fold_with_offsets, is_cjk, tokens

LEAD_SENTENCE = 160  # characters
LEAD_WORDS = 90  # a story is told in its lead; what follows is background that other stories share
TOLERANCE = 0.03  # "$3.46 billion" and "$3.5 billion" are one figure, rounded
# The entries of a window at the size of a large watch: 1 KB for a headline, with 95 words of text 2.5 to 8 KB, as few
# or many of them are rare.
PACKED_WORDINGS = 30_000
KEPT_WORDS = 65_536  # whose terms are remembered, of some 150 bytes each
SWAPPED, SWAPPED_BESIDE = 2, 3  # terms that two headlines of one form differ in, at most, and share, at least
MAX_TERMS = 64  # terms of one entry that are compared and indexed, the title's first

_VOCABULARY: Mapping[str, Any] = tomllib.loads(
    files("pipeline.dedup").joinpath("vocabulary.toml").read_text(encoding="utf-8")
)
_STOP_OF = {language: frozenset(words.split()) for language, words in _VOCABULARY["stop"].items()}
_STOP = frozenset().union(*_STOP_OF.values())
_UP = frozenset(_VOCABULARY["direction"]["up"].split())
_DOWN = frozenset(_VOCABULARY["direction"]["down"].split())
_TURNS: Mapping[str, Any] = _VOCABULARY["reversal"]
_TURN = frozenset(" ".join(_TURNS["turns"].values()).split())
_SIDES = ("before", "behind")
_TURN_VERBS = frozenset(" ".join(near["verbs"] for side in _SIDES for near in _TURNS[side].values()).split())
_MAY_TURN = _TURN | _TURN_VERBS
_EVENT_KIND = {
    fold(name.strip()): kind for kind, names in _VOCABULARY["events"]["kinds"].items() for name in names.split("|")
}
_VERBS_AND_NOUNS = (
    _STOP
    | _UP
    | _DOWN
    | _TURN
    | _TURN_VERBS
    | frozenset(" ".join(_TURNS["told"].values()).split())
    | frozenset(_EVENT_KIND)
    | frozenset(" ".join(_VOCABULARY["everyday"].values()).split())
)
_WEEKDAYS = frozenset(_VOCABULARY["calendar"]["weekdays"].split())
_RECURRING = frozenset(_VOCABULARY["events"]["recurring"].split())
_COUNTS = frozenset(("dozens", "hundreds", "tens", "thousands"))
_EVENT_BEGINS = frozenset(name.split()[0] for name in _EVENT_KIND)
_LONGEST_EVENT = max(len(name.split()) for name in _EVENT_KIND)  # words in a row
# Unspaced scripts have no words to stand between.
_UNSPACED_EVENT = re.compile(
    "|".join(sorted((name for name in _EVENT_KIND if not name.isascii()), key=len, reverse=True))
)
_SCALE: Mapping[str, float] = _VOCABULARY["scale"]
_QUARTERS = tuple(
    (spelling, quarter) for quarter, spellings in _VOCABULARY["calendar"]["quarters"].items() for spelling in spellings
)
_OF_QUARTERS = re.compile("[q季]")  # no spelling is without
_SCALE_WORDS = "|".join(sorted((word for word in _SCALE if word.isascii()), key=len, reverse=True))
_TOKEN = re.compile(
    rf"(?<![\w.,])(?P<number>\d{{1,15}}(?:[.,]\d{{1,15}}){{0,5}})"
    rf"(?:[ -]?(?:(?P<scale>(?:{_SCALE_WORDS})\b|万亿|[万萬亿億兆])"
    r"|(?P<percent>%|percent\b|per cent\b|pct\b|prozent\b)))?"
    r"|(?P<word>\w+)"
)
# Unspaced script touches figures and Latin names ("总额35亿美元", "在Azure云"): cut there.
_WORD = re.compile(r"\w+")
_FIGURE_BEGINS = re.compile(r"\b[0-9]")  # no figure is without
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff"
_SEAM = re.compile(rf"(?<=[{_UNSPACED}])(?=[0-9a-z])|(?<=[0-9a-z])(?=[{_UNSPACED}])")
_UP_OR_DOWN = frozenset(("up", "down"))
_MOVED = re.compile(
    r"\b(?:shares?|stocks?|sales|profits?|revenues?|earnings|income|index)\b[^.;:]{0,40}\b(up|down)\b"
    r"|\b(up|down) [$€£]?\d"
)
_NEVER_A_TURN = re.compile(rf"\b(?:{_TURNS['never']['phrases']})\b".replace("\n", ""))
_AS_FAR = r"(?:(?! (?:after|amid|as|on|over) )[^.;:])"  # of a headline: what follows is the reason


def _any_of(words: str) -> str:
    return "|".join(words.split())


_NEAR_TURNS = (
    *(
        re.compile(rf"\b({_any_of(near['verbs'])})\b(?={_AS_FAR}{{0,60}}\b(?:{_any_of(near['what'])})\b)")
        for near in _TURNS["before"].values()
    ),
    *(
        re.compile(rf"\b(?:{_any_of(near['what'])})\b{_AS_FAR}{{0,40}}?\b({_any_of(near['verbs'])})\b")
        for near in _TURNS["behind"].values()
    ),
)
_MONTHS = frozenset(_VOCABULARY["calendar"]["months"].split())
_OF_MONTHS = "|".join(sorted(_MONTHS, key=len, reverse=True))
# Which day it is, and no figure: "14 April", "14 de abril", "April 14th", "4月14日", "am 14.04.".
_DAYS = re.compile(
    rf"(?<![\w.,])(\d\d?)(?:st|nd|rd|th|\.)? (?:de )?(?:{_OF_MONTHS})\b"
    rf"|\b(?:{_OF_MONTHS})\.? (\d\d?)(?:st|nd|rd|th)?\b"
    rf"(?![.,]?\d|[ -]?(?:%|percent|per cent|prozent|pct|{_SCALE_WORDS}))"
    r"|(?<![\d.,])(\d\d?) ?(?:[月日号號](?![間间])|[월일](?!간))"
    r"|\b(?:am|vom|bis|zum|ab|dem|den|der|seit) ((?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2]))\.(?!\d)"
)
_MAY_BE_DAY = re.compile(r"[月日号號월일]|\d\.\d\d\.")
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")
_ACTOR = re.compile(r"\b[A-Z][\w&]*[A-Za-z]")
_SUBJECT = re.compile(r"([A-Z][\w&]*[A-Za-z]) (?:[A-Z]|[a-z]+s\b)")  # "Texas lands ...", "Ardent Media says ..."

_CONTINENTAL = frozenset(("millionen", "millones", "mio", "milliarde", "milliarden", "milliards", "mrd"))  # "1.800 Mio"
_CURRENCIES = frozenset("$€£¥₹₩")
_OUTLET_WORDS = 5
_DIVIDER = re.compile("[-–—|]")  # no suffix is without
_SUFFIX = re.compile(r"\s+(?:\||[-–—])\s+([^|–—]{2,50})$|\s*\|\s*([^|]{2,50})$")
_TAG = re.compile(
    r"^(?:(?:UPDATE|WRAPUP|RPT|CORRECTED|REFILE|BREAKING|EXCLUSIVE|Exclusive|Breaking|Update|JUST IN)(?: ?\d+)?[-:] ?)+"
    r"|\s+(?:\((?:update\w*|video|photos?)\)|-\s*(?:report|sources?|update))$"
)
_DATELINE = (
    r"^(?:[A-Z][A-Z .,]{2,30}(?: ?\([^)]{2,40}\)| [A-Z][\w. ]{1,30})?|\([^)]{2,40}\)) ?(?:--|[-–—]) (?=\S)"
    r"|^By [A-Z][\w.'-]+(?: [A-Z][\w.'-]+){1,2}(?= [A-Z])"
)
_BOILERPLATE = re.compile(
    r"\bThe post .{0,300}? (?:appeared|first appeared) .{0,120}$"
    r"|\b(?:Continue reading|Read (?:more|full story|the full (?:story|article))|Click here to)\b.{0,120}$"
    rf"|{_DATELINE}"
    r"|\[(?:…|\.\.\.)\]|…|\.\.\.$"
)
# Without these there is none, and they are found twenty times as fast.
_BOILERPLATE_BEGINS = re.compile(_DATELINE)
_BOILERPLATE_MARKS = re.compile(r"The post |Continue reading|Read |Click here to|\[\.\.\.|…|\.\.\.$")


@dataclass(frozen=True, slots=True)
class Wording:
    """An entry's words as they are compared. Terms are stems, pairs of unspaced script, or figures."""

    title: str  # folded, without outlet and tags
    text: str  # folded, without boilerplate; "" when it only repeats the title
    terms: tuple[str, ...]  # of title and text, in the order told, at most MAX_TERMS
    direction: int  # of the title: 1 up, -1 down, 0 neither or both
    language: str  # "" = unknown
    title_terms: frozenset[str]
    text_terms: frozenset[str]
    title_figures: frozenset[str]
    figures: frozenset[str]  # of title and text
    quarters: frozenset[str]
    weekdays: frozenset[str]
    events: frozenset[str]  # kinds of events that the title names, or the first sentence where the title names none
    reversals: frozenset[str]  # of the title
    actors: frozenset[str]  # stems of the words that are written as names
    title_actors: frozenset[str]  # those of the title
    bag: frozenset[str]  # the terms

    @property
    def latin(self) -> frozenset[str]:
        """Terms in Latin letters, which other scripts quote too."""
        return frozenset(filter(is_latin, self.terms))


_PLAIN = ("title", "text", "terms", "direction", "language")  # the first fields; the others are sets
_plain_of = attrgetter(*_PLAIN)
_sets_of = attrgetter(*(field.name for field in fields(Wording)[len(_PLAIN) : -1]))  # the last one are the terms
_Packed = tuple[tuple[Any, ...], tuple[tuple[str, ...], ...]]
packed_wordings: dict[bytes, _Packed] = {}  # by a hash of what was cut, the oldest first


@lru_cache(maxsize=2048)  # some 7 KB each, beside the texts that are their keys
def wording(title: str, text: str, publisher: str = "", language: str = "") -> Wording:
    """The words of an entry; pure, remembered because every member of a story is looked at again and again.

    Those that were looked at last are at hand, many more are remembered packed: making their sets anew takes a
    thirtieth of the time of cutting them anew.
    """
    said = "\0".join((title, text, publisher, language)).encode("utf-8", "surrogatepass")
    key = blake2b(said, digest_size=16).digest()
    packed = packed_wordings.get(key)
    if packed is not None:
        plain, sets = packed
        return Wording(*plain, *map(frozenset, sets))
    words = _cut(title, text, publisher, language)
    if len(packed_wordings) >= PACKED_WORDINGS:
        packed_wordings.pop(next(iter(packed_wordings)), None)
    packed_wordings[key] = _plain_of(words), (*map(tuple, _sets_of(words)), words.terms)
    return words


def _cut(title: str, text: str, publisher: str, language: str) -> Wording:
    bare = bare_title(title, publisher)
    folded = fold(bare)
    lead = _lead(text, folded)
    text_folded = fold(lead)
    title_words, text_words = _WORD.findall(folded), _WORD.findall(text_folded)
    title_terms, text_terms = _terms(folded, title_words), _terms(text_folded, text_words)
    both = f"{folded} . {text_folded}"
    terms = tuple(dict.fromkeys(title_terms + text_terms))[:MAX_TERMS]
    title_actors, actors = _actors(bare, lead)
    return Wording(
        title=folded,
        text=text_folded,
        terms=terms,
        direction=_direction(folded, title_words),
        language=language[:2].lower() or _guess_language(both),
        title_terms=frozenset(title_terms),
        text_terms=frozenset(text_terms[:MAX_TERMS]),
        title_figures=_figures(title_terms),
        figures=_figures(title_terms + text_terms) if _may_have_figures(both) else frozenset(),
        quarters=_quarters(both),
        weekdays=_WEEKDAYS.intersection(title_words + text_words),
        events=_events(folded, title_words) or _first_events(lead),
        reversals=_reversals(folded, title_words),
        actors=actors,
        title_actors=title_actors,
        bag=frozenset(terms),
    )


def _reversals(folded: str, words: Collection[str]) -> frozenset[str]:
    """The stems of the words by which the title, of these words, turns a story."""
    if _MAY_TURN.isdisjoint(words):
        return frozenset()
    said = _NEVER_A_TURN.sub(" ", folded)
    turns = _TURN.intersection(_WORD.findall(said))
    return frozenset(stem(word) for word in turns.union(*(near.findall(said) for near in _NEAR_TURNS)))


def new_turns(reversals: frozenset[str], told: Collection[str]) -> frozenset[str]:
    """Those of the turns that were not told by these terms, nor by others that mean the same."""
    return frozenset(turn for turn in reversals if _same_turn()[turn].isdisjoint(told))


@lru_cache(maxsize=1)
def _same_turn() -> Mapping[str, frozenset[str]]:
    """Of each turn the stems by which it is told. Ordinary verbs ("raises bid") stand for themselves in other turns."""
    same: dict[str, frozenset[str]] = {}
    sides = (_TURNS["turns"], *({kind: near["verbs"] for kind, near in _TURNS[side].items()} for side in _SIDES))
    for side in sides:
        for kind, words in side.items():
            told = frozenset(map(stem, f"{_TURNS['turns'].get(kind, '')} {_TURNS['told'].get(kind, '')}".split()))
            for turn in map(stem, words.split()):
                same[turn] = same.get(turn, frozenset({turn})) | told
    return same


def as_written(title: str) -> dict[str, str]:
    """The terms of a title with how it writes each first: words of spaced scripts, and figures with what they count."""
    folded = fold_with_offsets(title)
    text, places = _seamed(folded.text)
    found = list(_TOKEN.finditer(text))
    written: dict[str, str] = {}
    for token, following in zip_longest(found, found[1:]):
        start, end = folded.span(places[token.start()], places[token.end() - 1] + 1)
        if token["number"]:
            has_currency = start > 0 and title[start - 1] in _CURRENCIES
            is_bare = not (has_currency or token["scale"] or token["percent"])
            if is_bare and following and _is_counted(following["word"], text[token.end() : following.start()]):
                end = folded.span(places[following.start()], places[following.end() - 1] + 1)[1]
            term = _figure(token["number"], token["scale"], bool(token["percent"]))
            written.setdefault(term, title[start - has_currency : end])
        elif not any(map(is_cjk, token["word"])):
            for term in word_terms[token["word"]]:
                written.setdefault(term, title[start:end])
    return written


def _is_counted(word: str | None, gap: str) -> bool:
    """Does the word after a number say what it counts, as far as a reader can tell?"""
    return bool(word) and gap == " " and not any(map(is_cjk, word or ""))


def _seamed(folded: str) -> tuple[str, list[int]]:
    """The text cut at its seams, and where each of its characters stood."""
    seams = {match.start() for match in _SEAM.finditer(folded)}
    text, places = [], []
    for place, char in enumerate(folded):
        if place in seams:
            text.append(" ")
            places.append(place)
        text.append(char)
        places.append(place)
    return "".join(text), places


def bare_title(title: str, publisher: str = "") -> str:
    """The headline without the outlet's name and the desk's tags ("UPDATE 1-", "- report")."""
    spaced = " ".join(title.split())[:500]
    bare = _TAG.sub("", spaced).strip()
    if publisher and (":" in bare or _DIVIDER.search(bare)):
        bare = _named(publisher).sub("", bare)
    outlet = _SUFFIX.search(bare) if _DIVIDER.search(bare) else None
    if outlet and _looks_like_outlet((outlet[1] or outlet[2]).strip()) and len(bare[: outlet.start()].split()) > 2:
        bare = bare[: outlet.start()]
    return (bare if bare == spaced else _TAG.sub("", bare)).strip() or title.strip()


@lru_cache(maxsize=4096)
def _named(publisher: str) -> re.Pattern[str]:
    """Finds the outlet's own name before or behind a headline."""
    name = re.escape(publisher)
    return re.compile(rf"^{name}:\s+|\s*[-–—|:]\s*{name}$", re.IGNORECASE)


@lru_cache(maxsize=2)  # a text is asked for twice in a row
def bare_text(text: str) -> str:
    """The text without datelines, bylines and "read more"."""
    spaced = " ".join(text[:20_000].split())
    if not (_BOILERPLATE_MARKS.search(spaced) or _BOILERPLATE_BEGINS.match(spaced)):
        return spaced
    return " ".join(_BOILERPLATE.sub(" ", spaced).split())


def is_latin(term: str) -> bool:
    """A term in Latin letters."""
    return term.isascii() and not term[0].isdigit()


def is_figure(term: str) -> bool:
    """A number that means something: not a year, and not a single digit without a unit."""
    if not term[0].isdigit():
        return False
    return not (term.isdigit() and (len(term) == 1 or (len(term) == 4 and term[:2] in ("19", "20"))))


def spaced(folded: str) -> str:
    """The folded text with spaces where unspaced script touches figures and Latin names."""
    return folded if folded.isascii() else _SEAM.sub(" ", folded)


def days_in(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where a ``spaced`` text of these words names days of a month in figures, the last first."""
    if _MONTHS.isdisjoint(words) and not _MAY_BE_DAY.search(text):
        return []
    return [day.span(day.lastindex or 0) for day in _DAYS.finditer(text)][::-1]


def figures_in(text: str) -> Iterator[tuple[str, int, int]]:
    """The figures of a ``spaced`` text as terms, each with where it begins and ends."""
    days = {start for start, _ in days_in(text, _WORD.findall(text))} if _may_have_figures(text) else ()
    for token in _TOKEN.finditer(text):
        if token["number"] and token.start() not in days:
            term = _figure(token["number"], token["scale"], bool(token["percent"]))
            if is_figure(term):
                yield term, token.start(), token.end()


def stop_words() -> frozenset[str]:
    """Words of any language that tell nothing."""
    return _STOP


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """The stem of an English word; other words, and short ones, stand for themselves."""
    return str(_english().stemWord(word)) if len(word) > 3 and word.isascii() and word.isalpha() else word


def is_told(figure: str, known: Collection[str]) -> bool:
    """True when the figure is among those known, as it stands or rounded."""
    return figure in known or any(_is_near(figure, other) for other in known)


@lru_cache(maxsize=65536)
def _is_near(one: str, other: str) -> bool:
    if one.endswith("%") != other.endswith("%"):
        return False
    a, b = float(one.rstrip("%")), float(other.rstrip("%"))
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


def is_swapped(one: frozenset[str], other: frozenset[str]) -> bool:
    """Are two headlines, given as terms, one sentence of two things: "plant in Texas" and "plant in Ohio"?

    Verbs and words of everyday business may be swapped and the headline still say the same. What other figures mean
    is not asked here.
    """
    if len(one) != len(other):
        return False
    ours = one - other
    if not 0 < len(ours) <= SWAPPED or len(one) - len(ours) < SWAPPED_BESIDE:
        return False
    theirs = other - one
    return _tells_apart(ours) and _tells_apart(theirs)


def _tells_apart(swapped: frozenset[str]) -> bool:
    return any(not term[0].isdigit() and term not in _swappable() for term in swapped)


@lru_cache(maxsize=1)
def _swappable() -> frozenset[str]:
    return frozenset(map(stem, chain.from_iterable(name.split() for name in _VERBS_AND_NOUNS)))


def is_recurring(event: str) -> bool:
    """True for kinds of events of which a company has several a week."""
    return event in _RECURRING


def is_everyday(term: str) -> bool:
    """True for the stems of words that are in every other piece of business news."""
    return term in everyday()


@lru_cache(maxsize=1)
def everyday() -> frozenset[str]:
    """Those stems."""
    return frozenset(stem(word) for words in _VOCABULARY["everyday"].values() for word in words.split())


@lru_cache(maxsize=1)
def _english() -> Any:
    import snowballstemmer  # thirty languages: a run without hits need not wait for them

    return snowballstemmer.stemmer("english")


def _looks_like_outlet(words: str) -> bool:
    named = words.split()
    return len(named) <= _OUTLET_WORDS and named[0][0].isupper() and not any(char.isdigit() for char in words)


def _lead(text: str, folded_title: str) -> str:
    """The first words of the text; "" when they say no more than the title (and an outlet's name) does."""
    lead = " ".join(bare_text(text).split(" ", LEAD_WORDS)[:LEAD_WORDS])
    folded = fold(lead)
    if folded.startswith(folded_title) and len(folded) < len(folded_title) + 40:
        return ""
    return lead[: LEAD_WORDS * 12]


def _terms(folded: str, words: Sequence[str]) -> list[str]:
    if not _may_have_figures(folded):
        return list(chain.from_iterable(map(word_terms.__getitem__, words)))
    found: list[str] = []
    text = spaced(folded)
    for start, end in days_in(text, words):
        # No figure, but to be compared: "14" becomes the word "d14" (see ``is_day``).
        text = f"{text[:start]}d{text[start:end].replace('.', 'm')} {text[end:]}"
    for number, scale, percent, word in _TOKEN.findall(text):
        if number:
            found.append(_figure(number, scale, bool(percent)))
        else:
            found.extend(word_terms[word])
    return found


class _TermsOf(dict[str, Sequence[str]]):
    """The terms of each word, remembered. In a table that begins anew when it is full words are found in half the time
    of one that forgets those asked for longest ago.
    """

    def __missing__(self, word: str) -> Sequence[str]:
        if len(self) >= KEPT_WORDS:
            self.clear()
        self[word] = found = self._cut(word)
        return found

    @staticmethod
    def _cut(word: str) -> Sequence[str]:
        if not word.isascii():
            return tokens(word)
        return (stem(word),) if len(word) > 1 and word not in _STOP else ()


word_terms = _TermsOf()


def _figure(digits: str, scale: str | None, is_share: bool) -> str:
    """One spelling for a number: "$3.5 billion", "3.5bn" and "35亿" are all "3.5e+09"."""
    is_year = not scale and digits.isdigit()  # "2000" may be one, "2,000" is none: such numbers are spelt 2.000e+03
    if scale in _CONTINENTAL:
        digits = digits.replace(".", "").replace(",", ".")
    elif _THOUSANDS.fullmatch(digits) and (digits.count(",") or digits.count(".") > 1):
        digits = digits.replace(",", "").replace(".", "")
    elif digits.count(",") == 1 and "." not in digits:
        digits = digits.replace(",", ".")
    try:
        value = float(digits.replace(",", "")) * _SCALE.get(scale or "", 1.0)
    except ValueError:
        return f"@{digits}"  # a date, a version, an address: compared, but no figure
    if 1900 <= value < 2100 and not (is_year or is_share):
        return f"{value:.3e}"
    return f"{value:.6g}" + ("%" if is_share else "")


def _may_have_figures(folded: str) -> bool:
    return not folded.isascii() or _FIGURE_BEGINS.search(folded) is not None


def _figures(terms: Sequence[str]) -> frozenset[str]:
    return frozenset([term for term in terms if term[0].isdigit() and is_figure(term)])


def _quarters(folded: str) -> frozenset[str]:
    if not _OF_QUARTERS.search(folded):
        return frozenset()
    named = {quarter for spelling, quarter in _QUARTERS if spelling in folded}
    return frozenset(named.union(re.findall(r"\bq[1-4]\b", folded)) if "q" in folded else named)


def _direction(folded: str, words: Collection[str]) -> int:
    """1 up, -1 down; "up" and "down" themselves only where they are said of a price or a figure."""
    pairs = () if _UP_OR_DOWN.isdisjoint(words) else _MOVED.findall(folded)
    moved = {found for pair in pairs for found in pair}
    return (not _UP.isdisjoint(words) or "up" in moved) - (not _DOWN.isdisjoint(words) or "down" in moved)


def _first_events(lead: str) -> frozenset[str]:
    folded = fold(lead[:LEAD_SENTENCE])
    return _events(folded, _WORD.findall(folded))


def _events(folded: str, words: Sequence[str]) -> frozenset[str]:
    named = [] if folded.isascii() else _UNSPACED_EVENT.findall(folded)
    named += _named_in_a_row(words)
    if not _COUNTS.isdisjoint(words) or _may_have_figures(folded):  # "cuts hundreds of jobs" cuts jobs
        named += _named_in_a_row(_uncounted(words))
    return frozenset(_EVENT_KIND[name] for name in named)


def _uncounted(words: Sequence[str]) -> list[str]:
    """The words without numbers, and without the "of" behind one."""
    told: list[str] = []
    is_count = False
    for word in words:
        was_count, is_count = is_count, word in _COUNTS or word[0].isdigit()
        if not is_count and not (was_count and word == "of"):
            told.append(word)
    return told


def _named_in_a_row(words: Sequence[str]) -> list[str]:
    named = []
    at = len(words) if _EVENT_BEGINS.isdisjoint(words) else 0
    while at < len(words):
        name = _event_at(words, at)
        named += [name] if name else []
        at += name.count(" ") + 1
    return named


def _event_at(words: Sequence[str], at: int) -> str:
    """The longest name of an event that begins with this word, "" if none does."""
    if words[at] not in _EVENT_BEGINS:
        return ""
    ends = range(min(at + _LONGEST_EVENT, len(words)), at, -1)
    return next((name for end in ends if (name := " ".join(words[at:end])) in _EVENT_KIND), "")


def _actors(title: str, text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Words written as names: those of the title, and all. A headline in Title Case tells nothing."""
    words = re.findall(r"[A-Za-z]{3,}", title)
    shouted = len(words) > 3 and sum(word[0].isupper() for word in words) > 0.8 * len(words)
    ours = set() if shouted else _names_in(title)
    subject = None if shouted else _SUBJECT.match(title)
    if subject and fold(subject[1]) not in _VERBS_AND_NOUNS:
        ours.add(stem(fold(subject[1])))
    return frozenset(ours - _STOP), frozenset((ours | _names_in(text)) - _STOP)


def _names_in(part: str) -> set[str]:
    """The stems of words with a capital; the start of a sentence tells nothing."""
    found = ((name.start(), name[0]) for name in _ACTOR.finditer(part))
    return {stem(fold(name)) for at, name in found if part[max(0, at - 2) : at] not in ("", ". ", "! ", "? ")}


def _guess_language(folded: str) -> str:
    """By script, else by the function words: two different ones at least, and more than any other language has."""
    if not folded.isascii():
        letters = [char for char in folded[:400] if char.isalpha()]
        if sum(map(is_cjk, letters)) * 4 > len(letters) > 0:
            return "zh"
    words = set(re.findall(r"[a-z]+", folded))
    votes = sorted(((len(words & stop), language) for language, stop in _STOP_OF.items()), reverse=True)
    return votes[0][1] if votes[0][0] > max(1, votes[1][0]) else ""
