"""podman or docker by their common command line, and an image of this checkout made with it.

    CONTAINER_ENGINE   podman or docker; else the first of them that is there
    BASE               the base image, or a .tar of a root folder; else Debian with Python, by debootstrap (as root)

Debian's packages: podman crun debootstrap. podman works in a storage of its own below the temporary folder, so that
nothing of the machine's images is touched. Docker has not been tried: where this was written no engine of it ran.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
IMAGE = "localhost/newsward-try"
STAND_IN = "localhost/newsward-try-base"
SUITE = "trixie"
# The official image has neither; bytecode that is there would hide what the image must bring itself.
_NOT_IN_A_BASE = (
    "__pycache__",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "var/cache/apt",
    "var/lib/apt/lists",
)
_CERTIFICATES = Path("/etc/ssl/certs")
# All that a strict host forbids; --network host, since the feeds of the tests are served on its loopback.
_STRICT = ("--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--network", "host")
# A machine inside a machine may have a version of control groups that crun refuses: it gets a mount of its own.
_OWN_CGROUPS = 'umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"'


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str
    seconds: float


@dataclass(frozen=True)
class Engine:
    """Its name, the words before the subcommand, the options of ``run``, and those of ``build``."""

    name: str
    command: tuple[str, ...]
    run_options: tuple[str, ...]
    build_options: tuple[str, ...]

    def call(self, *words: object, stdin: Path | None = None) -> Ended:
        """A subcommand, whatever comes of it."""
        began = time.monotonic()
        with (stdin or Path(os.devnull)).open("rb") as given:
            done = subprocess.run([*self.command, *map(str, words)], stdin=given, capture_output=True, text=True)
        return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - began)

    def must(self, *words: object, stdin: Path | None = None) -> str:
        """What a subcommand prints; AssertionError with all it said when it fails."""
        ended = self.call(*words, stdin=stdin)
        assert ended.code == 0, f"{words}: {ended.err}\n{ended.out}"
        return ended.out.strip()

    def run(self, *words: object, options: tuple[object, ...] = ()) -> Ended:
        """A container of the image with these arguments, under a strict host, removed when it ends."""
        return self.call("run", "--rm", *self.run_options, *options, IMAGE, *words)

    def popen(self, name: str, *words: object, options: tuple[object, ...] = ()) -> subprocess.Popen[str]:
        """The same in the foreground, its log to be read from ``stderr``; it stays when it has ended."""
        command = [*self.command, "run", "--name", name, *self.run_options, *map(str, options), IMAGE, *map(str, words)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def inspect(self, image: str = IMAGE) -> dict[str, Any]:
        (found,) = json.loads(self.must("image", "inspect", image))
        return dict(found)


def find_engine(folder: Path) -> Engine:
    """The engine of this machine; its storage, where it can be chosen, in the folder."""
    name = os.environ.get("CONTAINER_ENGINE") or next((one for one in ("podman", "docker") if shutil.which(one)), "")
    assert name, "no container engine: apt-get install podman crun debootstrap"
    if Path(name).name != "podman":
        return Engine(name, (name,), (*_STRICT, "--no-healthcheck"), ())
    words = [name, "--root", str(folder / "storage"), "--runroot", str(folder / "run"), "--storage-driver", "vfs"]
    options = [*_STRICT, "--read-only-tmpfs=false", "--no-healthcheck"]
    # podman asks for more than a machine inside a machine may grant.
    options += ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
    if os.geteuid() == 0 and not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _OWN_CGROUPS, "sh", *words]
        words += ["--cgroup-manager", "cgroupfs"]
        options.append("--cgroups=disabled")
    mounts = ["--volume", f"{_CERTIFICATES}:{_CERTIFICATES}:ro"] if _CERTIFICATES.is_dir() else []
    return Engine(
        name, tuple(words), tuple(options), ("--isolation", "chroot", "--format", "docker", "--layers", *mounts)
    )


@contextmanager
def built(engine: Engine, folder: Path) -> Iterator[list[str]]:
    """The image, made and at the end removed; what it cost, one line a figure with the command that measured it."""
    base = os.environ.get("BASE", "")
    try:
        if not base or base.endswith(".tar"):
            _import_base(engine, Path(base) if base else _bootstrap(folder))
            base = STAND_IN
        took = engine.call("build", *engine.build_options, "--build-arg", f"BASE={base}", "--tag", IMAGE, ROOT)
        assert took.code == 0, f"the build failed:\n{took.out}\n{took.err}"
        total, below = (engine.inspect(image)["Size"] / 1e6 for image in (IMAGE, base))
        yield [
            f"build without a cache: {took.seconds:.0f} s ({engine.name} build .)",
            f"image: {total:.0f} MB, {total - below:.0f} MB of them ours on {base} ({engine.name} image inspect, Size)",
        ]
    finally:
        engine.call("rmi", "--force", IMAGE, STAND_IN)


def _bootstrap(folder: Path) -> Path:
    """A tar of the smallest Debian with Python, made like an official image."""
    assert shutil.which("debootstrap"), "no BASE given, and no debootstrap to make one: apt-get install debootstrap"
    root = folder / "base"
    packages = "--include=python3-venv,ca-certificates"
    subprocess.run(["debootstrap", "--variant=minbase", packages, SUITE, root], check=True, stdout=subprocess.DEVNULL)
    for name in _NOT_IN_A_BASE:
        for found in [root / name] if "/" in name else list(root.rglob(name)):
            shutil.rmtree(found, ignore_errors=True)
    tar = folder / "base.tar"
    subprocess.run(["tar", "--create", "--file", tar, "--directory", root, "--exclude=./dev/*", "."], check=True)
    return tar


def _import_base(engine: Engine, tar: Path) -> None:
    path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    engine.must("import", "--change", path, "-", STAND_IN, stdin=tar)
