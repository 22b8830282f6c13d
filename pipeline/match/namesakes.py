"""What else is called so: people and families, towns, clubs, roads, cries and the buttons of pages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.match import lexicon
from pipeline.match.forms import Form
from pipeline.match.kinds import FRAGILE
from pipeline.match.members import EntryField, Flavour
from pipeline.match.place import Place, is_of_business, is_small
from pipeline.match.weights import points
from pipeline.model import Reason

_ROAD = re.compile(r"[a-z]\d{1,4}$")  # the M6, die A7
OF = frozenset({"of", "de", "d", "du", "di", "da", "do", "del", "della", "von", "van"})


def of_no_news(form: Form, place: Place) -> Iterator[Reason]:
    """``BAM! Een knal``, ``on the M6``."""
    if place.after[:1] == "!":
        is_cry = place.skeleton.tokens[place.span.first] in _CRIES
        if is_cry and form.flavour in FRAGILE and not form.name.endswith("!") and place.opens_sentence:
            yield Reason("a cry", points("where.cry"))
    elif place.token(-1) in place.cues.articles and _ROAD.match(place.skeleton.tokens[place.span.first]):
        yield from _road(place)


def _road(place: Place) -> Iterator[Reason]:
    """``on the M6``, ``lorry fire closes the M6``; but ``the M1 chip``, ``the M1 results are due``."""
    is_of_roads = place.token(-2) in place.cues.along or _is_among_roads(place)
    if is_of_roads and place.token(1) not in place.cues.nouns:
        yield Reason(f"a road: {place.token(-1)} {place.found}", points("where.road"))


_CRIES = frozenset({"bam", "bang", "boom", "bravo", "hey", "oops", "ouch", "pow", "wham", "wow", "yay", "yum", "zap"})
_ROADS_REACH = 4  # tokens


def _is_among_roads(place: Place) -> bool:
    first, last = place.span.first, place.span.last
    return not place.cues.roads.isdisjoint(
        place.skeleton.tokens[max(0, first - _ROADS_REACH) : last + 1 + _ROADS_REACH]
    )


_BUTTON_REACH = 40  # characters
# What opens a sentence or the text and ends at the name or a list of names, unlike "who sign up with Visa".
_BUTTON = re.compile(
    r"(?:^|[\n.!?:;|•·]\s*|\b(?=Follow us |Share ))(?i:(?:follow|find|like) us on"
    r"|share (?:(?:this|it) )?(?:on|via)|(?:download|get) (?:our|the) app (?:on|from)(?: the)?"
    r"|(?:log ?|sign ?)in with|sign ?up with|teilen auf|folgen sie uns auf|partager sur|suivez-nous sur"
    r"|s[ií]guenos en|compartir en|condividi su|seguici su|compartilhar no|siga-nos no"
    r"|delen (?:op|via)|volg ons op)[^\w\n]*"
    r"(?:[A-Z]\w*(?:,? and |,? or |, | ?/ ?)){0,4}$"  # on Facebook, Slack and
)


def is_on_a_button(form: Form, place: Place) -> bool:
    """``Share this on Slack``: what every page says, whatever the news. Asked of what would else be accepted."""
    if form.flavour not in FRAGILE or place.skeleton.where is not EntryField.TEXT:
        return False
    return _BUTTON.search(place.skeleton.original, max(0, place.start - _BUTTON_REACH), place.start) is not None


def of_a_person(place: Place) -> Iterator[Reason]:
    """``Otto Muller``: a first name, and a last name behind it; in German no capital would tell."""
    token, after = place.skeleton.tokens[place.span.first], place.token(1)
    if token not in lexicon.given_names():
        return
    is_last_name = (
        after in lexicon.surnames() and not lexicon.is_ordinary(after, "en") and after not in place.cues.nouns
    ) or (place.language in _LAST_NAMES_UNLISTED and _is_no_word(after, place))
    if is_last_name:
        yield Reason(f"a person: {place.found} {place.surface(1)}", points("after.last_name"))


_LAST_NAMES_UNLISTED = frozenset({"de", "nl"})  # their last names are in no list of ours, but their words are


FAMILIAR = frozenset({"the", "these", "those"})
_OF_SEVERAL = frozenset({"are", "have", "live", "lived", "moved", "of", "own", "owned", "say", "want", "were"})


def of_a_family(form: Form, place: Place) -> Iterator[Reason]:
    """``The Frasers have farmed``: people of that last name; but ``the Starbucks boycott``, ``the Boots own brand``."""
    if place.language != "en" or (place.before, place.after) != (" ", " ") or place.token(1) not in _OF_SEVERAL:
        return
    token = place.skeleton.tokens[place.span.last]
    is_plural = token.endswith("s") and token.removesuffix("s") in lexicon.surnames()
    if is_plural and place.token(2) not in place.cues.nouns and not form.name.casefold().startswith("the "):
        yield Reason(f"a family: {place.token(-1)} {place.found}", points("before.article"))


def _is_no_word(token: str, place: Place) -> bool:
    """No noun of the language, which in German has its capital anyway, nor of business: most likely a last name."""
    is_listed = (
        lexicon.is_word(token, place.language) or token in place.cues.nouns | place.cues.near | lexicon.cues("en").nouns
    )
    return len(token) > 3 and not is_listed and place.skeleton.gap(place.span.last + 2)[:1] != "-"


def named_as_a_place(place: Place) -> Iterator[Reason]:
    """``la ville d'Orange``, ``House of Orange``, ``FC Porto``, ``Burlington, Vermont``."""
    head, before = place.token(-2), place.token(-1)
    if before in OF and head in place.cues.civics | place.cues.titles | _HEADS_OF:
        yield Reason(f"named after it: {head} {before} {place.found}", points("before.civic"))
    elif before in _CLUBS or (place.after == " " and place.token(1) in _CLUBS_BEHIND):
        yield Reason("a sports club", points("before.civic"))
    elif place.after == ", " and place.language == "en" and not place.skeleton.gap(place.span.last + 2).startswith("'"):
        state = place.token(1)
        if state in lexicon.states() or f"{state} {place.token(2)}" in lexicon.states():
            yield Reason(f"a place in {place.surface(1)}", points("after.state"))


