"""Newsward: polls feeds, finds the entries about tracked companies, tells one story once."""

__version__ = "0.1.0"
