"""The files below ``docs/deploy``: checked by the tools that will read them, and by a daemon that lives as they say."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders_run import ask, serve_seeds, write_config
from tests.feed_server import FeedServer

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
INSTALLED = "/opt/newsward/bin/newsward"
NEWSWARD = str(Path(sys.executable).with_name("newsward"))
DEBIANS_PYTHON = "/usr/bin/python3"  # python3-seccomp is a package for this one
EXPOSURE = 15  # tenths; systemd calls up to 2.5 "OK", and a service that must reach the Internet gets no lower than 0.9

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="needs systemd-analyze (Debian: systemd)"
)


def can_filter() -> bool:
    """Whether Debian's Python can load a system call filter."""
    if not (Path(DEBIANS_PYTHON).exists() and shutil.which("systemd-analyze")):
        return False
    return subprocess.run([DEBIANS_PYTHON, "-c", "import seccomp"], capture_output=True).returncode == 0


needs_filter = pytest.mark.skipif(not can_filter(), reason="needs Debian's systemd and python3-seccomp")


def until(what: Callable[[], object], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


# --------------------------------------------------------------------------- systemd


@needs_systemd
@pytest.mark.parametrize("unit", [*UNITS, DEPLOY / "systemd" / "newsward-run.timer"], ids=lambda path: path.name)
def test_systemd_understands_every_line_of_a_unit(unit: Path, tmp_path: Path) -> None:
    for one in unit.parent.iterdir():
        text = one.read_text(encoding="utf-8").replace(INSTALLED, NEWSWARD)
        (tmp_path / one.name).write_text(re.sub("(?m)^#(?=[A-Z][A-Za-z]+=)", "", text), encoding="utf-8")

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)], capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_exposes_little(unit: Path) -> None:
    words = ["systemd-analyze", "security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE}", str(unit)]
    done = subprocess.run(words, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_both_services_are_hardened_alike() -> None:
    daemon, run = (path.read_text(encoding="utf-8").partition("# What it may touch")[2] for path in UNITS[::-1])

    assert daemon.partition("\n\n[Install]")[0].strip() == run.strip()
    assert "SystemCallFilter=@system-service" in run


@needs_filter
def test_the_filters_of_the_unit_deny_what_they_say() -> None:
    attempts = (
        "import mmap, os, socket\n"
        "for attempt in (lambda: os.chroot('/'), lambda: os.nice(1), lambda: socket.socket(socket.AF_NETLINK),"
        " lambda: mmap.mmap(-1, 4096, prot=7)):\n"
        "    try: print(attempt())\n"
        "    except OSError as error: print(error.strerror)"
    )

    done = under_filters(DEBIANS_PYTHON, "-c", attempts)
    out, _ = done.communicate(timeout=60)

    denied, no_family = "Operation not permitted", "Address family not supported by protocol"
    assert out.splitlines() == [denied, denied, no_family, denied]


@needs_filter
def test_the_daemon_lives_under_the_filters_of_its_unit(tmp_path: Path) -> None:
    database = tmp_path / "newsward.db"
    with FeedServer(host="0.0.0.0") as server:
        config = write_config(tmp_path, serve_seeds(server))
        daemon = under_filters(NEWSWARD, "--config", str(config), "daemon")
        try:
            until(lambda: database.exists() and count(database, "fetches") == 12)
            daemon.send_signal(signal.SIGTERM)
            _, log = daemon.communicate(timeout=60)
        finally:
            daemon.kill()
            daemon.wait()

    assert daemon.returncode == 0, log
    assert count(database, "hits") > 10
    assert "error" not in log


def under_filters(*command: str) -> subprocess.Popen[str]:
    script = str(Path(__file__).with_name("systemd_filter.py"))
    words = [DEBIANS_PYTHON, script, str(DEPLOY / "systemd" / "newsward.service"), *command]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def count(database: Path, table: str) -> int:
    there = ask(database, "SELECT count(*) FROM sqlite_master WHERE name = ?", table)[0][0]
    return int(str(ask(database, f"SELECT count(*) FROM {table}")[0][0])) if there else 0


# --------------------------------------------------------------------------- compose


def compose(*, with_options: bool) -> dict[str, Any]:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text.replace("#: ", "") if with_options else text))


