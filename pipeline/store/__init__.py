"""What is remembered, in one SQLite file: opened, asked and written by ``Store``, one run at a time by ``RunLock``."""

from pipeline.store.columns import search_query
from pipeline.store.copies import Backup, Restored, backup, backup_folder, free_name, restore
from pipeline.store.lock import DaemonLock, RunLock
from pipeline.store.options import StoreOptions
from pipeline.store.pruning import Pruned
from pipeline.store.shelf import Shelf
from pipeline.store.store import BUSY_TIMEOUT, Store, file_identity

__all__ = [
    "BUSY_TIMEOUT",
    "Backup",
    "DaemonLock",
    "Pruned",
    "Restored",
    "RunLock",
    "Shelf",
    "Store",
    "StoreOptions",
    "backup",
    "backup_folder",
    "file_identity",
    "free_name",
    "restore",
    "search_query",
]
