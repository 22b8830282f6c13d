"""The ways to write a company, worked out from each name: legal forms off, joined and split, short and long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.match import lexicon
from pipeline.match.kinds import Flavour, base_of, flavour_of
from pipeline.match.skeleton import is_unspaced, tokenise
from pipeline.model import Company, Method, Name, NameKind
from pipeline.text import fold

_PARENTHESIS = re.compile(r"\s*[(（][^)）]*[)）]\s*")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z]{2})(?=[A-Z][a-z])")
_ANDS = ("and", "und", "et", "y", "& amp")
_AMPERSAND = "&"
# Legal forms whose letter goes into an abbreviation: BPCL is Bharat Petroleum Corporation Limited.
_SPELT_OUT = frozenset({"limited", "ltd", "corporation", "corp"})
_SMALL = frozenset({"of", "and", "the", "&", "for", "de", "du", "der", "und"})
_JOINED_AT_LEAST = 5  # letters; shorter joins ("at t") are other words too often


@dataclass(frozen=True, slots=True)
class Form:
    """What a pattern says of one company: ``company`` is its place in the watchlist."""

    company: int
    name: str
    method: Method
    flavour: Flavour
    base: float  # points before the surroundings are looked at
    check: str = ""  # what the text must show: "" = nothing, "dotted", "split", "upper", "domain"
    derived: bool = False  # a short form that nobody listed
    own: frozenset[str] = frozenset()  # the words of all names of the company


def pattern_of(tokens: list[str] | tuple[str, ...]) -> str:
    """The string that the automaton looks for: boundary spaces, but not where unspaced script or Hangul ends."""
    opening = "" if is_unspaced(tokens[0][0]) else " "
    last = tokens[-1][-1]
    closing = "" if is_unspaced(last) or "\uac00" <= last <= "\ud7a3" else " "
    return f"{opening}{' '.join(tokens)}{closing}"


def is_spaced(first: str, last: str) -> bool:
    """Does a pattern with these outer tokens begin and end at a space?"""
    return (first + last).isascii() or pattern_of((first, last))[:: len(first) + len(last) + 2] == "  "


def forms_of(index: int, company: Company) -> Iterator[tuple[str, Form]]:
    """Every pattern of a company with what it stands for; the first for a pattern is the plainest."""
    listed = [name for name in (Name(company.name), *company.aliases) if name.text.strip()]
    own = frozenset(token for name in listed for token in tokenise(fold(name.text)))
    for name in listed:
        yield from ((pattern, replace(form, own=own)) for pattern, form in _of_name(index, name))
    # Whoever lists several names has listed the abbreviation that he wants found.
    if len({core_of(name.text) for name in listed}) == 1 and listed[0].kind is None:
        longest = max(listed, key=lambda name: len(name.text)).text
        yield from _abbreviated(index, longest, core_of(longest), tuple(tokenise(fold(longest))))
    for ticker in company.tickers:
        yield from _of_ticker(index, ticker)
    for domain in company.domains:
        tokens = tokenise(fold(domain.removeprefix("www.")))
        if len(tokens) > 1:
            yield (
                pattern_of(tokens),
                Form(index, domain, Method.DOMAIN, Flavour.DOMAIN, base_of(Flavour.DOMAIN, ()), "domain"),
            )


def core_of(text: str) -> tuple[str, ...]:
    """A name's tokens without legal forms; all of them if nothing else would be left."""
    folded = fold(text)
    for glued in lexicon.legal_glued():
        folded = folded.removesuffix(glued).removeprefix(glued)
    tokens = tokenise(folded) or tokenise(fold(text))
    return tuple(_without_legal_forms(tokens)) or tuple(tokens)


def _without_legal_forms(tokens: list[str]) -> list[str]:
    kept = list(tokens)
    changed = True
    while changed and len(kept) > 1:
        changed = False
        for size in range(min(5, len(kept) - 1), 0, -1):
            if " ".join(kept[-size:]) in lexicon.legal_after():
                kept, changed = kept[:-size], True
                break
    while len(kept) > 1 and kept[-1] in ("&", "and"):
        kept.pop()
    if len(kept) > 1 and kept[0] in lexicon.legal_before():
        kept.pop(0)
    return kept


def _of_name(index: int, name: Name) -> Iterator[tuple[str, Form]]:
    core = core_of(name.text)
    if not core:
        return
    if name.kind is NameKind.TICKER:
        yield from _of_ticker(index, name.text)
        return
    flavour = flavour_of(core, name.text, name.kind)
    listed = tuple(tokenise(fold(name.text)))
    yield pattern_of(core), Form(index, name.text, Method.EXACT, flavour, base_of(flavour, core))
    if listed != core:
        full = Flavour.DISTINCT if len(listed) > 1 and name.kind is None else flavour
        yield pattern_of(listed), Form(index, name.text, Method.EXACT, full, base_of(full, listed))
    for tokens, check in _respellings(core, name.text):
        single = len(tokens) == 1
        kept = flavour_of(tokens, "", name.kind) if single and len(core) > 1 else flavour
        if kept not in (Flavour.WORD, Flavour.WEAK) or flavour is kept:
            yield pattern_of(tokens), Form(index, name.text, Method.VARIANT, kept, base_of(kept, tokens), check)
    without = core_of(_PARENTHESIS.sub(" ", name.text)) if _PARENTHESIS.search(name.text) else ()
    for tokens in dict.fromkeys((*_shortened(core), *((without,) if without and without != core else ()))):
        short = flavour_of(tokens, "", name.kind)
        if len(tokens) > 1 or short is Flavour.DISTINCT:
            yield (
                pattern_of(tokens),
                Form(index, name.text, Method.VARIANT, short, base_of(short, tokens), derived=True),
            )


