"""What it costs to find the article in a page: ``python -m bench.articles [--pages 60]``; needs the extra fulltext.

Pages are made by chance from a few words, of the shape that news sites have: menus at head and foot, 25 paragraphs,
a column of sixty cards. CPU time of trafilatura and of what is sifted after it, by their lines; and of a page at the
limit of elements, beyond which none is looked through.
"""

from __future__ import annotations

import argparse
import random
import time

from pipeline.article import article_lines, own_lines

_WORDS = (
    "the quay in harbour opened on Monday after two years of work and first ships came with morning tide said master "
    "builders had to stop twice since ground was softer than expected costs rose by third"
)
_ELEMENTS = 9_900


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=60)
    pages = [_page(random.Random(seed)) for seed in range(parser.parse_args().pages)]
    article_lines(pages[0])  # loads the library
    began = time.process_time()
    lines = [article_lines(page) or () for page in pages]
    found = time.process_time()
    own = [own_lines(one) for one in lines]
    sifted = time.process_time()
    size = sum(map(len, pages)) / len(pages) / 1000
    print(f"a page of {size:.0f} kB: {_ms(found - began, pages)} ms to find {len(lines[0])} lines of its article, "
          f"{_ms(sifted - found, pages)} ms to sift them to {len(own[0])}")  # fmt: skip
    began = time.process_time()
    article_lines("<html><body><article>" + "<p><a href=x>l</a> <b>Word</b> of it</p>" * (_ELEMENTS // 3))
    print(f"a page of {_ELEMENTS} elements: {time.process_time() - began:.1f} s")


def _ms(seconds: float, pages: list[str]) -> str:
    return f"{seconds / len(pages) * 1000:.1f}"


def _page(chance: random.Random) -> str:
    words = _WORDS.split()

    def say(count: int) -> str:
        return " ".join(chance.choice(words) for _ in range(count)).capitalize() + "."

    menu = "".join(f'<li class="item"><a href="/{number}">{say(4)}</a></li>' for number in range(150))
    text = "".join(f'<p>{say(45)} <a href="/x">{say(3)}</a></p>' for _ in range(25))
    cards = "".join(
        f'<div class="card"><a href="/{number}"><img src="x"><h3>{say(8)}</h3></a><span>{say(5)}</span></div>'
        for number in range(60)
    )
    return (
        f"<html><head><title>{say(6)}</title>{'<script>var a=1;</script>' * 40}</head><body><nav><ul>{menu}</ul></nav>"
        f"<main><article><h1>{say(7)}</h1>{text}</article></main><aside>{cards}</aside><footer>{menu}</footer></body>"
    )


if __name__ == "__main__":
    main()
