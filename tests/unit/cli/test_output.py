import io
import sys

import pytest

from pipeline.cli.output import print_table, progress_bar

LONG = "https://news.example/" + "a-long-path/" * 12


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """What stands for stderr, to be put there by the test: between set-up and test, pytest does the same."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


def test_data_for_a_file_go_into_the_file_though_a_bar_is_drawn(terminal, monkeypatch):
    monkeypatch.setattr("sys.stdout", file := io.StringIO())
    monkeypatch.setattr("sys.stderr", terminal)

    with progress_bar() as bar:
        bar.add_task("polling", total=2)
        sys.stdout.write("an alert\n")

    assert file.getvalue() == "an alert\n"
    assert "polling" in terminal.getvalue()
    assert "an alert" not in terminal.getvalue()


def test_what_is_printed_on_the_terminal_stands_above_the_bar_and_is_not_broken(terminal, monkeypatch):
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setattr("sys.stderr", terminal)

    with progress_bar() as bar:
        bar.add_task("polling", total=2)
        bar.refresh()
        sys.stdout.write(f"see {LONG}\nand [b]so[/b] on")
        sys.stderr.write("a log line\n")

    assert f"see {LONG}\n" in terminal.getvalue()
    assert "a log line\n" in terminal.getvalue()
    assert "and [b]so[/b] on\n" in terminal.getvalue()
    assert (sys.stdout, sys.stderr) == (terminal, terminal)


def test_where_no_bar_is_drawn_the_streams_stay_as_they_are(monkeypatch):
    monkeypatch.setattr("sys.stderr", talk := io.StringIO())

    with progress_bar() as bar:
        bar.add_task("polling", total=2)
        assert sys.stderr is talk

    assert talk.getvalue() == ""


def test_moments_are_short_where_the_words_are_ours_and_as_they_are_in_those_of_others(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    told = "since 2026-03-05T08:01:33Z"

    print_table(("turn_at", "reason", "title"), [("2026-03-05T08:01:33Z", told, told)])

    assert capsys.readouterr().out.splitlines()[1] == f"2026-03-05 08:01  since 2026-03-05 08:01  {told}"
