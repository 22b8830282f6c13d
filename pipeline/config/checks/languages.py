"""Whether a word is a language tag, and which one was meant."""

from __future__ import annotations

import re

# RFC 5646 2.1: two or three letters, then subtags. Five letters and more are reserved, and are names of languages.
_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")
# Codes of countries that are no codes of languages (ISO 639-1), and words.
_MEANT = {
    "jp": "ja", "cn": "zh", "kr": "ko", "ua": "uk", "cz": "cs", "gr": "el", "dk": "da",
    "arabic": "ar", "chinese": "zh", "english": "en", "french": "fr", "german": "de", "hindi": "hi", "italian": "it",
    "japanese": "ja", "korean": "ko", "polish": "pl", "portuguese": "pt", "russian": "ru", "spanish": "es",
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "jpn": "ja", "zho": "zh",
}  # fmt: skip


def language_problem(tag: str) -> tuple[str, str] | None:
    """What is wrong with a tag, and what to do; None = nothing."""
    primary = re.split("[-_]", tag.casefold())[0]
    if primary in _MEANT:
        return f"{tag!r} is no language tag that feeds use", f"did you mean {_MEANT[primary]!r}?"
    if not _TAG.fullmatch(tag):
        return f"{tag!r} is no language tag", "such as en, zh-Hant or pt-BR"
    return None
