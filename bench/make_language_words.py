"""Make the lists of words of further languages in ``pipeline/match/data`` from counts and spelling dictionaries.

    python bench/make_language_words.py COUNTS_FOLDER DICTIONARIES_FOLDER OUTPUT_FOLDER

COUNTS_FOLDER is ``wordfreq/data`` of the PyPI package ``wordfreq`` 3.1.1 (data CC BY-SA 4.0; reading it takes the PyPI
package ``msgpack``). DICTIONARIES_FOLDER holds ``*.aff`` and ``*.dic`` of the Debian packages ``hunspell-pl``,
``hunspell-tr``, ``hunspell-ko``, ``hunspell-es``, ``hunspell-fr-comprehensive``, ``hunspell-pt-br``, ``hunspell-nl``
and ``hunspell-ru``, whose licences ``pipeline/match/data/README.md`` names.

Counts hold names as they hold words, and dictionaries know which of the two are written in lower case: what both have
is kept, in its form without endings, which names have too. Of Hindi and Indonesian, whose dictionaries may not be used
so, only the words stay that are so frequent that hardly a name is among them.
"""

from __future__ import annotations

import gzip
import sys
import unicodedata
from pathlib import Path

import msgpack

from pipeline.match import lexicon
from pipeline.text import fold

# By language: the dictionary, and how often a word is used at least (log10 in a thousand million words).
DICTIONARIES = {
    "pl": ("pl_PL", 2.3),
    "tr": ("tr_TR", 3.0),
    "ko": ("ko", 3.0),
    "es": ("es_ES", 2.0),
    "fr": ("fr", 2.0),
    "pt": ("pt_BR", 2.0),
    "nl": ("nl", 2.0),
    "ru": ("ru_RU", 2.3),
}
FREQUENT = {"hi": 4.6, "id": 4.6}
SHORTEST = 2  # characters
GROUPS = frozenset("аэрофлот сбербанк 네이버 삼성 한화 신세계 롯데 현대 카카오 쿠팡".split())  # noqa: SIM905 - a table
FIRMS = (
    "전자",
    "은행",
    "그룹",
    "증권",
    "보험",
    "건설",
    "자동차",
    "생명",
    "카드",
    "통신",
)  # Korean has no case that tells names


def counts(folder: Path, language: str) -> dict[str, float]:
    """Words with how often they are used, the larger of the two lists where there are two."""
    large = folder / f"large_{language}.msgpack.gz"
    path = large if large.exists() else folder / f"small_{language}.msgpack.gz"
    bins = msgpack.loads(gzip.decompress(path.read_bytes()), raw=False)[1:]
    return {word: 9 - number / 100 for number, words in enumerate(bins) for word in words}


def stems(folder: Path, name: str) -> set[str]:
    """The words that the dictionary writes in lower case, without their endings."""
    encoding = next(
        (line.split()[1] for line in (folder / f"{name}.aff").read_bytes().decode("latin-1").splitlines()
         if line.startswith("SET ")),
        "ISO8859-1",
    )  # fmt: skip
    lines = (folder / f"{name}.dic").read_text(encoding=encoding, errors="replace").splitlines()[1:]
    found = {unicodedata.normalize("NFC", line.split("/")[0].split("\t")[0].strip()) for line in lines}
    words = {word for word in found if word == word.lower() and word.isalpha() and not word.endswith(FIRMS)}
    return words - GROUPS


def is_word(text: str) -> bool:
    """Letters only, and the marks that Hindi writes vowels with."""
    return all(unicodedata.category(char)[0] in "LM" for char in text)


def write(path: Path, words: set[str]) -> None:
    """One word a line, sorted; the same bytes for the same words."""
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as out:
        out.write("\n".join(sorted(words)).encode())
    print(f"{path.name}: {len(words)} words, {path.stat().st_size} bytes")


def main() -> None:
    """Write a file for each language."""
    counted, dictionaries, out = map(Path, sys.argv[1:4])
    for language, (name, least) in DICTIONARIES.items():
        used = {word for word, often in counts(counted, language).items() if often >= least}
        words = {fold(word) for word in stems(dictionaries, name) & used if len(word) >= SHORTEST}
        # Polish writes a car of a make in lower case, but not its maker.
        brands = {word for word in words & lexicon.proper_names() if not lexicon.is_word(word, "en")}
        write(out / f"words_{language}.txt.gz", words - brands)
    for language, least in FREQUENT.items():
        used = {fold(word) for word, often in counts(counted, language).items() if often >= least and is_word(word)}
        foreign = (
            lexicon.proper_names() | lexicon.given_names() | {word for word in used if lexicon.is_word(word, "en")}
        )
        names = foreign | ({word for word in used if word.isascii()} if language == "hi" else set())
        write(out / f"words_{language}.txt.gz", {word for word in used - names if len(word) >= SHORTEST})


if __name__ == "__main__":
    main()
