"""RSS, RDF, Atom and CDF to items: well-formed quickly, mended where templates slipped, else as feedparser can."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from lxml import etree

from pipeline.parse.child import read_apart
from pipeline.parse.items import CUT_OFF, Channel, Unreadable
from pipeline.parse.mistakes import (
    before_mistake,
    close_voids,
    declare,
    is_cut,
    mend,
    quote_values,
    rename_ends,
    whole_items,
)
from pipeline.parse.quick import UNBOUND, Unusual, parse_first_tree, parse_tree, read_tree
from pipeline.parse.xmlread import MAX_TAGS

_JUNK_BEHIND = etree.ErrorTypes.ERR_DOCUMENT_END
_UNBOUND = re.compile(r"Namespace prefix ([\w.-]+) (?:for [\w.:-]+ )?on [\w.:-]+ is not defined")
_REPAIRS: Mapping[int, tuple[Callable[[str], str], ...]] = {
    etree.ErrorTypes.ERR_TAG_NAME_MISMATCH: (close_voids, rename_ends),
    etree.ErrorTypes.ERR_ATTRIBUTE_NOT_STARTED: (quote_values,),
}
_MAX_REPAIRS = 12  # of one document, most of them prefixes that it forgot to declare
_MAX_MISTAKES = 100_000  # of a document that is mended; what stands before the next one is read


class _Spoilt(Exception):
    """So many mistakes stand before the end of the first item that it is none."""


def read_well_formed(utf8: bytes, *, url: str, netscape: bool = False) -> Channel | None:
    """The items of a document that begins with the start tag of its root; None if it is not well-formed UTF-8."""
    if len(utf8) > 2 * MAX_TAGS and utf8.count(b"<") > MAX_TAGS:
        return None
    try:
        return read_tree(parse_tree(utf8), url=url, netscape=netscape)
    except (etree.XMLSyntaxError, Unusual):
        return None


def read_xml(text: str, *, url: str, netscape: bool = False) -> Channel | Unreadable:
    """The items of a document that begins with the start tag of its root.

    ``url`` is the base of relative links; ``netscape``: the document type is Netscape's RSS 0.91.
    """
    if len(text) > 2 * MAX_TAGS and (tags := text.count("<")) > MAX_TAGS:
        return Unreadable(f"it has {tags} tags, more than {MAX_TAGS}")
    try:
        root, damage = _tree(text)
        channel = read_tree(root, url=url, netscape=netscape)
    except _Spoilt:
        return Unreadable(f"it has more than {_MAX_MISTAKES} mistakes")
    except (etree.XMLSyntaxError, Unusual):
        return read_apart(text, url=url, netscape=netscape)
    return Channel(channel.info, channel.items, channel.author, damage)


def _tree(text: str) -> tuple[etree._Element, str]:
    """The tree of a document, of a whole part of it, or of what it was meant to be; and what was wrong with it.

    Raises ``lxml.etree.XMLSyntaxError`` where more than templates slipped, ``_Spoilt`` where they slipped too often.
    """
    damage: list[str] = []
    for _ in range(_MAX_REPAIRS):
        try:
            return parse_tree(text.encode()), "; ".join(damage)
        except etree.XMLSyntaxError as error:
            if error.code == _JUNK_BEHIND:
                return parse_first_tree(text.encode()), "; ".join([*damage, "text behind the end was left out"])
            repaired, what = _repaired(text, error)
            if not repaired:
                raise
            text = repaired
            damage = [what, *damage] if what.startswith(CUT_OFF) else [*damage, what] if what else damage
    return parse_tree(text.encode()), "; ".join(damage)


def _repaired(text: str, error: etree.XMLSyntaxError) -> tuple[str, str]:
    """The document without the mistake that stopped the parser, "" if that cannot be known; what was done in words."""
    reason = str(error.msg)
    if len(text) > _MAX_MISTAKES and (readable := before_mistake(text, _MAX_MISTAKES + 1)):
        if whole := whole_items(readable):
            return whole, f"only what stands before its mistake number {_MAX_MISTAKES + 1} was read"
        raise _Spoilt
    if found := _UNBOUND.match(reason):
        return declare(text, found[1], UNBOUND), f"a prefix that is declared nowhere: {found[1]}"
    if is_cut(text):
        whole = whole_items(text)
        return whole, f"{CUT_OFF}: {reason}"
    for repair in (mend, *_REPAIRS.get(error.code, ())):
        if (mended := repair(text)) != text:
            return mended, f"mended: {reason}"
    return "", ""
