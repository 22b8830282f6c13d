"""What the matcher knows of languages: ordinary words, person names, words of business; loaded when asked for."""

from __future__ import annotations

import gzip
import json
import re
import tomllib
import unicodedata
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from pipeline.text import fold

# pyspellchecker's lists: a count of 50 stands for "in a dictionary, but rare in use".
_RARE = 50
_LISTED = frozenset({"ar", "de", "es", "fr", "it", "nl", "pt", "ru"})
_SPELT = frozenset({"hi", "id", "ko", "nl", "pl", "ru", "tr"})
_MARKS = re.compile("[\u0300-\u036f]")
# Trade names that have become verbs: in a newspaper they are nearly always the company.
_BRANDS = frozenset({"google", "googles", "xerox", "skype", "photoshop", "facebook", "twitter"})


@dataclass(frozen=True, slots=True)
class Cues:
    """Words around a name that tell whether a company is meant; all folded."""

    verbs: frozenset[str] = frozenset()
    auxiliaries: frozenset[str] = frozenset()
    nouns: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()
    prepositions: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    dealings: frozenset[str] = frozenset()
    lands: frozenset[str] = frozenset()
    roads: frozenset[str] = frozenset()
    along: frozenset[str] = frozenset()
    crowds: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()
    stop: frozenset[str] = frozenset()
    wheres: frozenset[str] = frozenset()
    civics: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    tails: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    things: frozenset[str] = frozenset()
    sports: frozenset[str] = frozenset()
    plants: frozenset[str] = frozenset()
    deeds: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    trade: frozenset[str] = frozenset()
    offices: frozenset[str] = frozenset()
    natural: frozenset[str] = frozenset()
    business: frozenset[str] = frozenset()  # all words of business that are of nothing else
    telling: frozenset[str] = frozenset()  # all that tell something wherever they stand in an entry


def data(name: str) -> Traversable:
    """A file of ``pipeline/match/data``."""
    return files("pipeline.match") / "data" / name


@cache
def _zipped(name: str) -> tuple[str, ...]:
    return tuple(gzip.decompress(data(name).read_bytes()).decode().split("\n"))


@cache
def _english() -> frozenset[str]:
    """Words that English writes in lower case."""
    return frozenset(word for word in _zipped("english.txt.gz") if not word[0].isupper()) - _BRANDS


@cache
def proper_names() -> frozenset[str]:
    """Names that English dictionaries list with a capital: people, places, nations, some brands; folded."""
    return frozenset(fold(word) for word in _zipped("english.txt.gz") if word[0].isupper())


def is_class_name(token: str) -> bool:
    """A proper name with a plural in the dictionary (American, Southwest); brands have none."""
    return not token.endswith("s") and token in proper_names() and token + "s" in proper_names()


@cache
def _frequencies() -> dict[str, int]:
    return _counts("en")


def is_rare(token: str) -> bool:
    """An English word, but seldom used: fewer than about six in a million spoken words."""
    return _frequencies().get(token, 0) < 500


@cache
def given_names() -> frozenset[str]:
    """Frequent first names, folded."""
    return frozenset(map(str.lower, _zipped("given_names.txt.gz")))


@cache
def given_names_abroad() -> frozenset[str]:
    """First names of other countries than the United States, folded; some are words somewhere."""
    return frozenset(_zipped("given_names_abroad.txt.gz"))


@cache
def surnames() -> frozenset[str]:
    """Frequent last names, folded."""
    return frozenset(map(str.lower, _zipped("surnames.txt.gz")))


@cache
def _common_surnames() -> frozenset[str]:
    return frozenset(map(str.lower, _zipped("surnames_common.txt.gz")))


def is_common_person(token: str) -> bool:
    """Is the folded token a first name, or a last name of so many that they are oftener meant than a firm?"""
    return token in given_names() or token in _common_surnames()


@cache
def places() -> frozenset[str]:
    """Large cities, folded, their words between single spaces."""
    return frozenset(" ".join(fold(name).replace("-", " ").split()) for name in _zipped("places.txt.gz"))


@cache
def towns() -> frozenset[str]:
    """Towns and countries of one word, folded; the towns of lands of which news are read most."""
    return frozenset(map(fold, _zipped("towns.txt.gz")))


@cache
def namesakes() -> frozenset[str]:
    """Waters, mountains, gods, heroes, stars and the like that companies are called by, folded."""
    return _words_in("namesakes.txt")


@lru_cache(maxsize=4096)
def is_brand(written: str) -> bool:
    """Is it a firm that is oftener meant than what else is called so? Hermès is, Hermes is a god."""
    folded = fold(written)
    return folded in _brands() and (not written.isascii() or _brands()[folded])


@cache
def _brands() -> dict[str, bool]:
    """Each of these names, folded, and whether it is also written without accents."""
    found: dict[str, bool] = {}
    for word in _written_in("brands.txt"):
        found[fold(word)] = found.get(fold(word), False) or word.isascii()
    return found


