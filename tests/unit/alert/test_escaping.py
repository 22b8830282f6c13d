import pytest

from pipeline.alert.escaping import isolated, markdown, plain, quiet, with_words_isolated


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*b* **b** _i_ snake_case", r"\*b\* \*\*b\*\* \_i\_ snake_case"),
        ("__0__ 1__2", r"\_\_0\_\_ 1\_\_2"),
        ("[a](https://evil.example)", r"\[a\](https://evil.example)"),
        ("![i](x)", r"!\[i\](x)"),
        ("<!channel> <b>", r"\<!channel\> \<b\>"),
        ("`code` ~~gone~~ ||spoiler|| a | b", r"\`code\` \~\~gone\~\~ \||spoiler\|| a | b"),
        ("# heading", r"\# heading"),
        ("- item", r"\- item"),
        ("+ item", r"\+ item"),
        ("1. item", "1\u2060. item"),
        ("1.5 million", "1.5 million"),
        ("=== under", r"\=== under"),
        ("> quote", r"\> quote"),
        ("AT&T &amp; &#60;b&#62;", "AT&T &\u2060amp; &\u2060#60;b&\u2060#62;"),
        ("back\\slash", "back\\\\slash"),
        ("Nothing to quote: it's 5% off!", "Nothing to quote: it's 5% off!"),
    ],
)
def test_markdown_is_text_again(text, shown):
    assert markdown(text) == shown


def test_nobody_is_called():
    assert quiet("@everyone, mail a@b.example") == "@\u2060everyone, mail a@\u2060b.example"
    assert quiet("<!channel> <@U1>") == "<\u2060!channel> <@\u2060U1>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Xiaomi", "Xiaomi"),
        ("小米 и Xiaomi", "小米 и Xiaomi"),
        ("أرامكو (عاجل)", "\u2068أرامكو (عاجل)\u2069"),
        ("חברה 2026", "\u2068חברה 2026\u2069"),
        ("https://jarida.example/عاجل", "https://jarida.example/عاجل"),
    ],
)
def test_what_runs_from_right_to_left_keeps_its_direction_to_itself(text, shown):
    assert isolated(text) == shown


def test_a_quoted_word_keeps_its_direction_to_itself():
    assert with_words_isolated('"شركة أرامكو" in the title') == '"\u2068شركة أرامكو\u2069" in the title'


def test_a_forged_end_of_an_isolate_is_gone():
    assert isolated(plain("أرامكو\u2069 forged \u202e txt")) == "\u2068أرامكو forged txt\u2069"
