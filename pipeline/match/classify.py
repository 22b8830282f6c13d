"""What each name of a watchlist proves by itself, why, and what its owner should be told before the first run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.match.forms import core_of
from pipeline.match.index import shared_names
from pipeline.match.kinds import KIND_OF, WHY, Flavour, flavour_of
from pipeline.model import Company, Name, NameKind, Watchlist

_RISKY = {
    Flavour.WORD: "is an ordinary English word",
    Flavour.PERSON: "is a person's name too",
    Flavour.PROPER: "is the name of a people or a region too",
    Flavour.ACRONYM: "is a short abbreviation that others use too",
    Flavour.CJK: "is so short that it occurs inside other words",
    Flavour.WEAK: "is too short to prove anything and counts only beside other evidence",
}
# What passes unaided in most texts is worth no warning.
_NEEDS_HELP = frozenset({Flavour.WORD, Flavour.PROPER, Flavour.WEAK})


@dataclass(frozen=True, slots=True)
class ClassifiedName:
    """One name with its kind, forced or inferred; ``warning`` is a sentence for its owner, "" = none."""

    company_id: str
    text: str
    kind: NameKind
    why: str
    warning: str = ""


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
                company.id, name.text, NameKind.WEAK, "it has no letters", f"“{name.text}” cannot match"
            )
            continue
        flavour = flavour_of(core, name.text, name.kind)
        others = [companies[i].name for i in shared.get(" ".join(core), ()) if companies[i].id != company.id]
        kind = name.kind or KIND_OF[flavour]
        why = "set in the configuration" if name.kind else WHY[flavour]
        yield ClassifiedName(company.id, name.text, kind, why, _warning(name.text, company, flavour, others))
    for ticker in company.tickers:
        yield ClassifiedName(company.id, ticker, NameKind.TICKER, WHY[Flavour.TICKER])


def _warning(text: str, company: Company, flavour: Flavour, others: list[str]) -> str:
    if others:
        return f"“{text}” is a name of {', '.join(others)} too; add context words to tell them apart"
    if flavour in _NEEDS_HELP and not company.context:
        return f"“{text}” {_RISKY[flavour]}; add context words or a ticker"
    return ""
