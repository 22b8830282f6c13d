"""What each name of a watchlist proves by itself, why, and what its owner should be told before the first run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.match import lexicon
from pipeline.match.forms import core_of
from pipeline.match.index import shared_names
from pipeline.match.kinds import KIND_OF, WHY, Flavour, flavour_of
from pipeline.match.skeleton import fold_han
from pipeline.model import Company, Name, NameKind, Watchlist

# What passes unaided in most texts (people's names, abbreviations) is worth no warning.
_NEEDS_HELP = {
    Flavour.WORD: "is an ordinary word too",
    Flavour.PROPER: "is the name of a people or a region too",
    Flavour.WEAK: "is too short to prove anything and counts only beside other evidence",
}
_OTHERS_SHOWN = 3  # companies of the same name that a warning lists


@dataclass(frozen=True, slots=True)
class ClassifiedName:
    """One name with its kind, forced or inferred; ``warning`` and ``remedy`` are for its owner, "" = none."""

    company_id: str
    text: str
    kind: NameKind
    sort: str  # finer than the kind: distinct, phrase, word, person, acronym, cjk ...
    why: str
    warning: str = ""
    remedy: str = ""


def classify(watchlist: Watchlist) -> tuple[ClassifiedName, ...]:
    """Every name and ticker in the order of the watchlist."""
    shared = shared_names(watchlist)
    return tuple(item for company in watchlist.companies for item in _of_company(company, watchlist.companies, shared))


def _of_company(
    company: Company, companies: tuple[Company, ...], shared: dict[str, tuple[int, ...]]
) -> Iterator[ClassifiedName]:
    for name in (Name(company.name), *company.aliases):
        core = core_of(name.text)
        if not core:
            yield ClassifiedName(
                company.id,
                name.text,
                NameKind.WEAK,
                Flavour.WEAK.value,
                "it has no letters",
                f"“{name.text}” cannot match",
                "write it with letters or digits",
            )
            continue
        flavour = flavour_of(core, name.text, name.kind)
        others = [companies[i].name for i in shared.get(" ".join(core), ()) if companies[i].id != company.id]
        kind = name.kind or KIND_OF[flavour]
        why = "set in the configuration" if name.kind else WHY[flavour]
        warning = _warning(name.text, company, flavour, others)
        yield ClassifiedName(company.id, name.text, kind, flavour.value, why, *warning)
    for ticker in company.tickers:
        yield ClassifiedName(company.id, ticker, NameKind.TICKER, Flavour.TICKER.value, WHY[Flavour.TICKER])


def _warning(text: str, company: Company, flavour: Flavour, others: list[str]) -> tuple[str, str]:
    """The warning and its remedy; context tells both kinds of doubt apart, a ticker helps a risky name only."""
    if others and not company.context:
        shown = ", ".join(others[:_OTHERS_SHOWN]) + (" and more" if len(others) > _OTHERS_SHOWN else "")
        return f"“{text}” is a name of {shown} too", "add context words that tell them apart"
    doubt = _NEEDS_HELP.get(flavour, "")
    if flavour is Flavour.CJK and fold_han(text) in lexicon.cues("zh").words:
        doubt = "is an ordinary Chinese word too"
    if doubt and not company.context and not company.tickers:
        remedy = "add context (words that stand beside it: products, people, trade) or a ticker"
        return f"“{text}” {doubt}", remedy
    return "", ""
