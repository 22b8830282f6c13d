"""A kind named in the configuration becomes an object, and what is wrong with its options becomes words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, TypeGuard, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)

_OWN_KIND = re.compile(r"[a-z][a-z0-9_]*")
_OUTSIDE_KIND = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_SHOWN = 50  # more faults than this in one file are one mistake made often


# --------------------------------------------------------------------------- kinds


def resolve(kind: str, *, role: str, package: str) -> type[BaseModel]:
    """The class behind a kind: ``webhook`` is ``<package>.webhook:<role>``, ``acme_pager:Channel`` is outside the tree.

    ``role`` is the class's name inside the tree: Source, Matcher or Channel. Raises ConfigError for a kind that
    does not exist, a module that cannot be imported and a class that would swallow unknown options.
    """
    if ":" in kind:
        return _outside(kind, role)
    module = f"{package}.{kind}"
    exists = _OWN_KIND.fullmatch(kind) and find_spec(module)
    model = getattr(_imported(module, kind), role, None) if exists else None
    if _is_door(model, module):
        return model
    known = kinds(role=role, package=package)
    raise ConfigError(f"{role.lower()} kind {kind!r} is unknown", remedy=_choice(kind, known, "kinds"))


def kinds(*, role: str, package: str) -> tuple[str, ...]:
    """The kinds that come with the product, sorted; a file whose library is not installed is left out."""
    found = []
    for module in iter_modules(import_module(package).__path__):
        name = f"{package}.{module.name}"
        try:
            model = getattr(import_module(name), role, None)
        except ImportError:
            continue
        if _is_door(model, name):
            found.append(module.name)
    return tuple(sorted(found))


def build(
    kind: str, role: str, package: str, options: Mapping[str, Any], where: str, *, directory: Path = Path()
) -> BaseModel:
    """The object of that kind with these options. Raises one ConfigError for all that is wrong, a line a fault."""
    try:
        model = resolve(kind, role=role, package=package)
    except ConfigError as error:
        raise ConfigError(error.message, where=where, remedy=error.remedy) from error
    made = validate(model, options, where=where, directory=directory)
    if isinstance(made, tuple):
        raise together(made)
    return made


def _is_door(model: object, module: str) -> TypeGuard[type[BaseModel]]:
    """A class made in that module; a name that was only imported there is no kind."""
    return isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == module


def _imported(module: str, kind: str) -> object:
    """The module. Whatever an outside module does wrong on import is told as a fault of the configuration."""
    try:
        return import_module(module)
    except Exception as error:
        cause = f"{type(error).__name__}: {error}"
        remedy = "install it where newsward is installed, or put its folder on PYTHONPATH"
        raise ConfigError(f"kind {kind!r} cannot be imported: {cause}", remedy=remedy) from error


def _outside(kind: str, role: str) -> type[BaseModel]:
    if not _OUTSIDE_KIND.fullmatch(kind):
        raise ConfigError(f"{role.lower()} kind {kind!r} is not written as module:Class")
    module, _, name = kind.partition(":")
    model = getattr(_imported(module, kind), name, None)
    if model is None:
        raise ConfigError(f"kind {kind!r}: module {module!r} has no {name!r}")
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise ConfigError(f"kind {kind!r} is no pydantic model", remedy="derive the class from pydantic.BaseModel")
    if model.model_config.get("extra") != "forbid":
        remedy = 'give the class model_config = ConfigDict(frozen=True, extra="forbid")'
        raise ConfigError(f"kind {kind!r} would swallow misspelt options", remedy=remedy)
    return model


# --------------------------------------------------------------------------- options


class PublicWords(ValueError):
    """A validator's fault whose words are known to everybody (names of time zones): they are told even where the value
    is among them."""


def validate(
    model: type[Model],
    options: Mapping[str, Any],
    *,
    where: str,
    directory: Path = Path(),
    also: Collection[str] = (),
) -> Model | tuple[ConfigError, ...]:
    """The options as their model, or all that is wrong with them. ``also`` are keys that somebody else reads.

    Durations may be written in words: ``"30 minutes"``. Validators find the folder that relative paths start from
    in ``info.context["directory"]``. No value of the options is ever part of a message, since it may be a secret.
    """
    booleans = tuple(_booleans_for_numbers(model, options, where))
    if booleans:
        return booleans
    try:
        return model.model_validate(_with_durations(model, options), context={"directory": directory})
    except ValidationError as error:
        details = error.errors(include_url=False)
        return tuple(_in_words(detail, model, where, also) for detail in details[:_SHOWN])


def together(faults: Sequence[ConfigError]) -> ConfigError:
    """One error that tells them all, a line a fault."""
    if len(faults) == 1:
        return faults[0]
    lines = [str(fault) for fault in faults[:_SHOWN]]
    more = len(faults) - len(lines)
    return ConfigError("\n".join([*lines, f"... and {more} more"] if more else lines))


def nearest(word: str, known: Sequence[str]) -> str:
    """``did you mean 'tickers'?`` when something near is known, else an empty string."""
    # Of a word of four letters one of two is near by its letters, and never what was meant.
    near = get_close_matches(word, [one for one in known if len(word) < 2 * len(one)], n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""


def found(value: object) -> str:
    """The kind of a TOML value in TOML's words, never the value."""
    for kinds_of_value, words in _FOUND:
        if isinstance(value, kinds_of_value):
            return words
    return "something else"


