"""Where things are remembered, and for how long."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class StoreOptions(BaseModel):
    """Where things are remembered, and for how long."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database: Path = Field(
        Path("newsward.db"),
        description="the SQLite file, relative to newsward.toml; its folder is written to (run lock, WAL)",
    )
    busy_timeout: timedelta = Field(
        timedelta(seconds=30),
        ge=timedelta(),
        le=timedelta(minutes=10),
        description="how long `run`, `daemon`, `prune`, `backup` and `restore` wait for another program's transaction",
    )
    search: bool = Field(
        True,
        description="whether entries can be searched by words (`newsward search`, `entries_fts`); false = new entries "
        "cost less time and room. When it is true again, the next run makes the index anew",
    )
    retention: timedelta = Field(
        timedelta(days=90),
        ge=timedelta(days=7),
        le=timedelta(days=36500),
        description="how long an entry about no company is kept after its feed last told it; "
        "entries with hits, stories and alerts stay for ever",
    )
    indexes: timedelta = Field(
        timedelta(days=30),
        ge=timedelta(days=8),
        le=timedelta(days=36500),
        description="how long the indexes know an entry and a story, by which later ones find them; "
        "longer than `stories.copy_window`",
    )
    history: timedelta = Field(
        timedelta(days=30),
        ge=timedelta(days=2),
        le=timedelta(days=36500),
        description="how long `fetches` and `runs` are kept",
    )
