"""One pass of delivery at a moment of one's choice, as a process that a test can kill.

``python -m tests.sender FOLDER MOMENT`` sends what the configuration in the folder owes by then.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

from pipeline.app import send_owed
from pipeline.config import load
from pipeline.store import Store


def main() -> None:
    """Sends, and prints how much still waits."""
    config = load(Path(sys.argv[1]), os.environ)
    with Store.open(config.database) as store:
        print(send_owed(store, config, datetime.fromisoformat(sys.argv[2])).waiting)


if __name__ == "__main__":
    main()
