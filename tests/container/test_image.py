"""The image as people run it: read-only, without any privilege, as its own user; the daemon, and ``run`` by cron."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from subprocess import Popen
from threading import Event, Thread

import pytest

from tests.builders_run import serve_seeds, write_config
from tests.container.engine import Engine
from tests.feed_server import FeedServer, Raw

pytestmark = [pytest.mark.container, pytest.mark.timeout(1800)]

IN_TIME = 10.0  # seconds from SIGTERM to the kill, with every engine
DEAD = "http://127.0.0.71:9/feed.xml"


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer(host="0.0.0.0") as server:
        yield server


def configured(folder: Path, urls: dict[str, str] | list[str], *, database: str = "/data/newsward.db") -> Path:
    """A configuration that user 10001 may read, as one of the host's files."""
    config = write_config(folder / "config", urls)
    main = config / "newsward.toml"
    more = '\n[engine]\nshard_size = 1\n\n[daemon]\ntick = "1 second"\n\n[log]\nformat = "json"\n'
    text = main.read_text(encoding="utf-8").replace('"newsward.db"', json.dumps(database))
    main.write_text(text + more, encoding="utf-8")
    config.chmod(0o755)
    return config


def mounted(config: Path, data: object) -> tuple[object, ...]:
    """As in every example: the configuration is only read, the data are written."""
    return "--volume", f"{config}:/config:ro", "--volume", f"{data}:/data"


def hang(server: FeedServer) -> Event:
    """Serves /hang.xml, which says nothing until the event is set."""
    over = Event()

    def say_nothing() -> Iterator[bytes]:
        over.wait(60)
        yield b""

    server.serve("/hang.xml", Raw(say_nothing))
    return over


def count(engine: Engine, volume: str, table: str) -> int:
    """Rows, by the sqlite-utils of the image."""
    options = ("--volume", f"{volume}:/data", "--entrypoint", "sqlite-utils")
    asked = engine.run("/data/newsward.db", f"SELECT count(*) AS n FROM {table}", options=options)
    assert asked.code == 0, asked.err
    return int(json.loads(asked.out)[0]["n"])


def until(what: Callable[[], object], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)


# --------------------------------------------------------------------------- what it is


def test_the_image_says_how_it_is_run(engine: Engine) -> None:
    config = engine.inspect()["Config"]

    assert config["User"] == "10001:10001"
    assert (config["Entrypoint"], config["Cmd"]) == (["newsward"], ["daemon"])
    assert set(config["Volumes"]) == {"/config", "/data"}
    assert config["StopSignal"] == "SIGTERM"
    assert config["Labels"]["org.opencontainers.image.title"] == "Newsward"
    health = config.get("Healthcheck") or engine.inspect()["Healthcheck"]
    assert health["Test"] == ["CMD-SHELL", "newsward health || exit 1"]


def test_nothing_in_it_installs_or_builds(engine: Engine) -> None:
    look = (
        "import importlib.util, shutil\n"
        "print(importlib.util.find_spec('pip'), *map(shutil.which, ('pip', 'pip3', 'gcc', 'cc', 'make')))"
    )

    found = engine.run("-c", look, options=("--entrypoint", "python"))

    assert (found.code, found.out.split()) == (0, ["None"] * 6), found.err


def test_all_that_is_imported_is_compiled(engine: Engine) -> None:
    """A read-only root keeps no bytecode, so what is not compiled would be compiled at each start."""
    look = (
        "import os, sys, pipeline.cli\n"
        "from importlib.util import cache_from_source\n"
        "specs = [module.__spec__ for module in list(sys.modules.values()) if getattr(module, '__spec__', None)]\n"
        "files = [spec.origin for spec in specs if str(spec.origin).endswith('.py')]\n"  # else built in or frozen
        "print(len(files), *[file for file in files if not os.path.exists(cache_from_source(file))])"
    )

    looked = engine.run("-c", look, options=("--entrypoint", "python"))

    assert looked.code == 0, looked.err
    number, *missing = looked.out.split()
    assert int(number) > 300
    assert missing == []


# --------------------------------------------------------------------------- the first steps, and the missteps


def test_without_a_configuration_it_says_in_one_line_what_to_do(engine: Engine, volume: str) -> None:
    ended = engine.run(options=("--volume", f"{volume}:/data"))

    assert ended.code == 2
    assert ended.err == (
        "newsward: /config/newsward.toml: there is no such file "
        "(newsward init /config; in a container, mount the folder that has it there)\n"
    )


