"""``newsward alerts list|retry|replay|test``: what was owed, what is to be tried again, and whether a channel works."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from pipeline.alert import replayed, trial
from pipeline.app import send_owed
from pipeline.cli.output import print_json, print_table, progress_bar, say, tell
from pipeline.cli.root import Settings, now
from pipeline.cli.show import Json, Limit, show, stored_rows
from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.model import SendFailed
from pipeline.plugins import duration, nearest
from pipeline.store import Store
from pipeline.text import to_iso

app = typer.Typer(help="Alerts: what was owed to a channel, and what came of it.", no_args_is_help=True)

_STATES = ("pending", "sent", "dead")
_CAME_TO = {
    "sent": "sent",
    "pending": "to be tried again",
    "held": "held by quiet hours or a cap",
    "dead": "given up",
}
_WAITS_FOR = {"quiet": "quiet hours", "cap": "max_per_hour"}
Line = Annotated[bool, typer.Option("--json", help="One JSON line that says what was done.")]


@app.command("list")
def list_alerts(
    context: typer.Context,
    channel: Annotated[str, typer.Option(help="Only this channel's, by its id.")] = "",
    state: Annotated[str, typer.Option(help="Only those that are pending, sent or dead (given up).")] = "",
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """The newest alerts: sent, waiting or given up, and why.

    `waits` tells for what and until when (UTC); `error` what the last attempt came to.

    \b
    Examples:
      newsward --config my-watch alerts list --limit 5
      newsward --config my-watch alerts list --state dead --json
    """
    if state and state not in _STATES:
        raise typer.BadParameter(f"must be one of {', '.join(_STATES)}", param_hint="--state")
    rows = stored_rows(context, "alert_list", channel=channel, state=state, limit=limit)
    if not json:
        moment = to_iso(now())
        rows = [{**row, "waits": _waits(row, moment)} for row in rows]
    columns = ("created_at", "state", "channel", "attempts", "rule", "title", "waits", "error", "id")
    show(rows, columns, spare=("attempts", "rule", "id"), as_json=json)


@app.command("retry")
def retry(
    context: typer.Context,
    alerts: Annotated[list[str] | None, typer.Argument(help="Ids of alerts, as `alerts list` shows them.")] = None,
    channel: Annotated[str, typer.Option(help="All that wait for a further attempt by this channel.")] = "",
    all_dead: Annotated[
        bool, typer.Option("--all-dead", help="All that were given up, of --channel if it is named.")
    ] = False,
    json: Line = False,
) -> None:
    """Try alerts again now that wait, or were given up.

    What was given up has all its attempts before it again, under the id that it had. Quiet hours and the cap of a
    channel hold it like any other. Exits with 1 when one of them still waits or was refused.

    \b
    Examples:
      newsward --config my-watch alerts retry --all-dead
      newsward --config my-watch alerts retry --channel desk --json
    """
    if not (alerts or channel or all_dead):
        raise typer.BadParameter("name alerts, a --channel, or --all-dead", param_hint="ALERTS")
    config = _config(context, channel)
    state = "dead" if all_dead else "pending" if channel else ""
    moment = now()
    with _open(config) as store:
        known = store.alert_states(alerts or (), moment)
        if unknown := [one for one in alerts or () if one not in known]:
            raise InputError(f"no alert has the id {unknown[0]!r} (`newsward alerts list` shows them)")
        channels = store.retry_alerts(moment, ids=alerts or (), channel=channel, state=state)
        _finish(store, config, moment, channels, "retried", as_json=json)


@app.command("replay")
def replay(
    context: typer.Context,
    since: Annotated[str, typer.Option(help='Sent since then: "2 hours", 2026-03-05 or 2026-03-05T08:00 (UTC).')],
    channel: Annotated[str, typer.Option(help="Only what went by this channel.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many there are.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    json: Line = False,
) -> None:
    """Send again what was sent, for a receiver that has lost it.

    Each message goes out under a new id, marked `replay`, since receivers drop an id that they have seen. Warnings, and
    what was itself sent again, are left out. Exits with 1 when one of them could not be sent.

    \b
    Examples:
      newsward --config my-watch alerts replay --since "2 hours" --dry-run
      newsward --config my-watch alerts replay --since 2026-03-05 --yes
    """
    config, moment = _config(context, channel), now()
    start = _since(since, moment)
    with _open(config) as store:
        counts = store.rows("replayable_counts", since=to_iso(start), channel=channel)
        total = sum(row["alerts"] for row in counts)
        if dry_run or not total:
            line = {"since": to_iso(start), "replayed": 0, "would_replay": total, "channels": counts}
            _tell_counts(counts, start) if not json else print_json(line)
            return
        if not yes:
            _tell_counts(counts, start)
            _confirm(total)
        channels = store.replay_alerts(start, lambda alert: replayed(alert, moment), channel=channel)
        _finish(store, config, moment, channels, "replayed", as_json=json)


@app.command("test")
def send_test(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(help="The channel's id.")],
    json: Line = False,
) -> None:
    """Send a test message by a channel, at once.

    It says that it is one, is not stored, and heeds no quiet hours. Of the configuration only this channel is read, so
    that no other one's secrets are needed. Exits with 1, and the reason, when the receiver did not take it.

    \b
    Examples:
      newsward --config my-watch alerts test desk
    """
    settings: Settings = context.obj
    sender, rhythm = settings.channel(channel)
    alert = trial(channel, now(), rhythm.zone)
    try:
        with redirect_stdout(sys.stderr) if json else nullcontext():
            result = sender.send(alert)
    finally:
        sender.close()
    reason = result.reason if isinstance(result, SendFailed) else ""
    if json:
        print_json({"channel": channel, "id": alert.id, "sent": not reason, "reason": reason or None})
    else:
        say(f"channel {channel!r}: " + (f"not taken: {reason}" if reason else "the receiver took it"))
    if reason:
        raise typer.Exit(1)


# --------------------------------------------------------------------------- what they share


def _waits(row: Mapping[str, Any], moment: str) -> str:
    """Until when an alert waits, and for what: a digest, the quiet hours; empty for what is due or settled."""
    due = row["next_attempt_at"]
    if row["state"] != "pending" or not due or due <= moment:
        return ""
    what = _WAITS_FOR.get(row["digest"]) or (f"{row['digest']} digest" if row["digest"] else "next attempt")
    return f"{what}, {due[:10]} {due[11:16]}"


def _config(context: typer.Context, channel: str) -> Config:
    """The configuration; a channel that is named is one of it."""
    settings: Settings = context.obj
    config = settings.load()
    if channel and channel not in config.channels:
        known = list(config.channels)
        hint = nearest(channel, known) or (f"there are: {', '.join(known)}" if known else "there is none")
        raise InputError(f"no channel has the id {channel!r} ({hint})")
    return config


def _open(config: Config) -> Store:
    return Store.open(config.database, busy_timeout=config.store.busy_timeout, create=False)


def _since(words: str, moment: datetime) -> datetime:
    """A moment, or one so long ago. Raises InputError."""
    if length := duration(words):
        return moment - length
    try:
        start = datetime.fromisoformat(words)
    except ValueError as error:
        hint = 'write it as "2 hours", 2026-03-05 or 2026-03-05T08:00'
        raise InputError(f"--since {words!r} is neither a moment nor a duration: {hint}") from error
    return start.replace(tzinfo=start.tzinfo or UTC).astimezone(UTC)


def _tell_counts(counts: Sequence[dict[str, object]], start: datetime) -> None:
    if not counts:
        say(f"nothing was sent since {to_iso(start)}")
        return
    columns = ("channel", "alerts", "first_at", "last_at")
    print_table(columns, [tuple(row[name] for name in columns) for row in counts])


def _confirm(total: int) -> None:
    if not sys.stdin.isatty():
        raise InputError("nobody is there to confirm it: give --yes")
    typer.confirm(f"Send {total} again?", abort=True, err=True)


def _finish(
    store: Store, config: Config, moment: datetime, meant: Mapping[str, str], verb: str, *, as_json: bool
) -> None:
    """Sends what is due by the channels of the alerts that are meant, and tells what came of these."""
    if meant:
        with progress_bar() as progress, redirect_stdout(sys.stderr) if as_json else nullcontext():
            task = progress.add_task("sending", total=len(meant))
            only = frozenset(meant.values())
            send_owed(store, config, moment, only, lambda count: progress.advance(task, count))
    counts = Counter(store.alert_states(meant, moment).values())
    came_to = {name: counts[name] for name in ("sent", "pending", "held", "dead")}
    if as_json:
        print_json({verb: len(meant), "channels": dict(sorted(Counter(meant.values()).items())), **came_to})
    elif not meant:
        say("nothing to do: no alert is meant")
    else:
        told = ", ".join(f"{count} {_CAME_TO[name]}" for name, count in came_to.items() if count)
        tell(f"{len(meant)} {verb}: {told}")
    if counts["pending"] or counts["dead"]:
        raise typer.Exit(1)
