"""Is this occurrence the company? Named signals around it, each worth points for or against.

The points are hand-set in round numbers by how rarely the sign deceives: 50 and more decides alone, 20 to 35 needs
one companion, 10 and less only tips the scale. A score is the sum, within 0 and 100; 60 accepts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.match import lexicon
from pipeline.match.forms import Form
from pipeline.match.kinds import Flavour
from pipeline.match.lexicon import Cues
from pipeline.match.skeleton import Skeleton, Span
from pipeline.model import EntryField, Method, Reason

# Languages in which a capital says nothing: German writes every noun so; the others have no case or are not cased here.
_CASE_SILENT = frozenset({"de", "zh", "ja", "ko", "th", "ar", "he", "hi"})
_UNSPACED_LANGUAGES = frozenset({"zh", "ja", "ko"})
_SENTENCE_END = re.compile(r"[.!?:;|()\[\]\"•…-]|(?:^|\s)'|^$")
_MONEY = re.compile(r"[$€£¥₹]\s*$|\brs\.?\s*$")
_LONGEST_LINK = 200  # characters before an occurrence that are searched for the beginning of a link
_NEARBY = 40  # characters of unspaced text on either side that are looked at for business words


@dataclass(slots=True)
class Place:
    """An occurrence with its neighbours, as the rules ask for them."""

    skeleton: Skeleton
    span: Span
    language: str
    cues: Cues
    found: str = field(init=False)  # the occurrence as the original writes it
    before: str = field(init=False)  # what stands between the token before and the occurrence
    after: str = field(init=False)  # what stands between the occurrence and the token after
    is_possessive: bool = field(init=False)  # 's or a bare apostrophe follows

    def __post_init__(self) -> None:
        skeleton, span = self.skeleton, self.span
        start, end = skeleton.original_span(span)
        self.found = skeleton.original[start:end]
        self.before, self.after = skeleton.gap(span.first), skeleton.gap(span.last + 1)
        ending = self.after.strip()
        self.is_possessive = ending in ("'", "&#39;") and (self.token(1) == "s" or self.after.startswith("'"))

    @property
    def is_cased(self) -> bool:
        """Does a capital mean anything here?"""
        return self.language not in _CASE_SILENT and self.skeleton.style in ("sentence", "title")

    def token(self, offset: int) -> str:
        """The folded token before (-1, -2 ..) or after (1, 2 ..) the occurrence, "" beyond the ends."""
        index = self.span.first + offset if offset < 0 else self.span.last + offset
        return self.skeleton.tokens[index] if 0 <= index < len(self.skeleton.tokens) else ""

    def surface(self, offset: int) -> str:
        """The same token as the original writes it."""
        index = self.span.first + offset if offset < 0 else self.span.last + offset
        return self.skeleton.surfaces[index] if 0 <= index < len(self.skeleton.surfaces) else ""

    @property
    def opens_sentence(self) -> bool:
        """Is it the first word, where a capital is owed to the place?"""
        return self.span.first == 0 or _SENTENCE_END.search(self.before) is not None

    @property
    def following(self) -> int:
        """Offset of the first token after the occurrence and its possessive s."""
        return 2 if self.is_possessive and self.token(1) == "s" else 1


def local_signals(form: Form, place: Place) -> Iterator[Reason]:
    """What the words around one occurrence tell, first its base: what a name of this flavour proves alone."""
    yield Reason(f"name: {form.flavour.value}", form.base)
    if form.derived:
        yield Reason("short form nobody listed", -8.0)
    yield from _where(form, place)
    yield from _word_of_the_language(form, place)
    if place.language in _UNSPACED_LANGUAGES:
        yield from _unspaced(form, place)
        return
    yield from _case(form, place)
    yield from _attribution(form, place)
    yield from _next(form, place)
    yield from _previous(form, place)


def _word_of_the_language(form: Form, place: Place) -> Iterator[Reason]:
    """A plain word of the entry's own language ("carrefour") is no name; an English one there can hardly be a word."""
    if place.span.first != place.span.last or place.language == "en":
        return
    token = place.skeleton.tokens[place.span.first]
    if form.flavour is Flavour.WORD and place.found[:1].isupper() and lexicon.is_foreign(token, place.language):
        yield Reason(f"an English word, not used in the language ({place.language})", 30.0)
    elif (
        form.flavour in (Flavour.DISTINCT, Flavour.PERSON)
        and lexicon.is_ordinary(token, place.language)
        and place.found.islower()
        and not form.name[:1].islower()
    ):
        yield Reason(f"a word of the language ({place.language})", -40.0)


