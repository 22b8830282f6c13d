"""``newsward feeds parameters``: what was learned of the parameters in addresses, and a person's word on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from pipeline.cli.output import print_json, print_table, say
from pipeline.cli.root import now
from pipeline.cli.show import show
from pipeline.errors import InputError
from pipeline.fetch import public_url
from pipeline.store import Store
from pipeline.urls import canonical_url, host_of

Json = Annotated[bool, typer.Option("--json", help="One JSON line a parameter, or a pair of addresses.")]


def add_commands(app: typer.Typer) -> None:
    """Puts the command of this module among those of ``feeds``."""
    app.command("parameters")(parameters)


def parameters(
    context: typer.Context,
    host: Annotated[str, typer.Argument(help="Of this host only: its name, or an address on it.")] = "",
    name: Annotated[str, typer.Argument(help="Of this parameter: the pairs of addresses that tell of it.")] = "",
    tracking: Annotated[bool, typer.Option("--tracking", help="It is tracking, whatever was seen.")] = False,
    identity: Annotated[bool, typer.Option("--identity", help="It tells articles apart, whatever was seen.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Forget what was said and seen; learn anew.")] = False,
    json: Json = False,
) -> None:
    """Show which parameters of addresses were learned to be tracking.

    Three articles of a host whose own feeds or pages told each of them under two addresses that differ in this
    parameter alone make it tracking; one pair that tells different things makes it part of the identity for good. What
    is stored already stays as it is.

    \b
    Examples:
      newsward --config my-watch feeds parameters
      newsward --config my-watch feeds parameters news.example ref --identity
    """
    words = [tracking, identity, forget]
    if sum(words) > 1:
        raise InputError("--tracking, --identity and --forget contradict each other: give one of them")
    place = _host(host)
    if any(words) and not name:
        raise InputError("say of which parameter: newsward feeds parameters HOST NAME --identity")
    with Store.open(context.obj.database(), create=any(words)) as store:
        if any(words):
            store.judge_parameter(place, name, is_tracking=None if forget else tracking, now=now())
            if not json:
                said = (
                    "is forgotten" if forget else f"is {'tracking' if tracking else 'part of the identity'} from now on"
                )
                say(f"{name} of {place}: {said}")
        if name and not any(words):
            _show_pairs(place, name, store.rows("parameter_pairs", host=place, name=name), as_json=json)
            return
        rows = [row for row in store.rows("parameters_shown", host=place) if not name or row["name"] == name]
    show(rows, ("host", "name", "verdict", "decided_by", "confirmations", "noted_at"), as_json=json)


def _host(words: str) -> str:
    """The host as it stands in canonical addresses."""
    if not words:
        return ""
    host = host_of(canonical_url(words if "://" in words else f"https://{words}"))
    if not host:
        raise InputError(f"{words!r} is no host: write it as news.example")
    return host


def _show_pairs(host: str, name: str, rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    pairs = [
        {
            "host": host,
            "name": name,
            "tells": "the same" if row["is_same"] else "other things",
            "one": public_url(row["one"]),
            "other": public_url(row["other"]),
            "noted_at": row["noted_at"],
        }
        for row in rows
    ]
    if as_json:
        for pair in pairs:
            print_json(pair)
    elif pairs:
        columns = ("tells", "one", "other", "noted_at")
        print_table(columns, [tuple(pair[column] for column in columns) for pair in pairs], title=f"{name} of {host}")
    else:
        say(f"nothing was learned of {name} of {host}")