def _choice(word: str, known: Sequence[str], what: str) -> str:
    return nearest(word, known) or f"known {what}: {', '.join(known)}"


# bool before int: to Python a boolean is an integer.
_FOUND: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (int, "a whole number"),
    (float, "a decimal number"),
    (str, "a string"),
    ((list, tuple), "an array"),
    (dict, "a table"),
    ((date, time), "a date or time"),
)
_EXPECTED = {
    "string": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple": "an array",
    "list": "an array",
    "set": "an array",
    "frozen": "an array",
    "dict": "a table",
    "mapping": "a table",
    "model": "a table",
    "path": "a string",
    "time_delta": 'a duration such as "30 minutes", or a number of seconds',
}
_WRITTEN = {"time_delta": 'units: seconds, minutes, hours, days, weeks or s, m, h, d, w, as in "1 day 12 h"'}
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_WORDS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))
_AMOUNT = re.compile(
    r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?(?=(s|m|h|d|w))"
    r"(?:s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)\b"
)
_DURATION = re.compile(rf"{_AMOUNT.pattern}(?: {_AMOUNT.pattern})*")
_PLAIN_AMOUNT = r"[0-9]{1,9}(\.[0-9]{1,6})? ?(s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)"
DURATION = f"^{_PLAIN_AMOUNT}( {_PLAIN_AMOUNT})*$"  # what ``duration`` reads, for those who know simple patterns only
_WRONG_TYPE = re.compile(rf"({'|'.join(_EXPECTED)})_.*(?:type|parsing|float|size)")


def duration(words: str) -> timedelta | None:
    """``30 minutes``, ``1.5 h`` or ``1 day 12 hours`` as a duration; None for anything else."""
    if not _DURATION.fullmatch(words):
        return None
    try:
        return sum((float(number) * _UNITS[unit] for number, unit in _AMOUNT.findall(words)), timedelta())
    except OverflowError:
        return None


def in_words(length: timedelta) -> str:
    """The duration as ``duration`` reads it, in the largest unit that divides it: ``90 minutes``."""
    seconds = length.total_seconds()
    unit, size = next(((unit, size) for unit, size in _WORDS if seconds and seconds % size == 0), _WORDS[-1])
    return f"{seconds / size:g} {unit if seconds != size else unit[:-1]}"


def _with_durations(model: type[BaseModel], options: Mapping[str, Any]) -> dict[str, Any]:
    fields = model.model_fields
    return {
        key: _in_time(value) if key in fields and timedelta in _types(fields[key].annotation) else value
        for key, value in options.items()
    }


def _in_time(value: Any) -> Any:
    read = duration(value) if isinstance(value, str) else None
    return value if read is None else read


