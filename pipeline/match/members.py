"""The members of enumerations as attributes of plain objects, for what is asked of every occurrence.

To name a member of an enumeration takes Python 3.11 ten times as long (from 3.12 on as long as this), and one of a
class half as long again as one of an object.
"""

from __future__ import annotations

from pipeline import model
from pipeline.match import kinds


class _EntryFields:
    """Where a mention stands."""

    def __init__(self) -> None:
        self.TITLE = model.EntryField.TITLE
        self.TEXT = model.EntryField.TEXT
        self.URL = model.EntryField.URL


EntryField = _EntryFields()


class _Flavours:
    """What kind of word a name is."""

    def __init__(self) -> None:
        self.DISTINCT = kinds.Flavour.DISTINCT
        self.PHRASE = kinds.Flavour.PHRASE
        self.PROPER = kinds.Flavour.PROPER
        self.PERSON = kinds.Flavour.PERSON
        self.ACRONYM = kinds.Flavour.ACRONYM
        self.WORD = kinds.Flavour.WORD
        self.CJK = kinds.Flavour.CJK
        self.WEAK = kinds.Flavour.WEAK
        self.TICKER = kinds.Flavour.TICKER
        self.DOMAIN = kinds.Flavour.DOMAIN


Flavour = _Flavours()


class _Methods:
    """How a mention was found."""

    def __init__(self) -> None:
        self.EXACT = model.Method.EXACT
        self.VARIANT = model.Method.VARIANT
        self.FUZZY = model.Method.FUZZY
        self.TICKER = model.Method.TICKER
        self.DOMAIN = model.Method.DOMAIN


Method = _Methods()
