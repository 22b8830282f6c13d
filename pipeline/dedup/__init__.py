"""The same news told twice: identity before matching; copies, stories and updates after it."""

from pipeline.dedup.cluster import ClusterInput, ClusterOutput, cluster, cluster_whole, read_input
from pipeline.dedup.identity import Remembered, Sorted, find_twins, lookup_keys, recognise, sort_entries
from pipeline.dedup.lookups import Lookups
from pipeline.dedup.memory import MemoryLookups
from pipeline.dedup.stories import Arrival, StoryIndex, StoryOptions, look_at
from pipeline.dedup.updates import untold

__all__ = [
    "Arrival",
    "ClusterInput",
    "ClusterOutput",
    "Lookups",
    "MemoryLookups",
    "Remembered",
    "Sorted",
    "StoryIndex",
    "StoryOptions",
    "cluster",
    "cluster_whole",
    "find_twins",
    "look_at",
    "lookup_keys",
    "read_input",
    "recognise",
    "sort_entries",
    "untold",
]
