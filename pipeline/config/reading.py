"""From the disk and the environment: TOML files, and the ``${NAME}`` in their strings."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.config.files import ConfigFiles
from pipeline.config.problems import Problem
from pipeline.errors import ConfigError
from pipeline.files import read_file
from pipeline.urls import names_a_secret

MAIN = "newsward.toml"
DEFAULT_FOLDER = "config"

_LARGEST = 64 * 2**20  # bytes; 50,000 companies with six names each take about 15 MB
_LARGEST_SECRET = 64 * 2**10
_DEEPEST = 16  # our tables nest three deep
_AT = re.compile(r"(?P<what>.*) \(at (?P<place>line \d+, column \d+|end of document)\)", re.DOTALL)
_KEY = re.compile(r"\s*([\w.-]+|\"[^\"]*\"|'[^']*')\s*=")
_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|\$\{")


def locate(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The main file: of the given folder, or the given file; else of ``$NEWSWARD_CONFIG``; else of ``./config``."""
    chosen = path or Path(environ.get("NEWSWARD_CONFIG") or DEFAULT_FOLDER)
    return chosen if chosen.suffix == ".toml" and not chosen.is_dir() else chosen / MAIN


def read_toml(path: Path, name: str) -> dict[str, Any]:
    """The document. Raises ConfigError, naming the file by ``name``, with line and column where there is one."""
    text = read_text(path, name)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT.fullmatch(str(error))
        what, where = (at["what"], f"{name}: {at['place']}") if at else (str(error), name)
        remedy = 'text stands in quotes: "..."' if what == "Invalid value" else ""
        if what == "Cannot overwrite a value" and at and (key := _key_before(text, at["place"])):
            what, remedy = f"key {key!r} is in its table twice", "keep one of them"
        raise ConfigError(f"not TOML: {what}", where=where, remedy=remedy) from error
    except RecursionError as error:
        raise ConfigError("arrays or tables nest too deep", where=name) from error
    except ValueError as error:  # a number of more digits than Python converts
        raise ConfigError("not TOML: a number is too long", where=name) from error


def _key_before(text: str, place: str) -> str:
    """The key whose value ends at this place; "" where none can be told."""
    found = re.match(r"line (\d+)", place)
    lines = text.splitlines()[: int(found[1])] if found else []
    return next((key[1].strip("\"'") for line in reversed(lines) if (key := _KEY.match(line))), "")


def read_text(path: Path, name: str) -> str:
    """A UTF-8 file as text, a byte order mark left out. Raises ConfigError."""
    try:
        data = read_file(path, _LARGEST + 1)
    except FileNotFoundError as error:
        remedy = f"newsward init {path.parent}"
        if path.name == MAIN:
            remedy += "; in a container, mount the folder that has it there"
        elif (path.parent / MAIN).exists():  # then that command would refuse
            remedy = "put it back, or make one: an empty file will do"
        raise ConfigError("there is no such file", where=str(path), remedy=remedy) from error
    except OSError as error:
        remedy = f"user {os.geteuid()} must be able to read it" if isinstance(error, PermissionError) else ""
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(path), remedy=remedy) from error
    if len(data) > _LARGEST:
        raise ConfigError(f"larger than {_LARGEST // 2**20} MB", where=name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"line {line}: not UTF-8", where=name, remedy="save it as UTF-8") from error


@dataclass(slots=True)
class Environment:
    """Puts values of the environment, or of the files it names, where strings say ``${NAME}``.

    ``$${`` is a plain ``${``.
    What is wrong is gathered in ``faults``; what is suspicious in ``problems``. Values never get into either.
    """

    variables: Mapping[str, str]
    files: ConfigFiles = field(default_factory=ConfigFiles)
    faults: list[ConfigError] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)

    def expand(self, table: Mapping[str, Any], where: str) -> dict[str, Any] | None:
        """The table with its strings expanded; None when a fault was found in it."""
        before = len(self.faults)
        expanded = {key: self._value(value, where, key, 1) for key, value in table.items()}
        return expanded if len(self.faults) == before else None

    def _value(self, value: Any, where: str, key: str, depth: int) -> Any:
        if depth > _DEEPEST:
            self._fault(f"key {key!r}: tables nest too deep", where)
            return None
        if isinstance(value, str):
            return _REFERENCE.sub(lambda reference: self._reference(reference, where, key), value)
        if isinstance(value, list):
            return [self._value(item, where, key, depth + 1) for item in value]
        if isinstance(value, dict):
            return {name: self._value(item, where, key, depth + 1) for name, item in value.items()}
        return value

    def _reference(self, reference: re.Match[str], where: str, key: str) -> str:
        name = reference["name"]
        if reference[0] == "$${":
            return "${"
        if name is None:
            self._fault(f"key {key!r}: a '${{' that names no variable", where, "write ${NAME}, or $${ for a plain ${")
            return ""
        value, from_file = self.variables.get(name), self.variables.get(f"{name}_FILE")
        if value is not None and from_file is not None:
            self._fault(f"key {key!r}: both {name} and {name}_FILE are set", where, "unset one of them")
            return ""
        if from_file is not None:
            value = self._secret(Path(from_file), f"{name}_FILE", where, key)
        if value is None:
            remedy = f"set {name}, or {name}_FILE to the path of a file that holds the value"
            self._fault(f"key {key!r}: environment variable {name} is not set", where, remedy)
            return ""
        if from_file is not None or names_a_secret(name):
            self.secrets.add(value)
        if not value:
            self.problems.append(Problem(where, f"key {key!r}: environment variable {name} is empty"))
        return value

    def _secret(self, path: Path, name: str, where: str, key: str) -> str:
        self.files.note(path)
        try:
            text = read_file(path, _LARGEST_SECRET + 1)
            if len(text) > _LARGEST_SECRET:
                self._fault(f"key {key!r}: the file of {name} is larger than {_LARGEST_SECRET // 2**10} KB", where)
            return text.decode("utf-8").rstrip("\r\n")
        except OSError as error:
            self._fault(f"key {key!r}: the file of {name} cannot be read: {error.strerror}", where, f"see {path}")
        except UnicodeDecodeError:
            self._fault(f"key {key!r}: the file of {name} is not UTF-8 text", where)
        return " "  # not None, not empty: the fault is told already

    def _fault(self, message: str, where: str, remedy: str = "") -> None:
        self.faults.append(ConfigError(message, where=where, remedy=remedy))
