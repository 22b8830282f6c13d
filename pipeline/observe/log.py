"""The one place that sets up logging: an event name and fields, for people on a terminal, as JSON elsewhere."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal, TextIO

import structlog
from pydantic import BaseModel, ConfigDict, Field
from structlog.typing import EventDict, Processor, WrappedLogger

from pipeline.errors import ConfigError, NewswardError
from pipeline.observe.console import PeopleRenderer
from pipeline.observe.redact import Masker, redact, redact_text

Format = Literal["auto", "console", "json"]
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
# A line a request, or a tick, at INFO; urllib3 tells paths, which may be tokens, at DEBUG.
_CHATTY = ("httpx", "httpcore", "apscheduler", "urllib3")
# Written by structlog or by us, so that nothing in them can be a secret by its name.
_STANDARD = frozenset({"event", "level", "timestamp", "exception", "stack", "logger"})
# A feed's words must not reach a terminal as commands, nor begin a line of their own.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL_IN_TRACEBACK = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

log = structlog.get_logger()


class LogOptions(BaseModel):
    """What is logged, and how it looks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Format = Field("auto", description="console for people, json for machines; auto: console on a terminal.")
    level: Literal["debug", "info", "warning", "error", "critical"] = Field("info", description="The least told.")


def configure_logging(
    *, format: Format = "auto", level: str = "info", stream: TextIO | None = None, secrets: Iterable[str] = ()
) -> None:
    """Sends structlog's events and the standard library's records, redacted, to ``stream``; ``secrets`` are masked
    wherever they stand.

    None = what ``sys.stderr`` is at the moment of each line. Times are UTC. Called again, it replaces what it set up
    before. Raises ConfigError for an unknown level.
    """
    number = _LEVELS.get(level.casefold())
    if number is None:
        raise ConfigError(f"unknown log level {level!r}", where="log.level", remedy=f"one of {', '.join(_LEVELS)}")
    target = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        # Before the redaction, so that a traceback passes through it as text.
        structlog.processors.format_exc_info,
    ]
    handler = _StderrHandler(target) if stream is None else _OwnHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                partial(redact_event, mask=Masker(secrets)),
                _renderer(format, target),
            ],
        )
    )
    _take_over(handler, number)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


@contextmanager
def telling_uncaught() -> Iterator[None]:
    """Whatever nobody has caught, here or in another thread, is an event of the log and no naked traceback.

    What is raised on purpose passes; for anything else the process is to end with 1.
    """
    hooks = threading.excepthook, sys.unraisablehook
    threading.excepthook = lambda told: _tell_uncaught(told.exc_value, told.thread.name if told.thread else "")
    sys.unraisablehook = lambda told: _tell_uncaught(told.exc_value, "")
    try:
        yield
    except (NewswardError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - told, with its traceback
        _tell_uncaught(error, threading.current_thread().name)
        sys.exit(1)
    finally:
        threading.excepthook, sys.unraisablehook = hooks


def _tell_uncaught(error: BaseException | None, thread: str) -> None:
    if not isinstance(error, SystemExit):
        log.critical("uncaught_exception", thread=thread, exc_info=error)


def redact_event(
    logger: WrappedLogger, method: str, event: EventDict, *, mask: Callable[[str], str]
) -> MutableMapping[str, Any]:
    """A structlog processor: no secrets and no control characters in any field."""
    first = {key: event[key] for key in ("timestamp", "level", "event") if key in event}
    return {key: _safe(key, value, mask) for key, value in {**first, **event}.items()}


def _safe(key: str, value: Any, mask: Callable[[str], str]) -> Any:
    if key in ("exception", "stack"):
        return _escape(_CONTROL_IN_TRACEBACK, redact_text(str(value)), mask)
    return _escape(_CONTROL, redact("" if key in _STANDARD else key, value), mask)


def _escape(control: re.Pattern[str], value: Any, mask: Callable[[str], str]) -> Any:
    """Control characters as Python writes them and secrets masked, in texts at any depth."""
    match value:
        case str():
            return control.sub(lambda match: ascii(match[0])[1:-1], mask(value))
        case dict():
            return {_escape(control, key, mask): _escape(control, item, mask) for key, item in value.items()}
        case list():
            return [_escape(control, item, mask) for item in value]
        case _:
            return value


class _OwnHandler(logging.StreamHandler[TextIO]):
    """Ours among the root logger's handlers."""


class _StderrHandler(_OwnHandler):
    """Follows ``sys.stderr``: a progress bar on the terminal takes its place, to print the lines above itself."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _take_over(handler: _OwnHandler, level: int) -> None:
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _OwnHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)


def _renderer(format: Format, stream: TextIO) -> Processor:
    is_terminal = stream.isatty()
    if format == "json" or (format == "auto" and not is_terminal):
        return structlog.processors.JSONRenderer()
    return PeopleRenderer(is_coloured=is_terminal)
