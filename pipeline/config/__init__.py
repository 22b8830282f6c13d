"""What the person configured, read once and checked whole; nothing else reads files or environment for it."""

from pipeline.config.checks import Reached, check, probe
from pipeline.config.companies import load_companies
from pipeline.config.editing import add_feed, add_feeds, add_source, editing, remove_feed
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
    "add_feed",
    "add_feeds",
    "add_source",
    "channel_of",
    "check",
    "database_of",
    "editing",
    "existing_main",
    "health_of",
    "holds",
    "load",
    "load_companies",
    "meant",
    "probe",
    "remove_feed",
    "schemas",
    "spellings",
    "table_at",
    "write_schemas",
    "written",
]
