"""Where words end in Chinese."""

import pytest

from pipeline.match.segment import is_cut_out


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ("南", "京东", "路世纪广场"),
        ("在北", "京东", "三环的一家医院"),
        ("被美", "国航", "空航天局收录"),
        ("大学", "中国银行", "业研究中心"),
        ("茫茫大海", "中行", "驶"),
    ],
)
def test_a_name_made_of_parts_of_other_words_is_cut_out(before: str, name: str, after: str) -> None:
    assert is_cut_out(before, name, after)


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ("", "京东", "第三季度营收增长"),
        ("昨天", "国航", "宣布新增航线"),
        ("澳门", "中国银行", "下调利率"),
        ("与", "小米", "签约"),
        ("", "不存在", ""),
    ],
)
def test_a_name_between_whole_words_is_none(before: str, name: str, after: str) -> None:
    assert not is_cut_out(before, name, after)


def test_what_may_be_glued_to_a_name_makes_no_other_word_of_it() -> None:
    assert is_cut_out("", "苹果", "公司发布新品")
    assert not is_cut_out("", "苹果", "公司发布新品", frozenset({"公司"}))
