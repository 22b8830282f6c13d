"""What a run tells: log lines without secrets, one sentence for people, metrics, and whether the watch is well.

Metrics stand in ``metrics.py`` alone: what they are made with takes a tenth of a start, and only the daemon has them.
"""

from pipeline.observe.health import DeepFacts, HealthFacts, HealthOptions, judge, judge_deep
from pipeline.observe.heartbeat import Heartbeat, HeartbeatOptions
from pipeline.observe.log import LogOptions, configure_logging, telling_uncaught
from pipeline.observe.redact import redact, redact_text
from pipeline.observe.server import MetricsOptions, Page, Pages, Server
from pipeline.observe.summary import summary
from pipeline.urls import public_url as redact_url

__all__ = [
    "DeepFacts",
    "HealthFacts",
    "HealthOptions",
    "Heartbeat",
    "HeartbeatOptions",
    "LogOptions",
    "MetricsOptions",
    "Page",
    "Pages",
    "Server",
    "configure_logging",
    "judge",
    "judge_deep",
    "redact",
    "redact_text",
    "redact_url",
    "summary",
    "telling_uncaught",
]
