"""Whether an occurrence is whole and looks as its form demands: hidden boundaries, dots, capitals, gaps."""

from __future__ import annotations

from pipeline.match import lexicon
from pipeline.match.forms import Form
from pipeline.match.index import Found
from pipeline.match.members import EntryField, Flavour
from pipeline.match.place import Place

_AFTER = 12  # characters behind an occurrence that are looked at
_APOSTROPHES = frozenset("'\u2019`\u00b4")
# A Hangul name may be followed by these without a space: particles, and words of its own business.
_PARTICLES = tuple(
    "은 는 이 가 을 를 의 에 와 과 도 로 으로 에서 에게 까지 부터 만 측 그룹 코리아 주식 주가 전자 차 "  # noqa: SIM905 - a table
    "이나 보다 이라 라고 란 인 엔 선 서".split()
)


def is_whole(item: Found) -> bool:
    """Hangul and Katakana boundaries, which no space shows."""
    if item.skeleton.is_ascii:
        return True
    text, span = item.skeleton.folded_text, item.span
    before, after = text[max(0, span.start - 1) : span.start], text[span.end : span.end + _AFTER]
    first, last = text[span.start], text[span.end - 1]
    if "\u30a1" <= last <= "\u30ff" and "\u30a1" <= after[:1] <= "\u30ff" and after[:1] != "\u30fb":
        return after.startswith("グループ") or item.skeleton.where is EntryField.URL
    if "\u30a1" <= first <= "\u30ff" and "\u30a1" <= before <= "\u30ff" and before != "\u30fb":
        return False
    if "\uac00" <= last <= "\ud7a3" and "\uac00" <= after[:1] <= "\ud7a3":
        rest = after.split(maxsplit=1)[0].rstrip(",.!?\"')")
        return any(rest.startswith(particle) for particle in _PARTICLES) and len(rest) <= 4
    return True


def shows(form: Form, place: Place) -> bool:
    """Does the text show what this form asks for?"""
    if not form.check:
        return _is_joinable(form, place)
    found = place.found
    if form.check == "dotted":
        return "." in found and found[:1].isupper()
    if form.check == "split":
        return all(part[:1].isupper() for part in found.split()) or place.skeleton.style == "lower"
    if form.check == "upper":
        return (found.isupper() or _is_mixed(found, form)) and place.skeleton.style != "upper"
    if form.check.startswith("="):
        return found == form.check[1:]
    if form.check == "domain":
        return "." in found and " " not in found
    return _is_joinable(form, place)


def _is_mixed(found: str, form: Form) -> bool:
    """``RCom``, for the ticker RCOM."""
    return not form.derived and len(found) > 3 and sum(map(str.isupper, found)) > 1


def may_show(item: Found) -> bool:
    """Can the text show what any of the forms asks for? Of most lone words this is told without looking around."""
    meaning = item.meaning
    if item.first != item.last or meaning.shows_anyhow:
        return True
    surface = item.skeleton.surfaces[item.first]
    return not surface.isascii() or any(_may_be(form.check, surface) for form in meaning.forms)


def _may_be(check: str, surface: str) -> bool:
    if check == "upper":
        return surface.isupper() or (not surface.islower() and sum(map(str.isupper, surface)) > 1)
    return surface == check[1:] if check[:1] == "=" else check != "dotted"


def _is_joinable(form: Form, place: Place) -> bool:
    """A name of several words may not stretch over the end of a sentence or a list."""
    if form.flavour is Flavour.DOMAIN or place.span.first == place.span.last:
        return True
    tokens = place.skeleton.tokens
    return all(
        _joins(place.skeleton.gap(i), tokens[i - 1], tokens[i], form.name)
        for i in range(place.span.first + 1, place.span.last + 1)
    )


def _joins(gap: str, before: str, after: str, name: str) -> bool:
    """May this gap stand between two words of the name?"""
    if len(gap) > 4 or any(char in gap for char in ':!?|"'):
        return False
    if ";" in gap:
        return before == "amp"
    if after == "s" and not _APOSTROPHES.isdisjoint(gap):  # "Japan's" does not name Japan S
        return not _APOSTROPHES.isdisjoint(name)
    if "(" in gap or ")" in gap or "," in gap:
        return any(char in name for char in "(,") or after in lexicon.legal_after()
    return ". " not in gap or len(before) <= 2


def is_excluded(item: Found, company: int, exclusions: list[Found]) -> bool:
    """Does one of the company's own exclusion phrases cover the occurrence?"""
    return any(
        company in other.meaning.excluded
        and other.skeleton is item.skeleton
        and other.span.start <= item.span.start
        and item.span.end <= other.span.end
        for other in exclusions
    )