def test_the_compose_file_closes_all_that_can_be_closed() -> None:
    service = compose(with_options=True)["services"]["newsward"]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["environment"] == {"DESK_WEBHOOK_FILE": "/run/secrets/desk_webhook"}
    assert service["secrets"] == list(compose(with_options=True)["secrets"])
    assert "secrets" not in compose(with_options=False)


def test_the_compose_file_asks_for_health_as_the_image_does() -> None:
    asked = compose(with_options=False)["services"]["newsward"]["healthcheck"]
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    (line,) = re.findall("(?m)^HEALTHCHECK (.*)$", dockerfile)
    options = "--interval={interval} --timeout={timeout} --start-period={start_period}".format(**asked)
    assert line == f"{options} CMD {asked['test'][1]}"


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="needs docker-compose, which needs no engine for this")
@pytest.mark.parametrize("with_options", [False, True], ids=["plain", "secrets"])
def test_compose_understands_its_file(tmp_path: Path, with_options: bool) -> None:
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(compose(with_options=with_options)), encoding="utf-8")

    words = ["docker-compose", "--file", str(tmp_path / "compose.yaml"), "config", "--quiet"]
    done = subprocess.run(words, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


# --------------------------------------------------------------------------- Kubernetes


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_kubernetes_knows_every_field(path: Path) -> None:
    validator = pytest.importorskip("kubernetes_validate", reason="needs kubernetes-validate (pip)")

    for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        validator.validate(document, validator.latest_version(), strict=True)


def pod(name: str) -> dict[str, Any]:
    """The pod that a manifest asks for."""
    document = yaml.safe_load((DEPLOY / "kubernetes" / name).read_text(encoding="utf-8"))
    template = document["spec"].get("jobTemplate", document)["spec"]["template"]
    return dict(template["spec"])


@pytest.mark.parametrize("name", ["cronjob.yaml", "deployment.yaml"])
def test_a_pod_runs_as_the_image_does_and_with_no_privilege(name: str) -> None:
    spec = pod(name)
    (box,) = spec["containers"]

    who = spec["securityContext"]
    assert (who["runAsNonRoot"], who["runAsUser"], who["fsGroup"]) == (True, 10001, 10001)
    assert box["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["mountPath"] for mount in box["volumeMounts"]} == {"/config", "/data", "/run/secrets/newsward"}


def test_both_pods_differ_in_nothing_but_their_face() -> None:
    cron, daemon = pod("cronjob.yaml"), pod("deployment.yaml")

    assert cron.pop("restartPolicy") == "Never"
    assert daemon["containers"][0].pop("readinessProbe")["exec"] == {"command": ["newsward", "health"]}
    assert (cron["containers"][0].pop("args"), daemon["containers"][0].pop("args")) == (["run"], ["daemon"])
    assert cron == daemon


def test_kubernetes_never_runs_two_writers() -> None:
    cron = yaml.safe_load((DEPLOY / "kubernetes" / "cronjob.yaml").read_text(encoding="utf-8"))
    daemon = yaml.safe_load((DEPLOY / "kubernetes" / "deployment.yaml").read_text(encoding="utf-8"))

    assert cron["spec"]["concurrencyPolicy"] == "Forbid"
    assert (daemon["spec"]["replicas"], daemon["spec"]["strategy"]) == (1, {"type": "Recreate"})


# --------------------------------------------------------------------------- cron


def test_the_line_for_cron_is_silent_unless_something_fails(tmp_path: Path) -> None:
    lines = (DEPLOY / "crontab").read_text(encoding="utf-8").splitlines()
    commands = [line.split(maxsplit=5)[5] for line in lines if line and not line.startswith("#")]
    (plain,) = [command for command in commands if INSTALLED in command]

    with FeedServer(host="0.0.0.0") as server:
        config = write_config(tmp_path, serve_seeds(server))
        command = plain.replace(INSTALLED, NEWSWARD).replace("/etc/newsward", str(config))
        well = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
        (config / "feeds.toml").write_text("[[fed]]\n", encoding="utf-8")
        ill = subprocess.run(["sh", "-c", command], capture_output=True, text=True)

    assert len(commands) == 3
    assert not any("%" in command for command in commands)  # a line's end for cron
    assert (well.returncode, well.stdout, well.stderr) == (0, "", "")
    assert count(tmp_path / "newsward.db", "hits") > 10
    assert (ill.returncode, "feeds.toml" in ill.stdout, ill.stderr) == (2, True, "")