_CLUBS = frozenset({"fc", "cf", "afc", "sc", "vfl", "vfb", "tsv", "sv", "rc", "bc", "fk", "timnas"})
_CLUBS_BEHIND = _CLUBS - {"sc", "bc", "sv", "rc"}  # those are, behind a name: Supreme Court, British Columbia
_HEADS_OF = frozenset(
    {"house", "order", "university", "church", "city", "town", "village", "isle", "bay", "cape", "duke"}
)


def of_a_city(form: Form, place: Place) -> Iterator[Reason]:
    """``in Santander``, ``Santander police``: the city."""
    land = place.token(1)
    if land in place.cues.lands and place.after == " ":
        yield Reason(f"a landscape: {place.found} {land}", points("before.civic"))
        return
    is_listed = place.skeleton.tokens[place.span.last] in lexicon.places()
    if place.token(-1) in _NEAR and place.token(1) not in place.cues.nouns and (is_listed or _is_beside(place)):
        yield Reason(f"a place: {place.token(-1)} {place.found}", points("before.where"))
        return
    if not is_listed:
        return
    cues, before = place.cues, place.token(-1)
    if before in cues.wheres and place.token(-2) not in cues.nouns:  # but: a stake in Santander
        yield Reason(f"a place: {before} {place.found}", points("before.where"))
    beside = (place.token(place.following), before, place.token(-2) if before in cues.prepositions else "")
    civic = next((word for word in beside if word in cues.civics), "")
    if civic:
        yield Reason(f"a city: {civic}", points("before.civic"))


_NEAR = frozenset({"near", "outside"})  # which little is of a company but its plants, and those who protest


def _is_beside(place: Place) -> bool:
    """``avalanche near Vail``, of a town that no list has; but ``Outside Disney, a protest``."""
    return not place.opens_at(place.span.first - 1) and place.cues.crowds.isdisjoint(place.skeleton.tokens)


def person_before(form: Form, place: Place, word: str, written: str) -> Reason | None:
    """A title or a first name just before: the name is a person's."""
    fragile = form.flavour in FRAGILE
    if not written[:1].isupper() or not (fragile or _is_single(form, place)):
        return None
    if fragile and word in place.cues.titles:
        return Reason(f"title before: {written}", points("before.title"))
    if place.before != " ":
        return None
    if word in lexicon.given_names():
        if not lexicon.is_ordinary(word, "en"):
            return Reason(f"first name before: {written}", points("before.first_name"))
        if fragile and not is_small(word, place.cues) and not is_of_business(word, place.cues):
            return Reason(f"first name before: {written}", points("before.first_name", "word"))
    if _is_name_abroad(word, written, place):
        return Reason(f"first name before: {written}", points("before.first_name"))
    return None


def is_first_name_before(place: Place) -> bool:
    """``Guillermo del Toro``, ``Werner von Siemens``: a particle between the first name and the last."""
    first, written = place.token(-2), place.surface(-2)
    if not written.istitle() or place.skeleton.gap(place.span.first - 1) != " ":
        return False
    if first not in lexicon.given_names() and first not in lexicon.given_names_abroad():
        return False
    is_word = lexicon.is_ordinary(first, place.language) and place.language != "de"
    return not (is_word or is_of_business(first, place.cues) or is_small(first, place.cues))


def _is_single(form: Form, place: Place) -> bool:
    """One capitalised word that is neither an abbreviation nor written like a brand: a last name of people too?"""
    words = place.found.split("'")[0].split("\u2019")[0]
    return form.flavour is Flavour.DISTINCT and words.istitle() and " " not in words and "-" not in words


def _is_name_abroad(word: str, written: str, place: Place) -> bool:
    if not written.istitle() or word not in lexicon.given_names_abroad():
        return False
    if place.language == "en":
        return not lexicon.is_ordinary(word, "en")
    # The lists of other languages hold first names too, and so do not tell.
    return not (is_small(word, place.cues) or is_of_business(word, place.cues) or word in place.cues.words)
