"""What a site puts round its articles is never taken for one."""

from __future__ import annotations

import pytest

from pipeline.article import line_mark, own_lines

FIRST = (
    "The new quay in the harbour opened on Monday after two years of work, and the first ships came in with the "
    "morning tide, said the harbour master."
)
SECOND = (
    "The town now hopes for two hundred ships a year and for jobs in the sheds behind the quay, which stood empty for "
    "a decade, the mayor told reporters."
)


@pytest.mark.parametrize(
    "line",
    [
        "Skip to main content",
        "Skip to content",
        "Jump to navigation",
        "Advertisement",
        "ADVERTISEMENT - Article continues below",
        "Share this article on Facebook",
        "Sign up for our daily newsletter",
        "We use cookies to make Xiaomi happy.",
        "© 2026 The Mill. All rights reserved.",
        "Photo: Xiaomi",
        "Read more",
        "Related: Xiaomi opens a shop in Paris.",
        "READ ALSO: Xiaomi opens a shop in Paris.",
        "Lesen Sie auch: Xiaomi in Paris.",
        "Читайте также: Xiaomi в Париже.",
        "5 min read",
        "Print Email Save",
        "Listen to this article",
        "Teilen",
        "印刷",
        "Von Jule Brandt, 05.03.2026, 10:12 Uhr",
        "Por Inés Roldán. 4 de marzo de 2026",
        "2026年3月5日 11:30",
        "The Mill may earn a commission from links.",
    ],
)
def test_furniture_and_pointers_are_left_out(line: str) -> None:
    assert own_lines([line, FIRST, line, SECOND]) == (FIRST, SECOND)


@pytest.mark.parametrize(
    "line",
    ["By Friday, 4 ships had left the port in the year 2026.", "Print shares fell by 2026.", "X shares the data."],
)
def test_sentences_that_begin_like_furniture_are_kept(line: str) -> None:
    assert own_lines([FIRST, line, SECOND]) == (FIRST, line, SECOND)


@pytest.mark.parametrize(
    "heading",
    [
        "Editors' Recommendations",
        "Editors’ Recommendations",
        "Editor's picks",
        "Related stories",
        "RELATED ARTICLES:",
        "More from The Mill",
        "Most read",
        "Recommended for you",
        "You might also like",
        "What to read next",
        "Mehr zum Thema",
        "À lire aussi",
        "Te puede interesar",
        "Leggi anche",
        "Читайте также",
        "相关阅读",
        "推荐阅读",
        "関連記事",
    ],
)
def test_headlines_under_a_heading_of_recommendations_are_left_out(heading: str) -> None:
    lines = [FIRST, heading, "- Xiaomi loses a suit in Texas.", "2. Apple's new phone is here", SECOND]

    assert own_lines(lines) == (FIRST, SECOND)


def test_headlines_that_end_a_page_without_any_heading_are_left_out() -> None:
    assert own_lines([FIRST, SECOND, "Xiaomi loses a suit in Texas", "Apple's new phone"]) == (FIRST, SECOND)


def test_lines_of_other_pages_are_left_out_whatever_their_numbers() -> None:
    common = {line_mark("The Mill has 12 readers who read Xiaomi's news every day.")}

    assert own_lines([FIRST, "The Mill has 473 readers who read Xiaomi's news every day."], common) == (FIRST,)


@pytest.mark.parametrize(
    "line",
    [
        "Oreo's maker Mondelez will sell more cookies in China.",
        "Share prices rose after Xiaomi told of its quarter.",
        "Meta changed its privacy policy on Tuesday, and users in Europe are asked to agree to it.",
        "Related companies such as Xiaomi fell too.",
        "Print on demand is what Xiaomi wants to buy now, said its chief.",
        "小米周三在北京发布了新手机。",
    ],
)
def test_sentences_of_an_article_stay(line: str) -> None:
    assert own_lines([line, FIRST]) == (line, FIRST)


def test_a_page_of_nothing_but_furniture_has_no_article() -> None:
    assert own_lines(["Skip to main content", "Home", "Xiaomi", "Apple"]) == ()
