"""Round-ups: entries that tell the news of several companies, one after the other, and belong to no story."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from pipeline.dedup.wording import bare_title, stem, stop_words
from pipeline.text import fold, is_cjk

LISTED = 3  # companies, or pieces of news, make a list
NAME_WORDS = 2  # that a name in a list has, at most, beside words that any headline has
NAME_SIGNS = 4  # that a name has, at most, in scripts without spaces

_WORDS: dict[str, Any] = tomllib.loads(
    files("pipeline.dedup").joinpath("roundups.toml").read_text(encoding="utf-8"),
)


def _said(part: str) -> frozenset[str]:
    return frozenset(fold(" ".join(_WORDS[part].values())).split())


def _any_of(names: str) -> str:
    return "|".join(re.escape(fold(name.strip())) for name in sorted(names.split("|"), key=len, reverse=True))


_FORM, _ABOUT, _MOVING, _MOMENT, _MARKET = map(_said, ("form", "about", "moving", "moment", "market"))
_KNOWN = _FORM.union(_ABOUT, _MOVING, _MOMENT, _MARKET, _said("beside"), stop_words())
_IDLE = _KNOWN - _said("telling")  # "closes" beside a name tells something
_LABELS = _FORM | _ABOUT | _MOVING
_PHRASES = _WORDS["phrase"]["all"]
_PHRASE = re.compile(rf"\b(?:{_any_of(_PHRASES)})\b")
_MAY_BE_LABEL = _LABELS.union(fold(name).split()[-1] for name in _PHRASES.split("|"))
_FORMS, _BESIDE = _any_of(_WORDS["unspaced"]["forms"]), _any_of(_WORDS["unspaced"]["beside"])
_UNSPACED_FORM = re.compile(_FORMS)
_UNSPACED = re.compile(rf"(?>{_FORMS}|{_BESIDE}|[\d\W])+")  # as they stand: no other way to cut them is tried
_PART = re.compile(r"[:|–—•·丨【】\[\]()?!]+|\s[-/]\s")
_MORES = tuple(fold(more.strip()).rstrip(".") for more in _WORDS["more"]["all"].split("|"))
_MORE = re.compile(rf"[\s,、]*(?:{_any_of(_WORDS['more']['all'])})[\s.…]*$")
_COMMA = re.compile(r"[,、]|\s(?:&|and|und|et|y|e|и)\s")
_LISTS = re.compile("[,;、]")
# Vowel signs are no letters to \w, and would cut the words of Indian scripts and of Thai.
_WORD = re.compile(r"[\w\u0900-\u0963\u0966-\u0eff]+")

# A form is a label by itself; words of what is told are one beside a moment; a count or a market makes a label that is
# worth least: "5 things to watch", "stocks to watch".
Label = Literal["form", "dated", "counted", ""]


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of the companies, as they are sought in a folded headline."""

    words: frozenset[str]  # stems of those that tell a name from a label
    # Those sought as they stand: in scripts without spaces, and where all words are such as labels have.
    signs: tuple[str, ...]

    @classmethod
    def of(cls, names: Collection[str]) -> _Names:
        folded = [fold(name) for name in names]
        words = {stem(word) for name in folded for word in _WORD.findall(name.replace("_", " ")) if word not in _KNOWN}
        return cls(frozenset(words), tuple(filter(_is_sign, folded)))

    def in_(self, piece: str) -> frozenset[str]:
        """What of the names stands there."""
        stems = self.words.intersection(map(stem, _WORD.findall(piece)))
        return stems.union(name for name in self.signs if name in piece)

    def left(self, piece: str) -> list[str]:
        """The words of the piece that are neither of a name nor such as any label may have."""
        known = _IDLE if self.in_(piece) else _KNOWN
        for name in self.signs:
            piece = piece.replace(name, " ")
        words = [word for word in _WORD.findall(piece) if word not in known and not word.isdigit()]
        return [word for word in words if stem(word) not in self.words and not _UNSPACED.fullmatch(word)]

    def is_name(self, piece: str) -> bool:
        """May it be the name of a company, and no more? One of theirs, or a single word that nothing contradicts."""
        left = self.left(piece)
        if self.in_(piece):
            return not left
        return len(left) == 1 and not _is_unspaced(left[0])


def is_round_up(title: str, names: Collection[str], publisher: str = "") -> bool:
    """Does the headline announce several pieces of news that have nothing in common? ``names`` are those of the
    companies that the entry is about. Never without one: who follows none may well follow what an outlet tells every
    morning.

    It does when a part of it is a label made of nothing but words for round-ups, and the rest is no sentence, which
    would be the news of one company; when a list that is not told to its end names one of the companies and nothing
    else; or when three sentences stand in a row, two of which are about two of the companies.
    """
    if not names:
        return False
    folded = fold(title)
    may_have_label = _may_have_label(folded)
    if not may_have_label and not _LISTS.search(folded):
        return False
    folded = fold(bare_title(title, publisher))
    parts = _PART.split(folded)
    has_label = may_have_label and any(_label(part, is_first=True) for part in parts)
    if not has_label and not _has_more(folded) and folded.count(";") < LISTED - 1:
        return False
    own = _Names.of(names)
    return (has_label and _is_labelled(parts, own)) or _is_open_list(parts, own) or _is_row(folded, own)


def _may_have_label(folded: str) -> bool:
    return not _MAY_BE_LABEL.isdisjoint(_WORD.findall(folded)) or _has_unspaced_form(folded)


