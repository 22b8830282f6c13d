"""Made-up feeds as captured ones are: RSS with teasers, RSS with whole articles, Atom and RDF, and HTML in their texts.

    python -m bench.poll_feeds [FILE...] [--feeds 2000] [--entries 30]

prints what they are like, or what captured feeds in FILEs are: how much markup stands in 50 kB follows such captures,
which are not part of Newsward. Texts are in CDATA or escaped, one address in twelve is relative, dates have six forms,
and one feed in ten is written with accents. The words mean nothing.
"""

from __future__ import annotations

import argparse
import gzip
import html
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import accumulate, product
from pathlib import Path
from statistics import fmean, median

from pipeline.parse.feed import read
from pipeline.parse.items import Channel

START = datetime(2026, 3, 1, tzinfo=UTC)
_SYLLABLES = re.findall("..", "barecodufegohijakulomenipaqoruseti")
_ACCENTS = str.maketrans("u", "ü")
_PLAIN = str.maketrans("ü", "u")
_SHARE = 10  # entries of which one names a company
_ACCENTED = 10  # feeds of which one is written with accents
_RELATIVE = 12  # addresses of which one is relative


def _vocabulary() -> tuple[str, ...]:
    chance = random.Random(0)
    words = {"".join(chance.choices(_SYLLABLES, k=chance.choice((1, 2, 2, 3, 3, 4)))) for _ in range(6000)}
    return tuple(sorted(words, key=lambda word: (len(word), word)))


_WORDS = _vocabulary()
# The commonest word is the shortest, as in any language (Zipf).
_WEIGHTS = tuple(accumulate(1 / (rank + 400) for rank in range(len(_WORDS))))
_NAMES = tuple(f"{one}{two}n".capitalize() for one, two in product(_SYLLABLES, _SYLLABLES))


