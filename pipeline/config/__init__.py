"""What the person configured, read once and checked whole; nothing else reads files or environment for it."""

from pipeline.config.checks import Reached, check, probe
from pipeline.config.companies import load_companies
from pipeline.config.files import ConfigFiles
from pipeline.config.loading import Config, database_of, existing_main, health_of, load
from pipeline.config.problems import Problem
from pipeline.config.reading import DEFAULT_FOLDER
from pipeline.config.schemas import schemas, write_schemas, written

__all__ = [
    "DEFAULT_FOLDER",
    "Config",
    "ConfigFiles",
    "Problem",
    "Reached",
    "check",
    "database_of",
    "existing_main",
    "health_of",
    "load",
    "load_companies",
    "probe",
    "schemas",
    "write_schemas",
    "written",
]