def test_init_writes_into_a_folder_of_the_host_and_the_next_command_reads_it(
    engine: Engine, volume: str, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    me = f"{os.geteuid()}:{os.getegid()}"

    made = engine.run(
        *("init", "/config", "--database", "/data/newsward.db", "--company", "Siemens", "--pack", "business"),
        options=("--volume", f"{config}:/config", "--user", me),
    )
    checked = engine.run("check", options=mounted(config, volume))

    assert made.code == 0, made.err
    assert sorted(path.name for path in config.iterdir()) == [
        ".schema",
        "companies.toml",
        "feeds.toml",
        "newsward.toml",
    ]
    assert {path.stat().st_uid for path in config.iterdir()} == {os.geteuid()}
    assert (checked.code, "no problem" in checked.err) == (0, True), checked.err


@pytest.mark.parametrize("face", ["run", "daemon"])
def test_a_data_folder_of_somebody_else_is_told_with_the_user_it_must_belong_to(
    engine: Engine, tmp_path: Path, face: str
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)

    ended = engine.run(face, options=mounted(configured(tmp_path, [DEAD]), data))

    assert ended.code == 1
    assert "/data" in ended.err
    assert "user 10001 must be able to write in" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("face", ["run", "daemon"])
def test_a_database_beside_a_configuration_that_is_only_read_is_told(
    engine: Engine, volume: str, tmp_path: Path, face: str
) -> None:
    config = configured(tmp_path, [DEAD], database="newsward.db")

    ended = engine.run(face, options=mounted(config, volume))

    assert ended.code == 1
    assert "/config/newsward." in ended.err
    assert "[store] database in newsward.toml names the place" in ended.err


# --------------------------------------------------------------------------- by cron


def test_run_exits_with_0_one_broken_feed_included_and_what_it_found_stays(
    engine: Engine, volume: str, tmp_path: Path, server: FeedServer
) -> None:
    config = configured(tmp_path, serve_seeds(server) | {"broken.xml": DEAD})

    first = engine.run("run", options=mounted(config, volume))
    again = engine.run("run", options=mounted(config, volume))

    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert "1 failed" in first.err
    assert count(engine, volume, "hits") > 10
    assert count(engine, volume, "runs") == 2


def test_run_exits_with_1_when_nothing_can_be_reached(engine: Engine, volume: str, tmp_path: Path) -> None:
    ended = engine.run("run", options=mounted(configured(tmp_path, [DEAD, DEAD.replace("71", "72")]), volume))

    assert ended.code == 1
    assert "2 failed" in ended.err


def test_run_exits_with_2_and_begins_no_database_when_the_configuration_is_bad(
    engine: Engine, volume: str, tmp_path: Path
) -> None:
    config = configured(tmp_path, [DEAD])
    with (config / "newsward.toml").open("a", encoding="utf-8") as file:
        file.write("\n[stroe]\n")

    ended = engine.run("run", options=mounted(config, volume))
    listed = engine.run("-A", "/data", options=("--volume", f"{volume}:/data", "--entrypoint", "ls"))

    assert ended.code == 2
    assert "'stroe'" in ended.err
    assert listed.out == ""


def test_a_second_run_in_another_container_exits_with_0_and_a_note(
    engine: Engine, volume: str, tmp_path: Path, server: FeedServer
) -> None:
    over = hang(server)
    config = configured(tmp_path, [server.url("/hang.xml")])
    going = Thread(target=engine.run, args=("run",), kwargs={"options": mounted(config, volume)})
    going.start()
    try:
        until(lambda: server.requests("/hang.xml"))
        second = engine.run("run", options=mounted(config, volume))
    finally:
        over.set()
        going.join()

    assert second.code == 0
    assert "another run is going on" in second.err
    assert "nothing to do" in second.err


def test_a_secret_comes_from_a_file(engine: Engine, volume: str, tmp_path: Path) -> None:
    config = configured(tmp_path, [DEAD])
    main = config / "newsward.toml"
    text = main.read_text(encoding="utf-8").replace('kind = "stdout"', 'kind = "webhook"\nurl = "${DESK_WEBHOOK}"')
    main.write_text(text, encoding="utf-8")
    secret = tmp_path / "desk_webhook"
    secret.write_text("http://127.0.0.72:9/hook/very-secret\n", encoding="utf-8")
    given = (
        "--volume",
        f"{secret}:/run/secrets/desk_webhook:ro",
        "--env",
        "DESK_WEBHOOK_FILE=/run/secrets/desk_webhook",
    )

    without = engine.run("check", options=mounted(config, volume))
    with_it = engine.run("check", options=(*mounted(config, volume), *given))

    assert (without.code, with_it.code) == (2, 0), with_it.err
    assert "very-secret" not in with_it.out + with_it.err


# --------------------------------------------------------------------------- as a daemon


@dataclass
class Watch:
    """A daemon in a container, its log read line by line."""

    engine: Engine
    name: str
    process: Popen[str]
    lines: list[str] = field(default_factory=list)

    def read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(line)  # each as it comes: the test waits for some

    def has_logged(self, event: str) -> bool:
        return any(f'"event": "{event}"' in line for line in self.lines)

    def health(self) -> int:
        """The exit code of the image's own HEALTHCHECK."""
        config = self.engine.inspect()
        test = (config["Config"].get("Healthcheck") or config["Healthcheck"])["Test"]
        return self.engine.call("exec", self.name, "sh", "-c", test[1]).code

    def file(self, path: str) -> str:
        return self.engine.must("exec", self.name, "cat", path)


@contextmanager
def watching(engine: Engine, config: Path, volume: str) -> Iterator[Watch]:
    watch = Watch(engine, f"{volume}-daemon", engine.popen(f"{volume}-daemon", options=mounted(config, volume)))
    reader = Thread(target=watch.read)
    reader.start()
    try:
        yield watch
    finally:
        engine.call("rm", "--force", watch.name)
        reader.join()
        watch.process.wait()
        if watch.process.stderr:
            watch.process.stderr.close()


def test_the_daemon_is_healthy_after_its_first_run_reloads_and_ends_in_time(
    engine: Engine, volume: str, tmp_path: Path, server: FeedServer, figures: list[str]
) -> None:
    config = configured(tmp_path, serve_seeds(server))
    before = engine.run("health", options=mounted(config, volume))
    with watching(engine, config, volume) as watch:
        until(lambda: watch.has_logged("run_completed"))
        healthy = watch.health()
        status = dict(line.split(":", 1) for line in watch.file("/proc/1/status").splitlines())
        command = watch.file("/proc/1/cmdline").split("\0")
        engine.must("kill", "--signal", "HUP", watch.name)
        until(lambda: watch.has_logged("configuration_loaded"))
        stopped = engine.call("stop", "-t", "30", watch.name)
        state = json.loads(engine.must("inspect", watch.name))[0]["State"]
    after = engine.run("health", options=mounted(config, volume))

    assert (before.code, healthy, after.code) == (1, 0, 0)
    assert "there is no database yet" in before.out
    assert command[1:3] == ["/opt/newsward/bin/newsward", "daemon"]  # a shell in between would swallow SIGTERM
    assert status["Uid"].split() == ["10001"] * 4
    assert (status["CapEff"].split(), status["CapBnd"].split()) == (["0" * 16], ["0" * 16])
    assert status["NoNewPrivs"].strip() == "1"
    assert (stopped.code, state["ExitCode"]) == (0, 0)
    assert stopped.seconds < IN_TIME
    assert count(engine, volume, "hits") > 10
    line = json.loads(watch.lines[0])
    first = datetime.fromisoformat(line["timestamp"]) - datetime.fromisoformat(state["StartedAt"])
    figures.append(
        f"start to the daemon's first log line: {first.total_seconds():.1f} s (StartedAt to {line['event']})"
    )
    figures.append(f"memory of the daemon after a run over 12 feeds: {status['VmRSS'].strip()} (VmRSS, /proc/1/status)")
    figures.append(f"SIGTERM to the end, at rest: {stopped.seconds:.1f} s ({engine.name} stop)")


def test_the_daemon_ends_in_time_while_a_feed_hangs(
    engine: Engine, volume: str, tmp_path: Path, server: FeedServer
) -> None:
    over = hang(server)
    urls = serve_seeds(server) | {"hang.xml": server.url("/hang.xml", host="127.0.0.99")}
    with watching(engine, configured(tmp_path, urls), volume) as watch:
        until(lambda: server.requests("/hang.xml"))
        stopped = engine.call("stop", "-t", "30", watch.name)
        code = json.loads(engine.must("inspect", watch.name))[0]["State"]["ExitCode"]
        over.set()

    assert (stopped.code, code) == (0, 0)
    assert stopped.seconds < IN_TIME
    assert watch.has_logged("daemon_stopping")


def test_a_watch_gone_silent_is_unhealthy(engine: Engine, volume: str, tmp_path: Path, server: FeedServer) -> None:
    config = configured(tmp_path, serve_seeds(server))
    engine.run("run", options=mounted(config, volume))
    long_ago = (
        "from datetime import UTC, datetime, timedelta as t\nfrom pipeline.store import Store\n"
        "with Store.open('/data/newsward.db') as s: s.beat(datetime.now(UTC) - t(hours=5))"
    )
    engine.run("-c", long_ago, options=(*mounted(config, volume), "--entrypoint", "python"))

    ended = engine.run("health", options=mounted(config, volume))

    assert ended.code == 1
    assert "the last run was completed 5 hours ago" in ended.out


# --------------------------------------------------------------------------- figures


TIMING = """
import json, os, subprocess, sys, time

def best(*words, **environment):
    seconds = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run(words, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.monotonic() - began)
    return round(min(seconds), 2)

print(json.dumps({
    "python -c pass": best("python", "-c", "pass"),
    "newsward --version": best("newsward", "--version"),
    "newsward --version without bytecode": best("newsward", "--version", PYTHONPYCACHEPREFIX="/nowhere"),
    "newsward health": best("newsward", "health"),
}))
"""


def test_how_long_a_start_takes_is_told(
    engine: Engine, volume: str, tmp_path: Path, server: FeedServer, figures: list[str]
) -> None:
    config = configured(tmp_path, serve_seeds(server))
    assert engine.run("run", options=mounted(config, volume)).code == 0

    timed = engine.run("-c", TIMING, options=(*mounted(config, volume), "--entrypoint", "python"))

    assert timed.code == 0, timed.err
    figures += [
        f"{command}: {best} s (the best of 5 in one container)" for command, best in json.loads(timed.out).items()
    ]
