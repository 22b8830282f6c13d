"""Is this occurrence the company? Named signals around it, each worth points for or against.

What each is worth stands in ``data/weights.toml``. A score is the sum, within 0 and 100; 60 accepts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.match import lexicon
from pipeline.match.forms import Form
from pipeline.match.kinds import FRAGILE, FRAGILE_OR_TICKER, NAME_ITSELF
from pipeline.match.lexicon import Cues
from pipeline.match.members import EntryField, Flavour, Method
from pipeline.match.namesakes import (
    FAMILIAR,
    OF,
    is_first_name_before,
    named_as_a_place,
    of_a_city,
    of_a_family,
    of_a_person,
    of_no_news,
    person_before,
)
from pipeline.match.place import UNSPACED_LANGUAGES, Place, is_of_business, is_small
from pipeline.match.skeleton import tokenise
from pipeline.match.weights import points
from pipeline.model import Reason
from pipeline.text import fold

_BREAK = re.compile(r"[.!?:;|()\[\]•…-]|^$")
_MONEY = re.compile(r"[$€£¥₹]\s*$|\brs\.?\s*$")
_MONEY_ENDS = ("$", "€", "£", "¥", "₹", "rs", "rs.")
_POINTS = re.compile(r"\s(?:\w+\s){1,3}[\d.,]+[\s-]points?\b")  # Dow falls 300 points
_MOVE = re.compile(  # Carrier +2.3%, Weir 2,410 +1.9%
    r" \(?(?:up |down )?[+\-−–]?\d+(?:[.,]\d+)? ?%| [\d.,]+p? [+\-−–]\d+(?:[.,]\d+)? ?%"
)
_COUNTED = re.compile(r"\d+$")
_SAID = re.compile(r": |\b[Ss]a(?:ys|id) ")
_LONGEST_LINK = 200  # characters before an occurrence that are searched for the beginning of a link


def local_signals(form: Form, place: Place) -> Iterator[Reason]:
    """What the words around one occurrence tell, first its base: what a name of this flavour proves alone."""
    yield Reason(NAME_ITSELF[form.flavour], form.base)
    if form.derived and not form.confirmed:
        yield Reason(f"short form nobody listed{_DOUBTED[form.doubt]}", points(f"short.{form.doubt.replace(' ', '_')}"))
    yield from _where(form, place)
    if form.flavour is Flavour.CJK:
        yield from _among_other_letters(place)
    if place.language != "en":
        yield from _word_of_the_language(form, place)
        if place.language in UNSPACED_LANGUAGES:
            return
    yield from _case(form, place)
    if form.flavour in _PERSON_OR_WORD:
        yield from named_as_a_place(place)
        if place.after == " " and place.surface(1)[:1].isupper():
            yield from of_a_person(place)
    if form.flavour is Flavour.PERSON:
        yield from of_a_city(form, place)
    elif form.flavour is Flavour.DISTINCT and place.found[-1] == "s" and place.token(-1) in FAMILIAR:
        yield from of_a_family(form, place)
    if place.skeleton.where is EntryField.TITLE:
        yield from _attribution(form, place)
    yield from _next(form, place)
    yield from _previous(form, place)


_DOUBTED = {"short": "", "beginning": " (its first two words)"}


def _word_of_the_language(form: Form, place: Place) -> Iterator[Reason]:
    """A plain word of the entry's own language ("carrefour") is no name; an English one there can hardly be a word."""
    if place.span.first != place.span.last:
        return
    token = place.skeleton.tokens[place.span.first]
    if form.derived and form.doubt == "beginning" and lexicon.is_word(token, place.language):
        yield Reason(f"a word of the language ({place.language})", points("language.plain_word"))
    if token not in place.cues.words and _opens_as_a_word(form, place):
        yield Reason(f"may be the word of the language ({place.language})", points("language.opening_word"))
    if token in place.cues.words and form.flavour not in (Flavour.WORD, Flavour.CJK):
        yield Reason(f"a noun of the language too ({place.language})", points("language.noun"))
        if (place.before == "-" and len(place.token(-1)) == 1) or _COUNTED.match(place.token(1)):
            yield Reason("a noun, not a name", points("language.noun_used"))
    is_foreign = lexicon.is_foreign(token, place.language) and token not in place.cues.words
    if form.flavour in (Flavour.WORD, Flavour.PROPER) and place.found[:1].isupper() and is_foreign:
        if _is_person_abroad(token, place) or _is_in_an_expression(place):
            return
        if not lexicon.is_in_use(token, place.language):
            worth = points("language.foreign_word", "plural" if lexicon.has_plural(token, place.language) else "")
            yield Reason(f"no word of the language ({place.language}), so hardly anything but a name", worth)
    elif (
        (_is_plain_name(form) or form.flavour is Flavour.PERSON)
        and (lexicon.is_ordinary(token, place.language) or (place.language == "ru" and lexicon.is_word(token, "ru")))
        and place.found.islower()
        and not form.name[:1].islower()
    ):
        yield Reason(f"a word of the language ({place.language})", points("language.plain_word"))


