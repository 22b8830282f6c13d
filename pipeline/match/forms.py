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
_SMALL = frozenset(
    "of and the & for de du der und fur in von zu am im di e y et la le les del van en do da dos das".split()  # noqa: SIM905 - a table
)
_TICKER_TAILS = frozenset({"", "ltd", "india", "ind", "corp", "inc", "co"})
_GLUED_AT_LEAST = 4  # characters that must be left of a name without spaces
TOLD_LATER = frozenset({"", "split", "domain"})  # checks that a lone word may pass whatever it looks like
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
    confirmed: bool = False  # derived, but the ticker says the same
    doubt: str = "short"  # why a derived form may be another's: "short" or "beginning"
    own: frozenset[str] = frozenset()  # the words of all names of the company
    heads: bool = False  # a longer name of the company begins so: Delta, of Delta Air Lines


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
    symbols = frozenset(_stem(ticker) for ticker in company.tickers)
    for name in listed:
        heads = any(_heads(core_of(name.text), core_of(other.text)) for other in listed)
        yield from ((pattern, replace(form, own=own, heads=heads)) for pattern, form in _of_name(index, name))
    # Whoever lists several names has listed the abbreviation that he wants found.
    if len({core_of(name.text) for name in listed}) == 1 and listed[0].kind is None:
        longest = max(listed, key=lambda name: len(name.text)).text
        yield from _abbreviated(index, longest, core_of(longest), tuple(tokenise(fold(longest))), symbols)
    for ticker in company.tickers:
        yield from _of_ticker(index, ticker)
        yield from _named_by_ticker(index, listed[0].text, ticker)
    for domain in company.domains:
        tokens = tokenise(fold(domain.removeprefix("www.")))
        if len(tokens) > 1:
            yield (
                pattern_of(tokens),
                Form(index, domain, Method.DOMAIN, Flavour.DOMAIN, base_of(Flavour.DOMAIN, ()), "domain"),
            )


def _heads(core: tuple[str, ...], longer: tuple[str, ...]) -> bool:
    rest = longer[len(core) :]
    return bool(core) and bool(rest) and longer[: len(core)] == core and rest[0] not in lexicon.describing()


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
        is_rare = kept is Flavour.WORD and len(tokens) == 1 and lexicon.is_rare(tokens[0])  # Footlocker
        if kept not in (Flavour.WORD, Flavour.WEAK) or flavour is kept or is_rare:
            yield pattern_of(tokens), Form(index, name.text, Method.VARIANT, kept, base_of(kept, tokens), check)
    without = core_of(_PARENTHESIS.sub(" ", name.text)) if _PARENTHESIS.search(name.text) else ()
    for tokens in dict.fromkeys((*_shortened(core), *((without,) if without and without != core else ()))):
        short = flavour_of(tokens, "", name.kind)
        if (len(tokens) > 1 or short is Flavour.DISTINCT) and max(map(len, tokens)) > 2:
            yield (
                pattern_of(tokens),
                Form(index, name.text, Method.VARIANT, short, base_of(short, tokens), derived=True),
            )
            for parts, check in _split(tokens, name.text) if short is Flavour.DISTINCT else ():
                yield (
                    pattern_of(parts),
                    Form(index, name.text, Method.VARIANT, short, base_of(short, parts), check, True),
                )
    if name.kind is None:
        yield from _beginnings(index, name.text, core)


def _abbreviated(
    index: int, text: str, core: tuple[str, ...], listed: tuple[str, ...], symbols: frozenset[str]
) -> Iterator[tuple[str, Form]]:
    """The initials; of several the one that the exchange uses, if it uses one of them."""
    if not core or not core[0].isascii():
        return
    initials = list(dict.fromkeys(_initials(core, listed)))
    # SAIL for Steel Authority of India: the exchange spells out a Limited that the list leaves out.
    initials += [
        (f"{letters[0]}{tail}",) for letters in initials[:1] for tail in ("l", "c") if f"{letters[0]}{tail}" in symbols
    ]
    confirmed = [tokens for tokens in initials if "".join(tokens) in symbols]
    plain = next(_initials(core, core), ())
    for tokens in confirmed or initials:
        if len(tokens[0]) == 3 and tokens != plain and not confirmed:
            continue  # three letters, one of them of Ltd or Corp: they are another firm's more often than not
        base = base_of(Flavour.ACRONYM, ("".join(tokens),))
        form = Form(index, text, Method.VARIANT, Flavour.ACRONYM, base, "upper", derived=True)
        yield pattern_of(tokens), replace(form, confirmed=bool(confirmed))
    # Whoever writes BoB for Bank of Baroda writes small words small.
    letters = tuple(word[0] for word in core)
    if 3 <= len(letters) <= 5 and any(word in _SMALL for word in core[1:-1]) and "&" not in core:
        written = "".join(word[0] if word in _SMALL else word[0].upper() for word in core)
        base = base_of(Flavour.ACRONYM, (written.lower(),))
        form = Form(index, text, Method.VARIANT, Flavour.ACRONYM, base, f"={written}", derived=True)
        yield pattern_of(["".join(letters)]), form


