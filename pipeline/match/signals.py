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
    named_as_a_place,
    of_a_city,
    of_a_family,
    of_a_person,
    of_no_news,
)
from pipeline.match.neighbours import is_acting, of_the_words_before, of_the_words_behind
from pipeline.match.place import UNSPACED_LANGUAGES, Place, is_of_business
from pipeline.match.skeleton import tokenise
from pipeline.match.weights import points
from pipeline.model import Reason
from pipeline.text import fold

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
    yield from of_the_words_behind(form, place)
    yield from of_the_words_before(form, place)


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


_OPENING = "language.opening_word"


def opens_as_a_word(reasons: list[Reason]) -> bool:
    """Was it said of the occurrence that its capital may be owed to the place?"""
    return any(getattr(reason.points, "key", "") == _OPENING for reason in reasons)
