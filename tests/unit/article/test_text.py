"""Pages to the lines of their articles."""

from __future__ import annotations

import pytest

from pipeline.article import article_lines, own_lines

PAGE = """<html lang="en"><head><title>Quay opens - The Mill</title></head><body>
<a class="skip" href="#main">Skip to main content</a>
<nav><ul><li><a href="/">Home</a></li><li><a href="/x">Xiaomi</a></li></ul></nav>
<main id="main"><article><h1>Quay opens in the harbour</h1>
<p>The new quay in the harbour opened on Monday after two years of work, and the first ships came in with the morning
tide, said the harbour master.</p><p>Advertisement</p>
<p>Works had begun in the spring of the year before last. The builders, Lantern Works, had to stop twice since the
ground was softer than expected, and costs rose by a third.</p>
<h3>Editors' Recommendations</h3>
<ul><li><a href="/a">Apple's new phone is here</a></li><li><a href="/b">Samsung loses a suit</a></li></ul>
<p>The town now hopes for two hundred ships a year and for jobs in the sheds behind the quay, which stood empty for a
decade, the mayor told reporters.</p>
<h3>Related stories</h3><ul><li><a href="/c">Nokia signs a deal</a></li><li>Siemens wins an order</li></ul>
</article><aside><h2>Most read</h2><ol><li>Tesla recalls cars</li><li>Gap closes shops</li></ol></aside></main>
<footer>The Mill. Follow us on Facebook.</footer></body></html>"""


def test_a_page_gives_its_article_and_nothing_of_its_site() -> None:
    text = " ".join(own_lines(article_lines(PAGE) or ()))

    assert text.startswith("Quay opens in the harbour The new quay in the harbour opened on Monday")
    assert "Lantern Works" in text
    assert text.endswith("the mayor told reporters.")
    for foreign in ("Skip", "Xiaomi", "Apple", "Samsung", "Nokia", "Siemens", "Tesla", "Gap", "Editors", "Advert"):
        assert foreign not in text


@pytest.mark.parametrize(
    "page",
    [
        "",
        "no page at all",
        "<html>",
        "\x00\x01\x02",
        "<" * 5000,
        "<html><body>" + "<div>" * 9000 + "x",
        "<html><body><script>var a = '<p>x</p>'</script></body></html>",
    ],
)
def test_a_page_without_an_article_gives_none(page: str) -> None:
    assert own_lines(article_lines(page) or ()) == ()


def test_a_page_of_too_many_elements_is_not_looked_through() -> None:
    assert article_lines("<html><body>" + "<p>Word of it.</p>" * 20_000) is None