def _where(form: Form, place: Place) -> Iterator[Reason]:
    """Links, addresses, source tags, amounts."""
    text, span = place.skeleton.folded.text, place.span
    chunk = _chunk_before(text, span.start)
    if form.method is not Method.DOMAIN and ("://" in chunk or "www." in chunk or chunk.endswith(".")):
        yield Reason("inside a link", -60.0)
    elif form.method is Method.DOMAIN and text[span.end : span.end + 1] == "/":
        yield Reason("a link, not a mention", -30.0)
    elif chunk.endswith("@") and len(chunk) > 1:
        yield Reason("inside an address", -60.0)
    elif chunk.endswith("#"):
        yield Reason("hashtag", 8.0)
    if _is_source_tag(place):
        yield Reason("source tag", -55.0)
    if form.flavour in (Flavour.WORD, Flavour.ACRONYM, Flavour.WEAK):
        if _MONEY.search(text[max(0, span.start - 4) : span.start]):
            yield Reason("an amount of money", -60.0)
        elif place.token(-1)[-1:].isdigit() and place.before in (" ", "-", "% ", ""):
            yield Reason("number before", -35.0)


def _chunk_before(text: str, start: int) -> str:
    """The characters up to ``start``, or up to the line break before it, that no space divides from it."""
    before = text[max(0, start - _LONGEST_LINK) : start].removesuffix("\n")
    return "" if not before or before[-1].isspace() else before.split()[-1]


def _is_source_tag(place: Place) -> bool:
    """``(Reuters)``, ``... - Sky News``, ``© dpa``: who tells the news, not whom it is about."""
    before, after = place.before, place.after
    if "©" in before:
        return True
    if before.endswith("(") and after.startswith(")"):
        is_last = place.span.last == len(place.skeleton.tokens) - 1
        return is_last or " - " in after or " -" in after or place.span.last < 5
    is_title_end = place.skeleton.where is EntryField.TITLE and place.span.last == len(place.skeleton.tokens) - 1
    return is_title_end and place.span.first > 3 and before in (" - ", " | ", " -- ", " -")


def _attribution(form: Form, place: Place) -> Iterator[Reason]:
    """``...: Jane Roe`` at the end of a headline names who says it, not whom it is about."""
    skeleton, span = place.skeleton, place.span
    is_fragile = form.flavour in (Flavour.PERSON, Flavour.WORD) or form.derived
    if skeleton.where is not EntryField.TITLE or span.first < 3 or span.first != span.last or not is_fragile:
        return
    start, _ = skeleton.original_span(span)
    colon = skeleton.original.rfind(": ", 0, start)
    speaker = skeleton.original[colon + 2 :].split(",")[0].split() if colon > 0 else []
    if 2 <= len(speaker) <= 4 and all(word[:1].isupper() for word in speaker):
        yield Reason("who says it, at the end of the headline", -30.0)


def _case(form: Form, place: Place) -> Iterator[Reason]:
    found, style = place.found, place.skeleton.style
    written_lower = form.name[:1].islower()
    if style == "lower":
        if form.flavour in (Flavour.WORD, Flavour.ACRONYM):
            yield Reason("text without capitals", -8.0)
    elif found.islower() and not written_lower and found.upper() != found:
        penalty = {Flavour.DISTINCT: -12.0, Flavour.DOMAIN: 0.0, Flavour.PHRASE: -40.0, Flavour.PERSON: -25.0}
        if points := penalty.get(form.flavour, -60.0):
            yield Reason("lower case", points)
    elif form.flavour is Flavour.ACRONYM and not found.isupper() and form.name.isupper():
        if not found.removesuffix("s").isupper():
            yield Reason("not in capitals", -25.0)
    elif form.flavour in (Flavour.WORD, Flavour.PHRASE) and found.isupper() and style == "sentence" and len(found) > 3:
        yield Reason("all capitals", 15.0)
    elif form.flavour is Flavour.WORD and place.is_cased and style == "sentence" and not place.opens_sentence:
        yield Reason("capital within a sentence", 24.0)


