"""What is remembered, in one SQLite file: opened, asked and written by ``Store``, one run at a time by ``RunLock``."""

from pipeline.store.lock import RunLock
from pipeline.store.store import BUSY_TIMEOUT, Store, file_identity

__all__ = ["BUSY_TIMEOUT", "RunLock", "Store", "file_identity"]