def _abbreviated(index: int, text: str, core: tuple[str, ...], listed: tuple[str, ...]) -> Iterator[tuple[str, Form]]:
    if not core or not core[0].isascii():
        return
    for tokens in dict.fromkeys(_initials(core, listed)):
        base = base_of(Flavour.ACRONYM, ("".join(tokens),))
        yield pattern_of(tokens), Form(index, text, Method.VARIANT, Flavour.ACRONYM, base, "upper", derived=True)


def _respellings(core: tuple[str, ...], text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Other spellings of the same words."""
    for i, token in enumerate(core):
        if token == _AMPERSAND and 0 < i < len(core) - 1:
            for word in _ANDS:
                yield (*core[:i], *word.split(), *core[i + 1 :]), ""
        elif token in ("and", "und", "et") and 0 < i < len(core) - 1:
            yield (*core[:i], "&", *core[i + 1 :]), ""
    for i, token in enumerate(core):
        for short in lexicon.shortenings().get(token, ()) if len(core) > 1 else ():
            yield (*core[:i], *short.split(), *core[i + 1 :]), ""
    if len(core) > 1:
        yield from _joined(core)
    yield from _split(core, text)


def _joined(core: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    words = tuple(token for token in core if token != _AMPERSAND)
    whole = "".join(words)
    if len(whole) >= _JOINED_AT_LEAST or len(core[-1]) == 1:
        yield (whole,), ""
    for i in range(len(core) - 1):
        if len(core) > 2 and "&" not in core[i : i + 2]:
            yield (*core[:i], core[i] + core[i + 1], *core[i + 2 :]), ""


def _split(core: tuple[str, ...], text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """``SoftBank`` as ``soft bank``, ``IBM`` as ``i b m``, ``JP Morgan`` as ``j p morgan``."""
    first = _PARENTHESIS.sub(" ", text).split()[:1]
    if not first or fold(first[0]) != core[0]:
        return
    parts = tuple(fold(part) for part in _CAMEL.split(first[0]))
    if len(parts) > 1 and min(map(len, parts)) > 1:
        yield (*parts, *core[1:]), "split"
        if len(parts[0]) <= 3 and first[0][: len(parts[0])].isupper():
            yield (*parts[0], *parts[1:], *core[1:]), ""
    if first[0].isupper() and first[0].isalpha() and first[0].isascii() and 2 <= len(first[0]) <= 4:
        yield (*core[0], *core[1:]), "" if len(core) > 1 else "dotted"


def _shortened(core: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The name without the words that describe its business, one fewer each time."""
    short = core
    while len(short) > 1 and short[-1] in (lexicon.describing_long() if len(short) > 2 else lexicon.describing()):
        short = short[:-1]
        if short[-1] not in ("&", "and", "of", "the"):
            yield short


def _initials(core: tuple[str, ...], listed: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """``L & T`` for Larsen & Toubro; ``BPCL`` for Bharat Petroleum Corp. Ltd.: of three words and more."""
    if len(core) == 3 and core[1] == "&":
        yield (core[0][0], "&", core[2][0])
    for words in (core, listed):
        letters = "".join(word[0] for word in words if word not in _SMALL)
        if words[-1] in lexicon.legal_after() and words[-1] not in _SPELT_OUT:
            continue
        if (
            3 <= len(letters) <= 5
            and letters.isalpha()
            and not lexicon.is_ordinary(letters, "en")
            and min(map(len, words)) > 1
        ):
            yield (letters,)


def _of_ticker(index: int, ticker: str) -> Iterator[tuple[str, Form]]:
    """The bare symbol in capitals; a long one that is no word serves as a name too."""
    symbol = ticker.rsplit(":", 1)[-1]
    stem = fold(re.split(r"[.\-]", symbol, maxsplit=1)[0])
    if not stem.isascii() or not stem.isalpha() or len(stem) < 3 or lexicon.is_word(stem, "en"):
        return
    loose = len(stem) >= 6 and not lexicon.is_person(stem)
    method = Method.VARIANT if loose else Method.TICKER
    flavour = Flavour.DISTINCT if loose else Flavour.TICKER
    check = "" if loose else "upper"
    yield pattern_of([stem]), Form(index, ticker, method, flavour, base_of(flavour, (stem,)), check, derived=loose)
