"""What the person configured, read once and checked whole; nothing else reads files or environment for it."""

from pipeline.config.checking import check
from pipeline.config.companies import load_companies
from pipeline.config.loading import Config, StoreOptions, database_of, load
from pipeline.config.problems import Problem

__all__ = ["Config", "Problem", "StoreOptions", "check", "database_of", "load", "load_companies"]
