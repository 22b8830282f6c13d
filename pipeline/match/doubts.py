"""Second thoughts about what would be accepted: names that towns, families, rivers or heroes have too.

Asked last and of few: only where nothing in the whole entry is of business does the other sense win.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.match import lexicon
from pipeline.match.forms import Form
from pipeline.match.members import EntryField, Flavour
from pipeline.match.place import UNSPACED_LANGUAGES, Place, is_of_business
from pipeline.match.surroundings import Surroundings
from pipeline.match.weights import points
from pipeline.model import Reason
from pipeline.text import fold

# Signs that are a company's alone, by the group and the beginning of their key.
PROVEN_BY = (
    "after.legal_form", "before.noun", "entry.context", "entry.vouched", "entry.listed", "where.price_move",
    "case.all_capitals", "unspaced.", "typo.lost_apostrophe", "typo.by_percent",
)  # fmt: skip
_DOUBTED = (Flavour.DISTINCT, Flavour.PERSON, Flavour.WORD)


def second_thoughts(
    form: Form, place: Place, reasons: Iterable[Reason], surroundings: Surroundings
) -> Iterator[Reason]:
    """What speaks against a name that is another thing's too, where not a word is of business."""
    if form.flavour not in _DOUBTED or place.span.first != place.span.last or not _is_read(place.language):
        return
    if form.flavour is Flavour.DISTINCT and _is_first_name(place):
        yield Reason(f"a person: {place.found} {place.surface(1)}", points("after.last_name"))
    if _is_proven(place, reasons):
        return
    if surroundings.offices and place.token(place.following) in place.cues.deeds and lexicon.is_person(fold(form.name)):
        yield Reason(f"a person\u2019s name beside an office: {surroundings.offices[0]}", points("entry.office"))
    sense = _other_sense(form, place)
    if place.language == "de" and _is_of_a_compound(place) and (sense or lexicon.opens_compounds(fold(form.name))):
        yield Reason(f"a compound: {place.found}-{place.surface(1)}", points("entry.no_business_compound"))
    is_natural = form.flavour is Flavour.WORD and place.token(place.following) in place.cues.natural
    if not (sense or is_natural):
        return
    if surroundings.has_figures or any(word not in form.own for word in surroundings.of_business):
        return
    if form.flavour is Flavour.WORD:  # which hardly act, and stand in headlines as companies do
        if place.language != "en" and place.skeleton.where is EntryField.TITLE:
            yield Reason(f"also {sense}, and nothing here is of business", points("entry.no_business_foreign"))
        elif is_natural:
            yield Reason(f"of what things do: {place.token(place.following)}", points("entry.no_business_deed"))
        return
    yield Reason(f"also {sense}, and nothing here is of business", points("entry.no_business", form.flavour))
    word = place.token(place.following)
    if _is_often_another(form) and (word in place.cues.deeds or word in place.cues.shared):
        yield Reason(f"of what others do or have too: {word}", points("entry.no_business_deed"))


def _is_often_another(form: Form) -> bool:
    """Do others of the name do what is told as often? Towns do and most families; of a rare family little is told."""
    if form.flavour is not Flavour.PERSON or form.base < points("name.person"):
        return True
    token = fold(form.name)
    return token in lexicon.towns() or token in lexicon.namesakes() or token in lexicon.places()


def _is_read(language: str) -> bool:
    """Do we know what the language says of business, and where its words end?"""
    return language not in UNSPACED_LANGUAGES and lexicon.has_cues(language)


def _is_first_name(place: Place) -> bool:
    """``Italo Calvino``: a first name somewhere, and a capital behind it that is no word of business."""
    word, written = place.token(1), place.surface(1)
    if place.after != " " or not written.istitle() or place.skeleton.style != "sentence" or place.language == "de":
        return False
    is_word = is_of_business(word, place.cues) or lexicon.is_ordinary(word, place.language)
    return not is_word and place.skeleton.tokens[place.span.first] in lexicon.given_names_abroad()


_ENDING = 3  # letters: shorter words end too many others


def _is_of_a_compound(place: Place) -> bool:
    """``Mammut-Prozess``, unlike ``Mammut-Aktie``."""
    word, cues = place.token(1), place.cues
    if place.after != "-" or not place.surface(1)[:1].isupper():
        return False
    known = cues.nouns | cues.near | cues.trade
    return word not in known and not word.endswith(tuple(noun for noun in known if len(noun) > _ENDING))


def _other_sense(form: Form, place: Place) -> str:
    """What else is called so, in words; "" = nothing that we know, or nothing that is meant as often."""
    token = fold(form.name)
    written = place.found if fold(place.found) == token else form.name  # also where a letter is wrong: Philios
    if lexicon.is_brand(written) and place.token(place.following) not in place.cues.civics:
        return ""
    if form.flavour is Flavour.WORD:
        return "a word"
    if form.flavour is Flavour.PERSON:
        return "a person\u2019s or a town\u2019s name"
    if place.language == "de" and lexicon.is_noun_of_german(token):
        return "a noun of German"
    if lexicon.is_word(token, "en") and place.found.title() == place.found:  # Indigo, for IndiGo
        return "a word"
    if token in lexicon.towns():
        return "a town or a country"
    return "a name of old or on the map" if token in lexicon.namesakes() else ""


def _is_proven(place: Place, reasons: Iterable[Reason]) -> bool:
    """Is there a sign that only companies have?"""
    keys = [getattr(reason.points, "key", "") for reason in reasons]
    if any(key.startswith(PROVEN_BY) for key in keys):
        return True
    word = place.token(place.following)
    if "after.noun" in keys:
        return word not in place.cues.shared
    return "after.verb" in keys and word not in place.cues.deeds and word not in place.cues.natural