def _among_other_letters(place: Place) -> Iterator[Reason]:
    """``小米 unveils``: whoever writes two Chinese characters into an English sentence writes a name."""
    text, span = place.skeleton.folded_text, place.span
    before, after = text[max(0, span.start - 2) : span.start].rstrip()[-1:], text[span.end : span.end + 2].lstrip()[:1]
    if (before + after).isascii() and (before + after).isalpha() and " " in (*place.before, *place.after):
        yield Reason("written in the letters of another language", points("unspaced.latin"))


def _is_person_abroad(token: str, place: Place) -> bool:
    """``Dirk Kuyt``: an English word that is a first name too, and a capital behind it."""
    return place.after == " " and place.surface(1).istitle() and token in lexicon.given_names()


def _is_in_an_expression(place: Place) -> bool:
    """``Free Tour``, ``Next Level``, ``Rolling Stone``: a capitalised English word beside it belongs to it."""
    before = place.token(-1)
    if (
        place.before == " "
        and place.surface(-1).istitle()
        and before not in lexicon.cues("en").nouns
        and lexicon.is_ordinary(before, "en")
        and lexicon.is_foreign(before, place.language)
    ):
        return True
    after = place.token(1)
    return (
        place.after == " "
        and place.surface(1).istitle()
        and lexicon.is_ordinary(after, "en")
        and after not in place.cues.nouns | place.cues.stop | lexicon.cues("en").nouns
    )


def _is_plain_name(form: Form) -> bool:
    """Known to be no English word or person: distinct, or of two or three letters (Gol) and no abbreviation."""
    if form.flavour is Flavour.ACRONYM:
        return form.name.istitle() or form.name.upper() == form.name.lower()
    return form.flavour is Flavour.DISTINCT


def _opens_as_a_word(form: Form, place: Place) -> bool:
    """``Claro que sí``: the capital is owed to the place; but not ``Telefonica y Santander``."""
    token = place.skeleton.tokens[place.span.first]
    is_trade = form.flavour is Flavour.PERSON and lexicon.is_in_use(token, place.language)  # Bauer
    if not (is_trade or _is_plain_name(form)) or form.derived or place.is_possessive:
        return False
    if not place.opens_sentence and place.language not in _CAPITAL_SAYS_LITTLE:
        return False
    is_listed = place.token(1) in place.cues.prepositions and place.surface(2)[:1].isupper()
    if place.language == "ru":  # which writes companies in quotation marks
        is_word = lexicon.is_word(token, "ru") or lexicon.is_ordinary(token, "ru")
        is_word = is_word and '"' not in place.before + place.after
    else:
        is_word = lexicon.is_ordinary(token, place.language) or lexicon.is_inflected(token, place.language)
        is_word = is_word and not is_listed
    # The lists of words hold names of firms too: a doubt that they cause must not outweigh a plain name.
    return is_word and not lexicon.is_brand(place.found) and (is_trade or not _is_said_to_act(place))


