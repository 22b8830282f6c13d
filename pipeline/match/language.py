"""In which language an entry is written: as it says, or by its script, its letters and its frequent words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import repeat

from pipeline.match import lexicon
from pipeline.text import fold

_KANA = re.compile("[\u3041-\u30fa]")
_HAN = re.compile("[\u4e00-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_ENOUGH = 60  # tokens that are looked at; small words are a third of any text


def _between(first: str, last: str) -> frozenset[str]:
    return frozenset(map(chr, range(ord(first), ord(last) + 1)))


# Scripts and letters that few languages use; one hardly decides alone, as names are foreign everywhere. Last in each
# row: what the text must have any of, or the pattern need not be searched for.
_SCRIPTS = (
    ("ar", re.compile("[\u0620-\u064a]{3}"), 6.0, _between("\u0620", "\u064a")),
    ("he", re.compile("[\u05d0-\u05ea]{3}"), 6.0, _between("\u05d0", "\u05ea")),
    ("hi", re.compile("[\u0905-\u0939]{2}"), 6.0, _between("\u0905", "\u0939")),
    ("th", re.compile("[\u0e01-\u0e2e]{2}"), 6.0, _between("\u0e01", "\u0e2e")),
    ("ru", re.compile("[\u0430-\u044f]{3}"), 6.0, _between("\u0430", "\u044f")),
    ("de", re.compile("[äöü][a-zß]|ß"), 1.6, frozenset("äöüß")),
    ("es", re.compile("ñ|¿|¡|ción\\b|[áéíóú]n?\\b"), 1.6, frozenset("ñ¿¡óáéíú")),
    ("pt", re.compile("ã|õ|ção\\b|ç"), 1.6, frozenset("ãõç")),
    ("fr", re.compile("[èêëîïôœç]|é\\w|à |l['’]\\w"), 1.4, frozenset("èêëîïôœçéà'’")),
    ("it", re.compile("[àèìòù](?=\\s|$)|dell['’]"), 1.6, frozenset("àèìòù'’")),
    ("tr", re.compile("[ğış]"), 1.8, frozenset("ğış")),
    ("pl", re.compile("[łąęśźżćń]"), 1.8, frozenset("łąęśźżćń")),
    ("nl", re.compile("ij[a-z]|\\b\\w*aa\\w*\\b"), 0.4, frozenset("ja")),
)
_PRIOR = 1.5  # for English: a single small word of another language proves nothing ("Compass acquires a broker")
_STRANGE_AT_LEAST = 4  # letters
_LETTER, _WORD, _CUE = 0.5, 1.0, 0.7  # a small word of one letter, a longer one, a word of business


def language_of(declared: str, text: str, tokens: list[str]) -> str:
    """Two letters: the declared language's, else a guess; ``en`` where nothing tells."""
    by_script = "" if text.isascii() else _by_script(text)
    return by_script or (declared and _primary(declared)) or _guess(text, tokens[:_ENOUGH])


def is_plainly_english(title: list[str], text: list[str]) -> bool:
    """Is no token of two ASCII fields a word that speaks for another language? Asked first, being quicker."""
    against = _speaking_against()
    return against.isdisjoint(title) and against.isdisjoint(text)


@lru_cache(maxsize=1024)
def _primary(declared: str) -> str:
    """Two letters of what feeds and entries declare: ``en`` of ``en-GB``; "" where that says nothing."""
    primary = re.split("[-_]", declared.strip().lower(), maxsplit=1)[0]
    return primary if len(primary) == 2 else ""


def _by_script(text: str) -> str:
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    return "zh" if _HAN.search(text) else ""


def _guess(text: str, tokens: list[str]) -> str:
    if text.isascii() and sum(map(_leads().get, tokens, repeat(0.0))) >= 0.0:
        return "en"  # as most are, whatever all others have in common
    table = _votes()
    votes: dict[str, float] = defaultdict(float, {"en": _PRIOR})
    for cast in [table[token] for token in tokens if token in table]:
        for language, worth in cast:
            votes[language] += worth
    if not text.isascii():
        letters = set(text)
        for language, pattern, worth, needed in _SCRIPTS:
            if not letters.isdisjoint(needed):
                votes[language] += worth * min(3, len(pattern.findall(text)))
    if len(votes) == 1:
        return "en"
    if max(worth for language, worth in votes.items() if language != "en") > votes["en"] - _PRIOR:
        votes["en"] -= min(_PRIOR, sum(1 for _ in _strange_words(text)))
    return min(votes, key=lambda language: (-votes[language], language != "en", language))


def _strange_words(text: str) -> Iterator[str]:
    """Words in lower case, and so no names, that English does not have."""
    for word in text.split():
        if (
            len(word) >= _STRANGE_AT_LEAST
            and word.islower()
            and word.isalpha()
            and not lexicon.is_word(fold(word), "en")
        ):
            yield word


@cache
def _leads() -> dict[str, float]:
    """By how much each word speaks for English rather than for any other language; most for none."""
    leads = {}
    for token, cast in _votes().items():
        worth: dict[str, float] = defaultdict(float)
        for language, points in cast:
            worth[language] += points
        english = worth.pop("en", 0.0)
        leads[token] = english - max(worth.values(), default=0.0)
    return leads


@cache
def _speaking_against() -> frozenset[str]:
    """The words that speak for any other language rather than for English; most entries in English have none."""
    return frozenset(token for token, lead in _leads().items() if lead < 0.0)


@cache
def _votes() -> dict[str, tuple[tuple[str, float], ...]]:
    """Each small word and word of business with what it says for the languages that have it."""
    votes: dict[str, tuple[tuple[str, float], ...]] = {}
    for token, languages in lexicon.guessable().items():
        votes[token] = tuple((language, _LETTER if len(token) == 1 else _WORD) for language in languages)
    for token, languages in lexicon.of_business().items():
        # What English has too ("decide", "produce") says nothing for the others.
        telling = ("en",) if "en" in languages or lexicon.is_ordinary(token, "en") else languages
        votes[token] = (*votes.get(token, ()), *((language, _CUE) for language in telling))
    return votes
