"""Measures quality on labelled sets: the matcher's here in ``match``, deduplication's in ``dedup``."""