def _words_in(name: str) -> frozenset[str]:
    return frozenset(map(fold, _written_in(name)))


def _written_in(name: str) -> Iterator[str]:
    """The words of a file, as they are written; a line that begins with ``#`` is a comment."""
    lines = data(name).read_text(encoding="utf-8").splitlines()
    return (word for line in lines if not line.startswith("#") for word in line.split())


@cache
def _counts(language: str) -> dict[str, int]:
    """Words of a language with how often they are used, folded as a whole (word by word takes ten times as long)."""
    raw: dict[str, int] = json.loads(
        gzip.decompress((files("spellchecker") / "resources" / f"{language}.json.gz").read_bytes())
    )
    blob = unicodedata.normalize("NFKD", "\n".join(raw).casefold())
    return dict(zip(_MARKS.sub("", blob).split("\n"), raw.values(), strict=True))


def has_words(language: str) -> bool:
    """Do we have a list of the language's ordinary words?"""
    return language == "en" or language in _LISTED


def is_word(token: str, language: str) -> bool:
    """Is the folded token a word of English or of the entry's language, however rare?"""
    return token in _english() or (language in _LISTED and token in _counts(language))


def is_ordinary(token: str, language: str) -> bool:
    """Is the folded token a word in common use in English or in the entry's language?"""
    return (
        token in _english()
        or (language in _LISTED and _counts(language).get(token, 0) > 6 * _RARE)
        or (language in _SPELT and token in _spelt(language))
    )


@cache
def _spelt(language: str) -> frozenset[str]:
    """What dictionaries write in lower case and people use, in the form that names have too; folded."""
    return frozenset(_zipped(f"words_{language}.txt.gz"))


_INFLECTED_AT_LEAST = 4  # letters
_FREQUENT = 30_000  # of the words counted in a language: those of every third sentence
_ENDINGS = ("e", "en", "n", "er", "em")


@lru_cache(maxsize=4096)
def is_inflected(token: str, language: str) -> bool:
    """Does the list of German hold the folded token with an ending that names do not take: Bauern, flinker, Depots?"""
    if language != "de" or len(token) < _INFLECTED_AT_LEAST:
        return False
    counts = _counts(language)
    return token in counts and any(token + ending in counts for ending in _ENDINGS)


def has_plural(token: str, language: str) -> bool:
    """Does German decline the folded word, or give it the plural of foreign words?"""
    return is_inflected(token, language) or (language == "de" and token + "s" in _counts(language))


_COMPOUNDS = 4  # that begin with a word, where it is one


@lru_cache(maxsize=4096)
def is_noun_of_german(token: str) -> bool:
    """Does German decline the folded token or build words with it: Weltbilder, Mammutbaum? Of firms it does neither."""
    counts = _counts("de")
    if token not in counts or len(token) < _INFLECTED_AT_LEAST:
        return False
    if is_inflected(token, "de"):
        return True
    words = _german_in_order()
    at = bisect(words, token)
    following = words[at : at + 200]
    return sum(1 for word in following if word.startswith(token) and len(word) > len(token) + 3) >= _COMPOUNDS


_PREFIXES = frozenset({"extra", "maxi", "mega", "meta", "mini", "multi", "neo", "pro", "solo", "super", "top", "ultra"})


def opens_compounds(token: str) -> bool:
    """Does German build words with the folded token: Mammutprozess, Visa-Vergabe (of Visum), Meta-Ebene?"""
    is_latin = token.endswith("a") and f"{token[:-1]}um" in _counts("de")
    return is_latin or token in _PREFIXES or is_noun_of_german(token)


@cache
def _german_in_order() -> list[str]:
    return sorted(_counts("de"))


def is_in_use(token: str, language: str) -> bool:
    """Is it a word of German, and not only one of its dictionary?"""
    return language == "de" and _counts(language).get(token, 0) > _RARE and is_inflected(token, language)


def is_frequent(token: str, language: str) -> bool:
    """Is the folded token one of the words that nearly every text has?"""
    return language in _LISTED | {"en"} and _counts(language).get(token, 0) > _FREQUENT


def is_foreign(token: str, language: str) -> bool:
    """Is it known that the entry's language, not English, does not use this word?"""
    return language in _LISTED and _counts(language).get(token, 0) <= 6 * _RARE


def is_person(token: str) -> bool:
    """Is the folded token a frequent first or last name?"""
    return token in given_names() or token in surnames()


@cache
def chinese() -> dict[str, int]:
    """Chinese words of up to four simplified characters with their counts."""
    return {
        word: int(count.rstrip("*")) for word, _, count in (line.partition(" ") for line in _zipped("chinese.txt.gz"))
    }


@cache
def _plain_chinese() -> frozenset[str]:
    return frozenset(line.partition(" ")[0] for line in _zipped("chinese.txt.gz") if line.endswith("*"))


