"""Look-ups that stay small with a million names: numbers under 32-bit hashes, words under their own.

Flat arrays instead of dictionaries of objects: six bytes and a half a number instead of some two hundred, nothing for
the garbage collector to visit, and a form that can be written to a file and read back as it is.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias, TypeVar
from zlib import crc32

_PARTS = 256  # in which a table is sorted, one after another: only one of them is ever a list of Python numbers
_A_BUCKET = 4  # entries that share one, about
LONGEST = 0xFF  # words of a pattern that can be told; longer ones are told as this long
_SPREAD = 0x9E3779B1  # an odd number without a pattern of its own
_FEWEST_BITS, _MOST_BITS = 4, 28


def hash_of(text: str) -> int:
    """32 bits that are the same in every process. Half a surrogate pair is no word and has none."""
    return crc32(text.encode())


def spread(first: int) -> int:
    """The part of a pair's key that comes of its first word's hash; the second's is added."""
    return first * _SPREAD


Key = TypeVar("Key")
Value = TypeVar("Value")


class Kept(dict[Key, Value]):
    """Answers that were asked for lately, in two generations, of which the older is forgotten; at most so many.

    To look one up is to look into a dictionary; an ``lru_cache`` moves what it finds, all over the memory.
    """

    def __init__(self, work_out: Callable[[Key], Value], most: int) -> None:
        self._work_out, self._a_generation = work_out, max(1, most // 2)
        self._older: dict[Key, Value] = {}

    def __missing__(self, key: Key) -> Value:
        value = self._older.pop(key) if key in self._older else self._work_out(key)
        if len(self) >= self._a_generation:
            self._older = dict(self)
            self.clear()
        self[key] = value
        return value


Section: TypeAlias = "bytes | bytearray | array[int]"  # a part of a table, as it is stored


class _Bits:
    """Most keys that are not in a table are told from this at once: a bit a key, among eight to sixteen."""

    __slots__ = ("bits", "shift")

    def __init__(self, bits: bytearray) -> None:
        self.bits, self.shift = bits, 33 - len(bits).bit_length()

    @classmethod
    def for_keys(cls, count: int) -> _Bits:
        """For so many keys, and none yet."""
        return cls(bytearray(1 << bits_for(count)))

    def add(self, key: int) -> None:
        """A key of 32 bits."""
        self.bits[key >> self.shift] |= 1 << (key & 7)

    def may_hold(self, key: int) -> int:
        """0 if the key was never added."""
        return self.bits[key >> self.shift] >> (key & 7) & 1


class Multimap:
    """Numbers of 32 bits under hashes of 32 bits; smallest first under each.

    Not every bit of the hash is kept in a small table, and hashes collide: what it answers must be verified.
    """

    __slots__ = ("_bits", "_shift", "_starts", "_tails", "_values")

    def __init__(self, starts: array[int], tails: array[int], values: array[int], bits: _Bits) -> None:
        self._shift = 33 - (len(starts) - 1).bit_length()
        self._starts, self._tails, self._values, self._bits = starts, tails, values, bits

    @classmethod
    def of(cls, sections: Iterator[memoryview]) -> Multimap:
        """A table of its sections."""
        starts, tails, values = (_array(code, next(sections)) for code in "IHI")
        return cls(starts, tails, values, _Bits(bytearray(next(sections))))

    def sections(self) -> tuple[Section, ...]:
        """All that it consists of."""
        return self._starts, self._tails, self._values, self._bits.bits

    def get(self, key: int) -> list[int]:
        """The numbers under this hash, and rarely some of another."""
        if not self._bits.may_hold(key):
            return []
        bucket, tail, tails = key >> self._shift, key & 0xFFFF, self._tails
        return [self._values[i] for i in range(self._starts[bucket], self._starts[bucket + 1]) if tails[i] == tail]

    def among(self, keys: Iterable[int]) -> list[int]:
        """The numbers under all these hashes."""
        bits, shift = self._bits.bits, self._bits.shift
        return [number for key in keys if bits[key >> shift] >> (key & 7) & 1 for number in self.get(key)]


class MultimapBuilder:
    """Collects what a ``Multimap`` shall hold."""

    def __init__(self) -> None:
        self._parts = [array("Q") for _ in range(_PARTS)]

    def add(self, key: int, value: int) -> None:
        """``value`` under ``key``; adding it twice changes nothing."""
        self._parts[key >> 24].append(key << 32 | value)

    def build(self) -> Multimap:
        """The table; leaves the builder empty."""
        size = sum(map(len, self._parts))
        bits, present = bits_for(size // _A_BUCKET), _Bits.for_keys(size)
        shift, starts, tails, values = 64 - bits, array("I", [0]), array("H"), array("I")
        for number, part in enumerate(self._parts):
            self._parts[number] = array("Q")
            for packed in sorted(set(part)):
                _open(starts, packed >> shift, len(values))
                present.add(packed >> 32)
                tails.append(packed >> 32 & 0xFFFF)
                values.append(packed & 0xFFFFFFFF)
        _open(starts, 1 << bits, len(values))
        return Multimap(starts, tails, values, present)


def _array(code: str, section: memoryview) -> array[int]:
    found = array(code)
    found.frombytes(section)
    return found


def bits_for(buckets: int) -> int:
    """The power of two that makes at least so many."""
    return min(_MOST_BITS, max(_FEWEST_BITS, buckets.bit_length()))


def _open(starts: array[int], bucket: int, position: int) -> None:
    """Everything up to ``bucket`` begins here, unless it has begun before."""
    missing = bucket + 1 - len(starts)
    if missing > 0:
        starts.extend([position] * missing)


class WordTable(Mapping[str, int]):
    """Words with a byte of marks each, in some twenty-five bytes; a word's number is its place."""

    __slots__ = ("_bits", "_blob", "_buckets", "_marks", "_offsets", "_shift")

    def __init__(self, blob: bytes, offsets: array[int], marks: bytearray, buckets: array[int], bits: _Bits) -> None:
        self._blob, self._offsets, self._marks, self._buckets, self._bits = blob, offsets, marks, buckets, bits
        self._shift = 33 - (len(buckets) - 1).bit_length()

    @classmethod
    def made_of(cls, words: Mapping[str, int]) -> WordTable:
        """A table of these words and their marks."""
        bits = bits_for(len(words) // _A_BUCKET)
        shift, present = 32 - bits, _Bits.for_keys(len(words))
        buckets, offsets, marks, blob = array("I", [0]), array("I", [0]), bytearray(), bytearray()
        for key, word in _by_hash(words):
            _open(buckets, key >> shift, len(marks))
            present.add(key)
            blob += word.encode()
            offsets.append(len(blob))
            marks.append(words[word])
        _open(buckets, 1 << bits, len(marks))
        return cls(bytes(blob), offsets, marks, buckets, present)

    @classmethod
    def of(cls, sections: Iterator[memoryview]) -> WordTable:
        """A table of its sections."""
        blob, offsets, marks = bytes(next(sections)), _array("I", next(sections)), bytearray(next(sections))
        return cls(blob, offsets, marks, _array("I", next(sections)), _Bits(bytearray(next(sections))))

    def sections(self) -> tuple[Section, ...]:
        """All that it consists of."""
        return self._blob, self._offsets, self._marks, self._buckets, self._bits.bits

    def __getitem__(self, word: str) -> int:
        number = self.number(word)
        if number < 0:
            raise KeyError(word)
        return self._marks[number]

    def __len__(self) -> int:
        return len(self._marks)

    def __iter__(self) -> Iterator[str]:
        return map(self.word, range(len(self._marks)))

    def listed(self) -> Iterator[tuple[str, int]]:
        """The words with their marks, by their numbers."""
        return zip(self, self._marks, strict=True)

    def number(self, word: str) -> int:
        """Its number; -1 for a word that is not here."""
        encoded = word.encode()
        key = crc32(encoded)
        if not self._bits.may_hold(key):
            return -1
        bucket, offsets = key >> self._shift, self._offsets
        for number in range(self._buckets[bucket], self._buckets[bucket + 1]):
            begin, end = offsets[number], offsets[number + 1]
            if end - begin == len(encoded) and self._blob[begin:end] == encoded:
                return number
        return -1

    def word(self, number: int) -> str:
        """The word with this number."""
        return self._blob[self._offsets[number] : self._offsets[number + 1]].decode()

    def marks(self, word: str) -> int:
        """Its marks; 0 for a word that is not here."""
        number = self.number(word)
        return self._marks[number] if number >= 0 else 0


def _by_hash(words: Iterable[str]) -> Iterator[tuple[int, str]]:
    parts: list[list[str]] = [[] for _ in range(_PARTS)]
    for word in words:
        parts[hash_of(word) >> 24].append(word)
    for part in parts:
        yield from sorted((hash_of(word), word) for word in part)
        part.clear()


class PairSet:
    """Which words follow each other in some pattern, by their hashes: eight bits a pair and more, and eight bytes.

    One in sixty pairs that were never added is answered for another's sake, so what follows must be verified.
    Of both hashes only as many bits matter as ``mask`` has.
    """

    __slots__ = ("_lengths", "_mask_of_lengths", "bits", "mask")

    def __init__(self, lengths: bytearray, bits: bytearray) -> None:
        self._lengths, self.bits = lengths, bits
        self._mask_of_lengths, self.mask = len(lengths) - 1, len(bits) * 8 - 1

    @classmethod
    def for_pairs(cls, count: int) -> PairSet:
        """For so many pairs, and none yet."""
        size = 1 << bits_for(count * 2)
        return cls(bytearray(size), bytearray(size * 2))

    @classmethod
    def of(cls, sections: Iterator[memoryview]) -> PairSet:
        """A set of its sections."""
        return cls(bytearray(next(sections)), bytearray(next(sections)))

    def sections(self) -> tuple[Section, ...]:
        """All that it consists of."""
        return self._lengths, self.bits

    def add(self, hashes: Iterable[int]) -> None:
        """The words of one pattern, in order."""
        listed = list(hashes)
        for first, second in pairwise(listed):
            key = spread(first) + second
            self.bits[(key & self.mask) >> 3] |= 1 << (key & 7)
        slot = (spread(listed[0]) + listed[1]) & self._mask_of_lengths
        self._lengths[slot] = max(self._lengths[slot], min(LONGEST, len(listed)))

    def parts(self, of_word: int) -> tuple[int, int]:
        """What a word's hash adds to the key of a pair that it is first of, and of one that it is second of."""
        return spread(of_word) & self.mask, of_word & self.mask

    def holds(self, key: int) -> bool:
        """Does any pattern have these two beside each other? Loops over many pairs look at ``bits`` themselves."""
        return self.bits[(key & self.mask) >> 3] >> (key & 7) & 1 == 1

    def any_holds(self, leads: Iterable[int], lows: Sequence[int]) -> bool:
        """Does any pattern have one of these (parts of keys) before one of those?"""
        bits, mask = self.bits, self.mask
        for lead in leads:
            for low in lows:
                key = lead + low
                if bits[(key & mask) >> 3] >> (key & 7) & 1:
                    return True
        return False

    def length_of(self, key: int) -> int:
        """The words of the longest pattern that begins with this pair, at most ``LONGEST``; 0 = none does."""
        return self._lengths[key & self._mask_of_lengths]
