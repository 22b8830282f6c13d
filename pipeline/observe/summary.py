"""A run in one line, for people."""

from __future__ import annotations

from pipeline.model import Committed, RunReport

_MOST_SHARES = 4  # named one by one


def summary(report: RunReport) -> str:
    """What the run polled, what it found and what became of the alerts; what is rare is left out when it is zero."""
    if not report.due:
        return f"{'no feed was due' if report.feeds else 'no feed is configured'}; {_alerts(report)}"
    polled = f"{_count(report.due, 'feed')}: {report.fetched} fetched, {report.not_modified} unchanged"
    polled += f", {len(report.failed)} failed" if report.failed else ""
    if report.is_cut_off:
        polled += f" (stopped: {_left(report)} left to the next run)"
    elif report.unreachable:
        polled += " (none could be reached: look at this machine's network, name server, proxy)"
    return f"{polled}; {_found(report.committed)}; {_alerts(report)}"


def _left(report: RunReport) -> int:
    return report.due - report.fetched - report.not_modified - len(report.failed)


def _found(added: Committed) -> str:
    parts = [_count(added.new, "new entry", "new entries")]
    parts += [f"{added.edited} edited"] if added.edited else []
    parts += [_count(added.hits, "hit"), _count(added.stories, "new story", "new stories")]
    return ", ".join(parts)


def _alerts(report: RunReport) -> str:
    """Each channel gets an alert of its own, so that the sum of several says little."""
    sent = {tally.channel: tally.count for tally in report.deliveries if tally.outcome == "sent"}
    by = ", ".join(f"{count} by {channel}" for channel, count in sorted(sent.items()))
    shares = "" if len(sent) < 2 else f" ({by})" if len(sent) <= _MOST_SHARES else f" (by {len(sent)} channels)"
    parts = [f"{_count(report.sent, 'alert')} sent{shares}"]
    if report.undelivered:
        parts += [
            f"{report.undelivered} left to the next run" if report.is_cut_off else f"{report.undelivered} waiting"
        ]
    parts += [f"{report.dead} given up"] if report.dead else []
    parts += [f"{report.committed.alerts} held for later"] if _is_all_held(report) else []
    return ", ".join(parts)


def _is_all_held(report: RunReport) -> bool:
    """Whether all that the run owes waits for a digest or the end of the quiet hours. Of a part of it nothing is known:
    what was sent may be owed since an earlier run."""
    return bool(report.committed.alerts) and not (report.sent or report.undelivered or report.dead)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