def _is_said_to_act(place: Place) -> bool:
    """``Allegro kupuje``, ``Getir Almanya'dan çıktı``: what companies do and plain words do not."""
    skeleton, after, cues = place.skeleton, place.span.last + 1, place.cues
    if place.after != " " or after >= len(skeleton.tokens):
        return False
    if place.language in _VERB_LAST:
        is_name = place.language != "tr" or skeleton.surfaces[after][:1].isupper()
        return place.opens_sentence and is_name and skeleton.tokens[-1] in (cues.verbs or cues.near)
    only_theirs = cues.verbs - cues.deeds - cues.natural
    return is_acting(place.token(1), place.surface(1), place.language, only_theirs)


_VERB_LAST = frozenset({"tr", "ko", "hi"})

# Names of feasts and orders have capitals in the midst of a Russian sentence; Arabic has none.
_CAPITAL_SAYS_LITTLE = frozenset({"ru", "ar", "hi", "ko"})


def _where(form: Form, place: Place) -> Iterator[Reason]:
    """Links, addresses, source tags, amounts."""
    text, span = place.skeleton.folded_text, place.span
    chunk = _chunk_before(text, span.start)
    if chunk and form.method is not Method.DOMAIN and _is_linked(chunk, place):
        yield Reason("inside a link", points("where.inside_link"))
    elif form.method is Method.DOMAIN and text[span.end : span.end + 1] == "/":
        yield Reason("a link, not a mention", points("where.link"))
    elif chunk.endswith("@") and len(chunk) > 1:
        yield Reason("inside an address", points("where.address"))
    elif chunk.endswith("#"):
        yield Reason("hashtag", points("where.hashtag"))
    if _is_source_tag(place):
        yield Reason("source tag", points("where.source_tag"))
    if place.after[:1] == "!" or (form.flavour is Flavour.ACRONYM and place.found[-1].isdigit()):
        yield from of_no_news(form, place)
    elif place.after == "-" and place.token(1) in _STREETS:
        yield Reason(f"a street: {place.found}-{place.surface(1)}", points("where.road"))
    if form.flavour in _COUNTED_THINGS:
        yield from _amounts(place, text[max(0, span.start - 4) : span.start])
    # Few texts have what the two patterns end in, which is quicker told than that they do not match.
    if "%" in text and form.flavour in FRAGILE_OR_TICKER and _MOVE.match(text, span.end):
        yield Reason("a price that moved", points("where.price_move"))
    if "point" in text and form.flavour in _COUNTED_IN_POINTS and _POINTS.match(text, span.end):
        yield Reason("points of an index", points("where.index"))


_STREETS = frozenset({"strasse", "str", "platz", "allee", "gasse", "ufer", "brucke", "street", "avenue"})
_PERSON_OR_WORD = (Flavour.PERSON, Flavour.WORD)
_COUNTED_THINGS = (Flavour.WORD, Flavour.ACRONYM, Flavour.WEAK)
_COUNTED_IN_POINTS = (Flavour.WORD, Flavour.ACRONYM, Flavour.PERSON)


def _is_linked(chunk: str, place: Place) -> bool:
    """``www.apple`` and ``news.target``, but not ``...Cisco`` or ``loss.Cisco``, where only a space was lost."""
    if "://" in chunk or "www." in chunk:
        return True
    return chunk.endswith(".") and not chunk.endswith("..") and not place.found[:1].isupper()


