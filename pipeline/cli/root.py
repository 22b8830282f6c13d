"""The root of the command line: global options, exit codes, and which commands there are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline import __version__
from pipeline.alert import Channel, Rhythm
from pipeline.config import Config, ConfigFiles, channel_of, database_of, health_of, load
from pipeline.observe import HealthOptions, configure_logging

app = typer.Typer(
    name="newsward",
    help="Watches news feeds for the companies you track; one story, one alert.",
    epilog="Begin with `newsward demo`, or with `newsward init my-watch`. `newsward COMMAND --help` shows examples. "
    "Exit codes: 0 done, 1 failed, 2 bad usage, input or configuration.",
    context_settings={"help_option_names": ["-h", "--help"]},  # of the commands too
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The global options as given."""

    config: Path | None
    verbose: bool

    def load(self, files: ConfigFiles | None = None) -> Config:
        """The configuration, with logging set up as it says; what was read is noted. Raises ConfigError."""
        config = load(self.config, os.environ, files)
        level = "debug" if self.verbose else config.log.level
        configure_logging(format=config.log.format, level=level, secrets=config.secrets)
        return config

    def database(self) -> Path:
        """Where the database lies; nothing else of the configuration is read. Raises ConfigError."""
        return database_of(self.config, os.environ)

    def channel(self, name: str) -> tuple[Channel, Rhythm]:
        """One channel and its rhythm; nothing else of the configuration is read. Raises ConfigError, InputError."""
        channel, rhythm, secrets = channel_of(self.config, os.environ, name)
        configure_logging(level="debug" if self.verbose else "info", secrets=secrets)
        return channel, rhythm

    def health(self) -> tuple[Path, HealthOptions]:
        """The database and what counts as trouble; nothing else of the configuration is read. Raises ConfigError."""
        return health_of(self.config, os.environ)


def company_named(asked: str, names: Mapping[str, str]) -> str | None:
    """The id of the company that somebody means, of names by id: the one of this id, else the first of this name."""
    folded = asked.casefold()
    by_id = (one for one in names if one.casefold() == folded)
    by_name = (one for one, name in names.items() if name.casefold() == folded)
    return next(by_id, None) or next(by_name, None)


def now() -> datetime:
    """The one clock of the command line."""
    return datetime.now(UTC)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"newsward {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(help="A configuration folder or its newsward.toml; else $NEWSWARD_CONFIG, else ./config."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log everything, each feed included.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Global options."""
    # Until a configuration says otherwise: commands that read none must not mix logs into their data.
    configure_logging(level="debug" if verbose else "warning")
    context.obj = Settings(config, verbose)