def _next(form: Form, place: Place) -> Iterator[Reason]:
    """The words behind the name."""
    offset, cues = place.following, place.cues
    word, written, after = place.token(offset), place.surface(offset), place.skeleton.gap(place.span.last + offset)
    adjoining = (
        after.replace('"', "") in (" ", "-", "  ")
        or (place.is_possessive and not after.strip("' "))
        or after in ("' ", "'")
    )
    if place.is_possessive:
        yield Reason("possessive", 16.0)
    if not word or not adjoining:
        return
    two = f"{word} {place.token(offset + 1)}"
    if (word in lexicon.legal_after() or two in lexicon.legal_after()) and not written.islower():
        yield Reason(f"legal form: {written}", 45.0 if word != "as" else 0.0)
    elif word in cues.nouns and (written.islower() or word not in lexicon.siblings() or not place.is_cased):
        yield Reason(f"business word after: {word}", 28.0)
    elif word in cues.verbs and not place.is_possessive:
        yield Reason(f"acts: {word}", 30.0)
    elif word in cues.auxiliaries and not place.is_possessive:
        yield Reason(f"acts or is: {word}", 16.0)
    elif word == "to" and place.skeleton.where is EntryField.TITLE and place.span.first == 0:
        yield Reason("acts: to ...", 30.0)
    else:
        yield from _next_unknown(form, place, word, written)


def _next_unknown(form: Form, place: Place, word: str, written: str) -> Iterator[Reason]:
    raised = written[:1].isupper()
    if raised and word in lexicon.siblings() and place.is_cased and not place.is_possessive and word not in form.own:
        yield Reason(f"another firm: {written}", -34.0 if place.skeleton.style == "sentence" else -26.0)
    elif form.flavour in (Flavour.WORD, Flavour.WEAK, Flavour.PERSON, Flavour.ACRONYM) and place.is_cased:
        if raised and place.skeleton.style == "sentence" and not place.is_possessive:
            points = {Flavour.WORD: -26.0, Flavour.PERSON: -14.0}.get(form.flavour, -10.0)
            yield Reason(f"another name after: {written}", points)
        elif (
            written.islower()
            and form.flavour is Flavour.WORD
            and word not in place.cues.prepositions
            and lexicon.is_ordinary(word, place.language)
        ):
            yield Reason(f"ordinary word after: {word}", -8.0)


def _previous(form: Form, place: Place) -> Iterator[Reason]:
    """The words before the name."""
    word, written, before, cues = place.token(-1), place.surface(-1), place.before, place.cues
    if not word or before.strip(" -'\"") or _SENTENCE_END.search(before.replace("-", "").replace('"', "")):
        return
    fragile = form.flavour in (Flavour.WORD, Flavour.WEAK, Flavour.PERSON, Flavour.ACRONYM)
    if word in cues.titles and fragile and written[:1].isupper():
        yield Reason(f"title before: {written}", -40.0)
    elif (
        word in lexicon.given_names()
        and written[:1].isupper()
        and fragile
        and before == " "
        and not lexicon.is_ordinary(word, "en")
    ):
        yield Reason(f"first name before: {written}", -48.0)
    elif word in cues.articles and _is_singled_out(form, place):
        yield Reason(f"article before: {word}", -22.0)
    elif (
        word in cues.nouns
        and form.flavour in (Flavour.WORD, Flavour.WEAK, Flavour.ACRONYM)
        and not place.found.islower()
    ):
        yield Reason(f"business word before: {word}", 22.0)
    elif word == "to" and form.flavour is Flavour.WORD and place.skeleton.style != "sentence":
        yield Reason("to before: a verb", -25.0)
    elif word in cues.prepositions:
        if form.flavour is Flavour.WORD and place.is_cased and not place.found.islower():
            yield Reason(f"preposition before: {word}", 8.0)
    elif before == "-" and form.flavour in (Flavour.WORD, Flavour.PERSON) and written[:1].isupper():
        yield Reason(f"second half of a compound: {written}", -30.0)
    elif written[:1].isupper() and place.is_cased and before == " ":
        yield from _previous_capital(form, place, word, written)


