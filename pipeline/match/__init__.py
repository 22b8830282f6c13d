"""Finds the companies of a watchlist in an entry, with the evidence for and against."""

from pipeline.match.catalogue import read_companies_jsonl
from pipeline.match.classify import ClassifiedName, classify
from pipeline.match.engine import Explanation, MatchEngine
from pipeline.match.finder import RULE_VERSION, Candidate, Finder
from pipeline.match.names import AnyMatcher, Matcher

__all__ = [
    "RULE_VERSION",
    "AnyMatcher",
    "Candidate",
    "ClassifiedName",
    "Explanation",
    "Finder",
    "MatchEngine",
    "Matcher",
    "classify",
    "read_companies_jsonl",
]
