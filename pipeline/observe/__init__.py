"""What a run tells: log lines without secrets, one sentence for people, and whether the watch is well."""

from pipeline.observe.health import DeepFacts, HealthFacts, HealthOptions, judge, judge_deep
from pipeline.observe.log import LogOptions, configure_logging
from pipeline.observe.redact import redact
from pipeline.observe.summary import summary
from pipeline.urls import public_url as redact_url

__all__ = [
    "DeepFacts",
    "HealthFacts",
    "HealthOptions",
    "LogOptions",
    "configure_logging",
    "judge",
    "judge_deep",
    "redact",
    "redact_url",
    "summary",
]