def is_plain_chinese(word: str) -> bool:
    """Is it a Chinese word in ordinary use, not the name of a person, a place or a brand?"""
    return word in _plain_chinese() or word in cues("zh").words or is_word_unspaced(word)


def is_word_unspaced(word: str) -> bool:
    """Is it a Japanese or Korean word that companies are called by?"""
    return word in cues("ja").words or word in cues("ko").words or word in _japanese()


@cache
def _japanese() -> frozenset[str]:
    """Japanese nouns of a few characters, folded."""
    return frozenset(map(fold, _zipped("japanese.txt.gz")))


@cache
def simplified() -> dict[int, str]:
    """Traditional characters with their simplified ones, for ``str.translate``; character by character."""
    return {ord(pair[0]): pair[1] for pair in _zipped("simplified.txt.gz")}


@cache
def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(data(name).read_text(encoding="utf-8"))


@lru_cache(maxsize=1024)  # asked for with every entry; feeds may declare any two letters
def cues(language: str) -> Cues:
    """The cue words of a language; those of English where we have none."""
    return _cues(language if has_cues(language) else "en")


def has_cues(language: str) -> bool:
    """Do we have cue words of this language?"""
    return language in _toml("cues.toml")


@cache
def _cues(language: str) -> Cues:
    found: dict[str, str] = _toml("cues.toml")[language]
    known = Cues(**{key: frozenset(fold(value).split()) for key, value in found.items()})
    business = (known.near | known.nouns | known.trade) - known.shared
    entrywide = known.near | known.trade | known.sports | known.plants | known.offices
    return replace(known, business=business, telling=business | entrywide)


@cache
def guessable() -> dict[str, tuple[str, ...]]:
    """Each stop word with the languages that use it."""
    found: dict[str, tuple[str, ...]] = {}
    for language in _toml("cues.toml"):
        for word in cues(language).stop:
            found[word] = (*found.get(word, ()), language)
    return found


@cache
def of_business() -> dict[str, tuple[str, ...]]:
    """Each word of business with the languages that use it."""
    found: dict[str, tuple[str, ...]] = {}
    for language in _toml("cues.toml"):
        known = cues(language)
        for word in known.verbs | known.nouns | known.near:
            found[word] = (*found.get(word, ()), language)
    return found


def _listed(key: str, separator: str | None = None) -> tuple[str, ...]:
    text: str = _toml("legal_forms.toml")[key].replace("\n", separator or " ")
    return tuple(part.strip() for part in text.split(separator) if part.strip())


@cache
def legal_after() -> frozenset[str]:
    """Legal forms that stand behind a name, as token strings: ``inc``, ``s a``."""
    return frozenset(fold(form) for form in _listed("after", "|"))


@cache
def legal_openings() -> frozenset[str]:
    """The first words of these."""
    return frozenset(word for form in legal_after() for word in form.split()[:1])


@cache
def legal_before() -> frozenset[str]:
    """Legal forms that stand in front of a name."""
    return frozenset(fold(form) for form in _listed("before", "|"))


@cache
def legal_glued() -> tuple[str, ...]:
    """Legal forms written without a space, longest first."""
    return tuple(sorted({fold(form) for form in _listed("glued")}, key=lambda form: (-len(form), form)))


@cache
def describing() -> frozenset[str]:
    """Words that describe a business at the end of its name."""
    return frozenset(_listed("describing"))


@cache
def describing_long() -> frozenset[str]:
    """Words that describe a business, left off only from long names."""
    return describing() | frozenset(_listed("describing_long"))


@cache
def describing_glued() -> tuple[str, ...]:
    """The same in scripts without spaces, longest first."""
    return tuple(sorted(map(fold, _listed("describing_glued")), key=len, reverse=True))


@cache
def siblings() -> frozenset[str]:
    """Words that, capitalised after a name, make another firm of it."""
    return frozenset(_listed("sibling"))


@cache
def countries() -> frozenset[str]:
    """Countries and regions that end a company's name."""
    return frozenset(_listed("countries"))


@cache
def states() -> frozenset[str]:
    """States and provinces that stand behind a town's name, also as newspapers shorten them; folded."""
    return frozenset(fold(state) for state in _listed("states", "|"))


@cache
def heads() -> frozenset[str]:
    """Words that stand before an ordinary word and make a longer name of it: State, before Bank of India."""
    return frozenset(_listed("heads"))


@cache
def shortenings() -> dict[str, tuple[str, ...]]:
    """Last words of names with other ways to write them."""
    found: dict[str, tuple[str, ...]] = {}
    for pair in _listed("short", "|"):
        long, _, short = pair.partition("=")
        found[long] = (*found.get(long, ()), short)
    return found


@cache
def decoys() -> tuple[str, ...]:
    """Phrases that hold a company's name and mean something else."""
    lines = data("decoys.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))
