"""In which language an entry is written: as it says, or by its script, its letters and its frequent words."""

from __future__ import annotations

import re
from collections import defaultdict

from pipeline.match import lexicon

_KANA = re.compile("[\u3041-\u30fa]")
_HAN = re.compile("[\u4e00-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_ENOUGH = 60  # tokens that are looked at; small words are a third of any text
# Scripts and letters that few languages use; one hardly decides alone, as names are foreign everywhere.
_SCRIPTS = (
    ("ar", re.compile("[\u0620-\u064a]{3}"), 6.0),
    ("he", re.compile("[\u05d0-\u05ea]{3}"), 6.0),
    ("hi", re.compile("[\u0905-\u0939]{2}"), 6.0),
    ("th", re.compile("[\u0e01-\u0e2e]{2}"), 6.0),
    ("ru", re.compile("[\u0430-\u044f]{3}"), 6.0),
    ("de", re.compile("[äöü][a-zß]|ß"), 1.6),
    ("es", re.compile("ñ|¿|¡|ción\\b|[áéíóú]n?\\b"), 1.6),
    ("pt", re.compile("ã|õ|ção\\b|ç"), 1.6),
    ("fr", re.compile("[èêëîïôœç]|é\\w|à |l['’]\\w"), 1.4),
    ("it", re.compile("[àèìòù](?=\\s|$)|dell['’]"), 1.6),
    ("tr", re.compile("[ğış]"), 1.8),
    ("pl", re.compile("[łąęśźżćń]"), 1.8),
    ("nl", re.compile("ij[a-z]|\\b\\w*aa\\w*\\b"), 0.4),
)
_PRIOR = 1.5  # for English: a single small word of another language proves nothing ("Compass acquires a broker")
_LETTER, _WORD, _CUE = 0.5, 1.0, 0.7  # a small word of one letter, a longer one, a word of business


def language_of(declared: str, text: str, tokens: list[str]) -> str:
    """Two letters: the declared language's, else a guess; ``en`` where nothing tells."""
    by_script = _by_script(text)
    if by_script:
        return by_script
    primary = re.split("[-_]", declared.strip().lower(), maxsplit=1)[0]
    return primary if len(primary) == 2 else _guess(text, tokens[:_ENOUGH])


def _by_script(text: str) -> str:
    if text.isascii():
        return ""
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    return "zh" if _HAN.search(text) else ""


def _guess(text: str, tokens: list[str]) -> str:
    votes: dict[str, float] = defaultdict(float, {"en": _PRIOR})
    for token in tokens:
        for language in lexicon.guessable().get(token, ()):
            votes[language] += _LETTER if len(token) == 1 else _WORD
        for language in lexicon.of_business().get(token, ()):
            votes[language] += _CUE
    if not text.isascii():
        for language, pattern, worth in _SCRIPTS:
            votes[language] += worth * min(3, len(pattern.findall(text)))
    return min(votes, key=lambda language: (-votes[language], language != "en", language))
