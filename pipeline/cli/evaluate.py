"""``newsward eval``: how good the answers are, on labelled sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.output import print_json, print_table
from pipeline.evaluate import dedup as dedup_sets
from pipeline.evaluate import match as match_sets
from pipeline.evaluate.floors import Figures, broken, read_floors

app = typer.Typer(help="Quality on labelled sets.", no_args_is_help=True)
Paths = Annotated[list[Path], typer.Argument(help="Folders or files of labelled sets.", exists=True)]
Floors = Annotated[Path | None, typer.Option(help="TOML with [[floor]] tables; a figure below one is exit code 1.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON line a figure.")]


@app.command("match")
def evaluate_match(
    paths: Paths,
    mistakes: Annotated[bool, typer.Option("--mistakes", help="Also list every wrong pair.")] = False,
    floors: Floors = None,
    json: Json = False,
) -> None:
    """How well companies are found.

    Precision, recall, F1 and false hits per 1,000 entries, by set, category and kind of name.

    \b
    Examples:
      newsward eval match data/matching --floors tests/quality/floors.toml
    """
    scores = match_sets.evaluate(paths)
    rows = [row for score in scores for row in score.rows()]
    if json:
        for row in rows:
            print_json(row)
    else:
        shown = [tuple(_figure(value) for value in row.values()) for row in rows]
        print_table(tuple(rows[0]), shown)
    if mistakes:
        listed = [(score.name, one) for score in scores for one in score.mistakes]
        print_table(
            ("set", "entry", "company", "wrong", "title"),
            [(name, m.entry_id, m.company_id, "missed" if m.missed else "false hit", m.title) for name, m in listed],
        )
    measures = ("precision", "recall", "f1", "false_per_1000")
    _hold(floors, {(row["set"], name): row[name] for row in rows if row["slice"] == "all" for name in measures})


@app.command("dedup")
def evaluate_dedup(paths: Paths, floors: Floors = None, json: Json = False) -> None:
    """How well entries are grouped.

    Identity, canonical URLs, stories (B-cubed), alerts a story.

    \b
    Examples:
      newsward eval dedup data/dedup --json
    """
    figures = {}
    for score in dedup_sets.evaluate(paths):
        figures[score.name, score.measure] = score.value
        if json:
            print_json({"set": score.name, "measure": score.measure, "value": round(score.value, 5)})
    if not json:
        print_table(("set", "measure", "value"), [(*key, f"{value:.4f}") for key, value in figures.items()])
    _hold(floors, figures)


def _hold(path: Path | None, figures: Figures) -> None:
    """Says which floors are broken, and leaves with 1 if any is."""
    faults = broken(read_floors(path), figures) if path else ()
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise typer.Exit(1)


def _figure(value: object) -> object:
    return f"{value:.3f}" if isinstance(value, float) else value
