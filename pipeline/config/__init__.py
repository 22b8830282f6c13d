"""What the person configured, read once and checked whole; nothing else reads files or environment for it.

What changes the files stands in ``editing.py`` alone, whose library the commands that only read need not load.
"""

from pipeline.config.checks import Reached, check, probe
from pipeline.config.companies import load_companies
from pipeline.config.files import ConfigFiles
from pipeline.config.loading import Config, channel_of, database_of, existing_main, health_of, load
from pipeline.config.naming import Named, holds, meant, spellings
from pipeline.config.problems import Problem, table_at
from pipeline.config.reading import DEFAULT_FOLDER
from pipeline.config.schemas import schemas, write_schemas, written

__all__ = [
    "DEFAULT_FOLDER",
    "Config",
    "ConfigFiles",
    "Named",
    "Problem",
    "Reached",
    "channel_of",
    "check",
    "database_of",
    "existing_main",
    "health_of",
    "holds",
    "load",
    "load_companies",
    "meant",
    "probe",
    "schemas",
    "spellings",
    "table_at",
    "write_schemas",
    "written",
]
