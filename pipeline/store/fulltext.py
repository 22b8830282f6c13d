"""Full-text search over the entries, switched on and off."""

from __future__ import annotations

import sqlite3

from pipeline.store.queries import QUERIES

_TRIGGERS = ("entries_search_insert", "entries_search_delete", "entries_search_update")


def is_on(connection: sqlite3.Connection) -> bool:
    """Whether new entries are put into the index."""
    return bool(connection.execute(QUERIES["search_is_on"]).fetchone())


def switch(connection: sqlite3.Connection, *, on: bool) -> None:
    """Empties the index and leaves it so, or makes it anew from all entries; nothing where it is so already."""
    if is_on(connection) == on:
        return
    if on:
        connection.execute("INSERT INTO entries_fts (entries_fts) VALUES ('rebuild')")
        for name in _TRIGGERS:
            connection.execute(QUERIES[name])
        return
    for name in _TRIGGERS:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("INSERT INTO entries_fts (entries_fts) VALUES ('delete-all')")
