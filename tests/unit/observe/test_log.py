import io
import json
import logging
import sys
import threading
import warnings
from datetime import UTC, datetime

import pytest
import structlog
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from pipeline.errors import ConfigError
from pipeline.observe import LogOptions, configure_logging, telling_uncaught


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def as_before():
    root, level, handlers = logging.getLogger(), logging.getLogger().level, list(logging.getLogger().handlers)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def written(format="json", level="info", stream=None):
    """Logging set up anew, and what it wrote so far."""
    target = io.StringIO() if stream is None else stream
    configure_logging(format=format, level=level, stream=target)
    return target


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_its_fields_and_the_time_in_utc():
    out = written()

    structlog.get_logger().info("feed_polled", feed="https://news.example/", new=3, at=datetime(2026, 3, 2, tzinfo=UTC))

    (line,) = lines(out)
    stamp = datetime.fromisoformat(line.pop("timestamp"))
    assert abs((datetime.now(UTC) - stamp).total_seconds()) < 60
    assert line == {
        "level": "info",
        "event": "feed_polled",
        "feed": "https://news.example/",
        "new": 3,
        "at": "2026-03-02T00:00:00Z",
    }


def test_auto_is_for_people_on_a_terminal_and_json_elsewhere():
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        written("auto", stream=stream)
        structlog.get_logger().info("hello", n=1)

    assert "\x1b[" in terminal.getvalue()
    assert lines(pipe)[0]["event"] == "hello"


def test_the_console_without_a_terminal_has_no_colours():
    out = written("console")

    structlog.get_logger().warning("hello", title="小米")

    assert "\x1b" not in out.getvalue()
    assert out.getvalue().endswith(" warning hello: title 小米\n")


@pytest.mark.parametrize("format", ["json", "console"])
def test_no_secret_is_written_in_any_way(format):
    out = written(format)
    log = structlog.get_logger()
    secret = "https://user:sesame@news.example/?token=sesame"

    with structlog.contextvars.bound_contextvars(api_key="sesame"):
        log.info(f"event {secret}", feed=secret, password="sesame", headers=[("Cookie", "sesame")])
    logging.getLogger("library").warning("asked %s", secret)
    try:
        raise ValueError(secret)
    except ValueError:
        log.exception("broken")
        logging.getLogger("library").exception("broken")

    assert "sesame" not in out.getvalue()
    assert out.getvalue().count("ValueError: https://***@news.example/?token=***") == 2


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_feeds_words_cannot_steer_the_terminal_nor_forge_a_line(format):
    out = written(format)

    structlog.get_logger().info("hit", title="a\x1b[2J\r\n2026 forged \x9b \u202e \u2028 \ud83d", list=["\x07"])

    assert out.getvalue().count("\n") == 1
    assert not set(out.getvalue()) & set("\x1b\r\x07\x9b\u202e\u2028\ud83d")
    out.getvalue().encode()


def test_a_traceback_keeps_its_lines_and_shows_no_variables():
    out = written("console")
    password_of_the_feed = "sesame"

    try:
        raise ValueError(len(password_of_the_feed))
    except ValueError:
        structlog.get_logger().exception("broken")

    assert "Traceback (most recent call last):\n" in out.getvalue()
    assert "sesame" not in out.getvalue()


def test_libraries_are_heard_from_warning_on():
    out = written(level="debug")

    for name in ("httpx", "httpcore", "apscheduler.scheduler"):
        logging.getLogger(name).info("a line a request")
        logging.getLogger(name).warning("trouble")
    logging.getLogger("other").debug("heard")

    assert [line["event"] for line in lines(out)] == ["trouble", "trouble", "trouble", "heard"]
    assert lines(out)[0]["logger"] == "httpx"


def test_what_is_below_the_level_is_not_told():
    out = written(level="WARNING")

    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")

    assert [line["event"] for line in lines(out)] == ["loud"]


