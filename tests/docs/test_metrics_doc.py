"""``docs/metrics.md`` says of every metric what the registry says: name, type, labels, and no others."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from pipeline.observe.metrics import Figures, Metrics

DOC = Path(__file__).parents[2] / "docs" / "metrics.md"
NOW = datetime(2026, 3, 5, tzinfo=UTC)
_ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<type>\w+) \|(?P<labels>[^|]*)\|", re.MULTILINE)


def served() -> dict[str, tuple[str, frozenset[str]]]:
    """Name, type and labels of all that a daemon with every gauge serves."""
    metrics = Metrics()
    metrics.note_loaded(companies=1, channels=["desk"], now=NOW)
    text = metrics.text(Figures({"ok": 1}, 1, 1, NOW, NOW, 1, is_healthy=True)).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = frozenset(label for sample in family.samples for label in sample.labels) - {"le"}
        found[name] = (family.type, labels)
    return found


def test_every_metric_is_documented_with_its_type_and_labels() -> None:
    documented = {
        row["name"]: (row["type"], frozenset(re.findall(r"\w+", row["labels"])))
        for row in _ROW.finditer(DOC.read_text(encoding="utf-8"))
    }

    assert documented == served()


def test_the_alert_rules_ask_for_metrics_that_there_are() -> None:
    (rules,) = re.findall(r"```yaml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    expressions = re.findall(r"expr: (.*)", rules)
    named = {name for one in expressions for name in re.findall(r"\bnewsward_\w+", one)}

    assert len(expressions) == 4
    assert named <= set(served())