def _has_unspaced_form(folded: str) -> bool:
    return not folded.isascii() and bool(_UNSPACED_FORM.search(folded))


# --------------------------------------------------------------------------- labels


def _is_labelled(parts: Sequence[str], own: _Names) -> bool:
    """Is one of the parts a label that the others bear out?

    In front a label speaks of what follows. Behind, only a form does: "Boeing strike: what we know today" is about the
    strike. A sentence is the news of one company, whatever stands before or after it.
    """
    for place, part in enumerate(parts):
        before = [one for one in parts[:place] if own.in_(one) or own.left(one)]
        label = _label(part, is_first=not before)
        if label == "form" or (label and not before):
            rest = [one for one in (*before, *parts[place + 1 :]) if own.in_(one) or own.left(one)]
            return not rest or _bear_out(label, " : ".join(rest), own, is_behind=bool(before))
    return False


def _label(part: str, *, is_first: bool) -> Label:
    """Which label the part is, when it is nothing else. A count stands in front: "5 things to know" of nothing else."""
    if _has_unspaced_form(part) and _UNSPACED.fullmatch(part):
        return "form"
    bare, phrases = _PHRASE.subn(" ", part)
    words = _WORD.findall(bare)
    if not all(word in _KNOWN or word.isdigit() for word in words):
        return ""
    if phrases or not _FORM.isdisjoint(words):
        return "form"
    if not _MOMENT.isdisjoint(words) and not _LABELS.isdisjoint(words):
        return "dated"
    is_count = is_first and bool(words) and words[0].isdigit() and not _LABELS.isdisjoint(words)
    is_of_market = not _MOVING.isdisjoint(words) and not _MARKET.isdisjoint(words)
    return "counted" if is_count or is_of_market else ""


def _bear_out(label: Label, told: str, own: _Names, *, is_behind: bool) -> bool:
    """Is what stands beside the label no sentence? Several are none, but only behind it."""
    pieces = [piece for piece in _LISTS.split(_MORE.sub("", told)) if _WORD.search(piece)]
    if len(pieces) < 2:
        return label != "counted" and _is_no_sentence(told, own)
    return _are_names(pieces, own) or (not is_behind and _are_news(pieces, own, is_parted=";" in told))


def _is_no_sentence(told: str, own: _Names) -> bool:
    """Nothing but names, or a word that may be one."""
    left = own.left(told)
    return not left or own.is_name(told) or (len(left) == 1 and not own.in_(told) and _is_short(left))


def _are_names(pieces: Sequence[str], own: _Names) -> bool:
    """Names in a row, each with a word at most: "Nokia's layoffs, Telia's fine"."""
    return max(_size(piece, own) for piece in pieces) <= NAME_WORDS


def _are_news(pieces: Sequence[str], own: _Names, *, is_parted: bool) -> bool:
    """Several pieces of news: of two companies, or so many that they are hardly one's."""
    named = [own.in_(piece) for piece in pieces]
    if sum(map(bool, named)) >= 2 and named[0].isdisjoint(frozenset().union(*named[1:])):
        return True
    if is_parted and not any(named):
        return True
    sizes = [_size(piece, own) for piece in pieces]  # "recalls vans, cars, trucks" is a single piece
    return len(sizes) >= LISTED and (is_parted or sizes[0] == 1 or min(sizes) >= NAME_WORDS)


def _size(piece: str, own: _Names) -> int:
    """How many words the piece has, a name of theirs being one; many for a sentence in a script without spaces."""
    left, is_named = own.left(piece), bool(own.in_(piece))
    if any(map(_is_unspaced, left)) and (is_named or not _is_short(left)):
        return NAME_WORDS + 1
    return len(left) + is_named


def _is_short(left: Sequence[str]) -> bool:
    return all(len(word) <= NAME_SIGNS for word in left if _is_unspaced(word))


def _is_sign(name: str) -> bool:
    words = _WORD.findall(name)
    return bool(words) and (_is_unspaced(words[0]) or (len(words) > 1 and _KNOWN.issuperset(words)))


def _is_unspaced(word: str) -> bool:
    return is_cjk(word[0]) or "\u0e00" <= word[0] <= "\u0eff"


# --------------------------------------------------------------------------- lists


def _is_open_list(parts: Sequence[str], own: _Names) -> bool:
    """Names in a row, one of them the company's, of which not all are told: "Apple, Toyota, Visa and more".

    The first must be a name as well: "EU fines Apple, Visa and others" tells of one fine.
    """
    if not _has_more(parts[-1]):
        return False
    pieces: Sequence[str] = _COMMA.split(_MORE.sub("", parts[-1]).strip(" ,、"))
    if len(pieces) < LISTED - 1 or any(map(own.in_, parts[:-1])):
        return False
    return own.is_name(pieces[0]) and any(own.in_(one) and len(own.left(one)) < NAME_WORDS for one in pieces)


def _has_more(listed: str) -> bool:
    return listed.rstrip(" .…").endswith(_MORES)


def _is_row(folded: str, own: _Names) -> bool:
    """Sentences in a row, two about two companies: "Apple sues; Toyota recalls; Visa loses"."""
    told = [own.in_(one) for one in folded.split(";")]
    named = [names for names in told if names]
    is_one_each = len(frozenset().union(*named)) == sum(map(len, named))
    return len(told) >= LISTED and len(named) >= 2 and is_one_each
