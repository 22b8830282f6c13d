"""How much a name proves by itself: what kind of word it is, and why; names that call for a warning."""

from __future__ import annotations

from enum import StrEnum

from pipeline.match import lexicon
from pipeline.match.skeleton import is_unspaced
from pipeline.match.weights import points
from pipeline.model import NameKind


class Flavour(StrEnum):
    """What kind of word a name is; finer than NameKind, because the evidence differs."""

    DISTINCT = "distinct"  # nothing else is written so
    PHRASE = "phrase"  # several ordinary words, a name only together and capitalised
    PROPER = "proper"  # a nation, a region: capitalised in its other sense too
    PERSON = "person"  # a first or last name too, or a city's
    ACRONYM = "acronym"  # two or three capitals
    WORD = "word"  # an ordinary word too
    CJK = "cjk"  # one or two characters of an unspaced script: inside other words too
    WEAK = "weak"
    TICKER = "ticker"
    DOMAIN = "domain"


FRAGILE = (Flavour.WORD, Flavour.WEAK, Flavour.PERSON, Flavour.ACRONYM)  # whose other sense must be ruled out
FRAGILE_OR_TICKER = (*FRAGILE, Flavour.TICKER)
_FORCED = {NameKind.UNIQUE: Flavour.DISTINCT, NameKind.COMMON: Flavour.WORD, NameKind.WEAK: Flavour.WEAK}
KIND_OF = {
    Flavour.DISTINCT: NameKind.UNIQUE,
    Flavour.PHRASE: NameKind.UNIQUE,
    Flavour.DOMAIN: NameKind.UNIQUE,
    Flavour.TICKER: NameKind.TICKER,
    Flavour.WEAK: NameKind.WEAK,
    Flavour.PERSON: NameKind.COMMON,
    Flavour.PROPER: NameKind.COMMON,
    Flavour.ACRONYM: NameKind.COMMON,
    Flavour.WORD: NameKind.COMMON,
    Flavour.CJK: NameKind.COMMON,
}
WHY = {
    Flavour.DISTINCT: "no dictionary or name list has it",
    Flavour.PHRASE: "ordinary words, but a name together and capitalised",
    Flavour.PERSON: "people or places are called so too",
    Flavour.PROPER: "a people, a region or the like is called so too",
    Flavour.ACRONYM: "a short abbreviation that others use too",
    Flavour.WORD: "an ordinary word too",
    Flavour.CJK: "so short, or a word, that it occurs inside other text too",
    Flavour.WEAK: "too short to prove anything by itself",
    Flavour.TICKER: "a ticker symbol",
    Flavour.DOMAIN: "a domain",
}

# The first reason of every mention; "name: person" was read as a sign that a person is meant.
NAME_ITSELF = {
    Flavour.DISTINCT: "name, unmistakable",
    Flavour.PHRASE: "name of several words",
    Flavour.PROPER: "name, also of a people or region",
    Flavour.PERSON: "name, also of people or towns",
    Flavour.ACRONYM: "abbreviation",
    Flavour.WORD: "name, also a word",
    Flavour.CJK: "name, very short or a word",
    Flavour.WEAK: "name, too short",
    Flavour.TICKER: "ticker",
    Flavour.DOMAIN: "domain",
}


def base_of(flavour: Flavour, core: tuple[str, ...]) -> float:
    """The points that a name of this flavour has before its surroundings are looked at."""
    match flavour:
        case Flavour.WORD if len(core) == 1:
            rare = "_rare" if lexicon.is_rare(core[0]) else ""
            listed = "_listed" if core[0] in lexicon.proper_names() else ""
            return points(f"name.word{rare}{listed}")
        case Flavour.ACRONYM:
            if len(core[0]) > 3 and lexicon.is_ordinary(core[0], "en"):
                return points("name.acronym_word")
            return points(f"name.acronym_{min(4, max(2, len(core[0])))}")
        case Flavour.PERSON if len(core) == 1 and lexicon.is_common_person(core[0]):
            return points("name.person_common")
        case Flavour.CJK if lexicon.is_plain_chinese(core[0]):
            return points("name.cjk_word")
        case Flavour.TICKER if len(core[0]) == 3:
            return points("name.ticker_3")
    return points(f"name.{flavour.value}")


def flavour_of(core: tuple[str, ...], text: str, kind: NameKind | None = None) -> Flavour:
    """What kind of word the name with these tokens is; ``text`` is the name as listed, for its capitals."""
    if kind in _FORCED:
        return _FORCED[kind]
    if len(core) > 1:
        is_domain = "." in text and " " not in text.strip()
        return Flavour.DISTINCT if is_domain else _flavour_of_phrase(core)
    token = core[0]
    if len(token) == 1:
        return Flavour.WEAK
    if is_unspaced(token[0]) or "\uac00" <= token[0] <= "\ud7a3":
        is_cjk = len(token) <= 2 or lexicon.is_word_unspaced(token) or lexicon.is_plain_chinese(token)
        return Flavour.CJK if is_cjk else Flavour.DISTINCT
    return _flavour_of_word(token, text)


def _flavour_of_phrase(core: tuple[str, ...]) -> Flavour:
    if any(is_unspaced(token[0]) for token in core):
        return Flavour.DISTINCT
    return (
        Flavour.PHRASE
        if all(len(token) < 3 or lexicon.is_ordinary(token, "en") for token in core)
        else Flavour.DISTINCT
    )


def _flavour_of_word(token: str, text: str) -> Flavour:
    written = next(iter(text.replace(",", " ").split()), "")  # WILL,Co.,Ltd.
    is_mixed = any(char.isupper() for char in written[1:]) and not written.isupper()
    if len(token) <= 3 and (written.isupper() or not written or not token.isalpha()):
        return Flavour.ACRONYM
    if is_mixed:
        return Flavour.DISTINCT
    if lexicon.is_ordinary(token, "en"):
        return Flavour.ACRONYM if written.isupper() and len(token) <= 4 else Flavour.WORD
    if len(token) == 3 and written.istitle() and (lexicon.is_person(token) or token in lexicon.places()):
        return Flavour.PERSON
    if len(token) <= 2 or (len(token) == 3 and not written.islower()):
        return Flavour.ACRONYM
    if written.isupper() and len(token) >= 4 and lexicon.is_person(token):
        return Flavour.ACRONYM
    if lexicon.is_class_name(token):
        return Flavour.PROPER
    return Flavour.PERSON if lexicon.is_person(token) or token in lexicon.places() else Flavour.DISTINCT