def company(number: int) -> str:
    """A made-up name, no ordinary word, another for each number below 4,096."""
    syllables = re.findall("...", "bracrodunfelgorhaljinkarlommernovpelrinstatolvex")
    first, second, third = (syllables[number // 16**place % 16] for place in range(3))
    return f"{first}{second}{third}".capitalize() + " Works"


@dataclass(frozen=True, slots=True)
class Story:
    """What an entry says, before a format has it."""

    number: int
    link: str
    title: str
    teaser: str  # HTML
    article: str  # HTML
    author: str
    subjects: tuple[str, ...]
    at: datetime


class Writer:
    """The entries of one feed in its format; the same number is the same feed."""

    def __init__(self, number: int, companies: int = 0) -> None:
        self._chance = random.Random(number)
        self._number, self._companies = number, companies
        self._shape = _SHAPES[number % len(_SHAPES)]
        self._site = f"https://news{number}.example"
        self._is_accented = number % _ACCENTED == 0

    def entry(self, index: int) -> str:
        """One entry, as it stands in the document."""
        return self._shape.entry(self._story(index), self._number)

    def document(self, entries: Sequence[str]) -> bytes:
        """The whole feed, in UTF-8."""
        title = f"{self._words(2).title()} {self._number}"
        return self._shape.head.format(title=title, site=self._site, entries="".join(entries)).encode()

    def _story(self, index: int) -> Story:
        title = self._words(self._chance.randint(6, 12)).capitalize()
        if self._companies and index % _SHARE == 0:
            title = f"{company(self._chance.randrange(self._companies))}: {title}"
        at = START + timedelta(hours=index, minutes=self._number % 60, seconds=self._chance.randrange(60))
        name = title.translate(_PLAIN).replace(": ", "-").replace(" ", "-").lower()
        link = f"{self._site}/{at:%Y/%m}/{name}-{index}"
        return Story(
            number=index,
            link=link,
            title=title,
            teaser=self._teaser(link),
            article="\n".join(self._blocks()) if self._shape.has_articles else "",
            author=" ".join(self._chance.choices(_NAMES, k=2)),
            subjects=tuple(self._words(1).capitalize() for _ in range(self._chance.randint(1, 4))),
            at=at,
        )

    def _words(self, count: int) -> str:
        text = " ".join(self._chance.choices(_WORDS, cum_weights=_WEIGHTS, k=count))
        return text.translate(_ACCENTS) if self._is_accented else text

    def _address(self) -> str:
        path = "/".join(self._words(2).translate(_PLAIN).split()) + str(self._chance.randrange(10_000))
        return f"/{path}" if self._chance.randrange(_RELATIVE) == 0 else f"{self._site}/{path}"

    def _teaser(self, link: str) -> str:
        picture = f'<a href="{link}">{self._picture()}</a>' if self._chance.random() < 0.5 else ""
        more = (
            f' <a href="{link}" rel="nofollow">{self._words(2).capitalize()}</a>' if self._chance.random() < 0.5 else ""
        )
        return f"<p>{picture}{self._sentences(self._chance.randint(2, 4))}{more}</p>"

    def _picture(self) -> str:
        source = self._address()
        return (
            f'<img src="{source}.jpg?w=640&amp;h=360" alt="{self._words(4)}" width="640" height="360" class="wide" />'
        )

    def _sentences(self, count: int) -> str:
        return " ".join(self._sentence() for _ in range(count))

    def _sentence(self) -> str:
        before, middle, after = (self._words(self._chance.randint(1, 5)) for _ in range(3))
        match self._chance.randrange(8):
            case 0:
                middle = f'<a href="{self._address()}" target="_blank" rel="noopener">{middle}</a>'
            case 1:
                middle = f"<strong>{middle}</strong>"
            case 2:
                middle = f"<em>{middle}</em>"
            case 3:
                middle = f'<span style="font-weight: 400;">{middle}</span>'
            case 4:
                middle = f"&#8220;{middle}&#8221;"
            case 5:
                middle = f"{middle}&#8217;s"
            case 6:
                middle = f"“{middle}” – it’s"
            case 7:
                middle = f"{middle}&nbsp;&amp; {self._words(1)}"
        return f"{before.capitalize()} {middle} {after}."

    def _blocks(self) -> Iterator[str]:
        if self._chance.random() < 0.6:
            caption = f"<figcaption>{self._words(8)}</figcaption>"
            yield f'<figure class="wp-block-image size-large">{self._picture()}{caption}</figure>'
        for _ in range(self._chance.randint(3, 6)):
            yield f"<p>{self._sentences(self._chance.randint(1, 4))}</p>"
        if self._chance.random() < 0.4:
            items = "".join(f"<li>{self._sentence()}</li>" for _ in range(self._chance.randint(3, 6)))
            yield f"<h2>{self._words(4).capitalize()}</h2>\n<ul>{items}</ul>"
            yield f"<p>{self._sentences(2)}<br />{self._sentence()}</p>"


# --------------------------------------------------------------------------- formats

_EAST = timezone(timedelta(hours=2))
_RFC_822: tuple[Callable[[datetime], str], ...] = (
    format_datetime,
    lambda at: format_datetime(at, usegmt=True),
    lambda at: format_datetime(at.astimezone(_EAST)),
)
_RFC_3339: tuple[Callable[[datetime], str], ...] = (
    lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z",
    lambda at: at.astimezone(_EAST).isoformat(),
    lambda at: at.astimezone(_EAST).isoformat(timespec="milliseconds"),
)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A format, and how its feeds use it."""

    head: str
    entry: Callable[[Story, int], str]
    has_articles: bool = False


def _written(text: str, number: int) -> str:
    """HTML within XML: three feeds of five put it into CDATA, the others escape it."""
    return f"<![CDATA[{text}]]>" if number % 5 < 3 else html.escape(text)


def _rss_item(story: Story, number: int) -> str:
    subjects = "".join(f"<category><![CDATA[{one}]]></category>" for one in story.subjects)
    article = f"<content:encoded><![CDATA[{story.article}]]></content:encoded>\n" if story.article else ""
    guid = f"https://news{number}.example/?p={story.number}" if number % 2 else story.link
    return (
        f"<item>\n<title>{story.title}</title>\n<link>{story.link}</link>\n"
        f"<dc:creator><![CDATA[{story.author}]]></dc:creator>\n<pubDate>{_RFC_822[number % 3](story.at)}</pubDate>\n"
        f'{subjects}\n<guid isPermaLink="{"false" if number % 2 else "true"}">{guid}</guid>\n'
        f"<description>{_written(story.teaser, number)}</description>\n{article}</item>\n"
    )


def _atom_entry(story: Story, number: int) -> str:
    when = _RFC_3339[number % 3]
    subjects = "".join(f'<category term="{one}" />' for one in story.subjects)
    return (
        f'<entry>\n<id>tag:news{number}.example,2026:{story.number}</id>\n<title type="html">{story.title}</title>\n'
        f'<link rel="alternate" type="text/html" href="{story.link}" />\n'
        f"<published>{when(story.at)}</published><updated>{when(story.at + timedelta(minutes=9))}</updated>\n"
        f"<author><name>{story.author}</name></author>{subjects}\n"
        f'<summary type="html">{_written(story.teaser, number)}</summary>\n'
        f'<content type="html">{_written(story.article, number)}</content>\n</entry>\n'
    )


def _rdf_item(story: Story, number: int) -> str:
    subjects = "".join(f"<dc:subject>{one}</dc:subject>" for one in story.subjects)
    return (
        f'<item rdf:about="{story.link}">\n<title>{story.title}</title>\n<link>{story.link}</link>\n'
        f"<dc:creator>{story.author}</dc:creator><dc:date>{_RFC_3339[number % 3](story.at)}</dc:date>{subjects}\n"
        f"<description>{_written(story.teaser, number)}</description>\n</item>\n"
    )


_PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'
_RSS = (
    '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"><channel>\n'
    "<title>{title}</title>\n<link>{site}/</link>\n"
    '<atom:link href="{site}/feed" rel="self" type="application/rss+xml" />\n'
    "<language>en</language>\n{entries}</channel></rss>"
)
_ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>{title}</title><id>{site}/</id>\n<link rel="self" '
    'href="{site}/feed" /><link rel="alternate" href="{site}/" />\n{entries}</feed>'
)
_RDF = (
    '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/">\n<channel rdf:about="{site}/"><title>{title}</title>'
    "<link>{site}/</link></channel>\n{entries}</rdf:RDF>"
)
_TEASERS = _Shape(_PROLOG + _RSS, _rss_item)
_ARTICLES = _Shape(_PROLOG + _RSS, _rss_item, has_articles=True)
_ENTRIES = _Shape(_PROLOG + _ATOM, _atom_entry, has_articles=True)
_ITEMS = _Shape(_PROLOG + _RDF, _rdf_item)
# In turns, so that any number of feeds is such a mix.
_SHAPES = (_TEASERS, _ENTRIES, _TEASERS, _ARTICLES, _ENTRIES, _TEASERS, _ARTICLES, _TEASERS, _ITEMS)


# --------------------------------------------------------------------------- what they are like


def describe(bodies: Sequence[bytes]) -> None:
    """Prints what feeds are like, to be compared: sizes, and what stands in the HTML of their entries."""
    for name, sizes in (("sent", [len(gzip.compress(one, 6)) for one in bodies]), ("decoded", [*map(len, bodies)])):
        print(f"{name}: mean {fmean(sizes):,.0f} bytes, median {median(sizes):,.0f}, at most {max(sizes):,}")
    channels = [read(one) for one in bodies]
    items = [item for one in channels if isinstance(one, Channel) for item in one.items]
    texts = [max(item.summary, item.content, key=len) for item in items]
    share = 50_000 / sum(map(len, bodies))
    counts = {name: sum(len(pattern.findall(text)) for text in texts) for name, pattern in _COUNTED.items()}
    print(f"{len(bodies)} feeds, {len(items)} entries; in 50 kB:")
    print(", ".join(f"{name} {count * share:.0f}" for name, count in counts.items()))


_COUNTED = {
    "HTML tags": re.compile(r"<[A-Za-z]"),
    "attributes": re.compile(r"\s[a-z-]+=[\"']"),
    "entities": re.compile(r"&[#A-Za-z0-9]+;"),
    "relative addresses": re.compile(r"(?:href|src)=[\"'](?!http)"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--entries", type=int, default=30)
    options = parser.parse_args()
    writers = map(Writer, range(0 if options.files else options.feeds))
    made = (one.document([one.entry(index) for index in range(options.entries)]) for one in writers)
    describe([path.read_bytes() for path in options.files] or [*made])


if __name__ == "__main__":
    main()
