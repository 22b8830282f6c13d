"""Which parameters of a host's addresses are tracking: what pairs of addresses have told, and what a person says."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from pipeline.model import Clue
from pipeline.store.columns import clean, stamp
from pipeline.store.queries import QUERIES

ENOUGH = 3  # articles that confirm it; the view ``parameter_list`` counts to the same number
MOST_NAMES = 40  # of one host: what invents a name for every link learns nothing more


def decided(connection: sqlite3.Connection, hosts: Collection[str]) -> Mapping[str, Mapping[str, bool]]:
    """By host and name, of parameters that are decided: True = tracking, False = part of the identity."""
    found = {}
    for host in sorted(hosts):
        rows = connection.execute(QUERIES["parameters_decided"], {"host": clean(host)}).fetchall()
        if rows:
            found[host] = {row["name"]: bool(row["is_tracking"]) for row in rows}
    return found


def note(connection: sqlite3.Connection, clues: Iterable[Clue], now: datetime) -> None:
    """Keeps what is needed of these clues: one for each article, none for what is decided, all of one against it."""
    rows = [{**_row(clue), "now": stamp(now), "enough": ENOUGH, "names": MOST_NAMES} for clue in clues]
    connection.executemany(QUERIES["parameter_clue"], rows)


def judge(connection: sqlite3.Connection, host: str, name: str, is_tracking: bool | None, now: datetime) -> None:
    """A person's word, which counts before what was seen; None = what was said and seen is forgotten."""
    asked = {"host": clean(host), "name": clean(name)}
    if is_tracking is None:
        connection.execute("DELETE FROM parameters WHERE host = :host AND name = :name", asked)
    else:
        connection.execute(QUERIES["parameter_judge"], {**asked, "is_same": int(is_tracking), "now": stamp(now)})


def _row(clue: Clue) -> dict[str, Any]:
    words = {name: clean(getattr(clue, name)) for name in ("host", "name", "address", "one", "other")}
    return {**words, "is_same": int(clue.is_same)}
