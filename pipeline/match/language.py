"""In which language an entry is written: as it says, or by its script and its small words."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import chain

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
    return _primary(declared) or _by_small_words(tokens[:_ENOUGH])


@lru_cache(maxsize=1024)
def _primary(declared: str) -> str:
    """Two letters of what feeds and entries declare: ``en`` of ``en-GB``; "" where that says nothing."""
    primary = re.split("[-_]", declared.strip().lower(), maxsplit=1)[0]
    return primary if len(primary) == 2 else ""


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
    votes = Counter(chain.from_iterable([table[token] for token in tokens if token in table]))
    if not votes:
        return "en"
    best = max(votes.values())
    return "en" if votes["en"] == best else min(lang for lang, count in votes.items() if count == best)
