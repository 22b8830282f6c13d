"""How many alerts a person gets for the stories there are: a labelled stream through the whole pipeline.

    python -m bench.alert_noise DATA_DIR/dedup/stress_dev.jsonl.gz [--step 15] [--limit 500] [--show 10]

The entries come in feeds, one for each outlet, which are polled every ``--step`` minutes by a clock that is moved: each
document is parsed, its entries are recognised, matched by the companies' bare names, placed into stories and committed,
and what is owed is delivered to a channel that only counts. Only the wire is left out. Beside it stand two simpler
ways, over the same hits of the same matcher: an alert for every new entry of every feed, and one for every title that
was not told before (case, accents and punctuation aside).

A story is missed when no first alert is about an entry of it: because the matcher found no company in any of them, or
because another story swallowed it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast
from xml.sax.saxutils import escape

from pydantic import BaseModel, ConfigDict, PrivateAttr

from pipeline.app import open_stages
from pipeline.config import load
from pipeline.decide import Stages
from pipeline.engine import Give, Shard
from pipeline.evaluate.dedup_sets import Labelled, read_stress, rows_of
from pipeline.model import Alert, Answer, Due, Fetched, Polled, SendResult, Sent
from pipeline.observe import configure_logging
from pipeline.poll import read
from pipeline.run import run_once
from pipeline.text import fold, tokens

P = ParamSpec("P")
T = TypeVar("T")
SHOWN = 40  # entries in a document
CONFIG = """
[store]
search = false

[[channel]]
id = "desk"
kind = "bench.alert_noise:Recorder"

[[rule]]
name = "all"
channels = ["desk"]
"""


class Recorder(BaseModel):
    """A channel that keeps what it is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    _kept: list[Alert] = PrivateAttr(default_factory=list)

    def send(self, alert: Alert) -> SendResult:
        self._kept.append(alert)
        return Sent("kept")

    def close(self) -> None:
        pass


class Wire(Executor):
    """Answers every poll with the document that its feed shows now."""

    def __init__(self, document: Callable[[str], bytes]) -> None:
        self._document = document

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        dues, give = cast("tuple[Shard, Give]", args)
        give([self._polled(due) for due in dues])
        future: Future[Any] = Future()
        future.set_result(None)
        return future

    def _polled(self, due: Due) -> Polled:
        body = self._document(due.feed.url)
        answer = Answer(200, due.url, content_type="application/rss+xml; charset=utf-8")
        return read(due, Fetched(answer, body, sha256(body).hexdigest()))


@dataclass
class Outlets:
    """The feeds, as they stand at the moment."""

    items: dict[str, dict[str, Labelled]] = field(default_factory=lambda: defaultdict(dict))

    def publish(self, item: Labelled) -> None:
        """An item that is there already is replaced, as feeds do."""
        shown = self.items[url_of(item.entry.publisher)]
        shown.pop(item.entry.guid, None)
        shown[item.entry.guid] = item
        while len(shown) > SHOWN:
            del shown[next(iter(shown))]

    def document(self, url: str) -> bytes:
        items = "".join(map(_item, reversed(self.items[url].values())))
        return f'<rss version="2.0"><channel><title>Feed</title>{items}</channel></rss>'.encode()


def _item(item: Labelled) -> str:
    entry = item.entry
    assert entry.published_at
    return (
        f"<item><title>{escape(entry.title)}</title><link>{escape(entry.url)}</link>"
        f'<guid isPermaLink="false">{escape(entry.guid)}</guid>'
        f"<pubDate>{format_datetime(entry.published_at)}</pubDate>"
        f"<description>{escape(entry.text)}</description></item>"
    )


def url_of(outlet: str) -> str:
    return f"https://{''.join(tokens(fold(outlet)))}.example/feed"


@dataclass(frozen=True)
class Way:
    """A way to alert: the labels of the stories that its alerts are about, in their order."""

    name: str
    stories: Sequence[str]

    def row(self, all_stories: Collection[str], baseline: int) -> str:
        told = len(set(self.stories))
        count = len(self.stories)
        missed = len(all_stories) - told
        return (
            f"| {self.name} | {count} | {count / len(all_stories):.2f} | {count - told} | {missed} "
            f"({missed / len(all_stories):.1%}) | {1 - count / baseline:.0%} |"
        )


def configured(folder: Path, items: Sequence[Labelled]) -> Path:
    """A configuration that tracks the companies of the set by their bare names, and polls its outlets."""
    companies = sorted({company for item in items for company in item.companies or ()})
    outlets = sorted({item.entry.publisher for item in items})
    (folder / "newsward.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "companies.toml").write_text(
        "".join(f"[[company]]\nname = {json.dumps(name)}\n" for name in companies), encoding="utf-8"
    )
    (folder / "feeds.toml").write_text(
        "".join(f'[[feed]]\nurl = "{url_of(name)}"\npublisher = {json.dumps(name)}\n' for name in outlets),
        encoding="utf-8",
    )
    return folder