def _types(annotation: Any) -> set[Any]:
    """The type, or those of ``A | B``."""
    return {annotation, *get_args(annotation)}


def _booleans_for_numbers(model: type[BaseModel], options: Mapping[str, Any], where: str) -> list[ConfigError]:
    """pydantic reads ``true`` as the number 1; a person who wrote it meant something else."""
    numbers = {int, float, timedelta}
    return [
        ConfigError(f"key {key!r} must be a number, not a boolean", where=where)
        for key, field in model.model_fields.items()
        if isinstance(options.get(key), bool) and numbers & (types := _types(field.annotation)) and bool not in types
    ]


def _in_words(detail: ErrorDetails, model: type[BaseModel], where: str, also: Collection[str]) -> ConfigError:
    location, value = detail["loc"], detail["input"]
    key = _spell(location)
    if detail["type"] == "extra_forbidden":
        remedy = _choice(
            str(location[-1]), sorted(_known(model, location[:-1]).union(also if len(location) == 1 else ())), "keys"
        )
        return ConfigError(f"{key} is unknown", where=where, remedy=remedy)
    if detail["type"] == "missing":
        return ConfigError(f"{key} is missing", where=where, remedy=_description(model, location))
    if wrong := _WRONG_TYPE.fullmatch(detail["type"]):
        expected = _EXPECTED[wrong[1]]
        remedy = _WRITTEN.get(wrong[1], "")
        if wrong[1] == "string" and isinstance(value, int | float | date | time):
            remedy = "put it in quotes"
        # A string that holds no number: what it holds is the fault, not that it is a string.
        was = "" if "parsing" in detail["type"] else f", not {found(value)}"
        return ConfigError(f"{key} must be {expected}{was}", where=where, remedy=remedy)
    # A validator's own words are a clause by themselves; one of the whole table has no key.
    colon = ":" if key and detail["type"] == "value_error" else ""
    return ConfigError(f"{key}{colon} {_rule(detail)}".strip(), where=where)


def _rule(detail: ErrorDetails) -> str:
    """What a value must be, without the value."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "value_error":
            words = str(context["error"])
            if isinstance(context["error"], PublicWords):
                return words
        case "greater_than_equal":
            words = f"must be at least {_limit(context['ge'])}"
        case "less_than_equal":
            words = f"must be at most {_limit(context['le'])}"
        case "greater_than":
            words = f"must be more than {_limit(context['gt'])}"
        case "less_than":
            words = f"must be less than {_limit(context['lt'])}"
        case "literal_error" | "enum":
            words = f"must be {context['expected']}"
        case "string_too_short" | "too_short" if context["min_length"] == 1:
            words = "must not be empty"
        case _:
            words = detail["msg"].replace("Input should", "must")
    # A validator's author may have quoted a value; what is long enough to be a secret is not passed on.
    quoted = any(len(text) > 3 and text in words for text in _strings(detail["input"]))
    return "is not valid" if quoted else words


def _limit(bound: Any) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)


def _strings(value: object) -> Iterator[str]:
    """All strings of a TOML value, keys left out, however deep it nests."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text):
                yield text
            case dict(table):
                waiting.extend(table.values())
            case list(items) | tuple(items):
                waiting.extend(items)


def _spell(location: tuple[int | str, ...]) -> str:
    """``item 2 of key 'tickers'``: people count from one."""
    words = ""
    for part in location:
        if isinstance(part, int):
            words = f"item {part + 1} of {words}"
        else:
            words = f"key {part!r}" + (f" of {words}" if words else "")
    return words


def _known(model: type[BaseModel], location: Sequence[int | str]) -> set[str]:
    """The keys of the (nested) model that the location leads to."""
    for part in location:
        if isinstance(part, str) and part in model.model_fields:
            model = _nested(model.model_fields[part].annotation) or model
    return set(model.model_fields)


def _nested(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((inner for part in get_args(annotation) if (inner := _nested(part))), None)


def _description(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    field = model.model_fields.get(str(location[0])) if len(location) == 1 else None
    return field.description or "" if field else ""