def _amounts(place: Place, before: str) -> Iterator[Reason]:
    """Sums of money and numbers of things: ``$5 Gap``, ``9 Target``, ``3M people``."""
    if before.rstrip().endswith(_MONEY_ENDS) and _MONEY.search(before):
        yield Reason("an amount of money", points("where.money"))
    elif place.token(-1)[-1:].isdigit() and place.before in (" ", "-", "% ", ""):
        yield Reason("number before", points("where.number_before"))
    if not (place.found[:1].isdigit() and place.found[-1:] in "MBKmbk"):
        return
    word = place.surface(1)
    counted = word.islower() and (word.endswith("s") or word == "people") and place.after == " "
    if counted and not is_of_business(word, place.cues):
        yield Reason(f"a number of: {word}", points("where.quantity"))


def _chunk_before(text: str, start: int) -> str:
    """The characters up to ``start`` that no space or line break divides from it."""
    if not start or text[start - 1].isspace():
        return ""
    return text[max(0, start - _LONGEST_LINK) : start].rsplit(maxsplit=1)[-1]


def _is_source_tag(place: Place) -> bool:
    """``(Reuters)``, ``... - Sky News``, ``© dpa``: who tells the news, not whom it is about."""
    before, after = place.before, place.after
    if "©" in before or (before.endswith("@") and place.token(-1) == "via"):
        return True
    if before.endswith("(") and after.startswith(")") and place.language not in UNSPACED_LANGUAGES:
        is_last = place.span.last == len(place.skeleton.tokens) - 1
        return is_last or " - " in after or " -" in after or place.span.last < 5
    if place.skeleton.where is EntryField.TEXT and before.endswith("| ") and after.startswith("\n"):
        return True
    is_title_end = place.skeleton.where is EntryField.TITLE and place.span.last == len(place.skeleton.tokens) - 1
    return is_title_end and place.span.first > 3 and before in (" - ", " | ", " -- ", " -")


def _attribution(form: Form, place: Place) -> Iterator[Reason]:
    """``...: Jane Roe`` or ``says Jane Roe`` ends a headline: who says it, not whom it is about."""
    skeleton, span = place.skeleton, place.span
    is_fragile = form.flavour in (Flavour.PERSON, Flavour.WORD) or form.derived
    if span.first < 3 or span.first != span.last:
        return
    speaker = _speaker(skeleton.original, place.start)
    if not 2 <= len(speaker) <= 4 or not all(word[:1].isupper() for word in speaker):
        return
    others = [token for word in speaker for token in tokenise(fold(word)) if token not in form.own]
    if not is_fragile and (not others or any(_names_a_firm(token, place.cues) for token in others)):
        return
    variant = "distinct" if form.flavour is Flavour.DISTINCT else ""
    yield Reason("who says it, at the end of the headline", points("where.attribution", variant))


def _speaker(title: str, start: int) -> list[str]:
    """The words of the headline's last part that holds ``start``: behind a colon or ``says``, up to a comma."""
    if not (": " in title or "ays " in title or "aid " in title):  # as in most, and quicker told
        return []
    begin = max((match.end() for match in _SAID.finditer(title, 0, start)), default=0)
    said = title[begin:].split(",")[0] if begin else ""
    return said.split() if start < begin + len(said) else []


def _names_a_firm(token: str, cues: Cues) -> bool:
    return token in cues.nouns or token in lexicon.describing_long() | lexicon.siblings() | lexicon.legal_after()


