"""In which language an entry is written: as it says, or by its script and its small words."""

from __future__ import annotations

import re
from collections import Counter

from pipeline.match import lexicon

_KANA = re.compile("[\u3041-\u30fa]")
_HAN = re.compile("[\u4e00-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_ENOUGH = 60  # tokens that are looked at; small words are a third of any text


def language_of(declared: str, text: str, tokens: list[str]) -> str:
    """Two letters: the declared language's, else a guess; ``en`` where nothing tells."""
    by_script = _by_script(text)
    if by_script:
        return by_script
    primary = re.split("[-_]", declared.strip().lower(), maxsplit=1)[0]
    return primary if len(primary) == 2 else _by_small_words(tokens[:_ENOUGH])


def _by_script(text: str) -> str:
    if text.isascii():
        return ""
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    return "zh" if _HAN.search(text) else ""


def _by_small_words(tokens: list[str]) -> str:
    table = lexicon.guessable()
    votes = Counter(language for token in tokens for language in table.get(token, ()))
    if not votes:
        return "en"
    best = max(votes.values())
    return "en" if votes["en"] == best else min(lang for lang, count in votes.items() if count == best)
