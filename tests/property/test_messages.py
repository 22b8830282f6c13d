"""Whatever a feed says, it is text in every medium: no markup of its own, no line of its own, nobody called."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt

from pipeline.alert.escaping import isolated, markdown, plain, quiet
from pipeline.alert.render import Medium, Messages
from tests.builders_message import company, digest, story, update

COMMONMARK = MarkdownIt("commonmark")
MARKUP = "*_`~[]()<>!#-+=|\\&;:\"'/@{}%.\n\r\t 1"
WORDS = (
    "<b>",
    "</a>",
    "&lt;",
    "&#60;",
    "](javascript:x)",
    "<!--",
    "<!channel>",
    "@here",
    "{{ 7*7 }}",
    "http://e.example",
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=MARKUP + "aא", max_size=60),
    st.lists(st.sampled_from([*WORDS, *MARKUP, "a"]), max_size=12).map("".join),
)
TAGS = {"html", "head", "meta", "title", "style", "body", "div", "p", "h1", "h2", "b", "i", "a", "br", "bdi", "span"}


@given(TEXTS)
def test_markdown_shows_the_text_and_nothing_else(text: str) -> None:
    line = plain(text)

    for around in ("{}", "a {} b", "**{}**", "[{}](https://e.example/)"):
        inline = COMMONMARK.parse(around.format(markdown(line)))
        leaves = [leaf for token in inline for leaf in token.children or ()]
        if not line.strip():
            continue
        shown = "".join(leaf.content for leaf in leaves if leaf.type == "text").replace("\u2060", "")
        kinds = {leaf.type for leaf in leaves} - {"text", "strong_open", "strong_close", "link_open", "link_close"}
        links = [leaf.attrs["href"] for leaf in leaves if leaf.type == "link_open"]
        assert kinds == set()
        assert links == (["https://e.example/"] if around.startswith("[") else [])
        assert {token.type for token in inline} == {"paragraph_open", "inline", "paragraph_close"}
        assert line.strip() in shown


@given(TEXTS)
def test_text_is_one_line_whose_direction_is_its_own(text: str) -> None:
    line = isolated(plain(text))

    assert "\n" not in line
    assert plain(line) == plain(text)
    assert line.count("\u2068") == line.count("\u2069") <= 1


@given(TEXTS)
def test_nobody_is_called(text: str) -> None:
    assert not re.search(r"@\w|<!", quiet(plain(text)))


@given(TEXTS, st.sampled_from([story, update]), st.sampled_from([Medium.HTML, Medium.PART]))
def test_html_has_our_elements_and_our_links_only(text: str, kind: type[story], medium: Medium) -> None:
    payload = kind(title=text, summary=text, publisher=text, url=text, companies=[company(name=text, found=text)])

    for told in (payload, digest([payload])):
        page = html.fromstring(Messages().body(told, medium) or "<p></p>")
        assert {str(element.tag) for element in page.iter()} <= TAGS
        assert all(link.startswith(("http://", "https://")) for link in page.xpath("//@href"))
        assert {name for element in page.iter() for name in element.attrib if name.startswith("on")} == set()