def _respellings(core: tuple[str, ...], text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Other spellings of the same words."""
    for i, token in enumerate(core):
        if token == _AMPERSAND and 0 < i < len(core) - 1 and min(len(core[i - 1]), len(core[i + 1])) > 4:
            yield (*core[:i], *core[i + 1 :]), ""
        if token == _AMPERSAND and 0 < i < len(core) - 1:
            for word in _ANDS:
                yield (*core[:i], *word.split(), *core[i + 1 :]), ""
        elif token in ("and", "und", "et") and 0 < i < len(core) - 1:
            yield (*core[:i], "&", *core[i + 1 :]), ""
    for i, token in enumerate(core):
        for short in lexicon.shortenings().get(token, ()) if len(core) > 1 else ():
            yield (*core[:i], *short.split(), *core[i + 1 :]), ""
    for plain in _without_gaps(core):
        yield plain, ""
        for i, token in enumerate(plain):
            yield from (
                ((*plain[:i], *short.split(), *plain[i + 1 :]), "") for short in lexicon.shortenings().get(token, ())
            )
    if len(core) > 1:
        yield from _joined(core)
    yield from _split(core, text)


def _without_gaps(core: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """``V I P Industries`` as VIP Industries, ``Divi's Laboratories`` as Divi and Divis, ``Real Estate`` as Realty."""
    size = next((i for i, token in enumerate(core) if len(token) > 1), len(core))
    if 2 <= size < len(core):
        yield ("".join(core[:size]), *core[size:])
    for i in range(1, len(core) - 1):
        if core[i] == "s" and len(core[i - 1]) > 2:
            yield (*core[:i], *core[i + 1 :])
            yield (*core[: i - 1], core[i - 1] + "s", *core[i + 1 :])
        if core[i : i + 2] == ("real", "estate"):
            yield (*core[:i], "realty", *core[i + 2 :])


def _joined(core: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    words = tuple(token for token in core if token != _AMPERSAND)
    whole = "".join(words)
    is_owner = core[-1] == "s" and len(core[-2]) > 2  # Kohl's
    # "Us E" is not meant by "use", nor "Se T" by "set".
    if len(whole) >= _JOINED_AT_LEAST or is_owner or (len(core[-1]) == 1 and not lexicon.is_ordinary(whole, "en")):
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
    for glued in lexicon.describing_glued() if not core[-1].isascii() else ():
        if core[-1].endswith(glued) and len(core[-1]) - len(glued) >= _GLUED_AT_LEAST:
            yield (*core[:-1], core[-1].removesuffix(glued))
            break
    short = core
    while len(short) > 1 and short[-1] in (lexicon.describing_long() if len(short) > 2 else lexicon.describing()):
        short = short[:-1]
        if short[-1] not in ("&", "and", "of", "the"):
            yield short


def _beginnings(index: int, text: str, core: tuple[str, ...]) -> Iterator[tuple[str, Form]]:
    """How a long name is cut short: its first two words, or what stands before ``of`` and a country."""
    if not core[0].isascii():
        return
    for place, word in enumerate(core[:-1]):
        if word == "of" and place > 1 and core[place + 1] in lexicon.countries():
            flavour = flavour_of(core[:place], "")
            yield pattern_of(core[:place]), _beginning(index, text, flavour, core[:place], "short")
    two = core[:2]
    if (
        len(core) > 2
        and core[1] not in _SMALL
        and any(map(_is_distinct, two))
        and " ".join(two) not in lexicon.places()
    ):
        yield pattern_of(two), _beginning(index, text, Flavour.DISTINCT, two, "beginning")


def _is_distinct(token: str) -> bool:
    """Is the word a name by itself, and not a trade (Fertilisers)?"""
    if len(token) < 4 or not token.isalpha() or token in lexicon.describing_long() | lexicon.siblings():
        return False
    return flavour_of((token,), token.capitalize()) is Flavour.DISTINCT


def _beginning(index: int, text: str, flavour: Flavour, tokens: tuple[str, ...], doubt: str) -> Form:
    return Form(index, text, Method.VARIANT, flavour, base_of(flavour, tokens), derived=True, doubt=doubt)


def _initials(core: tuple[str, ...], listed: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """``L & T`` for Larsen & Toubro; ``BPCL`` for Bharat Petroleum Corp. Ltd.: of three words and more."""
    if len(core) == 3 and core[1] == "&":
        yield (core[0][0], "&", core[2][0])
    for words in (core, listed):
        spelt = [word for word in words if word not in _SMALL]
        letters = "".join(word[0] for word in spelt)
        if words[-1] in lexicon.legal_after() and words[-1] not in _SPELT_OUT:
            continue
        if 3 <= len(letters) <= 5 and letters.isalpha() and min(map(len, spelt)) > 1:
            yield (letters,)


def _stem(ticker: str) -> str:
    return fold(re.split(r"[.\-]", ticker.rsplit(":", 1)[-1], maxsplit=1)[0])


def _named_by_ticker(index: int, text: str, ticker: str) -> Iterator[tuple[str, Form]]:
    """The first word of the name alone, where the ticker says that it is called so: DABUR for Dabur India."""
    core, stem = core_of(text), _stem(ticker)
    rest = stem.removeprefix(core[0]) if core else stem
    if len(core) < 2 or rest == stem or rest not in _TICKER_TAILS or len(core[0]) < 3 or not core[0].isalpha():
        return
    flavour = flavour_of(core[:1], core[0].capitalize())
    if rest and flavour is Flavour.WORD:
        return
    form = Form(index, text, Method.VARIANT, flavour, base_of(flavour, core[:1]), derived=True, confirmed=True)
    yield pattern_of(core[:1]), form


def _of_ticker(index: int, ticker: str) -> Iterator[tuple[str, Form]]:
    """The bare symbol in capitals; a long one that is no word serves as a name too."""
    stem = _stem(ticker)
    if not stem.isascii() or not stem.isalpha() or len(stem) < 3 or lexicon.is_word(stem, "en"):
        return
    loose = len(stem) >= 6 and not lexicon.is_person(stem)
    method = Method.VARIANT if loose else Method.TICKER
    flavour = Flavour.DISTINCT if loose else Flavour.TICKER
    check = "" if loose else "upper"
    yield pattern_of([stem]), Form(index, ticker, method, flavour, base_of(flavour, (stem,)), check, derived=loose)
