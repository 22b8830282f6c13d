"""Options that several channels share: a folder of templates, a path that starts at the configuration's folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from pipeline.alert.render import KINDS, Medium
from pipeline.plugins import nearest

_ENDINGS = {f".{medium}": medium for medium in Medium}
_ALL = {"version", "type", "id", "created_at", "severity", "titled", "zone"}
_STORY = _ALL | {
    *("rules", "people", "story_id", "entry_id", "title", "url", "publisher", "published_at", "language", "summary"),
    *("companies", "also_at", "told_at", "outlets", "more_outlets", "left_out", "news", "first", "test", "replay"),
}
# What templates find: the payload's keys, and what ``wording.prepared`` puts beside them.
_KEYS = {
    "story": _STORY,
    "update": _STORY,
    "digest": _ALL | {"rhythm", "channel", "count", "items", "coverage", "groups", "counts", "told", "left_out"},
    "warning": _ALL | {"title", "text", "channel", "count"},
}
_KNOWN = {f"{kind}{ending}": medium for kind in KINDS for ending, medium in _ENDINGS.items()}


def _from_the_configuration(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("directory", "")) / path


def _with_sound_templates(folder: Path | None, info: ValidationInfo) -> Path | None:
    """The folder, when every template in it can be loaded. Raises ValueError naming file and line of others."""
    if folder is None:
        return None
    found = _from_the_configuration(folder, info)
    faults = tuple(template_faults(found))
    if faults:
        raise ValueError("; ".join(faults))
    return found


LocalPath = Annotated[Path, AfterValidator(_from_the_configuration)]
Templates = Annotated[
    Path | None,
    AfterValidator(_with_sound_templates),
    Field(description="Folder of templates in the place of the built-in ones; relative to the configuration's folder"),
]


def template_faults(folder: Path) -> Iterator[str]:
    """What is wrong with the templates of this folder, each with file and line; names that nobody asks for too."""
    try:
        paths = _files(folder)
    except OSError as error:
        yield f"cannot be read: {error.strerror}"
        return
    for path in paths:
        if path.name in _KNOWN:
            yield from _fault(folder, path.name)
        elif not path.name.startswith("_"):  # those are parts, for templates to include
            remedy = f"one of {', '.join(KINDS)} and one of {', '.join(_ENDINGS)}"
            yield f"{path.name} is asked for by nothing; names are {remedy}"


def template_concerns(folder: Path | None) -> Iterator[tuple[str, str]]:
    """Names in the templates that no message of their type has: they print nothing. Each with its remedy."""
    from jinja2.meta import find_undeclared_variables

    from pipeline.alert.environment import environment_of

    for path in template_files(folder):
        if path.name not in _KNOWN:
            continue
        environment = environment_of(_KNOWN[path.name], folder, True)
        text = path.read_text(encoding="utf-8")  # it was read and parsed a moment ago
        asked = find_undeclared_variables(environment.parse(text)) - environment.globals.keys()
        known = _KEYS[path.name.partition(".")[0]]
        for name in sorted(asked - known):
            remedy = nearest(name, sorted(known)) or "docs/webhook.md has the names"
            yield f"{path.name}: there is no {name!r} in such a message", remedy


def template_files(folder: Path | None) -> list[Path]:
    """The files in it that are not hidden; none where there is no folder, or no more."""
    try:
        return _files(folder) if folder else []
    except OSError:
        return []


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _fault(folder: Path, name: str) -> Iterator[str]:
    from jinja2 import TemplateSyntaxError

    from pipeline.alert.environment import environment_of

    try:
        environment_of(_KNOWN[name], folder, True).get_template(name)
    except TemplateSyntaxError as error:
        yield f"{error.name or name}, line {error.lineno}: {error.message}"
    except OSError as error:
        yield f"{name} cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        yield f"{name} is not UTF-8"
