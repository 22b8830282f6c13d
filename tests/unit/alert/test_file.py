import json
import os
import resource
import signal
import subprocess
import sys

import pytest

from pipeline.alert.channels.file import Channel
from pipeline.model import SendFailed, Sent
from pipeline.plugins import validate
from tests.builders_message import HOSTILE, alert, digest, story, warning


def channel(path):
    return Channel(path=path)


def test_each_alert_is_a_line_at_the_end(tmp_path):
    path = tmp_path / "alerts.jsonl"
    path.write_text('{"old": 1}\n')
    payloads = [story(title=HOSTILE + "\u2028"), digest([story()]), warning()]

    assert [channel(path).send(alert(payload)) for payload in payloads] == [Sent()] * 3

    lines = path.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"old": 1}, *payloads]
    assert path.read_text().isascii()


def test_a_line_that_a_crash_broke_off_is_ended_first(tmp_path):
    path = tmp_path / "alerts.jsonl"
    path.write_text('{"type": "sto')

    channel(path).send(alert(story()))

    assert path.read_text().splitlines()[0] == '{"type": "sto'
    assert json.loads(path.read_text().splitlines()[1]) == story()


def test_a_file_that_was_rotated_away_is_made_anew(tmp_path):
    path = tmp_path / "alerts.jsonl"
    one = channel(path)
    one.send(alert(story(1)))
    path.rename(tmp_path / "alerts.jsonl.1")
    one.send(alert(story(2)))

    assert json.loads(path.read_text())["id"] == f"{2:016x}"
    assert path.stat().st_mode & 0o777 == 0o640 & ~os.umask(os.umask(0))


def test_several_processes_never_share_a_line(tmp_path):
    path = tmp_path / "alerts.jsonl"
    write = (
        "import sys; from pathlib import Path; from pipeline.alert.channels.file import Channel;"
        "from tests.builders_message import alert, story;"
        "[Channel(path=Path(sys.argv[1])).send(alert(story(n, summary='x' * 20000))) for n in range(10)]"
    )
    writers = [subprocess.Popen([sys.executable, "-c", write, str(path)]) for _ in range(3)]

    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 30


@pytest.mark.parametrize("make", ["folder", "no folder"])
def test_what_cannot_be_written_is_a_failure_that_may_pass(tmp_path, make):
    path = tmp_path if make == "folder" else tmp_path / "absent" / "alerts.jsonl"

    result = channel(path).send(alert(story()))

    assert isinstance(result, SendFailed)
    assert not result.permanent
    assert "cannot be written" in result.reason
    assert channel(path).probe()


def test_a_full_disk_is_a_failure(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        result = channel(tmp_path / "alerts.jsonl").send(alert(story()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)

    assert result == SendFailed("alerts.jsonl cannot be written: File too large")
    channel(tmp_path / "alerts.jsonl").send(alert(story()))
    assert json.loads((tmp_path / "alerts.jsonl").read_text().splitlines()[1]) == story()


def test_two_ways_to_one_file_are_one_receiver(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)

    assert channel(tmp_path / "a.jsonl").receiver() == channel(tmp_path / "link" / "a.jsonl").receiver()
    assert channel(tmp_path / "a.jsonl").probe() == ""


def test_the_path_starts_at_the_folder_of_the_configuration(tmp_path):
    assert validate(Channel, {"path": "a.jsonl"}, where="", directory=tmp_path).path == tmp_path / "a.jsonl"