def by_steps(items: Sequence[Labelled], step: timedelta) -> Iterator[tuple[datetime, list[Labelled]]]:
    """The items of each step with the moment at which it ends, and the polls take place."""
    due: dict[datetime, list[Labelled]] = defaultdict(list)
    for item in items:
        assert item.entry.published_at
        seconds = step.total_seconds()
        number = item.entry.published_at.timestamp() // seconds + 1
        due[datetime.fromtimestamp(number * seconds, UTC)].append(item)
    yield from sorted(due.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--step", type=float, default=15, help="minutes from one poll of a feed to the next")
    parser.add_argument("--limit", type=int, help="only so many items")
    parser.add_argument("--show", type=int, default=0, help="so many of the missed and doubled stories")
    arguments = parser.parse_args()
    configure_logging(level="warning")
    items = read_stress(rows_of(arguments.file))[: arguments.limit]
    with tempfile.TemporaryDirectory() as folder:
        config = load(configured(Path(folder), items), {})
        outlets, began = Outlets(), items[0].entry.published_at
        assert began
        with open_stages(config, began) as stages:
            stages = replace(stages, engine=Wire(outlets.document))
            stream(stages, outlets, items, timedelta(minutes=arguments.step))
            report(stages, items, arguments.show)


def stream(stages: Stages, outlets: Outlets, items: Sequence[Labelled], step: timedelta) -> None:
    """Publishes and polls, step by step."""
    for now, published in by_steps(items, step):
        for item in published:
            outlets.publish(item)
        urls = sorted({url_of(item.entry.publisher) for item in published})
        told = run_once(stages, now, dues=stages.store.dues(urls))
        assert not told.failed, told.failed
    run_once(stages, now + timedelta(days=2), dues=())


def report(stages: Stages, items: Sequence[Labelled], show: int) -> None:
    """The table, and what is behind it."""
    labels = {(url_of(item.entry.publisher), item.entry.guid): item for item in items}
    sent = alerts(stages, labels)
    first = [item for kind, item in sent if kind == "story"]
    updates = [item for kind, item in sent if kind == "update"]
    hits = list(hits_of(stages, labels.values()))
    entries = [item.story for item in hits]
    told: set[str] = set()
    titles = [item.story for item in hits if _is_new_title(item, told)]
    stories = {item.story for item in items}
    companies = len(stages.company_names)
    print(f"{len(items)} items of {len(labels)} feed entries, {len(stories)} stories, {companies} companies")
    print("| way | first alerts | a story | doubled | stories missed | fewer alerts |\n|---|--:|--:|--:|--:|--:|")
    for way in (
        Way("an alert an entry", entries),
        Way("an alert a normalised title", titles),
        Way("Newsward", [item.story for item in first]),
    ):
        print(way.row(stories, len(entries)))
    unmatched = len(stories - set(entries))
    print(f"of the missed, {unmatched} were missed by the matcher: it found no company in any entry of them")
    missed = stories - {item.story for item in first}
    rescued = len(missed & {item.story for item in updates})
    print(f"and {rescued} were told as an update of the story that they were taken for")
    new = {item.article for item in items if item.is_update}
    right = [item for item in updates if item.is_update]
    print(
        f"updates: {len(updates)} alerts, {len(updates) / len(stories):.2f} a story; {len(right)} of them about an "
        f"entry that brings news, {len({item.article for item in right})} of {len(new)} articles with news told"
    )
    desk: Any = stages.channels["desk"]
    assert len(desk._kept) == len(sent), "each alert is delivered once"
    _show(first, [item for item in items if item.story in set(entries)], show)


def _is_new_title(item: Labelled, told: set[str]) -> bool:
    title = " ".join(tokens(fold(item.entry.title)))
    is_new = title not in told
    told.add(title)
    return is_new


def alerts(stages: Stages, labels: dict[tuple[str, str], Labelled]) -> list[tuple[str, Labelled]]:
    """The alerts that were sent, each with its kind and the item that it is about, in their order."""
    rows = stages.store.database.query(
        "SELECT a.kind, e.feed_url, e.guid FROM alerts AS a JOIN entries AS e ON e.id = a.entry_id "
        "WHERE a.state = 'sent' ORDER BY a.seq"
    )
    return [(row["kind"], labels[row["feed_url"], row["guid"]]) for row in rows]


def hits_of(stages: Stages, items: Collection[Labelled]) -> Iterator[Labelled]:
    """The items in which the matcher finds a company, in the order of time."""
    for item in sorted(items, key=lambda item: str(item.entry.published_at)):
        if stages.matching.hits(item.entry):
            yield item


def _show(first: Sequence[Labelled], found: Sequence[Labelled], count: int) -> None:
    if not count:
        return
    counts = Counter(item.story for item in first)
    for story, times in counts.most_common(count):
        print(f"\ntold {times} times:")
        for item in first:
            if item.story == story:
                print(f"  {item.entry.published_at:%m-%d %H:%M} {item.entry.publisher}: {item.entry.title}")
    missed = [item for item in found if item.story not in counts]
    for story in list(dict.fromkeys(item.story for item in missed))[:count]:
        print("\nmissed:")
        for item in [item for item in missed if item.story == story][:3]:
            print(f"  {item.entry.published_at:%m-%d %H:%M} {item.entry.publisher}: {item.entry.title}")


if __name__ == "__main__":
    main()