def test_set_up_again_it_replaces_the_first():
    first, second = written(), written()

    structlog.get_logger().info("once")

    assert first.getvalue() == ""
    assert len(lines(second)) == 1


def test_without_a_stream_each_line_goes_to_what_stderr_is_by_then(monkeypatch):
    monkeypatch.setattr("sys.stderr", first := io.StringIO())
    configure_logging(format="json")
    structlog.get_logger().info("one")
    monkeypatch.setattr("sys.stderr", second := io.StringIO())
    structlog.get_logger().info("two")
    logging.getLogger("library").warning("three")

    assert [line["event"] for line in lines(first)] == ["one"]
    assert [line["event"] for line in lines(second)] == ["two", "three"]


def test_a_progress_bar_on_the_terminal_prints_the_lines_above_itself(monkeypatch):
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    configure_logging()

    with Progress(console=Console(file=terminal, force_terminal=True, width=80), auto_refresh=False) as bar:
        bar.add_task("polling")
        bar.refresh()
        structlog.get_logger().info("hello")
    before, line, _ = terminal.getvalue().partition("hello")

    assert line
    assert "\x1b[2K" in before[before.rindex("polling") :]  # the bar was erased before the line was printed


def test_a_stream_that_was_given_stays(monkeypatch):
    out = written()
    monkeypatch.setattr("sys.stderr", other := io.StringIO())

    structlog.get_logger().info("hello")

    assert lines(out)[0]["event"] == "hello"
    assert other.getvalue() == ""


def test_a_logger_made_before_the_set_up_obeys_it():
    early = structlog.get_logger()
    out = written()

    early.info("hello")

    assert lines(out)[0]["event"] == "hello"


def test_an_unknown_level_is_a_fault_of_the_configuration():
    with pytest.raises(ConfigError, match=r"log\.level: unknown log level 'loud' \(one of debug, info"):
        configure_logging(level="loud")


def test_the_options_refuse_what_they_do_not_know():
    with pytest.raises(ValidationError):
        LogOptions(level="loud")
    with pytest.raises(ValidationError):
        LogOptions(colour=True)


SECRET = "https://user:sesame@news.example/?token=sesame"


def test_what_nobody_caught_in_a_thread_is_one_redacted_line():
    out = written()

    def fail():
        raise ValueError(SECRET)

    with telling_uncaught():
        thread = threading.Thread(target=fail, name="poll_0")
        thread.start()
        thread.join()

    (line,) = lines(out)
    assert (line["level"], line["event"], line["thread"]) == ("critical", "uncaught_exception", "poll_0")
    assert line["exception"].endswith("ValueError: https://***@news.example/?token=***")
    assert "sesame" not in out.getvalue()


def test_what_nobody_caught_at_the_top_is_one_redacted_line_and_exit_code_1():
    out = written()

    with pytest.raises(SystemExit) as leaving, telling_uncaught():
        raise ValueError(SECRET)

    assert leaving.value.code == 1
    assert [line["event"] for line in lines(out)] == ["uncaught_exception"]
    assert "sesame" not in out.getvalue()


def test_what_cannot_be_raised_is_told_too():
    out = written()

    class Ill:
        def __del__(self):
            raise ValueError(SECRET)

    with telling_uncaught():
        Ill()

    assert [line["event"] for line in lines(out)] == ["uncaught_exception"]
    assert "sesame" not in out.getvalue()


def test_what_is_raised_on_purpose_passes_and_the_hooks_are_as_before():
    hooks = threading.excepthook, sys.unraisablehook

    with pytest.raises(ConfigError), telling_uncaught():
        raise ConfigError("no")

    assert (threading.excepthook, sys.unraisablehook) == hooks


def test_warnings_of_libraries_are_lines_too():
    out = written()

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"do not ask {SECRET}", DeprecationWarning, stacklevel=1)

    (line,) = lines(out)
    assert (line["level"], line["logger"]) == ("warning", "py.warnings")
    assert "sesame" not in out.getvalue()
