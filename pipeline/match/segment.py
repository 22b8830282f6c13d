"""Where words end in Chinese, which writes no spaces: is a name cut out of the middle of other words?

The likeliest reading of a short stretch, by the counts of its words, is compared with the likeliest one in which the
name stands whole: in 北京东路 the reading 北京 + 东路 beats 北 + 京东 + 路 by far.
"""

from __future__ import annotations

from functools import cache
from math import log

from pipeline.match import lexicon

_REACH = 5  # characters on either side that take part
_LONGEST = 4  # characters of a word
_UNKNOWN = 2.0  # a character that no word list has
_NAME = 60.0  # a tracked name counts at least as a word of this many occurrences: it is expected here
_MARGIN = 3.2  # natural log; what is less likely by this factor (some 25 times) is no reading


def is_cut_out(before: str, name: str, after: str, tails: frozenset[str] = frozenset()) -> bool:
    """Is the name between these texts more likely made of parts of other words than a word?

    ``tails`` are words that may be glued to the name and leave it the same (苹果公司 is no other word than 苹果).
    All in simplified characters.
    """
    before, after = before[-_REACH:], after[:_REACH]
    if any(after.startswith(tail) for tail in tails):
        after = ""
    count = max(lexicon.chinese().get(name, 0), _NAME)
    whole = _best(before) + log(count) - _total() + _best(after)
    return _best(before + name + after) - whole > _MARGIN


@cache
def _total() -> float:
    return log(sum(lexicon.chinese().values()))


def _best(text: str) -> float:
    """The log probability of the likeliest division into words."""
    words, total = lexicon.chinese(), _total()
    best = [0.0]
    for end in range(1, len(text) + 1):
        options = []
        for size in range(1, min(_LONGEST, end) + 1):
            count = words.get(text[end - size : end], _UNKNOWN if size == 1 else 0)
            if count:
                options.append(best[end - size] + log(count) - total)
        best.append(max(options))
    return best[-1]