def _is_singled_out(form: Form, place: Place) -> bool:
    """Does an article speak against this name? Against words, not against abbreviations ("the BBC")."""
    return form.flavour in (Flavour.WORD, Flavour.WEAK, Flavour.PERSON)


def _previous_capital(form: Form, place: Place, word: str, written: str) -> Iterator[Reason]:
    """A capitalised word just before: part of a longer name, unless it opens the sentence or is a plain word."""
    ordinary = lexicon.is_ordinary(word, place.language)
    if place.skeleton.style == "title":
        if form.flavour is Flavour.WORD:
            yield Reason(f"inside a headline in capitals: {written}", -18.0)
        return
    if place.span.first == 1 and (ordinary or place.language != "en"):
        return
    points = {Flavour.WORD: -30.0, Flavour.PERSON: -34.0, Flavour.ACRONYM: -14.0, Flavour.WEAK: -30.0}
    least = -26.0 if place.span.first == place.span.last and not lexicon.is_class_name(word) else -10.0
    yield Reason(f"another name before: {written}", points.get(form.flavour, least))


def _unspaced(form: Form, place: Place) -> Iterator[Reason]:
    """Chinese, Japanese, Korean: business words near, plain words near, and what is glued to the name."""
    text, span = place.skeleton.folded.text, place.span
    window = text[max(0, span.start - _NEARBY) : span.end + _NEARBY]
    if (
        place.found.isascii()
        and place.found.isalpha()
        and form.flavour in (Flavour.WORD, Flavour.PERSON, Flavour.PROPER)
    ):
        yield Reason("a Latin word in unspaced text is a name", 34.0)
    fragile = form.flavour in (Flavour.CJK, Flavour.WEAK)
    plain = next((word for word in place.cues.plain if word in window), "")
    if plain and fragile:
        yield Reason(f"plain word near: {plain}", -45.0)
    business = [word for word in place.cues.near if word in window]
    if fragile and business:
        yield Reason(f"business word near: {max(business, key=len)}", 20.0 if len(business) == 1 else 28.0)


class Surroundings:
    """What a whole entry tells, looked up once for each company, however often it is named."""

    def __init__(self, skeletons: list[Skeleton], cues: Cues) -> None:
        self._skeletons = skeletons
        self._cues = cues
        self._present: dict[tuple[str, ...], list[str]] = {}

    @cached_property
    def near(self) -> list[str]:
        """The words of business in the entry."""
        return sorted({word for skeleton in self._skeletons for word in self._cues.near.intersection(skeleton.tokens)})

    def present(self, phrases: tuple[str, ...]) -> list[str]:
        """Those of the patterns that occur, in their order."""
        if phrases not in self._present:
            self._present[phrases] = [phrase for phrase in phrases if self._occurs(phrase)]
        return self._present[phrases]

    def _occurs(self, phrase: str) -> bool:
        return any(phrase in skeleton.text for skeleton in self._skeletons)


_CONTEXT_AT_MOST = 46.0
_NEAR_AT_MOST = 18.0


def entry_signals_at_most(context: tuple[str, ...]) -> float:
    """The points that ``entry_signals`` can add for a company with these context words."""
    return _NEAR_AT_MOST + (_CONTEXT_AT_MOST if context else 0.0)


def entry_signals(
    *, context: tuple[str, ...], exclude: tuple[str, ...], form: Form, surroundings: Surroundings
) -> Iterator[Reason]:
    """What the whole entry tells: the company's own context and exclusion words, words of business."""
    if present := surroundings.present(context):
        points = min(_CONTEXT_AT_MOST, 14.0 + 12.0 * len(present))
        yield Reason(f"context: {', '.join(phrase.strip() for phrase in present[:3])}", points)
    if absent := surroundings.present(exclude):
        fragile = form.flavour not in (Flavour.DISTINCT, Flavour.PHRASE, Flavour.DOMAIN)
        yield Reason(f"exclusion: {absent[0].strip()}", -60.0 if fragile else -20.0)
    if form.flavour in (Flavour.WORD, Flavour.WEAK, Flavour.ACRONYM) and surroundings.near:
        near = surroundings.near
        yield Reason(f"words of business: {', '.join(near[:3])}", min(_NEAR_AT_MOST, 6.0 * len(near)))
