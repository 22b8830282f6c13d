"""The same article at many outlets: a small sketch finds the candidates, an exact comparison decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from rapidfuzz.fuzz import token_set_ratio

from pipeline.dedup.wording import KEPT_WORDS, Wording, bare_text, is_swapped, new_turns, wording
from pipeline.text import fold, tokens

SKETCH_SIZE = 16  # hashes kept of an entry: half the rows of the usual 32 MinHash bands at 26 points more recall
SHARED_HASHES = 2  # in common before two entries are compared; one alone brings eight times as many candidates
SHINGLE_WORDS = 3
MAX_SHINGLE_TOKENS = 600

# Where pairs of edited newswire texts reached a precision of .998 (containment) and .997 (Jaccard).
MIN_CONTAINMENT = 0.39
MIN_JACCARD = 0.157

SHORT_HOURS = 15.0  # "Why its shares are down today" is the same article only on the same day
SHORT_TOKENS = 25  # below, chance makes shingles common: headlines and figures must agree as well
SHORT_TITLE_RATIO = 80.0
# Of a teaser a sentence or two taken from the same press release is half: under another headline that is no copy.
TEASER_TOKENS = 70
MIN_TEASER = 0.8
MIN_SHORT = 0.6  # two headlines of one template share half of their triples
MIN_FIGURES_SHARED = 0.5
MIN_TITLE_TOLD = 0.6

_MASK = (1 << 64) - 1
_ODD = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)  # xxHash's and Fibonacci hashing's odd constants


@dataclass(frozen=True, slots=True)
class Shingled:
    """An entry as the copy check sees it."""

    shingles: frozenset[int]
    tokens: int
    words: Wording


@lru_cache(maxsize=256)  # the original of a copy is among those that came last
def shingled(title: str, text: str, publisher: str = "", language: str = "") -> Shingled:
    """The shingles of title and text; pure, remembered because candidates come up again."""
    words = wording(title, text, publisher, language)
    body = fold(bare_text(text)) if words.text else ""
    if body and not body.startswith(words.title):
        body = f"{words.title} {body}"
    found = tokens(body or words.title)[:MAX_SHINGLE_TOKENS]
    return Shingled(frozenset(_shingles(found)), len(found), words)


def sketch(shingles: frozenset[int]) -> tuple[int, ...]:
    """The smallest hashes, as the signed 64-bit integers that SQLite keeps."""
    return tuple([value - (1 << 64) if value >> 63 else value for value in sorted(shingles)[:SKETCH_SIZE]])


def copy_score(one: Shingled, other: Shingled) -> float:
    """How surely two entries are one article: their containment (0 to 1), 0 when they are not."""
    shared = len(one.shingles & other.shingles)
    smaller = min(len(one.shingles), len(other.shingles))
    if not shared or not _facts_agree(one, other):
        return 0.0
    containment = shared / smaller
    jaccard = shared / (len(one.shingles) + len(other.shingles) - shared)
    if containment < MIN_CONTAINMENT and jaccard < MIN_JACCARD:
        return 0.0
    if min(one.tokens, other.tokens) < SHORT_TOKENS and containment < MIN_SHORT:
        return 0.0
    if min(one.tokens, other.tokens) < TEASER_TOKENS and containment < MIN_TEASER and not _is_one_headline(one, other):
        return 0.0
    return containment


def _facts_agree(one: Shingled, other: Shingled) -> bool:
    """Reports from one template share their sentences; they differ in figures, direction, headline or a denial."""
    a, b = one.words, other.words
    fewer = min(len(a.figures), len(b.figures))
    if len(a.figures & b.figures) < MIN_FIGURES_SHARED * fewer or a.direction * b.direction < 0:
        return False
    if _turns(a, b) or _turns(b, a):
        return False
    if min(one.tokens, other.tokens) < TEASER_TOKENS and is_swapped(a.title_terms, b.title_terms):
        return False
    if min(one.tokens, other.tokens) < SHORT_TOKENS:
        return a.title_figures == b.title_figures and _is_one_headline(one, other)
    return max(_told(a, b), _told(b, a)) >= MIN_TITLE_TOLD


def _is_one_headline(one: Shingled, other: Shingled) -> bool:
    a, b = one.words.title, other.words.title
    return a == b or token_set_ratio(a, b) >= SHORT_TITLE_RATIO


def _turns(one: Wording, other: Wording) -> bool:
    """Does one's headline deny or call off what the other tells? A denial repeats the words of what it denies."""
    return bool(new_turns(one.reversals, other.title_terms | other.text_terms))


def _told(one: Wording, other: Wording) -> float:
    """How much of one's headline stands anywhere in the other."""
    return len(one.title_terms & (other.title_terms | other.text_terms)) / max(1, len(one.title_terms))


def _shingles(words: Sequence[str]) -> set[int]:
    if len(words) < SHINGLE_WORDS:
        return {_mix([_word_hash(word) for word in words])} if words else set()
    first, _, _ = _ODD
    parts = list(map(word_parts.__getitem__, words))
    # ``_mix`` for each shingle, in a third of the time.
    return {
        ((mixed := (two := one ^ second) ^ two >> 29 ^ third) ^ mixed >> 29) * first & _MASK
        for (one, _, _), (_, second, _), (_, _, third) in zip(parts, parts[1:], parts[2:], strict=False)
    }


class _PartsOf(dict[str, tuple[int, int, int]]):
    """What each word adds to the hash of a shingle as its first, second and third; remembered until it is full."""

    def __missing__(self, word: str) -> tuple[int, int, int]:
        if len(self) >= KEPT_WORDS:
            self.clear()
        value = _word_hash(word)
        begun = value * _ODD[0] & _MASK
        self[word] = parts = begun ^ begun >> 29, value * _ODD[1] & _MASK, value * _ODD[2] & _MASK
        return parts


word_parts = _PartsOf()


def _mix(hashes: Sequence[int]) -> int:
    """One hash for words in their order; the last multiplication spreads it over all 64 bits."""
    mixed = 0
    for value, odd in zip(hashes, _ODD, strict=False):
        mixed = (mixed ^ value * odd) & _MASK
        mixed ^= mixed >> 29
    return mixed * _ODD[0] & _MASK


def _word_hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