def _case(form: Form, place: Place) -> Iterator[Reason]:
    found, style = place.found, place.skeleton.style
    if style == "lower":
        if form.flavour in (Flavour.WORD, Flavour.ACRONYM):
            yield Reason("text without capitals", points("case.text_lower"))
        if place.token(1) == "down":
            yield from _fails(form, place)
    elif style == "upper" and form.flavour is Flavour.ACRONYM and _is_small_or_verb(place):
        yield Reason(f"a word, in a text of capitals: {place.found}", points("case.not_capitals_word"))
    elif found.islower() and not form.name[:1].islower() and found.upper() != found:
        yield from _lower_case(form, place)
    elif form.flavour is Flavour.ACRONYM and not found.isupper() and form.name.isupper():
        if found[:-1] != form.name:  # IBMs is as good as IBM
            variant = (
                ""
                if not lexicon.is_ordinary(fold(found), place.language)
                else "title"
                if found.istitle() and len(found) > 3
                else "word"
            )
            yield Reason("not in capitals", points("case.not_capitals", variant))
    elif _is_raised(form, found, style):
        yield Reason("all capitals", points("case.all_capitals"))
    elif form.flavour is Flavour.PHRASE and place.is_cased and _is_half_raised(form, found):
        yield Reason("its other words in lower case", points("case.half_raised"))
    elif form.flavour is Flavour.WORD and place.is_cased and style == "sentence" and not place.opens_sentence:
        is_class = lexicon.is_class_name(place.skeleton.tokens[place.span.first])
        yield Reason("capital within a sentence", points("case.capital_within", "class" if is_class else ""))
    if not form.name.isascii() and form.flavour in _PERSON_OR_WORD and found.isascii():
        yield Reason("accents left out", points("case.accents_left_out"))


def _fails(form: Form, place: Place) -> Iterator[Reason]:
    """``is zoom down for anyone``: asked in forums, of services."""
    is_asked = place.token(-1) == "is" or place.token(2) in ("", "again", "for", "right")
    if form.flavour in FRAGILE and is_asked and place.skeleton.gap(place.span.last + 1) == " ":
        yield Reason("fails: down", points("after.down"))


def _is_small_or_verb(place: Place) -> bool:
    """``WIE MAN SPART``: one of the words that every sentence has."""
    token = place.skeleton.tokens[place.span.first]
    return token in place.cues.stop or lexicon.is_frequent(token, place.language)


def _is_raised(form: Form, found: str, style: str) -> bool:
    """All capitals in a text that has others: of a word, or of a name of people (GAIL) that is listed so."""
    if not found.isupper() or len(found) <= 3:
        return False
    if form.flavour in (Flavour.WORD, Flavour.PHRASE):
        return style == "sentence"
    return form.flavour is Flavour.PERSON and form.name.isupper() and style != "upper"


def _is_half_raised(form: Form, found: str) -> bool:
    """``General dynamics``, for a company whose every long word has a capital."""
    later = [word for word in found.split()[1:] if len(word) > 2]
    if not later or not all(word.islower() and fold(word) in form.own for word in later):
        return False
    return not any(word.islower() for word in form.name.split())


def _lower_case(form: Form, place: Place) -> Iterator[Reason]:
    """A sentence does not begin in lower case: there a feed has lost the capital, and little is proven by it."""
    opening = place.span.first == 0 and form.flavour in (Flavour.WORD, Flavour.ACRONYM, Flavour.PHRASE)
    unlisted = form.flavour is Flavour.DISTINCT and place.language != "en"
    variant = "unlisted" if unlisted else "phrase" if _is_phrase_abroad(form, place) else form.flavour
    worth = points("case.lower_opening") if opening else points("case.lower", variant)
    if worth:
        yield Reason("lower case", worth)


def _is_phrase_abroad(form: Form, place: Place) -> bool:
    """``la poste``: several words that are all in daily use where the entry was written."""
    span, language = place.span, place.language
    if form.flavour is not Flavour.DISTINCT or language == "en" or span.first == span.last:
        return False
    return all(lexicon.is_ordinary(token, language) for token in place.skeleton.tokens[span.first : span.last + 1])


def _next(form: Form, place: Place) -> Iterator[Reason]:
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


def _previous(form: Form, place: Place) -> Iterator[Reason]:
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


_OPENING = "language.opening_word"


def opens_as_a_word(reasons: list[Reason]) -> bool:
    """Was it said of the occurrence that its capital may be owed to the place?"""
    return any(getattr(reason.points, "key", "") == _OPENING for reason in reasons)
