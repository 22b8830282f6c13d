"""Names in Chinese and Japanese text: what is glued to them."""

import pytest

from tests.builders_match import company, engine, entry, found

WATCH = engine(
    company("jd", "京东"),
    company("huaxia", "华夏银行", "华夏"),
    company("tencent", "腾讯", "Tencent"),
    company("huawei", "华为"),
    company("xinhua", "新华网"),
    company("meiji", "明治"),
    company("mitsui", "三井"),
    company("chevrolet", "シボレー"),
    company("nec", "NEC"),
    company("zte", "中兴"),
    company("sharp", "シャープ"),
    company("kirin", "キリン"),
    company("kia", "기아"),
    company("shinsegae", "신세계"),
)


@pytest.mark.parametrize(
    ("title", "language", "companies"),
    [
        ("京东宣布招聘两万人", "zh", ["jd"]),
        ("北京东城区新增小学", "zh", []),
        ("《华夏时报》报道称房价下跌", "zh", []),
        ("騰訊收購遊戲公司", "zh", ["tencent"]),
        ("腾讯大厦今晚亮灯", "zh", []),
        ("新华网北京11月23日电 今日大雪", "zh", []),
        ("記者：華為發布手機", "zh", ["huawei"]),
        ("明治がチョコレートを値上げ", "ja", ["meiji"]),
        ("明治22年の地図を公開", "ja", []),
        ("三井町で祭り", "ja", []),
        ("シボレーの新型車を発売", "ja", ["chevrolet"]),
        ("ルイス・シボレーの生涯", "ja", []),
        ("NECグリーンロケッツが勝利", "ja", []),
        ("NECが決算を発表", "ja", ["nec"]),
        ("中兴路今起封闭施工", "zh", []),
        ("中兴路由器销量大增", "zh", ["zte"]),
        ("シャープな切れ味の包丁", "ja", []),
        ("シャープなど三社が参加", "ja", ["sharp"]),
        ("キリンの赤ちゃん誕生、動物園で公開", "ja", []),
        ("キリン、ビールを値上げ", "ja", ["kirin"]),
        ("기아, EV5 국내 판매 시작", "ko", ["kia"]),
        ("기아 문제 해결 위해 모인 사람들", "ko", []),
        ("신세계 교향곡 연주회", "ko", []),
    ],
)
def test_what_is_glued_to_a_name_decides(title: str, language: str, companies: list[str]) -> None:
    assert found(WATCH, title, language=language) == companies


def test_either_spelling_of_han_finds_the_other_at_its_place() -> None:
    (hit,) = engine(company("boc", "中国银行")).hits(entry("昨日中國銀行下調利率", language="zh"))

    assert (hit.best.start, hit.best.end, hit.best.found) == (2, 6, "中國銀行")
