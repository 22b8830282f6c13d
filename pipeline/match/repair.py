"""Words of a text that are a misspelt or inflected word of a name: candidates from an index, verified one by one.

The index holds every listed word with each one letter left out (so any two words within one edit meet there), and
under its first letter and sorted letters ("Xiamio" is two edits from Xiaomi, but the same letters).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from zlib import crc32

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from pipeline.match import lexicon
from pipeline.match.compact import Multimap, MultimapBuilder, WordTable, hash_of
from pipeline.match.compiling import Mark
from pipeline.model import Method

_SUFFIXES = {
    "de": ("s", "es", "n", "en", "e", "er", "em", "ern"),
    "nl": ("s", "en", "e"),
    "ru": ("а", "у", "ом", "е", "ы", "и", "ой", "ою", "ю", "я", "ей", "ем", "ам", "ами", "ах", "ов"),
    "uk": ("а", "у", "ом", "і", "и", "ою", "ю", "я", "ем"),
    "pl": ("a", "u", "em", "ie", "owi", "y", "i", "ami", "ach", "ow", "ą", "e"),
    "cs": ("a", "u", "em", "e", "y", "ovi", "ou"),
    "tr": (
        "in",
        "un",
        "nin",
        "nun",
        "a",
        "e",
        "ya",
        "ye",
        "da",
        "de",
        "dan",
        "den",
        "i",
        "u",
        "yi",
        "yu",
        "nda",
        "nde",
    ),
    "fi": ("n", "in", "a", "n", "lla", "lle", "lta", "ssa", "sta", "en"),
    "hu": ("nak", "nek", "t", "ot", "et", "ban", "ben", "val", "vel", "hoz", "n"),
}
_PLURAL = ("s", "es")
# A whole name takes only these; the other endings are those of adjectives in it (Deutschen Bank; Bayern is no Bayer).
_OF_NAMES = {"de": ("s", "es"), "nl": ("s",)}
_SHORTEST, _SHORTEST_ALONE = 3, 5  # letters of a listed word: beside others of its name, and as a whole name
_SHORTEST_GLUED = 4
_LONGEST = 24  # letters; nobody mistypes longer words into each other
_ALONE_UNLISTED = 7  # a whole name in a language whose words we do not know
_LONG_WORD = 8  # letters from which another word one edit away is another spelling (fertilisers, fertilizers)
_OPTIONS = 4  # readings of one token that are tried


@dataclass(frozen=True, slots=True)
class Repair:
    """What a token was taken for. ``alone`` = good enough to be a whole name by itself."""

    target: str
    method: Method
    ratio: float  # 0 to 100
    alone: bool
    known: bool = False  # the token is a word of another name as it stands
    surname: bool = False  # the token is a last name as it stands


class Repairer:
    """Knows the words of all names; ``alone`` are those that are a distinctive name by themselves."""

    def __init__(self, words: Mapping[str, bool], fuzzy: bool = True, near: NearWords | None = None) -> None:
        self._words = words
        self._fuzzy = fuzzy
        self._near = near or NearWords.of(words if fuzzy else ())

    def repairs(self, token: str, language: str) -> tuple[Repair, ...]:
        """The words that the token may stand for, best first. ``language`` is what ``tongue_of`` answers."""
        if not _SHORTEST <= len(token) <= _LONGEST:
            return ()
        return tuple(self._options(token, language))[:_OPTIONS]

    def _options(self, token: str, language: str) -> Iterator[Repair]:
        if not token.isalpha():
            return
        inflected = tuple(self._uninflected(token, language))
        yield from inflected
        if self._fuzzy and not inflected and token not in self._words:
            yield from self._untyped(token, language)

    def _uninflected(self, token: str, language: str) -> Iterator[Repair]:
        for target, stem in dict(self._stems(token, language)).items():
            if target in self._words and target != token:
                alone = self._words[target] and token not in self._words and len(target) >= _SHORTEST and stem != token
                alone = alone and (token == target + "s" or self._is_strange(token, language))
                alone = alone and _may_end_so(token.removeprefix(target), language)
                yield Repair(target, Method.VARIANT, fuzz.ratio(token, target), alone, token in self._words)

    @staticmethod
    def _is_strange(token: str, language: str) -> bool:
        return not lexicon.is_ordinary(token, language) and token not in lexicon.given_names()

    def _stems(self, token: str, language: str) -> Iterator[tuple[str, str]]:
        """Words that differ from the token in their ending only, with the part that they share."""
        suffixes = _SUFFIXES.get(language, _PLURAL)
        for suffix in suffixes:
            if token.endswith(suffix) and len(token) - len(suffix) >= _SHORTEST:
                stem = token.removesuffix(suffix)
                yield stem, stem
                if language == "pl" and stem.endswith("ks"):  # Budimeksu
                    yield stem.removesuffix("ks") + "x", stem
                if suffixes is not _PLURAL:
                    yield from ((stem + other, stem) for other in suffixes)
        yield from ((token + suffix, token) for suffix in suffixes)
        if language == "de" and token.endswith(_glued()):
            yield from ((stem, stem) for stem in _without_glued(token))

    def _untyped(self, token: str, language: str) -> Iterator[Repair]:
        if len(token) < _LONG_WORD and (lexicon.is_word(token, "en") or token in lexicon.given_names()):
            return
        # The lists of other languages are large and seldom needed: they are asked when there is something to decide.
        candidates = self._near.to(token)
        if not candidates:
            return
        is_word = lexicon.is_word(token, language) or token in lexicon.given_names()
        if is_word and len(token) < _LONG_WORD:
            return
        ranked = sorted(
            (word[0] != token[0], not self._words[word], -fuzz.ratio(token, word), word) for word in candidates
        )
        for _, _, negative, word in ranked:
            if _letters(word) == _letters(token) or OSA.distance(token, word, score_cutoff=1) <= 1:
                alone = not is_word and self._alone(token, word, language)
                yield Repair(word, Method.FUZZY, -negative, alone, surname=token in lexicon.surnames())

    def _alone(self, token: str, target: str, language: str) -> bool:
        """May the misspelling be a whole name by itself? Only of a long one, and if nothing else explains it.

        Letters in another order are a slip of the hand; a letter too few, too many or wrong may be another name, and
        in names of five letters it mostly is.
        """
        least = _SHORTEST_ALONE if sorted(token) == sorted(target) else _SHORTEST_ALONE + 1
        if not self._words[target] or token[0] != target[0] or min(len(token), len(target) - 1) < least - 1:
            return False
        if len(token) == len(target) and len(token) < _LONG_WORD and _is_other_letter(token, target):
            return False
        if token in lexicon.proper_names() or lexicon.is_common_person(token) or token + "s" == target:
            return False
        return lexicon.has_words(language) or len(target) >= _ALONE_UNLISTED


def _may_end_so(ending: str, language: str) -> bool:
    """May a whole name take this ending?"""
    return ending in _OF_NAMES.get(language, (ending,)) or (language == "de" and ending in _glued())


@cache
def _glued() -> tuple[str, ...]:
    """What German writes behind a name without a space: Commerzbankchefin, Lufthansaaktie."""
    return tuple(sorted(word for word in lexicon.cues("de").nouns if len(word) >= _SHORTEST_GLUED))


def _without_glued(token: str) -> Iterator[str]:
    return (
        token.removesuffix(word)
        for word in _glued()
        if token.endswith(word) and len(token) - len(word) >= _SHORTEST_ALONE
    )


def tongue_of(language: str) -> str:
    """The language if it has rules here, else "": feeds may declare any two letters, and all those have one answer."""
    return language if language in _SUFFIXES or lexicon.has_words(language) else ""


class NearWords:
    """Listed words by what they have in common with their misspellings."""

    def __init__(self, words: WordTable, keys: Multimap) -> None:
        self._words, self._keys = words, keys

    @classmethod
    def of(cls, words: Iterable[str]) -> NearWords:
        """An index of those that can be misspelt."""
        table = words if isinstance(words, WordTable) else WordTable.made_of(dict.fromkeys(words, Mark.KNOWN))
        keys = MultimapBuilder()
        for number, (word, marks) in enumerate(table.listed()):
            if marks & Mark.KNOWN and _SHORTEST <= len(word) <= _LONGEST and word.isalpha():
                for key in _keys(word):
                    keys.add(key, number)
        return cls(table, keys.build())

    @property
    def keys(self) -> Multimap:
        """The numbers of the words by the hashes that they share with their misspellings."""
        return self._keys

    def to(self, token: str) -> set[str]:
        """Words that may be within one edit of the token, or have its letters; and rarely some that do not."""
        return {self._words.word(number) for number in self._keys.among(_keys(token))}


def _keys(word: str) -> list[int]:
    """Hashes of the word, of it with each one letter left out, and of its letters in order."""
    keys = [hash_of(word), hash_of("\0" + _letters(word))]
    if len(word) <= _SHORTEST:
        return keys
    if word.isascii():
        letters = word.encode("ascii")
        return keys + [crc32(letters[:i] + letters[i + 1 :]) for i in range(len(letters))]
    return keys + [hash_of(word[:i] + word[i + 1 :]) for i in range(len(word))]


_VOWELS = frozenset("aeiou")
_BY_EAR = 7  # letters
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _is_other_letter(token: str, target: str) -> bool:
    """Does one letter stand for another that lies elsewhere on the keyboard? Neotel is no slip for Nextel.

    Vowels sound alike: Siemans is Siemens by ear.
    """
    wrong = [(mine, theirs) for mine, theirs in zip(token, target, strict=True) if mine != theirs]
    if len(wrong) != 1 or (len(token) >= _BY_EAR and set(wrong[0]) <= _VOWELS):
        return False
    return not _are_neighbours(*wrong[0])


def _are_neighbours(one: str, other: str) -> bool:
    places = [(row, keys.index(letter)) for letter in (one, other) for row, keys in enumerate(_KEYS) if letter in keys]
    if len(places) < 2:
        return not (one.isascii() and other.isascii())
    (row, column), (other_row, other_column) = places
    return abs(row - other_row) <= 1 and abs(column - other_column) <= 1


def _letters(word: str) -> str:
    return word[0] + "".join(sorted(word))
