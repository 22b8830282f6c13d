"""Two processes on one file: opening it new, and dying in the middle of a transaction."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.model import Batch, Committed
from pipeline.store import Store
from tests.builders_store import NOW, dump, make_alert, make_batch, make_entry, make_hit, make_placement, open_store

ROOT = Path(__file__).parents[2]
OPEN = """
import sys
from pipeline.store import Store
print("ready", flush=True)
sys.stdin.readline()
with Store.open(sys.argv[1]) as store:
    print(len(store.rows("feed_list")))
"""
DIE = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from pipeline.store import Store
from tests.integration.test_store_processes import NOW, news
with Store.open(sys.argv[1]) as store:
    store.database.conn.create_function("die", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
    store.database.execute("CREATE TEMP TRIGGER last AFTER INSERT ON main.alerts BEGIN SELECT die(); END")
    store.commit(news(), run_id=None, now=NOW)
"""


def news() -> Batch:
    """A batch that touches every table."""
    entry = make_entry(title="Xiaomi sells phones")
    return make_batch(
        entry, hits=(make_hit(entry),), placements=(make_placement(entry),), alerts=(make_alert(story=entry.id),)
    )


def test_many_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, tmp_path / "newsward.db"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(command, **pipes) for _ in range(4)]
    for child in children:
        child.stdout.readline()
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()

    ends = [child.communicate(timeout=30) for child in children]

    assert [(out.strip(), err) for out, err in ends] == [("0", "")] * 4


def test_a_process_killed_inside_the_transaction_has_changed_nothing(tmp_path: Path) -> None:
    path = tmp_path / "newsward.db"
    with open_store(path) as store:
        before = dump(store)

    died = subprocess.run([sys.executable, "-c", DIE, path, ROOT], check=False, capture_output=True, text=True)

    assert died.returncode == -signal.SIGKILL, died.stderr
    with open_store(path) as store:
        assert dump(store) == before
        assert store.commit(news(), run_id=None, now=NOW) == Committed(new=1, hits=1, stories=1, alerts=1)
        assert store.database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


@pytest.mark.parametrize("what", ["deleted", "replaced"])
def test_a_database_that_is_moved_away_is_not_written_on_in_secret(tmp_path: Path, what: str) -> None:
    path = tmp_path / "newsward.db"
    with Store.open(path) as store:
        path.rename(tmp_path / "elsewhere.db")
        if what == "replaced":
            path.write_bytes((tmp_path / "elsewhere.db").read_bytes())

        with pytest.raises(StoreError, match="moved or deleted while it was in use"):
            store.open_run(NOW)
