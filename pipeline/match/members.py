"""The members of enumerations as attributes of plain classes, for what is asked of every occurrence.

To name a member of an enumeration takes Python 3.11 ten times as long (from 3.12 on as long as this).
"""

from __future__ import annotations

from pipeline import model
from pipeline.match import kinds


class EntryField:
    """Where a mention stands."""

    TITLE = model.EntryField.TITLE
    TEXT = model.EntryField.TEXT
    URL = model.EntryField.URL


class Flavour:
    """What kind of word a name is."""

    DISTINCT = kinds.Flavour.DISTINCT
    PHRASE = kinds.Flavour.PHRASE
    PROPER = kinds.Flavour.PROPER
    PERSON = kinds.Flavour.PERSON
    ACRONYM = kinds.Flavour.ACRONYM
    WORD = kinds.Flavour.WORD
    CJK = kinds.Flavour.CJK
    WEAK = kinds.Flavour.WEAK
    TICKER = kinds.Flavour.TICKER
    DOMAIN = kinds.Flavour.DOMAIN


class Method:
    """How a mention was found."""

    EXACT = model.Method.EXACT
    VARIANT = model.Method.VARIANT
    FUZZY = model.Method.FUZZY
    TICKER = model.Method.TICKER
    DOMAIN = model.Method.DOMAIN
