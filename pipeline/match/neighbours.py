"""What the words right behind and right before an occurrence tell: who acts, what it is called, whose name goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.match import lexicon
from pipeline.match.forms import Form
from pipeline.match.kinds import FRAGILE
from pipeline.match.members import EntryField, Flavour
from pipeline.match.namesakes import OF, is_first_name_before, person_before
from pipeline.match.place import Place, is_small
from pipeline.match.weights import points
from pipeline.model import Reason

_BREAK = re.compile(r"[.!?:;|()\[\]•…-]|^$")


def of_the_words_behind(form: Form, place: Place) -> Iterator[Reason]:
    """The words behind the name."""
    offset, cues = place.following, place.cues
    word, written = place.token(offset), place.surface(offset)
    after = place.after if offset == 1 else place.skeleton.gap(place.span.last + offset)
    adjoining = (
        after == " "
        or after.replace('"', "") in (" ", "-", "  ")
        or (place.is_possessive and not after.strip("' "))
        or after in ("' ", "'")
    )
    if place.is_possessive:
        yield Reason("possessive", points("after.possessive"))
    if not word or not adjoining:
        return
    if word in lexicon.legal_openings() and _is_legal_form(word, written, place.token(offset + 1)):
        yield from _legal_form(form, word, written)
    elif word in cues.nouns and (written.islower() or word not in lexicon.siblings() or not place.is_cased):
        is_thing = form.flavour is Flavour.WORD and word in cues.things and place.opens_sentence
        yield Reason(f"business word after: {word}", points("after.noun", "thing" if is_thing else ""))
    elif sign := _acting(place, word, written):
        if not _is_of_another(form, place):
            yield Reason(f"{_ACTING[sign]}: {word}", points(f"after.{sign}"))
    elif word == "to" and place.skeleton.where is EntryField.TITLE and place.span.first == 0:
        yield Reason("acts: to ...", points("after.to"))
    elif word == "in" and place.token(offset + 1) in cues.dealings and not place.is_possessive:
        yield Reason(f"acts: in {place.token(offset + 1)}", points("after.verb"))
    elif word == "of" and form.derived and _goes_on(form, place, offset + 1):
        yield Reason(f"the name goes on: {written} {place.surface(offset + 1)}", points("after.goes_on"))
    elif word in _PARTICLES and place.surface(offset + 1)[:1].isupper() and place.is_cased:
        yield Reason(f"the name goes on: {written} {place.surface(offset + 1)}", points("after.particle"))
    else:
        yield from _next_unknown(form, place, word, written)


# Verbs of what will be, which no list could hold: abrirá, lançará, supprimera, aprirà.
FUTURE = {
    "es": re.compile(r"\w{2,}(?:rá|rán)$"),
    "pt": re.compile(r"\w{2,}(?:rá|rão)$"),
    "fr": re.compile(r"\w{3,}(?:era|eront|ira|iront|dra|dront)$"),
    "it": re.compile(r"\w{2,}(?:rà|ranno)$"),
}


def is_future(written: str, language: str) -> bool:
    """Is it a verb of what will be, in a language that has a form for it?"""
    return language in FUTURE and written.islower() and FUTURE[language].match(written) is not None


# What prices and costs do, so that the word before is no verb: Apple prices rise.
_MOVING = frozenset(
    {"rise", "fall", "soar", "jump", "drop", "climb", "surge", "plunge", "tumble", "slide", "sink", "ease"}
)
_ACTING = {"verb": "does what companies do", "auxiliary": "acts or is"}


def _acting(place: Place, word: str, written: str) -> str:
    """The sign that the word behind the name is, if it says what the name does; else ""."""
    if place.is_possessive or (place.token(2) in _MOVING and word.endswith("s")):
        return ""
    if is_acting(word, written, place.language, place.cues.verbs) or _is_leaving(place, word):
        return "verb"
    return "auxiliary" if word in place.cues.auxiliaries else ""


def _is_leaving(place: Place, word: str) -> bool:
    """``Corning leaves Russia``: no leaves of a tree, where a name follows and only names have capitals."""
    offset = place.following + 1
    is_sentence = place.skeleton.style == "sentence" and place.skeleton.where is EntryField.TITLE
    if word != "leaves" or not is_sentence or not place.opens_sentence:
        return False
    return place.found[:1].isupper() and place.surface(offset)[:1].isupper()


# Verbs that are another word without their accent: Gol é, but Gol e Azul.
_ACCENTED = {"pt": {"e": "é", "esta": "está"}, "it": {"e": "è"}, "es": {"esta": "está"}, "fr": {"a": "a"}}


def is_acting(word: str, written: str, language: str, verbs: frozenset[str]) -> bool:
    """Is the folded word a verb of the list, or one of what will be? ``written`` is as the text has it."""
    if word not in verbs:
        return is_future(written, language)
    accented = _ACCENTED.get(language, {}).get(word, "")
    return not accented or written.casefold() == accented or is_future(written, language)


def _is_of_another(form: Form, place: Place) -> bool:
    """``House of Orange opens``: what is said is said of the house. ``Devlet garanti verdi``: of the state."""
    if form.flavour in FRAGILE:
        return place.token(-1) in OF
    is_lowered = place.found.islower() and not form.name[:1].islower() and place.skeleton.style == "sentence"
    return is_lowered and not lexicon.has_words(place.language)


def _goes_on(form: Form, place: Place, offset: int) -> bool:
    """``Royal Bank of Scotland``, for the short form of Royal Bank of Canada."""
    return place.is_cased and place.surface(offset)[:1].isupper() and place.token(offset) not in form.own


PLAIN_FORMS = frozenset({"plc", "inc", "ltd", "llc", "corp", "gmbh", "pvt"})  # no words, also in lower case
_PARTICLES = frozenset({"de", "del", "da", "do", "di", "van", "von", "der", "la"})


def _is_abbreviation(written: str) -> bool:
    return written.isupper() and written.isalpha() and 2 <= len(written) <= 3


def _is_legal_form(word: str, written: str, further: str) -> bool:
    if word not in lexicon.legal_after() and f"{word} {further}" not in lexicon.legal_after():
        return False
    return not written.islower() or word in PLAIN_FORMS


def _legal_form(form: Form, word: str, written: str) -> Iterator[Reason]:
    """``Delta Corp`` is a company, but not the one whose full name begins otherwise: Delta Air Lines."""
    if form.heads and word not in form.own and form.flavour is Flavour.WORD:
        yield Reason(f"another firm: {written}", points("after.legal_form_other"))
    elif word != "as":
        yield Reason(f"legal form: {written}", points("after.legal_form"))


def _next_unknown(form: Form, place: Place, word: str, written: str) -> Iterator[Reason]:
    raised = written[:1].isupper()
    is_sentence = place.skeleton.style == "sentence"
    if raised and word in lexicon.siblings() and place.is_cased and not place.is_possessive and word not in form.own:
        yield Reason(f"another firm: {written}", points("after.sibling", "" if is_sentence else "title"))
    elif raised and form.derived and not form.confirmed and place.is_cased and not place.is_possessive:
        if word not in form.own and form.flavour is not Flavour.ACRONYM:
            yield Reason(f"the name goes on: {written}", points("after.goes_on", "" if is_sentence else "title"))
    elif form.flavour in FRAGILE and place.is_cased:
        if raised and is_sentence and not place.is_possessive:
            further = place.token(place.following + 1)
            if _is_abbreviation(written) and further in place.cues.nouns:  # Meta AI chief
                yield Reason(f"business word after: {written} {further}", points("after.noun"))
                return
            variant = "abbreviation" if _is_abbreviation(written) else form.flavour
            yield Reason(f"another name after: {written}", points("after.name", variant))
        elif (
            written.islower()
            and form.flavour is Flavour.WORD
            and not place.is_possessive
            and word not in place.cues.prepositions
            and lexicon.is_ordinary(word, place.language)
            and not _is_foreign_name(place)
        ):
            yield Reason(f"ordinary word after: {word}", points("after.ordinary"))


def _is_foreign_name(place: Place) -> bool:
    """``Orange coupe le cuivre``: no word of the language, so that the next one is what follows any name."""
    token = place.skeleton.tokens[place.span.first]
    return place.language != "en" and lexicon.is_foreign(token, place.language) and token not in place.cues.words


def of_the_words_before(form: Form, place: Place) -> Iterator[Reason]:
    """The words before the name."""
    word, written, before, cues = place.token(-1), place.surface(-1), place.before, place.cues
    if not word or (before != " " and _is_broken(before)):
        return
    if person := person_before(form, place, word, written):
        yield person
    elif word in _PARTICLES and written.islower() and is_first_name_before(place):
        yield Reason(f"first name before: {place.surface(-2)} {written}", points("before.first_name"))
    elif _is_named_by_a_noun(form, place, word):
        yield Reason(
            f"business word before: {place.token(-2)} {word}", points("before.noun_of", "at" if word in _AT else "")
        )
    elif word in cues.articles and form.flavour in _WITH_ARTICLES:
        yield from _article(form, place, word)
    elif (
        word in cues.nouns
        and form.flavour in (Flavour.WORD, Flavour.WEAK, Flavour.ACRONYM)
        and not place.found.islower()
        and not _is_part_of_a_name(place, written)
    ):
        yield Reason(f"business word before: {word}", points("before.noun"))
    elif word == "to" and form.flavour is Flavour.WORD and place.skeleton.style != "sentence":
        yield Reason("to before: a verb", points("before.to"))
    elif word in cues.prepositions:
        if form.flavour is Flavour.WORD and place.is_cased and not place.found.islower() and word not in cues.wheres:
            yield Reason(f"preposition before: {word}", points("before.preposition"))
    elif before == "-" and form.flavour in (Flavour.WORD, Flavour.PERSON) and written[:1].isupper():
        yield Reason(f"second half of a compound: {written}", points("before.compound"))
    elif written[:1].isupper() and place.is_cased and before == " ":
        yield from _previous_capital(form, place, word, written)


def _is_broken(gap: str) -> bool:
    """Does it part more than two words of a sentence?"""
    return gap.strip(" -'\"") != "" or _BREAK.search(gap.replace("-", "").replace('"', "")) is not None


_SUBORDINATING = frozenset({"what", "that", "which"})
_AT = frozenset({"at", "bei", "beim", "chez", "presso", "bij"})
_OF_OR_AT = OF | _AT


def _is_part_of_a_name(place: Place, written: str) -> bool:
    """``at Union Square``: within a sentence a word of business has no capital unless it is part of a name."""
    is_raised = written.istitle() and place.is_cased and place.skeleton.style == "sentence"
    return is_raised and not place.opens_at(place.span.first - 1)


def _is_named_by_a_noun(form: Form, place: Place, word: str) -> bool:
    """``shares of Target``, ``engineer at Stripe``: things and posts that only a company has."""
    return (
        form.flavour in FRAGILE
        and place.found[:1].isupper()
        and word in _OF_OR_AT
        and place.token(-2) in place.cues.nouns
        and place.skeleton.gap(place.span.first - 1) == " "
    )


_WITH_ARTICLES = (Flavour.DISTINCT, Flavour.WORD, Flavour.WEAK, Flavour.PERSON)


def _article(form: Form, place: Place, word: str) -> Iterator[Reason]:
    """Speaks against words, not against abbreviations ("the BBC"); less where it belongs to a noun behind the name."""
    if form.flavour is Flavour.DISTINCT:
        if place.found.islower() and place.is_cased and not form.name[:1].islower() and not place.is_possessive:
            yield Reason(f"article before, in lower case: {word}", points("before.article_lower"))
        return
    word_after, cues = place.token(1), place.cues
    if word in _SUBORDINATING and place.token(place.following) in cues.verbs:  # what Target wants
        return
    acts = word_after in cues.verbs or word_after in cues.auxiliaries or is_small(word_after, cues)
    is_of_noun = place.after == " " and place.surface(1).islower() and not acts  # an Apple executive
    is_of_noun = is_of_noun or (place.after == "-" and word_after in cues.nouns)  # die Alphabet-Tochter
    variants = ("noun",) if is_of_noun else (f"{form.flavour}_{place.language}", form.flavour)
    yield Reason(f"article before: {word}", points("before.article", *variants))


def _previous_capital(form: Form, place: Place, word: str, written: str) -> Iterator[Reason]:
    """A capitalised word just before: part of a longer name, unless it opens the sentence or is a plain word."""
    if word in lexicon.heads() and lexicon.is_ordinary(place.skeleton.tokens[place.span.first], "en"):
        yield Reason(f"a longer name: {written} {place.found}", points("before.head"))
        return
    if place.language != "en" and word in place.cues.nouns | lexicon.cues("en").nouns:
        return  # Bank Mandiri, Grupo Bimbo: where the kind of a company comes first
    ordinary = lexicon.is_ordinary(word, place.language)
    if place.skeleton.style == "title":
        if form.flavour is Flavour.WORD:
            yield Reason(f"inside a headline in capitals: {written}", points("before.title_capital"))
        return
    if place.opens_at(place.span.first - 1) and (ordinary or place.language != "en"):
        return
    whole = place.span.first != place.span.last or lexicon.is_class_name(word)
    variant = form.flavour if form.flavour is not Flavour.PHRASE else ""
    yield Reason(
        f"another name before: {written}", points("before.name", "phrase" if whole and variant in _FIRM else variant)
    )


_FIRM = ("", "distinct", "proper", "domain", "ticker", "cjk")
