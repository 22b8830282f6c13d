"""``newsward`` on the path of the documents' commands: the command itself, run by a process that has it loaded.

Called with the socket of that process (``stage.py``), the sample's feeds.toml and the real command before the
arguments. A command that polls finds the sample where a configuration names feeds of the outside world.
"""

import glob
import json
import os
import re
import socket
import sys

POLLING = {"run", "daemon", "poll", "test", "discover"}
STAYING = {"daemon"}  # signals are for the process that the shell knows


def lead_home(sample: str) -> None:
    """Feeds of the outside world are replaced by the sample's, which may be polled; only where documents are run."""
    stage = os.path.dirname(os.path.dirname(os.path.realpath(sample)))
    if os.path.commonpath([stage, os.path.realpath(os.getcwd())]) != stage:
        return
    for feeds in glob.glob("**/feeds.toml", recursive=True):
        with open(feeds, encoding="utf-8") as file:
            text = file.read()
        if not re.search(r'^url = "https?://(?!127\.|localhost)', text, re.MULTILINE):
            continue
        with open(sample, encoding="utf-8") as source, open(feeds, "w", encoding="utf-8") as file:
            file.write(source.read())
        _allow_loopback(os.path.join(os.path.dirname(feeds), "newsward.toml"))


def _allow_loopback(main: str) -> None:
    with open(main, encoding="utf-8") as file:
        text = file.read()
    if re.search(r"^allow_private", text, re.MULTILINE):
        return
    text, found = re.subn(r"^\[fetch\]", "[fetch]\nallow_private = true", text, flags=re.MULTILINE)
    if not found:
        text += "\n[fetch]\nallow_private = true\n"
    with open(main, "w", encoding="utf-8") as file:
        file.write(text)


def main() -> int:
    """The exit code of the command."""
    address, sample, real, *arguments = sys.argv[1:]
    if POLLING & set(arguments):
        lead_home(sample)
    if STAYING & set(arguments):
        os.execv(real, [real, *arguments])
    request = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(address)
        socket.send_fds(line, [b"0"], [0, 1, 2])
        line.sendall(json.dumps(request).encode())
        line.shutdown(socket.SHUT_WR)
        return int(line.recv(16) or b"70")


sys.exit(main())
