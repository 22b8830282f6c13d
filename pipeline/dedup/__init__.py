"""The same news told twice: identity before matching; copies, stories and updates after it."""

from pipeline.dedup.cluster import ClusterInput, ClusterOutput, cluster, cluster_whole, read_input
from pipeline.dedup.identity import Remembered, Sorted, find_twins, lookup_keys, recall, recognise, sort_entries
from pipeline.dedup.lookups import Lookups
from pipeline.dedup.memory import MemoryLookups
from pipeline.dedup.parameters import ParameterMemory, changed_addresses, page_clues, read_parameters
from pipeline.dedup.roundups import is_round_up
from pipeline.dedup.stories import Arrival, StoryIndex, StoryOptions, look_at
from pipeline.dedup.updates import untold

__all__ = [
    "Arrival",
    "ClusterInput",
    "ClusterOutput",
    "Lookups",
    "MemoryLookups",
    "ParameterMemory",
    "Remembered",
    "Sorted",
    "StoryIndex",
    "StoryOptions",
    "changed_addresses",
    "cluster",
    "cluster_whole",
    "find_twins",
    "is_round_up",
    "look_at",
    "lookup_keys",
    "page_clues",
    "read_input",
    "read_parameters",
    "recall",
    "recognise",
    "sort_entries",
    "untold",
]
